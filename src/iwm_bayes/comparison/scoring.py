"""The ELPD of one fitted model by every unit of cross-validation, with refits where importance weights fail.

A refit leaves out several people, or events of several people, at once, but never more than a tenth of all people. So
what the others contribute to the population is hardly changed.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.draws import PosteriorArrays, posterior_arrays
from iwm_bayes.comparison.elpd import MAX_PARETO_K, Elpd, elpd_by_person
from iwm_bayes.comparison.leave_future_out import HORIZONS
from iwm_bayes.comparison.leave_one_event_out import (
    by_person,
    event_people,
    events_mask,
    leave_one_event_out,
    n_event_draws,
    refit_folds,
    replace_scores,
    score_by_refit,
)
from iwm_bayes.comparison.leave_one_person_out import leave_one_person_out, leave_out_by_refit, select_people
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, pointwise_likelihood
from iwm_bayes.comparison.score_cache import CachedScores
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, Settings

N_DRAWS = 400  # of each fit, with people's own parameters integrated out for each
N_FOLDS = 10  # a refit leaves out at most a tenth of all people, or events of so many


class Refit(NamedTuple):
    """Draws of a fit without some responses, and whether it has converged."""

    draws: PosteriorArrays
    converged: bool


type FitWithout = Callable[[np.ndarray, str, int], Refit]  # of hidden responses, their name, and how many draws


def hide_answers(data: xr.Dataset, hidden: np.ndarray) -> xr.Dataset:
    """Return the data without any response where `hidden`, (event, person) or (person,), is true.

    People without any response remain members of the population.
    """
    shown = xr.DataArray(np.broadcast_to(~hidden, data["present"].shape), dims=("event", "person"))
    answers = {name: values.where(shown) for name, values in data.items() if str(name).startswith("answer_")}
    return data.assign({name: values.transpose("event", "person") for name, values in answers.items()})


def fit_without(fitted: FittedModel, method: str, settings: Settings, tell: Callable[[str], None]) -> FitWithout:
    """Return a function that fits the model without some responses; the model is compiled at its first call."""
    compiled = cache(lambda: METHODS[method].compile(fitted.model, fitted.data))

    def refit(hidden: np.ndarray, left_out: str, draws: int) -> Refit:
        tell(f"{fitted.model.name}: refit without {left_out}")
        fit = METHODS[method].fit(compiled(), hide_answers(fitted.data, hidden), settings)
        return Refit(posterior_arrays(fitted.model, fit, draws), check_convergence(fit).converged)

    return refit


def score_people(
    posterior: PosteriorArrays, likelihood: PointwiseLikelihood, refit: FitWithout, seed: int
) -> tuple[dict[str, Elpd], list[bool]]:
    """Estimate a model's ELPD of left-out people and their sessions; return also whether each refit has converged."""
    left_out = leave_one_person_out(posterior, likelihood, seed)
    reliable, n_people = left_out.pareto_k <= MAX_PARETO_K, len(left_out.pareto_k)
    [unreliable] = np.nonzero(~reliable)
    parts, converged = [select_people(left_out, reliable)], []
    if len(unreliable):
        for fold in np.array_split(unreliable, int(np.ceil(len(unreliable) * N_FOLDS / n_people))):
            draws, refit_converged = refit(np.isin(np.arange(n_people), fold), f"{len(fold)} people", N_DRAWS)
            parts.append(leave_out_by_refit(posterior, draws, likelihood, fold, seed))
            converged.append(refit_converged)
    return elpd_by_person([part for part in parts if len(part.people)], likelihood, seed), converged


def score_events(
    fitted: FittedModel, posterior: PosteriorArrays, likelihood: PointwiseLikelihood, refit: FitWithout, seed: int
) -> tuple[Elpd, list[bool]]:
    """Estimate a model's ELPD of left-out events; return also whether each refit has converged."""
    n_draws, fold_size = n_event_draws(likelihood), max(1, fitted.data.sizes["person"] // N_FOLDS)
    scores = leave_one_event_out(posterior_arrays(fitted.model, fitted.fit, n_draws), posterior, likelihood, seed)
    converged = []
    for fold in refit_folds(scores, event_people(likelihood), fold_size):
        draws, refit_converged = refit(events_mask(likelihood, fold), f"{len(fold)} events", n_draws)
        scores = replace_scores(scores, fold, score_by_refit(draws, likelihood, fold))
        converged.append(refit_converged)
    return by_person(scores, likelihood), converged


def score_model(fitted: FittedModel, method: str, settings: Settings, tell: Callable[[str], None]) -> CachedScores:
    """Estimate a model's ELPD by unit of cross-validation, with refits where Pareto's k is too large."""
    model, seed, refit = fitted.model, settings.random_seed, fit_without(fitted, method, settings, tell)
    likelihood = pointwise_likelihood(model, fitted.data, HORIZONS)
    posterior = posterior_arrays(model, fitted.fit, N_DRAWS)
    tell(f"{model.name}: session by session")
    by_unit, people_converged = score_people(posterior, likelihood, refit, seed)
    tell(f"{model.name}: event by event")
    events, events_converged = score_events(fitted, posterior, likelihood, refit, seed)
    converged = [*people_converged, *events_converged]
    return CachedScores(by_unit | {"loo": events}, bool(converged), all(converged))
