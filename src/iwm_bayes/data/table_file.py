"""Open the file of a table: CSV as text, cell by cell as it was written, or Parquet with its types.

Nothing is guessed here. Every row of a CSV file must have as many fields as the header has names, because a row that
lacks a cell is shifted, and a file that was cut off lacks answers. What a cell means is decided where it is read, in
`table`.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_datetime64_any_dtype, is_numeric_dtype

from iwm_bayes.data.table import Table, list_rows
from iwm_bayes.io import is_file, is_folder
from iwm_bayes.types import InputError

NO_TABLE = "Save it as CSV (UTF-8) or Parquet"


def open_table(path: Path) -> Table:
    """Read a CSV file as text, or a Parquet file; InputError if it is missing, empty, cut off or not a table."""
    if is_folder(path):
        raise InputError([f"{path}: is a folder. Fit a folder of Parquet files with `iwm fit-large`"])
    if not is_file(path):
        raise InputError(
            [f"{path}: there is no such file. Correct `data` in the study; it is relative to the study file"]
        )
    frame = read_parquet(path) if path.suffix == ".parquet" else read_csv(path)
    if frame.empty:
        raise InputError([f"{path}: the table has no rows. Give it one row per event"])
    columns, repeated = unique_names(list(map(str, frame.columns)))
    return Table(path.name, frame.set_axis(columns, axis=1), [], [], repeated=repeated)


def unique_names(names: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Return names of columns with a number after each that was there before, and the names that are there twice."""
    counts = Counter(names)
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        candidate = name
        while candidate in unique or (candidate != name and candidate in counts):
            seen[name] += 1
            candidate = f"{name}.{seen[name]}"
        unique.append(candidate)
    return unique, frozenset(name for name, count in counts.items() if count > 1)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file; InputError if it is none."""
    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # Arrow raises anything for bytes that are no Parquet file
        raise InputError([f"{path}: this file is no table ({error}). {NO_TABLE}"]) from error
    return plain_types(frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex)))


def plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a typed table with numbers, dates and text only; what is missing is NaN, or "" in text."""
    columns: list[pd.Series] = []
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        if is_bool_dtype(values) and not values.isna().any():
            columns.append(values.astype(bool))
        elif is_numeric_dtype(values) and not is_complex_dtype(values):
            is_whole = values.dtype.kind in "iu" and not values.isna().any()
            columns.append(values if is_whole else values.astype("float64"))
        elif is_datetime64_any_dtype(values):
            columns.append(values)
        else:
            columns.append(values.astype(object).where(values.notna(), "").astype(str))
    return pd.concat(columns, axis=1) if columns else frame


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file as text; its index is the row as a spreadsheet numbers it, minus 2.

    InputError lists rows with more or fewer fields than the header has names.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError([f"{path}: this file is no table ({error}). {NO_TABLE}"]) from error
    if "\0" in text:
        rows = [row for row, line in enumerate(text.splitlines(), 1) if "\0" in line]
        raise InputError([f"{path}, {list_rows(rows)}: NUL bytes, so the file is no table or damaged. {NO_TABLE}"])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        records = [(row, fields) for row, fields in enumerate(reader, 1) if any(map(str.strip, fields))]
    except csv.Error as error:
        fault = f"line {reader.line_num} cannot be read ({error})"
        remedy = f"Check its quotation marks, and whether the file was cut off. {NO_TABLE}"
        raise InputError([f"{path}: {fault}. {remedy}"]) from error
    if not records:
        raise InputError([f"{path}: this file is no table (it is empty). {NO_TABLE}"])
    (_, names), *body = records
    check_lengths(path, names, body)
    rows = [row - 2 for row, _ in body]
    return pd.DataFrame([fields for _, fields in body], pd.Index(rows), names, dtype=str)


def check_lengths(path: Path, names: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Raise InputError if rows have more or fewer fields than the header has names."""
    by_length: dict[int, list[int]] = {}
    for row, fields in body:
        if len(fields) != len(names):
            by_length.setdefault(len(fields), []).append(row)
    problems = [
        f"{path.name}, {list_rows(rows)}: {length} fields, where the header has {len(names)} names. "
        + ("Name every column, or take it out" if length > len(names) else "A cell is missing, or the file was cut off")
        for length, rows in by_length.items()
    ]
    if problems:
        raise InputError(problems)
