"""Turn formulas on parameters into design matrices: how covariates shift people's parameters.

On the link scale,

    theta[person] = mu + design[:, person] beta + membership[:, person] u + sigma z[person],   z ~ Normal(0, 1)

A formula such as "arm * ecr_anxiety + (1|therapist)" belongs to one parameter. Numbers are standardised over the
people who are fitted. Words are categories, and the first in the alphabet is the reference. So `mu` is the group mean
of the reference category at average numbers. Levels of a group, such as therapists, deviate from it by `u`, with an SD
of their own. With labels "PARAMETER: TERM" a Dataset gains

    covariate_NAME      (person,)                as in the table of people
    design              (coefficient, person)
    membership          (group_level, person)
    attrs               formulas, by full parameter name, and standardised, by covariate [mean, SD], as JSON;
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

from iwm_bayes.rules.parameter_names import full_names, parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters

FORMULAS_KEY = "key `formulas"  # in messages


def parse_formulas(given: Mapping[str, str], model: ModelSpec, where: str) -> dict[str, str]:
    """Return formulas by full parameter name; `where` names the key in messages.

    InputError if a formula cannot be read, or if its parameter cannot have one.
    """
    known = parameters(model)
    free = [name for name, declared in known.items() if declared.fixed is None and declared.pooling == "partial"]
    unknown = [name for name in given if not parameter_copies(name, known)]
    problems = [
        f"{where}.{name}`: the model {model.name} has no such parameter. Its free parameters are "
        f"{', '.join(free)}. Correct the name, or compare without {model.name}, or in a study without this formula"
        for name in unknown
    ]
    by_name = full_names({name: formula for name, formula in given.items() if name not in unknown}, list(known), where)
    for name, formula in by_name.items():
        try:
            described = formulae.model_description(formula)
        except (ParseError, ScanError) as error:
            problems.append(f"{where}.{name}`: {formula!r} is no formula ({error})")
            continue
        if described.response is not None or not any(term.name == "Intercept" for term in described.common_terms):
            problems.append(f"{where}.{name}`: write the right side only, with its intercept, which is the group mean")
        if name not in free:
            only = "only a parameter that is free and partially pooled can have a formula"
            problems.append(f"{where}.{name}`: {only}. In {model.name} these are {', '.join(free)}")
    if problems:
        raise InputError(problems)
    return dict(by_name)


def formula_problems(given: Mapping[str, str], model: ModelSpec) -> list[str]:
    """Return what is wrong with formulas, before any covariate is read."""
    try:
        parse_formulas(given, model, FORMULAS_KEY)
    except InputError as error:
        return list(error.problems)
    return []


def covariate_names(formulas: Mapping[str, str]) -> dict[str, bool]:
    """Return the covariates of formulas, each with whether a formula takes it as words even if it looks numeric."""
    described = [formulae.model_description(formula) for formula in formulas.values()]
    names = sorted({name for formula in described for name in formula.var_names} - {""})
    as_words = {name: rf"\bC\(\s*{name}\b|\|\s*{name}\b" for name in names}
    return {name: any(re.search(pattern, f) for f in formulas.values()) for name, pattern in as_words.items()}


def standardise(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[float]]]:
    """Return covariates with numbers of mean 0 and SD 1, and the [mean, SD] of each number before."""
    scales = {str(name): [float(x.mean()), float(x.std(ddof=1))] for name, x in frame.select_dtypes("number").items()}
    return frame.assign(**{name: (frame[name] - mean) / sd for name, (mean, sd) in scales.items()}), scales


def standardised_covariates(data: xr.Dataset) -> pd.DataFrame:
    """Return the covariates of a Dataset as its formulas take them, numbers standardised as when it was read."""
    scales = json.loads(data.attrs["standardised"])
    raw = {str(name).removeprefix("covariate_"): x.values for name, x in data.items() if "covariate_" in str(name)}
    standardised = {name: (raw[name].astype(float) - mean) / sd for name, (mean, sd) in scales.items()}
    return pd.DataFrame({name: standardised.get(name, values) for name, values in raw.items()})


def common_design(formula: str, frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the design of a formula for the people of `new`, with the categories of `frame`: one column per effect."""
    common = formulae.design_matrices(formula, frame).common.evaluate_new_data(new)
    return common.as_dataframe().drop(columns="Intercept")


def group_design(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the membership of people in groups: one column per level of each group of a formula."""
    group = formulae.design_matrices(formula, frame).group
    return pd.DataFrame() if group is None else group.as_dataframe()


def label_columns(parts: Mapping[str, pd.DataFrame], dim: str) -> xr.DataArray:
    """Return the columns of several parameters as one array (dim, person), labelled "PARAMETER: TERM"."""
    labels = [f"{parameter}: {term}" for parameter, part in parts.items() for term in part]
    values = [part[term].to_numpy(float) for part in parts.values() for term in part]
    return xr.DataArray(np.array(values), {dim: labels}, (dim, "person"))


def design_problems(formulas: Mapping[str, str], frame: pd.DataFrame, where: str) -> list[str]:
    """Return a problem for each constant covariate; without any, one for each formula with collinear terms."""
    constant = [str(name) for name in frame if frame[name].nunique() < 2]
    if constant:
        return [f"{where}`: {name} is the same for everyone who is fitted. Take it out" for name in constant]
    problems = []
    for name, formula in formulas.items():
        design = common_design(formula, frame, frame).assign(intercept=1.0)
        if np.linalg.matrix_rank(design.to_numpy()) < design.shape[1]:
            problems.append(f"{where}.{name}`: its terms are collinear for these people. Take one out")
    return problems


def join_covariates(
    data: xr.Dataset, frame: pd.DataFrame, model: ModelSpec, given: Mapping[str, str], groups: Sequence[str] = ()
) -> xr.Dataset:
    """Return the data with covariates and with the design matrices of the formulas `given`.

    `frame` has one row per person of the data, in order. InputError for formulas that cannot be read, and for
    covariates that are constant or collinear.
    """
    formulas = parse_formulas(given, model, FORMULAS_KEY)
    problems = design_problems(formulas, frame, FORMULAS_KEY)
    if problems:
        raise InputError(problems)
    standardised, scales = standardise(frame)
    added: dict[str, Any] = {f"covariate_{name}": ("person", frame[name].to_numpy()) for name in frame}
    designs = {name: common_design(formula, standardised, standardised) for name, formula in formulas.items()}
    memberships = {name: group_design(formula, standardised) for name, formula in formulas.items()}
    for name, dim, parts in (("design", "coefficient", designs), ("membership", "group_level", memberships)):
        if any(len(part.columns) for part in parts.values()):
            added[name] = label_columns(parts, dim)
    attributes = {"formulas": json.dumps(formulas), "standardised": json.dumps(scales), "groups": " ".join(groups)}
    return data.assign(added).assign_attrs(attributes)
