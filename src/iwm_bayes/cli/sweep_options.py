"""What commands of many simulated studies share: their options, their progress, and the results that they keep."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType, MappingProxyType
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer

from iwm_bayes.cli.console import report_interruption, tell
from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import load_study
from iwm_bayes.data.toml import read_toml
from iwm_bayes.io import manifest, sha256
from iwm_bayes.model.model_file import built_in_models, find_model, load_model, load_model_for, rule_file
from iwm_bayes.progress import progress_bars
from iwm_bayes.responses.scale import is_on_outcome_scale
from iwm_bayes.types import GENERALISED, InputError
from iwm_bayes.validation.executors import cluster_map, process_map
from iwm_bayes.validation.sweep import Condition, Progress, Study, TaskMap, all_tasks, sequential_map, sweep
from iwm_bayes.workflow.results_folder import MANIFEST, cannot_write, check_kind, check_results_folder, replace_results

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="built-in model, or path of a model file or a study file")
]
Workers = Annotated[int, typer.Option(min=1, help="number of parallel processes on this computer")]
Scheduler = Annotated[str | None, typer.Option(help="address of a Dask scheduler; use it instead of --workers")]
OutDir = Annotated[Path | None, typer.Option(help="folder for the simulated studies and the result tables")]
Quiet = Annotated[bool, typer.Option(help="do not show a progress bar")]


class StudySize(NamedTuple):
    """Models by name or path, and the size of the study that was given in their place, if one was."""

    models: list[str]
    people: int | None = None
    figures: int | None = None
    sessions: int | None = None  # with each figure that a person met, the median


def models_and_size(names: Sequence[str], trust: bool = False) -> StudySize:
    """Return models as named, or those of a study file with its size; InputError lists the problems of the study.

    `trust` is whether a Python file may run that a model of the study names; a model that is named itself is trusted.
    """
    path = Path(names[0])
    if len(names) > 1 or path.suffix != ".toml" or "data" not in read_toml(path):
        return StudySize(list(names))
    study = load_study(path)
    first, *_ = [load_model_for(study, name, trust) for name in study.model]
    data = read_data(study, first)
    own_scale = [name for name, rating in first.responses.items() if rating.scale and not is_on_outcome_scale(rating)]
    if study.without or own_scale or any(response.timing for response in study.responses.values()):
        tell(
            "Warning: simulated studies follow the model file. They ignore `without` and `timing` of the study file, "
            "and the first rating of every belief is on the outcome's scale."
        )
    session, figure = data["present"].values & ~data["assessment"].values, data["figure_index"].values
    figures = [index for index, name in enumerate(data["figure"].values) if name != GENERALISED]
    counts = np.array([(session & (figure == index)).sum(axis=0) for index in figures])
    return StudySize(list(study.model), data.sizes["person"], len(figures), int(np.median(counts[counts > 0])))


def checked_method(name: str) -> str:
    """Return an inference method's name; InputError where there is no such method."""
    from iwm_bayes.inference.fit import METHODS

    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    return name


def executor(workers: int, scheduler: str | None) -> TaskMap:
    """Return the map by which studies are done: in this process, in several, or on a cluster."""
    if scheduler is not None:
        return cluster_map(scheduler)
    return sequential_map if workers == 1 else process_map(workers)


def model_condition(name: str) -> dict[str, Any]:
    """Describe a model in a condition: its name, a hash of its content, and the place of its file."""
    model, path = load_model(name), find_model(name)
    place = name if name in built_in_models() else str(path.resolve())
    rule = rule_file(path)  # its content counts, too
    content = sha256(path)[:12] + (sha256(rule)[:12] if rule else "")
    return {"model": model.name, "content": content, "at model": place}


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], None]]:
    """Yield a function that raises KeyboardInterrupt after one arrived: in compiled code it would be lost."""
    interrupted = Event()

    def record(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        if callable(before):
            before(number, frame)

    def raise_if_interrupted() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, record)
    try:
        yield raise_if_interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def stage_bars(quiet: bool) -> Iterator[Callable[[str, Progress], None]]:
    """Show a progress bar for each stage of the work."""
    with progress_bars(disable=quiet) as update:
        yield lambda stage, progress: update(stage, progress.done, progress.of)


def sweep_with_progress(
    folder: Path, study: Study, conditions: list[Condition], seeds: int, task_map: TaskMap, quiet: bool
) -> pd.DataFrame:
    """Run a sweep with its progress bar, and report the studies that failed."""
    how_to_continue = f"Finished work is kept in {folder}. To continue, enter the same command again"
    with (
        progress_bars(disable=quiet) as update,
        report_interruption(how_to_continue),
        deferred_interrupt() as raise_if_interrupted,
    ):

        def show(progress: Progress) -> None:
            raise_if_interrupted()
            update("studies", progress.done, progress.of)

        try:
            results = sweep(folder / "studies", all_tasks(study, conditions, seeds), task_map, show)
        except OSError as fault:
            raise InputError([cannot_write(folder, fault)]) from fault
    for error, count in results.loc[results["failed"] != "", "failed"].value_counts().items():
        tell(f"{count} of {len(results)} studies failed: {error}")
    if (results["failed"] != "").all():
        raise InputError([f"every study failed. The errors are in {folder / 'studies'}"])
    return results


def check_sweep_folder(folder: Path, kind: str, overwrite: bool, marker: str = "studies/manifest.json") -> None:
    """Raise InputError where results cannot be written, or those of another kind would be replaced.

    A folder with finished work, but no results yet, is continued. `marker` is a file that the program writes first.
    """
    if not os.path.exists(folder / marker) or (folder / MANIFEST).exists():
        check_results_folder(folder)
        check_kind(folder, kind, overwrite)


def write_results(
    folder: Path,
    tables: Mapping[str, pd.DataFrame],
    facts: Mapping[str, Any],
    plots: Mapping[str, Any] = MappingProxyType({}),
    overwrite: bool = False,
) -> None:
    """Write tables, plots and a manifest next to the studies from which they were made, all of them or none."""
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    def write(draft: Path) -> dict[str, Any]:
        write_tables(draft, tables)
        if plots:
            write_plots(draft, plots, ("svg", "pdf"))
        return manifest(**facts)

    replace_results(folder, write, overwrite)
