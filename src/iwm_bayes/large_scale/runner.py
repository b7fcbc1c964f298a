"""Going through all chunks of a large study, through any map."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from filelock import FileLock, Timeout

from iwm_bayes.large_scale.plan import Plan
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition, Progress, Study, Task, TaskMap, sweep

type StageCallback = Callable[[str, Progress], None]


class Work(NamedTuple):
    """A plan, the folder of its parts, and who does it."""

    plan: Plan
    folder: Path
    through: TaskMap
    tell: StageCallback

    def done(self, study: Study, what: str, cells: list[Condition]) -> list[dict[str, Any]]:
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

    def each(self, study: Study, what: str, cell: Condition) -> pd.DataFrame:
        """Do something with every chunk, one line each."""
        return pd.DataFrame(self.done(study, what, [{"chunk": n, **cell} for n in range(len(self.plan.bounds) - 1)]))

    def with_sample(self, study: Study, what: str, cell: Condition) -> dict[str, Any]:
        """Do something once, with the sample or for it."""
        [found] = self.done(study, what, [cell])
        return found


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder; InputError where another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise InputError([f"{folder}: another run is writing there. Wait for it, or choose another --out"]) from None
