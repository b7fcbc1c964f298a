"""The answer: sessions and corrective experiences until earned security, the way there, and what would come next."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.time_to_security import project
from iwm_bayes.report import text
from iwm_bayes.report.context import FigureCourse, ReportContext, change_sentence
from iwm_bayes.report.tables import interactive_plot
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.types import GENERALISED, figure_label
from iwm_bayes.viz import trajectories
from iwm_bayes.viz.plotly.belief_plane import attachment_space_figure
from iwm_bayes.viz.plotly.earned_security import projection_figure as projected
from iwm_bayes.viz.plotly.earned_security import time_to_security_figure
from iwm_bayes.viz.plotly.trajectory import trajectory_figure


def answer_section(run: ReportContext, courses: dict[str, FigureCourse], kept: dict[str, Any]) -> dict[str, Any]:
    """Earned security in words and curves, the way of the group, and what a plan of care would bring."""
    arms, found = person_arms(run.data), []
    for place, view in enumerate([*run.figures, GENERALISED]):
        drawn, curve = incidence_by_arm(run.security[view], arms), []
        sentence = text.answer_sentence(drawn)
        if drawn["probability"].notnull().any():
            below = ", ".join(map(str, drawn["arm"].values))
            caption = (
                f"Earned secure by session ({figure_label(view)}), among those who start insecure; 90 % intervals. "
                f"Below the axis: people who are followed and not yet secure ({below})."
            )
            spec = time_to_security_figure(drawn, run.mark)
            curve = [interactive_plot(caption, f"{caption} {sentence}", f"earned-{place}", spec, kept)]
        found.append({"view": figure_label(view), "sentence": sentence, "pictures": curve})
    groups = {figure_label(name): trajectories.group_trajectory(*course) for name, course in courses.items()}
    ways = []
    for place, (name, course) in enumerate(groups.items()):
        caption = f"The group along its sessions ({name}): beliefs, what happened, and answers over what is foretold."
        spec = trajectory_figure(course, None, run.mark)
        ways.append(interactive_plot(caption, f"{caption} {change_sentence(course)}.", f"group-{place}", spec, kept))
    if run.model.rule and all(course.sizes["belief"] == 2 for course in groups.values()):
        caption = "The group in the belief plane, by figure (hollow: start, large: end; ellipses hold 90 %)."
        says = " ".join(f"{name}: {change_sentence(course)}." for name, course in groups.items())
        ways.insert(
            0, interactive_plot(caption, f"{caption} {says}", "plane", attachment_space_figure(groups, run.mark), kept)
        )
    tables = [
        *run.table("answers", "Until earned security, under the care that was given (medians, 90 % intervals)"),
        *run.table("arms", "How many more are earned secure (share of those who start insecure; 90 % intervals)"),
        *run.table("sensitivity", "Earned secure by the last session, by threshold and hold"),
        *run.table("styles", "Styles at the last session"),
    ]
    ahead = projection(run, courses, kept)
    return {"views": found, "ways": ways, "tables": tables, "ahead": ahead}


def insecure_at_the_end(run: ReportContext, course: FigureCourse) -> float:
    """How many people end their sessions with a belief at or below the criterion's, on average over draws."""
    last = course.lived["people"].sum("session").astype(int)
    everyone = xr.DataArray(np.arange(last.sizes["person"]), dims="person")
    at_the_end = course.held.isel(session=last.drop_vars("person"), person=everyone)
    insecure = at_the_end.min("belief") <= run.facts["criterion"]["insecure"]
    return float(insecure.sum("person").mean("sample"))


def projection(run: ReportContext, courses: dict[str, FigureCourse], kept: dict[str, Any]) -> dict[str, Any]:
    """What further sessions under a plan of care would bring those who are insecure at the end."""
    figure = run.figures[0]
    shares = project(run.model, run.fit, parse_care(run.asked.plan), run.asked.ahead, figure)
    if not shares.notnull().any():
        return {
            "sentence": f"Toward {figure_label(figure)}, nobody is insecure at the end: there is nothing to project.",
            "pictures": [],
        }
    by_then = text.median_text(shares.isel(session=-1).values, "{:.0%}")
    many = insecure_at_the_end(run, courses[figure])
    sentence = (
        f"Under {run.asked.plan}, {by_then} of those who are insecure toward {figure_label(figure)} at the end (about "
        f"{many:.1f} of {run.data.sizes['person']} people) would be earned secure after {run.asked.ahead} further "
        "sessions."
    )
    spec = projected(shares, run.asked.plan, run.mark)
    caption = f"What {run.asked.ahead} further sessions would bring ({figure_label(figure)}; 90 % interval)."
    return {
        "sentence": sentence,
        "pictures": [interactive_plot(caption, f"{caption} {sentence}", "projection", spec, kept)],
    }
