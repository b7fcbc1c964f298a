"""Empirical Bayes where everything is Gaussian, and so known in closed form; and on a theory."""

import numpy as np
import pytest
import xarray as xr
from gaussian_people import NOISE, PEOPLE, gaussian
from scipy import optimize, special, stats

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.fit import Settings, compile_likelihood, laplace, quadrature
from iwm_bayes.inference.laplace.empirical_bayes import em_then_bfgs, find_mode, initial_gaussians, newton_mode
from iwm_bayes.inference.laplace.hierarchy import Group, initial_group, pack, person_means
from iwm_bayes.inference.laplace.marginal_score import marginal_log_density, marginal_score, person_sums
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.person_posteriors import (
    Problem,
    fit_person_gaussians,
    person_log_evidence,
    person_modes,
    person_precision,
)
from iwm_bayes.model import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError


def marginal(shape, seen, logarithms):
    """Log posterior of the two log sds with everything else integrated out, and the posterior of betas and shared."""
    spread, between = np.exp(logarithms)
    design = np.concatenate([shape.design[0], np.ones((PEOPLE, 1))], axis=1)
    prior = np.diag([1.0, 1.0, *[between**2] * 8, 0.3**2])
    middle = np.array([*shape.prior_mean, 0.0])
    noise = (spread**2 + NOISE**2) * np.eye(PEOPLE)
    value = stats.multivariate_normal.logpdf(seen, design @ middle, noise + design @ prior @ design.T)
    value += stats.halfnorm.logpdf([spread, between], scale=0.5).sum() + logarithms.sum()
    gain = prior @ design.T @ np.linalg.inv(noise + design @ prior @ design.T)
    return value, middle + gain @ (seen - design @ middle), prior - gain @ design @ prior


@pytest.mark.parametrize("seed", [1, 2])
def test_group_is_at_the_top_of_the_exact_marginal(seed):
    """Sds are at the mode with all else integrated out; betas and what is shared at their exact means and sds there."""
    shape, seen, problem = gaussian(seed)
    group = initial_group(shape)
    top = newton_mode(problem, *em_then_bfgs(problem, group, person_means(shape, group.beta)))
    assert top.converged
    best = optimize.minimize(lambda x: -marginal(shape, seen, x)[0], np.log([0.4, 0.4]), tol=1e-10).x
    _, mean, covariance = marginal(shape, seen, best)
    exact = np.array([*mean[:-1], *best, mean[-1]])
    sure = np.sqrt(np.diag(top.covariance))
    assert (np.abs(pack(top.group) - exact) < 0.05 * sure).all()  # the search ends within .05 of an sd
    np.testing.assert_array_less(np.sqrt(np.diag(covariance))[[0, 1, -1]] * 0.98, sure[[0, 1, -1]])


@pytest.mark.parametrize("seed", [1, 2])
def test_density_and_score_are_those_of_the_exact_marginal(seed):
    """At the best betas: differences of the density between groups, and its slope, with betas integrated out."""
    shape, seen, problem = gaussian(seed)
    design = shape.design[0]

    def exact(scales_and_shared):
        *logarithms, shared = scales_and_shared
        spread, between = np.exp(logarithms)
        prior = np.diag([1.0, 1.0, *[between**2] * 8])
        whole = (spread**2 + NOISE**2) * np.eye(PEOPLE) + design @ prior @ design.T
        value = stats.multivariate_normal.logpdf(seen, design @ shape.prior_mean + shared, whole)
        value += stats.halfnorm.logpdf([spread, between], scale=0.5).sum() + sum(logarithms)
        mean = shape.prior_mean + prior @ design.T @ np.linalg.solve(whole, seen - shared - design @ shape.prior_mean)
        return value + stats.norm.logpdf(shared, 0.0, 0.3), mean

    def ours(scales_and_shared):
        *logarithms, shared = scales_and_shared
        spread, between = np.exp(logarithms)
        group = Group(exact(scales_and_shared)[1], np.array([spread]), np.array([between]), np.array([shared]))
        people = initial_gaussians(problem, group, np.zeros((1, PEOPLE)))
        said = person_sums(shape, group, *people)
        value = marginal_log_density(shape, group, said, person_log_evidence(problem, group, people).sum())
        return value, marginal_score(shape, group, said)

    places = [np.array([-0.9, -0.4, 0.1]), np.array([-0.3, -1.2, -0.2])]
    (one, _), (other, slope) = (ours(place) for place in places)
    assert one - other == pytest.approx(exact(places[0])[0] - exact(places[1])[0], abs=1e-6)
    numerical = optimize.approx_fprime(places[1], lambda place: exact(place)[0], 1e-6)
    np.testing.assert_allclose(slope, [*[0.0] * 10, *numerical], atol=1e-4)


def test_people_are_exact_where_they_are_gaussian():
    """Mean, variance and evidence of every person given the group, as of two normals, whatever the start."""
    shape, seen, problem = gaussian(3)
    group = initial_group(shape)._replace(shared=np.array([0.1]))
    x = person_modes(problem, group, np.full((1, PEOPLE), 2.0))
    people = fit_person_gaussians(problem, group, x, 3.0 * np.linalg.inv(person_precision(problem, group, x)))
    weight = 1 / (1 + NOISE**2 / group.spread[0] ** 2)
    centre = person_means(shape, group.beta)[0]
    np.testing.assert_allclose(people.x[0], centre + weight * (seen - 0.1 - centre), rtol=1e-6)
    np.testing.assert_allclose(people.variance[:, 0, 0], weight * NOISE**2, rtol=1e-6)
    exact = stats.norm.logpdf(seen, centre + 0.1, np.sqrt(group.spread[0] ** 2 + NOISE**2))
    np.testing.assert_allclose(person_log_evidence(problem, group, people), exact, rtol=1e-6)


def test_people_of_a_skewed_posterior_have_its_mean():
    """The log of a noise known from 12 squares: nearly the mean and sd of a log chi-square, not its mode."""
    shape, _, _ = gaussian(4)
    squares = np.full(PEOPLE, 12.0)

    def likelihood(level):
        precision = squares * np.exp(-2.0 * level.sum(axis=0))
        slope = precision - 12.0
        return -12.0 * level.sum(axis=0) - precision / 2.0, np.stack([slope, slope])

    group = initial_group(shape)._replace(spread=np.array([50.0]), shared=np.zeros(1))
    problem = Problem(shape, likelihood)
    x = person_modes(problem, group, np.zeros((1, PEOPLE)))
    assert x[0] == pytest.approx(0.0, abs=1e-3)  # the mode, far from a prior that says next to nothing
    people = fit_person_gaussians(problem, group, x, np.linalg.inv(person_precision(problem, group, x)))
    mean, sd = -0.5 * (special.digamma(6) - np.log(6)), 0.5 * np.sqrt(special.polygamma(1, 6))
    assert people.x[0, 0] == pytest.approx(mean, rel=0.1)  # the mode is off by all of it
    assert np.sqrt(people.variance[0, 0, 0]) == pytest.approx(sd, rel=0.05)


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A theory of one belief, with people pooled, shared and apart, compiled for twelve people."""
    file = tmp_path_factory.mktemp("theory") / "own.toml"
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    more = '[parameters.availability_start]\npooling = "none"\n[parameters.availability_rating_noise]\npooling = '
    file.write_text(f'{head}{more}"complete"\n', encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 12, 1)
    return compile_likelihood(model, data), data


def test_likelihood_has_its_own_slope(ready):
    """Each person's slope is the finite difference of their own log likelihood, and of nobody else's."""
    level = np.random.default_rng(1).normal(-1.0, 0.5, (3, 12))
    value, slope = ready[0].engine(level)
    for row in range(3):
        step = 1e-6 * (np.arange(3) == row)[:, None]
        difference = (ready[0].engine(level + step)[0] - ready[0].engine(level - step)[0]) / 2e-6
        np.testing.assert_allclose(difference, slope[row], rtol=1e-5, atol=1e-5)
    assert value.shape == (12,)


def test_fit_has_the_form_of_any_other_and_says_what_it_is(ready):
    """The same variables and dims as a sampler's posterior; the gate calls it approximate."""
    fit = laplace(*ready, Settings(draws=30, chains=2))
    posterior = fit["posterior"].to_dataset()
    assert set(posterior) == {"centre", "spread", "level"}
    assert posterior["level"].dims == ("chain", "draw", "personal", "person")
    assert posterior.sizes["chain"] == 1  # there are no chains to compare
    assert list(posterior["personal"].values) == ["availability_rate", "availability_start"]
    assert list(posterior["row"].values) == ["availability_rate", "availability_rating_noise"]
    assert check_convergence(fit).approximate == "laplace"
    assert check_convergence(fit).word == "approximate (laplace)"
    again = laplace(*ready, Settings(draws=30, chains=2))["posterior"].to_dataset()
    xr.testing.assert_identical(posterior, again)


def test_bias_stands_beside_every_number_of_laplace(ready):
    """The table has it on the link scale and in sds, as far as the two fits differ; quadrature has none."""
    model, settings = ready[0].model, Settings(draws=30, chains=2)
    by_laplace, exact = laplace(*ready, settings), quadrature(*ready, settings)
    table, other = group_summary(model, by_laplace).set_index("parameter"), group_summary(model, exact)
    added = {"bias", "bias_sds", "bias_between"}
    assert added <= {*table.columns}
    assert not added & {*other.columns}
    assert np.isnan(table.loc["availability_rating_noise", "bias_sds"])
    one, two = (fit["posterior"]["centre"] for fit in (by_laplace, exact))
    difference = (one - two).mean(("chain", "draw"))  # both are drawn with the same random numbers
    assert (np.abs(difference - by_laplace["bias"]["centre"]) < 0.1 * two.std(("chain", "draw"))).all()
    assert np.abs(by_laplace["bias"]["centre"]).max() > 0.001
    assert check_convergence(exact).word == "approximate (quadrature)"


def test_correlated_people_are_refused(ready):
    """What the method does not know is told, with what to do."""
    with pytest.raises(InputError, match="Use `nuts`"):
        compile_likelihood(ready[0].model._replace(correlated=True), ready[1])


def test_everything_may_be_shared(tmp_path):
    """Nobody has a value of their own: what is found is the mode of the exact posterior of the group."""
    shares = "".join(f'[parameters.availability_{name}]\npooling = "complete"\n' for name in ("start", "rating_noise"))
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(head + shares, encoding="utf-8")
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 12, 1)
    ready = compile_likelihood(model, data)
    problem = pose_problem(ready, data)
    middle, width = problem.shape.shared_prior

    def loss(shared):
        likelihood = ready.engine(np.repeat(shared[:, None], 12, axis=1))[0].sum()
        return -likelihood - stats.norm.logpdf(shared, middle, width).sum()

    best, top = optimize.minimize(loss, middle).x, find_mode(problem)
    assert top.converged
    assert (np.abs(top.group.shared - best) < 0.05 * np.sqrt(np.diag(top.covariance))).all()
    assert set(laplace(ready, data, Settings(draws=20, chains=2))["posterior"]) == {"centre"}


def test_a_theory_that_fits_badly_is_found_too(tmp_path):
    """On people whose rates differ and never fall, a Kalman filter can be nearly constant: it loses to no constant."""

    def read(rule):
        head = f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "{rule}"\nresponses = ["availability_rating"]\n'
        (tmp_path / f"{rule}.toml").write_text(head, encoding="utf-8")
        return model_file.load_model(tmp_path / f"{rule}.toml")

    levels = np.random.default_rng(1).normal(size=(2, 30))
    people = {"start": 0.5, "rate": special.expit(levels[0]), "rating_noise": 0.05 * np.exp(0.8 * levels[1])}
    people |= {"rating_intercept": 0.0, "rating_slope": 1.0}
    people = {f"availability_{name}": np.broadcast_to(value, 30) for name, value in people.items()}
    data = simulate(read("rescorla_wagner"), [Phase({"therapist": constant_care(0.6)}, 30)], people, 1)
    found = {}
    for rule in ("kalman", "static"):
        problem = pose_problem(compile_likelihood(read(rule), data), data)
        top = find_mode(problem)
        assert top.converged
        found[rule] = person_log_evidence(problem, top.group, top.people).sum()
    assert found["kalman"] > found["static"]
