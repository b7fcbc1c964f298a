"""Beliefs, prediction errors and learning rates of every person at every event: regressors for other analyses.

    expected                        P(the figure of the event responds), before the outcome
    prediction_error                outcome - expected
    learning_rate                   (expected after the outcome - expected) / prediction_error
    availability, self_worth        after the event
    ..._after_unresponsive          the same if one unresponsive session with the same figure came next, one median gap
                                    later: a counterfactual, by the model's own update

Everything is computed in every draw, by the filter. A prediction error and a learning rate exist only where the outcome
was observed and recorded. Where raters rate a latent outcome, `outcome` is this one, in every draw; it is NaN where
nobody rated. They are the trial-wise quantities of model-based analyses of physiology and imaging
(O'Doherty, Hampton & Kim, 2007, doi:10.1196/annals.1390.022).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import Estimand
from iwm_bayes.estimands.security.belief_paths import median_gap, session_mask
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import FilteredEvent, filter_events, step
from iwm_bayes.filtering.supposed_events import at_once, unresponsive_event
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches, thin_draws
from iwm_bayes.types import GENERALISED, ModelSpec, Params, rule_values

N_DRAWS = 100
N_SUMMARY = 1000  # of means and SDs: a mean is then known to a thirtieth of its SD
MIN_ERROR = 1e-6  # a smaller prediction error determines no learning rate

OUTCOME_SCALE = "outcome scale, 0..1"
MEANINGS: Mapping[str, tuple[str, str]] = {  # by variable: its unit, and what it is
    "expected": (OUTCOME_SCALE, "expected outcome, before the outcome of the event"),
    "prediction_error": (OUTCOME_SCALE, "outcome minus expected outcome"),
    "learning_rate": (
        "share of the prediction error, 0..1 in most models",
        "weight of the prediction error: by how much of it the outcome changes what is expected of the figure",
    ),
    "availability": (OUTCOME_SCALE, "availability of the figure of the event, after the event"),
    "self_worth": (OUTCOME_SCALE, "self-worth, after the event"),
    "availability_after_unresponsive": (
        OUTCOME_SCALE,
        "availability of the figure if one unresponsive session with it came next, one median gap later",
    ),
    "self_worth_after_unresponsive": (OUTCOME_SCALE, "self-worth if the same unresponsive session came next"),
}


OF_LATENT = {"outcome": (OUTCOME_SCALE, "latent outcome, which raters rated")}  # further, where the outcome is latent


class Around(NamedTuple):
    """What the events of a data set are read with; arrays are (event, person)."""

    present: np.ndarray
    recorded: np.ndarray  # the outcome was observed, and its form is not missing
    gap: np.ndarray  # median time between sessions with the figure of the event; NaN where it names none


def around_events(data: xr.Dataset) -> Around:
    """Return which events are there, which outcomes are known, and the median gap of each event's figure."""
    present, recorded = data["present"].values, data["observed"].values & data["present"].values
    if "unrecorded" in data:
        recorded = recorded & ~data["unrecorded"].values
    named = [name for name in figure_names(data) if name != GENERALISED]
    gaps = {name: median_gap(data, session_mask(data, name)) for name in named}
    by_figure = np.array([gaps.get(name, np.nan) for name in figure_names(data)])
    return Around(present, recorded, by_figure[data["figure_index"].values])


def at_event(
    model: ModelSpec, p: Params, filtered: FilteredEvent, recorded: np.ndarray, gap: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute the variables of MEANINGS at one event, (person,) each; those of self-worth only if the model has it.

    Where the outcome is latent, those of OF_LATENT too.
    """
    rule, event = model.rule, filtered.event
    expected = rule.beliefs(p, filtered.before, event).expected
    change = rule.beliefs(p, filtered.after, event).expected - expected
    error = np.where(recorded, event.outcome - expected, np.nan)
    is_determined = np.abs(error) > MIN_ERROR  # False where the error is NaN
    named, everybody = np.isfinite(gap), np.ones(gap.shape, dtype=bool)
    next_event = unresponsive_event(event, np.where(named, gap, 1.0))
    _, unresponsive = step(rule, p, filtered.after, next_event, everybody)
    now, later = (rule.beliefs(p, s, at_once(event)) for s in (filtered.after, unresponsive))
    found = {
        "expected": expected,
        "prediction_error": error,
        "learning_rate": np.where(is_determined, change / np.where(is_determined, error, 1.0), np.nan),
        "availability": now.availability.mean,
        "availability_after_unresponsive": np.where(named, later.availability.mean, np.nan),
    }
    if now.worth is not None and later.worth is not None:
        found["self_worth"] = now.worth.mean
        found["self_worth_after_unresponsive"] = np.where(named, later.worth.mean, np.nan)
    if rule.outcome is not None:
        found["outcome"] = np.where(recorded, event.outcome, np.nan)
    return found


def belief_batches(model: ModelSpec, fit: xr.DataTree, draws: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the variables of MEANINGS in batches of draws, (sample, event, person); NaN outside people's events."""
    data = fit["constant_data"].to_dataset()
    people, figures, around, events = data.sizes["person"], figure_names(data), around_events(data), event_array(data)
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        samples = batch.sizes["sample"]
        p = rule_values(model, draws_as_people(model, batch, figures, people))
        recorded, gap = (np.tile(values, (1, samples)) for values in (around.recorded, around.gap))
        filtered = filter_events(model.rule, p, events_as_people(model, batch, events), len(figures))
        rows = [at_event(model, p, *event) for event in zip(filtered, recorded, gap, strict=True)]
        by_event = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        yield {
            name: np.where(around.present, values.reshape(len(values), samples, people).swapaxes(0, 1), np.nan)
            for name, values in by_event.items()
        }


def beliefs(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS) -> xr.Dataset:
    """Compute beliefs, prediction errors and learning rates at every event, in thinned draws.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    draws
        About how many draws are used, evenly spaced within each chain.

    Returns
    -------
    xr.Dataset
        The variables of MEANINGS, (chain, draw, event, person), with `units` and `long_name` in their attributes. They
        are NaN after a person's last event. Those of self-worth are there only if the model has it. Prediction errors
        and learning rates are NaN where the outcome was not observed or not recorded, learning rates also where the
        error is 0, and beliefs after an unresponsive session where an event names no figure.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))["sample"]
    batches = list(belief_batches(model, fit, draws))
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    found = xr.Dataset({name: (("sample", "event", "person"), values) for name, values in joined.items()})
    found = found.assign_coords(sample.coords).unstack("sample").transpose("chain", "draw", "event", "person")
    return with_meanings(found.assign_coords(event=data["event"].values, person=data["person"].values))


def with_meanings(found: xr.Dataset) -> xr.Dataset:
    """Return the same variables, NAME, NAME_mean and NAME_sd, with the unit of each and what it is."""
    described = found.copy()
    for name, (unit, meaning) in {**MEANINGS, **OF_LATENT}.items():
        for variable, of in ((name, ""), (f"{name}_mean", "posterior mean: "), (f"{name}_sd", "posterior SD: ")):
            if variable in described:
                described[variable].attrs = {"units": unit, "long_name": f"{of}{meaning}"}
    return described


class Moments(NamedTuple):
    """Number, mean, and sum of squared deviations of the draws so far, (event, person) each; NaN does not count."""

    draws: np.ndarray
    mean: np.ndarray
    squares: np.ndarray


def moments(values: np.ndarray) -> Moments:
    """Compute the moments of draws (sample, event, person)."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    return Moments(count, mean, np.where(known, (values - mean) ** 2, 0.0).sum(axis=0))


def merged(one: Moments, other: Moments) -> Moments:
    """Merge the moments of two batches of draws. Chan, Golub & LeVeque (1983), doi:10.1080/00031305.1983.10483115."""
    count, difference = one.draws + other.draws, other.mean - one.mean
    share = other.draws / np.maximum(count, 1)
    mean = one.mean + share * difference
    return Moments(count, mean, one.squares + other.squares + difference**2 * share * one.draws)


def belief_summary(model: ModelSpec, fit: xr.DataTree, draws: int = N_SUMMARY) -> xr.Dataset:
    """Compute the posterior mean and SD of the variables of `beliefs`, over more draws than a fit can keep.

    Returns
    -------
    xr.Dataset
        NAME_mean and NAME_sd (event, person) for every variable NAME of `beliefs`, over the draws in which it is not
        NaN; NaN where there is none, and an SD of a single draw.
    """
    data = fit["constant_data"].to_dataset()
    total: dict[str, Moments] = {}
    for batch in belief_batches(model, fit, draws):
        new = {name: moments(values) for name, values in batch.items()}
        total = {name: merged(total[name], new[name]) for name in new} if total else new
    dims, columns = ("event", "person"), {}
    for name, found in total.items():
        columns[f"{name}_mean"] = (dims, np.where(found.draws > 0, found.mean, np.nan))
        variance = found.squares / np.maximum(found.draws - 1, 1)
        columns[f"{name}_sd"] = (dims, np.where(found.draws > 1, np.sqrt(variance), np.nan))
    coordinates = {"event": data["event"].values, "person": data["person"].values}
    return with_meanings(xr.Dataset(columns, coordinates))


def beliefs_by_row(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Return what `belief_summary` does, from the group of this name if the fit has it, with what each event is.

    Coordinates (event, person) are session, figure, time and outcome, which is NaN if not observed or not recorded. A
    latent outcome is its posterior mean, and `outcome_sd` a variable.
    """
    data, kept, dims = fit["constant_data"].to_dataset(), "belief_summary" in fit.children, ("event", "person")
    summary = fit["belief_summary"].to_dataset() if kept else belief_summary(model, fit)
    outcome = np.where(around_events(data).recorded, data["outcome"].values, np.nan)
    if "outcome_mean" in summary:
        outcome, summary = summary["outcome_mean"].values, summary.drop_vars("outcome_mean")
    named = data["figure"].values[data["figure_index"].values]
    rows = {"session": data["session"].values, "figure": named, "time": data["time"].values, "outcome": outcome}
    return summary.assign_coords({name: (dims, values) for name, values in rows.items()})


def belief_table(by_row: xr.Dataset) -> pd.DataFrame:
    """Make one line per row of the study's table, in the order of person and session, under the study's own ids.

    Parameters
    ----------
    by_row
        What `beliefs_by_row` returns.

    Returns
    -------
    pd.DataFrame
        Columns person, session, figure, time, outcome (NaN if not observed or not recorded), then NAME and NAME_sd for
        each variable. An answer about a whole session, which is an event of its own at its end, has no line.
    """
    present = by_row["session"].notnull().values.T
    person = np.broadcast_to(by_row["person"].values, by_row["session"].shape)
    columns = {"person": person} | {name: by_row[name].values for name in ("session", "figure", "time", "outcome")}
    columns |= {str(name).removesuffix("_mean"): by_row[name].values for name in by_row.data_vars}
    table = pd.DataFrame({name: values.T[present] for name, values in columns.items()})
    if (table["session"] % 1 == 0).all():
        table["session"] = table["session"].astype(int)
    return table.drop_duplicates(["person", "session", "figure"], ignore_index=True)


BELIEFS = Estimand(
    "beliefs",
    "Beliefs at every event, under the study's own ids",
    lambda model, fit, _: beliefs_by_row(model, fit),
    belief_table,
    "What each person expected, by how much the outcome differed, how much weight this difference had, and which "
    "beliefs followed: regressors for physiology, imaging and mixed models. This file is for the researcher's desk.",
    {name: f"{meaning} ({unit})" for name, (unit, meaning) in MEANINGS.items()}
    | {
        "outcome": "observed outcome, from 0 to 1; blank where none was observed. Where raters rate it, the posterior "
        "mean of the outcome behind their ratings; blank where nobody rated it",
        "NAME_sd": "posterior SD of NAME",
    },
    section="file",
)
