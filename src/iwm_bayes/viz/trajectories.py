"""Beliefs along the sessions, and what happened in them: from draws of a fit to what figures show.

A *trajectory* is a Dataset of one person or of the group, from session 0 (the start) to the last:

    low, middle, high           (belief, session)     90 % interval and median of a belief after each session
    outcome                     (session)             of the group: its mean; NaN where none was seen
    rupture, repair             (session)             of a person: the outcome, if it was one; of the group: the share
    answer                      (response, session)   what was answered; of the group: its mean
    predicted, predicted_low, predicted_high          of what the fit's people answer along what was lived: mean, 90 %
    people                      (session)             how many were there
    mean, covariance            (session, belief, ..) of the two beliefs together, over draws

Sessions are those with one figure. A repair is a seen outcome of .5 or more directly after one below .5 with the same
figure, a rupture the other way round. What is said of the group is what is said of its average in every draw.
"""

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.predictive_checks import posterior_predictive
from iwm_bayes.estimands.belief_paths import belief_path_batches, session_mask
from iwm_bayes.estimands.earned_security import BeliefPath
from iwm_bayes.simulation.care import Care
from iwm_bayes.types import ModelSpec

N_DRAWS = 400  # the ends of a 90 % interval are then known to about a tenth of a standard deviation
ELLIPSE_RADIUS = np.sqrt(-2.0 * np.log(0.1))  # radius of the ellipse that holds 90 % of a Gaussian in the plane


def ruptures_and_repairs(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which events (event, person) are ruptures, and which are repairs."""
    latest = np.full((data.sizes["figure"], data.sizes["person"]), np.nan)
    everyone, found = np.arange(data.sizes["person"]), []
    for outcome, seen, figure in zip(
        data["outcome"].values, data["seen"].values, data["figure_index"].values, strict=True
    ):
        before = latest[figure, everyone]
        found.append((seen & (outcome < 0.5) & (before >= 0.5), seen & (outcome >= 0.5) & (before < 0.5)))
        latest[figure, everyone] = np.where(seen, outcome, before)
    rupture, repair = np.stack(found, axis=1)
    return rupture, repair


def align_by_session(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Values (..., event, person) at the events that count, in order: (..., session, person), NaN beyond the last."""
    order = np.argsort(~counts, axis=0, kind="stable")[: max(int(counts.sum(axis=0).max()), 1)]
    there = np.take_along_axis(counts, order, axis=0)
    taken = np.take_along_axis(values, np.broadcast_to(order, (*values.shape[:-2], *order.shape)), axis=-2)
    return np.where(there, taken, np.nan)


def belief_array(path: BeliefPath, people: int, start: bool) -> np.ndarray:
    """Availability and worth (belief, draw, session, person) of a path, with the belief before it where asked."""
    found = []
    for before, after in ((path.availability_before, path.availability), (path.worth_before, path.worth)):
        along = np.concatenate([before[:1], np.where(path.counts, after, np.nan)]) if start else after
        found.append(along.reshape(len(along), -1, people).swapaxes(0, 1))
    held = np.stack(found)
    return np.where(np.isinf(held), np.nan, held)  # a theory without worth


def as_beliefs(parts: list[np.ndarray], fit: xr.DataTree, first: int) -> xr.DataArray:
    """Parts of draws as one array (belief, sample, session, person); a belief that the theory lacks is left out."""
    drawn = np.concatenate(parts, axis=1)
    coordinates = {
        "belief": ["availability", "worth"],
        "session": np.arange(first, first + drawn.shape[2]),
        "person": fit["data"]["person"].values,
    }
    return xr.DataArray(drawn, coordinates, ("belief", "sample", "session", "person")).dropna("belief", how="all")


def person_beliefs(model: ModelSpec, fit: xr.DataTree, figure: str, draws: int = N_DRAWS) -> xr.DataArray:
    """Everyone's beliefs after each session with a figure, and at the start (session 0): see `as_beliefs`."""
    people = fit["data"].sizes["person"]
    parts = [belief_array(part.remembered(), people, True) for part in belief_path_batches(model, fit, draws, figure)]
    return as_beliefs(parts, fit, 0)


def forecast_beliefs(
    model: ModelSpec, fit: xr.DataTree, figure: str, care: Care, sessions: int, draws: int = N_DRAWS, seed: int = 1
) -> xr.DataArray:
    """Everyone's beliefs in so many further sessions with a figure under a plan of care: sessions from 1 on."""
    people, generator = fit["data"].sizes["person"], np.random.default_rng(seed)
    parts = [
        belief_array(part.projected(care, sessions, generator), people, False)
        for part in belief_path_batches(model, fit, draws, figure)
    ]
    return as_beliefs(parts, fit, 1)


def answers_and_predictions(
    model: ModelSpec, fit: xr.DataTree, figure: str, draws: int = 200, seed: int = 1
) -> xr.Dataset:
    """What was answered (response, session, person), and what the fit's people answer: predicted, with dim sample."""
    data = fit["data"].to_dataset()
    counts, names = session_mask(data, figure), list(model.responses)
    parts = [
        np.stack([align_by_session(part[name], counts) for name in names])
        for part in posterior_predictive(model, fit, draws, seed)
    ]
    given = np.stack([align_by_session(data[f"answer_{name}"].values.astype(float), counts) for name in names])
    coordinates = {"response": names, "session": np.arange(1, given.shape[1] + 1), "person": data["person"].values}
    where = ("response", "session", "person")
    predicted = np.concatenate(parts, axis=1).astype(np.float32)
    return xr.Dataset(
        {"answer": (where, given), "predicted": (("response", "sample", *where[1:]), predicted)}, coordinates
    )


def session_events(data: xr.Dataset, figure: str) -> xr.Dataset:
    """Outcomes that were seen, ruptures, repairs and presence at each session with a figure: (session, person)."""
    counts = session_mask(data, figure)
    rupture, repair = ruptures_and_repairs(data)
    seen = {
        "outcome": np.where(data["seen"].values, data["outcome"].values, np.nan),
        "rupture": rupture.astype(float),
        "repair": repair.astype(float),
        "people": counts.astype(float),
    }
    found = {name: (("session", "person"), align_by_session(values, counts)) for name, values in seen.items()}
    sessions = len(found["people"][1])
    return xr.Dataset(found, {"session": np.arange(1, sessions + 1), "person": data["person"].values})


def ci90(drawn: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Low end, median and high end of the 90 % interval over draws; NaN where there is none."""
    there = drawn.notnull().any("sample")
    found = drawn.where(there, 0.0).quantile([0.05, 0.5, 0.95], "sample", skipna=True).where(there)
    low, middle, high = (found.isel(quantile=place, drop=True) for place in range(3))
    return low, middle, high


def joint_beliefs(held: xr.DataArray) -> xr.Dataset:
    """Mean (session, belief) and covariance (session, belief, other) of beliefs over draws."""
    away = held - held.mean("sample")
    covariance = xr.dot(away, away.rename(belief="other"), dim="sample") / max(held.sizes["sample"] - 1, 1)
    order = ("session", "belief", "other")
    return xr.Dataset({"mean": held.mean("sample").transpose(*order[:2]), "covariance": covariance.transpose(*order)})


def make_trajectory(held: xr.DataArray, lived: xr.Dataset, told: xr.Dataset) -> xr.Dataset:
    """What figures show, of beliefs (belief, sample, session), what was lived (session), and what was told."""
    low, middle, high = ci90(held)
    least, _, most = ci90(told["predicted"])
    found = xr.merge(
        [xr.Dataset({"low": low, "middle": middle, "high": high}), joint_beliefs(held), lived, told[["answer"]]],
        join="outer",
    )
    return found.assign(predicted=told["predicted"].mean("sample"), predicted_low=least, predicted_high=most)


def group_trajectory(held: xr.DataArray, lived: xr.Dataset, told: xr.Dataset) -> xr.Dataset:
    """The trajectory of the average person among those who are there."""
    there = told["predicted"].where(told["answer"].notnull())
    means = xr.Dataset({"answer": told["answer"].mean("person"), "predicted": there.mean("person")})
    whole = lived.mean("person").assign(people=lived["people"].sum("person"))
    return make_trajectory(held.mean("person"), whole, means).assign_attrs(who="the group")


def person_trajectory(held: xr.DataArray, lived: xr.Dataset, told: xr.Dataset, place: int) -> xr.Dataset:
    """The trajectory of the person at a place of the data, as long as it is."""
    own = lived.isel(person=place, drop=True)
    own = own.assign(rupture=own["outcome"].where(own["rupture"] > 0), repair=own["outcome"].where(own["repair"] > 0))
    last = int(own["people"].sum())
    held, told, upto = held.isel(person=place, drop=True), told.isel(person=place, drop=True), slice(0, max(last, 1))
    alone = make_trajectory(held.sel(session=upto), own.sel(session=upto), told.sel(session=upto))
    return alone.assign_attrs(who="one person")


def ellipse_outline(mean: np.ndarray, covariance: np.ndarray, points: int = 32) -> np.ndarray:
    """The ellipse (2, points) that holds 90 % of a Gaussian of two beliefs."""
    values, vectors = np.linalg.eigh(covariance)
    around = np.linspace(0.0, 2.0 * np.pi, points)
    circle = np.stack([np.cos(around), np.sin(around)])
    return mean[:, None] + vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * ELLIPSE_RADIUS * circle)
