"""Everything that is computed from a fit, by the registry of estimands and checks: datasets, tables, and plots."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.estimands.estimand import Estimand, Shared
from iwm_bayes.estimands.registry import applies, shared_results
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.types import ModelSpec

UNMARKED = ("group_summary", "ppc")  # has notes, and a status of each line
ALWAYS_MARKED = "time_to_security"  # the answer states the status of its fit, whatever that is


class Results(NamedTuple):
    """What a fit says, as numbers."""

    security: Mapping[str, SecurityAnswer]  # by figure, and generalised; empty where the study leaves it out
    datasets: Mapping[str, xr.Dataset]  # by the name of the estimand or check


def is_wanted(estimand: Estimand, data: xr.Dataset, requested: frozenset[str]) -> bool:
    """Return whether the study of these data wants an estimand, and it was requested if it must be."""
    asked_for = not estimand.part or wants(data, estimand.part)
    return asked_for and (not estimand.on_request or estimand.name in requested)


def compute_results(
    model: ModelSpec, fit: xr.DataTree, requested: frozenset[str] = frozenset(), shared: Shared | None = None
) -> Results:
    """Compute what a study wants of a fit.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    requested
        Names of the estimands that are computed only on request.
    shared
        What `shared_results` returns, if it has been computed already.
    """
    data, shared = fit["constant_data"].to_dataset(), shared or shared_results(model, fit)
    found: dict[str, xr.Dataset] = {}
    for name, estimand in registered().items():
        if applies(estimand, model) and is_wanted(estimand, data, requested):
            dataset = estimand.compute(model, fit, shared._replace(datasets=found))
            found |= {} if dataset is None else {name: dataset}
    return Results(shared.security if wants(data, "earned_security") else {}, found)


def result_tables(results: Results, status: str) -> dict[str, pd.DataFrame]:
    """Return the tables of results by name, in the order of the registry; tables without a line are left out.

    `status` is that of the fit.
    """
    known = registered()
    tables = {name: known[name].table(dataset) for name, dataset in results.datasets.items()}
    return {name: with_status(table, name, status) for name, table in tables.items() if len(table)}


def with_status(table: pd.DataFrame, name: str, status: str) -> pd.DataFrame:
    """Add the status of the fit to every line of a table, where the fit has not converged or is an approximation."""
    marked = name == ALWAYS_MARKED or (status != "converged" and name not in UNMARKED)
    return table.assign(status=status) if marked else table


def result_plots(results: Results, usable: bool = True) -> dict[str, Mapping[str, Any]]:
    """Draw the plots of estimands that have a function for it, by the name of the estimand, then by their own.

    Where the fit is not `usable`, plots of the answer are left out.
    """
    known, plots = registered(), {}
    for name, dataset in results.datasets.items():
        if known[name].plot and (usable or known[name].section != "answer"):
            module, _, function = known[name].plot.partition(":")
            plots[name] = getattr(import_module(module), function)(dataset)
    return plots
