"""Read covariates of people for formulas, from a table of people or from the table of sessions, and describe them."""

import difflib
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.dataset import covariate_values
from iwm_bayes.data.dyads.describe import how_many
from iwm_bayes.data.dyads.writing import has_members
from iwm_bayes.data.formulas.event_design import event_frame, session_covariates
from iwm_bayes.data.numbers import decimal_points, read_numbers
from iwm_bayes.data.table import (
    MAX_NAMED,
    NAMES_LIKE_MISSING,
    Table,
    cell_texts,
    doubt_labels,
    is_blank,
    list_people,
    missing_columns,
    read_complete_names,
    read_names,
    whole_number_keys,
)
from iwm_bayes.types import InputError

NEARLY_NUMBER = r"[+-]?(?:\d+,\d+|\d*[.,]?\d+\s*%)"


def read_covariate(table: Table, name: str, as_words: bool) -> pd.Series:
    """Return a covariate as numbers if all of it is numbers, else as words; None or NaN where blank.

    `as_words` keeps numbers as words. Faults are added to the problems of the table: numbers with a comma or a percent
    sign, which would be categories, infinite numbers, and a category such as 1 in two spellings.
    """
    empty, texts = is_blank(table, name), cell_texts(table, name)
    numbers = pd.to_numeric(decimal_points(table, texts).where(~empty), errors="coerce")
    # of numbers with a comma or a sign, `read_numbers` says what is wrong
    nearly_numbers = texts.str.fullmatch(NEARLY_NUMBER).to_numpy(dtype=bool)
    has_words = bool((numbers.isna() & ~empty & ~nearly_numbers).any())
    if as_words or has_words:
        named = table._replace(words={**table.words, name: NAMES_LIKE_MISSING})
        words = pd.Series(read_names(named, name), table.frame.index)
        return words.where(words != "")
    doubt_labels(table, name, f"It is read as numbers. For categories, write C({name}) in the formula")
    return pd.Series(read_numbers(table, name), table.frame.index)


def matched_people(names: np.ndarray, people: np.ndarray) -> pd.Index:
    """Return names of a table of people as the sessions spell them: 001 or 1.0 for 1, where no other person fits."""
    in_table, in_sessions = pd.Series(names), pd.Series(people.astype(str))
    known = set(in_sessions)
    keys = whole_number_keys(in_sessions)
    unambiguous = keys.notna() & ~keys.duplicated(keep=False)
    by_key = dict(zip(keys[unambiguous], in_sessions[unambiguous], strict=True))
    spelt = whole_number_keys(in_table).map(by_key)
    return pd.Index(in_table.where(in_table.isin(known) | spelt.isna(), spelt), name="person")


def plain_spelling(name: str) -> str:
    """Return a name in small letters, without signs and without zeros before numbers: p1 for P-01."""
    return re.sub(r"0*(\d+)", r"\1", re.sub(r"[\W_]", "", name.casefold()))


def other_spellings(unknown: np.ndarray, names: np.ndarray) -> dict[str, str]:
    """Return for each unknown person the name that may be theirs in another spelling, "" where there is none.

    Names that differ in letters are compared for the first few people only, because this takes time.
    """
    plain = {plain_spelling(name): name for name in names}
    found = {}
    for number, person in enumerate(map(str, unknown)):
        near = difflib.get_close_matches(person, names, n=1, cutoff=0.8) if number < MAX_NAMED else []
        found[person] = str(plain.get(plain_spelling(person), near[0] if near else ""))
    return found


def list_spellings(spellings: Mapping[str, str]) -> str:
    """Return people in quotes, each with the other spelling that may be theirs."""
    return list_people(f'"{person}"' + (f' (it has "{other}")' if other else "") for person, other in spellings.items())


def read_covariates(table: Table, person_column: str, wanted: Mapping[str, bool], people: np.ndarray) -> pd.DataFrame:
    """Return the covariates of the people of the data, one row per person; blank where the table has none.

    `wanted` are the names of covariates, each with whether it is read as words. A table may have several rows of a
    person, such as the table of sessions. InputError if a covariate changes within a person. `attrs` of the frame name
    the people who are `unknown` to the table, each with the spelling that may be theirs.
    """
    table = table._replace(words={person_column: NAMES_LIKE_MISSING})
    keys = {person_column: "key `people.person`", **dict.fromkeys(wanted, "[formulas] or key `people.groups`")}
    if missing_columns(table, keys):
        raise InputError(table.problems)
    names = read_complete_names(table, person_column)
    person = matched_people(names, people)
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
    unknown = np.asarray(people)[~np.isin(people, person)]
    spare = pd.unique(names[~np.isin(person, people)])
    found.attrs["unknown"] = other_spellings(unknown, spare)
    return found


def describe_categories(name: str, values: pd.Series, coefficients: list[str], noun: str = "people") -> str:
    """Return how many people, or dyads, each category has, and which one is the reference of the formulas.

    `coefficients` are the labels of effects. A category that has none, where others have, is the reference.
    """
    counts = values.value_counts().sort_index()
    if len(counts) > MAX_NAMED:
        return f"{name}: {len(counts)} categories, each of {how_many(counts.to_numpy())} {noun}"
    patterns = {word: re.compile(rf"\b{re.escape(name)}\b[^\[]*\[{re.escape(word)}\]") for word in counts.index}
    compared = [word for word, pattern in patterns.items() if any(map(pattern.search, coefficients))]
    described = [
        f"{word} {count}{' (reference)' if compared and word not in compared else ''}" for word, count in counts.items()
    ]
    return f"{name}: {noun} by category: {', '.join(described)}"


def describe_numbers(name: str, values: pd.Series) -> str:
    """Return the mean and SD of a covariate, and the count of each value if there are two."""
    counts = values.value_counts().sort_index()
    two = f", {', '.join(f'{value:g}: {count}' for value, count in counts.items())}" if len(counts) == 2 else ""
    return f"{name}: a number, mean {values.mean():.3g}, SD {values.std():.3g}{two}"


def describe_session_covariate(name: str, values: pd.Series, terms: list[str]) -> str:
    """Return in how many people a covariate changes, and what its values are, (event, person) by the index."""
    own, people = values.dropna(), values.groupby(level="person").ngroups
    changing = int((own.groupby(level="person").nunique() > 1).sum())
    blank = f"; blank at {len(values) - len(own)} of {len(values)} events" if len(own) < len(values) else ""
    where = f"changes from session to session in {changing} of {people} people"
    if is_numeric_dtype(own):
        return f"{name}: {where}; mean {round(own.mean(), 9):.3g}, SD {own.std():.3g} over events{blank}"
    counts = own.value_counts().sort_index()
    compared = [word for word in counts.index if any(f"[{word}]" in term for term in terms)]
    described = [f"{word} {count}{'' if word in compared else ' (reference)'}" for word, count in counts.items()]
    return f"{name}: {where}; events by category: {', '.join(described[:MAX_NAMED])}{blank}"


def describe_covariates(data: xr.Dataset) -> list[str]:
    """Return one line for each covariate of the data: those of sessions, then those of people."""
    coefficients = [str(label) for label in data["coefficient"].values] if "coefficient" in data.coords else []
    covariates = {name: values.to_series() for name, values in covariate_values(data).items()}
    noun = "dyads" if has_members(data) else "people"
    frame, terms = event_frame(data), [str(term) for term in data["event_term"].values] if "event_terms" in data else []
    of_sessions = [describe_session_covariate(name, frame[name], terms) for name in session_covariates(data)]
    return of_sessions + [
        describe_numbers(name, values)
        if is_numeric_dtype(values)
        else describe_categories(name, values.astype(str), coefficients, noun)
        for name, values in covariates.items()
    ]
