"""Sweeps: many simulated studies, conditions x seeds, through any map, with one file per result.

A *condition* holds names and numbers that determine a study. The random numbers of a study come from its condition and
its seed. So no number depends on the order of studies, on restarts or on the number of workers. Names that begin with
"at " are places of files. They are not part of a condition, so no number depends on where files lie.

A result is written completely or not at all, and a sweep into the same folder does only what is missing. The error of a
study that fails is kept as its result, and counted.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.io import manifest, read_json, versions, write_json
from iwm_bayes.types import InputError

type Condition = Mapping[str, str | int | float]
type SimulatedStudy = Callable[
    [Condition, np.random.Generator], dict[str, Any]
]  # at module level, so that workers find it

PATH_PREFIX = "at "  # of the names of places


class Task(NamedTuple):
    """One study: its function, its condition, and the number of its repetition."""

    study: SimulatedStudy
    condition: Condition
    seed: int

    @property
    def condition_without_paths(self) -> dict[str, str | int | float]:
        return {name: value for name, value in self.condition.items() if not name.startswith(PATH_PREFIX)}

    @property
    def content(self) -> str:
        """Return a text that identifies the study: its function, its condition in alphabetical order, and its seed."""
        study = f"{self.study.__module__}.{self.study.__name__}"
        content = {"study": study, "condition": self.condition_without_paths, "seed": self.seed}
        return json.dumps(content, sort_keys=True)

    @property
    def key(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()[:20]

    def generator(self) -> np.random.Generator:
        return np.random.default_rng([zlib.crc32(self.content.encode()), self.seed])


class TaskResult(NamedTuple):
    """A task with its outcome: {"result": the study's result}, or {"failed": the error in words}."""

    task: Task
    outcome: dict[str, Any]


type TaskMap = Callable[[Callable[[Task], TaskResult], Sequence[Task]], Iterable[TaskResult]]  # a map, in any order


class Progress(NamedTuple):
    """The number of finished studies, of all studies, and of those that failed in this sweep."""

    done: int
    of: int
    failed: int


def perform_task(task: Task) -> TaskResult:
    """Do a study; an error becomes its result."""
    try:
        return TaskResult(task, {"result": task.study(task.condition, task.generator())})
    except Exception as error:  # a study may raise anything, and the others must go on
        return TaskResult(task, {"failed": f"{type(error).__name__}: {error}"})


def sequential_map(work: Callable[[Task], TaskResult], tasks: Sequence[Task]) -> Iterator[TaskResult]:
    """Do tasks one after another, in this process."""
    return map(work, tasks)


def all_tasks(study: SimulatedStudy, conditions: Sequence[Condition], seeds: int) -> list[Task]:
    """Return every condition with seeds 1, 2, ...; the first seed of all conditions comes before the second."""
    return [Task(study, condition, seed) for seed in range(1, seeds + 1) for condition in conditions]


def prepare_folder(folder: Path) -> None:
    """Make a folder for results; InputError where it holds results of other versions."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    if not path.exists():
        write_json(path, manifest())
    elif (before := read_json(path, "Choose another folder").get("versions", {})) != versions():
        other = ", ".join(f"{name} {version}" for name, version in before.items() if versions().get(name) != version)
        raise InputError([f"{folder}: holds results of {other}. Choose another folder, or return to those versions"])


def sweep(
    folder: Path,
    tasks: Sequence[Task],
    task_map: TaskMap = sequential_map,
    tell: Callable[[Progress], None] = lambda _: None,
) -> pd.DataFrame:
    """Do the missing tasks; return one line per task: its condition, "seed", "failed", and its result."""
    prepare_folder(folder)
    missing = [task for task in tasks if not (folder / f"{task.key}.json").exists()]
    before, failed = len(tasks) - len(missing), 0
    tell(Progress(before, len(tasks), failed))
    for count, one in enumerate(task_map(perform_task, missing) if missing else (), start=before + 1):
        record = {"condition": one.task.condition_without_paths, "seed": one.task.seed} | one.outcome
        write_json(folder / f"{one.task.key}.json", record)
        failed += "failed" in one.outcome
        tell(Progress(count, len(tasks), failed))
    return results_table(folder, tasks)


def results_table(folder: Path, tasks: Iterable[Task]) -> pd.DataFrame:
    """Read the results of tasks, one line each, in their order; results of a study that failed are missing values."""
    lines = []
    for path in (folder / f"{task.key}.json" for task in tasks):
        if path.exists():
            record = read_json(path, "Delete this file and enter the same command again: this study is done anew")
            line = record["condition"] | {"seed": record["seed"], "failed": record.get("failed", "")}
            lines.append(line | record.get("result", {}))
    return pd.DataFrame(lines)
