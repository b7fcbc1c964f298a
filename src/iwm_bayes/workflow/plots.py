"""Plots of fits in Python, one function each: a fit goes in, and a Matplotlib figure comes out.

ArviZ has the plots that any Bayesian model needs: `az.plot_forest`, `az.plot_rank`, `az.plot_ppc_dist` and others take
a fit as it is. The plots here are those of this field.
"""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.comparison.compare import CV_UNITS, Comparison
from iwm_bayes.diagnostics.predictive_checks import posterior_predictive_check
from iwm_bayes.estimands.group_summary import group_summary, with_prior_intervals
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.trajectories import (
    answers_and_predictions,
    group_trajectory,
    person_beliefs,
    person_trajectory,
    session_answers,
    session_events,
)
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import GENERALISED, InputError, ModelSpec
from iwm_bayes.viz.attachment_space import attachment_space_plot
from iwm_bayes.viz.comparison import elpd_plot
from iwm_bayes.viz.data import data_plot
from iwm_bayes.viz.earned_security import time_to_security_plot
from iwm_bayes.viz.parameters import prior_posterior_plot, shrinkage_plot
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.viz.trajectory import trajectory_plot
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.verbs import chosen_figure, earned_security

type AnyModel = Model | ModelSpec | None  # needed where a fit carries no model


def named_figure(fit: xr.DataTree, figure: str | None) -> str:
    """Return a figure that people met; InputError for the generalised expectation, which has no sessions of its own."""
    chosen = chosen_figure(fit, figure)
    if chosen is None:
        raise InputError(["the generalised expectation has no sessions of its own. Name a figure"])
    return chosen


def plot_time_to_security(fit: xr.DataTree, figure: str | None = None, model: AnyModel = None) -> Figure:
    """Plot the share of people who are earned secure by each session, by arm, with its 90% CrI and the chance level."""
    security = earned_security(fit, figure, model=model)
    return time_to_security_plot(incidence_by_arm(security, person_arms(fit["constant_data"].to_dataset())))


def plot_attachment_space(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot the mean beliefs of the group along the sessions with each figure, in the attachment space."""
    spec, data = model_of(fit, model), fit["constant_data"].to_dataset()
    figures = [figure for figure in figure_names(data) if figure != GENERALISED]
    groups = {
        figure: group_trajectory(
            person_beliefs(spec, fit, figure),
            session_events(data, figure),
            answers_and_predictions(spec, fit, figure),
        )
        for figure in figures
    }
    return attachment_space_plot(groups)


def plot_trajectory(
    fit: xr.DataTree, figure: str | None = None, person: str | None = None, model: AnyModel = None
) -> Figure:
    """Plot beliefs, outcomes and responses by session, of the group or of one person.

    `person` is an id of the study. InputError where there is no such person or figure.
    """
    spec, data, about = model_of(fit, model), fit["constant_data"].to_dataset(), named_figure(fit, figure)
    parts = (
        person_beliefs(spec, fit, about),
        session_events(data, about),
        answers_and_predictions(spec, fit, about),
    )
    if person is None:
        return trajectory_plot(group_trajectory(*parts), about)
    [index] = np.nonzero(data["person"].values.astype(str) == str(person))
    if not len(index):
        raise InputError([f"there is no person {person!r} in this fit"])
    return trajectory_plot(person_trajectory(*parts, int(index[0])), about)


def plot_people(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot everyone's parameters with 90% CrI over their shrinkage towards the group; nobody is named."""
    return shrinkage_plot(person_summary(model_of(fit, model), fit))


def plot_prior_posterior(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot prior and posterior 90% intervals of the group medians, on the natural scale."""
    spec = model_of(fit, model)
    figures = figure_names(fit["constant_data"].to_dataset())
    return prior_posterior_plot(with_prior_intervals(spec, group_summary(spec, fit), figures))


def plot_predictive_checks(fit: xr.DataTree, model: AnyModel = None) -> Figure:
    """Plot observed test statistics with their posterior predictive 95% intervals."""
    spec = model_of(fit, model)
    return ppc_plot({spec.name: posterior_predictive_check(spec, fit)})


def plot_comparison(comparison: Comparison) -> Figure:
    """Plot the difference in ELPD of each model from the best, with two standard errors."""
    unit = next(iter(comparison.rankings))
    return elpd_plot(comparison.ranking, CV_UNITS[unit])


def plot_data(model: Model) -> Figure:
    """Plot the number of people, outcomes and responses by session: mean, and the central 90% of people."""
    data = model.data
    sessions = {
        figure: session_events(data, figure).merge(session_answers(data, list(model.spec.responses), figure))
        for figure in figure_names(data)
        if figure != GENERALISED
    }
    return data_plot(sessions)
