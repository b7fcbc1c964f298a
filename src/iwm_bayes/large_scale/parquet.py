"""Read a folder of Parquet files as one long table, any rows of which can be read without the others.

Files follow each other in the order of their names. A row is numbered from the beginning of the whole table.
"""

from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from iwm_bayes.data.table import MAX_NAMED, Table, as_texts
from iwm_bayes.data.tables.frame import plain_types
from iwm_bayes.types import InputError

MAX_ROW_GROUP = 1_000_000  # rows of a row group, which is read into memory as a whole


class RowIndex(NamedTuple):
    """The row groups of a dataset."""

    path: Path
    row_groups: list[tuple[Path, int]]  # file, and number of the row group in it
    first_rows: np.ndarray  # (row group + 1,) first row of each, and the number of rows
    columns: list[str]


def index_rows(path: Path) -> RowIndex:
    """Index the rows of a folder of Parquet files, or of one file; InputError where these are not one dataset."""
    inside = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".parquet") if path.is_dir() else []
    files = [path] if path.is_file() else inside
    if not files:
        raise InputError([f"{path}: contains no Parquet file. Correct `data` in the study"])
    row_groups, sizes, columns = [], [0], pq.read_schema(files[0]).names
    for file in files:
        metadata = pq.read_metadata(file)
        if metadata.schema.to_arrow_schema().names != columns:
            raise InputError([f"{file}: has other columns than {files[0].name}. Give all files the same columns"])
        row_groups += [(file, group) for group in range(metadata.num_row_groups)]
        sizes += [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    if max(sizes) > MAX_ROW_GROUP:
        raise InputError([f"{path}: a row group has {max(sizes)} rows. Write at most {MAX_ROW_GROUP} to each"])
    return RowIndex(path, row_groups, np.cumsum(sizes), columns)


def read_column(rows: RowIndex, name: str) -> Iterator[np.ndarray]:
    """Read a column as stripped text, "" where blank; one array for each row group."""
    for file, group in rows.row_groups:
        values = pq.ParquetFile(file).read_row_group(group, [name]).to_pandas()[name]
        yield as_texts(values).to_numpy()


def read_rows(rows: RowIndex, first: int, end: int) -> Table:
    """Read the rows from `first` up to and without `end`; they keep their numbers."""
    first_group, end_group = np.searchsorted(rows.first_rows, [first, end], side="right") - 1
    end_group += rows.first_rows[end_group] < end
    needed = rows.row_groups[first_group:end_group]
    frames = [pq.ParquetFile(file).read_row_group(group).to_pandas() for file, group in needed]
    offset = rows.first_rows[first_group]
    frame = plain_types(pd.concat(frames, ignore_index=True).iloc[first - offset : end - offset])
    return Table(rows.path.name, frame.set_axis(pd.RangeIndex(first, end)), [], [])


def index_people(rows: RowIndex, name: str) -> tuple[list[str], np.ndarray]:
    """Return all people in order, and the first row of each with the number of rows, (people + 1,).

    `name` is the column of people. InputError where the rows of a person do not follow each other.
    """
    if name not in rows.columns:
        raise InputError([f'{rows.path}: there is no column "{name}". It has: {", ".join(rows.columns)}'])
    people: list[str] = []
    starts: list[np.ndarray] = []
    for offset, values in zip(rows.first_rows[:-1], read_column(rows, name), strict=True):
        continues = people[-1:] == [values[0]]
        begins = np.flatnonzero(np.concatenate([[not continues], values[1:] != values[:-1]]))
        people += list(values[begins])
        starts.append(offset + begins)
    if len(set(people)) < len(people):
        names = pd.Series(people)
        scattered = list(names[names.duplicated()].unique())
        more = f" and {len(scattered) - MAX_NAMED} more" if len(scattered) > MAX_NAMED else ""
        listed = ", ".join(scattered[:MAX_NAMED]) + more
        raise InputError([f"{rows.path}: rows of {listed} do not follow each other. Sort the table by {name}"])
    return people, np.concatenate([*starts, rows.first_rows[-1:]])


def fingerprint(rows: RowIndex) -> str:
    """Return a hash of the contents of all files, in order."""
    total = sha256()
    for file in dict.fromkeys(file for file, _ in rows.row_groups):
        with file.open("rb") as stream:
            total.update(file_digest(stream, "sha256").digest())
    return total.hexdigest()
