"""Plots of the answer: time to earned security, people in the attachment space, and trajectories."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.estimands.attachment_space import attachment_space_data
from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.estimands.trajectories import (
    answers_and_predictions,
    group_trajectory,
    person_beliefs,
    person_trajectory,
    session_events,
)
from iwm_bayes.types import InputError
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.plots.arguments import AnyModel, checked, named_figure, with_status
from iwm_bayes.workflow.verbs import earned_security

NOBODY = (
    "earned security cannot be assessed: too few people are insecure at baseline, or there are fewer sessions than the "
    "criterion needs"
)
NO_WORTH = "this model has no self-worth, so it has no attachment space"


def plot_time_to_security(fit: xr.DataTree, figure: str | None = None, model: AnyModel = None) -> Figure:
    """Plot the share of people who are earned secure by each session, with its 90% CrI and the chance level.

    Parameters
    ----------
    fit
        A fit.
    figure
        The figure whose sessions are counted; the only one by default. "generalised" is the expectation of a new one.
    model
        The model, where the fit carries none.

    Returns
    -------
    matplotlib.figure.Figure
        One line per arm of the study, or one line. Below it, the number at risk.

    Raises
    ------
    InputError
        If earned security cannot be assessed, or there is no such figure.

    Examples
    --------
    >>> plot_time_to_security(fit, "therapist").savefig("time_to_security.pdf")
    """
    security = earned_security(fit, figure, model=model)
    curves = incidence_by_arm(security, person_arms(fit["constant_data"].to_dataset()))
    return with_status(time_to_security_plot(checked(time_to_security_data(curves), NOBODY)), fit)


def plot_attachment_space(fit: xr.DataTree, figure: str | None = None, model: AnyModel = None) -> Figure:
    """Plot every person in the attachment space, from their first to their last session with a figure.

    Arguments are those of `plot_time_to_security`. A marker is a person's posterior mean after the first session, the
    arrowhead that after the last. At most 100 people are drawn. InputError if the model has no self-worth.
    """
    spec, about = model_of(fit, model), named_figure(fit, figure)
    people = attachment_space_data(spec, fit, about, earned_security(fit, about, model=model))
    return with_status(attachment_space_plot(checked(people, NO_WORTH)), fit)


def plot_trajectory(
    fit: xr.DataTree, figure: str | None = None, person: str | None = None, model: AnyModel = None
) -> Figure:
    """Plot beliefs, outcomes and responses by session, of the group or of one person.

    `person` is an id of the study; other arguments are those of `plot_time_to_security`. InputError where there is no
    such person or figure.
    """
    spec, data, about = model_of(fit, model), fit["constant_data"].to_dataset(), named_figure(fit, figure)
    parts = (
        person_beliefs(spec, fit, about),
        session_events(data, about),
        answers_and_predictions(spec, fit, about),
    )
    if person is None:
        return with_status(trajectory_plot(group_trajectory(*parts), about), fit)
    [index] = np.nonzero(data["person"].values.astype(str) == str(person))
    if not len(index):
        raise InputError([f"there is no person {person!r} in this fit"])
    return with_status(trajectory_plot(person_trajectory(*parts, int(index[0])), about), fit)
