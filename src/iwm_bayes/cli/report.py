"""`iwm report`: a run as one page that needs nothing but itself."""

from pathlib import Path
from typing import Annotated, Any

import typer

from iwm_bayes.cli.console import out
from iwm_bayes.data.study import load_study
from iwm_bayes.types import ModelSpec

DEFAULT_HORIZON = 12  # sessions that are projected unless another number is asked for


def report(
    run: Annotated[Path, typer.Argument(help="folder that `iwm fit` wrote")],
    people: Annotated[bool, typer.Option("--people", help="also a page on everyone, under pseudonyms")] = False,
    comparison: Annotated[Path | None, typer.Option(help="folder that `iwm compare` wrote, to show it too")] = None,
    plan: Annotated[
        str, typer.Option(help="care after the last session, NAME:parameter=value,...")
    ] = "steady:rate=0.8",
    ahead: Annotated[int, typer.Option(min=1, help="sessions to project under the plan")] = DEFAULT_HORIZON,
) -> None:
    """Write a run as one page, RUN/report.html: the answer, its verdict, figures, methods, how to reproduce."""
    from iwm_bayes.report.context import ReportOptions
    from iwm_bayes.report.page import write_report
    from iwm_bayes.workflow.fits import fit_of_run, study_file_of_run

    fitted = fit_of_run(run)
    asked = ReportOptions(people, plan, ahead, comparison)
    place = write_report(run, load_study(study_file_of_run(run)).name, fitted.model, fitted.fit, asked)
    out.print(f"The report is in {place}", markup=False, soft_wrap=True)


def write_report(found: Any, folder: Path, study: str, model: ModelSpec, people: bool = False) -> Path:
    """The report of an analysis that was just written into its folder."""
    from iwm_bayes.report.context import ReportOptions
    from iwm_bayes.report.page import write_report

    return write_report(folder, study, model, found.fit, ReportOptions(people), found.security)
