"""The section on a comparison of models that includes the model of the run."""

from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.comparison.compare import CV_UNITS
from iwm_bayes.io import read_json
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Plot, make_table, static_plot
from iwm_bayes.report.labels import table_title
from iwm_bayes.types import InputError
from iwm_bayes.viz.comparison import elpd_plot
from iwm_bayes.viz.style import as_svg


def read_comparison(folder: Path, model: str) -> dict[str, Any]:
    """Read the manifest of a comparison; InputError if the comparison does not include the model."""
    path = folder / "manifest.json"
    facts = read_json(path, "Compare again with --overwrite") if path.exists() else {}
    if model not in facts.get("models", []):
        raise InputError([f"{folder}: is no comparison that includes {model}. Name a folder that `iwm compare` wrote"])
    return dict(facts)


def ranking_plot(ranking: pd.DataFrame, meaning: str, caption: str) -> Plot:
    """Plot one ranking."""
    pairs = zip(ranking["model"], ranking["elpd_diff"], strict=True)
    differences = "; ".join(f"{model} {difference:.1f}" for model, difference in pairs)
    alternative = f"{caption}. Difference from the best model: {differences}."
    return static_plot(as_svg(elpd_plot(ranking, meaning)), f"{caption}.", alternative)


def comparison_section(run: ReportContext, folder: Path) -> dict[str, Any]:
    """Return the rankings, the model attribution, and the test statistics that only some models reproduce."""
    facts, tables_folder = read_comparison(folder, run.model.name), folder / "tables"
    paths = {unit: tables_folder / f"elpd_{unit}.csv" for unit in CV_UNITS}
    rankings = {unit: pd.read_csv(path) for unit, path in paths.items() if path.exists()}
    captions = {unit: f"ELPD ({unit}): {CV_UNITS[unit]}" for unit in rankings}
    tables = [make_table(ranking, captions[unit], "elpd") for unit, ranking in rankings.items()]
    for name in ("model_frequencies", "ppc_failures"):
        table = pd.read_csv(tables_folder / f"{name}.csv")
        tables += [make_table(table, table_title(name), name)] if len(table) else []
    first = next(iter(rankings))
    return {
        "summary": facts["summary"],
        "agreement": facts["agreement"],
        "not_converged": facts["not_converged"],
        "plots": [ranking_plot(rankings[first], CV_UNITS[first], captions[first])],
        "tables": tables,
    }
