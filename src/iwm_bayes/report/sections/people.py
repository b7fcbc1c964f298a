"""The section on people, under pseudonyms and unranked: the model's account of each person's sessions."""

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands import trajectories
from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonym_number, pseudonyms
from iwm_bayes.report.context import ReportContext, Trajectory, change_sentence
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.viz.plotly.attachment_space import attachment_space_figure
from iwm_bayes.viz.plotly.trajectory import trajectory_figure

MIN_CONTRACTION = 0.5  # of a person's learning parameters, for a forecast of this person
MAX_CHARACTERS = 4_000_000  # of all pages on people: a report stays below 10 MB, of which Plotly takes 5


class Person(NamedTuple):
    """What the page on one person is made of."""

    name: str  # a pseudonym
    course: xr.Dataset
    forecast: xr.DataArray  # beliefs under the scenario, (belief, sample, session)
    contraction: float  # of the learning parameters


def refusal_sentence(run: ReportContext, person: Person) -> str:
    """Return why there is no forecast for a person; empty if there is one."""
    if not run.facts["converged"] or run.facts["partial"]:
        return "No forecast: the fit has not converged."
    if person.contraction < MIN_CONTRACTION:
        return (
            f"No forecast: the contraction of this person's learning parameters is {person.contraction:.2f}. "
            f"A forecast needs at least {MIN_CONTRACTION:g}."
        )
    return "" if person.course["people"].sum() else "No forecast: there was no session with this figure."


def forecast_intervals(person: Person) -> xr.Dataset:
    """Return the forecast as medians and 90% credible intervals, in sessions after the person's last one."""
    beliefs = person.forecast
    later = beliefs.assign_coords(session=beliefs["session"] + person.course["session"][-1])
    return xr.Dataset(dict(zip(("low", "middle", "high"), trajectories.ci90(later), strict=True)))


def person_page(run: ReportContext, person: Person) -> dict[str, Any]:
    """Return the page on one person: two plots, a text in their place, and a forecast or why there is none."""
    refusal, course = refusal_sentence(run, person), person.course
    forecast = None if refusal else forecast_intervals(person)
    options = run.options
    two_beliefs = course.sizes["belief"] == 2
    return {
        "trajectory": trajectory_figure(course, forecast, run.mark),
        "space": attachment_space_figure({person.name: course}, run.mark, run.styles) if two_beliefs else None,
        "alternative": f"{person.name}: {change_sentence(course)}.",
        "forecast": refusal
        or f"Forecast: {options.horizon} sessions under the scenario {options.scenario} (contraction "
        f"{person.contraction:.2f}).",
    }


def people_section(run: ReportContext, trajectory: Trajectory) -> dict[str, Any]:
    """Return a page on every person, as long as the report stays small enough."""
    figure, pages, characters = run.figures[0], {}, 0
    everyone = person_summary(run.model, run.fit)
    contraction = learning_contraction(everyone, run.model) if len(everyone) else pd.Series(dtype=float)
    scenario = parse_care(run.options.scenario)
    forecasts = trajectories.forecast_beliefs(run.model, run.fit, figure, scenario, run.options.horizon)
    names = pseudonyms([str(person) for person in run.data["person"].values])
    for index in np.argsort([pseudonym_number(name) for name in names]):
        name = names[index]
        course = trajectories.person_trajectory(*trajectory, int(index))
        forecast = forecasts.isel(person=int(index), drop=True)
        page = person_page(run, Person(name, course, forecast, float(contraction.get(name, 0.0))))
        characters += len(json.dumps(page))
        if characters > MAX_CHARACTERS:
            break
        pages[name] = page
    return {"figure": figure, "pages": pages, "of": len(names)}
