"""The comparison of fitted models: ELPD, model frequencies, and failed predictive checks.

Models are compared on the same responses of the same people after the same events, and only if their fits converged.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import Selection, random_effects_bms
from iwm_bayes.comparison.comparability import FittedModel, check_comparable, has_future_sessions
from iwm_bayes.comparison.elpd import elpd_sentence, elpd_table
from iwm_bayes.comparison.mixture.fit import fit_mixture
from iwm_bayes.comparison.model_frequencies import agreement_sentence, frequency_table
from iwm_bayes.comparison.score_cache import CachedScores, score_or_read
from iwm_bayes.comparison.scoring import score_model
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.predictive_checks import failed_checks, posterior_predictive_check
from iwm_bayes.inference.fit import Settings

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
    def ranking(self) -> pd.DataFrame:
        """Return the ranking by the unit of cross-validation that was asked for, the best model first."""
        return next(iter(self.rankings.values()))

    def __repr__(self) -> str:
        return f"{self.summary}.\n\n{self.ranking.to_string(index=False)}"

    @property
    def summary(self) -> str:
        """Return the result of the first ranking in one sentence, which names its unit of cross-validation."""
        unit, table = next(iter(self.rankings.items()))
        return f"ELPD of {CV_UNITS[unit]} ({unit}): {elpd_sentence(table)}"

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


def comparison_data(ranking: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return the ranking by a unit of cross-validation, with what it predicts in words as the attribute `predicts`."""
    found = ranking.copy()
    found.attrs["predicts"] = CV_UNITS[unit]
    return found


def ranking_status(fitted: FittedModel, not_converged: Sequence[str]) -> str:
    """Return the status of a model's ELPD; an approximate fit gives an approximate ELPD."""
    if fitted.model.name in not_converged:
        return "not converged"
    method = fitted.fit["unconstrained_posterior"].attrs.get("approximate")
    return f"approximate ({str(method).partition(',')[0]})" if method else "converged"


def rank_models(
    scores: Mapping[str, CachedScores], units: Sequence[str], status: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Return the ranking of models by each unit of cross-validation.

    Models are marked by their `status` if any is not "converged".
    """
    rankings = {unit: elpd_table({name: own.by_unit[unit] for name, own in scores.items()}) for unit in units}
    if set(status.values()) == {"converged"}:
        return rankings
    return {unit: table.assign(status=table["model"].map(status)) for unit, table in rankings.items()}


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
    status = {fitted.model.name: ranking_status(fitted, not_converged) for fitted in fits}
    rankings = rank_models(scores, [cv, *(unit for unit in possible if unit != cv)], status)
    evidence = pd.DataFrame({name: own.by_unit["loso"].by_person for name, own in scores.items()})
    evidence.index = pd.Index(fits[0].data["person"].values, name="person")
    trace = checks = None
    moving = [fitted.model.name for fitted in fits if fitted.model.rule.innovations]
    if mixture and moving:
        tell(f"no mixture of the models: {', '.join(moving)} has innovations, which a mixture cannot have")
    elif mixture:
        tell("mixture of the models")
        trace, checks = fit_mixture(fits, settings)
    tell("predictive checks")
    predictive_checks = {
        fitted.model.name: posterior_predictive_check(fitted.model, fitted.fit, seed=settings.random_seed)
        for fitted in fits
    }
    selection = random_effects_bms(evidence.to_numpy())
    return Comparison(rankings, evidence, selection, trace, checks, predictive_checks, not_converged)
