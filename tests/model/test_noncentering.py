"""Whatever the transform, people and between-person SDs have the distribution of the hierarchy."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate
from scipy import stats

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
    """Return random Gaussians of people's answers: precision P (row, row, person) and mode (row, person)."""
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(rows, rows, people))
    return np.einsum("ijn,kjn->ikn", root, root), generator.normal(size=(rows, people))


def around(rows, form, seed=2):
    """Return a group: mean (row, person), the root that a covariance takes, and the root as a matrix."""
    generator = np.random.default_rng(seed)
    mean, scale = generator.normal(size=(rows, PEOPLE)), generator.uniform(0.1, 2.0, (rows, 1))
    if form is Independent:
        return mean, scale, np.diag(scale[:, 0])
    whole = np.linalg.cholesky(np.cov(generator.normal(size=(rows, 3 * rows))).reshape(rows, rows))
    return mean, whole, whole


def test_an_sd_is_half_normal():
    """Its quantile is standard normal, from a millionth of its scale to eight times as much."""
    transform, quantile, scale = HalfNormalQuantile(), pt.dvector(), 0.7
    sigma = transform.backward(quantile, pt.constant(scale))
    density = pm.logp(pm.HalfNormal.dist(scale), sigma) + transform.log_jac_det(quantile, pt.constant(scale))
    back = transform.forward(sigma, pt.constant(scale))
    u = np.array([-4.8, -3.0, -1.0, 0.0, 0.3, 2.0, 5.0, 7.9])
    values, densities, again = evaluate([quantile], [sigma, density, back])(u)
    low, high = stats.halfnorm.ppf(stats.norm.cdf(u), scale=scale), stats.halfnorm.isf(stats.norm.sf(u), scale=scale)
    np.testing.assert_allclose(values, np.where(u < 0, low, high), rtol=1e-9)
    np.testing.assert_allclose(densities, stats.norm.logpdf(u), rtol=1e-9)
    np.testing.assert_allclose(again[:-2], u[:-2], rtol=1e-7)  # farther up the tail a probability is 1


def transformed(form, rows):
    """Return a function of z that gives people, log Jacobian, z again and group density; and its random inputs."""
    mean, root, whole = around(rows, form)
    precision, mode = given(rows)
    weighted_mode = np.einsum("ijn,jn->in", precision, mode)
    transform, z = PersonTransform(form), pt.dmatrix()
    inputs = [pt.constant(x) for x in (mean, root, precision, weighted_mode)]
    people = transform.backward(z, *inputs)
    outputs = [people, transform.log_jac_det(z, *inputs), transform.forward(people, *inputs)]
    outputs.append(group_log_density(form, people, inputs[0], inputs[1]))
    return evaluate([z], outputs), mean, whole, precision, mode


forms = pytest.mark.parametrize("form", [Independent, Correlated])


@forms
def test_people_are_normal_around_their_group(form):
    """Their density is that of scipy, and the Jacobian that of the map, which is linear."""
    function, mean, whole, _, _ = transformed(form, 3)
    z = np.random.default_rng(4).normal(size=(3, PEOPLE))
    people, jacobian, back, density = function(z)
    np.testing.assert_allclose(back, z, rtol=1e-9, atol=1e-12)
    for person in range(PEOPLE):
        expected = stats.multivariate_normal.logpdf(people[:, person], mean[:, person], whole @ whole.T)
        assert density[person] == pytest.approx(expected, rel=1e-9)
    columns = []
    for row in range(3):
        other, *_ = function(z + (np.arange(3) == row)[:, None])
        columns.append(other - people)
    slopes = np.array(columns).transpose(2, 1, 0)  # (person, row, row)
    assert jacobian == pytest.approx(np.linalg.slogdet(slopes)[1].sum(), rel=1e-9)


@forms
def test_z_is_standard_normal_where_answers_are_gaussian(form):
    """Given group and answers, z is N(0, 1); the rest of the density is the marginal likelihood."""
    function, mean, whole, precision, mode = transformed(form, 3)
    for seed in (5, 6):
        z = np.random.default_rng(seed).normal(size=(3, PEOPLE))
        people, jacobian, _, density = function(z)
        answers, marginal = 0.0, 0.0
        for person in range(PEOPLE):
            covariance = np.linalg.inv(precision[:, :, person])
            answers += stats.multivariate_normal.logpdf(people[:, person], mode[:, person], covariance)
            together = covariance + whole @ whole.T
            marginal += stats.multivariate_normal.logpdf(mode[:, person], mean[:, person], together)
        left = density.sum() + jacobian + answers - stats.norm.logpdf(z).sum()
        assert left == pytest.approx(marginal, rel=1e-9)


@forms
def test_pseudo_prior_is_the_product_of_group_and_answers(form):
    """The normalised product of two Gaussians, by scipy, whatever the group is."""
    (mean, root, whole), (precision, mode) = around(3, form), given(3)
    people = np.random.default_rng(5).normal(size=(3, PEOPLE))
    weighted_mode = np.einsum("ijn,jn->in", precision, mode)
    inputs = [pt.constant(x) for x in (people, mean, root, precision, weighted_mode)]
    found = evaluate([], pseudo_prior_logp(form, *inputs))()
    group = np.linalg.inv(whole @ whole.T)
    for person in range(PEOPLE):
        covariance = np.linalg.inv(group + precision[:, :, person])
        posterior_mean = covariance @ (group @ mean[:, person] + weighted_mode[:, person])
        expected = stats.multivariate_normal.logpdf(people[:, person], posterior_mean, covariance)
        assert found[person] == pytest.approx(expected, rel=1e-9)


@forms
def test_people_are_drawn_from_their_group(form):
    """Without a sampler: 4000 draws of a graph have its mean and covariance, within four standard errors."""
    mean, root, whole = around(2, form)
    with pm.Model(coords={"row": range(2), "person": range(PEOPLE)}):
        people = declare_people("people", form, mean, root, *given(2), dims=("row", "person"))
        assert set(pm.modelcontext(None).initial_point()) == {"people_relative__"}
    draws = pm.draw(people, 4000, random_seed=7, mode="FAST_COMPILE")
    variance = np.diag(whole @ whole.T)[:, None]
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 4 * np.sqrt(variance / 4000))
    products = (draws - mean)[:, 0] * (draws - mean)[:, 1]
    error = np.sqrt((variance.prod() + (whole @ whole.T)[0, 1] ** 2) / 4000 / PEOPLE)
    assert products.mean() == pytest.approx((whole @ whole.T)[0, 1], abs=4 * error)
