"""What plots of covariates show.

A difference between groups: its posterior with its prior, and the people of each group. A covariate that changes from
session to session: the average of a parameter at several values of it. At each value, every session of everyone has
that value and its own values of all other covariates, as in `marginal_effects`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import names_in, standardised_covariates
from iwm_bayes.data.formulas.event_design import (
    covariate_scale,
    event_frame,
    session_covariates,
    standardised_events,
)
from iwm_bayes.estimands.attachment_space import pseudonym_order
from iwm_bayes.estimands.marginal_effects import (
    average,
    effects_by_draw,
    event_level_columns,
    marginal_effects,
    prior_group_draws,
    study_formulas,
)
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import InputError, ModelSpec

N_DRAWS, N_VALUES = 500, 13
REACH = (0.05, 0.95)  # quantiles of a number between which a curve is drawn


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


def session_effects(model: ModelSpec, data: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield every parameter that changes from session to session, by label, with each covariate that changes it."""
    formulas, changing = study_formulas(data), session_covariates(data)
    for free in free_parameters(model, figure_names(data)):
        for name in changing if any(each.parameter == free.name for each in model.event_effects) else ():
            if name in names_in(formulas[free.name]):
                yield free.label, name


def session_effect_data(model: ModelSpec, fit: xr.DataTree, parameter: str, covariate: str) -> xr.Dataset:
    """Return the average of a parameter at several values of a covariate that changes from session to session.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    parameter, covariate
        One of the pairs of `session_effects`.

    Returns
    -------
    xr.Dataset
        - median, ci90_low, ci90_high (at): natural scale
        - at: the covariate, in its own units, or a category

    Raises
    ------
    InputError
        If the fit has no such effect.
    """
    data = fit["constant_data"].to_dataset()
    known = list(session_effects(model, data))
    if (parameter, covariate) not in known:
        pairs = "; ".join(f"{own} and {other}" for own, other in known) or "none"
        raise InputError(
            [f"there is no effect of {covariate!r} on {parameter!r} from session to session. It has {pairs}"]
        )
    [free] = [each for each in free_parameters(model, figure_names(data)) if each.label == parameter]
    formula, effects = (
        study_formulas(data)[free.name],
        {e.term: e.name for e in model.event_effects if e.parameter == free.name},
    )
    raw, people = event_frame(data), standardised_covariates(data)
    frame = standardised_events(data, raw)
    own = [name for name in frame if name in names_in(formula)]
    recorded, values = frame[raw[own].notna().all(axis=1)], covariate_values_of(frame, covariate)
    draws = thin_draws(fit["unconstrained_posterior"].to_dataset(), N_DRAWS)
    at_value = [
        average(
            free, draws, event_level_columns(formula, people, frame, recorded.assign(**{covariate: value})), effects
        )
        for value in values
    ]
    mean, sd = covariate_scale(data, covariate) or (0.0, 1.0)
    shown = values * sd + mean if values.dtype.kind == "f" else values
    levels = np.quantile(np.stack([each.values.ravel() for each in at_value], axis=1), [0.5, 0.05, 0.95], axis=0)
    return xr.Dataset(
        {name: ("at", each) for name, each in zip(("median", "ci90_low", "ci90_high"), levels, strict=True)},
        {"at": shown},
        {"parameter": parameter, "covariate": covariate},
    )


def covariate_values_of(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return the values at which a curve is drawn: numbers between the 5% and the 95% quantile, or all categories."""
    if frame[name].dtype.kind == "f":
        low, high = (float(frame[name].quantile(level)) for level in REACH)
        return np.linspace(low, high, N_VALUES)
    return np.array(sorted(frame[name].unique()), dtype=object)
