"""Both models of the page begin with the same beliefs, by the models' own filters."""

import numpy as np
import pytest

from iwm_bayes.explorer.initial_beliefs import InitialBeliefs, held_wanted, with_initial_beliefs
from iwm_bayes.explorer.people import identical_people
from iwm_bayes.explorer.scenario import THERAPIST
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.types import rule_values

WANTED = InitialBeliefs(availability=0.3, worth=0.62)
OUT_OF_REACH = {"strain_test", "contingent"}  # their initial beliefs are bounded: see their equations


def filtered_start(model, chosen):
    """Return availability and self-worth before the first outcome, as the filter of fits computes them."""
    event = np.ones((1, len(EVENT_FIELDS) + 2, 1))
    event[:, -1] = 0.0  # the figure was not met before
    p = rule_values(model, identical_people(model, chosen, [THERAPIST], 1))
    (first,) = filter_events(model.rule, p, event, 1)
    beliefs = model.rule.beliefs(p, first.before, first.event)
    return float(beliefs.availability.mean[..., 0].squeeze()), float(beliefs.worth.mean[0])


@pytest.mark.parametrize("name", built_in_models())
def test_every_model_starts_at_the_wanted_beliefs(name):
    """Also where time passes before the first outcome, or where the parameter is pulled towards one half."""
    model = load_model(name)
    held = held_wanted([model], [{}], WANTED)
    assert (held != WANTED) == (name in OUT_OF_REACH)
    assert filtered_start(model, with_initial_beliefs(model, {}, held)) == pytest.approx(tuple(held), abs=1e-6)


def test_the_parameter_itself_would_not_match_every_model():
    """Under `growth` a belief approaches its plateau before the first outcome, so its parameter lies further out."""
    values = with_initial_beliefs(load_model("growth"), {}, WANTED)
    assert values["availability_start"] < 0.29
    assert with_initial_beliefs(load_model("kalman"), {}, WANTED)["availability_start"] == pytest.approx(0.3)


def test_what_one_model_cannot_reach_holds_for_both():
    """Two models share the nearest beliefs that both reach: the median of a splitting belief is pulled to one half."""
    models = [load_model("kalman"), load_model("splitting")]
    held = held_wanted(models, [{}, {}], InitialBeliefs(0.15, 0.85))
    assert held != InitialBeliefs(0.15, 0.85)
    starts = [filtered_start(model, with_initial_beliefs(model, {}, held)) for model in models]
    assert starts[0] == pytest.approx(starts[1], abs=1e-6)
    assert starts[0] == pytest.approx(tuple(held), abs=1e-6)
    assert held_wanted(models[:1], [{}], InitialBeliefs(0.15, 0.85)) == pytest.approx((0.15, 0.85))


def test_initial_beliefs_stay_matched_when_parameters_move():
    """The pull of the prior of `compensatory` depends on another parameter, and is undone at each of its values."""
    model = load_model("compensatory")
    for variance in (0.3, 2.0):
        chosen = with_initial_beliefs(model, {"total_variance": variance}, WANTED)
        assert filtered_start(model, chosen) == pytest.approx(tuple(WANTED), abs=1e-6)
