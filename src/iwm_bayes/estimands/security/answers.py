"""Earned security of one study: the answer for every figure, and for the generalised expectation.

Times, arms, sensitivity and styles are all made from these answers, which are computed once for each fit.
"""

from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.security.population import earned_security_of_new_people
from iwm_bayes.estimands.security.projection import generalises, never_resilient
from iwm_bayes.estimands.security.time_to_security import earned_security
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import GENERALISED, ModelSpec

MADE_FROM_ANSWERS = ("earned_security", "styles")  # names in a study's `estimands`
IN_GENERAL = "generalised"  # the name there that asks for the generalised expectation, in addition to named figures


class SecurityAnswer(NamedTuple):
    """Earned security toward one figure, or in the generalised expectation."""

    security: xr.Dataset  # of the people of the study, as `earned_security` returns it
    curves: xr.Dataset  # by arm, as `incidence_by_arm` returns them
    new_curves: xr.Dataset  # the same of new people of the same population
    never_resilient: float  # share of people whose beliefs could not become resilient; NaN if generalised
    continued: int  # number of people whose sessions end early, and are those of others from there on


def security_answer(model: ModelSpec, fit: xr.DataTree, figure: str | None) -> SecurityAnswer:
    """Compute earned security of the people of a study and of new people, toward a figure or generalised."""
    data = fit["constant_data"].to_dataset()
    security, arms = earned_security(model, fit, figure), person_arms(data)
    curves = incidence_by_arm(security, arms)
    new_curves = incidence_by_arm(earned_security_of_new_people(model, fit, figure), arms, curves["last"])
    continued = int((security["horizon"] > security["followed"]).isel(chain=0, draw=0).sum())
    unattainable = never_resilient(model, fit, figure) if figure else float("nan")
    return SecurityAnswer(security, curves, new_curves, unattainable, continued)


def security_answers(model: ModelSpec, fit: xr.DataTree) -> dict[str, SecurityAnswer]:
    """Compute the answer for every figure; empty where the study wants nothing that is made from it.

    The generalised expectation is included where the study wants it, and model and data have one.
    """
    data = fit["constant_data"].to_dataset()
    if not any(wants(data, name) for name in MADE_FROM_ANSWERS):
        return {}
    figures = [name for name in figure_names(data) if name != GENERALISED]
    answers = {figure: security_answer(model, fit, figure) for figure in figures}
    general = wants(data, IN_GENERAL) and generalises(model, fit)
    return answers | ({GENERALISED: security_answer(model, fit, None)} if general else {})


def finite_medians(answers: Mapping[str, SecurityAnswer]) -> xr.Dataset:
    """Return the median number of sessions by figure, for convergence checks: those not reached as the last + 1."""
    medians = {figure: answer.security["median_sessions"] for figure, answer in answers.items()}
    ends = {figure: answer.security.sizes["session"] + 1.0 for figure, answer in answers.items()}
    return xr.Dataset({figure: median.fillna(0).clip(max=ends[figure]) for figure, median in medians.items()})
