"""Average marginal effects of covariates on the natural scale: differences, ratios, and their direction.

A contrast changes one covariate of all people in the fit and leaves the others as they are. It compares the averages of
the parameter that the model implies for such people, with the deviations of person and group at 0. This is
g-computation (Robins, 1986, doi:10.1016/0270-0255(86)90088-6). Categories are compared with each other; a number is
compared with itself plus one SD.

Where a formula has covariates that change from session to session, the parameter has a value at each event. A contrast
then changes a covariate at all events, and averages over the events of each person and over people. A parameter that
differs between waves is taken at its mean over waves, on the link scale.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import common_design, names_in, standardised_covariates
from iwm_bayes.data.formulas.effects import effects_of
from iwm_bayes.data.formulas.event_design import (
    event_columns,
    event_frame,
    session_covariates,
    standardised_events,
)
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.model.priors import LINKS, FreeParameter, effect_map, figure_names, free_parameters
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec

PRIOR_DRAWS = 4000
MAX_NUMBERS = 5_000_000  # in memory at once, over draws and events


def covariate_changes(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Yield every contrast by name, with the covariates of all people before and after the change."""
    for name in map(str, frame):
        if pd.api.types.is_numeric_dtype(frame[name]):
            yield f"{name} +1 SD", frame, frame.assign(**{name: frame[name] + 1.0})
            continue
        for one, other in combinations(sorted(frame[name].unique()), 2):
            yield f"{name} {other} - {one}", frame.assign(**{name: one}), frame.assign(**{name: other})


class Columns(NamedTuple):
    """The design columns of a formula for all people, or all of their events: (row, coefficient)."""

    of_people: pd.DataFrame  # labelled by term
    of_events: pd.DataFrame  # labelled by event term; empty where no covariate changes from session to session
    weight: np.ndarray  # (row,), sums to 1


def person_columns(formula: str, frame: pd.DataFrame, new: pd.DataFrame) -> Columns:
    """Return the columns for everyone, where no covariate of a formula changes from session to session."""
    columns = common_design(formula, frame, new)
    return Columns(columns, pd.DataFrame(index=columns.index), np.full(len(new), 1.0 / len(new)))


def event_level_columns(formula: str, people: pd.DataFrame, frame: pd.DataFrame, new: pd.DataFrame) -> Columns:
    """Return the columns at the events of `new`; both frames are of `standardised_events`."""
    names = [str(name) for name in frame if name not in people]
    own = new.groupby(level="person").first()[list(people)]
    place, count = np.unique(new.index.get_level_values("person"), return_inverse=True, return_counts=True)[1:]
    of_people = common_design(formula, people, own).iloc[place]
    return Columns(of_people, event_columns(formula, frame, names, new), 1.0 / (count[place] * len(count)))


def average(free: FreeParameter, draws: xr.Dataset, columns: Columns, effects: Mapping[str, str]) -> xr.DataArray:
    """Average a parameter on the natural scale over people or their events, for each draw.

    `effects` are the names of effects on the parameter by event term.
    """
    mu, shape = draws["mu"].transpose("chain", "draw", "parameter"), draws["mu"].isel(parameter=0, drop=True)
    labels = [f"{free.name}: {term}" for term in columns.of_people]
    of_people = (
        [draws["beta"].sel(coefficient=labels).transpose("chain", "draw", "coefficient").values] if labels else []
    )
    of_events = mu.sel(parameter=[effects[str(term)] for term in columns.of_events]).values
    coefficients = np.concatenate([mu.sel(parameter=[free.label]).values, *of_people, of_events], axis=-1)
    flat = coefficients.reshape(-1, coefficients.shape[-1])
    design = np.column_stack([np.ones(len(columns.weight)), columns.of_people, columns.of_events]).astype(float)
    rows, place = np.unique(design, axis=0, return_inverse=True)  # many events are alike
    weight = np.bincount(place.ravel(), columns.weight)
    unlink, step = LINKS[free.parameter.support][1], max(1, MAX_NUMBERS // len(rows))
    parts = [unlink(flat[first : first + step] @ rows.T) @ weight for first in range(0, len(flat), step)]
    return shape.copy(data=np.concatenate(parts).reshape(shape.shape))


def formula_changes(formula: str, data: xr.Dataset) -> Iterator[tuple[str, Columns, Columns]]:
    """Yield every contrast of a formula by name, with the columns before and after the change."""
    people = standardised_covariates(data)
    if not names_in(formula) & set(session_covariates(data)):
        for name, before, after in covariate_changes(people):
            yield name, person_columns(formula, people, before), person_columns(formula, people, after)
        return
    raw = event_frame(data)
    frame = standardised_events(data, raw)
    own = [name for name in frame if name in names_in(formula)]
    recorded = frame[raw[own].notna().all(axis=1)]
    for name, before, after in covariate_changes(recorded[own]):
        one, other = (recorded.assign(**{str(key): changed[key] for key in changed}) for changed in (before, after))
        columns = (event_level_columns(formula, people, frame, new) for new in (one, other))
        yield name, next(columns), next(columns)


def study_formulas(data: xr.Dataset) -> dict[str, str]:
    """Return the formulas of a study by full name of the parameter."""
    return dict(json.loads(data.attrs.get("formulas", "{}")))


def effects_by_draw(model: ModelSpec, draws: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Compute the difference and the ratio of every contrast of every parameter with a formula, for each draw."""
    formulas = study_formulas(data)
    effects: dict[str, xr.Dataset] = {}
    for free in free_parameters(model, figure_names(data)):
        if free.name not in formulas:
            continue
        own = {each.term: each.name for each in model.event_effects if each.parameter == free.name}
        for name, before, after in formula_changes(formulas[free.name], data):
            if np.allclose(before.of_people, after.of_people) and np.allclose(before.of_events, after.of_events):
                continue  # a covariate of another parameter, or a group
            low, high = (average(free, draws, columns, own) for columns in (before, after))
            effects[f"{free.label}: {name}"] = xr.Dataset({"difference": high - low, "ratio": high / low})
    return xr.concat(effects.values(), pd.Index(effects, name="contrast")) if effects else xr.Dataset()


def has_covariates(data: xr.Dataset) -> bool:
    """Return whether a parameter depends on covariates, of people or of sessions."""
    return "design" in data or bool(effects_of(data))


def prior_group_draws(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> xr.Dataset:
    """Draw group means `mu` and coefficients `beta` from the prior, (chain, draw, ...)."""
    generator, shape = np.random.default_rng(seed), (1, PRIOR_DRAWS)
    free = free_parameters(model, figure_names(data))
    labels = [str(label) for label in data["coefficient"].values] if "coefficient" in data.coords else []
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
    if not has_covariates(data):
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


def marginal_effect_answers(effects: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the difference of each contrast at every draw."""
    names = map(str, effects["contrast"].values if "contrast" in effects else [])
    return {f"difference ({name})": effects["difference"].sel(contrast=name, drop=True) for name in names}


MARGINAL_EFFECTS = Estimand(
    "marginal_effects",
    "Marginal effects of covariates on the group medians",
    lambda model, fit, _: marginal_effects(model, fit) or None,
    marginal_effect_table,
    "How much higher the average of a parameter would be if one covariate of all people were another, and all others "
    "stayed as they are. Where a covariate changes from session to session, the average is over sessions and people. "
    "Where a parameter differs between waves, this is about its mean over waves on the link scale.",
    {
        "difference": f"difference on the natural scale, with its {CI90}",
        "p_above_0": "posterior probability that the difference is positive",
        "prior_difference": "90% interval of the difference under the prior",
        "ratio": "ratio of the two values that the difference compares",
    },
    section="parameters",
    answers=marginal_effect_answers,
    about="both",
)
