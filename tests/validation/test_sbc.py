"""SBC of uniform and non-uniform ranks, and whether planted faults are found."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation import sbc
from iwm_bayes.validation.sbc import (
    MAX_EXTENSION,
    SAMPLER_ATTEMPTS,
    RankedQuantity,
    SbcDesign,
    compile_study,
    relative_rank,
    simulate_and_rank,
)
from iwm_bayes.validation.uniformity import holm_correction, uniform_band, uniform_p, uniformity_table

SETS, COUNT = 400, 100


def clumps(rng):
    """Scores around -1 and 1, half and half: mean 0 and variance 1, as those of uniform ranks."""
    return rng.permutation(np.repeat([-1.0, 1.0], COUNT // 2)) + rng.normal(0.0, 0.1, COUNT)


def whole(rng, count):
    return rng.integers(0, 3, count).astype(float)


@pytest.mark.parametrize("test", ["mean", "variance", "band"])
def test_uniform_ranks_fail_as_often_as_stated(test):
    """p < 0.1 in a tenth of uniform sets, within three standard errors; `band` has few values, so at most a tenth."""
    rng = np.random.default_rng(1)
    share = np.mean([uniform_p(rng.random(COUNT))[test] < 0.1 for _ in range(SETS)])
    error = 3.0 * np.sqrt(0.1 * 0.9 / SETS)
    assert share < 0.1 + error
    assert share > (0.02 if test == "band" else 0.1 - error)


@pytest.mark.parametrize(
    ("scores", "test"),
    [
        (lambda rng: rng.normal(0.5, 1.0, COUNT), "mean"),
        (lambda rng: rng.normal(0.0, 0.7, COUNT), "variance"),
        (
            lambda rng: np.where(rng.random(COUNT) < 0.5, rng.normal(-1.0, 0.1, COUNT), rng.normal(1.0, 0.1, COUNT)),
            "band",
        ),
    ],
)
def test_ranks_that_are_not_uniform_are_found(scores, test):
    """A bias, posteriors that are too wide, and two clumps with the right mean and variance."""
    found = uniform_p(stats.norm.cdf(scores(np.random.default_rng(1))))
    assert found[test] < 0.001
    assert test != "band" or min(found["mean"], found["variance"]) > 0.05


def test_the_band_contains_uniform_ranks():
    """Everywhere at once, in at least 95 of 100 sets, and not in nearly all: within three standard errors."""
    grid, low, high = uniform_band(COUNT)
    shares = (np.random.default_rng(2).random((SETS, COUNT, 1)) <= grid).mean(axis=1)
    inside = ((shares >= low) & (shares <= high)).all(axis=1).mean()
    error = np.sqrt(0.95 * 0.05 / SETS)
    assert 0.95 - 3 * error < inside < 0.95 + 4 * error


def test_p_values_are_corrected_by_holm():
    assert holm_correction(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_correction(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    "draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.integers(0, 3, n).astype(float)]
)
def test_a_true_value_like_its_draws_has_a_uniform_rank(draw):
    """Also where most values are tied, and where the effective sample size is below the number of draws."""
    rng = np.random.default_rng(3)
    ranks = [relative_rank(RankedQuantity(float(draw(rng, 1)[0]), draw(rng, 50), 20.0), rng) for _ in range(1000)]
    assert stats.kstest(ranks, "uniform").pvalue > 0.01


def test_one_fault_among_many_quantities_is_named():
    rng = np.random.default_rng(4)
    ranks = pd.DataFrame({f"right {index}": rng.random(200) for index in range(20)})
    ranks["wrong"] = stats.norm.cdf(rng.normal(0.4, 1.0, 200))
    table = uniformity_table(ranks).set_index("quantity")
    assert table.index[table["status"] == "not uniform"].tolist() == ["wrong"]
    assert table["bias"]["wrong"] == pytest.approx(0.4, abs=3 / np.sqrt(200))


CHECKS = {  # values of the diagnostics of a fit, by what is wrong with it
    "converged": {},
    "diverged": {"divergences": 1.0},
    "short": {"group_r_hat": 1.02},
    "torn": {"group_r_hat": 1.2},
    "few": {"group_ess": 300.0},
}
GOOD = {"divergences": 0.0, "bfmi": 0.9, "group_r_hat": 1.0}


@pytest.mark.parametrize(
    ("results", "attempts", "lengths"),
    [
        (["converged"], [0], [1]),
        (["diverged", "converged"], [0, 1], [1, 1]),
        (["torn", "diverged", "converged"], [0, 1, 2], [1, 1, 1]),
        (["diverged", "torn", "diverged"], [0, 1, 2], [1, 1, 1]),
        (["short", "converged"], [0], [2]),
        (["few", "short", "converged"], [0], [3]),
        (["short", *["few"] * (MAX_EXTENSION - 1), "short", "diverged", "converged"], [0, 1, 2], [MAX_EXTENSION, 2, 1]),
    ],
)
def test_a_study_that_has_not_converged_is_extended_or_fitted_again(monkeypatch, results, attempts, lengths):
    """Extended where only draws are lacking; the first attempt that converges counts, otherwise the last one."""
    remaining, asked = iter(results), []

    def check_convergence(_):
        result = next(remaining)
        return ConvergenceChecks(result == "converged", [], GOOD | CHECKS[result])

    def extend_fit(_, fit, settings):
        assert settings.random_seed not in [x.random_seed for x in fit]
        return [*fit, settings]

    monkeypatch.setattr(sbc, "nuts", lambda _, __, settings: asked.append(settings) or [settings])
    monkeypatch.setattr(sbc, "extend_fit", extend_fit)
    monkeypatch.setattr(sbc, "check_convergence", check_convergence)
    fit, checks = sbc.fit_until_converged(SimpleNamespace(sampler=None), xr.Dataset(), 7)
    assert asked == [SAMPLER_ATTEMPTS[index]._replace(random_seed=7) for index in attempts]
    assert [x._replace(random_seed=7) for x in fit] == [asked[-1]] * lengths[-1]
    assert checks.converged == (results[-1] == "converged")
    assert next(remaining, None) is None
    assert [x.target_accept for x in SAMPLER_ATTEMPTS] == sorted(x.target_accept for x in SAMPLER_ATTEMPTS)


MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
STUDIES = 30


@pytest.fixture(scope="module")
def learning(tmp_path_factory):
    """One belief, one rating: 30 people, ten sessions with each of two figures."""
    file = tmp_path_factory.mktemp("theory") / "learning.toml"
    file.write_text(MODEL, encoding="utf-8")
    return compile_study(model_file.load_model(file), 30, 10)


@pytest.fixture(scope="module")
def crediting():
    """Credit assignment between self and figure, with as many people and sessions."""
    return compile_study(model_file.load_model("compensatory"), 30, 10)


def multiplied(name, factor):
    """Return a simulator that multiplies a parameter of everyone by a factor."""

    def simulated(model, phases, people, seed):
        changed = {known: value * factor if known.endswith(name) else value for known, value in people.items()}
        return simulate(model, phases, changed, seed)

    return simulated


def failed(compiled, count=STUDIES):
    """Return the quantities whose ranks in so many studies are not uniform."""
    studies = [
        simulate_and_rank(compiled, compiled.model, SbcDesign(30, 10), np.random.default_rng(seed))
        for seed in range(count)
    ]
    table = uniformity_table(pd.DataFrame([one["ranks"] for one in studies]))
    return set(table.loc[table["status"] == "not uniform", "quantity"])


@pytest.mark.slow
def test_a_sound_program_is_calibrated(learning):
    assert failed(learning) == set()


@pytest.mark.slow
def test_a_rate_that_is_a_fifth_too_fast_is_found(learning, monkeypatch):
    """The mean rate of 30 people is known to 0.1 (logit). A fifth more is 0.2: the mean score is 10 SE from 0."""
    monkeypatch.setattr(sbc, "simulate", multiplied("_rate", 1.2))
    assert "mu availability_rate" in failed(learning)


@pytest.mark.slow
def test_a_variance_half_as_large_again_is_found(crediting, monkeypatch):
    """By 0.4 on the log scale, about three posterior SDs of the group mean: the mean of 10 scores is 10 SE from 0."""
    monkeypatch.setattr(sbc, "simulate", multiplied("total_variance", 1.5))
    assert "mu total_variance" in failed(crediting, 10)


@pytest.mark.slow
def test_a_response_read_too_early_is_found(learning, monkeypatch):
    """Ratings of the belief before the outcome look noisier and slower than the likelihood assumes."""

    def early(model, phases, people, seed):
        responses = {name: response._replace(timing="before") for name, response in model.responses.items()}
        return simulate(model._replace(responses=responses), phases, people, seed)

    monkeypatch.setattr(sbc, "simulate", early)
    assert "log likelihood" in failed(learning)


@pytest.mark.slow
def test_posteriors_too_narrow_are_found(learning, monkeypatch):
    """By a fifth, so scores have a variance of 1.56, 3.1 SE above 1 in 60 studies.

    After correction each of a dozen quantities is found with a probability of about 0.5, and any of them with nearly 1.
    """
    fit_until_converged = sbc.fit_until_converged

    def narrower(compiled, data, seed):
        fit, checks = fit_until_converged(compiled, data, seed)
        posterior = fit["unconstrained_posterior"].to_dataset()
        mean = posterior.mean(("chain", "draw"))
        fit["unconstrained_posterior"] = xr.DataTree(mean + 0.8 * (posterior - mean))
        return fit, checks

    monkeypatch.setattr(sbc, "fit_until_converged", narrower)
    assert failed(learning, 60)
