"""The page itself: a template that escapes whatever came from a table, and the only place where HTML is written."""

import json
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from iwm_bayes.report.contents import report_contents
from iwm_bayes.report.context import ReportContext, ReportOptions, figure_course, security_by_figure
from iwm_bayes.report.paper_figures import write_paper_figures
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.base import plotly_script

DEFAULT_OPTIONS = ReportOptions()


def write_report(
    folder: Path,
    study: str,
    model: ModelSpec,
    fit: xr.DataTree,
    asked: ReportOptions = DEFAULT_OPTIONS,
    security: dict[str, xr.Dataset] | None = None,
) -> Path:
    """Write `report.html` and figures for paper into a run's folder, and return where the page is.

    InputError where the plan is no care, or the comparison not of this theory. `security` is earned security by view,
    where it has been computed already.
    """
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    run = ReportContext(folder, study, model, fit, facts, security or security_by_figure(model, fit), asked)
    courses = {name: figure_course(run, name) for name in run.figures}
    environment = Environment(
        loader=PackageLoader("iwm_bayes.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.html").render(report_contents(run, courses), library=plotly_script())
    whole, place = folder / "report.html.part", folder / "report.html"
    whole.write_text(text, encoding="utf-8")
    whole.replace(place)
    write_paper_figures(run, courses)
    return place
