"""Answers and their log likelihood at each draw: the groups `observed_data` and `log_likelihood` of a fit.

Each response is one variable over its recorded answers alone, with dim `NAME_obs` and coordinates `NAME_person`,
`NAME_session`, `NAME_figure` and `NAME_time`. Answers that people did not give are left out, so that `az.loo`
counts answers. `az.loo` leaves out one answer of a person whose other answers are known, later ones too; to predict the
next session, compare models with `cv="lfo_1"`.
"""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.model.compile import compile_response_likelihoods
from iwm_bayes.model.priors import figure_names, free_parameters
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


def log_likelihood(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Compute the log likelihood of every recorded answer at every draw, (chain, draw, NAME_obs) by response.

    It takes 8 bytes for each answer and draw.
    """
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    labels = [free.label for free in free_parameters(model, figure_names(data))]
    values = posterior["theta"].fillna(posterior["mu"]) if "theta" in posterior else posterior["mu"]
    people = xr.DataArray(np.zeros(data.sizes["person"]), dims="person")
    theta = (values + people).sel(parameter=labels).transpose("chain", "draw", "parameter", "person")
    function = compile_response_likelihoods(model, data)
    recorded = [data[f"answer_{name}"].notnull().values for name in model.responses]
    by_draw = [function(one) for one in theta.values.reshape(-1, *theta.shape[2:])]
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {name: posterior[name] for name in ("chain", "draw")}
    for index, (name, kept) in enumerate(zip(model.responses, recorded, strict=True)):
        values_at_draws = np.array([terms[index][kept] for terms in by_draw])
        variables[name] = (("chain", "draw", f"{name}_obs"), values_at_draws.reshape(*theta.shape[:2], -1))
        coordinates |= answer_coordinates(data, name)
    return xr.Dataset(variables, coordinates)


def with_log_likelihood(model: ModelSpec, fit: xr.DataTree) -> xr.DataTree:
    """Return a fit with the group `log_likelihood`, for `az.loo(fit, var_name=RESPONSE)` and `az.compare`."""
    longer = fit.copy()
    longer["log_likelihood"] = xr.DataTree(log_likelihood(model, fit))
    return longer
