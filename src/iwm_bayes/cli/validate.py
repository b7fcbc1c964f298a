"""`iwm calibrate`, `recovery`, `confusion`: what is known of theories from many simulated studies of them."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from iwm_bayes.cli.console import NOT_CONVERGED, out, print_table
from iwm_bayes.cli.options import (
    ModelArgument,
    OutDir,
    Quiet,
    Scheduler,
    Workers,
    checked_method,
    executor,
    model_condition,
    models_and_size,
    sweep_with_progress,
    write_tables,
)
from iwm_bayes.model import model_file as theories_
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition

MAX_NOT_CONVERGED = 0.02  # of all fits, beyond which a theory cannot be fitted reliably


def sbc(
    theory: ModelArgument,
    people: Annotated[int | None, typer.Option(min=4, help="in every study [default: the study's, or 40]")] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="with each of two figures [the study's, or 10]")] = None,
    studies: Annotated[int, typer.Option(min=20, help="how many are simulated and fitted")] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = None,
    quiet: Quiet = False,
) -> None:
    """Whether a theory's posteriors can be believed, by simulation. A rerun does only what is missing."""
    from iwm_bayes.validation.sbc import sbc_study
    from iwm_bayes.validation.uniformity import uniform_band, uniformity_table
    from iwm_bayes.viz.style import save_plot
    from iwm_bayes.viz.validation import sbc_plot

    about = models_and_size([theory])
    size = {"people": people or about.people or 40, "sessions": sessions or about.sessions or 10}
    cell: Condition = model_condition(about.theories[0]) | size
    folder = out_folder or Path("runs") / f"calibration-{Path(theory).stem}"
    by = executor(workers, scheduler)
    found = sweep_with_progress(folder, sbc_study, [cell], studies, by, quiet)
    done = found[found["failed"] == ""]
    places = pd.DataFrame(list(done["places"]))
    table = uniformity_table(places)
    passed = float(done["passed"].astype(bool).mean())
    write_tables(
        folder, {"calibration": table, "places": places}, {"cell": cell, "studies": len(done), "gate passed": passed}
    )
    says = table.set_index("quantity")["says"]
    figure = sbc_plot(places, says, uniform_band(len(places)))
    save_plot(figure, *(folder / f"calibration.{kind}" for kind in ("svg", "pdf")))
    print_table(
        table, "Are truths among their draws as one of them? (chances; the least, corrected for all tests, decides)"
    )
    wrong = list(says[says != ""].index)
    out.print(f"{len(done)} studies; the gate passed in {passed:.1%}. Everything is in {folder}")
    if wrong:
        out.print(f"[red]Not calibrated:[/red] {', '.join(wrong)}", markup=True)
    if passed < 1.0 - MAX_NOT_CONVERGED:
        out.print(f"[red]The gate failed too often:[/red] in {1 - passed:.1%}, more than {MAX_NOT_CONVERGED:.0%}")
    if wrong or passed < 1.0 - MAX_NOT_CONVERGED:
        raise typer.Exit(NOT_CONVERGED)
    out.print("[green]Calibrated:[/green] every quantity passes")


def recovery(
    theory: ModelArgument,
    people: Annotated[list[int] | None, typer.Option(min=4, help="in a study; repeat it [the study's, or 40]")] = None,
    sessions: Annotated[
        list[int] | None, typer.Option(min=1, help="with each of two figures; repeat it [the study's, or 12]")
    ] = None,
    studies: Annotated[int, typer.Option(min=2, help="of each number of people and sessions")] = 20,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = None,
    quiet: Quiet = False,
) -> None:
    """How well a theory's parameters are found again, by number of people and of sessions."""
    from iwm_bayes.validation import recovery as recovering
    from iwm_bayes.viz.style import save_plot
    from iwm_bayes.viz.validation import recovery_plot

    about = models_and_size([theory])
    named = model_condition(about.theories[0]) | {"method": checked_method(method)}
    cells: list[Condition] = [
        named | {"people": many, "sessions": long}
        for many in people or [about.people or 40]
        for long in sessions or [about.sessions or 12]
    ]
    folder = out_folder or Path("runs") / f"recovery-{Path(theory).stem}"
    found = sweep_with_progress(folder, recovering.recovery_study, cells, studies, executor(workers, scheduler), quiet)
    table = recovering.recovery_table(found[found["failed"] == ""])
    write_tables(folder, {"recovery": table}, {"cells": cells, "studies": studies})
    save_plot(recovery_plot(table), *(folder / f"recovery.{kind}" for kind in ("svg", "pdf")))
    print_table(
        table,
        f"What is found again of every person by {method}, natural scale (contraction: link scale)",
        "recovery",
    )
    out.print(f"Everything is in {folder}")


def confusion(
    theory: Annotated[
        list[str], typer.Argument(help="theories that make studies and are fitted, or a study of several")
    ],
    people: Annotated[int | None, typer.Option(min=4, help="in every study [default: the study's, or 60]")] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="with each of two figures [the study's, or 20]")] = None,
    studies: Annotated[int, typer.Option(min=1, help="made by each theory")] = 10,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = Path("runs/confusion"),
    quiet: Quiet = False,
) -> None:
    """Which theories can be told apart: who wins the studies that each has made."""
    from iwm_bayes.validation import confusion as confusing
    from iwm_bayes.viz.style import save_plot
    from iwm_bayes.viz.validation import confusion_plot

    about = models_and_size(theory)
    if len(about.theories) < 2:
        raise InputError(["name two theories or more"])
    confusing.check_same_responses([confusing.without_actions(theories_.load_model(name)) for name in about.theories])
    named = {name: model_condition(name) for name in about.theories}
    rivals = {
        "rivals": " ".join(f"{one['theory']}:{one['content']}" for one in named.values()),
        "at rivals": "\n".join(one["at theory"] for one in named.values()),
    }
    size = {"people": people or about.people or 60, "sessions": sessions or about.sessions or 20}
    conditions: dict[str, str | int | float] = {**size, **rivals}
    cells: list[Condition] = [
        conditions | {"maker": one["theory"], "at maker": one["at theory"]} for one in named.values()
    ]
    folder = out_folder or Path("runs/confusion")
    found = sweep_with_progress(folder, confusing.confusion_study, cells, studies, executor(workers, scheduler), quiet)
    evidences = confusing.evidence_table(found[found["failed"] == ""])
    confused = confusing.confusion_table(evidences)
    tables = {
        "confusion": confused,
        "inversion": confusing.inversion_table(confused),
        "differences": confusing.evidence_differences(evidences),
    }
    whole = {name: table.reset_index() for name, table in tables.items()}
    write_tables(folder, whole | {"evidence": evidences}, {"cells": cells, "studies": studies})
    save_plot(confusion_plot(confused), *(folder / f"confusion.{kind}" for kind in ("svg", "pdf")))
    print_table(whole["confusion"], "Of the studies that a theory made (line), the share that each wins (column)")
    print_table(whole["inversion"], "Of the studies that a theory won (column), the share that each made (line)")
    print_table(whole["differences"], "Log evidence that each (column) loses on average to the maker (line)")
    out.print(f"Everything is in {folder}")
