"""`iwm fit-large`: one model on very many people, who are never in memory together."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iwm_bayes.cli.console import (
    NOT_CONVERGED,
    Overwrite,
    Trust,
    print_not_converged,
    print_table,
    report_interruption,
    say,
)
from iwm_bayes.cli.sweeps.options import Quiet, Scheduler, Workers
from iwm_bayes.cli.sweeps.running import check_sweep_folder, stage_bars, write_results

if TYPE_CHECKING:
    from iwm_bayes.validation.sweep import TaskMap


def executor(workers: int, scheduler: str | None) -> AbstractContextManager[TaskMap]:
    """Return the map by which chunks are processed: in this process, in several, or on a cluster."""
    from iwm_bayes.validation.executors import cluster_map, lasting_pool
    from iwm_bayes.validation.sweep import sequential_map

    if scheduler is not None:
        return nullcontext(cluster_map(scheduler))
    return nullcontext(sequential_map) if workers == 1 else lasting_pool(workers)


def fit_large(
    study: Annotated[Path, typer.Argument(help="study file (study.toml) whose data are a folder of Parquet files")],
    model: Annotated[
        str | None,
        typer.Option(help="built-in model or path of a model file (default: the first model of the study file)"),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option(help="folder for the results (default: runs/STUDY-MODEL-large)")
    ] = None,
    method: Annotated[str, typer.Option(help="approximation: laplace or quadrature")] = "laplace",
    chunk: Annotated[
        int, typer.Option(min=100, help="number of people that each process holds in memory at a time")
    ] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to very many people, in chunks. After an interruption, the same command continues the work."""
    from iwm_bayes.data.study import read_study_file
    from iwm_bayes.diagnostics.advice import advice
    from iwm_bayes.diagnostics.convergence_checks import check_convergence
    from iwm_bayes.io import sha256
    from iwm_bayes.large_scale.fit import fit_large_scale
    from iwm_bayes.model.specification.model_file import find_model, load_model_for
    from iwm_bayes.model.specification.parts import python_files
    from iwm_bayes.workflow.load import resolve_model

    loaded = read_study_file(study)
    model = model and resolve_model(study, model)
    name = model or loaded.model[0]
    folder = out_dir or Path("runs") / f"{loaded.name}-{Path(name).stem}-large"
    trust = trust or model is not None
    load_model_for(loaded, name, trust)  # problems of a model are reported before there is a folder
    check_sweep_folder(folder, "fit-large", overwrite, "parts/lock")
    started = time.perf_counter()
    how_to_continue = f"Finished work is kept in {folder}. To continue, enter the same command again"
    with report_interruption(how_to_continue), stage_bars(quiet) as tell, executor(workers, scheduler) as task_map:
        result = fit_large_scale(study, folder, model, method, chunk, task_map, tell, trust=trust)
    seconds, convergence = time.perf_counter() - started, check_convergence(result.fit)
    files = {"study": study, "model": find_model(name)}
    files |= python_files(find_model(name))
    facts = {
        "kind": "fit-large",
        "model": result.model.name,
        "without": result.model.without,
        "method": method,
        "exact": False,
        "files": {file: {"path": str(path), "sha256": sha256(path)} for file, path in files.items()},
        "data": str(loaded.data),
        "n_people": result.people,
        "events": result.events,
        "rounds": result.rounds,
        "seconds": round(seconds, 1),
        "converged": convergence.converged,
        "reasons": convergence.reasons,
    }
    print_results(result, folder, facts, overwrite)
    if loaded.wants("earned_security"):
        say(
            "The time to earned security needs person-level draws. To estimate it, copy some people into another study "
            "and run `iwm fit`."
        )
    if not convergence.converged:
        print_not_converged(convergence.reasons, advice(result.fit, convergence))
        raise typer.Exit(NOT_CONVERGED)
    say(f"({convergence.approximate}). Results saved to {folder}", "Approximate", "yellow")


def print_results(result: Any, folder: Path, facts: dict[str, Any], overwrite: bool) -> None:
    """Write and print the group summary and the marginal effects."""
    from iwm_bayes.estimands.marginal_effects import marginal_effect_table, marginal_effects
    from iwm_bayes.report.labels import table_title

    effects = marginal_effect_table(marginal_effects(result.model, result.fit))
    tables = {"group_summary": result.groups} | ({"marginal_effects": effects} if len(effects) else {})
    write_results(folder, tables, facts, overwrite=overwrite)
    say(f"{result.people} people, {result.events} events, {result.rounds} rounds, {facts['seconds']:.0f} s")
    print_table(
        result.groups,
        "Group medians of the parameters (90% CrI, contraction, and bias of the approximation)",
        "group_summary",
    )
    if len(effects):
        print_table(effects, table_title("marginal_effects"), "marginal_effects")
    say(f"Person-level parameters are in {folder / 'people'}.")
