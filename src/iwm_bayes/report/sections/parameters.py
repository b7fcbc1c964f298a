"""The section on parameters: priors and posteriors of the group, shrinkage of people, effects of covariates."""

from typing import Any

from iwm_bayes.estimands.group_summary import with_prior_intervals
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.model.priors import figure_names
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Plot, make_table, static_plot
from iwm_bayes.report.labels import group_summary_title
from iwm_bayes.viz.parameters import prior_posterior_plot, shrinkage_plot
from iwm_bayes.viz.style import as_svg

OTHER_TABLES = ("marginal_effects", "group_sd", "group_clustering", "expectancy_bias")


def parameter_section(run: ReportContext) -> dict[str, Any]:
    """Return priors and posteriors of the group parameters, and how far people are shrunk to the group."""
    groups = run.read_table("group_summary")
    assert groups is not None  # every run has one
    priors = with_prior_intervals(run.model, groups, figure_names(run.data))
    caption = "Group medians: 90% prior interval (grey) and 90% credible interval (blue)."
    plot = static_plot(as_svg(prior_posterior_plot(priors)), caption, f"{caption} The table below has the numbers.")
    title = group_summary_title(run.read_table("marginal_effects") is not None)
    tables = [make_table(groups, title, "group_summary", run.status)]
    return {
        "plots": [plot, *shrinkage_plots(run)],
        "tables": tables + [table for name in OTHER_TABLES for table in run.table(name)],
    }


def shrinkage_plots(run: ReportContext) -> list[Plot]:
    """Plot the shrinkage of people; an empty list if no parameter is partially pooled."""
    people = person_summary(run.model, run.fit)
    if not len(people) or people["shrinkage"].isna().all():
        return []
    means = people.groupby("parameter", sort=False)["shrinkage"].mean().dropna()
    values = ", ".join(f"{name} {value:.2f}" for name, value in means.items())
    caption = "Shrinkage: the share of each person's value that comes from the group (dashed line: mean)."
    return [static_plot(as_svg(shrinkage_plot(people)), caption, f"{caption} Mean shrinkage: {values}.")]
