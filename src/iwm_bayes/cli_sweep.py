"""`iwm calibrate`, `recover`, `confuse`: what is known of theories from many simulated studies of them."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from iwm_bayes import theory as theories_
from iwm_bayes.console import GATE_FAILED, err, interruptible, out, show
from iwm_bayes.core import InputError
from iwm_bayes.run import manifest, sha256, write_json
from iwm_bayes.sweep import Cell, Progress, Study, Through, in_turn, sweep, tasks_of
from iwm_bayes.workers import cluster, processes

MOST_FAILED = 0.02  # of all fits, beyond which a theory cannot be fitted reliably


def through(workers: int, scheduler: str | None) -> Through:
    """Where studies are done: in this process, in several, or on a cluster."""
    if scheduler is not None:
        return cluster(scheduler)
    return in_turn if workers == 1 else processes(workers)


def of_theory(name: str) -> dict[str, Any]:
    """What a cell says of a theory: its name, what is in it (if that changes, so does the cell), and where it is."""
    model, path, on_shelf = theories_.load(name), theories_.find(name), name in theories_.theories()
    place = name if on_shelf else str(path.resolve())
    return {"theory": model.name, "content": sha256(path)[:12], "at theory": place}


def swept(folder: Path, study: Study, cells: list[Cell], seeds: int, by: Through, quiet: bool) -> pd.DataFrame:
    """A sweep with its progress, and how many studies could not be done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        shown = bar.add_task("studies")

        def tell(progress: Progress) -> None:
            failed = f", {progress.failed} failed" if progress.failed else ""
            bar.update(shown, completed=progress.done, total=progress.of, description=f"studies{failed}")

        with interruptible(f"What was done is kept in {folder}: run the same command to go on"):
            found = sweep(folder / "studies", tasks_of(study, cells, seeds), by, tell)
    for error, count in found.loc[found["failed"] != "", "failed"].value_counts().items():
        err.print(f"{count} of {len(found)} studies failed: {error}", markup=False)
    if (found["failed"] != "").all():
        raise InputError([f"no study could be done. The errors are in {folder / 'studies'}"])
    return found


def keep(folder: Path, tables: dict[str, pd.DataFrame], facts: dict[str, Any]) -> None:
    """Tables, and a manifest, beside the studies they were made of; each is there whole or not at all."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.part", index=False)
        (folder / f"{name}.part").replace(folder / f"{name}.csv")
    write_json(folder / "manifest.part", manifest(**facts))
    (folder / "manifest.part").replace(folder / "manifest.json")


Theory = Annotated[str, typer.Argument(help="a name on the shelf, or a path")]
Workers = Annotated[int, typer.Option(min=1, help="processes of this machine")]
Scheduler = Annotated[str | None, typer.Option(help="address of a Dask scheduler, in place of workers")]
Out = Annotated[Path | None, typer.Option("--out", help="folder of studies and tables")]
Quiet = Annotated[bool, typer.Option(help="no progress bar")]


def calibrate(
    theory: Theory,
    people: Annotated[int, typer.Option(min=4, help="in every study")] = 40,
    sessions: Annotated[int, typer.Option(min=1, help="of each person with each of two figures")] = 10,
    studies: Annotated[int, typer.Option(min=20, help="how many are simulated and fitted")] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """Whether a theory's posteriors can be believed, by simulation. A rerun does only what is missing."""
    from iwm_bayes import calibrate as calibration
    from iwm_bayes.plots import calibration_figure, save

    cell: Cell = of_theory(theory) | {"people": people, "sessions": sessions}
    folder = out_folder or Path("runs") / f"calibration-{Path(theory).stem}"
    by = through(workers, scheduler)
    found = swept(folder, calibration.study, [cell], studies, by, quiet)
    done = found[found["failed"] == ""]
    places = pd.DataFrame(list(done["places"]))
    table = calibration.calibration(places)
    passed = float(done["passed"].astype(bool).mean())
    keep(folder, {"calibration": table, "places": places}, {"cell": cell, "studies": len(done), "gate passed": passed})
    says = table.set_index("quantity")["says"]
    figure = calibration_figure(places, says, calibration.band(len(places)))
    save(figure, *(folder / f"calibration.{kind}" for kind in ("svg", "pdf")))
    show(table, "Are truths among their draws as one of them? (chances; the least, corrected for all tests, decides)")
    wrong = list(says[says != ""].index)
    out.print(f"{len(done)} studies; the gate passed in {passed:.1%}. Everything is in {folder}")
    if wrong:
        out.print(f"[red]Not calibrated:[/red] {', '.join(wrong)}", markup=True)
    if passed < 1.0 - MOST_FAILED:
        out.print(f"[red]The gate failed too often:[/red] in {1 - passed:.1%}, more than {MOST_FAILED:.0%}")
    if wrong or passed < 1.0 - MOST_FAILED:
        raise typer.Exit(GATE_FAILED)
    out.print("[green]Calibrated:[/green] every quantity passes")


def recover(
    theory: Theory,
    people: Annotated[list[int] | None, typer.Option(min=4, help="in a study; repeat it [default: 40]")] = None,
    sessions: Annotated[list[int] | None, typer.Option(min=1, help="with each figure; repeat it [default: 12]")] = None,
    studies: Annotated[int, typer.Option(min=2, help="of each number of people and sessions")] = 20,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """How well a theory's parameters are found again, by number of people and of sessions."""
    from iwm_bayes import recover as recovering
    from iwm_bayes.infer import METHODS
    from iwm_bayes.plots import recovery_figure, save

    if method not in METHODS:
        raise InputError([f"there is no method {method!r}; choose from {', '.join(METHODS)}"])
    named = of_theory(theory) | {"method": method}
    cells: list[Cell] = [
        named | {"people": many, "sessions": long} for many in people or [40] for long in sessions or [12]
    ]
    folder = out_folder or Path("runs") / f"recovery-{Path(theory).stem}"
    found = swept(folder, recovering.study, cells, studies, through(workers, scheduler), quiet)
    table = recovering.recovery(found[found["failed"] == ""])
    keep(folder, {"recovery": table}, {"cells": cells, "studies": studies})
    save(recovery_figure(table), *(folder / f"recovery.{kind}" for kind in ("svg", "pdf")))
    show(
        table,
        f"What is found again of every person by {method}, natural scale (contraction: link scale)",
    )
    out.print(f"Everything is in {folder}")


def confuse(
    theory: Annotated[list[str], typer.Argument(help="theories that make studies and are fitted: names, or paths")],
    people: Annotated[int, typer.Option(min=4, help="in every study")] = 60,
    sessions: Annotated[int, typer.Option(min=1, help="of each person with each of two figures")] = 20,
    studies: Annotated[int, typer.Option(min=1, help="made by each theory")] = 10,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = Path("runs/confusion"),
    quiet: Quiet = False,
) -> None:
    """Which theories can be told apart: who wins the studies that each has made."""
    from iwm_bayes import confuse as confusing
    from iwm_bayes.plots import confusion_figure, save

    if len(theory) < 2:
        raise InputError(["name two theories or more"])
    confusing.same_answers([theories_.load(name) for name in theory])
    named = {name: of_theory(name) for name in theory}
    rivals = {
        "rivals": " ".join(f"{one['theory']}:{one['content']}" for one in named.values()),
        "at rivals": "\n".join(one["at theory"] for one in named.values()),
    }
    conditions: dict[str, str | int | float] = {"people": people, "sessions": sessions, **rivals}
    cells: list[Cell] = [conditions | {"maker": one["theory"], "at maker": one["at theory"]} for one in named.values()]
    folder = out_folder or Path("runs/confusion")
    found = swept(folder, confusing.study, cells, studies, through(workers, scheduler), quiet)
    evidences = confusing.evidences(found[found["failed"] == ""])
    confused = confusing.confusion(evidences)
    tables = {
        "confusion": confused,
        "inversion": confusing.inversion(confused),
        "differences": confusing.expected(evidences),
    }
    whole = {name: table.reset_index() for name, table in tables.items()}
    keep(folder, whole | {"evidence": evidences}, {"cells": cells, "studies": studies})
    save(confusion_figure(confused), *(folder / f"confusion.{kind}" for kind in ("svg", "pdf")))
    show(whole["confusion"], "Of the studies that a theory made (line), the share that each wins (column)")
    show(whole["inversion"], "Of the studies that a theory won (column), the share that each made (line)")
    show(whole["differences"], "Log evidence that each (column) loses on average to the maker (line)")
    out.print(f"Everything is in {folder}")
