"""Evaluate formulas that have been checked: columns of people become columns of a design matrix.

A formula reaches the columns of its table and a closed list of functions: those of formulae, and those of `OWN_UNITS`.
It reaches no module, no builtin and no variable of the program.
"""

import io
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.formulas.language import OWN_UNITS, read_formula
from iwm_bayes.data.formulas.splits import with_split_names
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import InputError

formulae = lazy_module("formulae")


class InOwnUnits:
    """A function of a covariate in its own units, standardised afterwards as covariates are.

    A formula gets standardised numbers, of which half are negative and have no logarithm. `scales` are their [mean, SD]
    in own units. The people who are fitted determine the mean and SD of the result, also where others are evaluated.
    """

    __stateful_transform__ = True  # formulae makes one of these for each call, and keeps it for new data
    function: Callable[[Any], Any]
    scales: Mapping[str, list[float]]

    def __init__(self) -> None:
        self.fitted: tuple[float, float] | None = None

    def __call__(self, standardised: pd.Series) -> pd.Series:
        """Return the function of a column, with mean 0 and SD 1 over the people of the first call."""
        mean, sd = self.scales[str(standardised.name)]
        own = standardised * sd + mean
        values = type(self).function(own.where(own.abs() > 1e-9 * sd, 0.0))  # a 0 that rounding has moved is a 0
        self.fitted = self.fitted or (float(values.mean()), float(values.std(ddof=1)))
        return (values - self.fitted[0]) / self.fitted[1]


def closed_namespace(scales: Mapping[str, list[float]]) -> Any:
    """Return everything that a formula reaches, apart from its columns and the functions that formulae has itself."""
    of_own_units = {
        name: type(name, (InOwnUnits,), {"function": staticmethod(function), "scales": scales})
        for name, function in OWN_UNITS.items()
    }
    return formulae.environment.Environment([{**of_own_units, "abs": np.abs}])


def evaluate_design(formula: str, frame: pd.DataFrame, new: pd.DataFrame | None = None) -> Any:
    """Return formulae's design matrices, or the common one for the people of `new`.

    `frame` are standardised covariates, with their scales in `attrs`. Terms of a covariate that it lacks are left out:
    a frame of people has none that change from session to session. InputError if the formula cannot be evaluated.
    """
    # formulae prints before it raises, and functions of odd numbers warn; a design that is not finite is refused later
    with redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if frame.isna().any(axis=None):
                raise ValueError("a covariate is blank")
            terms, scope = terms_of(formula, frame), closed_namespace(frame.attrs["scales"])
            design = formulae.matrices.DesignMatrices(terms, frame, scope)
            return design if new is None else design.common.evaluate_new_data(new)
        except Exception as error:  # formulae and its functions raise anything
            raise InputError([f"{formula!r} cannot be evaluated for these people ({error})"]) from error


def terms_of(formula: str, frame: pd.DataFrame) -> Any:
    """Return formulae's description of a formula, without the terms of covariates that a frame lacks."""
    described = formulae.model_description(with_split_names(formula))
    lacking = read_formula(formula).names - set(frame)
    return type(described)(*(term for term in described.terms if not term.var_names & lacking))


def common_columns(formula: str, frame: pd.DataFrame, new: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the design columns of a formula without its intercept and groups, one per effect.

    The rows are those of `frame`, or of `new` with the categories of `frame`.
    """
    found = evaluate_design(formula, frame, frame if new is None else new).as_dataframe()
    return found.drop(columns="Intercept").set_axis((frame if new is None else new).index)


class Term(NamedTuple):
    """One term of a formula, with the labels of its design columns."""

    name: str  # "arm:ecr_anxiety", or "arm|therapist" for a group
    labels: np.ndarray  # of columns, over the dims of `levels`
    levels: dict[str, list[str]]  # categories by the part of the term that has them; empty for a numeric term


def common_terms(formula: str, frame: pd.DataFrame) -> list[Term]:
    """Return the terms of a formula without its intercept and groups; a term with categories has one dim, its name."""
    found = []
    for term in evaluate_design(formula, frame).common.terms.values():
        if term.kind == "intercept":
            continue
        levels = column_levels(term)
        labels = np.array(term.labels, dtype=object)
        found.append(
            Term(term.name, labels, {term.name: levels}) if levels else Term(term.name, labels.reshape(()), {})
        )
    return found


def group_terms(formula: str, frame: pd.DataFrame) -> list[Term]:
    """Return the terms of groups: over the groups' levels, and before these over the columns of their own slope."""
    group = evaluate_design(formula, frame).group
    found = []
    for term in () if group is None else group.terms.values():
        slopes = column_levels(term.expr) if term.kind != "intercept" else []
        labels = np.array(term.labels, dtype=object).reshape(len(term.groups), -1).T
        levels = ({term.name: slopes} if slopes else {}) | {term.factor.name: list(term.groups)}
        found.append(Term(term.name, labels if slopes else labels[0], levels))
    return found


def column_levels(term: Any) -> list[str]:
    """Return the names of a term's columns: categories, or numbers such as those of a polynomial; none for a number."""
    if term.levels is not None:
        return [str(level) for level in term.levels]
    return [str(index) for index in range(len(term.labels))] if len(term.labels) > 1 else []
