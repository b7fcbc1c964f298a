"""Answers and their log likelihood at each draw: the groups `observed_data` and `log_likelihood` of a fit.

Each response is one variable over its recorded answers alone, with dim `NAME_obs` and coordinates `NAME_person`,
`NAME_session`, `NAME_figure` and `NAME_time`. Answers that people did not give are left out, so that `az.loo`
counts answers. `az.loo` leaves out one answer of a person whose other answers are known, later ones too; to predict the
next session, compare models with `cv="lfo_1"`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import event_array, response_array
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches
from iwm_bayes.types import ModelSpec


def answer_coordinates(data: xr.Dataset, name: str) -> dict[str, tuple[str, np.ndarray]]:
    """Return the coordinates of a response's answers, in the order of events and within an event of people."""
    event, person = np.nonzero(data[f"answer_{name}"].notnull().values)
    values = {
        "person": data["person"].values[person],
        "session": data["session"].values[event, person],
        "figure": data["figure"].values[data["figure_index"].values[event, person]],
        "time": data["time"].values[event, person],
    }
    return {f"{name}_{coordinate}": (f"{name}_obs", column) for coordinate, column in values.items()}


def observed_answers(model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return all recorded answers, one variable per response."""
    answers: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for name in model.responses:
        values = data[f"answer_{name}"].values
        answers[name] = (f"{name}_obs", values[~np.isnan(values)])
        coordinates |= answer_coordinates(data, name)
    return xr.Dataset(answers, coordinates)


def at_answers(grid: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """Return values (event, sample and person) where `answered` (event, person), as (sample, answer)."""
    events, people = answered.shape
    by_sample = grid.reshape(events, -1, people).swapaxes(0, 1)  # (sample, event, person)
    return by_sample.reshape(len(by_sample), events * people)[:, answered.ravel()]


def density_batches(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> Iterator[dict[str, np.ndarray]]:
    """Yield the log likelihood of every recorded answer by response, (sample, answer), in the order (chain, draw).

    Nothing is compiled: draws pass through the filter over arrays, many at a time, each draw of each person as a column
    of its own.
    """
    posterior = posterior[[name for name in ("mu", "theta", "innovation") if name in posterior]]
    figures, people = figure_names(data), data.sizes["person"]
    answered = {name: data[f"answer_{name}"].notnull().values for name in model.responses}
    events, responses = event_array(data), response_array(model, data)
    repeated = np.empty(0)
    for batch in posterior_batches(posterior, posterior.sizes["chain"] * posterior.sizes["draw"], people):
        samples = batch.sizes["sample"]
        if repeated.shape[-1] != samples * people:  # the last batch may have fewer draws
            repeated = np.tile(responses, (1, 1, samples))
        values, experienced = draws_as_people(model, batch, figures, people), events_as_people(model, batch, events)
        terms = likelihood_terms(model, figures, values, experienced, repeated)
        yield {
            name: at_answers(
                response_log_density(model.responses[name].family, arguments, value, recorded), answered[name]
            )
            for name, arguments, value, recorded in terms
        }


def log_likelihood(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Compute the log likelihood of every recorded answer at every draw, (chain, draw, NAME_obs) by response.

    It takes 8 bytes for each answer and draw.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    counts = {name: int(data[f"answer_{name}"].notnull().sum()) for name in model.responses}
    found = {name: np.empty((chains * draws, count)) for name, count in counts.items()}
    last = 0
    for batch in density_batches(model, data, posterior):
        first, last = last, last + len(next(iter(batch.values())))
        for name, by_sample in batch.items():
            found[name][first:last] = by_sample
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {name: posterior[name] for name in ("chain", "draw")}
    for name, by_sample in found.items():
        variables[name] = (("chain", "draw", f"{name}_obs"), by_sample.reshape(chains, draws, -1))
        coordinates |= answer_coordinates(data, name)
    return xr.Dataset(variables, coordinates)


def summed_log_likelihood(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> xr.DataArray:
    """Compute the log likelihood of all recorded answers together at every draw, (chain, draw)."""
    sums = [
        sum(by_sample.sum(axis=1) for by_sample in batch.values()) for batch in density_batches(model, data, posterior)
    ]
    shape = (posterior.sizes["chain"], posterior.sizes["draw"])
    coordinates = {name: posterior[name] for name in ("chain", "draw")}
    return xr.DataArray(np.concatenate(sums).reshape(shape), coordinates, ("chain", "draw"))
