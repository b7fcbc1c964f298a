"""`iwm report`: a run as one page that needs no other file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from iwm_bayes.cli.console import out
from iwm_bayes.data.study import load_study

DEFAULT_HORIZON = 12  # sessions


def report(
    run: Annotated[Path, typer.Argument(help="folder of a run of `iwm fit`")],
    person_table: Annotated[
        bool, typer.Option("--person-table", help="also show each participant, under a pseudonym")
    ] = False,
    comparison: Annotated[
        Path | None, typer.Option(help="folder written by `iwm compare`; the report then includes this comparison")
    ] = None,
    scenario: Annotated[
        str,
        typer.Option(
            help="care after the last session, written as NAME:parameter=value,... (names: see `iwm simulate --help`)"
        ),
    ] = "constant:rate=0.8",
    horizon: Annotated[
        int, typer.Option(min=1, help="number of sessions in the projection after the last session")
    ] = DEFAULT_HORIZON,
) -> None:
    """Write the report of a run: results, convergence, plots, methods, and how to reproduce the run."""
    from iwm_bayes.report.context import ReportOptions
    from iwm_bayes.report.page import write_report
    from iwm_bayes.workflow.fits import fit_of_run, study_file_of_run

    fitted = fit_of_run(run)
    options = ReportOptions(person_table, scenario, horizon, comparison)
    place = write_report(run, load_study(study_file_of_run(run)).name, fitted.model, fitted.fit, options)
    out.print(f"Report: {place}", markup=False, soft_wrap=True)


def write_report_of(analysis: Any, folder: Path, study: str, person_table: bool = False) -> Path:
    """Write the report of an analysis into its run folder, and return where it is."""
    from iwm_bayes.report.context import ReportOptions
    from iwm_bayes.report.page import write_report

    options = ReportOptions(person_table)
    return write_report(folder, study, analysis.model, analysis.fit, options, analysis.security)
