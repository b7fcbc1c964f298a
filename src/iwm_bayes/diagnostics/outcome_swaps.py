"""Exchange the outcomes of people, for the outcome-permutation test.

There are three ways, and the first that a study allows is taken.

    outcomes       A person is given what happened to another person, in its order. So a trend that people share, such
                   as a therapy that improves for everybody, is in the exchanged outcomes too. The two have the same
                   categorical covariates and groups, the same figures, and about as many outcomes with each.
    deviations     Where too few people can be swapped so, everybody keeps a trend of their own with each figure. What
                   deviates from it is swapped between any people with about as many outcomes.
    own order      Where everybody has the same outcomes, deviations from the trend are put into another order, the
                   same for everybody. The new deviations have no trend, and the SD of the old ones.

The k-th outcome takes the place of the k-th, in a study with waves that of the same wave. Where a person has more
outcomes than somebody else in the exchange set, their last ones stay.

Where raters say what they think of an outcome, the ratings of each go where the outcome goes: whole, or as deviations
from this rater's own trend of the person. A session that a rater did not rate goes with the others.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from math import lgamma, log
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.raters import rating_variables

type Way = Literal["outcomes", "deviations", "own order"]

MIN_LENGTH_SHARE = 0.8  # people in an exchange set have at least this share of each other's number of outcomes
MIN_SHARE_SWAPPED = 0.5  # of people with outcomes, for a way to be taken
MIN_ARRANGEMENTS = 200  # of outcomes among people: with fewer, no p value could be clearly below .05
OUTCOMES_PER_TREND_TERM = 4  # a quadratic trend needs 12 outcomes, a line needs 8; with fewer, the trend is constant


class Exchangeable(NamedTuple):
    """How the outcomes of a study can be exchanged: a function that does it, and what it does."""

    exchange: Callable[[np.random.Generator], xr.Dataset]
    way: Way
    n_exchanged: int  # people whose outcomes can be exchanged
    n_people: int  # people with outcomes


class SwapSet(NamedTuple):
    """People who are swapped, and the events whose outcomes change hands: (event in order, person of the set)."""

    people: np.ndarray
    events: np.ndarray


class Trends(NamedTuple):
    """Everyone's outcomes, or one rater's ratings of them, as a trend and deviations from it, (event, person) each.

    Both are 0 where no outcome was observed. Deviations are NaN where a rater did not rate an outcome.
    """

    trend: np.ndarray
    deviation: np.ndarray


def is_category(values: np.ndarray) -> bool:
    """Return whether a covariate divides people into groups: words, or numbers of which there are only two."""
    return values.dtype.kind not in "if" or len(np.unique(values)) <= 2


def strata(data: xr.Dataset) -> list[tuple[str, ...]]:
    """Return the categorical covariates and groups of every person."""
    columns = [
        [str(value) for value in variable.values]
        for name, variable in data.items()
        if str(name).startswith("covariate_") and is_category(variable.values)
    ]
    return list(zip(*columns, strict=True)) if columns else [()] * data.sizes["person"]


def events_by_wave(data: xr.Dataset) -> list[np.ndarray]:
    """Return where outcomes are observed in each wave, (event, person) each; all of them in a study without waves."""
    observed = data["observed"].values
    if "wave_index" not in data:
        return [observed]
    return [observed & (data["wave_index"].values == wave) for wave in range(data.sizes["wave"])]


def events_by_figure(data: xr.Dataset) -> list[np.ndarray]:
    """Return where outcomes with each figure are observed, in each wave of its own, (event, person) each."""
    met = data["figure_index"].values
    return [own & (met == figure) for figure in range(data.sizes["figure"]) for own in events_by_wave(data)]


def alike(counts: np.ndarray, cells: Sequence[Hashable]) -> Iterator[np.ndarray]:
    """Iterate over sets of people of one cell with about the same `counts` (person, kind), as positions.

    People without any are left out.
    """
    for cell in dict.fromkeys(cells):
        left = np.array([i for i, other in enumerate(cells) if other == cell and counts[i].any()], dtype=int)
        while len(left):
            longest = counts[left[counts[left].sum(axis=1).argmax()]]
            share = np.minimum(counts[left], longest) / np.maximum(np.maximum(counts[left], longest), 1)
            close = ((share >= MIN_LENGTH_SHARE) | (longest == 0)).all(axis=1)
            yield left[close]
            left = left[~close]


def swap_sets(kinds: Sequence[np.ndarray], outcome: np.ndarray, cells: Sequence[Hashable]) -> list[SwapSet]:
    """Return the sets in which people's outcomes differ, and their events: of each kind as many as the fewest.

    `kinds` are where outcomes of each kind are observed, (event, person) each.
    """
    sets = []
    for people in alike(np.stack([kind.sum(axis=0) for kind in kinds], axis=1), cells):
        blocks = []
        for kind in kinds:
            n_shared = kind[:, people].sum(axis=0).min()
            blocks.append(np.stack([np.flatnonzero(kind[:, person])[:n_shared] for person in people], axis=1))
        swaps = SwapSet(people, np.concatenate(blocks))
        if log_arrangements(outcome, swaps) > 0.0:
            sets.append(swaps)
    return sets


def log_arrangements(outcome: np.ndarray, swaps: SwapSet) -> float:
    """Return the log number of different ways to distribute a set's outcomes among its people."""
    _, n_equal = np.unique(outcome[swaps.events, swaps.people], axis=1, return_counts=True)
    return lgamma(len(swaps.people) + 1) - sum(lgamma(n + 1) for n in n_equal)


def swap(values: np.ndarray, sets: Sequence[SwapSet], generator: np.random.Generator) -> np.ndarray:
    """Return values (event, person) swapped at random between the people of each set."""
    swapped = values.copy()
    for people, events in sets:
        swapped[events, people] = values[events, people][:, generator.permutation(len(people))]
    return swapped


def outcome_variables(data: xr.Dataset) -> list[str]:
    """Return the variables that go where an outcome goes, and have a trend: the outcome, and its ratings."""
    return ["outcome", *rating_variables(data)]


def swap_outcomes(data: xr.Dataset, sets: Sequence[SwapSet], generator: np.random.Generator) -> xr.Dataset:
    """Return the data with outcomes swapped within sets, and with them what raters say of them."""
    seed = int(generator.integers(2**63))
    return data.assign(
        {
            name: data[name].copy(data=swap(data[name].values, sets, np.random.default_rng(seed)))
            for name in ("rated", *outcome_variables(data))
        }
    )


def trend_basis(length: int, known: int) -> np.ndarray:
    """Return orthonormal polynomials (length, term): quadratic, linear or constant, by the number of known values."""
    degree = int(np.clip(known // OUTCOMES_PER_TREND_TERM - 1, 0, 2))
    return np.linalg.qr(np.vander(np.linspace(-1.0, 1.0, length), degree + 1, increasing=True))[0]


def trend_of(values: np.ndarray) -> np.ndarray:
    """Return the least-squares trend of a sequence, also where a value is NaN; it is NaN where all are."""
    known = ~np.isnan(values)
    if not known.any():
        return values
    basis = trend_basis(len(values), int(known.sum()))
    return basis @ np.linalg.lstsq(basis[known], values[known])[0]


def own_trends(data: xr.Dataset, name: str = "outcome") -> Trends:
    """Return the trend of everyone's outcomes, or of ratings of them, with each figure, and the deviations from it."""
    values = np.where(data["observed"].values, data[name].values, 0.0)
    trend = np.zeros_like(values)
    for kind in events_by_figure(data):
        for person in np.flatnonzero(kind.any(axis=0)):
            events = kind[:, person]
            trend[events, person] = trend_of(values[events, person])
    return Trends(trend, values - trend)


def with_deviations(data: xr.Dataset, trends: Mapping[str, Trends], deviations: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Return the data with variables that deviate so from their trends; they stay within 0..1."""
    observed = data["observed"].values
    changed = {name: np.clip(trends[name].trend + deviations[name], 0.0, 1.0) for name in trends}
    return data.assign(
        {name: data[name].copy(data=np.where(observed, changed[name], data[name].values)) for name in changed}
    )


def swap_deviations(
    data: xr.Dataset, trends: Mapping[str, Trends], sets: Sequence[SwapSet], generator: np.random.Generator
) -> xr.Dataset:
    """Return the data with deviations swapped within sets, those of ratings with those of their outcome."""
    seed = int(generator.integers(2**63))
    swapped = {name: swap(own.deviation, sets, np.random.default_rng(seed)) for name, own in trends.items()}
    return with_deviations(data, trends, swapped)


def reorder_deviations(data: xr.Dataset, trends: Mapping[str, Trends], generator: np.random.Generator) -> xr.Dataset:
    """Return the data with deviations in another order, the same for everyone with as many outcomes with a figure."""
    seed = int(generator.integers(2**63))
    reordered = {name: own.deviation.copy() for name, own in trends.items()}
    for kind in events_by_figure(data):
        for person in np.flatnonzero(kind.any(axis=0)):
            events = kind[:, person]
            order = np.random.default_rng([seed, int(events.sum())]).permutation(int(events.sum()))
            for name, own in trends.items():
                reordered[name][events, person] = without_trend(own.deviation[events, person][order])
    return with_deviations(data, trends, reordered)


def without_trend(deviation: np.ndarray) -> np.ndarray:
    """Return a sequence minus its trend, with the sum of squares that it had; NaN stays."""
    new = deviation - trend_of(deviation)
    size = np.sqrt(np.nansum(new**2))
    return new * (np.sqrt(np.nansum(deviation**2)) / size if size > 0.0 else 0.0)


def exchangeable(data: xr.Dataset) -> Exchangeable:
    """Return how the outcomes of these data can be exchanged."""
    outcome, kinds = data["outcome"].values, events_by_figure(data)
    n_people = int(data["observed"].values.any(axis=0).sum())

    def enough(sets: Sequence[SwapSet]) -> bool:
        n_arrangements = sum(log_arrangements(outcome, swaps) for swaps in sets)
        n_swapped = sum(len(swaps.people) for swaps in sets)
        return n_arrangements >= log(MIN_ARRANGEMENTS) and n_swapped >= MIN_SHARE_SWAPPED * n_people

    met = [tuple(kind[:, person].any() for kind in kinds) for person in range(data.sizes["person"])]
    sets = swap_sets(kinds, outcome, list(zip(strata(data), met, strict=True)))
    if enough(sets):
        n_swapped = sum(len(swaps.people) for swaps in sets)
        return Exchangeable(lambda generator: swap_outcomes(data, sets, generator), "outcomes", n_swapped, n_people)
    trends = {name: own_trends(data, name) for name in outcome_variables(data)}
    sets = swap_sets(events_by_wave(data), outcome, [()] * data.sizes["person"])
    if enough(sets):
        n_swapped = sum(len(swaps.people) for swaps in sets)
        return Exchangeable(
            lambda generator: swap_deviations(data, trends, sets, generator), "deviations", n_swapped, n_people
        )
    n_varying = int((np.abs(trends["outcome"].deviation) > 1e-9).any(axis=0).sum())
    return Exchangeable(lambda generator: reorder_deviations(data, trends, generator), "own order", n_varying, n_people)
