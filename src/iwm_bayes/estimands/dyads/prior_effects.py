"""Actor and partner effects under the prior: their size, and which of them a model assumes to be above 0.

A sensitivity above 0 and a learning rate from 0 to 1 leave an effect no other sign. So the data say how large it is,
and not whether there is one. The supports of the parameters decide this: an effect is above 0 by assumption if it is so
in draws from the prior in which every parameter that may lie on either side of 0 has either sign.
"""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.effect_batches import effect_batches
from iwm_bayes.estimands.dyads.effect_paths import EFFECTS
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.types import ModelSpec

PRIOR_DRAWS = 200
EITHER_SIGN_DRAWS = 40  # that one parameter has the same sign in all of them has the probability 2e-12
ROUNDING = 1e-9  # of a derivative


def effects_of(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> xr.DataArray:
    """Return the effects of the dyads of a data set in draws of their parameters, (role, effect, sample, person)."""
    batches = list(effect_batches(model, data, posterior, posterior.sizes["draw"]))
    coordinates = {"role": list(model.members), "effect": list(EFFECTS)}
    return xr.DataArray(np.concatenate(batches, axis=2), coordinates, ("role", "effect", "sample", "person"))


def prior_intervals(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> xr.DataArray:
    """Return the 90% interval of every effect under the prior, mean of the dyads, (role, effect, end)."""
    effects = effects_of(model, data, prior_draws(model, data, PRIOR_DRAWS, seed)).mean("person")
    return (
        effects.quantile([0.05, 0.95], "sample", skipna=False).rename(quantile="end").transpose("role", "effect", "end")
    )


def with_either_sign(model: ModelSpec, data: xr.Dataset, draws: xr.Dataset, seed: int) -> xr.Dataset:
    """Return draws in which every parameter that may lie on either side of 0 has a sign at random."""
    free = free_parameters(model, figure_names(data))
    real = xr.DataArray([one.parameter.support == "real" for one in free], {"parameter": [one.label for one in free]})
    shape = (draws.sizes["draw"], len(free))
    signs = xr.DataArray(
        np.random.default_rng(seed).choice([-1.0, 1.0], shape),
        {"draw": draws["draw"], "parameter": real["parameter"]},
        ("draw", "parameter"),
    ).where(real, 1.0)
    return draws.assign({name: abs(draws[name]).where(real, draws[name]) * signs for name in ("mu", "theta")})


def above_0_by_assumption(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> xr.DataArray:
    """Return which effects a model assumes to be above 0, (role, effect); False for an effect that there is not."""
    draws = with_either_sign(model, data, prior_draws(model, data, EITHER_SIGN_DRAWS, seed), seed)
    effects = effects_of(model, data, draws)
    dims = ("sample", "person")
    return (effects > ROUNDING).any(dims) & ~(effects < -ROUNDING).any(dims)
