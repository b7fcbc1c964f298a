"""The section on parameters: priors and posteriors of the group, shrinkage of people, effects of covariates."""

from typing import Any

from iwm_bayes.estimands.group_summary import with_prior_intervals
from iwm_bayes.estimands.person_summary import shrinkage_data
from iwm_bayes.model.priors import figure_names
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Plot, static_plot
from iwm_bayes.report.labels import group_summary_title, table_title
from iwm_bayes.viz.parameters import prior_posterior_plot
from iwm_bayes.viz.people import shrinkage_plot
from iwm_bayes.viz.style import as_svg


def parameter_section(run: ReportContext) -> dict[str, Any]:
    """Return priors and posteriors of the group parameters, and how far people are shrunk to the group."""
    title = group_summary_title("marginal_effects" in run.tables)
    tables = [
        table._replace(title=title) if table.title == table_title("group_summary") else table
        for table in run.section_tables("parameters")
    ]
    return {"plots": [*prior_plots(run), *shrinkage_plots(run)], "tables": tables}


def prior_plots(run: ReportContext) -> list[Plot]:
    """Plot priors and posteriors of the group medians; an empty list if every parameter is unpooled."""
    groups = run.tables.get("group_summary")
    if groups is None:
        return []
    priors = with_prior_intervals(run.model, groups, figure_names(run.data))
    caption = "Group medians: 90% prior interval (grey) and 90% credible interval (blue)."
    return [static_plot(as_svg(prior_posterior_plot(priors)), caption, f"{caption} The table below has the numbers.")]


def shrinkage_plots(run: ReportContext) -> list[Plot]:
    """Plot the shrinkage of people; an empty list if no parameter is partially pooled."""
    people = shrinkage_data(run.model, run.fit)
    if not len(people):
        return []
    means = people.groupby("parameter", sort=False)["shrinkage"].mean().dropna()
    values = ", ".join(f"{name} {value:.2f}" for name, value in means.items())
    caption = "Shrinkage: the share of each person's value that comes from the group (dashed line: mean)."
    return [static_plot(as_svg(shrinkage_plot(people)), caption, f"{caption} Mean shrinkage: {values}.")]
