"""The page itself, `report.html`: a template that escapes whatever comes from a table."""

import json
from pathlib import Path

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from iwm_bayes.diagnostics.results import Results, compute_results
from iwm_bayes.io import atomic_path
from iwm_bayes.report.contents import pictures, report_contents
from iwm_bayes.report.context import ReportContext, ReportOptions
from iwm_bayes.types import ModelSpec

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
    """Write `report.html` and its plots into a run folder, and return where the page is.

    Parameters
    ----------
    study
        Name of the study.
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
    found = results or compute_results(model, fit)
    contents = report_contents(ReportContext(folder, study, model, fit, facts, found, options))
    page = page_environment().get_template("page.html").render(contents)
    place = into or folder
    path = place / "report.html"
    with atomic_path(path) as draft:
        draft.write_text(page, encoding="utf-8")
    write_pictures(contents, place / "plots")
    return path


def write_pictures(contents: object, folder: Path) -> None:
    """Write every picture of a page as SVG, PDF and PNG into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures(contents):
        for ending, content in picture.files.items():
            (folder / f"{picture.name}.{ending}").write_bytes(content)
