"""What stands after the answer: parameters, predictive checks, and a comparison if there is one."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.diagnostics.predictive_checks import fit_of_the_theory, in_few_levels, posterior_check
from iwm_bayes.estimands.group_summary import beside_priors
from iwm_bayes.estimands.person_summary import person_table
from iwm_bayes.report.context import Run
from iwm_bayes.report.labels import average_person
from iwm_bayes.report.tables import drawing, table
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import InputError
from iwm_bayes.viz.comparison import comparison_figure
from iwm_bayes.viz.parameters import prior_posterior_figure, shrinkage_figure
from iwm_bayes.viz.predictive_checks import checks_figure
from iwm_bayes.viz.style import as_svg

OTHER_TABLES = {
    "contrasts": "What covariates do to the average person (90 % intervals)",
    "between": "Between the members of a group: sd on the link scale",
    "likeness": "Are people of the same group alike beyond the theory? (predictive p)",
    "assimilation": "The average person, if so much of every report were what had been expected",
}


def parameters_section(run: Run) -> dict[str, Any]:
    """The average person before and after the data, and how far people are drawn to it."""
    groups = pd.read_csv(run.folder / "summary.csv")
    before = beside_priors(run.model, groups, names(run.data))
    caption = "The average person: 90 % before any data (grey) and after them (blue)."
    drawn = [
        drawing(
            as_svg(prior_posterior_figure(before)),
            caption,
            f"{caption} The numbers are in the table below.",
        )
    ]
    people = person_table(run.model, run.fit)
    if len(people) and people["shrinkage"].notna().any():
        share = people.groupby("parameter", sort=False)["shrinkage"].mean().dropna()
        says = ", ".join(f"{name} {value:.2f}" for name, value in share.items())
        caption = "How much of each person's value is borrowed from the group (dashed)."
        drawn.append(drawing(as_svg(shrinkage_figure(people)), caption, f"{caption} Mean shrinkage: {says}."))
    title = average_person((run.folder / "contrasts.csv").exists())
    tables = [table(groups, title, "summary", run.word)]
    return {"pictures": drawn, "tables": tables + [one for each in OTHER_TABLES.items() for one in run.table(*each)]}


def checks_section(run: Run) -> dict[str, Any]:
    """What people of the fit do, beside what people did."""
    path = run.folder / "checks.csv"  # which runs of earlier versions do not have
    checks = pd.read_csv(path, converters={"note": str}) if path.exists() else posterior_check(run.model, run.fit)
    missed = checks[checks["note"] != ""]
    says = fit_of_the_theory(checks, in_few_levels(run.model, run.data))
    caption = "Each effect on a scale of its own: seen (line, or cross), and 95 % of what the fit's people do (bar)."
    drawn = drawing(as_svg(checks_figure({run.model.name: checks})), caption, f"{caption} {says}")
    tables = [table(missed, "Effects that were missed, or cannot be made", "checks", run.word)] if len(missed) else []
    return {
        "says": says,
        "pictures": [drawn],
        "tables": tables,
        "all": table(checks, "All effects", "checks", run.word),
    }


def comparison_section(run: Run, folder: Path) -> dict[str, Any]:
    """What a comparison found in which this theory stands."""
    from iwm_bayes.comparison.compare import UNITS

    path = folder / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if run.model.name not in facts.get("theories", []):
        raise InputError(
            [f"{folder}: is no comparison in which {run.model.name} stands. Name what `iwm compare` wrote"]
        )
    rankings = {unit: pd.read_csv(folder / f"{unit}.csv") for unit in UNITS if (folder / f"{unit}.csv").exists()}
    drawn, tables = [], []
    for unit, ranking in rankings.items():
        caption = f"By what they foretell: {UNITS[unit]}."
        tables.append(table(ranking, caption, "ranking"))
        says = "; ".join(
            f"{name} {apart:.1f}" for name, apart in zip(ranking["theory"], ranking["difference"], strict=True)
        )
        drawn.append(
            drawing(
                as_svg(comparison_figure(ranking, UNITS[unit])),
                caption,
                f"{caption} Behind the best: {says}.",
            )
        )
    tables.append(table(pd.read_csv(folder / "frequencies.csv"), "Which theory people follow", "frequencies"))
    against = pd.read_csv(folder / "cannot make.csv")
    tables += [table(against, "What a theory cannot make, though another can", "cannot make")] if len(against) else []
    return {"says": facts["says"], "agreed": facts["agreed"], "failed": facts["failed"], "pictures": drawn[:1],
            "tables": tables}  # fmt: skip
