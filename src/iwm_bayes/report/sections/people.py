"""People under pseudonyms, unranked: what a theory makes of each one's sessions, and no diagnosis."""

import json
from typing import Any

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.person_summary import number, own_share, person_table, pseudonyms
from iwm_bayes.report.context import Course, Run, from_to
from iwm_bayes.simulation.care import parse
from iwm_bayes.types import called
from iwm_bayes.viz import trajectories
from iwm_bayes.viz.plotly.belief_plane import plane
from iwm_bayes.viz.plotly.trajectory import trajectory

ENOUGH = 0.5  # contraction of a person's own learning from which on a forecast of that person is shown
ROOM = 4_000_000  # characters for pages on people: a report stays below 10 MB, of which Plotly takes 5


def withheld(run: Run, own: float, sessions: float) -> str:
    """Why nothing is foretold of a person; empty where something is."""
    if not run.facts["passed"] or run.facts["partial"]:
        return "No forecast: the fit failed its gate."
    if own < ENOUGH:
        return f"No forecast: contraction of this person's learning is {own:.2f}; at least {ENOUGH:g} is asked for."
    return "" if sessions else "No forecast: there was no session with this figure."


def page_of(run: Run, name: str, course: xr.Dataset, ahead: xr.DataArray, own: float) -> dict[str, Any]:
    """A page on one person: two pictures, words in their place, and whether there is a forecast.

    `ahead` is what would come, (belief, sample, session).
    """
    why, further = withheld(run, own, float(course["people"].sum())), None
    if not why:
        held = ahead.assign_coords(session=ahead["session"] + course["session"][-1])
        further = xr.Dataset(dict(zip(("low", "middle", "high"), trajectories.within(held), strict=True)))
    return {
        "trajectory": trajectory(course, further, run.mark),
        "plane": plane({name: course}, run.mark) if course.sizes["belief"] == 2 else None,
        "alternative": f"{name}: {from_to(course)}.",
        "forecast": why or f"Ahead: {run.asked.ahead} sessions under {run.asked.plan} (contraction {own:.2f}).",
    }


def people_section(run: Run, course: Course) -> dict[str, Any]:
    """A page on everyone, as long as there is room."""
    figure, pages, used = run.figures[0], {}, 0
    everyone = person_table(run.model, run.fit)
    share = own_share(everyone, run.model) if len(everyone) else pd.Series(dtype=float)
    ahead = trajectories.forecast(run.model, run.fit, figure, parse(run.asked.plan), run.asked.ahead)
    named = pseudonyms([str(person) for person in run.data["person"].values])
    for place, name in sorted(enumerate(named), key=lambda entry: number(entry[1])):
        alone, own = trajectories.of_person(*course, place), float(share.get(name, 0.0))
        page = page_of(run, name, alone, ahead.isel(person=place, drop=True), own)
        used += len(json.dumps(page))
        if used > ROOM:
            break
        pages[name] = page
    return {"figure": called(figure), "pages": pages, "of": len(named)}
