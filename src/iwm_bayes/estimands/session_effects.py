"""How a parameter follows a covariate from session to session: its average at several values of the covariate.

At each value, every session of everyone has that value of the covariate and its own values of all others. The average
over the sessions of each person, and over people, is that of `marginal_effects`: g-computation.
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
from iwm_bayes.estimands.marginal_effects import average, event_level_columns, study_formulas
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import InputError, ModelSpec

N_DRAWS, N_VALUES = 500, 13
REACH = (0.05, 0.95)  # quantiles of a number between which a curve is drawn


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
