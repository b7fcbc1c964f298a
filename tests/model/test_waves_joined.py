"""Waves together with what else a study may have: trend, belief noise, symptoms, covariates of sessions, raters."""

import numpy as np
import pytest
from scipy import stats
from two_waves import PEOPLE, RESPONSES, drawn_theta, log_likelihood, natural, of_wave, two_waves, wave_study

from iwm_bayes.data.waves import model_with_waves
from iwm_bayes.filtering.arrays import event_array, response_array, true_innovations, with_innovations
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import given_people
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import Phase, phase_waves, simulate
from iwm_bayes.types import parameters
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.study import Column, Outcome, Wave

SYMPTOM = RESPONSES | {"symptom": Column("phq", lag=1)}
JOINED = {  # what a study has in addition to waves: its model, and more of the study
    "trend": ("rescorla_wagner+trend", {}),
    "belief noise": ("rescorla_wagner+belief_noise", {}),
    "symptom with a lag": ("symptom", {"responses": SYMPTOM}),
    "covariate of sessions": ("rescorla_wagner", {"formulas": {"availability_rate": "homework"}}),
    "raters": ("rescorla_wagner", {"outcome": Outcome(raters={"patient": "by_patient", "therapist": "by_therapist"})}),
}
SYMPTOM_MODEL = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = ["availability_rating", "worth_rating", "approach", "symptom"]
"""


def joined(kind, folder, table, wave=None):
    """Return the model of a study with waves and something else, bound to its data."""
    (folder / "symptom.toml").write_text(SYMPTOM_MODEL, encoding="utf-8")
    name, words = JOINED[kind]
    generator = np.random.default_rng(5)
    columns = dict(
        zip(("phq", "by_patient", "by_therapist"), generator.uniform(0.1, 0.9, (3, 40 * PEOPLE)), strict=True)
    )
    homework = np.where(np.arange(40 * PEOPLE) % 3, "yes", "no")
    own = table.assign(**{key: column[table.index] for key, column in columns.items()}, homework=homework[table.index])
    return Model(folder / "symptom.toml" if name == "symptom" else name, wave_study(own, **{"wave": wave} | words))


@pytest.mark.parametrize("kind", JOINED)
def test_waves_join_with_everything_else(kind, tmp_path):
    """With a restart two waves are two studies, and without changes carried beliefs are one, innovations included."""
    table = two_waves()
    bound = joined(kind, tmp_path, table, Wave("wave"))
    free, theta = drawn_theta(bound)
    values, total = natural(bound, free, theta), np.zeros(PEOPLE)
    half = bound.data.sizes["event"] // 2
    innovations = np.random.default_rng(7).normal(size=(len(bound.spec.rule.innovations), 2 * half, PEOPLE))
    for index, wave in enumerate(("first", "second")):
        alone = joined(kind, tmp_path, table[table["wave"] == wave])
        own = of_wave(bound, values, index, 2)
        total += log_likelihood(alone.spec, alone.data, own, innovations[:, index * half :][:, :half])
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values, innovations), total, rtol=1e-10)
    one = joined(kind, tmp_path, table.assign(session=table["session"] + 5 * (table["wave"] == "second")))
    carried = joined(kind, tmp_path, table, Wave("wave", beliefs="carried"))
    free, theta = drawn_theta(carried)
    theta = np.where(np.array(["_change" in each.name for each in free])[:, None], 0.0, theta)
    values = natural(carried, free, theta)
    expected = log_likelihood(one.spec, one.data, {name: values[name] for name in parameters(one.spec)}, innovations)
    np.testing.assert_allclose(log_likelihood(carried.spec, carried.data, values, innovations), expected, rtol=1e-10)


def deviates_of_ratings(model, data, values):
    """The standardised residuals of the first two sessions of the second wave, at the innovations of the data."""
    events = with_innovations(event_array(data), true_innovations(model.rule, data))
    terms = likelihood_terms(model, figure_names(data), values, events, response_array(model, data))
    early = (data["wave_index"].values == 1) & (data["session_of_wave"].values <= 2)
    return {term.name: ((term.value - term.arguments["mu"]) / term.arguments["sigma"])[early] for term in terms}


@pytest.mark.parametrize("beliefs", ["restarted", "carried"])
def test_simulations_agree_with_the_likelihood_after_a_new_wave(beliefs, tmp_path):
    """In closed loop and again in open loop: belief noise, a symptom that lags, and what is left of its residuals.

    Answers stay far from the ends of their scales, so that residuals are normal.
    """
    (tmp_path / "symptom.toml").write_text(SYMPTOM_MODEL + "belief_noise = true\n", encoding="utf-8")
    model = load_model(tmp_path / "symptom.toml", ["approach"])
    symptom = model.responses["symptom"]._replace(lag=1)
    model = model._replace(responses=model.responses | {"symptom": symptom})
    phases = [Phase({"a": constant_care(0.8), "b": constant_care(0.4)}, 5, wave=wave) for wave in ("first", "second")]
    waved, count = model_with_waves(model, phase_waves(model, phases, beliefs)), 120
    middle = {name: sum(own.prior_90) / 2 for name, own in parameters(waved).items() if own.fixed is None}
    changed = {name: 0.0 for name in middle if "_change" in name}
    changed |= {name: 0.8 for name in ("availability_start_change", "availability_rate_change") if name in middle}
    changed |= {f"{belief}_belief_noise": 0.03 for belief in ("availability", "worth")}
    changed |= {f"{response}_noise": 0.05 for response in ("availability_rating", "worth_rating", "symptom")}
    changed |= {"symptom_slope_availability": -0.3, "symptom_slope_worth": -0.3, "symptom_persistence": 0.9}
    values = {name: np.full(count, value) for name, value in (middle | changed).items()}
    data, values = simulate(model, phases, values, 1, beliefs), given_people(waved, values)
    again = along_events(waved, data, values, np.random.default_rng(5))
    redrawn = data.assign({f"answer_{name}": (("event", "person"), answer) for name, answer in again.items()})
    for own in (data, redrawn):
        for z in deviates_of_ratings(waved, own, values).values():
            assert stats.kstest(z, "norm").pvalue > 0.01
            assert abs(z.mean()) < 4 / np.sqrt(len(z))
            assert abs((z**2).mean() - 1) < 4 * np.sqrt(2 / len(z))
