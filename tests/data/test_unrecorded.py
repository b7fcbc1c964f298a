"""Outcomes that nobody recorded: which they are, what replaces them, and what that does to beliefs."""

import clinic
import helpers
import numpy as np
import pytest

from iwm_bayes.comparison.pointwise import ALL_KNOWN, pointwise_likelihood
from iwm_bayes.data.unrecorded import fill_unrecorded, unrecorded_outcomes
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.specification import model_file
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.rescorla_wagner import RULE
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.workflow.load import describe_data

AVAILABILITY = Readout("availability", "before")
HEADER = "patient_id,visit,who,date,responsive,distance,reached_out,need\n"


@pytest.fixture
def folder(tmp_path):
    """The clinic's study, in which a blank outcome is one that nobody recorded."""
    clinic.write(tmp_path)
    clinic.spoil(tmp_path, "study.toml", '"unseen"', '"unrecorded"')
    return tmp_path


def reading(folder, rows):
    (folder / "sessions.csv").write_text(HEADER + rows)
    return clinic.read_study(folder)


def test_a_mean_of_all_sessions_replaces_an_unrecorded_outcome(folder):
    """It is the mean that this person recorded of this figure, else of any figure, else the mean of everyone."""
    data = reading(
        folder,
        "ann,1,mum,1,1,4,yes,0\nann,2,mum,2,3,4,yes,0\nann,3,dad,3,7,4,yes,0\nann,4,mum,4,,4,yes,0\n"
        "ann,5,aunt,5,,4,yes,0\ncem,1,mum,1,,4,yes,0\n",
    )
    recorded = np.array([0.0, 1 / 3, 1.0])
    expected = [[*recorded, (0 + 1 / 3) / 2, recorded.mean()], [recorded.mean(), 0, 0, 0, 0]]
    np.testing.assert_allclose(data["outcome"].values.T, expected, rtol=1e-15)
    assert data["observed"].values.T.tolist() == [[True] * 5, [True] + [False] * 4]
    assert data["unrecorded"].values.T.tolist() == [[False] * 3 + [True] * 2, [True] + [False] * 4]


def test_a_prediction_knows_own_outcomes_of_earlier_sessions_only(folder):
    """Before anything was recorded, it is the mean of the others; not of an event of the same or a later session."""
    data = reading(
        folder,
        "ann,1,mum,1,,4,yes,0\nann,2,mum,2,1,4,yes,0\nann,3,mum,3,,4,yes,0\nann,3,dad,3,7,4,yes,0\n"
        "ann,4,mum,4,,4,yes,0\nann,5,mum,5,7,4,yes,0\nbob,1,mum,1,4,4,yes,0\nbob,2,mum,2,7,4,yes,0\n",
    )
    then = fill_unrecorded(data, earlier_sessions_only=True)
    np.testing.assert_allclose(then["outcome"].values[:, 0], [0.75, 0.0, 0.0, 1.0, 0.0, 1.0], rtol=1e-15)
    np.testing.assert_allclose(data["outcome"].values[:, 0], [0.5, 0.0, 0.5, 1.0, 0.5, 1.0], rtol=1e-15)


def test_a_figure_that_was_not_met_before_has_the_mean_of_earlier_figures(folder):
    rows = "ann,1,mum,1,7,4,yes,0\nann,2,dad,2,,4,yes,0\nann,3,dad,3,1,4,yes,0\nbob,1,mum,1,1,4,yes,0\n"
    then = fill_unrecorded(reading(folder, rows), earlier_sessions_only=True)
    assert then["outcome"].values[:3, 0].tolist() == [1.0, 1.0, 0.0]


def test_where_nobody_recorded_anything_before_it_is_the_middle_of_the_scale(folder):
    data = reading(folder, "ann,1,mum,1,,4,yes,0\nann,2,mum,2,7,4,yes,0\n")
    then = fill_unrecorded(data, earlier_sessions_only=True)
    assert then["outcome"].values[:, 0].tolist() == [0.5, 1.0]


def test_future_outcomes_do_not_enter_the_prediction_of_earlier_sessions():
    """A person with other outcomes from session 6 on is the same before it, in unrecorded outcomes too."""
    model = model_file.load_model("rescorla_wagner")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 9)], 4, 1)
    lost = np.zeros((9, 4), dtype=bool)
    lost[[0, 3, 4]] = True
    data = data.assign(unrecorded=(("event", "person"), lost))
    kept = (data["event"] < 6) | (data["person"] != data["person"][0])
    other = data.assign(outcome=data["outcome"].where(kept, 1.0 - data["outcome"]).transpose("event", "person"))
    with helpers.interpreted():
        one, two = (pointwise_likelihood(model, fill_unrecorded(each), (1, 4)).arrays for each in (data, other))
    for horizon in (1, 4):
        before = [arrays[horizon]["event_array"][:6, EVENT_FIELDS.index("outcome"), 0] for arrays in (one, two)]
        np.testing.assert_array_equal(*before)
    assert not np.array_equal(*(arrays[ALL_KNOWN]["event_array"][:6] for arrays in (one, two)))


def test_people_who_withdrew_saw_no_outcome(folder):
    """A blank after a withdrawal is no missing form; it teaches nothing, and is not counted."""
    data = reading(folder, "ann,1,mum,1,7,4,yes,0\nann,2,mum,2,,4,no,0\nann,3,mum,3,,4,yes,0\nann,4,mum,4,1,4,yes,0\n")
    assert data["observed"].values[:, 0].tolist() == [True, False, True, True]
    assert unrecorded_outcomes(data)[:, 0].tolist() == [False, False, True, False]
    assert data["outcome"].values[:, 0].tolist() == [1.0, 0.0, 0.5, 0.0]
    assert data["assessment"].values[:, 0].tolist() == [False] * 4


def test_unrecorded_outcomes_are_counted(folder):
    """In the line about the data, and among the warnings with the direction of the bias."""
    data = reading(folder, "ann,1,mum,1,7,4,yes,0\nann,2,mum,2,,4,no,0\nann,3,mum,3,,4,yes,0\nann,4,mum,4,1,4,yes,0\n")
    assert "(3 with an observed outcome)" in describe_data(data)
    assert "1 of the observed outcomes were not recorded" in describe_data(data)
    [warning] = [line for line in identifiability(model_file.load_model(folder / "model.toml"), data) if "form" in line]
    assert warning.startswith("1 of 3 observed outcomes were not recorded")
    assert "learning rates are estimated too low" in warning


def test_forms_missing_after_bad_sessions_make_care_look_better_by_the_stated_bias():
    """Half of the forms after bad sessions at care c are lost: the mean recorded is c / (c + (1 - c) / 2).

    A Rescorla-Wagner belief ends at the mean outcome, so that it is too high by as much: .12 at c = .7.
    """
    care, people, events = 0.7, 200, 100
    generator = np.random.default_rng(1)
    model = model_file.load_model("rescorla_wagner")
    data = simulate(model, [Phase({"friend": constant_care(care)}, events)], people, 1)
    lost = (data["outcome"].values == 0) & (generator.random((events, people)) < 0.5)
    lossy = fill_unrecorded(data.assign(unrecorded=(("event", "person"), lost)))
    rule = lift_learner(RULE, worth=False)
    p = helpers.constants(rule, people, availability_start=0.5, availability_rate=0.1)
    whole, biased = (
        filter_readouts(rule, p, event_array(each), 1, [AVAILABILITY])[0][50:].mean() for each in (data, lossy)
    )
    assert whole == pytest.approx(care, abs=0.01)
    assert biased - whole == pytest.approx(care / (care + (1 - care) / 2) - care, abs=0.01)
