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
    attrs               formulas, by full parameter name; standardised, by covariate [mean, SD]; groups, names of
                        covariates that people share; all as JSON

Functions such as log take a covariate in its own units, and their result is standardised. `formula_language` says
what a formula can be.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.dataset import covariate_values, covariate_variable
from iwm_bayes.data.formulas.effects import event_problems
from iwm_bayes.data.formulas.evaluation import common_columns, evaluate_design
from iwm_bayes.data.formulas.event_design import session_covariates, with_session_terms
from iwm_bayes.data.formulas.language import (
    CATEGORIES,
    LANGUAGE,
    MAX_CONSTANT,
    OWN_UNITS,
    RIGHT_SIDE_ONLY,
    Formula,
    column_name,
    common_names,
    count_columns,
    read_formula,
)
from iwm_bayes.data.formulas.splits import with_split_names
from iwm_bayes.data.table import list_people
from iwm_bayes.lazy import lazy_module
from iwm_bayes.rules.parameter_names import full_names, parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters

formulae, expr = lazy_module("formulae"), lazy_module("formulae.expr")

MAX_CELLS = 10**8  # of a design matrix: about 1 GB
FORMULAS_KEY = "key `formulas"  # in messages


def parse_formulas(
    given: Mapping[str, str], model: ModelSpec, where: str, changing: Collection[str] = ()
) -> dict[str, str]:
    """Return formulas by full parameter name; `where` names the key in messages.

    `changing` are the covariates that change from session to session. InputError if a formula cannot be read, or if its
    parameter cannot have one.
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
        problems += [f"{where}.{name}`: {problem}" for problem in language_problems(formula)]
        own = names_in(formula)
        if own & set(changing):
            problems += [f"{where}.{name}`: {problem}" for problem in event_problems(model, name)]
        if name not in free and (known[name].fixed is not None or has_terms_of_people(formula, changing)):
            only = "only a parameter that is free and partially pooled can have a formula with covariates of people"
            problems.append(f"{where}.{name}`: {only}. In {model.name} these are {', '.join(free)}")
    if problems:
        raise InputError(problems)
    return dict(by_name)


def language_problems(formula: str) -> list[str]:
    """Return what is wrong with a formula by itself."""
    try:
        read_formula(formula)
    except InputError as error:
        return list(error.problems)
    try:
        described = formulae.model_description(formula)
    except Exception as error:  # formulae raises anything for terms that cannot be combined
        return [f"{formula!r} is no formula ({error}). {LANGUAGE}"]
    has_intercept = any(term.name == "Intercept" for term in described.common_terms)
    return [] if described.response is None and has_intercept else [RIGHT_SIDE_ONLY]


def names_in(formula: str) -> frozenset[str]:
    """Return the covariates of a formula; none of one that cannot be read."""
    try:
        return read_formula(formula).names
    except InputError:
        return frozenset()


def group_covariates(data: xr.Dataset) -> frozenset[str]:
    """Return the covariates that only name groups, such as therapists: they have no effect of their own."""
    formulas = [read_formula(text) for text in json.loads(data.attrs.get("formulas", "{}")).values()]
    compared = {name for formula in formulas for name in common_names(formula.tree)}
    named = {*json.loads(data.attrs.get("groups", "[]"))}.union(*(formula.names for formula in formulas))
    return frozenset(named - compared)


def has_terms_of_people(formula: str, changing: Collection[str]) -> bool:
    """Return whether a formula has a term without covariates that change from session to session."""
    if not names_in(formula):
        return True
    terms = formulae.model_description(with_split_names(formula)).terms
    return any(term.name != "Intercept" and not term.var_names & set(changing) for term in terms)


def formula_problems(given: Mapping[str, str], model: ModelSpec, changing: Collection[str] = ()) -> list[str]:
    """Return what is wrong with formulas, before any covariate is read; `changing` as in `parse_formulas`."""
    try:
        parse_formulas(given, model, FORMULAS_KEY, changing)
    except InputError as error:
        return list(error.problems)
    return []


def covariate_names(formulas: Mapping[str, str]) -> dict[str, bool]:
    """Return the covariates of formulas, each with whether a formula takes it as words even if it looks numeric."""
    read = [read_formula(formula) for formula in formulas.values()]
    names = sorted(frozenset().union(*(formula.names for formula in read)))
    return {name: any(name in formula.words for formula in read) for name in names}


def standardise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return covariates with numbers of mean 0 and SD 1; the attribute `scales` has the [mean, SD] of each before."""
    with np.errstate(all="ignore"):
        numbers = frame.select_dtypes("number")
        scales = {str(name): [float(x.mean()), float(x.std(ddof=1))] for name, x in numbers.items()}
        return with_scales(frame, scales)


def with_scales(frame: pd.DataFrame, scales: Mapping[str, list[float]]) -> pd.DataFrame:
    """Return covariates with the numbers of `scales` standardised, and with the attribute `scales`."""
    numbers = {name: (frame[name].astype(float) - mean) / sd for name, (mean, sd) in scales.items()}
    standardised = frame.assign(**numbers)
    standardised.attrs["scales"] = dict(scales)
    return standardised


def standardised_covariates(data: xr.Dataset) -> pd.DataFrame:
    """Return the covariates of a Dataset as its formulas take them, numbers standardised as when it was read."""
    raw = pd.DataFrame({name: values.values for name, values in covariate_values(data).items()})
    return with_scales(raw, json.loads(data.attrs["standardised"]))


def common_design(formula: str, frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return the design of a formula for the people of `new`, with the categories of `frame`: one column per effect.

    `frame` is of `standardise` or `standardised_covariates`. InputError if the formula cannot be evaluated.
    """
    return common_columns(formula, frame, new)


def group_design(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the membership of people in groups: one column per level of each group of a formula."""
    group = evaluate_design(formula, frame).group
    return pd.DataFrame() if group is None else group.as_dataframe()


def label_columns(parts: Mapping[str, pd.DataFrame], dim: str) -> xr.DataArray:
    """Return the columns of several parameters as one array (dim, person), labelled "PARAMETER: TERM"."""
    labels = [f"{parameter}: {term}" for parameter, part in parts.items() for term in part]
    values = [part[term].to_numpy(float) for part in parts.values() for term in part]
    return xr.DataArray(np.array(values), {dim: labels}, (dim, "person"))


def covariate_problems(frame: pd.DataFrame, standardised: pd.DataFrame, where: str) -> list[str]:
    """Return a problem for each covariate that is constant, or whose numbers are too large for a mean and an SD."""
    constant = [str(name) for name in frame if frame[name].nunique() < 2]
    scales = standardised.attrs["scales"]
    usable = {name for name, (mean, sd) in scales.items() if abs(mean) < np.inf and 0 < sd < np.inf}
    extreme = [name for name in scales if name not in usable and name not in constant]
    return [
        *(f"{where}`: {name} is the same for everyone who is fitted. Take it out" for name in constant),
        *(f"{where}`: {name} has numbers that are too large or too alike for an SD. Rescale it" for name in extreme),
    ]


def value_problems(formula: Formula, frame: pd.DataFrame) -> Iterator[str]:
    """Yield where the covariates of people do not suit the functions of a formula, or have too many categories."""
    for name in sorted((formula.numbers - formula.words) & set(frame)):
        if not is_numeric_dtype(frame[name]):
            yield f"{name} has words, and arithmetic needs numbers. Take the function away, or correct the column"
    for function, name in sorted(formula.own_units):
        if name in frame and is_numeric_dtype(frame[name]):
            with np.errstate(all="ignore"):
                bad = ~np.isfinite(OWN_UNITS[function](frame[name].astype(float)))
            if bad.any():
                yield f"{function}({name}) is not a finite number for {list_people(frame.index[bad])}"
    n_columns = count_columns(formula.tree, lambda node: count_levels(node, frame))
    if n_columns * len(frame) > MAX_CELLS:
        yield f"its interactions have about {n_columns} columns, more than fit into memory. Take some out"


def count_levels(node: Any, frame: pd.DataFrame) -> int:
    """Return how many design columns a covariate, or a function of one, has at most."""
    if isinstance(node, expr.Call) and node.callee.name.lexeme not in CATEGORIES:
        return MAX_CONSTANT
    name = column_name(node.args[0] if isinstance(node, expr.Call) else node)
    values = frame[name] if name in frame else pd.Series(dtype=float)  # of a covariate of sessions: see `event_design`
    return 1 if is_numeric_dtype(values) else int(values.nunique())


def design_problems(formulas: Mapping[str, str], frame: pd.DataFrame, where: str) -> list[str]:
    """Return what prevents a design: covariates first; without problems of theirs, formulas with collinear terms."""
    standardised = standardise(frame)
    problems = covariate_problems(frame, standardised, where)
    problems += [
        f"{where}.{name}`: {problem}"
        for name, formula in formulas.items()
        for problem in value_problems(read_formula(formula), frame)
    ]
    for name, formula in formulas.items() if not problems else ():
        try:
            design = common_design(formula, standardised, standardised).assign(intercept=1.0).to_numpy(float)
            group_design(formula, standardised)
        except InputError as error:
            problems += [f"{where}.{name}`: {problem}" for problem in error.problems]
            continue
        if not np.isfinite(design).all():
            problems.append(f"{where}.{name}`: a term is not a finite number for everyone. Correct its function")
        elif np.linalg.matrix_rank(design) < design.shape[1]:
            problems.append(f"{where}.{name}`: its terms are collinear for these people. Take one out")
    return problems


def join_covariates(
    data: xr.Dataset, frame: pd.DataFrame, model: ModelSpec, given: Mapping[str, str], groups: Sequence[str] = ()
) -> xr.Dataset:
    """Return the data with covariates, and with the design matrices and event terms of the formulas `given`.

    `frame` has one row per person of the data, in order. Covariates of sessions are in the data (see `event_design`).
    InputError for formulas that cannot be read, and for covariates that are constant or collinear.
    """
    formulas = parse_formulas(given, model, FORMULAS_KEY, list(session_covariates(data)))
    problems = design_problems(formulas, frame, FORMULAS_KEY)
    if problems:
        raise InputError(problems)
    standardised = standardise(frame)
    added: dict[str, Any] = {covariate_variable(str(name)): ("person", frame[name].to_numpy()) for name in frame}
    designs = {name: common_design(formula, standardised, standardised) for name, formula in formulas.items()}
    memberships = {name: group_design(formula, standardised) for name, formula in formulas.items()}
    for name, dim, parts in (("design", "coefficient", designs), ("membership", "group_level", memberships)):
        if any(len(part.columns) for part in parts.values()):
            added[name] = label_columns(parts, dim)
    attributes = {"formulas": formulas, "standardised": standardised.attrs["scales"], "groups": list(groups)}
    joined = data.assign(added).assign_attrs({name: json.dumps(content) for name, content in attributes.items()})
    return with_session_terms(joined, formulas, FORMULAS_KEY)
