"""However the sampler moves people and spreads, they are distributed as the hierarchy says."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import evaluate
from scipy import stats

from iwm_bayes.filtering.engine.batched_cholesky import unwhiten
from iwm_bayes.model.noncentering import (
    Correlated,
    HalfNormalQuantile,
    Independent,
    PersonTransform,
    declare_people,
    group_log_density,
    pseudo_prior_logp,
)

PEOPLE = 4


def given(rows, seed=1, people=PEOPLE):
    """What people's own answers say, at random: precision P (row, row, person), and where its top is (row, person)."""
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(rows, rows, people))
    return np.einsum("ijn,kjn->ikn", root, root), generator.normal(size=(rows, people))


def around(rows, form, seed=2):
    """A group: centre (row, person), what a form takes for its root, and the root as a matrix."""
    generator = np.random.default_rng(seed)
    middle, scale = generator.normal(size=(rows, PEOPLE)), generator.uniform(0.1, 2.0, (rows, 1))
    if form is Independent:
        return middle, scale, np.diag(scale[:, 0])
    whole = np.linalg.cholesky(np.cov(generator.normal(size=(rows, 3 * rows))).reshape(rows, rows))
    return middle, whole, whole


@pytest.mark.parametrize("rows", [1, 3, 6])
def test_machine_code_is_linear_algebra(rows):
    """Values, by LAPACK; what flows back, by LAPACK and by finite differences along a direction.

    Of twelve people, eight of whom are served at a time.
    """
    generator, people = np.random.default_rng(3), 12
    point = [given(rows, people=people)[0] + np.eye(rows)[:, :, None], *generator.normal(size=(2, rows, people))]
    point.append(generator.normal(size=(rows + 1, people)))
    shapes = [(rows, rows, None), (rows, None), (rows, None)]
    inputs, weights = [pt.tensor(shape=shape) for shape in shapes], pt.dmatrix()
    place, log_determinant = unwhiten(*inputs)
    loss = (weights[:-1] * place).sum() + (weights[-1] * log_determinant).sum()
    outputs = [loss, place, log_determinant, *pt.grad(loss, inputs)]
    inputs.append(weights)
    fast, slow = pytensor.function(inputs, outputs, mode="NUMBA"), evaluate(inputs, outputs)
    for a, b in zip(fast(*point), slow(*point), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    for index, slope in enumerate(fast(*point)[3:]):
        way = generator.normal(size=slope.shape)
        way = way + way.swapaxes(0, 1) if index == 0 else way
        moved = [[x + sign * 1e-6 * way if i == index else x for i, x in enumerate(point)] for sign in (1, -1)]
        ahead, behind = (fast(*one)[0] for one in moved)
        assert (slope * way).sum() == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-7)


def test_a_spread_is_half_normal():
    """Its quantile is standard normal, from a millionth of its scale to eight times as much."""
    transform, quantile, scale = HalfNormalQuantile(), pt.dvector(), 0.7
    spread = transform.backward(quantile, pt.constant(scale))
    density = pm.logp(pm.HalfNormal.dist(scale), spread) + transform.log_jac_det(quantile, pt.constant(scale))
    back = transform.forward(spread, pt.constant(scale))
    u = np.array([-4.8, -3.0, -1.0, 0.0, 0.3, 2.0, 5.0, 7.9])
    values, densities, again = evaluate([quantile], [spread, density, back])(u)
    low, high = stats.halfnorm.ppf(stats.norm.cdf(u), scale=scale), stats.halfnorm.isf(stats.norm.sf(u), scale=scale)
    np.testing.assert_allclose(values, np.where(u < 0, low, high), rtol=1e-9)
    np.testing.assert_allclose(densities, stats.norm.logpdf(u), rtol=1e-9)
    np.testing.assert_allclose(again[:-2], u[:-2], rtol=1e-7)  # farther up the tail a probability is 1


def moved(form, rows):
    """Everything of a transform at random: people, log Jacobian, and back, of z; and the numbers it was given."""
    middle, root, whole = around(rows, form)
    precision, top = given(rows)
    pull = np.einsum("ijn,jn->in", precision, top)
    transform, z = PersonTransform(form), pt.dmatrix()
    inputs = [pt.constant(x) for x in (middle, root, precision, pull)]
    people = transform.backward(z, *inputs)
    outputs = [people, transform.log_jac_det(z, *inputs), transform.forward(people, *inputs)]
    outputs.append(group_log_density(form, people, inputs[0], inputs[1]))
    return evaluate([z], outputs), middle, whole, precision, top


forms = pytest.mark.parametrize("form", [Independent, Correlated])


@forms
def test_people_are_normal_around_their_group(form):
    """Their density is that of scipy, and the Jacobian that of the map, which is linear."""
    function, middle, whole, _, _ = moved(form, 3)
    z = np.random.default_rng(4).normal(size=(3, PEOPLE))
    people, jacobian, back, density = function(z)
    np.testing.assert_allclose(back, z, rtol=1e-9, atol=1e-12)
    for person in range(PEOPLE):
        expected = stats.multivariate_normal.logpdf(people[:, person], middle[:, person], whole @ whole.T)
        assert density[person] == pytest.approx(expected, rel=1e-9)
    columns = []
    for row in range(3):
        other, *_ = function(z + (np.arange(3) == row)[:, None])
        columns.append(other - people)
    slopes = np.array(columns).transpose(2, 1, 0)  # (person, row, row)
    assert jacobian == pytest.approx(np.linalg.slogdet(slopes)[1].sum(), rel=1e-9)


@forms
def test_where_answers_are_gaussian_people_are_standard_normal_whatever_the_group(form):
    """Group and answers together say of z nothing but N(0, 1); what is left is the marginal likelihood."""
    function, middle, whole, precision, top = moved(form, 3)
    for seed in (5, 6):
        z = np.random.default_rng(seed).normal(size=(3, PEOPLE))
        people, jacobian, _, density = function(z)
        answers, marginal = 0.0, 0.0
        for person in range(PEOPLE):
            spread = np.linalg.inv(precision[:, :, person])
            answers += stats.multivariate_normal.logpdf(people[:, person], top[:, person], spread)
            together = spread + whole @ whole.T
            marginal += stats.multivariate_normal.logpdf(top[:, person], middle[:, person], together)
        left = density.sum() + jacobian + answers - stats.norm.logpdf(z).sum()
        assert left == pytest.approx(marginal, rel=1e-9)


@forms
def test_what_people_are_taken_for_is_what_group_and_answers_say_together(form):
    """The product of two Gaussians, by scipy: a distribution, whatever the group is."""
    (middle, root, whole), (precision, top) = around(3, form), given(3)
    people = np.random.default_rng(5).normal(size=(3, PEOPLE))
    pull = np.einsum("ijn,jn->in", precision, top)
    inputs = [pt.constant(x) for x in (people, middle, root, precision, pull)]
    found = evaluate([], pseudo_prior_logp(form, *inputs))()
    group = np.linalg.inv(whole @ whole.T)
    for person in range(PEOPLE):
        covariance = np.linalg.inv(group + precision[:, :, person])
        mean = covariance @ (group @ middle[:, person] + pull[:, person])
        expected = stats.multivariate_normal.logpdf(people[:, person], mean, covariance)
        assert found[person] == pytest.approx(expected, rel=1e-9)


@forms
def test_people_are_drawn_from_their_group(form):
    """Without any sampler: 4000 draws of a graph have its centre and covariance, within four standard errors."""
    middle, root, whole = around(2, form)
    with pm.Model(coords={"row": range(2), "person": range(PEOPLE)}):
        people = declare_people("people", form, middle, root, *given(2), dims=("row", "person"))
        assert set(pm.modelcontext(None).initial_point()) == {"people_relative__"}
    drawn = pm.draw(people, 4000, random_seed=7, mode="FAST_COMPILE")
    variance = np.diag(whole @ whole.T)[:, None]
    assert np.all(np.abs(drawn.mean(axis=0) - middle) < 4 * np.sqrt(variance / 4000))
    apart = (drawn - middle)[:, 0] * (drawn - middle)[:, 1]
    error = np.sqrt((variance.prod() + (whole @ whole.T)[0, 1] ** 2) / 4000 / PEOPLE)
    assert apart.mean() == pytest.approx((whole @ whole.T)[0, 1], abs=4 * error)
