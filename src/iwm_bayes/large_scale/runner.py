"""Run tasks on all chunks of a large-scale fit, by any map; finished tasks are kept on the disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from filelock import FileLock, Timeout

from iwm_bayes.large_scale.plan import Plan
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition, Progress, SimulatedStudy, Task, TaskMap, sweep

type StageCallback = Callable[[str, Progress], None]  # (name of the stage, its progress)


class Runner(NamedTuple):
    """A plan, the folder of its intermediate results, and the map that runs tasks."""

    plan: Plan
    folder: Path
    task_map: TaskMap
    report: StageCallback

    def run_tasks(self, function: SimulatedStudy, stage: str, conditions: list[Condition]) -> list[dict[str, Any]]:
        """Run a function under every condition and return the results in order.

        InputError lists what went wrong. Failed tasks run again next time.
        """
        common = {"plan": self.plan.content_hash, "at folder": str(self.folder)}
        tasks = [Task(function, {**condition, **common}, 1) for condition in conditions]
        results = sweep(self.folder / "done", tasks, self.task_map, lambda progress: self.report(stage, progress))
        failed = results["failed"] != ""
        if failed.any():
            for task in (task for task, has_failed in zip(tasks, failed, strict=True) if has_failed):
                (self.folder / "done" / f"{task.key}.json").unlink()
            problems = dict.fromkeys(results.loc[failed, "failed"].str.removeprefix("InputError: "))
            raise InputError(f"{stage}: {problem}" for problem in problems)
        return [{str(name): value for name, value in line.items()} for line in results.to_dict("records")]

    def run_chunks(self, function: SimulatedStudy, stage: str, condition: Condition) -> pd.DataFrame:
        """Run a function on every chunk and return one line each."""
        chunks = range(len(self.plan.bounds) - 1)
        return pd.DataFrame(self.run_tasks(function, stage, [{"chunk": chunk, **condition} for chunk in chunks]))

    def run_once(self, function: SimulatedStudy, stage: str) -> dict[str, Any]:
        """Run a function once, such as one on the sample."""
        [result] = self.run_tasks(function, stage, [{}])
        return result


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder while the block runs; InputError where another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise InputError(
            [f"{folder}: another run is writing there. Wait for it, or choose another --out-dir"]
        ) from None
