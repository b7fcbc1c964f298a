"""Test-retest reliability from the SDs of means and changes, and what its priors imply."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from two_waves import RESPONSES, two_waves, wave_study

from iwm_bayes.data.binding import wants
from iwm_bayes.data.waves import one_course
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.outcome_swaps import events_by_figure, exchangeable
from iwm_bayes.diagnostics.weak_parameters.wave_checks import change_contraction, sessions_in_wave
from iwm_bayes.estimands.registry import ESTIMANDS
from iwm_bayes.estimands.reliability import (
    parameters_with_waves,
    people_by_waves,
    prior_reliability,
    reliability,
    reliability_of,
    reliability_table,
    wave_change_table,
)
from iwm_bayes.estimands.security.rating_thresholds import rating_thresholds
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.report.answer.beliefs import first_and_last, sessions_of_one_course, within_first_wave
from iwm_bayes.report.answer.reliability import reliability_answer
from iwm_bayes.report.labels import parameter_words
from iwm_bayes.report.methods import waves_statement
from iwm_bayes.rules.modifiers.waves import wave_contrasts
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.study import Column, Wave

ONLY = {"availability_rating": RESPONSES["availability_rating"]}


def bound(names=("first", "second"), **words):
    """A model of waves with its data, without a fit."""
    return Model("rescorla_wagner", wave_study(two_waves(names=names, **words), ONLY, Wave("wave", order=names)))


def made_fit(model, mu, sigma):
    """Return a fit whose draws are given by label, {label: (draw,)}; elsewhere means are 0, and SDs .3."""
    labels = [free.label for free in free_parameters(model.spec, figure_names(model.data))]
    draws = len(next(iter(mu.values())))
    values = {
        name: (
            ("chain", "draw", "parameter"),
            np.stack([given.get(own, np.full(draws, other)) for own in labels], -1)[None],
        )
        for name, given, other in (("mu", mu, 0.0), ("sigma", sigma, 0.3))
    }
    posterior = xr.Dataset(values, {"parameter": labels})
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": model.data})


@pytest.mark.parametrize("waves", [2, 3, 4])
def test_reliability_is_the_intraclass_correlation(waves):
    """From simulated values of people in waves: the average covariance over the average variance, ICC(3,1)."""
    generator = np.random.default_rng(waves)
    u, v = generator.normal(0.0, 0.8, (200, 1)), generator.normal(0.0, 0.6, (200, waves))
    values = u + v + np.arange(waves)
    covariance = np.cov(values.T)
    between = covariance[~np.eye(waves, dtype=bool)].mean()
    expected = between / np.diag(covariance).mean()
    changes = [values[:, k] - values[:, :k].mean(axis=1) for k in range(1, waves)]
    sds = np.std([values.mean(axis=1), *changes], axis=1, ddof=1)
    np.testing.assert_allclose(reliability_of(sds[0], sds[1:]), expected, rtol=1e-12)


def test_means_and_changes_of_independent_waves_are_independent():
    """With one SD of all waves the coordinates are orthogonal, so that the hierarchy needs no correlation."""
    for waves in (2, 3, 5):
        to_coordinates = np.linalg.inv(np.column_stack([np.ones(waves), wave_contrasts(waves)]))
        covariance = to_coordinates @ (0.5 * np.ones((waves, waves)) + 0.3 * np.eye(waves)) @ to_coordinates.T
        k = np.arange(1, waves)
        np.testing.assert_allclose(covariance, np.diag([0.5 + 0.3 / waves, *0.3 * (k + 1) / k]), atol=1e-14)


def test_the_prior_of_two_waves_is_a_half_arcsine():
    """SDs of m and d/2 are half-normal with scales s and s/2, so their ratio is half a half-Cauchy: median .6."""
    [(mean, changes), *_] = parameters_with_waves((own := bound()).spec, own.data)
    drawn = prior_reliability(mean, changes, 200_000)
    ratio = stats.halfcauchy.ppf([0.75, 0.5, 0.25]) / 2.0
    expected = (1.0 - ratio**2) / (1.0 + ratio**2)
    np.testing.assert_allclose(expected[1], 0.6)
    np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.5, 0.75]), expected, atol=0.01)


@pytest.mark.parametrize("waves", [3, 4])
def test_more_waves_have_a_similar_prior(waves):
    """The implied reliability stays plausible: its median is near .5, and most of it above 0."""
    own = bound(names=[f"t{wave}" for wave in range(1, waves + 1)])
    [(mean, changes), *_] = parameters_with_waves(own.spec, own.data)
    drawn = prior_reliability(mean, changes, 50_000)
    assert 0.45 < np.median(drawn) < 0.55
    assert (drawn > 0).mean() > 0.7


def test_reliability_and_change_by_hand():
    """One parameter: SDs .5 and .6 of m and d give var(v) .18 and var(u) .16; d moves the median person."""
    own = bound()
    mu = {"availability_rate": np.full(4, -1.0), "availability_rate_change": np.full(4, 0.4)}
    sigma = {"availability_rate": np.full(4, 0.5), "availability_rate_change": np.full(4, 0.6)}
    found = reliability(own.spec, made_fit(own, mu, sigma)).sel(parameter="availability_rate").isel(chain=0, draw=0)
    np.testing.assert_allclose(found["reliability"], 0.16 / 0.34)
    np.testing.assert_allclose([found["sd_person"], found["sd_wave"]], [0.4, np.sqrt(0.18)])
    np.testing.assert_allclose(found["change"].sel(interval="first to second"), 0.4)
    logistic = [1 / (1 + np.exp(-x)) for x in (-1.2, -0.8)]
    np.testing.assert_allclose(found["change_natural"].sel(interval="first to second"), logistic[1] - logistic[0])
    np.testing.assert_allclose(found["sd_change"].sel(interval="first to second"), 0.6)
    assert int(found["people"]) == 4


def test_changes_between_three_waves_by_hand():
    """d_2 is from the first to the second wave, d_3 from their mean to the third: 1 and 1 are 0, 1 and 1.5."""
    own = bound(names=("t1", "t2", "t3"))
    ones = {f"availability_rate_change_{wave}": np.ones(2) for wave in (2, 3)}
    sigma = {name: np.ones(2) for name in ("availability_rate", *ones)}
    found = reliability(own.spec, made_fit(own, {"availability_rate": np.zeros(2)} | ones, sigma))
    change = found["change"].sel(parameter="availability_rate").isel(chain=0, draw=0)
    assert change["interval"].values.tolist() == ["t1 to t2", "t2 to t3"]
    np.testing.assert_allclose(change, [1.0, 0.5])
    sd = found["sd_change"].sel(parameter="availability_rate").isel(chain=0, draw=0)
    np.testing.assert_allclose(sd, [1.0, np.hypot(0.5, 1.0)])


def test_tables_and_the_answer_of_a_report():
    """Medians with intervals and the probability to be above .7; a parameter that is the same for all has no line."""
    own = bound()
    generator = np.random.default_rng(1)
    drawn = {name: np.abs(generator.normal(0.5, 0.02, 400)) for name in ("availability_rate", "availability_start")}
    sigma = drawn | {f"{name}_change": values / 2 for name, values in drawn.items()}
    fit = made_fit(own, {name: np.zeros(400) for name in sigma}, sigma)
    found = reliability(own.spec, fit)
    table = reliability_table(found).set_index("parameter")
    assert list(table.index) == ["availability_start", "availability_rate", "availability_rating_noise"]
    line = table.loc["availability_rate"]
    expected = (1 - 1 / 16) / (1 + 1 / 16)
    assert line["ci90_low"] < expected < line["ci90_high"]
    assert line["p_above_0.7"] == 1.0
    assert len(wave_change_table(found)) == 3
    answer = reliability_answer(own.spec, found.sel(parameter=["availability_rate"]), "adults")
    assert answer.headline.startswith("Test-retest reliability is 0.88 for learning rate of availability (90% CrI")
    assert "4 adults with two waves" in answer.headline


def test_the_methods_paragraph_names_waves():
    """Which parameters differ, what beliefs do, and where the coefficient is from."""
    said = waves_statement(bound().data)
    assert "2 waves (first and second), and beliefs restarted in every wave" in said
    assert "availability_rate" in said
    assert "ICC(3,1)" in said
    assert waves_statement(bound().data.drop_vars("wave_index")) == ""


def test_words_of_changes():
    """A change is named after its parameter."""
    assert parameter_words("availability_rate_change") == "Change of learning rate of availability, link scale"
    assert parameter_words("worth_start_change_3") == "Change to wave 3 of initial self-worth, link scale"
    assert parameter_words("approach_bias_change[friend]") == "Change of approach bias (friend), link scale"


def test_what_waves_cannot_tell_is_said():
    """Few people, few and different sessions, and changes that one person's sessions hardly determine."""
    data = simulate(
        load_model("rescorla_wagner", without=["worth_rating", "approach"]),
        [Phase({"a": constant_care(0.7)}, sessions, wave=wave) for wave, sessions in (("1", 3), ("2", 12))],
        10,
        seed=1,
    )
    own = Model("rescorla_wagner", data)
    said = " ".join(identifiability(own.spec, own.data))
    for words in ("10 people have sessions in two waves", "1 3, 2 12", "different numbers", "beliefs restart"):
        assert words in said
    assert people_by_waves(data).tolist() == [2] * 10
    assert [sessions_in_wave(data, wave) for wave in (0, 1)] == [3, 12]


def test_longer_waves_say_more_about_a_change():
    """Expected contraction rises with sessions, and nears that of a Gaussian mean where the noise is known."""
    model = load_model("rescorla_wagner", without=["worth_rating", "approach"])
    found = []
    for sessions in (4, 40):
        phases = [Phase({"a": constant_care(0.7)}, sessions, wave=wave) for wave in "12"]
        data = simulate(model, phases, 12, seed=1)
        own = Model("rescorla_wagner", data)
        found.append(change_contraction(own.spec, own.data))
    assert found[0]["availability_rate"] < found[1]["availability_rate"]
    # the log SD of n ratings: information 2 each, less for the floor of the SD; a change is twice a wave's deviation
    free = {one.name: one for one in free_parameters(own.spec, figure_names(own.data))}
    variance = np.exp(2 * free["availability_rating_noise"].prior_mean)
    information = 40 * 2 * (variance / (variance + 0.02**2)) ** 2
    prior = free["availability_rating_noise_change"].parameter.prior_between_sd ** 2
    expected = 1 - 1 / (1 + prior * information / 2)
    # relative SE of the information of 80 ratings, 24 replications and 8 people: sqrt(14 / 15360) = .03, so .003 here
    np.testing.assert_allclose(found[1]["availability_rating_noise"], expected, atol=0.01)


BELIEF_NOISE = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = ["availability_rating"]
belief_noise = true
parameters.availability_rate.pooling = "complete"
parameters.availability_rating_noise.pooling = "complete"
"""


def test_what_waves_can_tell_has_unknown_innovations(tmp_path):
    """Initial beliefs of two waves, by least squares with the covariance of a walk that learning contracts.

    Near the prior means the model is linear: a belief is start (1 - rate)^n + the decayed steps + what outcomes add.
    """
    (tmp_path / "walk.toml").write_text(BELIEF_NOISE, encoding="utf-8")
    model = load_model(tmp_path / "walk.toml")
    phases = [Phase({"a": constant_care(0.7)}, 8, wave=wave) for wave in "12"]
    own = Model(model, simulate(model, phases, 1, seed=1))
    free = {one.name: one for one in free_parameters(own.spec, figure_names(own.data))}
    rate = 1 / (1 + np.exp(-free["availability_rate"].prior_mean))
    start = 1 / (1 + np.exp(-free["availability_start"].prior_mean))
    step, sd = (
        np.exp(free["availability_belief_noise"].prior_mean),
        np.hypot(np.exp(free["availability_rating_noise"].prior_mean), 0.02),
    )
    n = np.arange(1, 9)
    of_start = start * (1 - start) * (1 - rate) ** n  # slope of the ratings after each outcome of a wave
    of_steps = step * np.where(n[:, None] >= n, (1 - rate) ** (n[:, None] - n + 1.0), 0.0)
    covariance = of_steps @ of_steps.T + sd**2 * np.eye(8)
    of_wave = of_start @ np.linalg.solve(covariance, of_start)  # information about one wave's initial belief
    sds = np.array(
        [free[name].parameter.prior_between_sd for name in ("availability_start", "availability_start_change")]
    )
    weights = np.array([[1.0, -0.5], [1.0, 0.5]])  # of mean and change, by wave
    posterior = np.linalg.inv(of_wave * weights.T @ weights + np.diag(sds**-2.0))
    expected = 1 - posterior[1, 1] / sds[1] ** 2
    found = change_contraction(own.spec, own.data, replications=640)["availability_start"]
    # information at an event is estimated with a relative SD of sqrt(2 / 640) = .06, and some six events count: SE .01
    np.testing.assert_allclose(found, expected, rtol=0.03)


def test_outcomes_are_exchanged_within_a_wave():
    """The k-th outcome of a wave takes the place of the k-th of the same wave."""
    data = bound(people=8).data
    kinds = events_by_figure(data)
    assert len(kinds) == 4  # two figures, two waves
    assert sum(kind.sum() for kind in kinds) == data["observed"].values.sum()
    exchanged = exchangeable(data).exchange(np.random.default_rng(1))
    for wave in (0, 1):
        here = (data["wave_index"] == wave).values
        before, after = (np.sort(one["outcome"].values[here]) for one in (data, exchanged))
        np.testing.assert_array_equal(before, after)


def test_earned_security_needs_one_course_of_beliefs():
    """Where beliefs restart it is neither computed nor wanted; where they are carried it is."""
    table = two_waves()
    data = {
        beliefs: Model("rescorla_wagner", wave_study(table, ONLY, Wave("wave", beliefs=beliefs))).data
        for beliefs in ("restarted", "carried")
    }
    assert not wants(data["restarted"], "earned_security")
    assert wants(data["restarted"], "reliability")
    assert wants(data["carried"], "earned_security")
    one_course(data["carried"])
    with pytest.raises(InputError, match="one course of beliefs"):
        one_course(data["restarted"])
    with pytest.raises(InputError, match="one course of beliefs"):
        wave_study(table, ONLY, Wave("wave"), estimands=["earned_security"])


def test_simulated_waves_begin_anew():
    """Phases name their waves, and each person's first belief of a wave is that of the wave."""
    model = load_model("rescorla_wagner", without=["worth_rating", "approach"])
    phases = [Phase({"a": constant_care(1.0)}, 5, assessed=True, wave=wave) for wave in ("t1", "t2")]
    values = {
        "availability_start": 0.3,
        "availability_start_change": 1.0,
        "availability_rate": 0.2,
        "availability_rate_change": 0.0,
        "availability_rating_noise": np.full(100, 1e-6),
        "availability_rating_noise_change": 0.0,
    }
    data = simulate(model, phases, values, seed=1)
    logit = np.log(0.3 / 0.7)
    expected = [1 / (1 + np.exp(-(logit + change))) for change in (-0.5, 0.5)]
    first = data["answer_availability_rating"].values[[0, 6]].mean(axis=1)
    np.testing.assert_allclose(first, expected, atol=4 * 0.02 / np.sqrt(100))  # four errors: the SD has a floor of .02
    with pytest.raises(InputError, match="one wave after the other"):
        simulate(model, [phases[0], phases[1], phases[0]], 3, seed=1)


SEVERAL_WAVES = {  # what every estimand is about where beliefs restart in every wave
    "group_summary": "the mean over waves; a change has a line of its own",
    "marginal_effects": "the mean over waves",
    "group_sd": "the mean over waves; a change has a line of its own",
    "reliability": "waves",
    "wave_change": "waves",
    "raters": "no belief",
    "expectancy_bias": "no belief",
    "learned_share": "waves",
    "time_to_security": "refused",
    "arms": "refused",
    "sensitivity": "refused",
    "leaving_sensitivity": "refused",
    "symptom_effects": "the last wave",
    "rating_thresholds": "refused",
    "styles": "refused",
    "dyad_similarity": "the mean over waves",
    "person_summary": "the mean over waves; a change has a line of its own",
    "beliefs": "sessions",
}


def test_every_estimand_knows_what_a_restart_means():
    """What follows people from first to last is not wanted of such data, and all others say what they are about."""
    assert {name for name, one in ESTIMANDS.items() if one.about != "dyads"} == set(SEVERAL_WAVES)  # dyads have none
    data = bound().data
    refused = {name for name, one in ESTIMANDS.items() if one.part and not wants(data, one.part)}
    assert refused == {name for name, about in SEVERAL_WAVES.items() if about == "refused"}


def test_beliefs_that_restart_are_described_within_the_first_wave():
    """Of three people, one has no session of it; others keep the initial belief and the sessions of this wave."""
    table = two_waves(people=3)
    table = table[(table["person"] != "p2") | (table["wave"] == "second")]
    table = table[(table["person"] != "p1") | (table["wave"] == "second") | (table["session"] <= 2)]
    data = Model("rescorla_wagner", wave_study(table, ONLY, Wave("wave"))).data
    numbers = np.arange(11.0) + 100 * np.arange(3)[:, None]
    coordinates = {"session": np.arange(11), "person": data["person"].values}
    beliefs = xr.DataArray(numbers.T[None], coordinates, ("sample", "session", "person"))
    own = within_first_wave(beliefs, data, "mother")
    assert own["person"].values.tolist() == ["p0", "p1"]
    first, last = first_and_last(own)
    assert [first, last] == [[50.0], [(5 + 102) / 2]]
    assert sessions_of_one_course(data, "mother").tolist() == [5, 2, 0]


def test_rating_thresholds_are_those_of_the_mean_over_waves():
    """A rating on its own scale, .5 + intercept + slope (belief - .5): changes between waves have no part in it."""
    names = ("availability_rating_intercept", "availability_rating_slope")
    responses = {"availability_rating": Column("closeness", commensurable=False)}
    own = Model("rescorla_wagner", wave_study(two_waves(), responses, Wave("wave", parameters=names)))
    mu = {names[0]: np.full(9, 0.1), names[1]: np.full(9, 0.2)}
    mu |= {f"{name}_change": np.full(9, 0.3) for name in names}
    low, high = rating_thresholds(own.spec, made_fit(own, mu, {"availability_rate": np.ones(9)}))
    np.testing.assert_allclose([low.rating, high.rating], [0.5 + 0.1 - 0.2 * 0.1, 0.5 + 0.1 + 0.2 * 0.1])
