"""The last answer before each event: its definition, compared event by event, and its time for long sequences."""

import time

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.filtering.arrays import last_answer, last_of_figure, session_index
from iwm_bayes.model.specification.model_file import load_model

RATING = load_model("autoregressive").responses["availability_rating"]


def sequences(generator, events, people, figures):
    """Return random sessions of random length for people with different numbers of events, and where answers are."""
    present = np.arange(events)[:, None] < generator.integers(1, events + 1, people)
    session = np.where(present, np.cumsum(generator.integers(0, 2, (events, people)), axis=0), np.nan)
    data = xr.Dataset(
        {
            "figure_index": (("event", "person"), np.where(present, generator.integers(0, figures, present.shape), 0)),
            "since_any": (("event", "person"), np.where(present, generator.uniform(0, 2, present.shape), 0.0)),
            "session": (("event", "person"), session),
            "present": (("event", "person"), present),
        }
    )
    return data, present & (generator.random(present.shape) < 0.7)


def by_definition(data, recorded, person, event, horizon):
    """Return the last known answer before an event by looking at every earlier event."""
    session, figure = session_index(data)[:, person], data["figure_index"].values[:, person]
    known = [
        earlier
        for earlier in range(event)
        if recorded[earlier, person]
        and figure[earlier] == figure[event]
        and (session[earlier] == session[event] or session[earlier] <= session[event] - horizon)
    ]
    return max(known, default=-1)


@pytest.mark.parametrize("horizon", [1, 2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_the_last_answer_is_that_of_the_definition(seed, horizon):
    """For several figures, blank answers, people of different lengths and answers that a horizon hides."""
    data, recorded = sequences(np.random.default_rng(seed), events=15, people=4, figures=3)
    last, since = last_answer(data, recorded, RATING, horizon)
    for event, person in np.argwhere(data["present"].values):
        expected = by_definition(data, recorded, person, event, horizon)
        elapsed = data["since_any"].values[expected + 1 : event + 1, person].sum() if expected >= 0 else 0.0
        assert last[event, person] == expected
        assert since[event, person] == pytest.approx(elapsed)


def test_a_long_sequence_takes_time_in_proportion_to_its_length():
    """One person of 20,000 events: looking back from each event at all earlier ones took minutes."""
    data, recorded = sequences(np.random.default_rng(1), events=20_000, people=40, figures=2)
    began = time.perf_counter()
    for horizon in (1, 3):
        last_answer(data, recorded, RATING, horizon)
    last_of_figure(data["present"].values, data["figure_index"].values)
    assert time.perf_counter() - began < 10.0
