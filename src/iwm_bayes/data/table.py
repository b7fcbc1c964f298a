"""Read a researcher's table column by column, and collect every fault.

A `Table` keeps the name of its file, so that each problem names file, rows, column and remedy. Rows are numbered as a
spreadsheet shows them: the header is row 1.
"""

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype

from iwm_bayes.types import InputError

MAX_NAMED = 8  # rows, people or values named in one message; the rest are counted
LOW_WORDS = ("no", "never", "not at all", "none", "false", "low", "absent")  # words that usually stand at the lower end


class Table(NamedTuple):
    """A table with the problems found in it so far."""

    file: str
    frame: pd.DataFrame
    problems: list[str]  # grows while columns are read

    def report(self, bad: np.ndarray, column: str, fault: str, remedy: str) -> None:
        """Add a problem that names the rows where `bad` is true; add nothing if there are none."""
        rows = self.frame.index.to_numpy()[bad] + 2
        if len(rows) == 0:
            return
        more = f" and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else ""
        named = ", ".join(map(str, rows[:MAX_NAMED])) + more
        self.problems.append(f'{self.file}, row{"s" * (len(rows) > 1)} {named}, column "{column}": {fault}. {remedy}')


def list_people(people: Iterable[str]) -> str:
    """Return the names of the first people, and how many more there are."""
    names = [str(person) for person in people]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def open_table(path: Path) -> Table:
    """Read a CSV file as text, or a Parquet file; InputError if it is missing, empty or not a table."""
    if path.is_dir():
        raise InputError([f"{path}: is a folder. Fit a folder of Parquet files with `iwm fit-large`"])
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
    """Return the wanted columns that the table lacks, and add a problem for each with the nearest name it has."""
    names = [str(name) for name in table.frame.columns]
    missing = [name for name in dict.fromkeys(wanted) if name not in names]
    for name in missing:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f'Did you mean "{near[0]}"?' if near else f"The table has: {', '.join(names)}"
        table.problems.append(f'{table.file}: there is no column "{name}". {hint}')
    return missing


def is_blank(table: Table, column: str) -> np.ndarray:
    """Return where a column is blank: missing, or only spaces."""
    values = table.frame[column]
    return (values.isna() | (values.astype(str).str.strip() == "")).to_numpy()


def read_text(table: Table, column: str) -> np.ndarray:
    """Return a column of names; blanks are a problem."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a name here")
    return table.frame[column].astype(str).str.strip().to_numpy()


def count_values(values: pd.Series) -> str:
    """Return the commonest values in quotes, each with its count."""
    counts = values.astype(str).str.strip().value_counts()
    more = f" and {len(counts) - MAX_NAMED} others" if len(counts) > MAX_NAMED else ""
    return ", ".join(f'"{value}" ({count})' for value, count in counts.iloc[:MAX_NAMED].items()) + more


def suggest_levels(words: pd.Series) -> str:
    """Return the key `levels` with these words, those of `LOW_WORDS` first, then in the order of the alphabet."""
    ordered = sorted(set(words.astype(str).str.strip()), key=lambda word: (word.lower() not in LOW_WORDS, word))
    quoted = ", ".join(f'"{word}"' for word in ordered[:MAX_NAMED])
    return f"levels = [{quoted}{', ...' if len(ordered) > MAX_NAMED else ''}]"


def give_a_number(_levels: str) -> str:
    """Return the remedy for words in a column that has no other."""
    return "Give a number"


def read_numbers(table: Table, column: str, remedy_for_words: Callable[[str], str] = give_a_number) -> np.ndarray:
    """Return a column of finite numbers, NaN where blank.

    `remedy_for_words` takes the key `levels` of the words and gives the remedy where no value is a number.
    """
    numbers = pd.to_numeric(table.frame[column], errors="coerce").to_numpy(dtype=float)
    is_text = np.isnan(numbers) & ~is_blank(table, column)
    words = table.frame[column][is_text]
    remedy = remedy_for_words(suggest_levels(words)) if np.isnan(numbers).all() else "Give a number"
    table.report(is_text, column, f"text where a number belongs: {count_values(words)}", remedy)
    table.report(np.isinf(numbers), column, "an infinite number", "Give a finite number or leave it blank")
    return np.where(np.isinf(numbers), np.nan, numbers)


def read_complete_numbers(table: Table, column: str) -> np.ndarray:
    """Return a column of finite numbers; blanks are a problem."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a number here")
    return read_numbers(table, column)


def read_scaled(
    table: Table,
    column: str,
    scale: tuple[float, float],
    remedy_for_words: Callable[[str], str] = give_a_number,
) -> np.ndarray:
    """Return a column on a stated scale as 0..1, the first end as 0; NaN where blank. See `read_numbers`."""
    numbers = read_numbers(table, column, remedy_for_words)
    low, high = sorted(scale)
    off_scale = (numbers < low) | (numbers > high)
    values = count_values(table.frame[column][off_scale])
    remedy = "Correct the value, or `scale` in the study. A code for what is missing, such as -99, must be blank or NA"
    table.report(off_scale, column, f"off the scale {low:g}..{high:g}: {values}", remedy)
    return np.where(off_scale, np.nan, (numbers - scale[0]) / (scale[1] - scale[0]))


def normalise_levels(answers: pd.Series) -> pd.Series:
    """Return answers as words, whole numbers without the decimal point that pandas adds where a column has blanks."""
    return answers.astype(str).str.strip().str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)


def read_levels(table: Table, column: str, levels: Sequence[str]) -> np.ndarray:
    """Return a column of answers as 0, 1, ... in the order of `levels`; NaN where blank."""
    order = {level: float(index) for index, level in enumerate(normalise_levels(pd.Series(levels)))}
    answers = normalise_levels(table.frame[column]).map(order).to_numpy(dtype=float)
    unknown = np.isnan(answers) & ~is_blank(table, column)
    quoted = [f'"{level}"' for level in levels]
    fault = f"neither {quoted[0]} nor {quoted[1]}" if len(levels) == 2 else f"none of {', '.join(quoted)}"
    remedy = "Correct the value, or `levels` in the study. A code for what is missing must be blank or NA"
    table.report(unknown, column, f"{fault}: {count_values(table.frame[column][unknown])}", remedy)
    return answers


def read_times(table: Table, column: str) -> tuple[np.ndarray, bool]:
    """Return a column of numbers or ISO dates as numbers (dates in days), and whether they were dates."""
    table.report(is_blank(table, column), column, "blank", "Every row needs a time here")
    values = table.frame[column]
    if not is_datetime64_any_dtype(values) and pd.to_numeric(values, errors="coerce").notna().any():
        return read_numbers(table, column), False
    dates = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True)
    unread = dates.isna().to_numpy() & ~is_blank(table, column)
    table.report(unread, column, "neither a number nor an ISO date", "Write dates as 2026-03-31 or 2026-03-31T14:00")
    return ((dates - dates.min()) / pd.Timedelta(days=1)).to_numpy(dtype=float), True
