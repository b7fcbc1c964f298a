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

from iwm_bayes.comparison.bms import Selection, select
from iwm_bayes.comparison.comparability import check, foretells
from iwm_bayes.comparison.draws import sampled
from iwm_bayes.comparison.elpd import TRUSTED, of_events, of_people, ranked, verdict
from iwm_bayes.comparison.leave_future_out import AHEAD
from iwm_bayes.comparison.leave_one_person_out import only, truly_unseen, unseen
from iwm_bayes.comparison.mixture_fit import mix
from iwm_bayes.comparison.mixture_model import Fitted
from iwm_bayes.comparison.model_frequencies import agreed, frequencies
from iwm_bayes.comparison.pointwise import told
from iwm_bayes.comparison.score_cache import Scored, scored_once
from iwm_bayes.diagnostics.convergence_checks import Verdict, gate
from iwm_bayes.diagnostics.predictive_checks import falsified, posterior_check
from iwm_bayes.inference.fit import METHODS, Settings

DRAWS = 400  # of each fit, by which it is scored
FOLDS = 10  # people of whom a single one says too much of the population are left out in truth, a tenth at a time
UNITS = {
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
    mixed: Verdict | None  # on the mixture
    checks: Mapping[str, pd.DataFrame]  # predictive checks by theory
    failed: Sequence[str]  # theories whose gate failed, and that are ranked anyway, or that of a refit

    @property
    def says(self) -> str:
        """Who foretells best, in words."""
        return verdict(next(iter(self.rankings.values())))

    @property
    def frequencies(self) -> pd.DataFrame:
        """How many people follow each theory."""
        return frequencies(self.evidence, self.selection, self.mixture)

    @property
    def agreed(self) -> str:
        """How far random effects and the mixture say the same of who follows what, in words."""
        return agreed(self.selection, self.mixture, self.mixed)

    @property
    def against(self) -> pd.DataFrame:
        """What a theory cannot make, though another can."""
        return falsified(self.checks)


def without(data: xr.Dataset, who: np.ndarray) -> xr.Dataset:
    """The data with all answers of some people taken out; the people remain, as anyone of the population."""
    asked = ~np.isin(np.arange(data.sizes["person"]), who)
    hidden = {name: values.where(asked) for name, values in data.items() if str(name).startswith("answer_")}
    return data.assign({name: values.transpose("event", "person") for name, values in hidden.items()})


def scores(fitted: Fitted, method: str, settings: Settings, tell: Callable[[str], None]) -> Scored:
    """A theory's scores by unit; refits are for those of whom a single person says too much of the population."""
    model, data = fitted.model, fitted.data
    ready, at = told(model, data, AHEAD), sampled(model, fitted.fit, DRAWS)
    seen = unseen(at, ready, settings.seed)
    [bad] = np.nonzero(~(seen.k <= TRUSTED))
    parts, passed = [only(seen, seen.k <= TRUSTED)], True
    if len(bad):
        folds = np.array_split(bad, int(np.ceil(len(bad) * FOLDS / data.sizes["person"])))
        compiled = METHODS[method].compile(model, data)
        for index, fold in enumerate(folds):
            tell(f"{model.name}: refit {index + 1} of {len(folds)}, without {len(fold)} people")
            refit = METHODS[method].fit(compiled, without(data, fold), settings)
            passed &= gate(refit).passed
            parts.append(truly_unseen(at, sampled(model, refit, DRAWS), ready, fold, settings.seed))
    tell(f"{model.name}: session by session")
    found = of_people([part for part in parts if len(part.who)], ready, settings.seed)
    return Scored(found | {"event": of_events(at, ready)}, bool(len(bad)), passed)


def marked(table: pd.DataFrame, failed: Sequence[str]) -> pd.DataFrame:
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
    failed = check(theories, unit, anyway)
    scored = {
        fitted.model.name: scored_once(fitted, method, settings, partial(scores, fitted, method, settings, tell))
        for fitted in theories
    }
    failed += [name for name, found in scored.items() if not found.passed and name not in failed]
    possible = [one for one in UNITS if foretells(theories[0]) or not one.startswith("future")]
    order = [unit, *(other for other in possible if other != unit)]
    rankings = {unit: ranked({name: found.by_unit[unit] for name, found in scored.items()}) for unit in order}
    if failed:
        rankings = {unit: marked(table, failed) for unit, table in rankings.items()}
    evidence = pd.DataFrame({name: found.by_unit["person"].by_person for name, found in scored.items()})
    evidence.index = pd.Index(theories[0].data["person"].values, name="person")
    trace = judged = None
    if mixed:
        tell("a mixture of the theories")
        trace, judged = mix(theories, settings)
    tell("what each theory's people would have done")
    checks = {fitted.model.name: posterior_check(fitted.model, fitted.fit, seed=settings.seed) for fitted in theories}
    return Comparison(rankings, evidence, select(evidence.to_numpy()), trace, judged, checks, failed)
