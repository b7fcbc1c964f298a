"""Numbers and intervals as text."""

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.report.formatting import format_cells, with_interval_text


def written(**columns):
    """Write a table of one line as text, by column."""
    frame = with_interval_text(pd.DataFrame({name: [value] for name, value in columns.items()}))
    [cells] = format_cells(frame)
    return dict(zip(frame.columns, cells, strict=True))


@pytest.mark.parametrize(
    ("median", "low", "high", "text"),
    [
        (12.0, 11.5, 15.0, "12 (11.5–15)"),
        (12.0, 11.0, np.nan, "12 (11 to censored)"),
        (-0.2, -0.5, 0.1, "−0.2 (−0.5 to 0.1)"),
        (np.nan, np.nan, np.nan, ""),
    ],
)
def test_a_quantity_and_its_interval_are_one_column(median, low, high, text):
    """Three columns of numbers become one of text; other columns stay."""
    cells = written(figure="therapist", sessions=median, sessions_ci90_low=low, sessions_ci90_high=high, n=3)
    assert cells == {"figure": "therapist", "sessions": text, "n": "3"}


def test_a_censored_median_is_named():
    """It has no number, and neither does its interval."""
    cells = written(sessions=np.nan, sessions_ci90_low=np.nan, sessions_ci90_high=np.nan, censored=True)
    assert cells == {"sessions": "censored", "censored": "yes"}


def test_shares_of_people_are_percentages():
    """A risk difference is in percentage points, and has its sign; an interval without a median is written alone."""
    share = written(earned_secure=0.76, earned_secure_ci90_low=0.72, earned_secure_ci90_high=0.791)
    assert share == {"earned_secure": "76% (72–79%)"}
    assert written(risk_difference=0.1)["risk_difference"] == "+10 points"
    ends = {"risk_difference_ci90_low": 0.05, "risk_difference_ci90_high": 0.2}
    assert written(risk_difference=0.1, **ends)["risk_difference"] == "+10 points (+5 to +20)"
    assert written(**ends) == {"risk_difference": "+5 to +20 points"}
    below = {"risk_difference_ci90_low": -0.05, "risk_difference_ci90_high": 0.004}
    assert written(risk_difference=-0.02, **below)["risk_difference"] == "−2 points (−5 to 0)"
    assert written(x_ci90_low=0.5, x_ci90_high=2.0) == {"x": "0.5–2"}


def test_people_at_risk_are_whole():
    """The mean over draws is no fraction of a person."""
    assert written(number_at_risk=47.7, number=47.7) == {"number_at_risk": "48", "number": "47.7"}


def test_plain_ends_of_an_interval_stay_columns():
    """Tables with a single quantity have its interval in `ci90_low` and `ci90_high`."""
    assert written(median=0.5, ci90_low=0.4, ci90_high=0.6) == {"median": "0.5", "ci90_low": "0.4", "ci90_high": "0.6"}
