"""Many simulated studies: cells x seeds, through any map, one file per result.

A *cell* says under which conditions something is done, in names and numbers. Its random numbers come from its content
and its seed, so that no number depends on order, restarts or how many work at it; nor on where files lie: what is
named "at ..." is a place, and no content. A result is written whole or not at
all, and a sweep into the same folder does only what is missing. A study that fails is a result too: kept, and counted.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.io import manifest, versions, write_json_atomic
from iwm_bayes.types import InputError

type Condition = Mapping[str, str | int | float]
type Study = Callable[
    [Condition, np.random.Generator], dict[str, Any]
]  # a function of a module, found by its name elsewhere


PATH_PREFIX = "at "


class Task(NamedTuple):
    """One study: what is done, under which conditions, and which of its repetitions this is."""

    study: Study
    cell: Condition
    seed: int

    @property
    def content(self) -> str:
        """The same text wherever and whenever: what is done, the cell in the order of its names, and the seed."""
        named = {"study": f"{self.study.__module__}.{self.study.__name__}", "cell": self.conditions, "seed": self.seed}
        return json.dumps(named, sort_keys=True)

    @property
    def conditions(self) -> dict[str, str | int | float]:
        """The cell without places."""
        return {name: value for name, value in self.cell.items() if not name.startswith(PATH_PREFIX)}

    @property
    def key(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()[:20]

    def generator(self) -> np.random.Generator:
        return np.random.default_rng([zlib.crc32(self.content.encode()), self.seed])


class Done(NamedTuple):
    """A task with what came of it: "result", or "failed" with the error in words."""

    task: Task
    found: dict[str, Any]


type TaskMap = Callable[[Callable[[Task], Done], Sequence[Task]], Iterable[Done]]  # a map, in any order


class Progress(NamedTuple):
    """How far a sweep is."""

    done: int
    of: int
    failed: int


def perform_task(task: Task) -> Done:
    """Do a study; an error is its result."""
    try:
        return Done(task, {"result": task.study(task.cell, task.generator())})
    except Exception as error:
        return Done(task, {"failed": f"{type(error).__name__}: {error}"})


def sequential_map(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
    """One after another, in this process."""
    return map(work, tasks)


def all_tasks(study: Study, cells: Sequence[Condition], seeds: int) -> list[Task]:
    """Every cell with seeds 1, 2, ...; the first seed of all cells before the second."""
    return [Task(study, cell, seed) for seed in range(1, seeds + 1) for cell in cells]


def prepare_folder(folder: Path) -> None:
    """A folder for results; InputError where those in it were made by other versions."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = folder / "manifest.json"
    if not facts.exists():
        write_json_atomic(facts, manifest())
    elif (before := json.loads(facts.read_text(encoding="utf-8"))["versions"]) != versions():
        other = ", ".join(f"{name} {was}" for name, was in before.items() if versions().get(name) != was)
        raise InputError([f"{folder}: holds results of {other}. Choose another folder, or return to those versions"])


def sweep(
    folder: Path,
    tasks: Sequence[Task],
    through: TaskMap = sequential_map,
    tell: Callable[[Progress], None] = lambda _: None,
) -> pd.DataFrame:
    """Do what is missing of some tasks, and return one line per task: its cell, "seed", "failed", and its result."""
    prepare_folder(folder)
    missing = [task for task in tasks if not (folder / f"{task.key}.json").exists()]
    before, failed = len(tasks) - len(missing), 0
    tell(Progress(before, len(tasks), failed))
    for count, one in enumerate(through(perform_task, missing) if missing else (), start=before + 1):
        write_json_atomic(
            folder / f"{one.task.key}.json", {"cell": one.task.conditions, "seed": one.task.seed} | one.found
        )
        failed += "failed" in one.found
        tell(Progress(count, len(tasks), failed))
    return results_table(folder, tasks)


def results_table(folder: Path, tasks: Iterable[Task]) -> pd.DataFrame:
    """What is there of some tasks, one line each, in their order; what a failed study did not find is missing."""
    lines = []
    for file in (folder / f"{task.key}.json" for task in tasks):
        if file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
            line = found["cell"] | {"seed": found["seed"], "failed": found.get("failed", "")}
            lines.append(line | found.get("result", {}))
    return pd.DataFrame(lines)
