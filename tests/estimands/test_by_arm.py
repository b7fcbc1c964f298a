"""Earned security by arm and as tables, in a tiny study that can be counted."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from iwm_bayes.estimands.by_arm import incidence_by_arm, risk_differences
from iwm_bayes.estimands.tables import arm_lines, sensitivity_lines, style_line, time_to_security_lines

NO_ARMS = pd.Series(dtype=str)


@pytest.fixture
def security():
    """Five people and one draw, as `earned_security` returns them."""
    people = {
        "insecure": [True, True, True, True, False],
        "earned": [True, False, True, False, True],
        "sessions": [2, 3, 3, 4, 1],  # the second had two sessions, the fourth three
        "corrective": [1, 0, 2, 1, 0],
        "repairs": [0, 0, 0, 0, 0],
        "followed": [3, 2, 3, 3, 3],
    }
    return xr.Dataset(
        {name: (("chain", "draw", "person"), [[values]]) for name, values in people.items()}
        | {
            "chance_level": (("chain", "draw"), [[0.1]]),
            "style_share": (("chain", "draw", "style"), [[[0.2, 0.8]]]),
            "sensitivity": (("threshold", "duration"), [[0.5, 0.25]]),
        },
        {"session": [1, 2, 3], "style": ["secure", "fearful"], "threshold": [0.6], "duration": [4, 6]},
        {"figure": "therapist"},
    )


def test_arms_are_counted_separately(security):
    """People who are secure at baseline do not count; people who are secure or censored are not at risk."""
    curves = incidence_by_arm(security, pd.Series(["a", "a", "b", "b", "b"]))
    assert curves["arm"].values.tolist() == ["everyone", "a", "b"]
    assert curves["at_risk"].values.tolist() == [[4, 4, 2], [2, 2, 0], [2, 2, 2]]
    np.testing.assert_allclose(curves["probability"].values[:, 0, 0], [[0, 0.25, 0.625], [0, 0.5, 0.5], [0, 0, 0.5]])
    assert curves["median_sessions"].values.ravel().tolist() == [3, 2, 3]
    assert curves["median_corrective"].values.ravel().tolist() == [2, 1, 2]
    difference = risk_differences(curves)
    assert (difference["arm"].item(), int(difference["session"]), difference.item()) == ("b", 2, -0.5)
    [line] = arm_lines(difference, "a", "therapist")
    interval = {f"risk_difference{end}": -0.5 for end in ("", "_ci90_low", "_ci90_high")}
    assert line == {"figure": "therapist", "arms": "b - a", "by_session": 2} | interval | {"p_above_0": 0.0}


def test_time_to_security_has_numbers_in_columns_of_their_own(security):
    """A quantity and the ends of its interval are three numbers; only everyone has a chance level."""
    everyone, arm, _ = time_to_security_lines(incidence_by_arm(security, pd.Series(["a", "a", "b", "b", "b"])))
    quantities = {"sessions": 3.0, "corrective_experiences": 2.0, "earned_secure": 0.625}
    assert everyone == pytest.approx(
        {"figure": "therapist", "arm": "everyone", "insecure_at_baseline": 0.8, "censored": False, "chance_level": 0.1}
        | {f"{name}{end}": value for name, value in quantities.items() for end in ("", "_ci90_low", "_ci90_high")}
    )
    assert (arm["arm"], arm["sessions"]) == ("a", 2.0)
    assert np.isnan(arm["chance_level"])


def test_a_median_beyond_the_last_session_is_censored(security):
    """If fewer than half are earned secure, there is no number of sessions, and the line says so."""
    [line] = time_to_security_lines(incidence_by_arm(security.assign(earned=security["earned"] & False), NO_ARMS))
    assert line["censored"] is True
    assert np.isnan(line["sessions"])
    assert np.isnan(line["corrective_experiences"])
    assert line["earned_secure"] == 0.0


def test_where_nobody_is_insecure_at_baseline_cells_are_empty(security):
    """There is no time to earned security, and the median is not censored either."""
    secure = security.assign(insecure=security["insecure"] & False)
    [line] = time_to_security_lines(incidence_by_arm(secure, NO_ARMS))
    assert (line["insecure_at_baseline"], line["censored"]) == (0.0, None)
    assert np.isnan([line["sessions"], line["earned_secure"]]).all()
    assert sensitivity_lines(secure) == []


def test_styles_and_sensitivity_are_numbers(security):
    """Styles have intervals; sensitivity has a line per threshold and a column per duration."""
    line = style_line(security)
    assert (line["secure"], line["fearful_ci90_low"]) == (0.2, 0.8)
    [line] = sensitivity_lines(security)
    assert line == {"figure": "therapist", "threshold": 0.6, "held_4_sessions": 0.5, "held_6_sessions": 0.25}
