"""The likelihood where beliefs move by themselves, together with each other feature, event by event by hand."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, logit
from scipy.stats import norm

from iwm_bayes.data.waves import model_with_waves
from iwm_bayes.filtering.arrays import event_array, response_array, restarts, with_innovations
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, phase_waves, simulate
from iwm_bayes.types import parameters

FILE = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
belief_noise = true
transfer = {transfer}
responses = ["availability_rating", "approach"]
"""
VALUES = {
    "availability_start": 0.8,
    "availability_rate": 0.3,
    "availability_belief_noise": 0.2,
    "transfer": 0.6,
    "availability_rating_noise": 0.1,
    "availability_rating_intercept": 0.0,
    "availability_rating_slope": 1.0,
    "approach_bias": 0.4,
    "approach_sensitivity": 1.3,
    "availability_start_change": -1.5,
    "availability_rate_change": 0.5,
}
CARE = constant_care(0.9)
ONE, TWO = {"therapist": CARE}, {"therapist": CARE, "partner": CARE}
STUDIES = {  # phases, and whether beliefs about a new figure come from those met
    "alone": ([Phase(ONE, 12)], False),
    "figures": ([Phase(TWO, 8)], False),
    "transfer": ([Phase(ONE, 6), Phase(TWO, 6)], True),
    "waves": ([Phase(ONE, 8, wave="first"), Phase(ONE, 8, wave="second")], False),
}


def by_hand(data, person, values, innovations):
    """Return the log likelihood of one person and the beliefs before each outcome, from the equations."""
    first_event, trust, total, path, link = restarts(data)[:, person], {}, 0.0, [], values["wave_change"]
    for event in np.flatnonzero(data["present"].values[:, person]):
        own = {name: float(data[name].values[event, person]) for name in ("outcome", "observed", "since_figure")}
        figure = int(data["figure_index"].values[event, person])
        shift = link * (0.5 if first_event[: event + 1].sum() == 1 else -0.5)  # only the second wave restarts
        start = expit(logit(VALUES["availability_start"]) + shift * VALUES["availability_start_change"])
        rate = expit(logit(VALUES["availability_rate"]) + shift * VALUES["availability_rate_change"])
        trust = {} if first_event[event] else trust
        if figure not in trust:
            others = np.mean(list(trust.values())) if trust else start
            trust[figure] = start + values["transfer"] * (others - start)
        trust[figure] += VALUES["availability_belief_noise"] * np.sqrt(own["since_figure"]) * innovations[event, person]
        path.append(trust[figure])
        expected = 0.001 + 0.998 * np.clip(trust[figure], 0.0, 1.0)
        log_odds = VALUES["approach_bias"] + VALUES["approach_sensitivity"] * logit(expected)
        chosen = data["answer_approach"].values[event, person]
        total += log_expit(log_odds if chosen else -log_odds)
        if own["observed"]:
            trust[figure] += rate * (own["outcome"] - trust[figure])
        rating, sd = data["answer_availability_rating"].values[event, person], np.hypot(0.1, 0.02)
        if rating in (0.0, 1.0):
            total += norm.logcdf((2 * rating - 1) * (trust[figure] - rating) / sd)
        elif not np.isnan(rating):
            total += norm.logpdf(rating, trust[figure], sd)
    return total, path


@pytest.mark.parametrize("kind", STUDIES)
def test_the_likelihood_is_that_of_the_equations_wherever_beliefs_go(kind, tmp_path):
    """Choices and ratings of people whose beliefs leave 0..1, with several figures, transfer, or waves."""
    phases, transfer = STUDIES[kind]
    (tmp_path / "own.toml").write_text(FILE.format(transfer=str(transfer).lower()))
    model = load_model(tmp_path / "own.toml")
    bound = model_with_waves(model, phase_waves(model, phases, "restarted"))
    people = {name: np.full(5, VALUES.get(name, 0.0)) for name in parameters(bound)}
    data, model = simulate(model, phases, people, seed=1), bound
    innovations = np.random.default_rng(2).normal(size=data["outcome"].shape)
    events = with_innovations(event_array(data), innovations[None])
    terms = likelihood_terms(model, figure_names(data), people, events, response_array(model, data))
    found = sum(
        response_log_density(model.responses[term.name].family, term.arguments, term.value, term.recorded).sum(axis=0)
        for term in terms
    )
    more = {"transfer": VALUES["transfer"] * transfer, "wave_change": float(kind == "waves")}
    expected, paths = zip(*(by_hand(data, person, more, innovations) for person in range(5)), strict=True)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    beliefs = np.concatenate(paths)
    assert beliefs.max() > 1.05
