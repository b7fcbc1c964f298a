"""`iwm report`: a run as one page that needs nothing but itself."""

from pathlib import Path
from typing import Annotated, Any

import typer

from iwm_bayes.cli.console import out
from iwm_bayes.data.study import load_study
from iwm_bayes.types import Model

AHEAD = 12  # sessions that are projected unless another number is asked for


def report(
    run: Annotated[Path, typer.Argument(help="folder that `iwm fit` wrote")],
    people: Annotated[bool, typer.Option("--people", help="also a page on everyone, under pseudonyms")] = False,
    comparison: Annotated[Path | None, typer.Option(help="folder that `iwm compare` wrote, to show it too")] = None,
    plan: Annotated[
        str, typer.Option(help="care after the last session, NAME:parameter=value,...")
    ] = "steady:rate=0.8",
    ahead: Annotated[int, typer.Option(min=1, help="sessions to project under the plan")] = AHEAD,
) -> None:
    """Write a run as one page, RUN/report.html: the answer, its verdict, figures, methods, how to reproduce."""
    from iwm_bayes.report.context import Asked
    from iwm_bayes.report.page import write
    from iwm_bayes.workflow.fits import of_run, study_of

    fitted = of_run(run)
    asked = Asked(people, plan, ahead, comparison)
    place = write(run, load_study(study_of(run)).name, fitted.model, fitted.fit, asked)
    out.print(f"The report is in {place}", markup=False, soft_wrap=True)


def written(found: Any, folder: Path, study: str, model: Model, people: bool = False) -> Path:
    """The report of an analysis that was just written into its folder."""
    from iwm_bayes.report.context import Asked
    from iwm_bayes.report.page import write

    return write(folder, study, model, found.fit, Asked(people), found.security)
