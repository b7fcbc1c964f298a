"""Answers that a model predicts for the people of a fit: the groups `posterior_predictive` and `prior_predictive`."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.inference.answers import answer_coordinates
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.simulation.predictive import replicated_answers
from iwm_bayes.types import ModelSpec


def predicted_answers(model: ModelSpec, data: xr.Dataset, draws: xr.Dataset, wanted: int, seed: int) -> xr.Dataset:
    """Simulate the answers of people along the observed events of a study.

    Parameters
    ----------
    model, data
        The model, and the data of its fit.
    draws
        Link-scale draws: the group `unconstrained_posterior` of a fit, or what `prior_draws` returns.
    wanted
        About how many of the draws are taken, evenly spaced.
    seed
        Seed of the random numbers.

    Returns
    -------
    xr.Dataset
        One variable per response, (chain, draw, NAME_obs), in the order of `observed_answers`.
    """
    batches, taken = list(replicated_answers(model, data, draws, wanted, seed)), thin_draws(draws, wanted)
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {name: taken[name].values for name in ("chain", "draw")}
    for name in model.responses:
        recorded = data[f"answer_{name}"].notnull().values
        values = np.concatenate([batch[name][:, recorded] for batch in batches])
        variables[name] = (
            ("chain", "draw", f"{name}_obs"),
            values.reshape(taken.sizes["chain"], taken.sizes["draw"], -1),
        )
        coordinates |= answer_coordinates(data, name)
    return xr.Dataset(variables, coordinates)
