"""What is said of raters, and of every other answer at each draw."""

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.estimands.estimand import Shared
from iwm_bayes.estimands.raters import RATERS
from iwm_bayes.estimands.security.belief_paths import belief_path_batches
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters

PEOPLE, SESSIONS, DRAWS = 40, 30, 5
VALUES = {"responsiveness": 0.6, "responsiveness_variation": 1.2, "outcome_patient_slope": 0.8}
VALUES |= {"outcome_patient_lean": 0.3, "outcome_patient_noise": 0.1, "outcome_patient_bias": 0.05}
VALUES |= {"outcome_therapist_noise": 0.2}


@pytest.fixture(scope="module")
def fit():
    """People who are all alike, at values that are known, with innovations that were drawn anew."""
    model = model_with_raters(load_model("rescorla_wagner"), raters(["patient", "therapist"]))
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, SESSIONS, assessed=True)], PEOPLE, 1)
    free, declared = free_parameters(model, ["therapist"]), parameters(model)
    centre = {name: sum(own.prior_90) / 2 for name, own in declared.items()} | VALUES
    mu = np.array([LINKS[one.parameter.support][0](np.float64(centre[one.name])) for one in free])
    generator, events = np.random.default_rng(2), data.sizes["event"]
    variables = {
        "mu": (("chain", "draw", "parameter"), np.tile(mu, (1, DRAWS, 1))),
        "theta": (("chain", "draw", "parameter", "person"), np.tile(mu[:, None], (1, DRAWS, 1, PEOPLE))),
        "innovation": (
            ("chain", "draw", "innovation_name", "event", "person"),
            generator.normal(size=(1, DRAWS, 1, events, PEOPLE)),
        ),
    }
    labels = {"parameter": [one.label for one in free], "innovation_name": list(model.rule.innovations)}
    posterior = xr.Dataset(variables, labels | {"chain": [0], "draw": range(DRAWS)})
    return model, xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})


def test_reliability_is_the_squared_correlation_of_rating_and_outcome(fit):
    """Of simulated ratings whose expectation is held constant, by a regression on the outcome alone."""
    found = RATERS.compute(*fit, Shared({}))
    generator = np.random.default_rng(3)
    outcome = 1 / (1 + np.exp(-np.log(0.6 / 0.4) - 1.2 * generator.normal(size=200_000)))
    for name, slope, noise in (("patient", 0.8 - 0.3, 0.1), ("therapist", 1.0, 0.2)):
        rating = slope * outcome + np.hypot(noise, 0.02) * generator.normal(size=len(outcome))
        reliability = np.corrcoef(rating, outcome)[0, 1] ** 2
        assert float(found["reliability"].sel(rater=name).mean()) == pytest.approx(reliability, abs=0.03)


def test_the_table_has_everyone_and_says_whose_scale_it_is(fit):
    table = RATERS.table(RATERS.compute(*fit, Shared({}))).set_index("rater")
    assert list(table.index) == ["patient", "therapist"]
    assert list(table["note"]) == ["", "scale of the outcome"]
    expected = {"bias": 0.05, "slope": 0.8, "lean": 0.3, "noise": 0.1}
    assert table.loc["patient", list(expected)].to_dict() == pytest.approx(expected)
    assert table.loc["therapist", ["bias", "slope", "lean"]].tolist() == [0.0, 1.0, 0.0]


def test_without_raters_there_is_no_table():
    model = load_model("rescorla_wagner")
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, 3)], 2, 1)
    assert RATERS.compute(model, xr.DataTree.from_dict({"constant_data": data}), Shared({})) is None


def test_care_that_is_supposed_makes_outcomes_that_are_not_latent(fit):
    """Observed outcomes are latent, between 0 and 1; those of a counterfactual or a projection are what care makes."""
    paths = next(belief_path_batches(*fit, DRAWS, "therapist"))
    observed, always = paths.observed_path(), paths.counterfactual(constant_care(1.0), np.random.default_rng(1))
    there = observed.observed  # people who withdraw experience nothing
    assert ((observed.outcome > 0) & (observed.outcome < 1))[there].all()
    assert (always.outcome == 1.0)[there].all()
    ahead = paths.forecast(constant_care(1.0), 3, np.random.default_rng(1))
    assert (ahead.outcome == 1.0)[ahead.observed].all()
    assert (paths.constant_outcome(0.7, 3).outcome == 0.7).all()
