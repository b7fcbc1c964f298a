"""What is known of people besides their sessions, and how it enters a theory: formulas on parameters.

    level[person] = centre + design[:, person] effect + membership[:, person] member + spread offset[person]

A formula such as "arm * ecr_anxiety + (1|therapist)" belongs to one parameter. Numbers are standardised over the
people who are fitted; words are categories, the first in the alphabet being the reference, so that `centre` is the
average person of the reference at average numbers; members of a group deviate from it with an sd of their own. The
Dataset gains, with labels "PARAMETER: TERM",

    covariate_NAME      (person,)           as in the table of people
    design              (term, person)
    membership          (member, person)
    attrs               formulas, by full parameter name, and standardised, by covariate [mean, sd], as JSON;
                        groups, names of covariates that people share; dropped, who was left out
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import formulae
import numpy as np
import pandas as pd
import xarray as xr
from formulae.parser import ParseError
from formulae.scanner import ScanError

from iwm_bayes.core import InputError, Model, parameters
from iwm_bayes.naming import full_names
from iwm_bayes.study import People, Study
from iwm_bayes.table import SHOWN, Table, blank, missing_columns, open_table, texts


def named(people: Iterable[str]) -> str:
    """The first of some people, and how many more."""
    everyone = [str(person) for person in people]
    more = f" and {len(everyone) - SHOWN} more" if len(everyone) > SHOWN else ""
    return ", ".join(everyone[:SHOWN]) + more


def formulas_of(study: Study, model: Model) -> dict[str, str]:
    """Formulas by full parameter name; InputError where one cannot be read or its parameter cannot have one."""
    known, where = parameters(model), f"study {study.name}, key `formulas"
    given, problems = full_names(study.formulas, list(known), where), []
    for name, formula in given.items():
        try:
            described = formulae.model_description(formula)
        except (ParseError, ScanError) as error:
            problems.append(f"{where}.{name}`: {formula!r} is no formula ({error})")
            continue
        if described.response is not None or not any(term.name == "Intercept" for term in described.common_terms):
            problems.append(f"{where}.{name}`: write the right side only, with its intercept, which is the centre")
        if known[name].fixed is not None or known[name].pooling != "partial":
            problems.append(f"{where}.{name}`: only a parameter that is free and partially pooled can have a formula")
    if problems:
        raise InputError(problems)
    return given


def words(formula: str, name: str) -> bool:
    """Whether a formula takes a variable as names, though it may look like numbers."""
    return re.search(rf"\bC\(\s*{name}\b|\|\s*{name}\b", formula) is not None


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


def standardised(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """Numbers with mean 0 and sd 1, and the mean and sd that they had."""
    scales = {str(name): [float(x.mean()), float(x.std(ddof=1))] for name, x in frame.select_dtypes("number").items()}
    return frame.assign(**{name: (frame[name] - mean) / sd for name, (mean, sd) in scales.items()}), scales


def prepared(data: xr.Dataset) -> pd.DataFrame:
    """The covariates of a Dataset as formulas see them: numbers standardised as they were when it was read."""
    scales = json.loads(data.attrs["standardised"])
    found = {str(name).removeprefix("covariate_"): x.values for name, x in data.items() if "covariate_" in str(name)}
    moved = {name: (found[name].astype(float) - mean) / sd for name, (mean, sd) in scales.items()}
    return pd.DataFrame({name: moved.get(name, values) for name, values in found.items()})


def effects(formula: str, frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The design of a formula, learned from `frame`, for the people of `new`: one column per effect."""
    common = formulae.design_matrices(formula, frame).common.evaluate_new_data(new)
    return common.as_dataframe().drop(columns="Intercept")


def members(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Who belongs to what: one column per member of each group of a formula."""
    group = formulae.design_matrices(formula, frame).group
    return pd.DataFrame() if group is None else group.as_dataframe()


def labelled(parts: Mapping[str, pd.DataFrame], dim: str) -> xr.DataArray:
    """Columns of several parameters under each other, (dim, person)."""
    labels = [f"{parameter}: {term}" for parameter, part in parts.items() for term in part]
    values = [part[term].to_numpy(float) for part in parts.values() for term in part]
    return xr.DataArray(np.array(values), {dim: labels}, (dim, "person"))


def faults(formulas: Mapping[str, str], frame: pd.DataFrame, study: Study) -> list[str]:
    """Covariates that say nothing, or the same as others."""
    same = [str(name) for name in frame if frame[name].nunique() < 2]
    found = [f"study {study.name}: {name} is the same for everyone who is fitted. Take it out" for name in same]
    for name, formula in {} if found else formulas.items():
        design = effects(formula, frame, frame).assign(centre=1.0)
        if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
            found.append(f"study {study.name}, key `formulas.{name}`: its terms say the same of people. Take one out")
    return found


def attach(study: Study, model: Model, data: xr.Dataset) -> xr.Dataset:
    """The data with what the study's formulas say of each person; InputError names people of whom it is not known."""
    if study.people is None:
        return data
    formulas = formulas_of(study, model)
    described = [formulae.model_description(formula) for formula in formulas.values()]
    variables = sorted({name for formula in described for name in formula.var_names} - {""})
    wanted = {name: any(words(formula, name) for formula in formulas.values()) for name in variables}
    wanted |= dict.fromkeys(study.people.groups, True)
    frame = covariates(study.people, wanted, data["person"].values)
    lacking = frame.isna()
    unknown = frame.index[lacking.any(axis=1)]
    if len(unknown) and study.people.missing is None:
        raise InputError(
            f"{study.people.data.name}, column {name!r}: nothing about {named(frame.index[lacking[name]])}. "
            f'Fill it in, or set `missing = "drop"` under [people] to leave them out'
            for name in frame
            if lacking[name].any()
        )
    frame = frame.drop(index=unknown)
    if len(frame) < 2:
        raise InputError([f"{study.people.data.name}: fewer than two people have every covariate of the formulas"])
    seen, scales = standardised(frame)
    problems = faults(formulas, frame, study)
    if problems:
        raise InputError(problems)
    data = data.sel(person=frame.index.to_numpy())
    data = data.isel(event=data["present"].any("person").values)
    added: dict[str, Any] = {f"covariate_{name}": ("person", frame[name].to_numpy()) for name in frame}
    everyone = {
        "design": labelled({name: effects(formula, seen, seen) for name, formula in formulas.items()}, "term"),
        "membership": labelled({name: members(formula, seen) for name, formula in formulas.items()}, "member"),
    }
    added |= {name: part for name, part in everyone.items() if part.size}
    about = {"formulas": json.dumps(formulas), "standardised": json.dumps(scales), "dropped": named(unknown)}
    about["groups"] = " ".join(study.people.groups)
    return data.assign(added).assign_attrs(about)
