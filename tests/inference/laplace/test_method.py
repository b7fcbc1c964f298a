"""Empirical Bayes where everything is Gaussian, and so known in closed form; and on models of learning."""

import numpy as np
import pytest
import xarray as xr
from gaussian_people import NOISE, PEOPLE, exact_marginal, gaussian_study
from scipy import optimize, special, stats

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.fit import Settings, compile_likelihood, laplace, quadrature
from iwm_bayes.inference.laplace.draws import people_in_draws
from iwm_bayes.inference.laplace.empirical_bayes import em_then_bfgs, find_mode, initial_gaussians, newton_mode
from iwm_bayes.inference.laplace.hierarchy import Group, initial_group, pack, person_means
from iwm_bayes.inference.laplace.marginal_score import marginal_log_density, marginal_score, person_sums
from iwm_bayes.inference.laplace.method import likelihood_of_data, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import (
    Problem,
    fit_person_gaussians,
    person_log_evidence,
    person_modes,
    person_precision,
    share_of_complete,
)
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError


@pytest.mark.parametrize("seed", [1, 2])
def test_mode_is_that_of_the_exact_marginal(seed):
    """SDs are at the mode with all else integrated out; beta and complete at their exact means and SDs there."""
    population, observed, problem = gaussian_study(seed)
    group = initial_group(population)
    mode = newton_mode(problem, *em_then_bfgs(problem, group, person_means(population, group.beta)))
    assert mode.converged
    best = optimize.minimize(lambda x: -exact_marginal(population, observed, x)[0], np.log([0.4, 0.4]), tol=1e-10).x
    _, mean, covariance = exact_marginal(population, observed, best)
    exact = np.array([*mean[:-1], *best, mean[-1]])
    sd = np.sqrt(np.diag(mode.covariance))
    assert (np.abs(pack(mode.group) - exact) < 0.05 * sd).all()  # the search ends within .05 of an SD
    np.testing.assert_array_less(np.sqrt(np.diag(covariance))[[0, 1, -1]] * 0.98, sd[[0, 1, -1]])


@pytest.mark.parametrize("seed", [1, 2])
def test_density_and_score_are_those_of_the_exact_marginal(seed):
    """At the best beta: differences of the density between groups, and its gradient, with beta integrated out."""
    population, observed, problem = gaussian_study(seed)
    design = population.design[0]

    def exact(vector):
        *log_sds, complete = vector
        sigma, sigma_u = np.exp(log_sds)
        prior = np.diag([1.0, 1.0, *[sigma_u**2] * 8])
        total = (sigma**2 + NOISE**2) * np.eye(PEOPLE) + design @ prior @ design.T
        value = stats.multivariate_normal.logpdf(observed, design @ population.prior_mean + complete, total)
        value += stats.halfnorm.logpdf([sigma, sigma_u], scale=0.5).sum() + sum(log_sds)
        residual = observed - complete - design @ population.prior_mean
        mean = population.prior_mean + prior @ design.T @ np.linalg.solve(total, residual)
        return value + stats.norm.logpdf(complete, 0.0, 0.3), mean

    def computed(vector):
        *log_sds, complete = vector
        sigma, sigma_u = np.exp(log_sds)
        group = Group(exact(vector)[1], np.array([sigma]), np.array([sigma_u]), np.array([complete]))
        people = initial_gaussians(problem, group, np.zeros((1, PEOPLE)))
        sums = person_sums(population, group, *people)
        value = marginal_log_density(population, group, sums, person_log_evidence(problem, group, people).sum())
        return value, marginal_score(population, group, sums)

    vectors = [np.array([-0.9, -0.4, 0.1]), np.array([-0.3, -1.2, -0.2])]
    (one, _), (other, score) = (computed(vector) for vector in vectors)
    assert one - other == pytest.approx(exact(vectors[0])[0] - exact(vectors[1])[0], abs=1e-6)
    numerical = optimize.approx_fprime(vectors[1], lambda vector: exact(vector)[0], 1e-6)
    np.testing.assert_allclose(score, [*[0.0] * 10, *numerical], atol=1e-4)


def test_gaussian_people_are_exact():
    """Mean, variance and evidence of every person given the group, as of two normals, from any start."""
    population, observed, problem = gaussian_study(3)
    group = initial_group(population)._replace(complete=np.array([0.1]))
    modes = person_modes(problem, group, np.full((1, PEOPLE), 2.0))
    start = 3.0 * np.linalg.inv(person_precision(problem, group, modes))
    people = fit_person_gaussians(problem, group, modes, start)
    weight = 1 / (1 + NOISE**2 / group.sigma[0] ** 2)
    prior_mean = person_means(population, group.beta)[0]
    np.testing.assert_allclose(people.mean[0], prior_mean + weight * (observed - 0.1 - prior_mean), rtol=1e-6)
    np.testing.assert_allclose(people.covariance[:, 0, 0], weight * NOISE**2, rtol=1e-6)
    exact = stats.norm.logpdf(observed, prior_mean + 0.1, np.sqrt(group.sigma[0] ** 2 + NOISE**2))
    np.testing.assert_allclose(person_log_evidence(problem, group, people), exact, rtol=1e-6)


def test_people_follow_every_parameter_of_the_group():
    """Given other means, SDs and completely pooled values at once, people are where two normals put them."""
    population, observed, problem = gaussian_study(3)
    group = initial_group(population)
    other = Group(group.beta + np.linspace(0.0, 0.9, 10), 2.5 * group.sigma, group.sigma_u, np.array([0.3]))
    people = initial_gaussians(problem, group, person_means(population, group.beta))
    share = share_of_complete(problem, group, people)
    noise = np.array([0.0, 1.0])[:, None, None] * np.ones((1, PEOPLE))
    theta = people_in_draws(population, group, people, share, np.tile(pack(other), (2, 1)), noise)[:, 0]
    weight = 1 / (1 + NOISE**2 / other.sigma[0] ** 2)
    centre = person_means(population, other.beta)[0]
    np.testing.assert_allclose(theta[0], centre + weight * (observed - 0.3 - centre), rtol=1e-5)
    np.testing.assert_allclose(theta[1] - theta[0], np.sqrt(weight) * NOISE, rtol=1e-5)


def test_skewed_posterior_is_summarised_by_its_mean():
    """The log of a noise known from 12 squares: nearly the mean and SD of a log chi-square, not its mode."""
    population, _, _ = gaussian_study(4)
    squares = np.full(PEOPLE, 12.0)

    def likelihood(theta):
        precision = squares * np.exp(-2.0 * theta.sum(axis=0))
        gradient = precision - 12.0
        return -12.0 * theta.sum(axis=0) - precision / 2.0, np.stack([gradient, gradient])

    group = initial_group(population)._replace(sigma=np.array([50.0]), complete=np.zeros(1))
    problem = Problem(population, likelihood)
    modes = person_modes(problem, group, np.zeros((1, PEOPLE)))
    assert modes[0] == pytest.approx(0.0, abs=1e-3)  # the prior is wide and hardly moves the mode
    people = fit_person_gaussians(problem, group, modes, np.linalg.inv(person_precision(problem, group, modes)))
    mean, sd = -0.5 * (special.digamma(6) - np.log(6)), 0.5 * np.sqrt(special.polygamma(1, 6))
    assert people.mean[0, 0] == pytest.approx(mean, rel=0.1)  # the mode is wrong by all of it
    assert np.sqrt(people.covariance[0, 0, 0]) == pytest.approx(sd, rel=0.05)


@pytest.fixture(scope="module")
def compiled_and_data(tmp_path_factory):
    """A model of one belief with one parameter of each pooling, compiled for twelve people, and their data."""
    file = tmp_path_factory.mktemp("model") / "own.toml"
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    more = '[parameters.availability_start]\npooling = "none"\n[parameters.availability_rating_noise]\npooling = '
    file.write_text(f'{head}{more}"complete"\n', encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 12, 1)
    return compile_likelihood(model, data), data


def test_gradient_of_the_likelihood(compiled_and_data):
    """Each person's gradient is the finite difference of their own log likelihood, and of nobody else's."""
    likelihood = likelihood_of_data(*compiled_and_data)
    theta = np.random.default_rng(1).normal(-1.0, 0.5, (3, 12))
    value, gradient = likelihood(theta)
    for index in range(3):
        step = 1e-6 * (np.arange(3) == index)[:, None]
        difference = (likelihood(theta + step)[0] - likelihood(theta - step)[0]) / 2e-6
        np.testing.assert_allclose(difference, gradient[index], rtol=1e-5, atol=1e-5)
    assert value.shape == (12,)


def test_laplace_fit_has_the_form_of_every_fit(compiled_and_data):
    """The same variables and dims as a sampler's posterior; its status is approximate."""
    fit = laplace(*compiled_and_data, Settings(draws=30, chains=2))
    posterior = fit["unconstrained_posterior"].to_dataset()
    assert set(posterior) == {"mu", "sigma", "theta"}
    assert posterior["theta"].dims == ("chain", "draw", "parameter", "person")
    assert posterior.sizes["chain"] == 1  # there are no chains to compare
    applies = {name: [*values.dropna("parameter", how="all")["parameter"].values] for name, values in posterior.items()}
    assert applies["theta"] == ["availability_rate", "availability_start"]
    assert applies["mu"] == ["availability_rate", "availability_rating_noise"]
    assert applies["sigma"] == ["availability_rate"]
    assert check_convergence(fit).approximate == "laplace"
    assert check_convergence(fit).status == "approximate (laplace)"
    again = laplace(*compiled_and_data, Settings(draws=30, chains=2))["unconstrained_posterior"].to_dataset()
    xr.testing.assert_identical(posterior, again)


def test_bias_of_laplace_is_reported(compiled_and_data):
    """It is in the table, on the link scale and in SDs, and as large as the two fits differ; quadrature has none."""
    model, settings = compiled_and_data[0].model, Settings(draws=30, chains=2)
    by_laplace, by_quadrature = laplace(*compiled_and_data, settings), quadrature(*compiled_and_data, settings)
    table, other = group_summary(model, by_laplace).set_index("parameter"), group_summary(model, by_quadrature)
    added = {"bias", "bias_sd", "bias_sd_between"}
    assert added <= {*table.columns}
    assert not added & {*other.columns}
    assert np.isnan(table.loc["availability_rating_noise", "bias_sd"])
    one, two = (fit["unconstrained_posterior"]["mu"].dropna("parameter") for fit in (by_laplace, by_quadrature))
    difference = (one - two).mean(("chain", "draw"))  # both are drawn with the same random numbers
    bias = by_laplace["bias"]["mu"].dropna("parameter")
    assert (np.abs(difference - bias) < 0.1 * two.std(("chain", "draw"))).all()
    assert np.abs(bias).max() > 0.001
    assert check_convergence(by_quadrature).status == "approximate (quadrature)"


def test_correlated_parameters_are_refused(compiled_and_data):
    """The message names a method that can fit them."""
    compiled, data = compiled_and_data
    with pytest.raises(InputError, match="use `nuts`"):
        compile_likelihood(compiled.model._replace(correlated=True), data)


def test_everything_may_be_completely_pooled(tmp_path):
    """Nobody has a parameter of their own: the mode is that of the exact posterior of the group."""
    pooled = "".join(f'[parameters.availability_{name}]\npooling = "complete"\n' for name in ("start", "rating_noise"))
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(head + pooled, encoding="utf-8")
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 12, 1)
    compiled = compile_likelihood(model, data)
    problem = pose_problem(compiled, data)
    prior_mean, prior_sd = problem.population.complete_prior

    def loss(complete):
        log_likelihood = problem.likelihood(np.repeat(complete[:, None], 12, axis=1))[0].sum()
        return -log_likelihood - stats.norm.logpdf(complete, prior_mean, prior_sd).sum()

    best, mode = optimize.minimize(loss, prior_mean).x, find_mode(problem)
    assert mode.converged
    assert (np.abs(mode.group.complete - best) < 0.05 * np.sqrt(np.diag(mode.covariance))).all()
    assert set(laplace(compiled, data, Settings(draws=20, chains=2))["unconstrained_posterior"]) == {"mu"}


def test_mode_of_a_model_that_fits_badly(tmp_path):
    """People's rates differ and never fall, which a Kalman filter can only do badly; it is no worse than a constant."""

    def read(rule):
        head = f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "{rule}"\nresponses = ["availability_rating"]\n'
        (tmp_path / f"{rule}.toml").write_text(head, encoding="utf-8")
        return model_file.load_model(tmp_path / f"{rule}.toml")

    theta = np.random.default_rng(1).normal(size=(2, 30))
    values = {"start": 0.5, "rate": special.expit(theta[0]), "rating_noise": 0.05 * np.exp(0.8 * theta[1])}
    values |= {"rating_intercept": 0.0, "rating_slope": 1.0}
    people = {f"availability_{name}": np.broadcast_to(value, 30) for name, value in values.items()}
    data = simulate(read("rescorla_wagner"), [Phase({"therapist": constant_care(0.6)}, 30)], people, 1)
    evidence = {}
    for rule in ("kalman", "static"):
        problem = pose_problem(compile_likelihood(read(rule), data), data)
        mode = find_mode(problem)
        assert mode.converged
        evidence[rule] = person_log_evidence(problem, mode.group, mode.people).sum()
    assert evidence["kalman"] > evidence["static"]
