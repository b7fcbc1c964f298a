"""`iwm cohort`: one theory on very many people, who are never in memory together."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from iwm_bayes.cli.console import NOT_CONVERGED, err, out, print_not_converged, print_table, report_interruption
from iwm_bayes.cli.options import Quiet, Scheduler, Workers, write_tables
from iwm_bayes.data.study import load_study
from iwm_bayes.io import sha256
from iwm_bayes.model.model_file import find_model
from iwm_bayes.validation.executors import cluster_map, lasting_pool
from iwm_bayes.validation.sweep import Progress, TaskMap, sequential_map
from iwm_bayes.workflow.load import resolve_model


def executor(workers: int, scheduler: str | None) -> AbstractContextManager[TaskMap]:
    """Where chunks are gone through: in this process, in several, or on a cluster."""
    if scheduler is not None:
        return nullcontext(cluster_map(scheduler))
    return nullcontext(sequential_map) if workers == 1 else lasting_pool(workers)


@contextmanager
def stage_bars(quiet: bool) -> Iterator[Any]:
    """A bar for each stage of the work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        shown: dict[str, Any] = {}

        def tell(what: str, progress: Progress) -> None:
            if what not in shown:
                shown[what] = bar.add_task(what)
            bar.update(shown[what], completed=progress.done, total=progress.of)

        yield tell


def fit_large(
    study: Annotated[Path, typer.Argument(help="study.toml, whose data is a folder of Parquet files")],
    theory: Annotated[str | None, typer.Option(help="a theory other than the study's")] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="folder of the run")] = None,
    method: Annotated[str, typer.Option(help="laplace or quadrature")] = "laplace",
    chunk: Annotated[int, typer.Option(min=100, help="people in memory of each worker at a time")] = 200,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Fit a theory to very many people, in chunks; run again after an interruption, it does only what is missing."""
    from iwm_bayes.diagnostics.advice import advice
    from iwm_bayes.diagnostics.convergence_checks import check_convergence
    from iwm_bayes.estimands.group_summary import marginal_effect_table
    from iwm_bayes.estimands.marginal_effects import marginal_effects
    from iwm_bayes.large_scale.fit import fit_large_scale as fit_in_chunks

    named = load_study(study)
    theory = theory and resolve_model(study, theory)
    folder = out_folder or Path("runs") / f"{named.name}-{Path(theory or named.model[0]).stem}-cohort"
    began = time.perf_counter()
    go_on = f"What was done is kept in {folder}: run the same command to go on"
    with report_interruption(go_on), stage_bars(quiet) as tell, executor(workers, scheduler) as by:
        found = fit_in_chunks(study, folder, theory, method, chunk, by, tell)
    seconds, verdict = time.perf_counter() - began, check_convergence(found.fit)
    tables = {"summary": found.groups, "contrasts": marginal_effect_table(marginal_effects(found.model, found.fit))}
    files = {"study": study, "theory": find_model(theory or named.model[0])}
    facts = {
        "theory": found.model.name,
        "without": found.model.without,
        "method": method,
        "exact": False,
        "files": {name: {"path": str(path), "sha256": sha256(path)} for name, path in files.items()},
        "data": str(named.data),
        "people": found.people,
        "events": found.events,
        "rounds": found.rounds,
        "seconds": round(seconds, 1),
        "passed": verdict.passed,
        "reasons": verdict.reasons,
    }
    write_tables(folder, {name: table for name, table in tables.items() if len(table)}, facts)
    out.print(f"{found.people} people, {found.events} events, in {found.rounds} rounds and {seconds:.0f} s")
    print_table(
        found.groups, "The average person (90 % interval), how much the data said, and how far off it is", "summary"
    )
    if len(tables["contrasts"]):
        print_table(
            tables["contrasts"],
            "What covariates do to the average person, all else as it is (90 % intervals)",
            "contrasts",
        )
    out.print(
        f"Everyone is in {folder / 'people'}. Earned security needs everyone's draws: take some people into a study of "
        "their own, and use [bold]iwm fit[/bold]"
    )
    if not verdict.passed:
        print_not_converged(verdict.reasons, advice(found.fit, verdict))
        raise typer.Exit(NOT_CONVERGED)
    out.print(f"[yellow]Approximate[/yellow] ({verdict.approximate}). Everything is in {folder}")
