"""What stands after the answer: parameters, predictive checks, and a comparison if there is one."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.diagnostics.predictive_checks import posterior_ppc_sentence, posterior_predictive_check, rounded_ratings
from iwm_bayes.estimands.group_summary import with_prior_intervals
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.labels import group_summary_title
from iwm_bayes.report.tables import make_table, static_plot
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import InputError
from iwm_bayes.viz.comparison import elpd_plot
from iwm_bayes.viz.parameters import prior_posterior_plot, shrinkage_plot
from iwm_bayes.viz.predictive_checks import ppc_plot
from iwm_bayes.viz.style import as_svg

OTHER_TABLES = {
    "contrasts": "What covariates do to the average person (90 % intervals)",
    "between": "Between the members of a group: sd on the link scale",
    "likeness": "Are people of the same group alike beyond the theory? (predictive p)",
    "expectancy_bias": "The average person, if so much of every report were what had been expected",
}


def parameter_section(run: ReportContext) -> dict[str, Any]:
    """The average person before and after the data, and how far people are drawn to it."""
    groups = pd.read_csv(run.folder / "summary.csv")
    before = with_prior_intervals(run.model, groups, names(run.data))
    caption = "The average person: 90 % before any data (grey) and after them (blue)."
    drawn = [
        static_plot(
            as_svg(prior_posterior_plot(before)),
            caption,
            f"{caption} The numbers are in the table below.",
        )
    ]
    people = person_summary(run.model, run.fit)
    if len(people) and people["shrinkage"].notna().any():
        share = people.groupby("parameter", sort=False)["shrinkage"].mean().dropna()
        says = ", ".join(f"{name} {value:.2f}" for name, value in share.items())
        caption = "How much of each person's value is borrowed from the group (dashed)."
        drawn.append(static_plot(as_svg(shrinkage_plot(people)), caption, f"{caption} Mean shrinkage: {says}."))
    title = group_summary_title((run.folder / "contrasts.csv").exists())
    tables = [make_table(groups, title, "summary", run.word)]
    return {"pictures": drawn, "tables": tables + [one for each in OTHER_TABLES.items() for one in run.table(*each)]}


def ppc_section(run: ReportContext) -> dict[str, Any]:
    """What people of the fit do, beside what people did."""
    path = run.folder / "checks.csv"  # which runs of earlier versions do not have
    checks = (
        pd.read_csv(path, converters={"note": str}) if path.exists() else posterior_predictive_check(run.model, run.fit)
    )
    missed = checks[checks["note"] != ""]
    says = posterior_ppc_sentence(checks, rounded_ratings(run.model, run.data))
    caption = "Each effect on a scale of its own: seen (line, or cross), and 95 % of what the fit's people do (bar)."
    drawn = static_plot(as_svg(ppc_plot({run.model.name: checks})), caption, f"{caption} {says}")
    tables = (
        [make_table(missed, "Effects that were missed, or cannot be made", "checks", run.word)] if len(missed) else []
    )
    return {
        "says": says,
        "pictures": [drawn],
        "tables": tables,
        "all": make_table(checks, "All effects", "checks", run.word),
    }


def comparison_section(run: ReportContext, folder: Path) -> dict[str, Any]:
    """What a comparison found in which this theory stands."""
    from iwm_bayes.comparison.compare import CV_UNITS

    path = folder / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if run.model.name not in facts.get("theories", []):
        raise InputError(
            [f"{folder}: is no comparison in which {run.model.name} stands. Name what `iwm compare` wrote"]
        )
    rankings = {unit: pd.read_csv(folder / f"{unit}.csv") for unit in CV_UNITS if (folder / f"{unit}.csv").exists()}
    drawn, tables = [], []
    for unit, ranking in rankings.items():
        caption = f"By what they foretell: {CV_UNITS[unit]}."
        tables.append(make_table(ranking, caption, "ranking"))
        says = "; ".join(
            f"{name} {apart:.1f}" for name, apart in zip(ranking["theory"], ranking["difference"], strict=True)
        )
        drawn.append(
            static_plot(
                as_svg(elpd_plot(ranking, CV_UNITS[unit])),
                caption,
                f"{caption} Behind the best: {says}.",
            )
        )
    tables.append(make_table(pd.read_csv(folder / "frequencies.csv"), "Which theory people follow", "frequencies"))
    against = pd.read_csv(folder / "cannot make.csv")
    tables += (
        [make_table(against, "What a theory cannot make, though another can", "cannot make")] if len(against) else []
    )
    return {"says": facts["says"], "agreed": facts["agreed"], "failed": facts["failed"], "pictures": drawn[:1],
            "tables": tables}  # fmt: skip
