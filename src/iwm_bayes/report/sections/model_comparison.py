"""Which model predicts best: a comparison of models that includes the model of the run."""

from typing import Any

import pandas as pd

from iwm_bayes.comparison.compare import CV_UNITS, comparison_data
from iwm_bayes.comparison.model_frequencies import attribution_data
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Exhibit, draw_picture, make_table
from iwm_bayes.report.labels import table_title
from iwm_bayes.viz.comparison import attribution_plot, comparison_plot
from iwm_bayes.workflow.comparison_folder import StoredComparison


def ranking_exhibit(ranking: pd.DataFrame, unit: str, finding: str) -> Exhibit:
    """Plot one ranking."""
    pairs = zip(ranking["model"], ranking["elpd_diff"], strict=True)
    differences = "; ".join(f"{model} {difference:.1f}" for model, difference in pairs)
    caption = f"ELPD ({unit}): {CV_UNITS[unit]}. Difference from the best model, with two standard errors."
    alternative = f"{caption} Differences: {differences}."
    picture = draw_picture(f"comparison_{unit}", comparison_data(ranking, unit), alternative, comparison_plot)
    return Exhibit(finding, caption, (picture,))


def attribution_exhibit(stored: StoredComparison, noun: str) -> Exhibit:
    """Plot how frequent each model is, and the probability that each person follows it."""
    data = attribution_data(stored.evidence)
    top = data["frequency"].argmax("model")
    name, frequency, bor = str(data["model"][top].item()), float(data["frequency"][top]), float(data.attrs["bor"])
    finding = (
        f"{name} describes the largest share of {noun} best: {frequency:.2f} (probability that all models are equally "
        f"frequent, BOR: {bor:.2f})."
    )
    caption = (
        f"Random-effects model selection over {data.sizes['person']} {noun}: frequency of each model with its "
        f"protected exceedance probability (PXP), and the probability of each model for each of the {noun}, under "
        "pseudonyms."
    )
    picture = draw_picture("attribution", data, f"{caption} {finding}", attribution_plot, (2, 1))
    return Exhibit(finding, caption, (picture,))


def comparison_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the rankings, the model attribution, and the test statistics that only some models reproduce."""
    stored: StoredComparison | None = run.comparison
    if stored is None:
        return None
    facts, rankings = stored.facts, stored.rankings
    tables = [make_table(ranking, f"ELPD ({unit}): {CV_UNITS[unit]}", "elpd") for unit, ranking in rankings.items()]
    for name, table in (("model_frequencies", stored.frequencies), ("ppc_failures", stored.ppc_failures)):
        tables += [make_table(table, table_title(name), name)] if len(table) else []
    first = next(iter(rankings))
    return {
        "summary": facts["summary"],
        "agreement": facts["agreement"],
        "not_converged": facts["not_converged"],
        "exhibits": [
            ranking_exhibit(rankings[first], first, f"{facts['summary']}."),
            attribution_exhibit(stored, run.noun),
        ],
        "tables": tables,
    }
