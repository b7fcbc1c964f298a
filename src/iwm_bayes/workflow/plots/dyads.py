"""Plots of dyads: both members, what they do to each other, and what they become together."""

from collections.abc import Sequence

import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.estimands.dyads.actor_partner import actor_partner
from iwm_bayes.estimands.dyads.plot_data import (
    actor_partner_data,
    countertransference_data,
    dyad_data,
    reciprocity_data,
)
from iwm_bayes.estimands.dyads.reciprocity import reciprocity
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.viz.dyads.actor_partner import actor_partner_plot
from iwm_bayes.viz.dyads.countertransference import countertransference_plot
from iwm_bayes.viz.dyads.members import dyad_plot
from iwm_bayes.viz.dyads.reciprocity import reciprocity_plot
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.plots.arguments import AnyModel, checked, with_status

NO_DYADS = "this fit is of single people. A study of dyads has [dyad]: see the documentation on couples"
NO_ACT = "no act of these members follows a belief, so there are no actor and partner effects"
NO_STYLE = "the members of these dyads have no parameters of their own, so nothing can follow the other's style"


def model_of_dyads(fit: xr.DataTree, model: AnyModel) -> ModelSpec:
    """Return the model of a fit of dyads; InputError for a fit of single people."""
    spec = model_of(fit, model)
    if not spec.members:
        raise InputError([NO_DYADS])
    return spec


def plot_dyad(fit: xr.DataTree, dyads: int | Sequence[str] = 3, columns: int = 3, model: AnyModel = None) -> Figure:
    """Plot the beliefs of both members of single dyads by exchange, with 90% CrI, and below them what each did.

    Parameters
    ----------
    fit
        A fit of dyads.
    dyads
        How many dyads, in the order of their pseudonyms, or their ids in the study. They have pseudonyms in the plot.
    columns
        Number of dyads side by side. One fits a phone.
    model
        The model, where the fit carries none.

    Returns
    -------
    matplotlib.figure.Figure
        A full marker is an act of 1, an empty one an act of 0.

    Raises
    ------
    InputError
        If the fit is not one of dyads, or there is no such dyad.

    Examples
    --------
    >>> plot_dyad(fit, dyads=["d07"]).savefig("dyad.pdf")
    """
    data = dyad_data(model_of_dyads(fit, model), fit, dyads)
    return with_status(dyad_plot(data, columns), fit)


def plot_reciprocity(fit: xr.DataTree, dyads: str = "", model: AnyModel = None) -> Figure:
    """Plot the share of dyads in which each member, and both, are secure at an exchange, with 90% CrI.

    Both members are simulated in closed loop under the posterior.

    Parameters
    ----------
    fit
        A fit of dyads.
    dyads
        "these dyads, from the first exchange" (the default), "these dyads, after the last exchange", or "new dyads,
        from the first exchange".
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If the fit is not one of dyads, or there are no such dyads.
    """
    data = reciprocity_data(reciprocity(model_of_dyads(fit, model), fit), dyads)
    return with_status(reciprocity_plot(data), fit)


def plot_actor_partner(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot actor and partner effects of both members with 50% and 90% CrI; a small dot is one dyad.

    Parameters
    ----------
    fit
        A fit of dyads.
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If the fit is not one of dyads, or no act follows a belief.
    """
    found = actor_partner(model_of_dyads(fit, model), fit)
    if found is None:
        raise InputError([NO_ACT])
    return with_status(actor_partner_plot(actor_partner_data(found)), fit)


def plot_countertransference(
    fit: xr.DataTree, parameter: str | None = None, style: str | None = None, model: AnyModel = None
) -> Figure:
    """Plot a parameter of one member over one of the other, one mark per dyad; dyads of one carer have one letter.

    Parameters
    ----------
    fit
        A fit of dyads.
    parameter
        A parameter with its role in front, such as "therapist_care_bias", or "therapist_acted-out pull". By default it
        is the pull that a carer acts out, or the first parameter that the second member learns and acts by.
    style
        The same of the other member. By default how readily that member bids.
    model
        The model, where the fit carries none.

    Returns
    -------
    matplotlib.figure.Figure
        The title has the correlation across these dyads, with its 90% CrI.

    Raises
    ------
    InputError
        If the fit is not one of dyads, there is no such parameter, or both are of one member.

    Examples
    --------
    >>> plot_countertransference(fit, "therapist_care_bias", "patient_bid_bias")
    """
    data = countertransference_data(model_of_dyads(fit, model), fit, parameter, style)
    return with_status(countertransference_plot(checked(data, NO_STYLE)), fit)
