"""What covariates do to people, on the natural scale: differences, ratios and their direction.

A contrast changes one covariate of everyone who was fitted, keeps the others as they are, and compares the averages of
what would be expected of such people (deviations of person and therapist at 0): the average marginal effect of
regression by g-computation (Robins, 1986, doi:10.1016/0270-0255(86)90088-6). Words are compared with the reference,
and with each other; numbers one sd above with what they are.
"""

import json
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas import common_design, standardised_covariates
from iwm_bayes.model.priors import EFFECT_WIDTH, LINKS, FreeParameter, effect_map, figure_names, free_parameters
from iwm_bayes.types import ModelSpec

PRIOR_DRAWS = 4000


def covariate_changes(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Every contrast by name, with everyone before and after the change."""
    for name in map(str, frame):
        if pd.api.types.is_numeric_dtype(frame[name]):
            yield f"{name} +1 sd", frame, frame.assign(**{name: frame[name] + 1.0})
            continue
        for one, other in combinations(sorted(frame[name].unique()), 2):
            yield f"{name} {other} - {one}", frame.assign(**{name: one}), frame.assign(**{name: other})


def average_over_people(
    row: FreeParameter, centre: xr.DataArray, effect: xr.DataArray, design: pd.DataFrame
) -> xr.DataArray:
    """What would be expected of people with this design on the natural scale, averaged over them."""
    said = xr.DataArray(design.to_numpy(float), dims=("person", "coefficient"))
    moved = xr.dot(effect.drop_vars("coefficient"), said, dim="coefficient")
    level = centre + moved
    return level.copy(data=LINKS[row.parameter.support][1](level.values)).mean("person")


def effects_by_draw(model: ModelSpec, draws: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Difference and ratio of every contrast of every parameter with a formula, for each draw."""
    formulas, frame = json.loads(data.attrs["formulas"]), standardised_covariates(data)
    found: dict[str, xr.Dataset] = {}
    for row in free_parameters(model, figure_names(data)):
        if row.name not in formulas:
            continue
        formula, centre = formulas[row.name], draws["mu"].sel(parameter=row.label, drop=True)
        for name, before, after in covariate_changes(frame):
            one, other = common_design(formula, frame, before), common_design(formula, frame, after)
            if np.allclose(one, other):
                continue  # a covariate of another parameter, or a group
            effect = draws["beta"].sel(coefficient=[f"{row.name}: {term}" for term in one])
            low, high = average_over_people(row, centre, effect, one), average_over_people(row, centre, effect, other)
            found[f"{row.label}: {name}"] = xr.Dataset({"difference": high - low, "ratio": high / low})
    return xr.concat(found.values(), pd.Index(found, name="contrast")) if found else xr.Dataset()


def prior_group_draws(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> xr.Dataset:
    """Centres and effects before any data, (chain, draw, ...)."""
    generator, shape = np.random.default_rng(seed), (1, PRIOR_DRAWS)
    placed = free_parameters(model, figure_names(data))
    labels = [str(label) for label in data["coefficient"].values]
    partial = [row for row in placed if row.parameter.pooling == "partial"]
    centre = generator.normal(
        [row.prior_mean for row in placed], [row.prior_sd for row in placed], (*shape, len(placed))
    )
    effect = generator.normal(0.0, EFFECT_WIDTH * effect_map(partial, labels).scale, (*shape, len(labels)))
    return xr.Dataset(
        {"mu": (("chain", "draw", "parameter"), centre), "beta": (("chain", "draw", "coefficient"), effect)},
        {"parameter": [row.label for row in placed], "coefficient": labels},
    )


def marginal_effects(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """What covariates do, from a fit of a study with formulas; empty without any.

    Variables: difference and ratio (chain, draw, contrast) on the natural scale; direction (contrast), the probability
    that the difference is above 0; prior (contrast, end), the 90 % interval of the difference before any data.
    """
    data = fit["data"].to_dataset()
    if "design" not in data:
        return xr.Dataset()
    found = effects_by_draw(model, fit["posterior"].to_dataset(), data)
    before = effects_by_draw(model, prior_group_draws(model, data), data)["difference"]
    prior = before.quantile([0.05, 0.95], ("chain", "draw")).rename(quantile="end")
    return found.assign(direction=(found["difference"] > 0).mean(("chain", "draw")), prior=prior)
