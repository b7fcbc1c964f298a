"""Frames in memory, and the plain types that the columns of every table have.

A column is numbers, yes and no, dates, or text. Missing is NaN or NaT, and "" in text. Spreadsheets, SPSS and Python
keep some of these as objects, so what is in a column decides, not how it was stored.
"""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.interchange
from pandas.api.types import (
    is_bool_dtype,
    is_complex_dtype,
    is_datetime64_any_dtype,
    is_integer_dtype,
    is_numeric_dtype,
)

from iwm_bayes.data.table import as_text, as_texts
from iwm_bayes.types import InputError

FRAMES_HELP = "Give a DataFrame of pandas or polars, an Arrow table, or the path of a file"


class Content(NamedTuple):
    """What a file or a frame holds, before names of columns are checked."""

    frame: pd.DataFrame  # its index is the row as a message names it, minus the number of the first row
    code: str  # the Python that opens it with pandas, for messages
    doubts: tuple[str, ...] = ()  # what was guessed, as sentences
    decimal: str = "."
    labels: Mapping[str, Mapping[str, str]] = MappingProxyType({})  # by column: the label of each value


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


def plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a typed table with numbers, yes and no, dates and text only. The frame itself is not changed."""
    columns = [plain_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return pd.concat(columns, axis=1) if columns else frame


def plain_column(values: pd.Series) -> pd.Series:
    """Return a column as numbers, yes and no, dates or text."""
    if is_bool_dtype(values) and not values.isna().any():
        return values.astype(bool)
    if is_numeric_dtype(values) and not is_bool_dtype(values) and not is_complex_dtype(values):
        return values if values.dtype.kind in "iu" and not values.isna().any() else whole_or_float(values)
    if is_datetime64_any_dtype(values):
        return values
    if values.dtype == object:
        return plain_objects(values)
    return as_texts(values)


def whole_or_float(values: pd.Series) -> pd.Series:
    """Return numbers of a type with missing values as floats; as text where a float would change a whole number."""
    is_long = is_integer_dtype(values) and bool((values.abs() > 2**53).any())
    return as_texts(values) if is_long else values.astype("float64")


def plain_objects(values: pd.Series) -> pd.Series:
    """Return a column of Python objects as what all of them are, else as text, each as people write it."""
    given = values[values.notna()]
    kinds = {type(value) for value in given}
    if not kinds:
        return as_texts(values)
    if kinds <= {bool, np.bool_}:
        return values.astype(bool) if len(given) == len(values) else values.map(as_text)
    if all(issubclass(kind, (Real, Decimal)) and kind not in (bool, np.bool_) for kind in kinds):
        try:
            return pd.to_numeric(values).astype("float64")
        except (TypeError, ValueError, OverflowError):  # whole numbers beyond any float
            return values.map(as_text)
    if all(issubclass(kind, datetime.date) for kind in kinds):
        try:
            return pd.to_datetime(values.map(lambda value: pd.NaT if pd.isna(value) else pd.Timestamp(value)))
        except (TypeError, ValueError):  # with and without time zones, which is reported where dates are read
            return values.map(as_text)
    return values.map(as_text)


def arrow_to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table for pandas, with dates as dates."""
    return table.to_pandas(date_as_object=False)


def with_index_as_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose named index levels are columns, and whose rows keep their labels where one label is one row.

    An index without a name is the rows' labels where these are different whole numbers. Else rows count from 0.
    """
    levels = [frame.index.get_level_values(level) for level in range(frame.index.nlevels)]
    rows = pd.RangeIndex(len(frame))
    named = [level.to_series(index=rows) for level in levels if level.name is not None]
    if not named:
        is_numbered = len(levels) == 1 and is_integer_dtype(levels[0].dtype) and levels[0].is_unique
        return frame if is_numbered and not levels[0].hasnans else frame.set_axis(rows, axis=0)
    columns = [*named, *(frame.iloc[:, place].set_axis(rows) for place in range(frame.shape[1]))]
    return pd.concat(columns, axis=1)


def read_frame(source: Any, name: str) -> Content:
    """Read a frame of pandas, polars or Arrow; `name` is what messages call it. InputError if it is none."""
    if isinstance(source, pd.DataFrame):
        frame = source
    else:
        try:
            if hasattr(source, "__arrow_c_stream__"):
                frame = arrow_to_pandas(pa.table(source))
            elif hasattr(source, "__dataframe__"):
                frame = arrow_to_pandas(pyarrow.interchange.from_dataframe(source))
            else:
                remedy = "Call its method `collect` first" if hasattr(source, "collect") else FRAMES_HELP
                raise InputError([f"{name}: a {type(source).__name__} is no table. {remedy}"])
        except (pa.ArrowException, TypeError, ValueError, NotImplementedError) as error:  # each library raises its own
            raise InputError([f"{name}: this {type(source).__name__} is no table ({error}). {FRAMES_HELP}"]) from error
    if frame.columns.nlevels > 1:
        raise InputError([f"{name}: its columns have several levels. Give each column one name"])
    return Content(plain_types(with_index_as_columns(frame)), name)
