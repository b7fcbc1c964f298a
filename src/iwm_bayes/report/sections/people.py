"""People under pseudonyms, unranked: what a theory makes of each one's sessions, and no diagnosis."""

import json
from typing import Any

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonym_number, pseudonyms
from iwm_bayes.report.context import FigureCourse, ReportContext, change_sentence
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.types import figure_label
from iwm_bayes.viz import trajectories
from iwm_bayes.viz.plotly.belief_plane import attachment_space_figure
from iwm_bayes.viz.plotly.trajectory import trajectory_figure

MIN_CONTRACTION = 0.5  # contraction of a person's own learning from which on a forecast of that person is shown
MAX_CHARACTERS = 4_000_000  # characters for pages on people: a report stays below 10 MB, of which Plotly takes 5


def forecast_refusal(run: ReportContext, own: float, sessions: float) -> str:
    """Why nothing is foretold of a person; empty where something is."""
    if not run.facts["passed"] or run.facts["partial"]:
        return "No forecast: the fit failed its gate."
    if own < MIN_CONTRACTION:
        return f"No forecast: contraction of this person's learning is {own:.2f}; at least {MIN_CONTRACTION:g} is asked for."
    return "" if sessions else "No forecast: there was no session with this figure."


def person_page(run: ReportContext, name: str, course: xr.Dataset, ahead: xr.DataArray, own: float) -> dict[str, Any]:
    """A page on one person: two pictures, words in their place, and whether there is a forecast.

    `ahead` is what would come, (belief, sample, session).
    """
    why, further = forecast_refusal(run, own, float(course["people"].sum())), None
    if not why:
        held = ahead.assign_coords(session=ahead["session"] + course["session"][-1])
        further = xr.Dataset(dict(zip(("low", "middle", "high"), trajectories.ci90(held), strict=True)))
    return {
        "trajectory": trajectory_figure(course, further, run.mark),
        "plane": attachment_space_figure({name: course}, run.mark) if course.sizes["belief"] == 2 else None,
        "alternative": f"{name}: {change_sentence(course)}.",
        "forecast": why or f"Ahead: {run.asked.ahead} sessions under {run.asked.plan} (contraction {own:.2f}).",
    }


def people_section(run: ReportContext, course: FigureCourse) -> dict[str, Any]:
    """A page on everyone, as long as there is room."""
    figure, pages, used = run.figures[0], {}, 0
    everyone = person_summary(run.model, run.fit)
    share = learning_contraction(everyone, run.model) if len(everyone) else pd.Series(dtype=float)
    ahead = trajectories.forecast_beliefs(run.model, run.fit, figure, parse_care(run.asked.plan), run.asked.ahead)
    named = pseudonyms([str(person) for person in run.data["person"].values])
    for place, name in sorted(enumerate(named), key=lambda entry: pseudonym_number(entry[1])):
        alone, own = trajectories.person_trajectory(*course, place), float(share.get(name, 0.0))
        page = person_page(run, name, alone, ahead.isel(person=place, drop=True), own)
        used += len(json.dumps(page))
        if used > MAX_CHARACTERS:
            break
        pages[name] = page
    return {"figure": figure_label(figure), "pages": pages, "of": len(named)}
