"""The section on a comparison of models that includes the model of the run."""

from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.comparison.compare import CV_UNITS, comparison_data
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Plot, make_table, static_plot
from iwm_bayes.report.labels import table_title
from iwm_bayes.viz.comparison import comparison_plot
from iwm_bayes.viz.style import as_svg
from iwm_bayes.workflow.comparison_folder import read_comparison


def ranking_plot(ranking: pd.DataFrame, unit: str, caption: str) -> Plot:
    """Plot one ranking."""
    pairs = zip(ranking["model"], ranking["elpd_diff"], strict=True)
    differences = "; ".join(f"{model} {difference:.1f}" for model, difference in pairs)
    alternative = f"{caption}. Difference from the best model: {differences}."
    return static_plot(as_svg(comparison_plot(comparison_data(ranking, unit))), f"{caption}.", alternative)


def comparison_section(run: ReportContext, folder: Path) -> dict[str, Any]:
    """Return the rankings, the model attribution, and the test statistics that only some models reproduce."""
    facts, rankings, frequencies, _, failures = read_comparison(folder, run.model.name)
    captions = {unit: f"ELPD ({unit}): {CV_UNITS[unit]}" for unit in rankings}
    tables = [make_table(ranking, captions[unit], "elpd") for unit, ranking in rankings.items()]
    for name, table in (("model_frequencies", frequencies), ("ppc_failures", failures)):
        tables += [make_table(table, table_title(name), name)] if len(table) else []
    first = next(iter(rankings))
    return {
        "summary": facts["summary"],
        "agreement": facts["agreement"],
        "not_converged": facts["not_converged"],
        "plots": [ranking_plot(rankings[first], first, captions[first])],
        "tables": tables,
    }
