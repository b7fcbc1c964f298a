"""Trajectories: beliefs, events and responses by session, computed from the draws of a fit.

A *trajectory* is a Dataset of one person or of the group. Session 0 is the initial belief.

    low, middle, high           (belief, session)      90% CrI and median of a belief after each session
    outcome                     (session)              NaN where none was observed; of the group: the mean
    rupture, repair             (session)              of a person: the outcome, NaN if it was none; of the group:
                                                       the share of people
    answer                      (response, session)    observed response; of the group: the mean
    predicted, predicted_low, predicted_high (same)    posterior predictive mean and 90% interval
    people                      (session)              number of people present
    mean, covariance            (session, belief, ...) of availability and self-worth, over draws

Sessions are those with one figure; `estimands.security.criterion` defines ruptures and repairs. Values of the group are
means over people within every draw.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.belief_paths import belief_path_batches, session_mask
from iwm_bayes.estimands.security.criterion import BeliefPath, ruptures_and_repairs
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.care import Care
from iwm_bayes.simulation.predictive import replicated_answers
from iwm_bayes.types import GENERALISED, ModelSpec

N_DRAWS = 400  # the ends of a 90% CrI are then known to about a tenth of a posterior SD
ELLIPSE_RADIUS = np.sqrt(
    -2.0 * np.log(0.1)
)  # of the ellipse that contains 90% of a standard Gaussian in two dimensions
GROUP, PERSON = "group", "person"  # what a trajectory is about, in its attribute `about`


def align_by_session(values: np.ndarray, is_session: np.ndarray) -> np.ndarray:
    """Select the events that are sessions, in order.

    Parameters
    ----------
    values
        (..., event, person).
    is_session
        Which events are sessions, (event, person).

    Returns
    -------
    np.ndarray
        (..., session, person); NaN after a person's last session.
    """
    order = np.argsort(~is_session, axis=0, kind="stable")[: max(int(is_session.sum(axis=0).max()), 1)]
    has_session = np.take_along_axis(is_session, order, axis=0)
    aligned = np.take_along_axis(values, np.broadcast_to(order, (*values.shape[:-2], *order.shape)), axis=-2)
    return np.where(has_session, aligned, np.nan)


def belief_array(path: BeliefPath, people: int, with_initial: bool) -> np.ndarray:
    """Return availability and self-worth of a path, (belief, draw, session, person).

    The first session is the initial belief if `with_initial`. Self-worth is NaN in a model without it.
    """
    beliefs = []
    for before, after in ((path.availability_before, path.availability), (path.worth_before, path.worth)):
        by_session = np.concatenate([before[:1], np.where(path.is_session, after, np.nan)]) if with_initial else after
        beliefs.append(by_session.reshape(len(by_session), -1, people).swapaxes(0, 1))
    stacked = np.stack(beliefs)
    return np.where(np.isinf(stacked), np.nan, stacked)


def as_beliefs(batches: list[np.ndarray], fit: xr.DataTree, first: int) -> xr.DataArray:
    """Join batches of draws, (belief, sample, session, person); a belief that the model lacks is left out.

    `first` is the number of the first session.
    """
    draws = np.concatenate(batches, axis=1)
    coordinates = {
        "belief": ["availability", "worth"],
        "session": np.arange(first, first + draws.shape[2]),
        "person": fit["constant_data"]["person"].values,
    }
    return xr.DataArray(draws, coordinates, ("belief", "sample", "session", "person")).dropna("belief", how="all")


def person_beliefs(model: ModelSpec, fit: xr.DataTree, figure: str, draws: int = N_DRAWS) -> xr.DataArray:
    """Compute everyone's beliefs after each session with a figure, (belief, sample, session, person).

    Session 0 is the initial belief.
    """
    people = fit["constant_data"].sizes["person"]
    batches = [
        belief_array(batch.observed_path(), people, True) for batch in belief_path_batches(model, fit, draws, figure)
    ]
    return as_beliefs(batches, fit, 0)


def forecast_beliefs(
    model: ModelSpec, fit: xr.DataTree, figure: str, care: Care, sessions: int, draws: int = N_DRAWS, seed: int = 1
) -> xr.DataArray:
    """Simulate everyone's beliefs in further sessions with a figure, (belief, sample, session, person).

    `care` is the care schedule of the further sessions, which are numbered from 1.
    """
    people, generator = fit["constant_data"].sizes["person"], np.random.default_rng(seed)
    batches = [
        belief_array(batch.forecast(care, sessions, generator), people, False)
        for batch in belief_path_batches(model, fit, draws, figure)
    ]
    return as_beliefs(batches, fit, 1)


def session_answers(data: xr.Dataset, names: Sequence[str], figure: str) -> xr.Dataset:
    """Return the observed responses at each session with a figure: `answer` (response, session, person)."""
    is_session = session_mask(data, figure)
    answer = np.stack([align_by_session(data[f"answer_{name}"].values.astype(float), is_session) for name in names])
    coordinates = {"response": list(names), "session": np.arange(1, answer.shape[1] + 1)}
    return xr.Dataset(
        {"answer": (("response", "session", "person"), answer)}, coordinates | {"person": data["person"].values}
    )


def answers_and_predictions(
    model: ModelSpec, fit: xr.DataTree, figure: str, draws: int = 200, seed: int = 1
) -> xr.Dataset:
    """Return observed responses and draws of their posterior predictive distribution, by session with a figure.

    Variables are `answer` (response, session, person) and `predicted` (response, sample, session, person).
    """
    data = fit["constant_data"].to_dataset()
    is_session, names = session_mask(data, figure), list(model.responses)
    batches = [
        np.stack([align_by_session(batch[name], is_session) for name in names])
        for batch in replicated_answers(model, data, fit["unconstrained_posterior"].to_dataset(), draws, seed)
    ]
    predicted = np.concatenate(batches, axis=1).astype(np.float32)
    answers = session_answers(data, names, figure)
    return answers.assign(predicted=(("response", "sample", "session", "person"), predicted))


def session_events(data: xr.Dataset, figure: str) -> xr.Dataset:
    """Return observed outcomes, ruptures, repairs and presence at each session with a figure, (session, person)."""
    is_session = session_mask(data, figure)
    outcome, observed = data["outcome"].values, data["observed"].values
    rupture, repair = ruptures_and_repairs(outcome, observed, data["figure_index"].values)
    by_event = {
        "outcome": np.where(observed, outcome, np.nan),
        "rupture": rupture.astype(float),
        "repair": repair.astype(float),
        "people": is_session.astype(float),
    }
    by_session = {name: align_by_session(values, is_session) for name, values in by_event.items()}
    coordinates = {"session": np.arange(1, len(by_session["people"]) + 1), "person": data["person"].values}
    return xr.Dataset({name: (("session", "person"), values) for name, values in by_session.items()}, coordinates)


def study_data(data: xr.Dataset, responses: Sequence[str]) -> dict[str, xr.Dataset]:
    """Return what `session_events` and `session_answers` do of every figure that people met, before any model."""
    figures = [name for name in figure_names(data) if name != GENERALISED and session_mask(data, name).any()]
    return {name: session_events(data, name).merge(session_answers(data, responses, name)) for name in figures}


def ci90(draws: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Compute the low end, the median and the high end of the 90% interval over the dim `sample`; NaN without draws."""
    has_draws = draws.notnull().any("sample")
    quantiles = draws.where(has_draws, 0.0).quantile([0.05, 0.5, 0.95], "sample", skipna=True).where(has_draws)
    low, median, high = (quantiles.isel(quantile=index, drop=True) for index in range(3))
    return low, median, high


def joint_beliefs(beliefs: xr.DataArray) -> xr.Dataset:
    """Compute mean (session, belief) and covariance (session, belief, other) of beliefs (belief, sample, session)."""
    deviation = beliefs - beliefs.mean("sample")
    products = xr.dot(deviation, deviation.rename(belief="other"), dim="sample")
    covariance = products / max(beliefs.sizes["sample"] - 1, 1)
    dims = ("session", "belief", "other")
    mean = beliefs.mean("sample").transpose(*dims[:2])
    return xr.Dataset({"mean": mean, "covariance": covariance.transpose(*dims)})


def make_trajectory(beliefs: xr.DataArray, events: xr.Dataset, responses: xr.Dataset) -> xr.Dataset:
    """Summarise draws as a trajectory.

    Parameters
    ----------
    beliefs
        (belief, sample, session).
    events
        What happened, (session).
    responses
        `answer` (response, session) and `predicted` (response, sample, session).
    """
    low, median, high = ci90(beliefs)
    predicted_low, _, predicted_high = ci90(responses["predicted"])
    intervals = xr.Dataset({"low": low, "middle": median, "high": high})
    trajectory = xr.merge([intervals, joint_beliefs(beliefs), events, responses[["answer"]]], join="outer")
    predicted = responses["predicted"].mean("sample")
    return trajectory.assign(predicted=predicted, predicted_low=predicted_low, predicted_high=predicted_high)


def group_trajectory(beliefs: xr.DataArray, events: xr.Dataset, responses: xr.Dataset) -> xr.Dataset:
    """Return the trajectory of the group: the mean of the people who are present at a session.

    Arguments are what `person_beliefs`, `session_events` and `answers_and_predictions` return.
    """
    predicted = responses["predicted"].where(responses["answer"].notnull())
    mean_responses = xr.Dataset({"answer": responses["answer"].mean("person"), "predicted": predicted.mean("person")})
    mean_events = events.mean("person").assign(people=events["people"].sum("person"))
    return make_trajectory(beliefs.mean("person"), mean_events, mean_responses).assign_attrs(about=GROUP)


def person_trajectory(beliefs: xr.DataArray, events: xr.Dataset, responses: xr.Dataset, index: int) -> xr.Dataset:
    """Return the trajectory of one person up to their last session; `index` is their position in the data.

    Other arguments are what `person_beliefs`, `session_events` and `answers_and_predictions` return.
    """
    beliefs, responses = beliefs.isel(person=index, drop=True), responses.isel(person=index, drop=True)
    events = events.isel(person=index, drop=True)
    outcome = events["outcome"]
    events = events.assign(rupture=outcome.where(events["rupture"] > 0), repair=outcome.where(events["repair"] > 0))
    until = slice(0, max(int(events["people"].sum()), 1))
    trajectory = make_trajectory(beliefs.sel(session=until), events.sel(session=until), responses.sel(session=until))
    return trajectory.assign_attrs(about=PERSON)


def ellipse_sessions(sessions: int) -> list[int]:
    """Return the indices of the sessions at which ellipses are drawn: the first, the one half-way and the last."""
    return sorted({0, sessions // 2, sessions - 1})


def ellipse_outline(mean: np.ndarray, covariance: np.ndarray, points: int = 32) -> np.ndarray:
    """Return the outline of the ellipse that contains 90% of a Gaussian, (2, points).

    `mean` is (2,) and `covariance` is (2, 2).
    """
    values, vectors = np.linalg.eigh(covariance)
    angle = np.linspace(0.0, 2.0 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    return mean[:, None] + vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * ELLIPSE_RADIUS * circle)
