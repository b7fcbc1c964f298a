"""What is known of people besides their sessions, for formulas: a table of people, or what sessions say throughout.

A person of whom it says nothing is an error that names them, or is left out where the study says so; `dropped` among
the attributes of the data then tells who.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.formulas import FORMULAS_KEY, covariate_names, join_covariates, parse_formulas
from iwm_bayes.data.study import PersonTable, Study
from iwm_bayes.data.table import MAX_NAMED, Table, is_blank, missing_columns, open_table, read_text
from iwm_bayes.types import InputError, ModelSpec


def list_people(people: Iterable[str]) -> str:
    """The first of some people, and how many more."""
    everyone = [str(person) for person in people]
    more = f" and {len(everyone) - MAX_NAMED} more" if len(everyone) > MAX_NAMED else ""
    return ", ".join(everyone[:MAX_NAMED]) + more


def read_covariate(table: Table, name: str, as_words: bool) -> pd.Series:
    """A covariate as numbers where all of it is numbers, else as words; None or NaN where blank."""
    empty = is_blank(table, name)
    given = table.frame[name].astype(str).str.strip().where(~empty)
    numbers = pd.to_numeric(given, errors="coerce")
    return given if as_words or (numbers.isna() & ~empty).any() else numbers


def read_covariates(named_table: PersonTable, wanted: Mapping[str, bool], people: np.ndarray) -> pd.DataFrame:
    """One row per person of the data; blank where the table says nothing of them. `wanted`: names, whether words.

    A table with several rows of a person, such as that of sessions, will do where they all say the same.
    """
    table = open_table(named_table.data)
    if missing_columns(table, [named_table.person, *wanted]):
        raise InputError(table.problems)
    person = pd.Index(read_text(table, named_table.person), name="person")
    frame = pd.DataFrame(
        {name: read_covariate(table, name, as_words) for name, as_words in wanted.items()}, table.frame.index
    )
    by_person = frame.set_axis(person).groupby("person", sort=False)
    several = by_person.nunique() > 1
    table.problems.extend(
        f'{table.file}, column "{name}": changes within {list_people(several.index[several[name]])}. A formula takes what '
        "holds of a person throughout: name a column that does not change, or give [people] a table of its own, in "
        "which every person has one row"
        for name in frame
        if several[name].any()
    )
    if table.problems:
        raise InputError(table.problems)
    return by_person.first().reindex(people)


def attach_covariates(study: Study, model: ModelSpec, data: xr.Dataset, people: PersonTable) -> xr.Dataset:
    """The data with what the study's formulas say of each person; InputError names people of whom it is not known."""
    formulas = parse_formulas(study.formulas, model, FORMULAS_KEY)
    wanted = covariate_names(formulas) | dict.fromkeys(people.groups, True)
    frame = read_covariates(people, wanted, data["person"].values)
    lacking = frame.isna()
    unknown = frame.index[lacking.any(axis=1)]
    if len(unknown) and people.missing is None:
        raise InputError(
            f"{people.data.name}, column {name!r}: nothing about {list_people(frame.index[lacking[name]])}. "
            f'Fill it in, or set `missing = "drop"` under [people] to leave them out'
            for name in frame
            if lacking[name].any()
        )
    frame = frame.drop(index=unknown)
    if len(frame) < 2:
        raise InputError([f"{people.data.name}: fewer than two people have every covariate of the formulas"])
    data = data.sel(person=frame.index.to_numpy()).assign_attrs(dropped=list_people(unknown))
    data = data.isel(event=data["present"].any("person").values)
    return join_covariates(data, frame, model, study.formulas, people.groups)


def describe_categories(name: str, values: pd.Series, terms: list[str]) -> str:
    """How many people each word has; the reference is the one that formulas compare the others with."""
    counts = values.value_counts().sort_index()
    if len(counts) > MAX_NAMED:
        return f"{name}: {len(counts)} words, each of {counts.min()} to {counts.max()} people"
    labels = {word: re.compile(rf"\b{re.escape(name)}\b[^\[]*\[{re.escape(word)}\]") for word in counts.index}
    compared = [word for word, label in labels.items() if any(label.search(term) for term in terms)]
    told = [
        f"{word} {count}{' (the reference)' if compared and word not in compared else ''}"
        for word, count in counts.items()
    ]
    return f"{name}: people by word: {', '.join(told)}"


def describe_numbers(name: str, values: pd.Series) -> str:
    """Mean and sd, and how many people each of two numbers has."""
    counts = values.value_counts().sort_index()
    two = f", {', '.join(f'{value:g}: {count}' for value, count in counts.items())}" if len(counts) == 2 else ""
    return f"{name}: a number, mean {values.mean():.3g}, sd {values.std():.3g}{two}"


def describe_covariates(data: xr.Dataset) -> list[str]:
    """A line for each covariate: what is known of how many people."""
    terms = [str(term) for term in data["coefficient"].values] if "coefficient" in data.coords else []
    found = {
        str(name).removeprefix("covariate_"): x.to_series() for name, x in data.items() if "covariate_" in str(name)
    }
    return [
        describe_numbers(name, values)
        if is_numeric_dtype(values)
        else describe_categories(name, values.astype(str), terms)
        for name, values in found.items()
    ]
