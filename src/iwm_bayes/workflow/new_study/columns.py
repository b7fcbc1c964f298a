"""Facts about each column of a table: its cells, its numbers, and how it varies within people."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.numbers import read_numbers
from iwm_bayes.data.table import Table, cell_texts, is_blank

MIN_SESSIONS = 3  # of somebody, where only the numbers of a column say that it counts; 0 and 1 are rather answers


class Column(NamedTuple):
    """One column, read in every way that a guess needs."""

    name: str
    numbers: np.ndarray | None  # NaN where blank; None where a cell is no number
    codes: np.ndarray  # 0, 1, ... by distinct text; -1 where blank
    values: tuple[str, ...]  # distinct texts, in the order of their first row

    @property
    def n_blank(self) -> int:
        """Return the number of blank cells."""
        return int((self.codes < 0).sum())

    @property
    def is_complete(self) -> bool:
        """Return whether no cell is blank."""
        return self.n_blank == 0

    @property
    def is_unique(self) -> bool:
        """Return whether every row has another value."""
        return len(self.values) == len(self.codes)


def read_column(table: Table, name: str) -> Column:
    """Return the facts about one column."""
    blank = is_blank(table, name)
    texts = cell_texts(table, name).where(~blank, "")
    scratch = table._replace(problems=[], doubts=[])
    numbers = read_numbers(scratch, name)
    are_numbers = not scratch.problems and not blank.all()
    codes, values = pd.factorize(texts.where(~blank))
    return Column(name, numbers if are_numbers else None, codes, tuple(map(str, values)))


def read_all_columns(table: Table) -> list[Column]:
    """Return every column that a study can name and that has a value: not those whose name is there twice."""
    columns = [read_column(table, str(name)) for name in table.frame.columns if str(name) not in table.repeated]
    return [column for column in columns if column.values]


def n_values_within(person: Column, column: Column) -> np.ndarray:
    """Return how many different values a column has within each person, blanks not counted."""
    known = column.codes >= 0
    pairs = pd.DataFrame({"person": person.codes[known], "value": column.codes[known]}).drop_duplicates()
    return pairs.groupby("person").size().reindex(range(len(person.values)), fill_value=0).to_numpy()


def is_constant_within(person: Column, column: Column) -> bool:
    """Return whether a column does not change within any person."""
    return bool((n_values_within(person, column) <= 1).all())


def share_of_repeats(*columns: Column) -> float:
    """Return the share of rows whose values in these columns another row has, too."""
    frame = pd.DataFrame({index: column.codes for index, column in enumerate(columns)})
    return float(frame.duplicated(keep=False).mean())


def counts_within(person: Column, column: Column) -> bool:
    """Return whether a column numbers each person's rows by whole numbers from 0 or 1, without a gap."""
    if column.numbers is None or not column.is_complete:
        return False
    by_person = pd.Series(column.numbers).groupby(person.codes)
    first, last, number = by_person.min(), by_person.max(), by_person.nunique()
    return bool(first.isin((0, 1)).all() and (last - first + 1 == number).all() and number.max() >= MIN_SESSIONS)
