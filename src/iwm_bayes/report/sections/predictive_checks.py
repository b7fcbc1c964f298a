"""The section on posterior predictive checks."""

from typing import Any

import pandas as pd

from iwm_bayes.diagnostics.predictive_checks import (
    PPC_COLUMNS,
    posterior_ppc_sentence,
    predictive_checks_data,
    rounded_ratings,
)
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import make_table, static_plot
from iwm_bayes.report.labels import table_title
from iwm_bayes.viz.predictive_checks import predictive_checks_plot
from iwm_bayes.viz.style import as_svg


def ppc_section(run: ReportContext) -> dict[str, Any]:
    """Return the observed test statistics with their posterior predictive intervals."""
    checks = run.tables.get("ppc", pd.DataFrame(columns=PPC_COLUMNS))
    outside = checks[checks["status"] != ""]
    summary = posterior_ppc_sentence(checks, rounded_ratings(run.model, run.data))
    caption = (
        "Test statistics: distance of the observed value from the predicted median; the grey area is the 95% "
        "predictive interval."
    )
    title = "Test statistics outside the 95% predictive interval"
    data = predictive_checks_data({run.model.name: checks})
    plots = [static_plot(as_svg(predictive_checks_plot(data)), caption, f"{caption} {summary}")] if len(data) else []
    return {
        "summary": summary,
        "plots": plots,
        "tables": [make_table(outside, title, "ppc")] if len(outside) else [],
        "all": make_table(checks, table_title("ppc"), "ppc"),
    }
