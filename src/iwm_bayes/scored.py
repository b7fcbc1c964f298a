"""A theory's scores beside its fit: a comparison that was stopped, or failed after them, goes on with what is there.

They hold as long as the fit, in whose folder they lie, and what else makes them: settings, method and versions.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.compare import Score
from iwm_bayes.method import Settings
from iwm_bayes.run import versions, write_whole

FILE = "scores.json"


class Scored(NamedTuple):
    """What a theory foretells, by unit, and whether every refit that it took passed its gate."""

    by_unit: Mapping[str, Score]
    passed: bool


def made_by(method: str, settings: Settings) -> dict[str, Any]:
    """All on which the scores of one fit depend; a progress bar changes none."""
    counted = settings._replace(progress=False, into=None)
    return {"method": method, **counted._asdict(), "versions": versions()}


def read(path: Path, made: Mapping[str, Any]) -> Scored | None:
    """Scores that are there and were made like this."""
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["made by"] != made:
        return None
    units = {unit: Score(*map(np.asarray, score.values())) for unit, score in found["by unit"].items()}
    return Scored(units, found["passed"])


def write(scored: Scored, path: Path, made: Mapping[str, Any]) -> None:
    """Write scores, all or nothing."""
    units = {unit: {name: x.tolist() for name, x in score._asdict().items()} for unit, score in scored.by_unit.items()}
    write_whole(path, {"made by": made, "passed": scored.passed, "by unit": units})


def kept(folder: Path | None, made: Mapping[str, Any], score: Callable[[], Scored]) -> Scored:
    """Scores from a run's folder if they still hold, else made now and kept there; without a folder, made now."""
    if folder is None:
        return score()
    if (found := read(folder / FILE, made)) is None:
        found = score()
        write(found, folder / FILE, made)
    return found
