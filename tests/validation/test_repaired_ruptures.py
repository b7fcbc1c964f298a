"""Whether a repaired rupture teaches more than smooth care, by rule: known figures, and the committed table."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.diagnostics.weak_parameters.ruptures import MIN_OF_EACH

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FEW = 400


@pytest.fixture(scope="module")
def script():
    """Return the experiment as a module."""
    spec = importlib.util.spec_from_file_location("repaired_ruptures", EXPERIMENTS / "repaired_ruptures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def committed():
    """Return the committed table."""
    return pd.read_csv(EXPERIMENTS / "ruptures" / "shares.csv", keep_default_na=False)


@pytest.mark.parametrize("position", range(4))
def test_shares_are_the_known_ones(script, position):
    """With fewer draws and another seed, each share is within three standard errors, those of the known figure."""
    history = list(script.HISTORIES)[position]
    for name, share in zip(script.MODELS, script.EXPECTED_SHARES[history], strict=False):
        end = script.final_availability(name, history, FEW, seed=2)
        found = np.mean(end["repaired"] - end["smooth"] >= script.SMALLEST)
        error = np.sqrt(share * (1 - share) * (1 / FEW + 1 / script.N_DRAWS))
        assert abs(found - share) <= 3 * error + script.ROUNDING, (name, found, share)


def test_every_rule_learns_from_whether_a_rupture_is_repaired(script, committed):
    """Against the same rupture that is repaired late, at least .98 of every prior show it: this decides nothing."""
    against = committed[committed["against"] == "repaired late"]
    assert len(against) == len(script.MODELS) * len(script.HISTORIES)
    assert (against["found"] >= 0.98).all()


def test_every_committed_figure_agrees(script, committed):
    """All that was expected is in the table, and agrees; a line of the table is what the program computes."""
    expected = committed[committed["expected"] != ""]
    assert len(expected) == sum(map(len, script.EXPECTED_SHARES.values())) + len(script.EXPECTED_MEDIANS)
    assert set(expected["agrees"]) == {"yes"}
    for line in script.lines_of("contingent", "12 good sessions"):
        keys = ["history", "model", "course", "against", "quantity"]
        [row] = committed[(committed[keys] == [line[key] for key in keys]).all(axis=1)].itertuples()
        assert row.found == pytest.approx(line["found"], abs=5.1e-5)


def test_a_late_repair_separates_the_two_rules(committed):
    """A second rupture says that a figure is unreliable; to an expectation of care under strain its repair adds up."""
    late = committed[(committed["course"] == "repaired late") & (committed["quantity"] == "share")]
    found = late[late["history"] == "12 good sessions"].set_index("model")["found"]
    assert found["strain_test"] < 0.05
    assert found["contingent"] > 0.8
    assert found.drop(["strain_test", "contingent"]).max() < 0.05


def test_a_figure_that_differs_does_not_agree(script):
    """By three errors of the difference of two such figures, and rounding."""
    found = script.Figure(0.5, 0.01)
    assert script.agrees(0.5 + 3 * np.sqrt(2) * 0.01, found, 0.0005)
    assert not script.agrees(0.5 + 3 * np.sqrt(2) * 0.01 + 0.001, found, 0.0005)


def test_few_sessions_under_strain_tell_little():
    """Without ruptures the hazard of a strain test keeps its prior; with those that `iwm check` asks for, it does not.

    The contraction of a group mean is an average over the studies of a design.
    """
    table = pd.read_csv(EXPERIMENTS / "ruptures" / "recovery.csv")
    hazard = table[(table["model"] == "strain_test") & table["parameter"].str.endswith("_hazard")]
    without = hazard[hazard["design"] == "no rupture"]
    assert len(without) == 2
    assert (without["contraction_group"].abs() < 0.1).all()
    enough = hazard[hazard[["repaired", "unrepaired"]].min(axis=1) >= MIN_OF_EACH]
    assert len(enough) == 2 * 3
    assert (enough["contraction_group"] > 0.8).all()
