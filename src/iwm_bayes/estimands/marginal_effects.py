"""Average marginal effects of covariates on the natural scale: differences, ratios, and their direction.

A contrast changes one covariate of all people in the fit and leaves the others as they are. It compares the averages of
the parameter that the model implies for such people, with the deviations of person and group at 0. This is
g-computation (Robins, 1986, doi:10.1016/0270-0255(86)90088-6). Categories are compared with each other; a number is
compared with itself plus one SD.
"""

import json
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import common_design, standardised_covariates
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.model.priors import LINKS, FreeParameter, effect_map, figure_names, free_parameters
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec

PRIOR_DRAWS = 4000


def covariate_changes(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield every contrast by name, with the covariates of all people before and after the change."""
    for name in map(str, frame):
        if pd.api.types.is_numeric_dtype(frame[name]):
            yield f"{name} +1 SD", frame, frame.assign(**{name: frame[name] + 1.0})
            continue
        for one, other in combinations(sorted(frame[name].unique()), 2):
            yield f"{name} {other} - {one}", frame.assign(**{name: one}), frame.assign(**{name: other})


def average_over_people(
    free: FreeParameter, mu: xr.DataArray, beta: xr.DataArray, design: pd.DataFrame
) -> xr.DataArray:
    """Average the parameter of people with this design on the natural scale, for each draw."""
    by_person = xr.DataArray(design.to_numpy(float), dims=("person", "coefficient"))
    theta = mu + xr.dot(beta.drop_vars("coefficient"), by_person, dim="coefficient")
    return theta.copy(data=LINKS[free.parameter.support][1](theta.values)).mean("person")


def effects_by_draw(model: ModelSpec, draws: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Compute the difference and the ratio of every contrast of every parameter with a formula, for each draw."""
    formulas, frame = json.loads(data.attrs["formulas"]), standardised_covariates(data)
    effects: dict[str, xr.Dataset] = {}
    for free in free_parameters(model, figure_names(data)):
        if free.name not in formulas:
            continue
        formula, mu = formulas[free.name], draws["mu"].sel(parameter=free.label, drop=True)
        for name, before, after in covariate_changes(frame):
            one, other = common_design(formula, frame, before), common_design(formula, frame, after)
            if np.allclose(one, other):
                continue  # a covariate of another parameter, or a group
            beta = draws["beta"].sel(coefficient=[f"{free.name}: {term}" for term in one])
            low, high = average_over_people(free, mu, beta, one), average_over_people(free, mu, beta, other)
            effects[f"{free.label}: {name}"] = xr.Dataset({"difference": high - low, "ratio": high / low})
    return xr.concat(effects.values(), pd.Index(effects, name="contrast")) if effects else xr.Dataset()


def prior_group_draws(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> xr.Dataset:
    """Draw group means `mu` and coefficients `beta` from the prior, (chain, draw, ...)."""
    generator, shape = np.random.default_rng(seed), (1, PRIOR_DRAWS)
    free = free_parameters(model, figure_names(data))
    labels = [str(label) for label in data["coefficient"].values]
    partial = [parameter for parameter in free if parameter.parameter.pooling == "partial"]
    means, sds = [each.prior_mean for each in free], [each.prior_sd for each in free]
    mu = generator.normal(means, sds, (*shape, len(free)))
    beta = generator.normal(0.0, EFFECT_WIDTH * effect_map(partial, labels).scale, (*shape, len(labels)))
    return xr.Dataset(
        {"mu": (("chain", "draw", "parameter"), mu), "beta": (("chain", "draw", "coefficient"), beta)},
        {"parameter": [each.label for each in free], "coefficient": labels},
    )


def marginal_effects(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Compute the average marginal effects of covariates in a fit; empty for a study without formulas.

    Returns
    -------
    xr.Dataset
        - difference, ratio (chain, draw, contrast): natural scale
        - direction (contrast): probability that the difference is above 0
        - prior (contrast, end): 90% interval of the difference under the prior
    """
    data = fit["constant_data"].to_dataset()
    if "design" not in data:
        return xr.Dataset()
    effects = effects_by_draw(model, fit["unconstrained_posterior"].to_dataset(), data)
    under_prior = effects_by_draw(model, prior_group_draws(model, data), data)["difference"]
    prior = under_prior.quantile([0.05, 0.95], ("chain", "draw")).rename(quantile="end")
    return effects.assign(direction=(effects["difference"] > 0).mean(("chain", "draw")), prior=prior)


def marginal_effect_table(effects: xr.Dataset) -> pd.DataFrame:
    """Make one line per contrast of `marginal_effects`: difference and ratio with 90% intervals, and the prior."""
    lines = []
    for name in effects["contrast"].values if "contrast" in effects else []:
        contrast = effects.sel(contrast=name)
        difference, low, high = median_ci90(contrast["difference"].values)
        ratio, ratio_low, ratio_high = median_ci90(contrast["ratio"].values)
        prior_low, prior_high = map(float, contrast["prior"].values)
        lines.append(
            {
                "contrast": str(name),
                "difference": difference,
                "ci90_low": low,
                "ci90_high": high,
                "p_above_0": float(contrast["direction"]),
                "prior_difference_ci90_low": prior_low,
                "prior_difference_ci90_high": prior_high,
                "ratio": ratio,
                "ratio_ci90_low": ratio_low,
                "ratio_ci90_high": ratio_high,
            }
        )
    return pd.DataFrame(lines)


MARGINAL_EFFECTS = Estimand(
    "marginal_effects",
    "Marginal effects of covariates on the group medians",
    lambda model, fit, _: marginal_effects(model, fit) or None,
    marginal_effect_table,
    "How much higher the average of a parameter would be if one covariate of all people were another, and all others "
    "stayed as they are.",
    {
        "difference": f"difference on the natural scale, with its {CI90}",
        "p_above_0": "posterior probability that the difference is positive",
        "prior_difference": "90% interval of the difference under the prior",
        "ratio": "ratio of the two values that the difference compares",
    },
    section="parameters",
)
