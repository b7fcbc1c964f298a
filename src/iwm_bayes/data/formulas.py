"""Formulas on parameters: what covariates do to people's centres, as matrices.

    level[person] = centre + design[:, person] effect + membership[:, person] member + spread offset[person]

A formula such as "arm * ecr_anxiety + (1|therapist)" belongs to one parameter. Numbers are standardised over the
people who are fitted; words are categories, the first in the alphabet being the reference, so that `centre` is the
average person of the reference at average numbers; members of a group deviate from it with an sd of their own. With
labels "PARAMETER: TERM" a Dataset gains

    covariate_NAME      (person,)           as in the table of people
    design              (term, person)
    membership          (member, person)
    attrs               formulas, by full parameter name, and standardised, by covariate [mean, sd], as JSON;
                        groups, names of covariates that people share
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import formulae
import numpy as np
import pandas as pd
import xarray as xr
from formulae.parser import ParseError
from formulae.scanner import ScanError

from iwm_bayes.rules.names import full_names, parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters

FORMULAS_KEY = "key `formulas"  # in messages


def parse_formulas(given: Mapping[str, str], model: ModelSpec, where: str) -> dict[str, str]:
    """Formulas by full parameter name; InputError where one cannot be read or its parameter cannot have one."""
    known = parameters(model)
    free = [name for name, declared in known.items() if declared.fixed is None and declared.pooling == "partial"]
    absent = [name for name in given if not parameter_copies(name, known)]
    problems = [
        f"{where}.{name}`: the theory {model.name} has no such parameter. Those that are free in it are "
        f"{', '.join(free)}. Correct the name, or compare without {model.name}, or in a study without this formula"
        for name in absent
    ]
    named = full_names({name: formula for name, formula in given.items() if name not in absent}, list(known), where)
    for name, formula in named.items():
        try:
            described = formulae.model_description(formula)
        except (ParseError, ScanError) as error:
            problems.append(f"{where}.{name}`: {formula!r} is no formula ({error})")
            continue
        if described.response is not None or not any(term.name == "Intercept" for term in described.common_terms):
            problems.append(f"{where}.{name}`: write the right side only, with its intercept, which is the centre")
        if name not in free:
            only = "only a parameter that is free and partially pooled can have a formula"
            problems.append(f"{where}.{name}`: {only}. In {model.name} these are {', '.join(free)}")
    if problems:
        raise InputError(problems)
    return dict(named)


def formula_problems(given: Mapping[str, str], model: ModelSpec) -> list[str]:
    """What is wrong with formulas, before anything is known of people."""
    try:
        parse_formulas(given, model, FORMULAS_KEY)
    except InputError as error:
        return list(error.problems)
    return []


def covariate_names(formulas: Mapping[str, str]) -> dict[str, bool]:
    """The covariates of formulas, and whether one takes them as words, though they may look like numbers."""
    described = [formulae.model_description(formula) for formula in formulas.values()]
    named = sorted({name for formula in described for name in formula.var_names} - {""})
    as_words = {name: rf"\bC\(\s*{name}\b|\|\s*{name}\b" for name in named}
    return {name: any(re.search(pattern, f) for f in formulas.values()) for name, pattern in as_words.items()}


def standardise(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """Numbers with mean 0 and sd 1, and the mean and sd that they had."""
    scales = {str(name): [float(x.mean()), float(x.std(ddof=1))] for name, x in frame.select_dtypes("number").items()}
    return frame.assign(**{name: (frame[name] - mean) / sd for name, (mean, sd) in scales.items()}), scales


def standardised_covariates(data: xr.Dataset) -> pd.DataFrame:
    """The covariates of a Dataset as formulas see them: numbers standardised as they were when it was read."""
    scales = json.loads(data.attrs["standardised"])
    found = {str(name).removeprefix("covariate_"): x.values for name, x in data.items() if "covariate_" in str(name)}
    moved = {name: (found[name].astype(float) - mean) / sd for name, (mean, sd) in scales.items()}
    return pd.DataFrame({name: moved.get(name, values) for name, values in found.items()})


def common_design(formula: str, frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The design of a formula, learned from `frame`, for the people of `new`: one column per effect."""
    common = formulae.design_matrices(formula, frame).common.evaluate_new_data(new)
    return common.as_dataframe().drop(columns="Intercept")


def group_design(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Who belongs to what: one column per member of each group of a formula."""
    group = formulae.design_matrices(formula, frame).group
    return pd.DataFrame() if group is None else group.as_dataframe()


def label_columns(parts: Mapping[str, pd.DataFrame], dim: str) -> xr.DataArray:
    """Columns of several parameters under each other, (dim, person)."""
    labels = [f"{parameter}: {term}" for parameter, part in parts.items() for term in part]
    values = [part[term].to_numpy(float) for part in parts.values() for term in part]
    return xr.DataArray(np.array(values), {dim: labels}, (dim, "person"))


def design_problems(formulas: Mapping[str, str], frame: pd.DataFrame, where: str) -> list[str]:
    """Covariates that say nothing, or the same as others."""
    same = [str(name) for name in frame if frame[name].nunique() < 2]
    found = [f"{where}`: {name} is the same for everyone who is fitted. Take it out" for name in same]
    for name, formula in {} if found else formulas.items():
        design = common_design(formula, frame, frame).assign(centre=1.0)
        if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
            found.append(f"{where}.{name}`: its terms say the same of people. Take one out")
    return found


def join_covariates(
    data: xr.Dataset, frame: pd.DataFrame, model: ModelSpec, given: Mapping[str, str], groups: Sequence[str] = ()
) -> xr.Dataset:
    """The data with covariates, one row of `frame` per person in order, and what formulas make of them.

    InputError for formulas that cannot be read, and for covariates that say nothing or the same as others.
    """
    formulas = parse_formulas(given, model, FORMULAS_KEY)
    problems = design_problems(formulas, frame, FORMULAS_KEY)
    if problems:
        raise InputError(problems)
    seen, scales = standardise(frame)
    added: dict[str, Any] = {f"covariate_{name}": ("person", frame[name].to_numpy()) for name in frame}
    designs = {name: common_design(formula, seen, seen) for name, formula in formulas.items()}
    belonging = {name: group_design(formula, seen) for name, formula in formulas.items()}
    for name, dim, parts in (("design", "coefficient", designs), ("membership", "group_level", belonging)):
        if any(len(part.columns) for part in parts.values()):
            added[name] = label_columns(parts, dim)
    about = {"formulas": json.dumps(formulas), "standardised": json.dumps(scales), "groups": " ".join(groups)}
    return data.assign(added).assign_attrs(about)
