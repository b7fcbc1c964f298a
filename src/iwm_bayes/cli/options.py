"""What commands of many simulated studies share: what they are given, where they work, and what they keep."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from iwm_bayes.cli.console import err, report_interruption
from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import load_study
from iwm_bayes.data.toml import read_toml
from iwm_bayes.io import manifest, sha256, write_json
from iwm_bayes.model import model_file as theories_
from iwm_bayes.model.model_file import load_model_for
from iwm_bayes.types import GENERALISED, InputError
from iwm_bayes.validation.executors import cluster_map, process_map
from iwm_bayes.validation.sweep import Condition, Progress, Study, TaskMap, all_tasks, sequential_map, sweep


class StudySize(NamedTuple):
    """Theories by name or path, and how large a study is that was given in their place, if one was."""

    theories: list[str]
    people: int | None = None
    figures: int | None = None
    sessions: int | None = None  # with each figure that a person met, the median


def models_and_size(named: Sequence[str]) -> StudySize:
    """Theories as they are named; or those of a study file, with its size. InputError lists what is wrong with it."""
    path = Path(named[0])
    if len(named) > 1 or path.suffix != ".toml" or "data" not in read_toml(path):
        return StudySize(list(named))
    study = load_study(path)
    data = read_data(study, load_model_for(study, study.model[0]))
    if study.without or any(answer.timing for answer in study.responses.values()):
        err.print("careful: studies are simulated by the theory's file, whatever the study says of without and moment")
    happened, figure = data["present"].values & ~data["assessment"].values, data["figure_index"].values
    figures = [index for index, name in enumerate(data["figure"].values) if name != GENERALISED]
    met = np.array([(happened & (figure == index)).sum(axis=0) for index in figures])
    return StudySize(list(study.model), data.sizes["person"], len(figures), int(np.median(met[met > 0])))


def checked_method(name: str) -> str:
    """A method by its name; InputError where there is none."""
    from iwm_bayes.inference.fit import METHODS

    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    return name


def executor(workers: int, scheduler: str | None) -> TaskMap:
    """Where studies are done: in this process, in several, or on a cluster."""
    if scheduler is not None:
        return cluster_map(scheduler)
    return sequential_map if workers == 1 else process_map(workers)


def model_condition(name: str) -> dict[str, Any]:
    """What a cell says of a theory: its name, what is in it (if that changes, so does the cell), and where it is."""
    model, path, on_shelf = theories_.load_model(name), theories_.find_model(name), name in theories_.built_in_models()
    place = name if on_shelf else str(path.resolve())
    return {"theory": model.name, "content": sha256(path)[:12], "at theory": place}


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], None]]:
    """Yield what raises KeyboardInterrupt if one came before: in a callback of compiled code it would be lost."""
    interrupted = Event()

    def hear(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        if callable(before):
            before(number, frame)

    def heed() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)


def sweep_with_progress(
    folder: Path, study: Study, cells: list[Condition], seeds: int, by: TaskMap, quiet: bool
) -> pd.DataFrame:
    """A sweep with its progress, and how many studies could not be done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        shown = bar.add_task("studies")

        def tell(progress: Progress) -> None:
            heed()
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.update(shown, completed=progress.done, total=progress.of, description=f"studies{failed}")

        go_on = f"What was done is kept in {folder}: run the same command to go on"
        with report_interruption(go_on), deferred_interrupt() as heed:
            found = sweep(folder / "studies", all_tasks(study, cells, seeds), by, tell)
    for error, count in found.loc[found["failed"] != "", "failed"].value_counts().items():
        err.print(f"{count} of {len(found)} studies failed: {error}", markup=False)
    if (found["failed"] != "").all():
        raise InputError([f"no study could be done. The errors are in {folder / 'studies'}"])
    return found


def write_tables(folder: Path, tables: dict[str, pd.DataFrame], facts: dict[str, Any]) -> None:
    """Tables, and a manifest, beside the studies they were made of; each is there whole or not at all."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.part", index=False)
        (folder / f"{name}.part").replace(folder / f"{name}.csv")
    write_json(folder / "manifest.part", manifest(**facts))
    (folder / "manifest.part").replace(folder / "manifest.json")


ModelArgument = Annotated[str, typer.Argument(help="a name on the shelf, the path of a theory, or of a study")]
Workers = Annotated[int, typer.Option(min=1, help="processes of this machine")]
Scheduler = Annotated[str | None, typer.Option(help="address of a Dask scheduler, in place of workers")]
OutDir = Annotated[Path | None, typer.Option("--out", help="folder of studies and tables")]
Quiet = Annotated[bool, typer.Option(help="no progress bar")]
