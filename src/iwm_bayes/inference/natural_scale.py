"""Draws on the natural scale, one variable per parameter under its own name.

`model.natural_names` says which variables there are. Link-scale draws come in, in the form of the group
`unconstrained_posterior` of a fit; whether they are posterior or prior draws makes no difference.
"""

from typing import Any

import xarray as xr

from iwm_bayes.model.natural_names import SOURCE_DIMS, NaturalVariable, natural_variables
from iwm_bayes.model.priors import LINKS
from iwm_bayes.types import ModelSpec

LINK_SCALE = {  # of the variables of `unconstrained_posterior`
    "mu": "group mean, on the link scale of each parameter",
    "sigma": "between-person SD, on the link scale of each parameter",
    "theta": "person-level parameter, on the link scale of each parameter",
    "beta": "effect of a covariate on a group mean, on the link scale of its parameter",
    "sigma_u": "SD between the levels of a group, on the link scale of its parameter",
    "u": "deviation of a level of a group, on the link scale of its parameter",
    "innovation": "standard normal number by which a belief moves by itself between events",
    "correlation": "correlation between people of two person-level parameters, on their link scales",
}


def natural_draws(variable: NaturalVariable, draws: xr.Dataset) -> xr.DataArray:
    """Return one variable on the natural scale (chain, draw, ...) from link-scale draws."""
    chosen = draws[variable.source].sel({SOURCE_DIMS[variable.source]: variable.labels})
    values = LINKS[variable.support][1](chosen.transpose("chain", "draw", *variable.dims).values)
    coords: Any = {"chain": draws["chain"], "draw": draws["draw"], **variable.coords}
    attributes = {"long_name": variable.meaning, "units": variable.unit, "link": variable.link}
    return xr.DataArray(values, coords, ("chain", "draw", *variable.dims), variable.name, attributes)


def on_natural_scale(model: ModelSpec, data: xr.Dataset, draws: xr.Dataset) -> xr.Dataset:
    """Return link-scale draws on the natural scale, one variable per parameter under its own name.

    Parameters
    ----------
    model, data
        The model, and the data of its fit.
    draws
        Link-scale draws: the group `unconstrained_posterior` of a fit, or what `prior_draws` returns.

    Returns
    -------
    xr.Dataset
        Variables (chain, draw, ...) as in `model.natural_names`, each with `long_name`, `units` and the `link` of its
        parameter as attributes.
    """
    return xr.Dataset({variable.name: natural_draws(variable, draws) for variable in natural_variables(model, data)})


def described(draws: xr.Dataset) -> xr.Dataset:
    """Return link-scale draws with a `long_name` and the units of each variable."""
    units = {"units": "link scale of each parameter: log-odds, log, or the parameter's own"}
    scaled = {name: values.assign_attrs({"long_name": LINK_SCALE[str(name)]} | units) for name, values in draws.items()}
    if "correlation" in scaled:
        scaled["correlation"].attrs["units"] = "1"
    return draws.assign(scaled)
