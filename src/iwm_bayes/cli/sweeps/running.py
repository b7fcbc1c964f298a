"""How many simulated studies are done: their progress, and the results that they keep."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any

from iwm_bayes.cli.console import report_interruption, tell
from iwm_bayes.progress import progress_bars
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    import pandas as pd

    from iwm_bayes.validation.sweep import Condition, Progress, SimulatedStudy, TaskMap


def executor(workers: int, scheduler: str | None) -> TaskMap:
    """Return the map by which studies are done: in this process, in several, or on a cluster."""
    from iwm_bayes.validation.executors import cluster_map, process_map
    from iwm_bayes.validation.sweep import sequential_map

    if scheduler is not None:
        return cluster_map(scheduler)
    return sequential_map if workers == 1 else process_map(workers)


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
    folder: Path, study: SimulatedStudy, conditions: list[Condition], seeds: int, task_map: TaskMap, quiet: bool
) -> pd.DataFrame:
    """Run a sweep with its progress bar, and report the studies that failed."""
    from iwm_bayes.validation.sweep import all_tasks, sweep
    from iwm_bayes.workflow.results_folder import cannot_write

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
    from iwm_bayes.workflow.results_folder import MANIFEST, check_kind, check_results_folder

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
    from iwm_bayes.io import manifest
    from iwm_bayes.workflow.results_folder import replace_results
    from iwm_bayes.workflow.run_folder import write_plots, write_tables

    def write(draft: Path) -> dict[str, Any]:
        write_tables(draft, tables)
        if plots:
            write_plots(draft, plots, ("svg", "pdf"))
        return manifest(**facts)

    replace_results(folder, write, overwrite)
