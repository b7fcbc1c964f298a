"""Plots of dyads in Python: what is drawn is what is known of the dyads, and what cannot be drawn says why."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from dyad_runs import EXCHANGES, THERAPISTS, known_dyads

import iwm_bayes as iwm

VERBS = (iwm.plot_dyad, iwm.plot_reciprocity, iwm.plot_actor_partner, iwm.plot_countertransference)


@pytest.fixture(scope="module")
def therapies():
    """A fit of therapies that carries no model, and the model."""
    found = known_dyads()
    yield found
    plt.close("all")


def test_both_members_of_a_dyad_are_drawn(therapies):
    """Two lines in the panel of beliefs, from before the first exchange to the last, and a row of acts for each."""
    beliefs, acts = iwm.plot_dyad(therapies.fit, dyads=["d003"], columns=1, model=therapies.model).axes
    assert [line.get_label() for line in beliefs.lines] == ["patient", "therapist"]
    for line in beliefs.lines:
        assert list(line.get_xdata()) == list(range(EXCHANGES + 1))
    shown = [row.get_offsets()[:, 0].astype(int).tolist() for row in acts.collections]
    assert shown == [list(range(1, EXCHANGES + 1))] * 2
    care = therapies.data["answer_therapist_care"].sel(person="d003").values
    fill = acts.collections[1].get_facecolors()[:, 2]  # blue: 1 where a marker is empty, 0 where it is full
    np.testing.assert_allclose(fill, 1.0 - care)


def test_reciprocity_is_that_of_the_simulation(therapies):
    """Both are secure in no more dyads than either is; other dyads are chosen by name."""
    axes = iwm.plot_reciprocity(therapies.fit, model=therapies.model).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert list(lines) == ["patient", "therapist", "both"]
    assert (lines["both"] <= np.minimum(lines["patient"], lines["therapist"])).all()
    with pytest.raises(iwm.InputError, match="new dyads, from the first exchange"):
        iwm.plot_reciprocity(therapies.fit, "old dyads", model=therapies.model)


def test_effects_and_countertransference_are_drawn(therapies):
    """Effects have a label each, also that of the patient's bids; every dyad has a mark, those of one therapist one."""
    effects = iwm.plot_actor_partner(therapies.fit, model=therapies.model).axes[0]
    labels = [label.get_text().split(":")[0] for label in effects.get_yticklabels()]
    assert labels == ["Actor", "Actor", "Partner", "Partner", "Partner by bids"]
    axes = iwm.plot_countertransference(therapies.fit, model=therapies.model).axes[0]
    marks = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert len({line.get_marker() for line in marks}) == THERAPISTS
    assert sum(len(line.get_xdata()) for line in marks) == therapies.data.sizes["person"]


def test_a_fit_of_single_people_has_no_such_plots(made):
    """Each says that it is for dyads."""
    _, found, _ = made
    for plot in VERBS:
        with pytest.raises(iwm.InputError, match="this fit is of single people"):
            plot(found.fit, model=found.model)
