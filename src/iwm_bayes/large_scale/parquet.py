"""A folder of Parquet files as one long table, of which any rows can be read without the others.

Files follow each other in the order of their names. A row is known by its place from the beginning.
"""

from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from iwm_bayes.data.table import MAX_NAMED, Table
from iwm_bayes.types import InputError

ROW_GROUP = 1_000_000  # rows that may have to be in memory together: more make the memory that is needed unbounded


class RowIndex(NamedTuple):
    """Where the rows of a dataset are."""

    place: Path
    groups: list[tuple[Path, int]]  # file and row group
    first: np.ndarray  # (group + 1,) row with which each begins, and how many there are in all
    columns: list[str]


def index_rows(place: Path) -> RowIndex:
    """The rows of a folder of Parquet files, or of one file; InputError where they are no dataset."""
    files = sorted(place.rglob("*.parquet")) if place.is_dir() else [place] if place.is_file() else []
    if not files:
        raise InputError([f"{place}: holds no Parquet file. Correct `data` in the study"])
    groups, sizes, columns = [], [0], pq.read_schema(files[0]).names
    for file in files:
        about = pq.read_metadata(file)
        if about.schema.to_arrow_schema().names != columns:
            raise InputError([f"{file}: has other columns than {files[0].name}. Give all files the same"])
        groups += [(file, group) for group in range(about.num_row_groups)]
        sizes += [about.row_group(group).num_rows for group in range(about.num_row_groups)]
    if max(sizes) > ROW_GROUP:
        raise InputError([f"{place}: a row group has {max(sizes)} rows. Write at most {ROW_GROUP} to each"])
    return RowIndex(place, groups, np.cumsum(sizes), columns)


def read_column(rows: RowIndex, name: str) -> Iterator[np.ndarray]:
    """A column as text, stripped, "" where blank; one array for each row group."""
    for file, group in rows.groups:
        values = pq.ParquetFile(file).read_row_group(group, [name]).to_pandas()[name]
        yield values.astype(object).where(values.notna(), "").astype(str).str.strip().to_numpy()


def read_rows(rows: RowIndex, first: int, last: int) -> Table:
    """The rows from `first` up to and without `last`, each under its place."""
    begin, end = np.searchsorted(rows.first, [first, last], side="right") - 1
    end += rows.first[end] < last
    frames = [pq.ParquetFile(file).read_row_group(group).to_pandas() for file, group in rows.groups[begin:end]]
    frame = pd.concat(frames, ignore_index=True).iloc[first - rows.first[begin] : last - rows.first[begin]]
    return Table(rows.place.name, frame.set_axis(pd.RangeIndex(first, last)), [])


def index_people(rows: RowIndex, name: str) -> tuple[list[str], np.ndarray]:
    """Everyone in order, and the row with which each begins, (people + 1,); InputError where rows of one are apart."""
    if name not in rows.columns:
        raise InputError([f'{rows.place}: there is no column "{name}". It has: {", ".join(rows.columns)}'])
    everyone: list[str] = []
    starts: list[np.ndarray] = []
    for offset, values in zip(rows.first[:-1], read_column(rows, name), strict=True):
        goes_on = everyone[-1:] == [values[0]]
        begins = np.flatnonzero(np.concatenate([[not goes_on], values[1:] != values[:-1]]))
        everyone += list(values[begins])
        starts.append(offset + begins)
    if len(set(everyone)) < len(everyone):
        again = pd.Series(everyone)
        several = list(again[again.duplicated()].unique())
        named = ", ".join(several[:MAX_NAMED]) + (
            f" and {len(several) - MAX_NAMED} more" if len(several) > MAX_NAMED else ""
        )
        raise InputError([f"{rows.place}: rows of {named} do not stand together. Sort the table by {name}"])
    return everyone, np.concatenate([*starts, rows.first[-1:]])


def fingerprint(rows: RowIndex) -> str:
    """A hash of everything in the files, in order."""
    whole = sha256()
    for file in dict.fromkeys(file for file, _ in rows.groups):
        with file.open("rb") as stream:
            whole.update(file_digest(stream, "sha256").digest())
    return whole.hexdigest()
