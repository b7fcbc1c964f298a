"""The page itself, `report.html`: a template that escapes whatever comes from a table."""

import json
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from iwm_bayes.diagnostics.results import Results, compute_results
from iwm_bayes.io import atomic_path
from iwm_bayes.report.contents import report_contents
from iwm_bayes.report.context import ReportContext, ReportOptions, figure_trajectory
from iwm_bayes.report.paper_figures import write_paper_figures
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.base import plotly_script

DEFAULT_OPTIONS = ReportOptions()


def page_environment() -> Environment:
    """Return the template environment; a name that a template lacks is an error."""
    return Environment(
        loader=PackageLoader("iwm_bayes.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write_report(
    folder: Path,
    study: str,
    model: ModelSpec,
    fit: xr.DataTree,
    options: ReportOptions = DEFAULT_OPTIONS,
    results: Results | None = None,
    into: Path | None = None,
) -> Path:
    """Write `report.html` and the plots for a paper into a run folder, and return where the page is.

    Parameters
    ----------
    study
        Name of the study, for the title.
    results
        What `compute_results` returns, if it has been computed already.
    into
        The folder to write into, where it is not the run folder.

    Raises
    ------
    InputError
        If the scenario is no care schedule, or the comparison does not include the model.
    """
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    run = ReportContext(folder, study, model, fit, facts, results or compute_results(model, fit), options)
    by_figure = {figure: figure_trajectory(run, figure) for figure in run.figures}
    template = page_environment().get_template("page.html")
    page = template.render(report_contents(run, by_figure), plotly=plotly_script())
    place = into or folder
    path = place / "report.html"
    with atomic_path(path) as draft:
        draft.write_text(page, encoding="utf-8")
    write_paper_figures(run, by_figure, place)
    return path
