"""How numbers, intervals and tables are written where people read them."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd

MINUS = "\N{MINUS SIGN}"
TWO_DECIMALS = ("weight", "frequency", "xp", "pxp", "frequency_mixture")  # shares of models
COUNTS = ("number_at_risk",)  # of people, mean over draws
PERCENTAGES = (  # shares of people
    "insecure_at_baseline",
    "earned_secure",
    "chance_level",
    "secure",
    "preoccupied",
    "dismissing",
    "fearful",
)
DIFFERENCES = ("risk_difference",)  # of shares of people, in percentage points
POINTS = " points"
LOW, HIGH = "_ci90_low", "_ci90_high"  # endings of the columns that have the ends of an interval


def real_minus(text: str) -> str:
    """Return a number as text with a minus sign in place of a hyphen; one that is rounded to 0 has no sign."""
    return re.sub("^-", MINUS, re.sub(r"^-(?=[0.]*%?$)", "", text))


def format_value(value: Any) -> str:
    """Write one value with three significant digits, or as a whole number from 1000 on; nothing for a missing one."""
    if pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float):
        return real_minus(f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}")
    return real_minus(str(value)) if isinstance(value, int | np.integer) else str(value)


def two_digits(value: float) -> str:
    """Write a number with two significant digits, and never with an exponent; a whole number from 10 on."""
    if not np.isfinite(value) or value == 0:
        return f"{value:.0f}"
    decimals = max(0, 1 - math.floor(math.log10(abs(float(f"{value:.1e}")))))
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def format_points(difference: float, sign: str = "") -> str:
    """Write a difference of shares in percentage points, such as "−5 points"; a `sign` "+" is written too."""
    number = f"{100.0 * difference:{sign}.0f}"
    return f"{'0' if float(number) == 0.0 else real_minus(number)}{POINTS}"


def format_cell(column: str, value: Any) -> str:
    """Write one cell: shares of people in percent, numbers of people whole, shares of models with two decimals.

    Differences of shares of people are in percentage points.
    """
    if not isinstance(value, float) or pd.isna(value):
        return format_value(value)
    if column in PERCENTAGES or column.startswith("held_"):
        return f"{value:.0%}"
    if column in COUNTS:
        return f"{value:,.0f}"
    if column in DIFFERENCES:
        return format_points(value, "+")
    return f"{value:.2f}" if column in TWO_DECIMALS else format_value(value)


def interval_text(column: str, median: Any, low: Any, high: Any, censored: bool) -> str:
    """Write a median with its 90% credible interval, such as "12 (12–15)"; an end beyond the last session is censored.

    A median of None leaves the interval alone.
    """
    if pd.isna(low):
        return "censored" if censored else ""
    first, last = (format_cell(column, end) or "censored" for end in (low, high))
    is_plain = low >= 0 and pd.notna(high) and column not in DIFFERENCES
    shown = last.removesuffix(POINTS) if median is not None else last
    interval = f"{first.removesuffix('%')}–{last}" if is_plain else f"{first.removesuffix(POINTS)} to {shown}"
    return interval if median is None else f"{format_cell(column, median) or 'censored'} ({interval})"


def with_interval_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace the columns NAME, NAME_ci90_low and NAME_ci90_high of each quantity by one column of text, NAME."""
    columns: dict[str, Any] = {}
    censored = frame["censored"].eq(True) if "censored" in frame else [False] * len(frame)
    for column in map(str, frame.columns):
        name = column.removesuffix(LOW)
        if (column.endswith(HIGH) and column.removesuffix(HIGH) + LOW in frame) or name in columns:
            continue
        if name + LOW not in frame:
            columns[column] = frame[column]
            continue
        medians = frame[name] if name in frame else [None] * len(frame)
        rows = zip(medians, frame[name + LOW], frame[name + HIGH], censored, strict=True)
        columns[name] = [interval_text(name, *row) for row in rows]
    return pd.DataFrame(columns, index=frame.index)


def format_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Write a table as text, line by line."""
    names = [str(name) for name in frame.columns]
    return [[format_cell(*cell) for cell in zip(names, line, strict=True)] for line in frame.itertuples(index=False)]
