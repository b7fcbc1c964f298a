"""Plots of parameters: of people, of the group, and of differences between groups."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.estimands.forest import forest_data
from iwm_bayes.estimands.group_difference import group_difference_data
from iwm_bayes.estimands.group_summary import prior_posterior_data
from iwm_bayes.estimands.person_summary import shrinkage_data
from iwm_bayes.viz.parameters import group_difference_plot, prior_posterior_plot
from iwm_bayes.viz.people import forest_plot, shrinkage_plot
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.plots.arguments import AnyModel, checked, with_status

NO_PEOPLE = "this model has no person-level parameter"
NO_FORMULAS = "this study has no formulas, so groups are not compared"


def plot_forest(
    fit: xr.DataTree,
    parameters: Sequence[str] | None = None,
    true_values: Mapping[str, np.ndarray] | None = None,
    columns: int = 2,
    model: AnyModel = None,
) -> Figure:
    """Plot parameters of all people with 50% and 90% CrI, under pseudonyms and not ranked.

    Parameters
    ----------
    fit
        A fit.
    parameters
        Names of person-level parameters; by default those of learning, at most four.
    true_values
        True values of simulated people by parameter, (person,) in the order of the data, natural scale.
    columns
        Number of panels side by side.
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If there is no such person-level parameter.

    Examples
    --------
    >>> plot_forest(fit, ["availability_start", "availability_rate"])
    """
    data = forest_data(model_of(fit, model), fit, parameters, true_values)
    return with_status(forest_plot(checked(data, NO_PEOPLE), columns), fit)


def plot_prior_posterior(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot prior and posterior 90% intervals of the group medians, on the natural scale.

    InputError if the model has no group parameter. `az.plot_prior_posterior` shows densities.
    """
    data = prior_posterior_data(model_of(fit, model), fit)
    return with_status(prior_posterior_plot(checked(data, "this model has no group parameter")), fit)


def plot_group_difference(
    fit: xr.DataTree, contrast: str | None = None, columns: int = 2, model: AnyModel = None
) -> Figure:
    """Plot the posterior of a difference between groups with its prior, and the people of each group.

    Parameters
    ----------
    fit
        A fit of a study with formulas.
    contrast
        Such as "availability_rate: arm therapy - waiting"; the first by default. An unknown name lists them.
    columns
        Number of panels side by side: 2, or 1.
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If there is no such contrast, or the study has no formulas.
    """
    data = group_difference_data(model_of(fit, model), fit, contrast)
    return with_status(group_difference_plot(checked(data, NO_FORMULAS), columns), fit)


def plot_shrinkage(fit: xr.DataTree, columns: int = 4, model: AnyModel = None) -> Figure:
    """Plot everyone's parameters with 90% CrI over their shrinkage towards the group; nobody is named.

    `columns` is the number of panels side by side. InputError if the model has no partially pooled parameter.
    """
    return with_status(shrinkage_plot(checked(shrinkage_data(model_of(fit, model), fit), NO_PEOPLE), columns), fit)
