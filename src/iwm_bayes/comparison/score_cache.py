"""A theory's scores beside its fit: a comparison that was stopped, or failed after them, goes on with what is there.

They hold as long as the fit whose scores they are, and what else makes them: the seed and the versions, and, where
people had to be left out and the theory fitted again, how that was done.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.comparison.elpd import Elpd
from iwm_bayes.comparison.mixture_model import Fitted
from iwm_bayes.inference.base import Settings
from iwm_bayes.io import versions, write_json_atomic

FILE = "scores.json"


class CachedScores(NamedTuple):
    """What a theory foretells, by unit; whether it was fitted again for that, and each such fit passed its gate."""

    by_unit: Mapping[str, Elpd]
    refitted: bool
    passed: bool


def cache_key(fitted: Fitted, method: str, settings: Settings, refitted: bool) -> dict[str, Any]:
    """On what scores depend: a fit's draws, by their hash, seed and versions; the rest where it is fitted again."""
    draws = hashlib.sha256()
    for name, values in sorted(fitted.fit["posterior"].to_dataset().items()):
        draws.update(str(name).encode() + np.ascontiguousarray(values).tobytes())
    always = {"fit": draws.hexdigest(), "seed": settings.random_seed, "versions": versions()}
    counted = settings._replace(progressbar=False, chain_store=None)
    return always | ({"method": method, **counted._asdict()} if refitted else {})


def read_cache(fitted: Fitted, method: str, settings: Settings) -> CachedScores | None:
    """Scores that lie beside a fit, if they are its own, and were made in the same way."""
    if fitted.folder is None or not (path := fitted.folder / FILE).exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["made by"] != cache_key(fitted, method, settings, found["refitted"]):
        return None
    units = {unit: Elpd(**{name: np.asarray(x) for name, x in score.items()}) for unit, score in found["units"].items()}
    return CachedScores(units, found["refitted"], found["passed"])


def write_cache(scored: CachedScores, fitted: Fitted, method: str, settings: Settings) -> None:
    """Write scores beside their fit, all or nothing, if it has a folder that may be written to."""
    if fitted.folder is None or not os.access(fitted.folder, os.W_OK):
        return
    units = {unit: {name: x.tolist() for name, x in score._asdict().items()} for unit, score in scored.by_unit.items()}
    found = {"refitted": scored.refitted, "passed": scored.passed, "units": units}
    write_json_atomic(fitted.folder / FILE, {"made by": cache_key(fitted, method, settings, scored.refitted)} | found)


def score_or_read(fitted: Fitted, method: str, settings: Settings, score: Callable[[], CachedScores]) -> CachedScores:
    """Scores from beside a fit if they still hold, else made now and kept there."""
    if (found := read_cache(fitted, method, settings)) is None:
        found = score()
        write_cache(found, fitted, method, settings)
    return found
