"""Read the times of events: numbers, ISO dates, or dates written as one number such as 20260131."""

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from iwm_bayes.data.numbers import decimal_points, read_complete_numbers, read_numbers
from iwm_bayes.data.table import Table, cell_texts, is_blank

YEARS = (1900, 2100)  # of dates of sessions; others are mistyped, or codes for missing
COMPACT_DATE = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\.0)?"
TIME_ZONE = r"[T ]\d{1,2}(?::?\d{2})*(?:[.,]\d+)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)$"
ISO_HELP = "Write dates as 2026-03-31 or 2026-03-31T14:00"


def are_compact_dates(table: Table, column: str) -> bool:
    """Return whether every number of a column is a date without signs, such as 20260131."""
    texts = cell_texts(table, column)[~is_blank(table, column)]
    return len(texts) > 0 and bool(texts.str.fullmatch(COMPACT_DATE).all())


def read_sessions(table: Table, column: str) -> np.ndarray:
    """Return the numbers of sessions; blanks are a problem, and so are dates."""
    if are_compact_dates(table, column):
        remedy = "Number each person's sessions 1, 2, 3 ..., and name this column as `time` in [columns]"
        table.report(~is_blank(table, column), column, "dates, where sessions are numbered", remedy)
    return read_complete_numbers(table, column)


def read_dates(table: Table, column: str) -> pd.Series:
    """Return a column of dates; NaT where blank or unread, which is a problem."""
    values, blank = table.frame[column], is_blank(table, column)
    if is_datetime64_any_dtype(values):
        return pd.to_datetime(values, utc=True)
    texts = cell_texts(table, column).where(~blank)
    if are_compact_dates(table, column):
        table.doubt(~blank, column, "numbers such as 20260131 are read as dates")
        texts = texts.str[:8]
    dates = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    table.report(dates.isna().to_numpy() & ~blank, column, "neither a number nor an ISO date", ISO_HELP)
    zoned = texts.str.contains(TIME_ZONE, regex=True).fillna(False).to_numpy(dtype=bool)
    if zoned.any() and not (zoned | blank).all():
        fewer = zoned if zoned.sum() * 2 <= (~blank).sum() else ~zoned & ~blank
        fault = "times with a time zone, where others have none" if fewer is zoned else "times without a time zone"
        table.report(fewer, column, fault, "Write all times with their zone, or all without")
    return dates


def read_times(table: Table, column: str) -> tuple[np.ndarray, bool]:
    """Return a column of numbers or dates as numbers (dates in days), and whether they were dates."""
    blank, texts = is_blank(table, column), cell_texts(table, column)
    table.report(blank, column, "blank", "Every row needs a time here")
    numbers = pd.to_numeric(decimal_points(table, texts), errors="coerce")
    are_numbers = numbers.notna() & ~texts.str.fullmatch(COMPACT_DATE)
    if not is_datetime64_any_dtype(table.frame[column]) and are_numbers.sum() * 2 > (~blank).sum():
        return read_numbers(table, column), False
    dates = read_dates(table, column)
    years = dates.dt.year.to_numpy(dtype=float)
    impossible = (years < YEARS[0]) | (years > YEARS[1])
    table.report(impossible, column, f"a date outside the years {YEARS[0]} to {YEARS[1]}", "Correct the year")
    return ((dates - dates.min()) / pd.Timedelta(days=1)).to_numpy(dtype=float), True
