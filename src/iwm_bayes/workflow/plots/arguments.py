"""What the plot functions do with their arguments: find the figure, and refuse what cannot be plotted."""

from collections.abc import Sized

import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.viz.style import marked
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.verbs import chosen_figure

type AnyModel = Model | ModelSpec | None  # needed where a fit carries no model


def named_figure(fit: xr.DataTree, figure: str | None) -> str:
    """Return a figure that people met; InputError for the generalised expectation, which has no sessions of its own."""
    chosen = chosen_figure(fit, figure)
    if chosen is None:
        raise InputError(["the generalised expectation has no sessions of its own. Name a figure"])
    return chosen


def status_of_plots(fit: xr.DataTree) -> str:
    """Return the status of a fit; "" where there is none, for draws that no method of the program made."""
    if "status" in fit.attrs:
        return str(fit.attrs["status"])
    is_checked = "sample_stats" in fit.children or "approximate" in fit["unconstrained_posterior"].attrs
    return check_convergence(fit).status if is_checked else ""


def with_status(plot: Figure, fit: xr.DataTree) -> Figure:
    """Write the status of a fit into its plot, unless it has converged, and return the plot."""
    status = status_of_plots(fit)
    return marked(plot, "" if status == "converged" else status)


def checked[T: Sized](data: T, reason: str) -> T:
    """Return the data of a plot; InputError with the reason where they are empty."""
    if not len(data):
        raise InputError([reason])
    return data
