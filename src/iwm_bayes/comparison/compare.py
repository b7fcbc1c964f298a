"""One comparison from fits to answer: who foretells best, by what; who is followed by whom; what each cannot make.

Theories are compared on the same answers of the same people after the same events, and only where their fits may be
believed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.comparison.bms import Selection, random_effects_bms
from iwm_bayes.comparison.comparability import check_comparable, has_future_sessions
from iwm_bayes.comparison.draws import posterior_arrays
from iwm_bayes.comparison.elpd import MAX_PARETO_K, elpd_by_event, elpd_by_person, elpd_sentence, elpd_table
from iwm_bayes.comparison.leave_future_out import HORIZONS
from iwm_bayes.comparison.leave_one_person_out import leave_one_person_out, leave_out_by_refit, select_people
from iwm_bayes.comparison.mixture_fit import fit_mixture
from iwm_bayes.comparison.mixture_model import Fitted
from iwm_bayes.comparison.model_frequencies import agreement_sentence, frequency_table
from iwm_bayes.comparison.pointwise import pointwise_likelihood
from iwm_bayes.comparison.score_cache import CachedScores, score_or_read
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.diagnostics.predictive_checks import failed_checks, posterior_predictive_check
from iwm_bayes.inference.fit import METHODS, Settings

N_DRAWS = 400  # of each fit, by which it is scored
N_FOLDS = 10  # people of whom a single one says too much of the population are left out in truth, a tenth at a time
CV_UNITS = {
    "future 1": "the next session of somebody new, from the fifth on",
    "future 4": "the fourth session to come of somebody new",
    "person": "everything that somebody new answers",
    "event": "one answer of somebody who is known",
}


class Comparison(NamedTuple):
    """What was found of several theories."""

    rankings: Mapping[str, pd.DataFrame]  # by unit, the one asked for first
    evidence: pd.DataFrame  # log evidence by person (row) and theory
    selection: Selection
    mixture: xr.DataTree | None
    mixed: ConvergenceChecks | None  # on the mixture
    checks: Mapping[str, pd.DataFrame]  # predictive checks by theory
    failed: Sequence[str]  # theories whose gate failed, and that are ranked anyway, or that of a refit

    @property
    def says(self) -> str:
        """Who foretells best, in words."""
        return elpd_sentence(next(iter(self.rankings.values())))

    @property
    def frequencies(self) -> pd.DataFrame:
        """How many people follow each theory."""
        return frequency_table(self.evidence, self.selection, self.mixture)

    @property
    def agreed(self) -> str:
        """How far random effects and the mixture say the same of who follows what, in words."""
        return agreement_sentence(self.selection, self.mixture, self.mixed)

    @property
    def against(self) -> pd.DataFrame:
        """What a theory cannot make, though another can."""
        return failed_checks(self.checks)


def hide_answers(data: xr.Dataset, who: np.ndarray) -> xr.Dataset:
    """The data with all answers of some people taken out; the people remain, as anyone of the population."""
    asked = ~np.isin(np.arange(data.sizes["person"]), who)
    hidden = {name: values.where(asked) for name, values in data.items() if str(name).startswith("answer_")}
    return data.assign({name: values.transpose("event", "person") for name, values in hidden.items()})


def score_model(fitted: Fitted, method: str, settings: Settings, tell: Callable[[str], None]) -> CachedScores:
    """A theory's scores by unit; refits are for those of whom a single person says too much of the population."""
    model, data = fitted.model, fitted.data
    ready, at = pointwise_likelihood(model, data, HORIZONS), posterior_arrays(model, fitted.fit, N_DRAWS)
    seen = leave_one_person_out(at, ready, settings.random_seed)
    [bad] = np.nonzero(~(seen.k <= MAX_PARETO_K))
    parts, passed = [select_people(seen, seen.k <= MAX_PARETO_K)], True
    if len(bad):
        folds = np.array_split(bad, int(np.ceil(len(bad) * N_FOLDS / data.sizes["person"])))
        compiled = METHODS[method].compile(model, data)
        for index, fold in enumerate(folds):
            tell(f"{model.name}: refit {index + 1} of {len(folds)}, without {len(fold)} people")
            refit = METHODS[method].fit(compiled, hide_answers(data, fold), settings)
            passed &= check_convergence(refit).passed
            parts.append(
                leave_out_by_refit(at, posterior_arrays(model, refit, N_DRAWS), ready, fold, settings.random_seed)
            )
    tell(f"{model.name}: session by session")
    found = elpd_by_person([part for part in parts if len(part.who)], ready, settings.random_seed)
    return CachedScores(found | {"event": elpd_by_event(at, ready)}, bool(len(bad)), passed)


def mark_unconverged(table: pd.DataFrame, failed: Sequence[str]) -> pd.DataFrame:
    """A ranking that says whose fit failed its gate."""
    return table.assign(gate=np.where(table["theory"].isin(failed), "FAILED", "passed"))


def compare(
    theories: Sequence[Fitted],
    unit: str = "future 1",
    method: str = "nuts",
    settings: Settings | None = None,
    anyway: bool = False,
    mixed: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Theories fitted to the same data, ranked by every unit, `unit` first; the rest as in `Comparison`.

    Scores are kept beside fits that have a folder. `method` and `settings` are those of refits; the mixture is sampled
    by `nuts`, twice as long. InputError where theories cannot be compared.
    """
    settings = settings or Settings()
    failed = check_comparable(theories, unit, anyway)
    scored = {
        fitted.model.name: score_or_read(fitted, method, settings, partial(score_model, fitted, method, settings, tell))
        for fitted in theories
    }
    failed += [name for name, found in scored.items() if not found.passed and name not in failed]
    possible = [one for one in CV_UNITS if has_future_sessions(theories[0]) or not one.startswith("future")]
    order = [unit, *(other for other in possible if other != unit)]
    rankings = {unit: elpd_table({name: found.by_unit[unit] for name, found in scored.items()}) for unit in order}
    if failed:
        rankings = {unit: mark_unconverged(table, failed) for unit, table in rankings.items()}
    evidence = pd.DataFrame({name: found.by_unit["person"].by_person for name, found in scored.items()})
    evidence.index = pd.Index(theories[0].data["person"].values, name="person")
    trace = judged = None
    if mixed:
        tell("a mixture of the theories")
        trace, judged = fit_mixture(theories, settings)
    tell("what each theory's people would have done")
    checks = {
        fitted.model.name: posterior_predictive_check(fitted.model, fitted.fit, seed=settings.random_seed)
        for fitted in theories
    }
    return Comparison(rankings, evidence, random_effects_bms(evidence.to_numpy()), trace, judged, checks, failed)
