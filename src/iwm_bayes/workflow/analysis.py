"""One analysis from data to answer: fit, gate, earned security toward every figure and in general, a run folder."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check
from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms, risk_differences
from iwm_bayes.estimands.group_summary import group_sd_table, group_summary, marginal_effect_table
from iwm_bayes.estimands.marginal_effects import marginal_effects
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.estimands.tables import arm_lines, sensitivity_lines, style_line, time_to_security_lines
from iwm_bayes.estimands.time_to_security import earned_security
from iwm_bayes.inference.fit import fit
from iwm_bayes.rules.modifiers import with_expectancy_bias
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import GENERALISED, ModelSpec, parameters

EXPECTANCY_BIASES = (0.3, 0.5)  # beside 0, where nothing in the data says how much of a report is expectation


class Analysis(NamedTuple):
    """A fit and what was made of it."""

    model: ModelSpec
    fit: xr.DataTree
    verdict: ConvergenceChecks
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
    expectancy_bias: pd.DataFrame  # group parameters at other assimilations, where outcomes are people's own reports
    method: str
    settings: dict[str, Any]
    seconds: float
    control: PermutationTest | None = None  # whether outcomes matter, where it was asked
    checks: pd.DataFrame = pd.DataFrame()  # what the people of the fit do, beside what people did
    people: pd.DataFrame = pd.DataFrame()  # everyone beside the group, where it was asked


def analyse(
    model: ModelSpec, data: xr.Dataset, method: str, settings: dict[str, Any], chain_store: Path | None = None
) -> Analysis:
    """Fit a theory, judge the fit, and say how long earned security takes toward every figure and in general.

    Draws are kept in the folder `chain_store` while they are made; a run that was stopped there goes on.
    """
    began = time.perf_counter()
    fitted = fit(model, data, method, **settings, chain_store=chain_store)
    seconds = time.perf_counter() - began
    views = [*(name for name in names(data) if name != GENERALISED), None]
    security = {view or GENERALISED: earned_security(model, fitted, view) for view in views}
    medians = xr.Dataset({view: found["median_sessions"] for view, found in security.items()})
    verdict = check_convergence(fitted, medians.fillna(0))
    by_arm = {view: incidence_by_arm(found, person_arms(data)) for view, found in security.items()}
    answers = pd.DataFrame([line for drawn in by_arm.values() for line in time_to_security_lines(drawn)])
    answers["gate"] = verdict.word
    groups = group_summary(model, fitted)
    styles = pd.DataFrame([style_line(found) for found in security.values()])
    sensitivity = pd.DataFrame([line for found in security.values() for line in sensitivity_lines(found)])
    return Analysis(
        model,
        fitted,
        verdict,
        advice(fitted, verdict),
        security,
        groups,
        mark_status(marginal_effect_table(marginal_effects(model, fitted)), verdict),
        mark_status(group_sd_table(fitted), verdict),
        mark_status(group_clustering(model, fitted), verdict),
        answers,
        mark_status(pd.DataFrame([line for drawn in by_arm.values() for line in arm_difference_lines(drawn)]), verdict),
        mark_status(styles, verdict),
        mark_status(sensitivity, verdict),
        pd.DataFrame() if verdict.partial else expectancy_bias_table(model, data, groups, method, settings),
        method,
        settings,
        seconds,
        checks=posterior_predictive_check(model, fitted),
    )


def arm_difference_lines(drawn: xr.Dataset) -> list[dict[str, object]]:
    """How arms differ in earned security toward one figure; no lines where there are no arms."""
    _, *arms = map(str, drawn["arm"].values)
    return arm_lines(risk_differences(drawn), arms[0], drawn.attrs["figure"]) if arms else []


def mark_status(table: pd.DataFrame, verdict: ConvergenceChecks) -> pd.DataFrame:
    """A table whose every line says so where the fit failed its gate or is an approximation."""
    return table if verdict.word == "passed" or table.empty else table.assign(gate=verdict.word)


def with_person_summary(found: Analysis) -> Analysis:
    """The analysis with a table of everyone, under pseudonyms."""
    return found._replace(people=mark_status(person_summary(found.model, found.fit), found.verdict))


def expectancy_bias_table(
    model: ModelSpec, data: xr.Dataset, groups: pd.DataFrame, method: str, settings: dict[str, Any]
) -> pd.DataFrame:
    """The average person had reports been partly what was expected: one column per assimilation, gate beside it.

    Empty where outcomes are observed, where reports are of yes or no (what lies behind a 1 is a 1), and where the
    theory has an assimilation itself, fitted or fixed.
    """
    own = data["outcome"].values[data["reported"].values > 0]
    if np.isin(own, (0.0, 1.0)).all() or "expectancy_bias" in parameters(model):
        return pd.DataFrame()
    found: dict[str, Any] = {"parameter": groups["parameter"], "at 0": groups["typical"]}
    for share in EXPECTANCY_BIASES:
        stated = model._replace(rule=with_expectancy_bias(model.rule, fixed=share))
        fitted = fit(stated, data, method, **settings)
        found[f"at {share:g}"] = group_summary(stated, fitted)["typical"]
        found[f"gate at {share:g}"] = check_convergence(fitted).word
    return pd.DataFrame(found)
