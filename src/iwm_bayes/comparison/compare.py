"""The comparison of fitted models: ELPD, model frequencies, and failed predictive checks.

Models are compared on the same responses of the same people after the same events, and only if their fits converged.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import Selection, random_effects_bms
from iwm_bayes.comparison.comparability import FittedModel, check_comparable, has_future_sessions
from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.elpd import MAX_PARETO_K, elpd_by_event, elpd_by_person, elpd_sentence, elpd_table
from iwm_bayes.comparison.leave_future_out import HORIZONS
from iwm_bayes.comparison.leave_one_person_out import leave_one_person_out, leave_out_by_refit, select_people
from iwm_bayes.comparison.mixture_fit import fit_mixture
from iwm_bayes.comparison.model_frequencies import agreement_sentence, frequency_table
from iwm_bayes.comparison.pointwise import pointwise_likelihood
from iwm_bayes.comparison.score_cache import CachedScores, score_or_read
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.diagnostics.predictive_checks import failed_checks, posterior_predictive_check
from iwm_bayes.inference.fit import METHODS, Settings

N_DRAWS = 400  # of each fit, from which its ELPD is estimated
N_FOLDS = 10  # a refit leaves out at most a tenth of all people, of those with a large Pareto k
CV_UNITS = {  # what is predicted, by unit of cross-validation
    "lfo_1": "the next session of a new person, from the fifth session on",
    "lfo_4": "the fourth session ahead of a new person, from the fifth session on",
    "loso": "all responses of a new person",
    "loo": "one event of a person whose other responses are known",
}


class Comparison(NamedTuple):
    """The results of a comparison of models."""

    rankings: Mapping[str, pd.DataFrame]  # by unit of cross-validation; the requested unit is first
    evidence: pd.DataFrame  # log evidence by person (row) and model (column)
    selection: Selection  # among the models, by random effects
    mixture: xr.DataTree | None
    mixture_checks: ConvergenceChecks | None
    predictive_checks: Mapping[str, pd.DataFrame]  # by model
    not_converged: Sequence[str]  # models whose fit, or a refit of which, has not converged

    @property
    def summary(self) -> str:
        """Return the result of the first ranking in one sentence."""
        return elpd_sentence(next(iter(self.rankings.values())))

    @property
    def frequencies(self) -> pd.DataFrame:
        """Return the frequency of each model."""
        return frequency_table(self.evidence, self.selection, self.mixture)

    @property
    def agreement(self) -> str:
        """Return how far random effects and the mixture agree about people, in words."""
        return agreement_sentence(self.selection, self.mixture, self.mixture_checks)

    @property
    def ppc_failures(self) -> pd.DataFrame:
        """Return test statistics that a model does not reproduce although another model does."""
        return failed_checks(self.predictive_checks)


def hide_answers(data: xr.Dataset, people: np.ndarray) -> xr.Dataset:
    """Return the data without any response of `people`, who remain in the data as members of the population."""
    shown = ~np.isin(np.arange(data.sizes["person"]), people)
    hidden = {name: values.where(shown) for name, values in data.items() if str(name).startswith("answer_")}
    return data.assign({name: values.transpose("event", "person") for name, values in hidden.items()})


def score_model(fitted: FittedModel, method: str, settings: Settings, tell: Callable[[str], None]) -> CachedScores:
    """Estimate a model's ELPD by unit of cross-validation, with refits for people whose Pareto k is too large."""
    model, data, seed = fitted.model, fitted.data, settings.random_seed
    likelihood, posterior = pointwise_likelihood(model, data, HORIZONS), posterior_arrays(model, fitted.fit, N_DRAWS)
    left_out = leave_one_person_out(posterior, likelihood, seed)
    reliable = left_out.pareto_k <= MAX_PARETO_K
    [unreliable] = np.nonzero(~reliable)
    parts, converged = [select_people(left_out, reliable)], True
    if len(unreliable):
        folds = np.array_split(unreliable, int(np.ceil(len(unreliable) * N_FOLDS / data.sizes["person"])))
        compiled = METHODS[method].compile(model, data)
        for index, fold in enumerate(folds):
            tell(f"{model.name}: refit {index + 1} of {len(folds)}, without {len(fold)} people")
            refit = METHODS[method].fit(compiled, hide_answers(data, fold), settings)
            converged &= check_convergence(refit).converged
            refit_arrays = posterior_arrays(model, refit, N_DRAWS)
            parts.append(leave_out_by_refit(posterior, refit_arrays, likelihood, fold, seed))
    tell(f"{model.name}: session by session")
    by_unit = elpd_by_person([part for part in parts if len(part.people)], likelihood, seed)
    return CachedScores(by_unit | {"loo": elpd_by_event(posterior, likelihood)}, bool(len(unreliable)), converged)


def mark_unconverged(table: pd.DataFrame, not_converged: Sequence[str]) -> pd.DataFrame:
    """Return a ranking with the convergence status of each model."""
    return table.assign(status=np.where(table["model"].isin(not_converged), "not converged", "converged"))


def rank_models(
    scores: Mapping[str, CachedScores], units: Sequence[str], not_converged: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Return the ranking of models by each unit of cross-validation; all are marked if any fit has not converged."""
    rankings = {unit: elpd_table({name: own.by_unit[unit] for name, own in scores.items()}) for unit in units}
    if not not_converged:
        return rankings
    return {unit: mark_unconverged(table, not_converged) for unit, table in rankings.items()}


def compare(
    fits: Sequence[FittedModel],
    cv: str = "lfo_1",
    method: str = "nuts",
    settings: Settings | None = None,
    allow_unconverged: bool = False,
    mixture: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare models that were fitted to the same data; InputError where they cannot be compared.

    Models are ranked by every unit of `CV_UNITS`, the unit `cv` first. `method` and `settings` are those of refits. The
    mixture is sampled by `nuts`, with twice the draws. The ELPD is kept in the folder of each fit that has one.
    """
    settings = settings or Settings()
    not_converged = check_comparable(fits, cv, allow_unconverged)
    scores = {
        fitted.model.name: score_or_read(fitted, method, settings, partial(score_model, fitted, method, settings, tell))
        for fitted in fits
    }
    not_converged += [name for name, own in scores.items() if not own.converged and name not in not_converged]
    possible = [unit for unit in CV_UNITS if has_future_sessions(fits[0]) or not unit.startswith("lfo")]
    rankings = rank_models(scores, [cv, *(unit for unit in possible if unit != cv)], not_converged)
    evidence = pd.DataFrame({name: own.by_unit["loso"].by_person for name, own in scores.items()})
    evidence.index = pd.Index(fits[0].data["person"].values, name="person")
    trace = checks = None
    if mixture:
        tell("mixture of the models")
        trace, checks = fit_mixture(fits, settings)
    tell("predictive checks")
    predictive_checks = {
        fitted.model.name: posterior_predictive_check(fitted.model, fitted.fit, seed=settings.random_seed)
        for fitted in fits
    }
    selection = random_effects_bms(evidence.to_numpy())
    return Comparison(rankings, evidence, selection, trace, checks, predictive_checks, not_converged)
