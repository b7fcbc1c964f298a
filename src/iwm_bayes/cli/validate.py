"""`iwm validate sbc`, `recovery`, `confusion`: what many simulated studies show about models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iwm_bayes.cli.console import NOT_CONVERGED, Overwrite, Trust, print_table, say
from iwm_bayes.cli.sweeps.given import check_single_people, checked_method, model_condition, models_or_study, sizes_of
from iwm_bayes.cli.sweeps.options import ModelArgument, OutDir, Quiet, Scheduler, Workers
from iwm_bayes.cli.sweeps.running import check_sweep_folder, executor, sweep_with_progress, write_results
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    from iwm_bayes.validation.sweep import Condition

MAX_NOT_CONVERGED = 0.02  # of all fits: beyond it a model cannot be fitted reliably

STATED = (
    "calibration needs parameters that are drawn from their priors, and this design states medians, values or SDs. "
    "Take them out"
)
SESSIONS_HELP = (
    "sessions with each of two attachment figures; of a study file, everyone's first sessions (default: those of the "
    "study file, or {})"
)

validate = typer.Typer(
    no_args_is_help=True, help="Validate models on simulated studies: calibration, parameter recovery, model recovery."
)


@validate.command()
def sbc(
    model: ModelArgument,
    n_people: Annotated[
        int | None, typer.Option(min=4, help="number of people in each study (default: as in the study file, or 40)")
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(min=1, help=SESSIONS_HELP.format("10")),
    ] = None,
    studies: Annotated[int, typer.Option(min=20, help="number of studies that are simulated and fitted")] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Check the posteriors of a model by simulation-based calibration (SBC)."""
    import pandas as pd

    from iwm_bayes.validation.sbc import sbc_study
    from iwm_bayes.validation.uniformity import sbc_ranks_data, uniformity_table
    from iwm_bayes.viz.simulated_studies.sbc import sbc_ranks_plot

    given = models_or_study([model], trust)
    [size] = sizes_of(given, [n_people or given.people or 40], [sessions or given.sessions or 10])
    if given.stated:
        raise InputError([STATED])
    condition: Condition = given.condition() | size
    folder = out_dir or Path("runs") / f"sbc-{Path(model).stem}"
    check_sweep_folder(folder, "validate sbc", overwrite)
    results = sweep_with_progress(folder, sbc_study, [condition], studies, executor(workers, scheduler), quiet)
    done = results[results["failed"] == ""]
    ranks = pd.DataFrame(list(done["ranks"]))
    table, converged = uniformity_table(ranks), float(done["converged"].astype(bool).mean())
    facts = {"kind": "validate sbc", "condition": condition, "studies": len(done), "converged": converged}
    status = table.set_index("quantity")["status"]
    plots = {"sbc_ranks": sbc_ranks_plot(sbc_ranks_data(ranks))}
    write_results(folder, {"sbc": table, "ranks": ranks}, facts, plots, overwrite)
    print_table(
        table,
        "SBC: test whether the ranks of the true values are uniform (corrected_p: the p value that decides)",
        "sbc",
    )
    say(f"{len(done)} studies, {converged:.1%} converged. Results saved to {folder}")
    not_uniform = list(status[status != ""].index)
    if not_uniform:
        say(", ".join(not_uniform), "Not calibrated:", "red")
    if converged < 1.0 - MAX_NOT_CONVERGED:
        limit = f"{1 - converged:.1%} did not converge (limit {MAX_NOT_CONVERGED:.0%})"
        say(limit, "Too few fits converged:", "red")
    if not_uniform or converged < 1.0 - MAX_NOT_CONVERGED:
        raise typer.Exit(NOT_CONVERGED)
    say("the ranks of every quantity are uniform", "Calibrated:", "green")


@validate.command()
def recovery(
    model: ModelArgument,
    n_people: Annotated[
        list[int] | None,
        typer.Option(
            min=4,
            help="number of people in each study; may be given several times (default: as in the study file, or 40)",
        ),
    ] = None,
    sessions: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help=f"{SESSIONS_HELP.format(12)}; may be given several times",
        ),
    ] = None,
    studies: Annotated[
        int, typer.Option(min=2, help="number of simulated studies for each number of people and sessions")
    ] = 20,
    method: Annotated[
        str, typer.Option(help="inference method: nuts (sampling), or laplace or quadrature (approximations)")
    ] = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Measure how well the parameters of a model are recovered, by number of people and number of sessions."""
    from iwm_bayes.validation.recovery import recovery_data, recovery_study, recovery_table
    from iwm_bayes.viz.simulated_studies.recovery import recovery_by_size_plot, recovery_plot

    given = models_or_study([model], trust)
    condition = given.condition() | {"method": checked_method(method, given)}
    sizes = sizes_of(given, n_people or [given.people or 40], sessions or [given.sessions or 12])
    conditions: list[Condition] = [condition | size for size in sizes]
    folder = out_dir or Path("runs") / f"recovery-{Path(model).stem}"
    check_sweep_folder(folder, "validate recovery", overwrite)
    task_map = executor(workers, scheduler)
    results = sweep_with_progress(folder, recovery_study, conditions, studies, task_map, quiet)
    done = results[results["failed"] == ""]
    table, people = recovery_table(done), recovery_data(done)
    facts = {"kind": "validate recovery", "conditions": conditions, "studies": studies}
    plots = {"recovery": recovery_plot(people), "recovery_by_size": recovery_by_size_plot(table)}
    write_results(folder, {"recovery": table, "recovery_people": people}, facts, plots, overwrite)
    title = f"Parameter recovery of people by {method} (natural scale; contraction on the link scale)"
    print_table(table, title, "recovery")
    say(f"Results saved to {folder}")


@validate.command()
def confusion(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="models that generate studies and are fitted to them, or a study file that names several models",
        ),
    ],
    n_people: Annotated[
        int | None, typer.Option(min=4, help="number of people in each study (default: as in the study file, or 60)")
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(min=1, help=SESSIONS_HELP.format("20")),
    ] = None,
    studies: Annotated[int, typer.Option(min=1, help="number of studies that each model generates")] = 10,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: Annotated[Path, typer.Option(help="folder for the simulated studies and the result tables")] = Path(
        "runs/confusion"
    ),
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Measure model recovery: which model is selected for the studies that each model generates."""
    from iwm_bayes.validation import confusion as model_recovery
    from iwm_bayes.validation.sbc import design_of
    from iwm_bayes.viz.simulated_studies.matrices import confusion_plot, inversion_plot

    check_sweep_folder(out_dir, "validate confusion", overwrite)
    given = models_or_study(models, trust)
    check_single_people(given, "validate confusion", "`iwm validate recovery` takes them")
    if len(given.models) < 2:
        raise InputError(["name two models or more"])
    [size] = sizes_of(given, [n_people or given.people or 60], [sessions or given.sessions or 20])
    model_recovery.check_same_responses([design_of(size).load(name) for name in given.models])
    described = [model_condition(name) for name in given.models]
    shared: dict[str, Any] = size | {
        "rivals": " ".join(f"{one['model']}:{one['content']}" for one in described),
        "at rivals": "\n".join(one["at model"] for one in described),
    }
    conditions: list[Condition] = [
        shared | {"generating": one["model"], "at generating": one["at model"]} for one in described
    ]
    task_map = executor(workers, scheduler)
    results = sweep_with_progress(out_dir, model_recovery.confusion_study, conditions, studies, task_map, quiet)
    evidence = model_recovery.evidence_table(results[results["failed"] == ""])
    confused = model_recovery.confusion_table(evidence)
    inverted = model_recovery.inversion_table(confused)
    tables = {
        "confusion": confused.reset_index(),
        "inversion": inverted.reset_index(),
        "evidence_differences": model_recovery.evidence_differences(evidence).reset_index(),
    }
    facts = {"kind": "validate confusion", "conditions": conditions, "studies": studies}
    plots = {"confusion": confusion_plot(confused), "inversion": inversion_plot(inverted)}
    write_results(out_dir, tables | {"evidence": evidence}, facts, plots, overwrite)
    print_table(
        tables["confusion"],
        "Confusion: share of the studies by a generating model (row) for which a model is selected (column)",
    )
    print_table(
        tables["inversion"],
        "Inversion: share of the studies with a selected model (column) that a model generated (row)",
    )
    print_table(
        tables["evidence_differences"],
        "Mean log evidence of the generating model (row) minus that of a fitted model (column)",
    )
    say(f"Results saved to {out_dir}")
