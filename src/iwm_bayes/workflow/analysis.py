"""One analysis from data to answer: the fit, its checks, and earned security for every figure."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import wanted_estimands
from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.diagnostics.permutation_test import PermutationTest, permutation_test
from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check
from iwm_bayes.estimands.group_summary import group_sd_table, group_summary
from iwm_bayes.estimands.marginal_effects import marginal_effect_table, marginal_effects
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms, risk_differences
from iwm_bayes.estimands.security.population import earned_security_of_new_people
from iwm_bayes.estimands.security.projection import generalises, never_resilient
from iwm_bayes.estimands.security.rating_thresholds import rating_thresholds
from iwm_bayes.estimands.security.tables import (
    NEW_PEOPLE,
    THESE_PEOPLE,
    arm_lines,
    sensitivity_lines,
    style_line,
    time_to_security_lines,
)
from iwm_bayes.estimands.security.time_to_security import earned_security
from iwm_bayes.inference.fit import fit
from iwm_bayes.model.priors import figure_names
from iwm_bayes.rules.modifiers import with_expectancy_bias
from iwm_bayes.types import GENERALISED, ModelSpec, parameters
from iwm_bayes.workflow.fit_groups import standard_fit, with_attributes

EXPECTANCY_BIASES = (0.3, 0.5)  # compared with 0, where the data do not determine the expectancy bias


class Requests(NamedTuple):
    """What is computed only on request, because it takes further fits or shows single people."""

    permutation_test: bool = False
    expectancy_bias: bool = False
    person_summary: bool = False
    own_ids: bool = False  # of the table of people in the run folder; it has pseudonyms otherwise
    save_log_likelihood: bool = False  # the group `log_likelihood`, also where it is large


DEFAULT_REQUESTS = Requests()


class SecurityAnswer(NamedTuple):
    """Earned security toward one figure, or in the generalised expectation."""

    security: xr.Dataset  # of the people of the study, as `earned_security` returns it
    curves: xr.Dataset  # by arm, as `incidence_by_arm` returns them
    new_curves: xr.Dataset  # the same of new people of the same population
    never_resilient: float  # share of people whose beliefs could not become resilient; NaN if generalised
    continued: int  # number of people whose sessions end early, and are those of others from there on


class Analysis(NamedTuple):
    """A fit and everything that is derived from it."""

    model: ModelSpec
    fit: xr.DataTree
    convergence: ConvergenceChecks
    advice: list[str]  # what to try when the fit has not converged
    security: dict[str, SecurityAnswer]  # by figure, and generalised where there is one; as far as the study wants it
    tables: Mapping[str, pd.DataFrame]  # by the name of their file; tables without a line are left out
    permutation_test: PermutationTest | None
    method: str
    settings: dict[str, Any]
    seconds: float
    requests: Requests = DEFAULT_REQUESTS


def analyse(
    model: ModelSpec,
    data: xr.Dataset,
    method: str,
    settings: dict[str, Any],
    chain_store: Path | None = None,
    requests: Requests = DEFAULT_REQUESTS,
) -> Analysis:
    """Fit a model, check the fit, and derive everything that a run folder holds.

    Draws are kept in the folder `chain_store` while they are made. An interrupted run is continued from there.
    """
    began = time.perf_counter()
    sampled = fit(model, data, method, **settings, chain_store=chain_store)
    seconds = time.perf_counter() - began
    fitted = standard_fit(model, sampled, method, settings, requests.save_log_likelihood)
    answers = derived_answers(model, fitted)
    security = answers if wants_security(data) else {}
    convergence = check_convergence(fitted, finite_medians(security))
    tables = fit_tables(model, fitted) | derived_tables(model, fitted, answers)
    if requests.person_summary:
        tables["person_summary"] = person_summary(model, fitted)
    test = None
    if not convergence.partial:
        if requests.expectancy_bias:
            tables["expectancy_bias"] = expectancy_bias_table(model, data, tables["group_summary"], method, settings)
        if requests.permutation_test:
            test = permutation_test(model, data, settings.get("random_seed", 1))
    return Analysis(
        model,
        with_attributes(fitted, {"status": convergence.status}),
        convergence,
        advice(fitted, convergence),
        security,
        {name: with_status(table, name, convergence) for name, table in tables.items() if len(table)},
        test,
        method,
        settings,
        seconds,
        requests,
    )


def security_answer(model: ModelSpec, fitted: xr.DataTree, figure: str | None) -> SecurityAnswer:
    """Compute earned security of the people of a study and of new people, toward a figure or generalised."""
    data = fitted["constant_data"].to_dataset()
    security, arms = earned_security(model, fitted, figure), person_arms(data)
    curves = incidence_by_arm(security, arms)
    new_curves = incidence_by_arm(earned_security_of_new_people(model, fitted, figure), arms, curves["last"])
    continued = int((security["horizon"] > security["followed"]).isel(chain=0, draw=0).sum())
    unattainable = never_resilient(model, fitted, figure) if figure else float("nan")
    return SecurityAnswer(security, curves, new_curves, unattainable, continued)


def derived_answers(model: ModelSpec, fitted: xr.DataTree) -> dict[str, SecurityAnswer]:
    """Compute what earned security and styles need, by figure; empty where the study leaves both out.

    The generalised expectation is included where the study wants it, and model and data have one.
    """
    data = fitted["constant_data"].to_dataset()
    wanted = wanted_estimands(data)
    if not {"earned_security", "styles"} & {*wanted}:
        return {}
    figures = [name for name in figure_names(data) if name != GENERALISED]
    answers = {figure: security_answer(model, fitted, figure) for figure in figures}
    general = "generalised" in wanted and generalises(model, fitted)
    return answers | ({GENERALISED: security_answer(model, fitted, None)} if general else {})


def wants_security(data: xr.Dataset) -> bool:
    """Return whether the study of these data wants earned security."""
    return "earned_security" in wanted_estimands(data)


def security_by_figure(model: ModelSpec, fitted: xr.DataTree) -> dict[str, SecurityAnswer]:
    """Compute earned security for every figure, and for the generalised expectation, as far as the study wants it."""
    return derived_answers(model, fitted) if wants_security(fitted["constant_data"].to_dataset()) else {}


def finite_medians(security: Mapping[str, SecurityAnswer]) -> xr.Dataset:
    """Return the median number of sessions by figure, for convergence checks: those not reached as the last + 1."""
    medians = {figure: answer.security["median_sessions"] for figure, answer in security.items()}
    ends = {figure: answer.security.sizes["session"] + 1.0 for figure, answer in security.items()}
    return xr.Dataset({figure: median.fillna(0).clip(max=ends[figure]) for figure, median in medians.items()})


def fit_tables(model: ModelSpec, fitted: xr.DataTree) -> dict[str, pd.DataFrame]:
    """Make the tables of parameters and predictive checks, by the name of their file."""
    return {
        "group_summary": group_summary(model, fitted),
        "marginal_effects": marginal_effect_table(marginal_effects(model, fitted)),
        "group_sd": group_sd_table(fitted),
        "group_clustering": group_clustering(model, fitted),
        "ppc": posterior_predictive_check(model, fitted),
    }


def derived_tables(
    model: ModelSpec, fitted: xr.DataTree, answers: Mapping[str, SecurityAnswer]
) -> dict[str, pd.DataFrame]:
    """Make the tables of earned security and of styles, by the name of their file, as far as the study wants them."""
    wanted, securities = (
        wanted_estimands(fitted["constant_data"].to_dataset()),
        [answer.security for answer in answers.values()],
    )
    styles = [style_line(security) for security in securities if "style_share" in security]
    tables = {"styles": pd.DataFrame(styles)} if "styles" in wanted else {}
    if "earned_security" not in wanted:
        return tables
    both = [
        (curves, about)
        for answer in answers.values()
        for curves, about in ((answer.curves, THESE_PEOPLE), (answer.new_curves, NEW_PEOPLE))
    ]
    return tables | {
        "time_to_security": pd.DataFrame([line for pair in both for line in time_to_security_lines(*pair)]),
        "arms": pd.DataFrame([line for pair in both for line in arm_difference_lines(*pair)]),
        "sensitivity": pd.DataFrame([line for security in securities for line in sensitivity_lines(security)]),
        "rating_thresholds": pd.DataFrame(rating_thresholds(model, fitted)),
    }


def arm_difference_lines(curves: xr.Dataset, about: str) -> list[dict[str, object]]:
    """Return the lines of the table of arms for one figure; none where the study has no arms."""
    _, *arms = map(str, curves["arm"].values)
    return arm_lines(risk_differences(curves), arms[0], curves.attrs["figure"], about) if arms else []


def with_status(table: pd.DataFrame, name: str, convergence: ConvergenceChecks) -> pd.DataFrame:
    """Add the status of the fit to every line of a table, where the fit has not converged or is an approximation.

    The answer itself, `time_to_security`, always says its status; predictive checks have a status of their own.
    """
    needed = convergence.status != "converged" and name not in ("group_summary", "ppc")
    return table.assign(status=convergence.status) if needed or name == "time_to_security" else table


def expectancy_bias_table(
    model: ModelSpec, data: xr.Dataset, groups: pd.DataFrame, method: str, settings: dict[str, Any]
) -> pd.DataFrame:
    """Estimate the group medians under stated expectancy biases: one column for each, with the status of its fit.

    Empty where outcomes are observed by somebody else, where reports are yes or no (a report of 1 is an outcome of 1),
    and where the model has an expectancy bias itself, fitted or fixed.
    """
    reports = data["outcome"].values[data["reported"].values > 0]
    if np.isin(reports, (0.0, 1.0)).all() or "expectancy_bias" in parameters(model):
        return pd.DataFrame()
    columns: dict[str, Any] = {"parameter": groups["parameter"], "median_at_0": groups["median"]}
    for bias in EXPECTANCY_BIASES:
        stated = model._replace(rule=with_expectancy_bias(model.rule, fixed=bias))
        fitted = fit(stated, data, method, **settings)
        columns[f"median_at_{bias:g}"] = group_summary(stated, fitted)["median"]
        columns[f"status_at_{bias:g}"] = check_convergence(fitted).status
    return pd.DataFrame(columns)
