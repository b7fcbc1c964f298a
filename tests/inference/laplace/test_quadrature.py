"""People who are no Gaussians, against integrals in one dimension."""

import numpy as np
import pytest
from gaussian_people import ANSWERS, MANY, shape_of, yes_or_no
from scipy import integrate, optimize, special, stats

from iwm_bayes.inference.laplace.bias import bias
from iwm_bayes.inference.laplace.empirical_bayes import find_mode, refine_by_quadrature
from iwm_bayes.inference.laplace.hierarchy import initial_group, pack
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import Problem, fit_person_gaussians, person_modes, person_precision
from iwm_bayes.inference.laplace.quadrature import (
    fit_by_quadrature,
    posterior_moments,
    product_nodes,
    quadrature_nodes,
    spherical_nodes,
    weight_nodes,
)
from iwm_bayes.model import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate


@pytest.mark.parametrize("rule", [product_nodes(3), spherical_nodes(7, 400, np.random.default_rng(1))])
def test_rules_are_exact_for_gaussians(rule):
    """Weights of a standard normal sum to 1; its mean is 0 and its covariance 1, for every person."""
    density = -(rule.spots**2).sum(axis=1) / 2.0
    share = np.exp(rule.log_weight[:, None] + density)
    share = np.broadcast_to(share / share.sum(axis=0), (len(rule.spots), rule.spots.shape[2]))
    np.testing.assert_allclose(np.einsum("kn,kdn->dn", share, rule.spots), 0.0, atol=1e-12)
    moment = np.einsum("kn,kdn,ken->nde", share, rule.spots, rule.spots)
    np.testing.assert_allclose(moment, np.broadcast_to(np.eye(rule.spots.shape[1]), moment.shape), atol=1e-12)


def test_one_person_is_what_an_integral_says():
    """Mean and variance of a log-odds known from one to three answers, and so skewed, as by adaptive integration."""
    shape, yes, of = shape_of(1, 3), np.array([1.0, 2.0, 3.0]), 3
    group = initial_group(shape)._replace(spread=np.array([1.5]))

    def likelihood(level):
        return yes * level[0] - of * np.logaddexp(0.0, level[0]), (yes - of * special.expit(level[0]))[None]

    problem = Problem(shape, likelihood)
    x = person_modes(problem, group, np.zeros((1, 3)))
    near = fit_person_gaussians(problem, group, x, np.linalg.inv(person_precision(problem, group, x)))
    people = posterior_moments(weight_nodes(problem, group, near, quadrature_nodes(near.x, 1)))
    for person in range(3):

        def moment(power, person=person):
            def at(x):
                return x**power * np.exp(yes[person] * x - of * np.logaddexp(0.0, x)) * stats.norm.pdf(x, 0.0, 1.5)

            return integrate.quad(at, -20.0, 20.0, epsabs=1e-12)[0]

        mean = moment(1) / moment(0)
        assert people.x[0, person] == pytest.approx(mean, abs=2e-3)
        assert people.variance[person, 0, 0] == pytest.approx(moment(2) / moment(0) - mean**2, rel=5e-3)


def marginal_top(yes):
    """The most probable centre and log sd of people who said yes so often, every person integrated on a fine grid."""
    z, width = np.linspace(-7.0, 7.0, 141), 0.1
    times = np.bincount(yes, minlength=ANSWERS + 1)

    def loss(at):
        level = at[0] + np.exp(at[1]) * z
        said = np.arange(ANSWERS + 1)[:, None] * level - ANSWERS * np.logaddexp(0.0, level)
        log_p = special.logsumexp(said + stats.norm.logpdf(z) + np.log(width), axis=1)
        prior = stats.norm.logpdf(at[0]) + stats.halfnorm.logpdf(np.exp(at[1]), scale=0.5) + at[1]
        return -(times * log_p).sum() - prior

    return optimize.minimize(loss, [0.0, -0.5], tol=1e-9).x


@pytest.mark.parametrize(("centre", "spread"), [(1.5, 0.5), (2.5, 1.0)])
def test_group_of_three_thousand_is_where_integrals_put_it(centre, spread):
    """Fifty yes-or-no answers each: the top is that of the exact marginal within .02 of its sd, and finds the truth.

    The marginal's top has the centre not integrated out of the sd, which moves it by half a person in 3,000: .02 sd.
    """
    problem, yes = yes_or_no(centre, spread, 1)
    near = find_mode(problem)
    top = refine_by_quadrature(problem, near, fit_by_quadrature(quadrature_nodes(near.people.x, 1)))
    assert top.converged
    sure = np.sqrt(np.diag(top.covariance))
    exact = marginal_top(yes)
    assert (np.abs(pack(top.group) - exact) < 0.04 * sure).all()
    assert (np.abs(pack(top.group) - [centre, np.log(spread)]) < 3.3 * sure).all()
    measured = bias(problem, near)
    off = [near.group.beta[0] - exact[0], near.group.spread[0] - np.exp(exact[1])]
    said = [float(measured["centre"][0]), float(measured["spread"][0])]
    np.testing.assert_allclose(said, off, atol=0.1 * (sure * [1.0, np.exp(exact[1])]).min())
    assert np.abs(off).max() < 0.1 * spread


def test_bias_is_seen_where_people_are_not_settled():
    """Everyone a hundredth too high moves the bias of the centre by what that does to the score, and no further."""
    problem, _ = yes_or_no(0.5, 0.5, 3)
    top = find_mode(problem)
    people = top.people._replace(x=top.people.x + 0.01)
    moved = bias(problem, top._replace(people=people)) - bias(problem, top)
    shift = MANY * 0.01 / top.group.spread[0] ** 2 * top.covariance[0, 0]
    assert float(moved["centre"][0]) == pytest.approx(shift, rel=0.05)


@pytest.mark.slow
def test_three_thousand_who_rate_have_next_to_no_bias(tmp_path):
    """Three own values, 50 ratings each: the bias is what quadrature finds, and below a tenth of people's sd."""
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(head, encoding="utf-8")
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"partner": constant_care(0.7)}, 50)], MANY, 1)
    problem = pose_problem(compile_likelihood(model, data), data)
    near = find_mode(problem)
    top = refine_by_quadrature(problem, near, fit_by_quadrature(quadrature_nodes(near.people.x, 1)))
    assert top.converged
    measured, sure = bias(problem, near), np.sqrt(np.diag(top.covariance))
    said = np.concatenate([measured["centre"], measured["spread"]])
    off = np.concatenate([near.group.beta - top.group.beta, near.group.spread - top.group.spread])
    print("bias in sds between people", said / np.tile(top.group.spread, 2), "and in sds of the group", said / sure)
    np.testing.assert_array_less(np.abs(said - off), 0.1 * sure * np.concatenate([np.ones(3), top.group.spread]))
    np.testing.assert_array_less(np.abs(said), 0.1 * np.tile(top.group.spread, 2))
