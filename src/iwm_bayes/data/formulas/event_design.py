"""Turn the covariates of sessions in formulas into event terms: how they move a parameter from event to event.

On the link scale of a parameter, person i at event t has

    theta[i] + sum over terms of effect * term[t, i]

where theta[i] has the person-level part of the formula (see `design`). A term of a formula belongs here if it names a
covariate that changes from session to session, alone or in an interaction: in "arm * homework" these are homework and
arm:homework. Numbers are standardised over the events that have them; words are categories, and the first in the
alphabet is the reference. Where a covariate is blank, its terms are 0: the event counts as one at average numbers, in
the reference category. A Dataset gains

    session_covariate_NAME  (event, person)              as in the table of sessions; NaN or "" where blank or no event
    event_terms             (event_term, event, person)  columns of designs; formulas share the columns that they share
    attrs                   session_standardised, by covariate [mean, SD]; event_effects, [parameter, term, effect]
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.dataset import OF_PEOPLE, OF_SESSIONS, covariate_values, covariate_variable
from iwm_bayes.data.event_terms import with_event_terms
from iwm_bayes.data.formulas.effects import EVENT_EFFECTS
from iwm_bayes.data.formulas.evaluation import common_columns, evaluate_design
from iwm_bayes.data.formulas.language import read_formula
from iwm_bayes.types import InputError

SCALES = "session_standardised"  # an attribute of data


def session_variable(name: str) -> str:
    """Return the name of the variable of a covariate of sessions in a Dataset."""
    return OF_SESSIONS + covariate_variable(name).removeprefix(OF_PEOPLE)


def session_covariates(data: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the covariates of sessions of a Dataset by name, (event, person) each."""
    variables = {str(name): values for name, values in data.items() if str(name).startswith(OF_SESSIONS)}
    return {unquote(name.removeprefix(OF_SESSIONS)): values for name, values in variables.items()}


def is_recorded(values: np.ndarray) -> np.ndarray:
    """Return where a covariate of sessions is not blank."""
    return ~np.isnan(values) if values.dtype.kind == "f" else values != ""


def event_frame(data: xr.Dataset) -> pd.DataFrame:
    """Return the covariates at every event of every person, one row each: those of the session, and the person's.

    The index has the position of the event and of the person. Blank words are missing.
    """
    event, person = np.nonzero(data["present"].values)
    columns: dict[str, Any] = {}
    for name, values in session_covariates(data).items():
        own = values.values[event, person]
        columns[name] = own if own.dtype.kind == "f" else pd.Series(own.astype(object)).where(own != "").to_numpy()
    columns |= {name: values.values[person] for name, values in covariate_values(data).items()}
    return pd.DataFrame(columns, pd.MultiIndex.from_arrays([event, person], names=["event", "person"]))


def standardised_events(data: xr.Dataset, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the rows of `event_frame` as formulas take them: numbers standardised as when they were read.

    Blanks count as average numbers, and as the first category.
    """
    raw = event_frame(data) if frame is None else frame
    scales = json.loads(data.attrs.get("standardised", "{}")) | json.loads(data.attrs[SCALES])
    filled = {}
    for name in map(str, raw):
        if name in scales:
            mean, sd = scales[name]
            filled[name] = ((raw[name].astype(float) - mean) / sd).fillna(0.0)
        else:
            filled[name] = raw[name].fillna(min(raw[name].dropna()))
    standardised = pd.DataFrame(filled, raw.index)
    standardised.attrs["scales"] = scales
    return standardised


def covariate_scale(data: xr.Dataset, name: str) -> tuple[float, float] | None:
    """Return the mean and SD by which a covariate of sessions is standardised; None where it is words."""
    scales = json.loads(data.attrs.get(SCALES, "{}"))
    return tuple(scales[name]) if name in scales else None


def event_columns(formula: str, frame: pd.DataFrame, names: Collection[str], new: pd.DataFrame | None = None) -> Any:
    """Return the design columns of a formula's terms that name a covariate of sessions, one row per event.

    `names` are those of covariates of sessions. `frame` is of `standardised_events`, and determines categories; the
    rows are those of `new`, where it is given.
    """
    columns = common_columns(formula, frame, new)
    own = [label for term in event_level_terms(formula, frame, names) for label in term.labels]
    return columns[own]


def event_level_terms(formula: str, frame: pd.DataFrame, names: Collection[str]) -> list[Any]:
    """Return formulae's terms that name a covariate of sessions, by itself or in an interaction."""
    common = evaluate_design(formula, frame).common
    return [term for term in common.terms.values() if term.kind != "intercept" and term.var_names & set(names)]


def without_blanks(columns: pd.DataFrame, formula: str, raw: pd.DataFrame, standardised: pd.DataFrame) -> pd.DataFrame:
    """Return design columns with 0 where a covariate that a column is made of is blank."""
    for term in event_level_terms(formula, standardised, set(map(str, raw))):
        blank = raw[sorted(term.var_names & set(raw))].isna().any(axis=1)
        for label in set(term.labels) & set(columns) if blank.any() else ():
            columns[label] = columns[label].mask(blank, 0.0)
    return columns


def effect_names(moves: Sequence[tuple[str, str]]) -> list[str]:
    """Return the names of the effects of (parameter, term), such as `availability_rate_homework_yes`.

    A name has no signs. Names that would then be alike, as for "<5 h" and ">5 h", are numbered from the second on.
    """
    plain = [f"{parameter}_{re.sub(r'\W+', '_', term).strip('_')}" for parameter, term in moves]
    found: list[str] = []
    for name in plain:
        numbered = (f"{name}_{number}" for number in count(2))
        found.append(name if name not in found else next(other for other in numbered if other not in {*plain, *found}))
    return found


def event_scales(frame: pd.DataFrame, names: Collection[str]) -> dict[str, list[float]]:
    """Return the [mean, SD] of every covariate of sessions that is a number, over the events that have it."""
    numbers = {name: frame[name] for name in names if is_numeric_dtype(frame[name])}
    with np.errstate(all="ignore"):
        return {name: [float(x.mean()), float(x.std(ddof=1))] for name, x in numbers.items()}


def column_problems(frame: pd.DataFrame, scales: Mapping[str, list[float]], where: str, names: Collection[str]) -> Any:
    """Yield a problem for each covariate of sessions that is constant, or too large for a mean and an SD."""
    for name in names:
        mean, sd = scales.get(name, [0.0, 1.0])
        if frame[name].nunique() < 2:
            yield f"{where}`: {name} is the same at every event. Take it out"
        elif not (abs(mean) < np.inf and 0 < sd < np.inf):
            yield f"{where}`: {name} has numbers that are too large or too alike for an SD. Rescale it"


def term_problems(formula: str, standardised: pd.DataFrame, names: Collection[str]) -> list[str]:
    """Return what prevents the event terms of a formula."""
    try:
        group = evaluate_design(formula, standardised).group
        if group is not None and any(term.var_names & set(names) for term in group.terms.values()):
            return ["to the left and right of a | are covariates of people, which do not change between sessions"]
        columns = common_columns(formula, standardised)
    except InputError as error:
        return list(error.problems)
    design = columns.assign(intercept=1.0).to_numpy(float)
    if not np.isfinite(design).all():
        return ["a term is not a finite number at every event. Correct its function"]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return ["its terms are collinear over these events. Take one out"]
    return []


def with_session_terms(data: xr.Dataset, formulas: Mapping[str, str], where: str) -> xr.Dataset:
    """Return the data with the event terms of formulas, which are by full name of the parameter.

    The data have the covariates of people and of sessions, and `standardised` (see `design`). They stay as they are
    where no covariate changes from session to session. InputError lists covariates that are constant, and terms that
    are collinear.
    """
    names = list(session_covariates(data))
    if not names:
        return data
    raw = event_frame(data)
    scales = event_scales(raw, names)
    problems = list(column_problems(raw, scales, where, names))
    if problems:
        raise InputError(problems)
    data = data.assign_attrs({SCALES: json.dumps(scales)})
    standardised, own = standardised_events(data, raw), raw[names]
    columns: dict[str, np.ndarray] = {}
    moves: list[tuple[str, str]] = []  # a parameter, and the term that moves it
    for parameter, formula in formulas.items():
        if not read_formula(formula).names & set(names):
            continue
        if found := term_problems(formula, standardised, names):
            problems += [f"{where}.{parameter}`: {problem}" for problem in found]
            continue
        design = without_blanks(event_columns(formula, standardised, names), formula, own, standardised)
        columns |= {str(label): design[label].to_numpy(float) for label in design}
        moves += [(parameter, str(label)) for label in design]
    if problems:
        raise InputError(problems)
    terms = {name: np.zeros(data["present"].shape) for name in columns}
    event, person = np.nonzero(data["present"].values)
    for name, values in columns.items():
        terms[name][event, person] = values
    effects = [[*move, name] for move, name in zip(moves, effect_names(moves), strict=True)]
    return with_event_terms(data, terms).assign_attrs({EVENT_EFFECTS: json.dumps(effects)})
