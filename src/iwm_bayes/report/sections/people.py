"""Every person, under pseudonyms and not ranked: parameters, individual fits, and forecasts where data allow them."""

from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.estimands.person_summary import learning_contraction, person_summary, pseudonym_number, pseudonyms
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.trajectories import forecast_beliefs
from iwm_bayes.report.answer.words import quantity, singular
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.elements import Table, make_table
from iwm_bayes.report.labels import BELIEF_NAMES, table_title
from iwm_bayes.report.sections.model_fit import individual_fits
from iwm_bayes.simulation.care import parse_care

MIN_CONTRACTION = 0.5  # of a person's learning parameters, for a forecast of this person
MAX_FITS = 240  # people with a plot of their own


def refusal_sentence(converged: bool, contraction: float, sessions: int) -> str:
    """Return why there is no forecast for a person; empty if there is one."""
    if not converged:
        return "no forecast: the fit has not converged"
    if contraction < MIN_CONTRACTION:
        return f"no forecast: contraction {contraction:.2f}, below {MIN_CONTRACTION:g}"
    return "" if sessions else "no forecast: no session with this figure"


def forecast_table(run: ReportContext, everyone: pd.DataFrame) -> Table:
    """Return everyone's beliefs at the end of the horizon, or why there is no forecast."""
    figure, options = run.figures[0], run.options
    contraction = learning_contraction(everyone, run.model) if len(everyone) else pd.Series(dtype=float)
    forecasts = forecast_beliefs(run.model, run.fit, figure, parse_care(options.scenario), options.horizon)
    final, sessions = forecasts.isel(session=-1), session_mask(run.data, figure).sum(axis=0)
    names = pseudonyms([str(person) for person in run.data["person"].values])
    beliefs = [str(belief) for belief in final["belief"].values]
    usable, rows = bool(run.facts["converged"]) and not run.facts["partial"], []
    for index in np.argsort([pseudonym_number(name) for name in names]):
        own = float(contraction.get(names[index], 0.0))
        refusal = refusal_sentence(usable, own, int(sessions[index]))
        ends = [
            "" if refusal else quantity(final.sel(belief=belief).isel(person=index).values, "{:.2f}").text
            for belief in beliefs
        ]
        rows.append([names[index], *ends, f"{own:.2f}", refusal])
    title = f"Forecast: beliefs after {options.horizon} further sessions under the scenario {options.scenario}"
    columns = [singular(run.noun), *(BELIEF_NAMES.get(belief, belief) for belief in beliefs), "contraction", "note"]
    return Table(
        title,
        f"A forecast needs a contraction of at least {MIN_CONTRACTION:g} in all learning parameters of the person.",
        "",
        [*columns, *(["status"] if run.mark else [])],
        [False, *[True] * len(beliefs), True, False, *([False] if run.mark else [])],
        [[*row, *([run.mark] if run.mark else [])] for row in rows],
    )


def people_section(run: ReportContext) -> dict[str, Any] | None:
    """Return what a page shows of every person; None unless the reader asked for it."""
    if not run.options.person_table:
        return None
    everyone, people = person_summary(run.model, run.fit), run.data.sizes["person"]
    tables = [forecast_table(run, everyone)]
    if len(everyone):
        tables.append(make_table(everyone, table_title("person_summary"), "person_summary", run.status))
    return {
        "exhibit": individual_fits(run, min(people, MAX_FITS), "individual_fits_everyone"),
        "shown": min(people, MAX_FITS),
        "of": people,
        "tables": tables,
    }
