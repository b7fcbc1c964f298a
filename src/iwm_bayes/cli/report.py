"""`iwm report`: a run as one page that needs no other file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from iwm_bayes.cli.console import Overwrite, Trust, Verbose, tell

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
    trust: Trust = False,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
) -> None:
    """Write the report of a run: results, convergence, plots, methods, and how to reproduce the run."""
    from iwm_bayes.cli.printing.run import Shown, print_heading, print_run
    from iwm_bayes.diagnostics.results import compute_results
    from iwm_bayes.report.context import ReportContext, ReportOptions
    from iwm_bayes.types import InputError
    from iwm_bayes.workflow.fits import damaged_files, fit_of_run, read_run, study_of_run
    from iwm_bayes.workflow.results_folder import check_results_folder

    fitted, study = fit_of_run(run, trust, tell), study_of_run(run)
    if person_table and fitted.model.members:
        folders = " or ".join(str(run / role) for role in fitted.model.members)
        raise InputError([f"{run}: --person-table shows the people of one member. Name its folder: {folders}"])
    check_results_folder(run, "folder: copy the run")
    if comparison is not None and (damaged := damaged_files(comparison)):
        raise InputError(damaged)
    options = ReportOptions(person_table, scenario, horizon, comparison)
    results = compute_results(fitted.model, fitted.fit)
    add_report(run, study.name, fitted.model, fitted.fit, options, results, overwrite)
    print_heading(study.name, fitted.model, fitted.data)
    print_run(ReportContext(run, study.name, fitted.model, fitted.fit, read_run(run), results, options), Shown(verbose))


def write_report_of(
    analysis: Any, folder: Path, study: str, person_table: bool = False, overwrite: bool = False
) -> Path:
    """Write the report of an analysis into its run folder, and return where it is."""
    from iwm_bayes.report.context import ReportOptions

    options = ReportOptions(person_table)
    return add_report(folder, study, analysis.model, analysis.fit, options, analysis.results, overwrite)


def add_report(
    folder: Path,
    study: str,
    model: Any,
    fit: Any,
    options: Any,
    results: Any = None,
    overwrite: bool = False,
) -> Path:
    """Write a report into a run folder, where it replaces only what the program wrote, and return where it is."""
    from iwm_bayes.report.page import write_report
    from iwm_bayes.workflow.results_folder import add_results

    def write(draft: Path) -> dict[str, Any]:
        write_report(folder, study, model, fit, options, results, draft)
        return {}

    add_results(folder, write, overwrite)
    return folder / "report.html"
