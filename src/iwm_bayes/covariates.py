"""What is known of people besides their sessions: a table with one row per person, for formulas.

A person of whom it says nothing is an error that names them, or is left out where the study says so; `dropped` among
the attributes of the data then tells who.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.core import InputError, Model
from iwm_bayes.formulas import formulas_of, join, variables
from iwm_bayes.study import People, Study
from iwm_bayes.table import SHOWN, Table, blank, missing_columns, open_table, texts


def named(people: Iterable[str]) -> str:
    """The first of some people, and how many more."""
    everyone = [str(person) for person in people]
    more = f" and {len(everyone) - SHOWN} more" if len(everyone) > SHOWN else ""
    return ", ".join(everyone[:SHOWN]) + more


def column_of(table: Table, name: str, as_words: bool) -> pd.Series:
    """A covariate as numbers where all of it is numbers, else as words; None or NaN where blank."""
    empty = blank(table, name)
    given = table.frame[name].astype(str).str.strip().where(~empty)
    numbers = pd.to_numeric(given, errors="coerce")
    return given if as_words or (numbers.isna() & ~empty).any() else numbers


def covariates(named_table: People, wanted: Mapping[str, bool], people: np.ndarray) -> pd.DataFrame:
    """One row per person of the data; blank where the table says nothing of them. `wanted`: names, whether words."""
    table = open_table(named_table.data)
    if missing_columns(table, [named_table.person, *wanted]):
        raise InputError(table.problems)
    person = pd.Series(texts(table, named_table.person), index=table.frame.index)
    twice = person.duplicated(keep=False).to_numpy()
    table.report(twice, named_table.person, "the same person more than once", "Keep one row per person")
    if table.problems:
        raise InputError(table.problems)
    frame = pd.DataFrame({name: column_of(table, name, as_words) for name, as_words in wanted.items()})
    return frame.set_axis(pd.Index(person, name="person")).reindex(people)


def attach(study: Study, model: Model, data: xr.Dataset, people: People) -> xr.Dataset:
    """The data with what the study's formulas say of each person; InputError names people of whom it is not known."""
    formulas = formulas_of(study.formulas, model, "key `formulas")
    wanted = variables(formulas) | dict.fromkeys(people.groups, True)
    frame = covariates(people, wanted, data["person"].values)
    lacking = frame.isna()
    unknown = frame.index[lacking.any(axis=1)]
    if len(unknown) and people.missing is None:
        raise InputError(
            f"{people.data.name}, column {name!r}: nothing about {named(frame.index[lacking[name]])}. "
            f'Fill it in, or set `missing = "drop"` under [people] to leave them out'
            for name in frame
            if lacking[name].any()
        )
    frame = frame.drop(index=unknown)
    if len(frame) < 2:
        raise InputError([f"{people.data.name}: fewer than two people have every covariate of the formulas"])
    data = data.sel(person=frame.index.to_numpy()).assign_attrs(dropped=named(unknown))
    data = data.isel(event=data["present"].any("person").values)
    return join(data, frame, model, study.formulas, people.groups)
