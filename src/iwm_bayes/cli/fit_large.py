"""`iwm cohort`: one theory on very many people, who are never in memory together."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from iwm_bayes.cli.console import GATE_FAILED, err, failed, interruptible, out, show
from iwm_bayes.cli.options import Quiet, Scheduler, Workers, keep
from iwm_bayes.data.study import load_study
from iwm_bayes.io import sha256
from iwm_bayes.model.model_file import find
from iwm_bayes.validation.executors import cluster, lasting
from iwm_bayes.validation.sweep import Progress, Through, in_turn
from iwm_bayes.workflow.load import theory_for


def through(workers: int, scheduler: str | None) -> AbstractContextManager[Through]:
    """Where chunks are gone through: in this process, in several, or on a cluster."""
    if scheduler is not None:
        return nullcontext(cluster(scheduler))
    return nullcontext(in_turn) if workers == 1 else lasting(workers)


@contextmanager
def told(quiet: bool) -> Iterator[Any]:
    """A bar for each stage of the work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=quiet) as bar:
        shown: dict[str, Any] = {}

        def tell(what: str, progress: Progress) -> None:
            if what not in shown:
                shown[what] = bar.add_task(what)
            bar.update(shown[what], completed=progress.done, total=progress.of)

        yield tell


def cohort(
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
    from iwm_bayes.diagnostics.convergence_checks import gate
    from iwm_bayes.estimands.group_summary import contrast_table
    from iwm_bayes.estimands.marginal_effects import contrasts
    from iwm_bayes.large_scale.fit import cohort as fit_in_chunks

    named = load_study(study)
    theory = theory and theory_for(study, theory)
    folder = out_folder or Path("runs") / f"{named.name}-{Path(theory or named.theory[0]).stem}-cohort"
    began = time.perf_counter()
    go_on = f"What was done is kept in {folder}: run the same command to go on"
    with interruptible(go_on), told(quiet) as tell, through(workers, scheduler) as by:
        found = fit_in_chunks(study, folder, theory, method, chunk, by, tell)
    seconds, verdict = time.perf_counter() - began, gate(found.fit)
    tables = {"summary": found.groups, "contrasts": contrast_table(contrasts(found.model, found.fit))}
    files = {"study": study, "theory": find(theory or named.theory[0])}
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
    keep(folder, {name: table for name, table in tables.items() if len(table)}, facts)
    out.print(f"{found.people} people, {found.events} events, in {found.rounds} rounds and {seconds:.0f} s")
    show(found.groups, "The average person (90 % interval), how much the data said, and how far off it is", "summary")
    if len(tables["contrasts"]):
        show(
            tables["contrasts"],
            "What covariates do to the average person, all else as it is (90 % intervals)",
            "contrasts",
        )
    out.print(
        f"Everyone is in {folder / 'people'}. Earned security needs everyone's draws: take some people into a study of "
        "their own, and use [bold]iwm fit[/bold]"
    )
    if not verdict.passed:
        failed(verdict.reasons, advice(found.fit, verdict))
        raise typer.Exit(GATE_FAILED)
    out.print(f"[yellow]Approximate[/yellow] ({verdict.approximate}). Everything is in {folder}")
