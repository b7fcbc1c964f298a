"""One analysis from data to answer: fit, gate, earned security toward every figure and in general, a run folder."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import Verdict, gate
from iwm_bayes.diagnostics.group_exchangeability import likeness
from iwm_bayes.diagnostics.permutation_test import Control
from iwm_bayes.diagnostics.predictive_checks import posterior_check
from iwm_bayes.estimands.by_arm import arms_of, curves, differences
from iwm_bayes.estimands.group_summary import contrast_table, group_table, grouping_table
from iwm_bayes.estimands.marginal_effects import contrasts
from iwm_bayes.estimands.person_summary import person_table
from iwm_bayes.estimands.tables import arm_lines, security_lines, sensitivity_lines, style_line
from iwm_bayes.estimands.time_to_security import earned_security
from iwm_bayes.inference.fit import fit
from iwm_bayes.rules.modifiers import assimilating
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import ANYONE, Model, parameters

ASSIMILATIONS = (0.3, 0.5)  # beside 0, where nothing in the data says how much of a report is expectation


class Analysis(NamedTuple):
    """A fit and what was made of it."""

    model: Model
    fit: xr.DataTree
    verdict: Verdict
    advice: list[str]  # what to try after a failed gate
    security: dict[str, xr.Dataset]  # by figure, and "someone new" for the general model
    groups: pd.DataFrame
    contrasts: pd.DataFrame  # what covariates do, where the study has formulas
    between: pd.DataFrame  # the sd between members of the groups of formulas
    likeness: pd.DataFrame  # whether people of the same group are alike beyond the theory
    answers: pd.DataFrame
    arms: pd.DataFrame  # how many more are earned secure in one arm than in another, where the study has arms
    styles: pd.DataFrame
    sensitivity: pd.DataFrame
    assimilation: pd.DataFrame  # group parameters at other assimilations, where outcomes are people's own reports
    method: str
    settings: dict[str, Any]
    seconds: float
    control: Control | None = None  # whether outcomes matter, where it was asked
    checks: pd.DataFrame = pd.DataFrame()  # what the people of the fit do, beside what people did
    people: pd.DataFrame = pd.DataFrame()  # everyone beside the group, where it was asked


def analyse(
    model: Model, data: xr.Dataset, method: str, settings: dict[str, Any], into: Path | None = None
) -> Analysis:
    """Fit a theory, judge the fit, and say how long earned security takes toward every figure and in general.

    Draws are kept in the folder `into` while they are made; a run that was stopped there goes on.
    """
    began = time.perf_counter()
    fitted = fit(model, data, method, **settings, into=into)
    seconds = time.perf_counter() - began
    views = [*(name for name in names(data) if name != ANYONE), None]
    security = {view or ANYONE: earned_security(model, fitted, view) for view in views}
    medians = xr.Dataset({view: found["median_sessions"] for view, found in security.items()})
    verdict = gate(fitted, medians.fillna(0))
    by_arm = {view: curves(found, arms_of(data)) for view, found in security.items()}
    answers = pd.DataFrame([line for drawn in by_arm.values() for line in security_lines(drawn)])
    answers["gate"] = verdict.word
    groups = group_table(model, fitted)
    styles = pd.DataFrame([style_line(found) for found in security.values()])
    sensitivity = pd.DataFrame([line for found in security.values() for line in sensitivity_lines(found)])
    return Analysis(
        model,
        fitted,
        verdict,
        advice(fitted, verdict),
        security,
        groups,
        marked(contrast_table(contrasts(model, fitted)), verdict),
        marked(grouping_table(fitted), verdict),
        marked(likeness(model, fitted), verdict),
        answers,
        marked(pd.DataFrame([line for drawn in by_arm.values() for line in differing(drawn)]), verdict),
        marked(styles, verdict),
        marked(sensitivity, verdict),
        pd.DataFrame() if verdict.partial else at_assimilations(model, data, groups, method, settings),
        method,
        settings,
        seconds,
        checks=posterior_check(model, fitted),
    )


def differing(drawn: xr.Dataset) -> list[dict[str, object]]:
    """How arms differ in earned security toward one figure; no lines where there are no arms."""
    _, *arms = map(str, drawn["arm"].values)
    return arm_lines(differences(drawn), arms[0], drawn.attrs["figure"]) if arms else []


def marked(table: pd.DataFrame, verdict: Verdict) -> pd.DataFrame:
    """A table whose every line says so where the fit failed its gate or is an approximation."""
    return table if verdict.word == "passed" or table.empty else table.assign(gate=verdict.word)


def with_people(found: Analysis) -> Analysis:
    """The analysis with a table of everyone, under pseudonyms."""
    return found._replace(people=marked(person_table(found.model, found.fit), found.verdict))


def at_assimilations(
    model: Model, data: xr.Dataset, groups: pd.DataFrame, method: str, settings: dict[str, Any]
) -> pd.DataFrame:
    """The average person had reports been partly what was expected: one column per assimilation, gate beside it.

    Empty where outcomes are observed, where reports are of yes or no (what lies behind a 1 is a 1), and where the
    theory has an assimilation itself, fitted or fixed.
    """
    own = data["outcome"].values[data["reported"].values > 0]
    if np.isin(own, (0.0, 1.0)).all() or "assimilation" in parameters(model):
        return pd.DataFrame()
    found: dict[str, Any] = {"parameter": groups["parameter"], "at 0": groups["typical"]}
    for share in ASSIMILATIONS:
        stated = model._replace(rule=assimilating(model.rule, fixed=share))
        fitted = fit(stated, data, method, **settings)
        found[f"at {share:g}"] = group_table(stated, fitted)["typical"]
        found[f"gate at {share:g}"] = gate(fitted).word
    return pd.DataFrame(found)
