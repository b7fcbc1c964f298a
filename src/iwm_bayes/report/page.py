"""The page itself: a template that escapes whatever came from a table, and the only place where HTML is written."""

import json
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from iwm_bayes.report.contents import contents
from iwm_bayes.report.context import Asked, Run, course_of, security_of
from iwm_bayes.report.paper_figures import for_paper
from iwm_bayes.types import Model
from iwm_bayes.viz.plotly.base import library

NOTHING = Asked()


def write(
    folder: Path,
    study: str,
    model: Model,
    fit: xr.DataTree,
    asked: Asked = NOTHING,
    security: dict[str, xr.Dataset] | None = None,
) -> Path:
    """Write `report.html` and figures for paper into a run's folder, and return where the page is.

    InputError where the plan is no care, or the comparison not of this theory. `security` is earned security by view,
    where it has been computed already.
    """
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    run = Run(folder, study, model, fit, facts, security or security_of(model, fit), asked)
    courses = {name: course_of(run, name) for name in run.figures}
    environment = Environment(
        loader=PackageLoader("iwm_bayes.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.html").render(contents(run, courses), library=library())
    whole, place = folder / "report.html.part", folder / "report.html"
    whole.write_text(text, encoding="utf-8")
    whole.replace(place)
    for_paper(run, courses)
    return place
