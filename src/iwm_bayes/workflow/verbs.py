"""What is asked of fits in Python: each takes a fit, and finds the fit's model in its attributes.

A fit of a model that was put together in Python carries no model: these functions then need it as `model`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import Comparison
from iwm_bayes.comparison.compare import compare as compare_fits
from iwm_bayes.data.dyads.coupling import roles_of
from iwm_bayes.data.dyads.writing import has_members
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.results import compute_results, result_tables
from iwm_bayes.estimands.person_summary import PERSON_SUMMARY
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion
from iwm_bayes.estimands.security.projection import project as project_fit
from iwm_bayes.estimands.security.survival import MIN_AT_RISK
from iwm_bayes.estimands.security.time_to_security import earned_security as security_of
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import Care
from iwm_bayes.simulation.simulate import Phase
from iwm_bayes.simulation.simulate import simulate as simulate_sessions
from iwm_bayes.types import GENERALISED, InputError, ModelSpec
from iwm_bayes.workflow.fit_file import model_of, remembered
from iwm_bayes.workflow.fit_groups import FROM_PYMC, named, standard_member_fit, with_attributes
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.run_folder import table_with_ids

GENERALISED_FIGURE = "generalised"
CV = {"lfo": "lfo_1", "loso": "loso", "loo": "loo"}  # as they are given, and units of a comparison


def member_fit(fit: xr.DataTree, role: str, model: Model | ModelSpec | None = None) -> xr.DataTree:
    """Return the part of one member of a fit of dyads, as an ordinary fit: every verb takes it.

    Parameters
    ----------
    fit
        A fit of dyads.
    role
        The role of the member, such as "patient".
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If the fit is none of dyads, or they have no such member.

    Examples
    --------
    >>> earned_security(member_fit(fit, "patient"))
    """
    spec = model_of(fit, model)
    if role not in spec.members:
        known = f"its members are {', '.join(spec.members)}" if spec.members else "it is a fit of single people"
        raise InputError([f"role={role!r}: {known}"])
    own_model, own = standard_member_fit(spec, fit, role)
    return remembered(with_attributes(own, {"status": fit.attrs.get("status", "")}), own_model)


def chosen_figure(fit: xr.DataTree, figure: str | None) -> str | None:
    """Return the figure that beliefs are about: the only one if none is named; None if generalised.

    InputError where there is no such figure, or there are several and none is named; or of dyads, which have no
    beliefs.
    """
    if has_members(data := fit["constant_data"].to_dataset()):
        role = roles_of(data)[0]
        raise InputError([f'beliefs are those of a member, and this is a fit of dyads. Give member_fit(fit, "{role}")'])
    figures = [str(name) for name in data["figure"].values if name != GENERALISED]
    if figure in (GENERALISED, GENERALISED_FIGURE):
        return None
    if figure is None and len(figures) == 1:
        return figures[0]
    if figure not in figures:
        problem = "name a figure" if figure is None else f"there is no figure {figure!r}"
        raise InputError([f'{problem}: figure= one of {", ".join(figures)}, or "{GENERALISED_FIGURE}"'])
    return figure


def earned_security(
    fit: xr.DataTree,
    figure: str | None = None,
    *,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 1000,
    random_seed: int = 1,
    model: Model | ModelSpec | None = None,
) -> xr.Dataset:
    """Compute sessions and corrective experiences until earned security, in every draw, of the people of a study.

    Parameters
    ----------
    fit
        A fit.
    figure
        The figure whose sessions are counted; the only one by default. "generalised" is the expectation of a new one.
    criterion
        What counts as earned security.
    draws
        About how many draws are used.
    random_seed
        Of outcomes under uninformative care, and of donors.
    model
        The model, where the fit carries none.

    Returns
    -------
    xarray.Dataset
        Numbers by draw: see `estimands.security.time_to_security.earned_security`.

    Raises
    ------
    InputError
        If there is no such figure, or the fit carries no model.
    """
    return security_of(model_of(fit, model), fit, chosen_figure(fit, figure), criterion, draws, random_seed)


def project(
    fit: xr.DataTree,
    care: Care,
    sessions: int,
    figure: str | None = None,
    *,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 200,
    random_seed: int = 1,
    model: Model | ModelSpec | None = None,
) -> xr.DataArray:
    """Project the share of people who are earned secure by each of some further sessions, under a scenario of care.

    See `estimands.security.projection.project`. `figure` and `model` are those of `earned_security`.
    """
    spec, about = model_of(fit, model), chosen_figure(fit, figure)
    shares = project_fit(spec, fit, care, sessions, about, criterion, draws, random_seed)
    if shares.isnull().all():
        raise InputError(
            [
                "after the last session of the study too few people are insecure, so there is no share to project: "
                f"fewer than {MIN_AT_RISK} with a belief of {criterion.insecure_at_or_below:g} or below, or a tenth"
            ]
        )
    return shares


def posterior_predictive(
    fit: xr.DataTree, draws: int = 500, random_seed: int = 1, model: Model | ModelSpec | None = None
) -> xr.Dataset:
    """Simulate answers of the people of a fit anew, (chain, draw, NAME_obs) by response.

    A fit has 500 such draws, or fewer where there are very many answers, in its group `posterior_predictive`.
    """
    draws_of_fit, data = fit["unconstrained_posterior"].to_dataset(), fit["constant_data"].to_dataset()
    answers = predicted_answers(model_of(fit, model), data, draws_of_fit, draws, random_seed)
    return named("posterior_predictive", answers)


def tables(
    fit: xr.DataTree, *, person_summary: bool = False, model: Model | ModelSpec | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables of a fit by name, as `iwm fit` writes them to `tables/NAME.csv`.

    Parameters
    ----------
    fit
        A fit.
    person_summary
        Whether there is a table of everyone's parameters, under the study's own ids.
    model
        The model, where the fit carries none.

    Returns
    -------
    dict of pandas.DataFrame
        Such as `group_summary`, `marginal_effects`, `time_to_security`, `arms`, `ppc` and `beliefs`. A table without a
        line is left out. Where the fit has not converged, each line says so.

    Examples
    --------
    >>> tables(fit)["beliefs"]
    """
    requested = frozenset({PERSON_SUMMARY.name} if person_summary else ())
    results = compute_results(model_of(fit, model), fit, requested)
    found = result_tables(results, check_convergence(fit).status)
    if PERSON_SUMMARY.name in found:
        own_ids = table_with_ids(found[PERSON_SUMMARY.name], fit["constant_data"].to_dataset())
        found = {**found, PERSON_SUMMARY.name: own_ids}
    return found


def fit_settings(fit: xr.DataTree, random_seed: int) -> Settings:
    """Return the settings of refits: as many chains and draws as the fit has."""
    sizes = fit["unconstrained_posterior"].sizes
    return Settings(draws=sizes["draw"], chains=max(sizes["chain"], 2), random_seed=random_seed)


def compare(
    fits: Mapping[str, xr.DataTree],
    cv: Literal["lfo", "loso", "loo"] = "lfo",
    *,
    models: Mapping[str, Model | ModelSpec] | None = None,
    mixture: bool = False,
    allow_unconverged: bool = False,
    random_seed: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare models by what they predict of the same people.

    Parameters
    ----------
    fits
        Fits of the models to the same answers, by name.
    cv
        What is left out: future sessions ("lfo"), one person ("loso") or one event ("loo").
    models
        Models by name, for fits that carry none.
    mixture
        Whether a mixture of the models is sampled, which says which model describes each person.
    allow_unconverged
        Whether fits that have not converged are ranked, marked.
    random_seed
        Of importance sampling and of refits.
    tell
        A function that is told what is done, such as `print`.

    Returns
    -------
    Comparison
        Its `ranking` is a DataFrame, the best model first: see `comparison.elpd.elpd_table`.

    Raises
    ------
    InputError
        If the fits cannot be compared: fewer than two, other people or answers, or not converged.

    Examples
    --------
    >>> compare({"kalman": one, "growth": other}, cv="lfo").ranking
    """
    if cv not in CV:
        raise InputError([f"cv={cv!r}: choose from {', '.join(CV)}"])
    given = dict(models or {})
    if extended := [name for name, fit in fits.items() if FROM_PYMC in fit.attrs]:
        remedy = "Compare fits of the models themselves, which `fit` makes"
        raise InputError(
            [f"{name}: has draws of `model.pymc`, whose terms a refit would lack. {remedy}" for name in extended]
        )
    fitted = [FittedModel(model_of(fit, given.get(name))._replace(name=name), fit) for name, fit in fits.items()]
    first = next(iter(fits.values()), None)
    settings = Settings() if first is None else fit_settings(first, random_seed)
    method = "nuts" if first is None else str(first.attrs.get("inference_method", "nuts"))
    return compare_fits(fitted, CV[cv], method, settings, allow_unconverged, mixture, tell)


def simulate(
    model: str | Path | ModelSpec | Model,
    phases: Sequence[Phase],
    people: int | Mapping[str, np.ndarray | float],
    random_seed: int | np.random.Generator = 1,
    beliefs: Literal["restarted", "carried"] = "restarted",
) -> xr.Dataset:
    """Simulate the sessions of people in closed loop, in the form of a study's data.

    Where the phases name waves, parameters differ between them, and `beliefs` start anew in each or are carried on.

    See `simulation.simulate.simulate`. `fit(Model(model, simulate(...)))` fits what was simulated.
    """
    given = model.spec if isinstance(model, Model) else model
    spec = given if isinstance(given, ModelSpec) else load_model(given)
    return simulate_sessions(spec, phases, people, random_seed, beliefs)
