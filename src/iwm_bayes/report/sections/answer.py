"""The answer: sessions and corrective experiences until earned security, trajectories, and a projection."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands import trajectories
from iwm_bayes.estimands.security.projection import project
from iwm_bayes.report import text
from iwm_bayes.report.context import ReportContext, Trajectory, change_sentence
from iwm_bayes.report.elements import Plot, interactive_plot
from iwm_bayes.report.words import share
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.types import GENERALISED
from iwm_bayes.viz.plotly.attachment_space import attachment_space_figure
from iwm_bayes.viz.plotly.earned_security import projection_figure, time_to_security_figure
from iwm_bayes.viz.plotly.trajectory import trajectory_figure


def answer_section(run: ReportContext, by_figure: dict[str, Trajectory], specs: dict[str, Any]) -> dict[str, Any]:
    """Return earned security in words, curves and tables, the group's trajectories, and a projection.

    Where the study leaves earned security out, only trajectories remain, and styles if the study wants them.
    """
    figures = enumerate(name for name in (*run.figures, GENERALISED) if name in run.security)
    return {
        "views": [security_view(run, figure, f"security-{index}", specs) for index, figure in figures],
        "trajectories": group_plots(run, by_figure, specs),
        "tables": run.section_tables("answer"),
        "projection": projection(run, by_figure, specs) if run.security else None,
    }


def security_view(run: ReportContext, figure: str, plot_id: str, specs: dict[str, Any]) -> dict[str, Any]:
    """Return time to earned security toward one figure, or of the generalised expectation."""
    answer = run.security[figure]
    curves, sentence, plots = answer.curves, text.answer_sentence(answer), []
    if curves["last"].any():
        arms = ", ".join(map(str, curves["arm"].values))
        caption = (
            f"Cumulative incidence of earned security ({figure}) among participants insecure at "
            f"baseline, with 90% CrI. Below the axis: number at risk ({arms})."
        )
        spec = time_to_security_figure(curves, run.mark)
        plots.append(interactive_plot(caption, f"{caption} {sentence}", plot_id, spec, specs))
    return {"title": figure, "sentence": sentence, "plots": plots}


def group_plots(run: ReportContext, by_figure: dict[str, Trajectory], specs: dict[str, Any]) -> list[Plot]:
    """Plot the group in attachment space, and along its sessions with each figure."""
    groups = {figure: trajectories.group_trajectory(*trajectory) for figure, trajectory in by_figure.items()}
    plots = []
    if run.model.rule and all(course.sizes["belief"] == 2 for course in groups.values()):
        caption = (
            "The group in attachment space, by attachment figure. Hollow marker: baseline; large marker: last session; "
            "ellipses: 90% of the draws."
        )
        summary = " ".join(f"{name}: {change_sentence(course)}." for name, course in groups.items())
        spec = attachment_space_figure(groups, run.mark, run.styles)
        plots.append(interactive_plot(caption, f"{caption} {summary}", "space", spec, specs))
    for index, (name, course) in enumerate(groups.items()):
        caption = f"The group by session ({name}): beliefs, events, and responses with predictive intervals."
        spec = trajectory_figure(course, None, run.mark)
        summary = f"{caption} {change_sentence(course)}."
        plots.append(interactive_plot(caption, summary, f"group-{index}", spec, specs))
    return plots


def insecure_at_the_end(run: ReportContext, trajectory: Trajectory) -> float:
    """Count the people who have an insecure belief after their last session, on average over draws."""
    last = trajectory.events["people"].sum("session").astype(int)
    people = xr.DataArray(np.arange(last.sizes["person"]), dims="person")
    final = trajectory.beliefs.isel(session=last.drop_vars("person"), person=people)
    insecure = final.min("belief") <= run.facts["criterion"]["insecure_at_or_below"]
    return float(insecure.sum("person").mean("sample"))


def projection(run: ReportContext, by_figure: dict[str, Trajectory], specs: dict[str, Any]) -> dict[str, Any]:
    """Project how many of the people who are insecure at the end become earned secure under the scenario."""
    figure, scenario, horizon = run.figures[0], run.options.scenario, run.options.horizon
    shares = project(run.model, run.fit, parse_care(scenario), horizon, figure)
    insecure = insecure_at_the_end(run, by_figure[figure])
    people = run.data.sizes["person"]
    now = f"About {insecure:.0f} of {people} participants are insecure toward {figure} after their last session"
    if not shares.notnull().any():
        return {"sentence": f"{now}: too few for a projection.", "plots": []}
    by_then = share(shares.isel(session=-1).values).text
    within = f"{by_then} of them become earned secure within {horizon} further sessions"
    sentence = f"{now}. Under the scenario {scenario}, {within}."
    caption = f"Projection: {horizon} further sessions under the scenario {scenario} ({figure}; 90% CrI)."
    spec = projection_figure(shares, scenario, run.mark)
    return {
        "sentence": sentence,
        "plots": [interactive_plot(caption, f"{caption} {sentence}", "projection", spec, specs)],
    }
