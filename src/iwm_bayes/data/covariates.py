"""Read covariates of people for formulas, from a table of people or from the table of sessions.

A person with a blank covariate is an error that names them. Where the study says `missing = "drop"`, such people are
left out instead, and the attribute `dropped` of the data names them.
"""

import json
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.dataset import covariate_values
from iwm_bayes.data.formulas import FORMULAS_KEY, covariate_names, join_covariates, parse_formulas
from iwm_bayes.data.study import PersonTable, StudySpec
from iwm_bayes.data.table import (
    MAX_NAMED,
    NAMES_LIKE_MISSING,
    Table,
    cell_texts,
    is_blank,
    list_people,
    missing_columns,
    read_complete_names,
    read_names,
    read_numbers,
    whole_number_keys,
)
from iwm_bayes.data.table_file import open_table
from iwm_bayes.types import InputError, ModelSpec


def read_covariate(table: Table, name: str, as_words: bool) -> pd.Series:
    """Return a covariate as numbers if all of it is numbers, else as words; None or NaN where blank.

    `as_words` keeps numbers as words. Faults are added to the problems of the table: numbers with a decimal comma,
    which would be categories, infinite numbers, and a category such as 1 in two spellings.
    """
    empty, texts = is_blank(table, name), cell_texts(table, name)
    numbers = pd.to_numeric(texts.where(~empty), errors="coerce")
    has_words = bool((numbers.isna() & ~empty).any())
    commas = texts.str.fullmatch(r"[+-]?\d+,\d+").to_numpy(dtype=bool)
    if commas.any() and not as_words and (commas | numbers.notna() | empty).all():
        remedy = "Write a decimal point. As it is, each number would be a category"
        table.report(commas, name, "a decimal comma", remedy)
    elif as_words or has_words:
        named = table._replace(words={**table.words, name: NAMES_LIKE_MISSING})
        words = pd.Series(read_names(named, name), table.frame.index)
        return words.where(words != "")
    return pd.Series(read_numbers(table, name), table.frame.index)


def matched_people(names: np.ndarray, people: np.ndarray) -> pd.Index:
    """Return names of a table of people as the sessions spell them: 001 or 1.0 for 1, where no other person fits."""
    in_table, in_sessions = pd.Series(names), pd.Series(people.astype(str))
    known = set(in_sessions)
    keys = whole_number_keys(in_sessions)
    by_key = dict(zip(keys.dropna(), in_sessions[keys.notna()], strict=True))
    spelt = whole_number_keys(in_table).map(by_key)
    return pd.Index(in_table.where(in_table.isin(known) | spelt.isna(), spelt), name="person")


def read_covariates(person_table: PersonTable, wanted: Mapping[str, bool], people: np.ndarray) -> pd.DataFrame:
    """Return the covariates of the people of the data, one row per person; blank where the table has none.

    `wanted` are the names of covariates, each with whether it is read as words. A table may have several rows of a
    person, such as the table of sessions. InputError if a covariate changes within a person. `attrs` of the frame have
    the `doubts` of the table.
    """
    table = open_table(person_table.data)
    table = table._replace(words={person_table.person: NAMES_LIKE_MISSING})
    keys = {person_table.person: "key `people.person`", **dict.fromkeys(wanted, "[formulas] or key `people.groups`")}
    if missing_columns(table, keys):
        raise InputError(table.problems)
    person = matched_people(read_complete_names(table, person_table.person), people)
    columns = {name: read_covariate(table, name, as_words) for name, as_words in wanted.items()}
    frame = pd.DataFrame(columns, table.frame.index)
    by_person = frame.set_axis(person).groupby("person", sort=False)
    changes = by_person.nunique() > 1
    table.problems.extend(
        f'{table.file}, column "{name}": changes within {list_people(changes.index[changes[name]])}. A formula needs '
        "one value per person: name a column that does not change, or give [people] a table of its own, in which "
        "every person has one row"
        for name in frame
        if changes[name].any()
    )
    if table.problems:
        raise InputError(table.problems)
    found = by_person.first().reindex(people)
    found.attrs["doubts"] = table.doubts
    return found


def attach_covariates(study: StudySpec, model: ModelSpec, data: xr.Dataset, people: PersonTable) -> xr.Dataset:
    """Return the data with the covariates and design matrices of the study's formulas.

    InputError names people whose covariates are blank, unless the study drops them.
    """
    formulas = parse_formulas(study.formulas, model, FORMULAS_KEY)
    wanted = covariate_names(formulas) | dict.fromkeys(people.groups, True)
    frame = read_covariates(people, wanted, data["person"].values)
    blank = frame.isna()
    incomplete = frame.index[blank.any(axis=1)]
    if len(incomplete) and people.missing is None:
        raise InputError(
            f"{people.data.name}, column {name!r}: blank for {list_people(frame.index[blank[name]])}. "
            f'Fill it in, or set `missing = "drop"` under [people] to leave them out'
            for name in frame
            if blank[name].any()
        )
    frame = frame.drop(index=incomplete)
    if len(frame) < 2:
        raise InputError([f"{people.data.name}: fewer than two people have every covariate of the formulas"])
    data = data.sel(person=frame.index.to_numpy()).assign_attrs(dropped=list_people(incomplete))
    data = data.isel(event=data["present"].any("person").values)
    doubts = [*json.loads(data.attrs.get("doubts", "[]")), *frame.attrs["doubts"]]
    data = data.assign_attrs(doubts=json.dumps(list(dict.fromkeys(doubts))))
    return join_covariates(data, frame, model, study.formulas, people.groups)


def describe_categories(name: str, values: pd.Series, coefficients: list[str]) -> str:
    """Return how many people each category has, and which one is the reference of the formulas.

    `coefficients` are the labels of effects. A category that has none, where others have, is the reference.
    """
    counts = values.value_counts().sort_index()
    if len(counts) > MAX_NAMED:
        return f"{name}: {len(counts)} categories, each of {counts.min()} to {counts.max()} people"
    patterns = {word: re.compile(rf"\b{re.escape(name)}\b[^\[]*\[{re.escape(word)}\]") for word in counts.index}
    compared = [word for word, pattern in patterns.items() if any(map(pattern.search, coefficients))]
    described = [
        f"{word} {count}{' (reference)' if compared and word not in compared else ''}" for word, count in counts.items()
    ]
    return f"{name}: people by category: {', '.join(described)}"


def describe_numbers(name: str, values: pd.Series) -> str:
    """Return the mean and SD of a covariate, and the count of each value if there are two."""
    counts = values.value_counts().sort_index()
    two = f", {', '.join(f'{value:g}: {count}' for value, count in counts.items())}" if len(counts) == 2 else ""
    return f"{name}: a number, mean {values.mean():.3g}, SD {values.std():.3g}{two}"


def describe_covariates(data: xr.Dataset) -> list[str]:
    """Return one line for each covariate of the data."""
    coefficients = [str(label) for label in data["coefficient"].values] if "coefficient" in data.coords else []
    covariates = {name: values.to_series() for name, values in covariate_values(data).items()}
    return [
        describe_numbers(name, values)
        if is_numeric_dtype(values)
        else describe_categories(name, values.astype(str), coefficients)
        for name, values in covariates.items()
    ]
