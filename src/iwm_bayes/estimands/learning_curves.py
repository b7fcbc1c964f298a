"""Learning curves: answers by session, of the group and of people, with their posterior predictive distribution.

Predictions are those that the fit stores in its group `posterior_predictive`: answers of the same people along the
sessions that they experienced.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.estimands.attachment_space import pseudonym_order
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.trajectories import session_answers, session_events
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.types import InputError, ModelSpec

N_DRAWS = 200  # of answers, where a fit stores none
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles of predictive bands
COMMON = 0.8  # share of people who have a rupture in the same session, from which it is part of the schedule


def plotted_responses(model: ModelSpec) -> list[str]:
    """Return the responses that have a mean: all but the choice of a figure."""
    return [name for name, response in model.responses.items() if response.effect != "chooses"]


def stored_predictions(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Return the group `posterior_predictive` of a fit, (sample, NAME_obs); simulated where the fit has none."""
    if "posterior_predictive" in fit.children:
        stored = fit["posterior_predictive"].to_dataset()
    else:
        data, draws = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
        stored = predicted_answers(model, data, draws, N_DRAWS, 1)
    return stored.stack(sample=("chain", "draw"))


def predictions_by_session(data: xr.Dataset, name: str, predicted: xr.DataArray, figure: str) -> np.ndarray:
    """Arrange predicted answers (sample, NAME_obs) by session with a figure, (sample, session, person).

    They are NaN where there was no answer, as is the answer.
    """
    is_session = session_mask(data, figure)
    event, person = np.nonzero(data[f"answer_{name}"].notnull().values)  # the order of NAME_obs
    own = is_session[event, person]
    session = (is_session.cumsum(axis=0) - 1)[event, person]
    values = predicted.transpose("sample", ...).values
    by_session = np.full((len(values), max(int(is_session.sum(axis=0).max()), 1), data.sizes["person"]), np.nan)
    by_session[:, session[own], person[own]] = values[:, own]
    return by_session


def is_binary(values: np.ndarray) -> bool:
    """Return whether all answers that are given are 0 or 1."""
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool(np.isin(known, (0.0, 1.0)).all())


def predictive_bands(predicted: np.ndarray, of_people: bool) -> np.ndarray:
    """Compute quantiles of predicted answers by session, (session, level); NaN where nobody answered.

    They are quantiles of single answers (`of_people`), or of the mean answer of the group.
    """
    bands = np.full((predicted.shape[1], len(LEVELS)), np.nan)
    answered = ~np.isnan(predicted[0])
    for session in np.flatnonzero(answered.any(axis=1)):
        answers = predicted[:, session, answered[session]]
        bands[session] = np.quantile(answers if of_people else answers.mean(axis=1), LEVELS)
    return bands


def mean_and_prediction(observed: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean answer by session, and the median over draws of the predicted mean, (session,) each."""
    mean, middle = np.full((2, len(observed)), np.nan)
    answered = ~np.isnan(observed)
    for session in np.flatnonzero(answered.any(axis=1)):
        mean[session] = observed[session, answered[session]].mean()
        middle[session] = np.median(predicted[:, session, answered[session]].mean(axis=1))
    return mean, middle


def highest_level(model: ModelSpec, name: str) -> float:
    """Return the upper end of the scale of a response: 1, or the number of levels without the lowest."""
    family = model.responses[name].family
    return float(family.levels - 1) if family.discrete else 1.0


def learning_curves_data(model: ModelSpec, fit: xr.DataTree, figure: str) -> xr.Dataset:
    """Return answers by session with a figure, and their posterior predictive distribution.

    Returns
    -------
    xr.Dataset
        Empty where no answer was given in a session with the figure. People are in the order of their pseudonyms.

        - observed (response, session, person): answers
        - observed_mean (response, session): mean of the people who answered
        - predicted_mean (response, session): median over draws of the predicted mean of these people
        - predicted (response, session, level): quantiles of predicted answers; of an answer of 0 or 1, those of the
          predicted mean
        - is_proportion (response): whether all answers are 0 or 1, so that the mean is a proportion
        - highest (response): upper end of the scale; the lower end is 0
        - rupture_share (session): share of people with a rupture, among those whose outcome was observed
    """
    data, predictions = fit["constant_data"].to_dataset(), stored_predictions(model, fit)
    names = [
        name for name in plotted_responses(model) if np.isfinite(session_answers(data, [name], figure)["answer"]).any()
    ]
    if not names:
        return xr.Dataset()
    observed = session_answers(data, names, figure)["answer"].values
    predicted = [predictions_by_session(data, name, predictions[name], figure) for name in names]
    proportions = [is_binary(own) for own in observed]
    means, middles = zip(*map(mean_and_prediction, observed, predicted), strict=True)
    bands = [predictive_bands(own, not binary) for own, binary in zip(predicted, proportions, strict=True)]
    events, (order, people) = session_events(data, figure), pseudonym_order(data["person"].values)
    known = events["outcome"].notnull().sum("person").values
    rupture = events["rupture"].where(events["outcome"].notnull()).sum("person").values
    by_session = ("response", "session")
    return xr.Dataset(
        {
            "observed": ((*by_session, "person"), observed[..., order]),
            "observed_mean": (by_session, np.array(means)),
            "predicted_mean": (by_session, np.array(middles)),
            "predicted": ((*by_session, "level"), np.array(bands)),
            "is_proportion": ("response", proportions),
            "highest": ("response", [highest_level(model, name) for name in names]),
            "rupture_share": ("session", np.where(known > 0, rupture / np.maximum(known, 1), np.nan)),
        },
        {"response": names, "session": events["session"].values, "person": people, "level": list(LEVELS)},
        {"figure": figure},
    )


def first_rating(model: ModelSpec) -> str:
    """Return the first response on a continuous scale; the first of all where there is none."""
    names = plotted_responses(model)
    return next((name for name in names if not model.responses[name].family.discrete), names[0])


def chosen_people(data: xr.Dataset, people: int | Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return the first so many people in the order of their pseudonyms, or those with some ids of the study.

    InputError lists every id that is not in the fit.
    """
    order, names = pseudonym_order(data["person"].values)
    if isinstance(people, int):
        return order[:people], names[:people]
    ids = data["person"].values.astype(str)
    if unknown := [str(person) for person in people if str(person) not in ids]:
        raise InputError([f"there is no person {person!r} in this fit" for person in unknown])
    is_chosen = np.isin(ids[order], [str(person) for person in people])
    return order[is_chosen], [name for name, chosen in zip(names, is_chosen, strict=True) if chosen]


def individual_fits_data(
    model: ModelSpec, fit: xr.DataTree, figure: str, response: str | None = None, people: int | Sequence[str] = 18
) -> xr.Dataset:
    """Return the answers of some people by session with a figure, and their posterior predictive distribution.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    figure
        The figure whose sessions count.
    response
        Name of the response; by default the first on a continuous scale.
    people
        How many people, in the order of their pseudonyms, or their ids in the study.

    Returns
    -------
    xr.Dataset
        Empty where no answer was given in a session with the figure. The attribute `people` is their number in all,
        and `highest` the upper end of the scale; the lower end is 0.

        - observed (session, person): answers
        - low, median, high (session, person): 5%, 50% and 95% quantiles of predicted answers
        - unresponsive (session, person): whether the outcome was observed and a rupture
        - r (person): correlation of observed answers and the medians of predicted ones; NaN if one of them is constant

    Raises
    ------
    InputError
        If there is no such response or person.
    """
    data, name = fit["constant_data"].to_dataset(), response or first_rating(model)
    if name not in model.responses:
        raise InputError([f"there is no response {name!r} in this fit. It has {', '.join(model.responses)}"])
    observed = session_answers(data, [name], figure)["answer"].values[0]
    if not np.isfinite(observed).any():
        return xr.Dataset()
    order, names = chosen_people(data, people)
    predicted = predictions_by_session(data, name, stored_predictions(model, fit)[name], figure)[:, :, order]
    given, events, dims = observed[:, order], session_events(data, figure), ("session", "person")
    low, median, high = predicted_levels(given, predicted)
    r = [correlation(*pair) for pair in zip(given.T, median.T, strict=True)]
    levels = {"observed": given, "low": low, "median": median, "high": high}
    about = {"figure": figure, "response": name, "people": data.sizes["person"], "highest": highest_level(model, name)}
    return xr.Dataset(
        {level: (dims, values) for level, values in levels.items()}
        | {"unresponsive": (dims, events["rupture"].transpose(*dims).values[:, order] > 0), "r": ("person", r)},
        {"session": events["session"].values, "person": names},
        about,
    )


def predicted_levels(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Compute the 5%, 50% and 95% quantiles of predicted answers (sample, session, person), (3, session, person).

    They are NaN where nothing is `observed`.
    """
    answered = np.isfinite(observed)
    quantiles = np.quantile(np.where(answered, predicted, 0.0), [0.05, 0.5, 0.95], axis=0)
    return np.where(answered, quantiles, np.nan)


def correlation(observed: np.ndarray, predicted: np.ndarray) -> float:
    """Compute the correlation of two arrays (session,) where both are known; NaN if one is constant or short."""
    known = np.isfinite(observed) & np.isfinite(predicted)
    one, other = observed[known], predicted[known]
    if len(one) < 3 or np.ptp(one) == 0.0 or np.ptp(other) == 0.0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
