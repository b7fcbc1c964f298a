"""The answer where earned security is left out or cannot be assessed: how far beliefs change."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.trajectories import person_beliefs
from iwm_bayes.filtering.arrays import restarts
from iwm_bayes.report.answer.security import Answer, Fact
from iwm_bayes.report.answer.words import count_of, listed, quantity, session_count, singular, the_figure, with_figure
from iwm_bayes.types import GENERALISED, ModelSpec

BELIEF_WORDS = {"availability": "availability", "worth": "self-worth"}


def sessions_of_one_course(data: xr.Dataset, figure: str) -> np.ndarray:
    """Count everyone's sessions with a figure, (person,): those of the first wave where beliefs restart."""
    is_session = session_mask(data, figure)
    return (is_session & (data["wave_index"].values == 0) if restarts(data).any() else is_session).sum(axis=0)


def most_met_figure(data: xr.Dataset) -> str:
    """Return the figure with the most sessions, of the first wave where beliefs restart."""
    names = [str(name) for name in data["figure"].values if name != GENERALISED]
    return max(names, key=lambda name: int(sessions_of_one_course(data, name).sum()))


def first_and_last(beliefs: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Return everyone's belief before their first session and after their last, mean over people, (sample,) each.

    `beliefs` is (sample, session, person), NaN after a person's last session.
    """
    values = beliefs.transpose("session", "sample", "person").values
    last = np.isfinite(values).cumsum(axis=0).argmax(axis=0)
    return values[0].mean(axis=-1), np.take_along_axis(values, last[None], axis=0)[0].mean(axis=-1)


def within_first_wave(beliefs: xr.DataArray, data: xr.Dataset, figure: str) -> xr.DataArray:
    """Return beliefs (..., session, person) within the first wave, of people who are in it, where beliefs restart.

    `session` counts sessions with the figure, from the initial belief (0) on.
    """
    if not restarts(data).any():
        return beliefs
    count = sessions_of_one_course(data, figure)
    last = xr.DataArray(count, {"person": beliefs["person"]}, "person")
    return beliefs.where(beliefs["session"] <= last).isel(person=np.flatnonzero(count))


def change_phrase(word: str, first: np.ndarray, last: np.ndarray) -> str:
    """Return in which direction a belief changed, by the 90% interval of the difference, and from what to what."""
    before, after = quantity(first, "{:.2f}").median, quantity(last, "{:.2f}").median
    _, low, high = median_ci90(last - first)
    if low <= 0 <= high:
        return f"{word} did not clearly change ({before} to {after})"
    return f"{word} {'rose' if low > 0 else 'fell'} from {before} to {after}"


def belief_answer(model: ModelSpec, fit: xr.DataTree, noun: str) -> Answer:
    """Return how the beliefs of a group change from the first session with a figure to the last.

    Where beliefs restart in every wave, this is about the first wave.
    """
    data = fit["constant_data"].to_dataset()
    figure = most_met_figure(data)
    beliefs = within_first_wave(person_beliefs(model, fit, figure), data, figure)
    people = beliefs.sizes["person"]
    phrases, facts = [], []
    for belief in map(str, beliefs["belief"].values):
        first, last = first_and_last(beliefs.sel(belief=belief))
        word, before, after = BELIEF_WORDS.get(belief, belief), quantity(first, "{:.2f}"), quantity(last, "{:.2f}")
        word = word if people == 1 else f"mean {word}"
        phrases.append(change_phrase(word, first, last))
        facts += [
            Fact(before.median, f"was the {word} before the first session {with_figure(figure)} ({before.interval})"),
            Fact(after.median, f"was the {word} after the last session ({after.interval})"),
        ]
    who = f"this {singular(noun)}" if people == 1 else count_of(people, noun)
    sessions = session_count(sessions_of_one_course(data, figure))
    where = f" in wave {data['wave'].values[0]}" if restarts(data).any() else ""
    statement = f"Over {sessions} {with_figure(figure)}{where}, {listed(phrases)}"
    return Answer(f"Beliefs about {the_figure(figure)}", statement, f" (on a scale of 0–1; {who}).", tuple(facts))
