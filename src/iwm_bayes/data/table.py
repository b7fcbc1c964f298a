"""A researcher's table, column by column, with every fault collected and none raised.

A `Table` remembers where it came from, so that each problem names file, rows, column and remedy.
Rows are counted as a spreadsheet shows them: the header is row 1.
"""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from iwm_bayes.types import InputError

MAX_NAMED = 8  # rows named in one message; the rest are counted
LOW_WORDS = ("no", "never", "not at all", "none", "false", "low", "absent")  # words that usually stand at the lower end


class Table(NamedTuple):
    file: str
    frame: pd.DataFrame
    problems: list[str]  # grows while columns are read

    def report(self, bad: np.ndarray, column: str, fault: str, remedy: str) -> None:
        """Note a fault at the rows where `bad` is true; nothing if there are none."""
        rows = self.frame.index.to_numpy()[bad] + 2
        if len(rows) == 0:
            return
        named = ", ".join(map(str, rows[:MAX_NAMED])) + (
            f" and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else ""
        )
        self.problems.append(f'{self.file}, row{"s" * (len(rows) > 1)} {named}, column "{column}": {fault}. {remedy}')


def open_table(path: Path) -> Table:
    """Read a CSV or Parquet file as text and numbers; InputError if it is missing, empty or no table."""
    if path.is_dir():
        raise InputError([f"{path}: is a folder. Fit a folder of Parquet files with `iwm cohort`"])
    if not path.is_file():
        raise InputError(
            [f"{path}: there is no such file. Correct `data` in the study; it is relative to the study file"]
        )
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            frame = frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex))
        else:
            frame = pd.read_csv(path, dtype=str, skip_blank_lines=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError, ValueError) as error:
        raise InputError([f"{path}: this file is no table ({error}). Save it as CSV (UTF-8) or Parquet"]) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise InputError(
            [f"{path}: rows have more values than the header has names. Name every column, or take it out"]
        )
    frame = frame.dropna(how="all")  # empty lines; the others keep their number
    if frame.empty:
        raise InputError([f"{path}: the table has no rows. Give it one row per event"])
    return Table(path.name, frame, [])


def missing_columns(table: Table, wanted: Sequence[str]) -> list[str]:
    """Note every wanted column that the table lacks, with the nearest name that it has."""
    have = [str(name) for name in table.frame.columns]
    absent = [name for name in dict.fromkeys(wanted) if name not in have]
    for name in absent:
        near = difflib.get_close_matches(name, have, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"The table has: {', '.join(have)}"
        table.problems.append(f'{table.file}: there is no column "{name}". {hint}')
    return absent


def is_blank(table: Table, column: str) -> np.ndarray:
    """Where a column says nothing."""
    values = table.frame[column]
    return (values.isna() | (values.astype(str).str.strip() == "")).to_numpy()


def read_text(table: Table, column: str) -> np.ndarray:
    """A column of names; blanks are a problem."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a name here")
    return table.frame[column].astype(str).str.strip().to_numpy()


def count_values(values: pd.Series) -> str:
    """The commonest values, quoted, and how often each is there."""
    often = values.astype(str).str.strip().value_counts()
    more = f" and {len(often) - MAX_NAMED} others" if len(often) > MAX_NAMED else ""
    return ", ".join(f'"{value}" ({count})' for value, count in often.iloc[:MAX_NAMED].items()) + more


def suggest_levels(words: pd.Series) -> str:
    """The key that lists words as answers, in an order that is likely."""
    found = sorted(set(words.astype(str).str.strip()), key=lambda word: (word.lower() not in LOW_WORDS, word))
    named = ", ".join(f'"{word}"' for word in found[:MAX_NAMED])
    return f"levels = [{named}{', ...' if len(found) > MAX_NAMED else ''}]"


def read_numbers(table: Table, column: str, words: Callable[[str], str] = lambda _: "Give a number") -> np.ndarray:
    """A column of finite numbers, NaN where blank. `words`: the remedy where all are words, given their `levels`."""
    found = pd.to_numeric(table.frame[column], errors="coerce").to_numpy(dtype=float)
    text = np.isnan(found) & ~is_blank(table, column)
    said = table.frame[column][text]
    remedy = words(suggest_levels(said)) if np.isnan(found).all() else "Give a number"
    table.report(text, column, f"text where a number belongs: {count_values(said)}", remedy)
    table.report(np.isinf(found), column, "an infinite number", "Give a finite number or leave it blank")
    return np.where(np.isinf(found), np.nan, found)


def read_complete_numbers(table: Table, column: str) -> np.ndarray:
    """A column of finite numbers in which no row may be blank."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a number here")
    return read_numbers(table, column)


def read_scaled(
    table: Table, column: str, scale: tuple[float, float], words: Callable[[str], str] = lambda _: "Give a number"
) -> np.ndarray:
    """A column on a stated scale, mapped to 0..1 with the first end at 0; NaN where blank. `words` as in `read_numbers`."""
    found = read_numbers(table, column, words)
    low, high = sorted(scale)
    off = (found < low) | (found > high)
    remedy = "Correct the value, or `scale` in the study. A code for what is missing, such as -99, must be blank or NA"
    table.report(off, column, f"off the scale {low:g}..{high:g}: {count_values(table.frame[column][off])}", remedy)
    return np.where(off, np.nan, (found - scale[0]) / (scale[1] - scale[0]))


def normalise_levels(answers: pd.Series) -> pd.Series:
    """Answers as words; whole numbers without a decimal point, which a table with blanks may have given them."""
    return answers.astype(str).str.strip().str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)


def read_levels(table: Table, column: str, levels: Sequence[str]) -> np.ndarray:
    """A column of answers as 0, 1, ... in the order of `levels`; NaN where blank."""
    order = {level: float(index) for index, level in enumerate(normalise_levels(pd.Series(levels)))}
    found = normalise_levels(table.frame[column]).map(order).to_numpy(dtype=float)
    unknown = np.isnan(found) & ~is_blank(table, column)
    quoted = [f'"{level}"' for level in levels]
    fault = f"neither {quoted[0]} nor {quoted[1]}" if len(levels) == 2 else f"none of {', '.join(quoted)}"
    remedy = "Correct the value, or `levels` in the study. A code for what is missing must be blank or NA"
    table.report(unknown, column, f"{fault}: {count_values(table.frame[column][unknown])}", remedy)
    return found


def read_times(table: Table, column: str) -> tuple[np.ndarray, bool]:
    """A column of numbers or ISO dates as numbers (dates: in days), and whether they were dates."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a time here")
    given = table.frame[column]
    if not is_datetime64_any_dtype(given) and pd.to_numeric(given, errors="coerce").notna().any():
        return read_numbers(table, column), False
    dates = pd.to_datetime(given, errors="coerce", format="ISO8601", utc=True)
    unread = dates.isna().to_numpy() & ~is_blank(table, column)
    table.report(unread, column, "neither a number nor an ISO date", "Write dates as 2026-03-31 or 2026-03-31T14:00")
    return ((dates - dates.min()) / pd.Timedelta(days=1)).to_numpy(dtype=float), True
