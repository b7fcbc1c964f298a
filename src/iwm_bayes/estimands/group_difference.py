"""What a plot of a group difference shows: its posterior with its prior, and the people of each group."""

import numpy as np
import xarray as xr

from iwm_bayes.data.formulas.design import standardised_covariates
from iwm_bayes.estimands.attachment_space import pseudonym_order
from iwm_bayes.estimands.marginal_effects import effects_by_draw, marginal_effects, prior_group_draws
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.types import InputError, ModelSpec


def contrast_names(model: ModelSpec, fit: xr.DataTree) -> list[str]:
    """Return the contrasts of people in a fit, such as "availability_rate: arm therapy - waiting".

    There are none without covariates of people.
    """
    data = fit["constant_data"].to_dataset()
    if "design" not in data:
        return []
    effects = effects_by_draw(model, fit["unconstrained_posterior"].to_dataset().isel(draw=slice(1)), data)
    of_people = standardised_covariates(data)
    names = map(str, effects["contrast"].values) if "contrast" in effects else ()
    changed = {name: name.partition(": ")[2] for name in names}
    return [name for name, change in changed.items() if any(change.startswith(f"{each} ") for each in of_people)]


def covariate_of(contrast: str, names: list[str]) -> tuple[str, str]:
    """Return the parameter and the covariate of a contrast; `names` are those of covariates."""
    parameter, _, change = contrast.partition(": ")
    return parameter, max((name for name in names if change.startswith(f"{name} ")), key=len)


def person_levels(model: ModelSpec, fit: xr.DataTree, label: str) -> dict[str, np.ndarray]:
    """Compute everyone's median and 90% CrI of a parameter, natural scale, (person,) in the order of the data."""
    figures = figure_names(fit["constant_data"].to_dataset())
    [free] = [each for each in free_parameters(model, figures) if each.label == label]
    theta = fit["unconstrained_posterior"]["theta"].sel(parameter=label).transpose("chain", "draw", "person").values
    levels = LINKS[free.parameter.support][1](np.quantile(theta, [0.5, 0.05, 0.95], axis=(0, 1)))
    return dict(zip(("median", "ci90_low", "ci90_high"), levels, strict=True))


def group_difference_data(model: ModelSpec, fit: xr.DataTree, contrast: str | None = None) -> xr.Dataset:
    """Return the posterior of a contrast with its prior, and everyone's parameter by group.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    contrast
        One of `contrast_names`; the first by default.

    Returns
    -------
    xr.Dataset
        Empty in a study without formulas. People are in the order of their pseudonyms.

        - difference (chain, draw): posterior of the average marginal effect, natural scale
        - prior_difference (prior_draw): the same under the prior
        - median, ci90_low, ci90_high (person): the person's parameter, natural scale
        - group (person): the covariate: a category, or a number in SDs from its mean

    Raises
    ------
    InputError
        If there is no such contrast.
    """
    names, data = contrast_names(model, fit), fit["constant_data"].to_dataset()
    if not names:
        return xr.Dataset()
    if contrast is not None and contrast not in names:
        raise InputError([f"there is no contrast {contrast!r} in this fit. It has {'; '.join(names)}"])
    chosen, frame = contrast or names[0], standardised_covariates(data)
    label, covariate = covariate_of(chosen, [str(name) for name in frame])
    difference = marginal_effects(model, fit)["difference"].sel(contrast=chosen, drop=True)
    prior = effects_by_draw(model, prior_group_draws(model, data), data)["difference"].sel(contrast=chosen, drop=True)
    order, people = pseudonym_order(data["person"].values)
    return xr.Dataset(
        {
            "difference": difference.transpose("chain", "draw"),
            "prior_difference": ("prior_draw", prior.values.ravel()),
            **{name: ("person", values[order]) for name, values in person_levels(model, fit, label).items()},
            "group": ("person", frame[covariate].to_numpy()[order]),
        },
        {"person": people},
        {"contrast": chosen, "parameter": label, "covariate": covariate},
    )
