"""Warnings about rules in which what follows a rupture decides, where few sessions follow one."""

import re

import numpy as np
import pytest
from helpers import random_data

from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.weak_parameters.ruptures import MIN_OF_EACH
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import parameters

NAMED = {
    "strain_test": ("hazard",),
    "contingent": ("need", "repair_rate", "repair_start"),
    "trust_gate": ("change", "start_trust"),
}


def study(outcomes, people=1, figures=1):
    """Return sessions with these outcomes, the same for everybody, all of them observed and without distress."""
    data = random_data(figures, people, 2 * len(outcomes), unobserved=0.0).isel(event=slice(len(outcomes)))
    data["outcome"][:] = np.array(outcomes)[:, None]
    return data.assign(distress=0.0 * data["distress"], threat=0.0 * data["threat"])


def warnings(name, data):
    """Return what is said about sessions under strain."""
    return [one for one in identifiability(load_model(name), data) if "after a rupture" in one]


@pytest.mark.parametrize("name", NAMED)
def test_without_ruptures_the_data_cannot_tell(name):
    """Both beliefs are named with the parameters that keep their priors, and no session is counted."""
    found = warnings(name, study([1.0] * 30, people=4))
    assert len(found) == 2
    for belief, warning in zip(("availability", "worth"), found, strict=True):
        full = [f"{belief}_{leaf}" for leaf in NAMED[name]]
        assert set(full) <= set(parameters(load_model(name)))
        assert f"weakly identified: {', '.join(full)}. " in warning
        assert "0 were responsive and 0 not" in warning


@pytest.mark.parametrize("name", NAMED)
def test_enough_ruptures_of_both_kinds_need_no_warning(name):
    """Ten that are repaired and ten that are not, of all people together; with nine of one kind it is said."""
    pair = [0.0, 0.0, 1.0, 1.0]  # an unrepaired rupture, whose second one is repaired
    assert warnings(name, study(pair * MIN_OF_EACH)) == warnings(name, study(pair * 2, people=5)) == []
    only_repaired = warnings(name, study([0.0, 1.0] * 30))
    assert all("30 were responsive and 0 not" in warning for warning in only_repaired)
    assert len(only_repaired) == 2
    assert all("9 were responsive and 9 not" in warning for warning in warnings(name, study(pair * 9)))


def test_distress_is_strain_in_contingent_learning_alone():
    """Without a rupture, responsive sessions in distress count there; the strain test does not know distress."""
    data = study([1.0] * 30)
    distressed = data.assign(distress=data["distress"] + 1.0)
    assert all("30 were responsive and 0 not" in warning for warning in warnings("contingent", distressed))
    assert all("0 were responsive and 0 not" in warning for warning in warnings("strain_test", distressed))


def test_what_follows_a_rupture_with_another_figure_is_about_oneself():
    """Two figures in turn, of which one never responds: with this one nothing is repaired, and about oneself all is."""
    data = study([0.0, 1.0] * 20, figures=2)
    data["figure_index"][:] = (np.arange(40) % 2)[:, None]
    counts = [re.findall(r"(\d+) were responsive and (\d+) not", each)[0] for each in warnings("strain_test", data)]
    assert counts == [("0", "19"), ("20", "0")]


def test_outcomes_that_nobody_observed_are_passed_over():
    """What follows a rupture is the next session whose outcome was observed, as in the rules."""
    data = study([0.0, 0.5, 1.0] * 12)
    data["observed"][1::3] = False
    found = warnings("strain_test", data)
    assert all("12 were responsive and 0 not" in warning for warning in found)
    assert len(found) == 2


def test_fixed_parameters_need_no_ruptures():
    """Nothing is said of what is not estimated."""
    model, data = load_model("strain_test"), study([1.0] * 30)
    fixed = model.rule.parameters.availability._replace(
        hazard=model.rule.parameters.availability.hazard._replace(fixed=0.02)
    )
    held = model._replace(rule=model.rule._replace(parameters=model.rule.parameters._replace(availability=fixed)))
    [warning] = [one for one in identifiability(held, data) if "after a rupture" in one]
    assert "worth_hazard" in warning
