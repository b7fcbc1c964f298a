"""Calibration against what is uniform and what is not; and whether faults that are planted are found."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.model import model_file
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation import sbc
from iwm_bayes.validation.sbc import (
    MAX_EXTENSION,
    SAMPLER_ATTEMPTS,
    RankedQuantity,
    compile_study,
    relative_rank,
    simulate_and_rank,
)
from iwm_bayes.validation.uniformity import holm_correction, uniform_band, uniform_p, uniformity_table

SETS, COUNT = 400, 100


def clumps(rng):
    """Scores around -1 and 1, half and half: mean 0 and variance 1, as those of even places."""
    return rng.permutation(np.repeat([-1.0, 1.0], COUNT // 2)) + rng.normal(0.0, 0.1, COUNT)


def whole(rng, count):
    return rng.integers(0, 3, count).astype(float)


@pytest.mark.parametrize("test", ["mean", "variance", "band"])
def test_even_places_fail_as_often_as_stated(test):
    """Chances below .1 in a tenth of even sets, within three standard errors; `band` has few values, and never more."""
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
def test_uneven_places_are_found(scores, test):
    """A bias, posteriors too wide, and two clumps with the right mean and variance."""
    found = uniform_p(stats.norm.cdf(scores(np.random.default_rng(1))))
    assert found[test] < 0.001
    assert test != "band" or min(found["mean"], found["variance"]) > 0.05


def test_the_band_holds_even_places():
    """All along at once, in at least 95 of 100 sets, and not in nearly all: within three standard errors."""
    grid, low, high = uniform_band(COUNT)
    shares = (np.random.default_rng(2).random((SETS, COUNT, 1)) <= grid).mean(axis=1)
    inside = ((shares >= low) & (shares <= high)).all(axis=1).mean()
    error = np.sqrt(0.95 * 0.05 / SETS)
    assert 0.95 - 3 * error < inside < 0.95 + 4 * error


def test_chances_are_corrected_by_holm():
    assert holm_correction(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_correction(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    "draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.integers(0, 3, n).astype(float)]
)
def test_a_truth_like_its_draws_has_an_even_place(draw):
    """Also where most values are tied, and where draws count for fewer than they are."""
    rng = np.random.default_rng(3)
    places = [relative_rank(RankedQuantity(float(draw(rng, 1)[0]), draw(rng, 50), 20.0), rng) for _ in range(1000)]
    assert stats.kstest(places, "uniform").pvalue > 0.01


def test_one_fault_among_many_quantities_is_named():
    rng = np.random.default_rng(4)
    places = pd.DataFrame({f"right {index}": rng.random(200) for index in range(20)})
    places["wrong"] = stats.norm.cdf(rng.normal(0.4, 1.0, 200))
    table = uniformity_table(places).set_index("quantity")
    assert table.index[table["says"] == "FAILED"].tolist() == ["wrong"]
    assert table["bias"]["wrong"] == pytest.approx(0.4, abs=3 / np.sqrt(200))


SAID = {  # what a gate says, in few words
    "passed": {},
    "diverged": {"divergences": 1.0},
    "short": {"group_rhat": 1.02},
    "torn": {"group_rhat": 1.2},
    "few": {"group_ess": 300.0},
}
GOOD = {"divergences": 0.0, "bfmi": 0.9, "group_rhat": 1.0}


@pytest.mark.parametrize(
    ("verdicts", "tries", "lengths"),
    [
        (["passed"], [0], [1]),
        (["diverged", "passed"], [0, 1], [1, 1]),
        (["torn", "diverged", "passed"], [0, 1, 2], [1, 1, 1]),
        (["diverged", "torn", "diverged"], [0, 1, 2], [1, 1, 1]),
        (["short", "passed"], [0], [2]),
        (["few", "short", "passed"], [0], [3]),
        (["short", *["few"] * (MAX_EXTENSION - 1), "short", "diverged", "passed"], [0, 1, 2], [MAX_EXTENSION, 2, 1]),
    ],
)
def test_a_study_whose_gate_fails_is_drawn_longer_or_with_more_care(monkeypatch, verdicts, tries, lengths):
    """Longer where only draws are wanting; the first try that passes counts; where none does, the last, as failed."""
    said, asked = iter(verdicts), []

    def gate(_):
        word = next(said)
        return ConvergenceChecks(word == "passed", [], GOOD | SAID[word])

    def prolonged(_, fit, settings):
        assert settings.random_seed not in [x.random_seed for x in fit]
        return [*fit, settings]

    monkeypatch.setattr(sbc, "nuts", lambda _, __, settings: asked.append(settings) or [settings])
    monkeypatch.setattr(sbc, "prolonged", prolonged)
    monkeypatch.setattr(sbc, "gate", gate)
    fit, verdict = sbc.fit_until_converged(SimpleNamespace(sampler=None), xr.Dataset(), 7)
    assert asked == [SAMPLER_ATTEMPTS[index]._replace(random_seed=7) for index in tries]
    assert [x._replace(random_seed=7) for x in fit] == [asked[-1]] * lengths[-1]
    assert verdict.passed == (verdicts[-1] == "passed")
    assert next(said, None) is None
    assert [x.target_accept for x in SAMPLER_ATTEMPTS] == sorted(x.target_accept for x in SAMPLER_ATTEMPTS)


THEORY = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
STUDIES = 30


@pytest.fixture(scope="module")
def learning(tmp_path_factory):
    """One belief, one rating: 30 people, ten sessions with each of two figures."""
    file = tmp_path_factory.mktemp("theory") / "learning.toml"
    file.write_text(THEORY, encoding="utf-8")
    return compile_study(model_file.load_model(file), 30, 10)


@pytest.fixture(scope="module")
def crediting():
    """Credit between self and figure: as many people and sessions."""
    return compile_study(model_file.load_model("compensatory"), 30, 10)


def multiplied(name, factor):
    """A simulator in which whoever is simulated has so many times as much of a parameter."""

    def simulated(model, phases, people, seed):
        changed = {known: value * factor if known.endswith(name) else value for known, value in people.items()}
        return simulate(model, phases, changed, seed)

    return simulated


def failed(ready, count=STUDIES):
    """Quantities that so many studies show not to be calibrated."""
    studies = [simulate_and_rank(ready, ready.model, 30, 10, np.random.default_rng(seed)) for seed in range(count)]
    table = uniformity_table(pd.DataFrame([one["places"] for one in studies]))
    return set(table.loc[table["says"] == "FAILED", "quantity"])


@pytest.mark.slow
def test_a_sound_program_is_calibrated(learning):
    assert failed(learning) == set()


@pytest.mark.slow
def test_a_rate_that_is_a_fifth_too_fast_is_found(learning, monkeypatch):
    """A rate is known to .1 (logit) of a group of 30; a fifth more is .2: the mean of 30 scores is 10 se from 0."""
    monkeypatch.setattr(sbc, "simulate", multiplied("_rate", 1.2))
    assert "centre availability_rate" in failed(learning)


@pytest.mark.slow
def test_a_variance_half_as_large_again_is_found(crediting, monkeypatch):
    """By .4 on the log scale, some three posterior sds of the centre: the mean of 10 scores is 10 se from 0."""
    monkeypatch.setattr(sbc, "simulate", multiplied("total_variance", 1.5))
    assert "centre total_variance" in failed(crediting, 10)


@pytest.mark.slow
def test_a_response_read_too_early_is_found(learning, monkeypatch):
    """Ratings of the belief before the outcome look noisier, and slower, than the likelihood says."""

    def early(model, phases, people, seed):
        responses = {name: response._replace(timing="before") for name, response in model.responses.items()}
        return simulate(model._replace(responses=responses), phases, people, seed)

    monkeypatch.setattr(sbc, "simulate", early)
    assert "log likelihood" in failed(learning)


@pytest.mark.slow
def test_posteriors_too_narrow_are_found(learning, monkeypatch):
    """By a fifth, so scores have a variance of 1.56, 3.1 se above 1 in 60 studies: after correction a chance of about
    .5 for each of a dozen quantities, and of nearly 1 for any of them."""
    fitted = sbc.fit_until_converged

    def narrower(ready, data, seed):
        fit, verdict = fitted(ready, data, seed)
        posterior = fit["posterior"].to_dataset()
        middle = posterior.mean(("chain", "draw"))
        fit["posterior"] = xr.DataTree(middle + 0.8 * (posterior - middle))
        return fit, verdict

    monkeypatch.setattr(sbc, "fitted", narrower)
    assert failed(learning, 60)
