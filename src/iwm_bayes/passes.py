"""Going through all chunks of a large study, through any map, and adding up what they say of the group."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from iwm_bayes.climb import inverse
from iwm_bayes.core import InputError
from iwm_bayes.crowd import Crowd, Group, beginning, packed, unpacked
from iwm_bayes.plan import Plan
from iwm_bayes.rounds import begin, bend, finish_chunk, settle_chunk
from iwm_bayes.scores import Sums, outer_curvature, prior_curvature, score, total
from iwm_bayes.sweep import Cell, Progress, Study, Task, Through, sweep

ENOUGH = 0.1  # of an sd: the Newton step after which everyone is gone through for the last time
MOST_ROUNDS = 15
BOLDEST = 3.0  # sds of the sample's group that one step may go

type Tell = Callable[[str, Progress], None]


class Work(NamedTuple):
    """A plan, the folder of its parts, and who does it."""

    plan: Plan
    folder: Path
    through: Through
    tell: Tell

    def done(self, study: Study, what: str, cells: list[Cell]) -> list[dict[str, Any]]:
        """The result of every cell; InputError with what went wrong, which is tried again next time."""
        place = {"plan": self.plan.content, "at folder": str(self.folder)}
        tasks = [Task(study, {**cell, **place}, 1) for cell in cells]
        found = sweep(self.folder / "done", tasks, self.through, lambda progress: self.tell(what, progress))
        failed = found["failed"] != ""
        if failed.any():
            for task in (task for task, fault in zip(tasks, failed, strict=True) if fault):
                (self.folder / "done" / f"{task.key}.json").unlink()
            faults = dict.fromkeys(found.loc[failed, "failed"].str.removeprefix("InputError: "))
            raise InputError(f"{what}: {fault}" for fault in faults)
        return [{str(name): value for name, value in line.items()} for line in found.to_dict("records")]

    def each(self, study: Study, what: str, cell: Cell) -> pd.DataFrame:
        """Do something with every chunk, one line each."""
        return pd.DataFrame(self.done(study, what, [{"chunk": n, **cell} for n in range(len(self.plan.bounds) - 1)]))

    def with_sample(self, study: Study, what: str, cell: Cell) -> dict[str, Any]:
        """Do something once, with the sample or for it."""
        [found] = self.done(study, what, [cell])
        return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder; InputError where another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise InputError([f"{folder}: another run is writing there. Wait for it, or choose another --out"]) from None


def as_text(group: Group) -> str:
    return json.dumps(packed(group).tolist())


def summed(parts: pd.Series) -> Sums:
    """Sums over all chunks, from what was written of each."""
    return total(Sums(*(np.array(part[name]) for name in Sums._fields)) for part in parts)  # type: ignore[arg-type]


def climbed_by_all(work: Work, shape: Crowd, times: float) -> tuple[Group, int]:
    """The most probable group of everyone, so many `times` the sample, and how many rounds it took."""
    start = work.with_sample(begin, "beginning with a sample", {})
    group, number, longest = unpacked(np.array(start["group"]), beginning(shape)), 0, np.inf
    while number < MOST_ROUNDS and longest > ENOUGH:
        found = work.each(settle_chunk, f"round {number + 1}", {"round": number, "group": as_text(group)})
        said = summed(found["said"])
        covariance, _ = inverse(outer_curvature(shape, group, said), shape, group)
        step, sure = covariance @ score(shape, group, said), np.sqrt(np.diag(covariance))
        far, longest = BOLDEST * np.sqrt(times) * sure, np.abs(step / sure).max()
        group, number = unpacked(packed(group) + np.clip(step, -far, far), group), number + 1
    return group, number


def covariance_there(work: Work, shape: Crowd, group: Group, times: float) -> tuple[np.ndarray, bool]:
    """The group's covariance, and whether it is sound: by the sample's curvature, for so many times its people.

    What comes of the prior does not grow.
    """
    found = work.with_sample(bend, "curvature of the sample", {"group": as_text(group)})
    of_prior = np.diag(prior_curvature(shape, group))
    return inverse(times * (-np.array(found["slopes"]) - of_prior) + of_prior, shape, group)


def finished(work: Work, group: Group, rounds: int, people: Path) -> tuple[Sums, Sums]:
    """What everyone says of a group, and by quadrature; tables of them are written to the folder `people`."""
    last: Cell = {"round": rounds, "group": as_text(group), "at people": str(people)}
    found = work.each(finish_chunk, "last round", last)
    return summed(found["said"]), summed(found["exact"])
