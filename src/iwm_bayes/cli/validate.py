"""`iwm calibrate`, `recover`, `confuse`: what is known of theories from many simulated studies of them."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from iwm_bayes.cli.console import GATE_FAILED, out, show
from iwm_bayes.cli.options import (
    Out,
    Quiet,
    Scheduler,
    Theory,
    Workers,
    given,
    keep,
    method_of,
    of_theory,
    swept,
    through,
)
from iwm_bayes.model import model_file as theories_
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Cell

MOST_FAILED = 0.02  # of all fits, beyond which a theory cannot be fitted reliably


def calibrate(
    theory: Theory,
    people: Annotated[int | None, typer.Option(min=4, help="in every study [default: the study's, or 40]")] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="with each of two figures [the study's, or 10]")] = None,
    studies: Annotated[int, typer.Option(min=20, help="how many are simulated and fitted")] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """Whether a theory's posteriors can be believed, by simulation. A rerun does only what is missing."""
    from iwm_bayes.validation.sbc import study
    from iwm_bayes.validation.uniformity import band, calibration
    from iwm_bayes.viz.style import save
    from iwm_bayes.viz.validation import calibration_figure

    about = given([theory])
    size = {"people": people or about.people or 40, "sessions": sessions or about.sessions or 10}
    cell: Cell = of_theory(about.theories[0]) | size
    folder = out_folder or Path("runs") / f"calibration-{Path(theory).stem}"
    by = through(workers, scheduler)
    found = swept(folder, study, [cell], studies, by, quiet)
    done = found[found["failed"] == ""]
    places = pd.DataFrame(list(done["places"]))
    table = calibration(places)
    passed = float(done["passed"].astype(bool).mean())
    keep(folder, {"calibration": table, "places": places}, {"cell": cell, "studies": len(done), "gate passed": passed})
    says = table.set_index("quantity")["says"]
    figure = calibration_figure(places, says, band(len(places)))
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
    people: Annotated[list[int] | None, typer.Option(min=4, help="in a study; repeat it [the study's, or 40]")] = None,
    sessions: Annotated[
        list[int] | None, typer.Option(min=1, help="with each of two figures; repeat it [the study's, or 12]")
    ] = None,
    studies: Annotated[int, typer.Option(min=2, help="of each number of people and sessions")] = 20,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """How well a theory's parameters are found again, by number of people and of sessions."""
    from iwm_bayes.validation import recovery as recovering
    from iwm_bayes.viz.style import save
    from iwm_bayes.viz.validation import recovery_figure

    about = given([theory])
    named = of_theory(about.theories[0]) | {"method": method_of(method)}
    cells: list[Cell] = [
        named | {"people": many, "sessions": long}
        for many in people or [about.people or 40]
        for long in sessions or [about.sessions or 12]
    ]
    folder = out_folder or Path("runs") / f"recovery-{Path(theory).stem}"
    found = swept(folder, recovering.study, cells, studies, through(workers, scheduler), quiet)
    table = recovering.recovery(found[found["failed"] == ""])
    keep(folder, {"recovery": table}, {"cells": cells, "studies": studies})
    save(recovery_figure(table), *(folder / f"recovery.{kind}" for kind in ("svg", "pdf")))
    show(
        table,
        f"What is found again of every person by {method}, natural scale (contraction: link scale)",
        "recovery",
    )
    out.print(f"Everything is in {folder}")


def confuse(
    theory: Annotated[
        list[str], typer.Argument(help="theories that make studies and are fitted, or a study of several")
    ],
    people: Annotated[int | None, typer.Option(min=4, help="in every study [default: the study's, or 60]")] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="with each of two figures [the study's, or 20]")] = None,
    studies: Annotated[int, typer.Option(min=1, help="made by each theory")] = 10,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = Path("runs/confusion"),
    quiet: Quiet = False,
) -> None:
    """Which theories can be told apart: who wins the studies that each has made."""
    from iwm_bayes.validation import confusion as confusing
    from iwm_bayes.viz.style import save
    from iwm_bayes.viz.validation import confusion_figure

    about = given(theory)
    if len(about.theories) < 2:
        raise InputError(["name two theories or more"])
    confusing.same_answers([confusing.watched(theories_.load(name)) for name in about.theories])
    named = {name: of_theory(name) for name in about.theories}
    rivals = {
        "rivals": " ".join(f"{one['theory']}:{one['content']}" for one in named.values()),
        "at rivals": "\n".join(one["at theory"] for one in named.values()),
    }
    size = {"people": people or about.people or 60, "sessions": sessions or about.sessions or 20}
    conditions: dict[str, str | int | float] = {**size, **rivals}
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
