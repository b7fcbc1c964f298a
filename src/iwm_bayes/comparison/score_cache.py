"""The ELPD of a model, kept in the folder of its fit, so that an interrupted comparison can continue.

A cached ELPD is valid for the fit, the seed and the versions of the program that made it. Where people were left out by
refits, their method and settings count, too.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.elpd import Elpd
from iwm_bayes.inference.base import Settings
from iwm_bayes.io import versions, write_json

FILE = "scores.json"


class CachedScores(NamedTuple):
    """The ELPD of a model by unit of cross-validation; whether there were refits, and whether all converged."""

    by_unit: Mapping[str, Elpd]
    refitted: bool
    converged: bool


def cache_key(fitted: FittedModel, method: str, settings: Settings, refitted: bool) -> dict[str, Any]:
    """Return what the ELPD depends on: a hash of the draws, the seed, the versions, and the settings of refits."""
    draws = hashlib.sha256()
    for name, values in sorted(fitted.fit["unconstrained_posterior"].to_dataset().items()):
        draws.update(str(name).encode() + np.ascontiguousarray(values).tobytes())
    key = {"fit": draws.hexdigest(), "seed": settings.random_seed, "versions": versions()}
    numerical = settings._replace(progressbar=False, chain_store=None)
    return key | ({"method": method, **numerical._asdict()} if refitted else {})


def read_cache(fitted: FittedModel, method: str, settings: Settings) -> CachedScores | None:
    """Read the ELPD from the folder of a fit; None where there is none, or none that is valid."""
    if fitted.folder is None or not (path := fitted.folder / FILE).exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] != cache_key(fitted, method, settings, stored["refitted"]):
            return None
        by_unit = {
            unit: Elpd(**{name: np.asarray(values) for name, values in elpd.items()})
            for unit, elpd in stored["units"].items()
        }
        return CachedScores(by_unit, stored["refitted"], stored["converged"])
    except (ValueError, KeyError, TypeError, AttributeError):  # cut, or not written by this program
        return None


def write_cache(scores: CachedScores, fitted: FittedModel, method: str, settings: Settings) -> None:
    """Write the ELPD to the folder of its fit, completely or not at all, if the fit has a writable folder."""
    if fitted.folder is None or not os.access(fitted.folder, os.W_OK):
        return
    units = {
        unit: {name: values.tolist() for name, values in elpd._asdict().items()}
        for unit, elpd in scores.by_unit.items()
    }
    key = cache_key(fitted, method, settings, scores.refitted)
    stored = {"key": key, "refitted": scores.refitted, "converged": scores.converged, "units": units}
    write_json(fitted.folder / FILE, stored)


def score_or_read(
    fitted: FittedModel, method: str, settings: Settings, score: Callable[[], CachedScores]
) -> CachedScores:
    """Return the cached ELPD of a fit if it is valid; otherwise compute it with `score` and keep it."""
    if (scores := read_cache(fitted, method, settings)) is None:
        scores = score()
        write_cache(scores, fitted, method, settings)
    return scores
