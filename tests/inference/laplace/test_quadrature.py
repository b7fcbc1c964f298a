"""Posteriors of people that are not Gaussian, against integrals in one dimension."""

import numpy as np
import pytest
from gaussian_people import ANSWERS, MANY, binary_study, pooled_population
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
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate


@pytest.mark.parametrize("nodes", [product_nodes(3), spherical_nodes(7, 400, np.random.default_rng(1))])
def test_nodes_are_exact_for_gaussians(nodes):
    """Weights of a standard normal sum to 1; its mean is 0 and its covariance 1, for every person."""
    log_density = -(nodes.points**2).sum(axis=1) / 2.0
    weight = np.exp(nodes.log_weight[:, None] + log_density)
    weight = np.broadcast_to(weight / weight.sum(axis=0), (len(nodes.points), nodes.points.shape[2]))
    np.testing.assert_allclose(np.einsum("kn,kdn->dn", weight, nodes.points), 0.0, atol=1e-12)
    covariance = np.einsum("kn,kdn,ken->nde", weight, nodes.points, nodes.points)
    exact = np.broadcast_to(np.eye(nodes.points.shape[1]), covariance.shape)
    np.testing.assert_allclose(covariance, exact, atol=1e-12)


def test_moments_of_one_person():
    """Mean and variance of a log-odds known from one to three answers, and so skewed, as by adaptive integration."""
    population, yes, count = pooled_population(1, 3), np.array([1.0, 2.0, 3.0]), 3
    group = initial_group(population)._replace(sigma=np.array([1.5]))

    def likelihood(theta):
        value = yes * theta[0] - count * np.logaddexp(0.0, theta[0])
        return value, (yes - count * special.expit(theta[0]))[None]

    problem = Problem(population, likelihood)
    modes = person_modes(problem, group, np.zeros((1, 3)))
    near = fit_person_gaussians(problem, group, modes, np.linalg.inv(person_precision(problem, group, modes)))
    people = posterior_moments(weight_nodes(problem, group, near, quadrature_nodes(near.mean, 1)))
    for person in range(3):

        def moment(power, person=person):
            def integrand(x):
                log_likelihood = yes[person] * x - count * np.logaddexp(0.0, x)
                return x**power * np.exp(log_likelihood) * stats.norm.pdf(x, 0.0, 1.5)

            return integrate.quad(integrand, -20.0, 20.0, epsabs=1e-12)[0]

        mean = moment(1) / moment(0)
        assert people.mean[0, person] == pytest.approx(mean, abs=2e-3)
        assert people.covariance[person, 0, 0] == pytest.approx(moment(2) / moment(0) - mean**2, rel=5e-3)


def exact_mode(yes):
    """Return the most probable mean and log SD of people with these sums, every person integrated on a fine grid."""
    z, width = np.linspace(-7.0, 7.0, 141), 0.1
    counts = np.bincount(yes, minlength=ANSWERS + 1)

    def loss(at):
        theta = at[0] + np.exp(at[1]) * z
        log_likelihood = np.arange(ANSWERS + 1)[:, None] * theta - ANSWERS * np.logaddexp(0.0, theta)
        log_p = special.logsumexp(log_likelihood + stats.norm.logpdf(z) + np.log(width), axis=1)
        prior = stats.norm.logpdf(at[0]) + stats.halfnorm.logpdf(np.exp(at[1]), scale=0.5) + at[1]
        return -(counts * log_p).sum() - prior

    return optimize.minimize(loss, [0.0, -0.5], tol=1e-9).x


@pytest.mark.parametrize(("mu", "sigma"), [(1.5, 0.5), (2.5, 1.0)])
def test_group_of_three_thousand_people(mu, sigma):
    """Fifty binary answers each: the mode is that of the exact marginal within .02 of its SD, and near the truth.

    The exact mode does not integrate the mean out of the SD, which moves it by half a person in 3,000: .02 SD.
    """
    problem, yes = binary_study(mu, sigma, 1)
    gaussian = find_mode(problem)
    mode = refine_by_quadrature(problem, gaussian, fit_by_quadrature(quadrature_nodes(gaussian.people.mean, 1)))
    assert mode.converged
    sd = np.sqrt(np.diag(mode.covariance))
    exact = exact_mode(yes)
    assert (np.abs(pack(mode.group) - exact) < 0.04 * sd).all()
    assert (np.abs(pack(mode.group) - [mu, np.log(sigma)]) < 3.3 * sd).all()
    measured = bias(problem, gaussian)
    true_bias = [gaussian.group.beta[0] - exact[0], gaussian.group.sigma[0] - np.exp(exact[1])]
    computed = [float(measured["mu"][0]), float(measured["sigma"][0])]
    np.testing.assert_allclose(computed, true_bias, atol=0.1 * (sd * [1.0, np.exp(exact[1])]).min())
    assert np.abs(true_bias).max() < 0.1 * sigma


def test_bias_includes_an_error_of_peoples_means():
    """Everyone a hundredth too high moves the bias of mu by what that does to the score, and no further."""
    problem, _ = binary_study(0.5, 0.5, 3)
    mode = find_mode(problem)
    people = mode.people._replace(mean=mode.people.mean + 0.01)
    moved = bias(problem, mode._replace(people=people)) - bias(problem, mode)
    shift = MANY * 0.01 / mode.group.sigma[0] ** 2 * mode.covariance[0, 0]
    assert float(moved["mu"][0]) == pytest.approx(shift, rel=0.05)


@pytest.mark.slow
def test_bias_is_small_with_many_ratings(tmp_path):
    """Three parameters of 3,000 people, 50 ratings each: the bias is what quadrature finds, below a tenth of an SD."""
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(head, encoding="utf-8")
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"partner": constant_care(0.7)}, 50)], MANY, 1)
    problem = pose_problem(compile_likelihood(model, data), data)
    gaussian = find_mode(problem)
    mode = refine_by_quadrature(problem, gaussian, fit_by_quadrature(quadrature_nodes(gaussian.people.mean, 1)))
    assert mode.converged
    measured, sd, sigma = bias(problem, gaussian), np.sqrt(np.diag(mode.covariance)), mode.group.sigma
    computed = np.concatenate([measured["mu"], measured["sigma"]])
    true_bias = np.concatenate([gaussian.group.beta - mode.group.beta, gaussian.group.sigma - sigma])
    print("bias in between-person SDs", computed / np.tile(sigma, 2), "and in SDs of the group", computed / sd)
    np.testing.assert_array_less(np.abs(computed - true_bias), 0.1 * sd * np.concatenate([np.ones(3), sigma]))
    np.testing.assert_array_less(np.abs(computed), 0.1 * np.tile(sigma, 2))
