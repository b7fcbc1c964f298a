"""What commands of many simulated studies share: their options, their progress, and the results that they keep."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from iwm_bayes.cli.console import report_interruption, tell
from iwm_bayes.progress import progress_bars
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    import pandas as pd

    from iwm_bayes.validation.sweep import Condition, Progress, SimulatedStudy, TaskMap

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="built-in model, or path of a model file, a study file or a design file")
]
Workers = Annotated[int, typer.Option(min=1, help="number of parallel processes on this computer")]
Scheduler = Annotated[str | None, typer.Option(help="address of a Dask scheduler; use it instead of --workers")]
OutDir = Annotated[Path | None, typer.Option(help="folder for the simulated studies and the result tables")]
Quiet = Annotated[bool, typer.Option(help="do not show a progress bar")]
NPeople = Annotated[
    list[int] | None,
    typer.Option(
        min=4, help="number of people in a study; may be given several times (default: as in the study file, or 40)"
    ),
]
Sessions = Annotated[
    list[int] | None,
    typer.Option(
        min=1,
        help="sessions with each attachment figure; of a study file, everyone's first sessions; may be given several "
        "times (default: those of the study file, or 4, 8, 12, 16, 24)",
    ),
]
Figures = Annotated[
    list[int] | None,
    typer.Option(
        min=1, help="number of attachment figures, without a study file; may be given several times (default: 1)"
    ),
]
RatedEvery = Annotated[
    list[int] | None,
    typer.Option(
        min=1,
        help="number of sessions from one rating to the next, without a study file; may be given several times "
        "(default: 1)",
    ),
]
DEFAULT_CARE = "constant:rate=0.8"
CareOption = Annotated[
    str,
    typer.Option(
        "--care",
        help="care by every attachment figure, written as NAME:parameter=value,... (names: see `iwm simulate --help`)",
    ),
]
Studies = Annotated[int, typer.Option(min=2, help="number of simulated studies of each size")]
Target = Annotated[
    float, typer.Option(min=0, max=1, help="required assurance: the probability that a study is decisive")
]
Method = Annotated[
    str, typer.Option(help="inference method: nuts (sampling), or laplace or quadrature (approximations)")
]


class Given(NamedTuple):
    """Models by name or path, and the study or design that was given in their place, if one was."""

    models: list[str]
    study: dict[str, str]  # what conditions say of the study or design; empty without one
    people: int | None = None  # of the study or design
    sessions: int | None = None  # with all figures, of the person who has most
    wants_security: bool = True
    design: str = ""  # the name of the design, if one was given


def models_or_study(names: Sequence[str], trust: bool = False) -> Given:
    """Return models as named, or those of a study file or design file with it; InputError lists its problems.

    `trust` is whether a Python file may run that a model of the study names; a model that is named itself is trusted.
    """
    from iwm_bayes.data.toml import read_toml

    path = Path(names[0])
    content = read_toml(path) if len(names) == 1 and path.suffix == ".toml" else {}
    if "arms" in content:
        return models_of_design(path)
    if "data" not in content:
        return Given(list(names), {})
    from iwm_bayes.data.study import read_study_file
    from iwm_bayes.validation.study_design import count_sessions, study_condition
    from iwm_bayes.workflow.load import load_data

    study = read_study_file(path)
    _, data = [load_data(study, name, trust) for name in study.model][-1]  # which checks all models
    sessions = int(count_sessions(data).max())
    condition, wanted = study_condition(path, study), study.wants("earned_security")
    return Given(list(study.model), condition, data.sizes["person"], sessions, wanted)


def models_of_design(path: Path) -> Given:
    """Return the models of a design file, with its design."""
    from iwm_bayes.simulation.design_file import read_design_file
    from iwm_bayes.validation.study_design import design_condition

    design = read_design_file(path)
    if warning := design.last_ratings():
        tell(f"WARNING: {warning}")
    return Given(design.models, design_condition(path, design), design.people, design.sessions, design=design.name)


def sizes_of(given: Given, n_people: Sequence[int], sessions: Sequence[int]) -> list[dict[str, Any]]:
    """Return the number of people and sessions of every condition, and its study if one was given.

    InputError where nobody in the study has so many sessions.
    """
    too_many = [number for number in sessions if given.sessions is not None and number > given.sessions]
    if too_many:
        raise InputError(
            [
                f"--sessions {too_many[0]}: simulated studies have the events of the study, and nobody there has more "
                f"than {given.sessions} sessions. Choose fewer, which keeps everyone's first sessions, or name a model "
                "in place of the study"
            ]
        )
    return [{"n_people": people, "sessions": length} | given.study for people in n_people for length in sessions]


def checked_method(name: str) -> str:
    """Return an inference method's name; InputError where there is no such method."""
    from iwm_bayes.inference.fit import METHODS

    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    return name


def executor(workers: int, scheduler: str | None) -> TaskMap:
    """Return the map by which studies are done: in this process, in several, or on a cluster."""
    from iwm_bayes.validation.executors import cluster_map, process_map
    from iwm_bayes.validation.sweep import sequential_map

    if scheduler is not None:
        return cluster_map(scheduler)
    return sequential_map if workers == 1 else process_map(workers)


def model_condition(name: str) -> dict[str, Any]:
    """Describe a model in a condition: its name, a hash of its content, and the place of its file."""
    from iwm_bayes.io import sha256
    from iwm_bayes.model.specification.model_file import find_model, load_model, model_from_anywhere
    from iwm_bayes.model.specification.parts import python_files

    model, path = load_model(name), find_model(name)
    place = model_from_anywhere(name)
    files = [path, *python_files(path).values()]  # the content of its Python files counts, too
    content = "".join(sha256(file)[:12] for file in files)
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
