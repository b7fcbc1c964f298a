"""Plots of answers: as they are in the study, and under what the model predicts."""

from collections.abc import Sequence

import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check, predictive_checks_data
from iwm_bayes.estimands.learning_curves import individual_fits_data, learning_curves_data
from iwm_bayes.estimands.trajectories import study_data
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.learning_curves import individual_fits_plot, learning_curves_plot
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.plots.arguments import AnyModel, checked, named_figure, with_status

NO_ANSWERS = "nobody answered in a session with this figure"
NO_STATISTIC = "no test statistic varies, so none can be checked"


def plot_learning_curves(
    fit: xr.DataTree, figure: str | None = None, columns: int = 3, model: AnyModel = None
) -> Figure:
    """Plot the answers of the group by session, under their posterior predictive distribution.

    Parameters
    ----------
    fit
        A fit.
    figure
        The figure whose sessions count; the only one by default.
    columns
        Number of panels side by side. Each response has a panel.
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If nobody answered in a session with the figure, or there is no such figure.
    """
    data = learning_curves_data(model_of(fit, model), fit, named_figure(fit, figure))
    return with_status(learning_curves_plot(checked(data, NO_ANSWERS), columns), fit)


def plot_individual_fits(
    fit: xr.DataTree,
    figure: str | None = None,
    response: str | None = None,
    people: int | Sequence[str] = 18,
    columns: int = 6,
    model: AnyModel = None,
) -> Figure:
    """Plot the answers of single people by session, over what the model predicts for them.

    Parameters
    ----------
    fit, figure, model
        As in `plot_learning_curves`.
    response
        Name of the response; by default the first on a continuous scale.
    people
        How many people, in the order of their pseudonyms, or their ids in the study. They have pseudonyms in the plot.
    columns
        Number of panels side by side. Up to three fit a phone.

    Raises
    ------
    InputError
        If there is no such person, response or figure, or nobody answered.
    """
    data = individual_fits_data(model_of(fit, model), fit, named_figure(fit, figure), response, people)
    return with_status(individual_fits_plot(checked(data, NO_ANSWERS), columns), fit)


def plot_predictive_checks(fit: xr.DataTree, columns: int = 3, model: AnyModel = None) -> Figure:
    """Plot how far test statistics of the data are from what the model predicts, on a standardised scale.

    `columns` is the number of panels side by side; each response has a panel. InputError if no statistic varies.
    """
    spec = model_of(fit, model)
    data = predictive_checks_data({spec.name: posterior_predictive_check(spec, fit)})
    return with_status(predictive_checks_plot(checked(data, NO_STATISTIC), columns), fit)


def plot_data(fit: xr.DataTree | Model, model: AnyModel = None) -> Figure:
    """Plot the number of people, outcomes and responses by session: mean, and the central 90% of people.

    `fit` is a fit, or a `Model` before it is fitted. `model` is the model, where a fit carries none.
    """
    data = fit.data if isinstance(fit, Model) else fit["constant_data"].to_dataset()
    spec = fit.spec if isinstance(fit, Model) else model_of(fit, model)
    return data_plot(study_data(data, list(spec.responses)))
