"""Earned security: which people are insecure at baseline, from which session on they are secure, and what it took.

The criterion is prospective, because people who are called earned secure in retrospect had good parenting (Roisman et
al., 2002, doi:10.1111/1467-8624.00467). It is strict, because a lax criterion is met by chance.

Arrays are (session, person). A posterior draw of a person is a person.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from iwm_bayes.estimands.ruptures import ruptures_and_repairs
from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.ops import broadcast_figures
from iwm_bayes.types import Event, ModelSpec, Params, State, map_tree


class Criterion(NamedTuple):
    """The thresholds of earned security; they are stored with every result."""

    insecure_at_or_below: float = 0.4  # insecure at baseline: availability or self-worth
    secure_at_or_above: float = 0.6  # earned secure: both beliefs ...
    duration: int = 6  # ... for this many sessions ...
    disappointment_below: float = 0.5  # ... of which at least one has an outcome below this
    corrective_by: float = 0.25  # corrective experience: the least prediction error while a belief is not yet secure


DEFAULT_CRITERION = Criterion()


class BeliefPath(NamedTuple):
    """Beliefs along the sessions with one figure, or with all figures for the generalised expectation.

    Arrays are (session, person).
    """

    availability: np.ndarray  # after the session; for the generalised expectation, the availability of a new figure
    worth: np.ndarray  # after the session; infinite in a model without self-worth, so that it is never too low
    availability_before: np.ndarray
    worth_before: np.ndarray
    expected: np.ndarray  # the expectation of the figure of the session, before the outcome
    outcome: np.ndarray
    observed: np.ndarray
    repair: np.ndarray  # see `ruptures`
    is_session: np.ndarray  # False after a person's last session


class Judgement(NamedTuple):
    """Earned security of each person, (person,)."""

    insecure: np.ndarray  # insecure at baseline: only these people can earn security
    sessions: np.ndarray  # until earned secure; the number of sessions + 1 if that did not happen
    earned: np.ndarray
    corrective: np.ndarray  # corrective experiences until then
    repairs: np.ndarray  # repairs until then
    followed: np.ndarray  # the last session at which the duration criterion could still begin; 0 if there is none


def event_with_figure(event: Event, figure: int, figures: int) -> Event:
    """Return the same event about another figure, with no time elapsed."""
    is_figure = broadcast_figures(np.zeros_like(event.outcome), figures)
    is_figure[figure] = 1.0
    no_time = np.zeros_like(event.outcome)
    met = np.maximum(event.met, event.figure)
    return event._replace(figure=is_figure, met=met, since_figure=no_time, since_any=no_time)


def beliefs_in_state(
    model: ModelSpec, p: Params, s: State, event: Event, general: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return availability (or the generalised expectation) and self-worth in one state, (person,) each."""
    beliefs = model.rule.beliefs(p, model.rule.drift(p, s, event) if general else s, event)
    worth = beliefs.worth.mean if beliefs.worth else np.full_like(beliefs.expected, np.inf)
    return (beliefs.expected if general else beliefs.availability.mean), worth


def collect_path(
    model: ModelSpec,
    p: Params,
    events: Iterable[FilteredEvent],
    is_session: np.ndarray,
    figure: int | None,
    figures: int,
) -> BeliefPath:
    """Collect beliefs at the sessions among filtered events.

    Parameters
    ----------
    is_session
        Which events are sessions, (event, person).
    figure
        Index of the figure that beliefs are about. None is the generalised expectation: beliefs are then about the
        last of the figures, which nobody has met.
    figures
        Number of figures.
    """
    general, about = figure is None, figures - 1 if figure is None else figure
    snapshots = []
    for filtered, _ in zip(events, is_session, strict=True):
        event = event_with_figure(filtered.event, about, figures)
        after, before = (beliefs_in_state(model, p, s, event, general) for s in (filtered.after, filtered.before))
        expected = model.rule.beliefs(p, filtered.before, filtered.event).expected
        happened = (filtered.event.outcome, filtered.observed, filtered.event.figure)
        snapshots.append((*after, *before, expected, *happened))
    columns = [np.stack(column) for column in zip(*snapshots, strict=True)]
    availability, worth, availability_before, worth_before, expected, outcome, observed, is_figure = columns
    _, repair = ruptures_and_repairs(outcome, observed & is_figure.any(axis=1), is_figure.argmax(axis=1))
    path = BeliefPath(
        availability,
        worth,
        availability_before,
        worth_before,
        expected,
        outcome,
        observed & is_session,
        repair & is_session,
        is_session,
    )
    order = np.argsort(~is_session, axis=0, kind="stable")[: max(int(is_session.sum(axis=0).max()), 1)]
    return map_tree(lambda values: np.take_along_axis(values, order, axis=0), path)


def window_sums(x: np.ndarray, length: int) -> np.ndarray:
    """Sum over `length` sessions from each session on, as far as so many sessions remain."""
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    return total[length:] - total[:-length] if len(x) >= length else np.zeros((0, *x.shape[1:]))


def judge(path: BeliefPath, criterion: Criterion) -> Judgement:
    """Apply a criterion to every person of a path.

    Parameters
    ----------
    path
        Beliefs and outcomes along the sessions, (session, person).
    criterion
        What counts as earned security.

    Returns
    -------
    Judgement
        Arrays (person,).
    """
    duration = criterion.duration
    secure = (np.minimum(path.availability, path.worth) >= criterion.secure_at_or_above) & path.is_session
    disappointed = path.observed & (path.outcome < criterion.disappointment_below)
    begins = (window_sums(secure, duration) == duration) & (window_sums(disappointed, duration) > 0)
    earned = begins.any(axis=0)
    last = path.is_session.sum(axis=0)
    sessions = np.where(earned, begins.argmax(axis=0) + 1 if len(begins) else 0, last + 1)
    until = np.arange(1, len(path.is_session) + 1)[:, None] <= sessions
    lower_before = np.minimum(path.availability_before, path.worth_before)
    better_than_expected = path.observed & (path.outcome - path.expected >= criterion.corrective_by)
    corrective = better_than_expected & (lower_before < criterion.secure_at_or_above)
    return Judgement(
        lower_before[0] <= criterion.insecure_at_or_below,
        sessions,
        earned,
        (corrective & until).sum(axis=0),
        (path.repair & until).sum(axis=0),
        np.maximum(last + 1 - duration, 0),
    )


STYLES = ("secure", "preoccupied", "dismissing", "fearful")


def styles_at_end(path: BeliefPath) -> np.ndarray:
    """Return each person's attachment style at their last session, as an index into STYLES, (person,).

    Preoccupied is low self-worth, dismissing is low availability, and fearful is both. A belief is low below 0.5.
    Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226.
    """
    last = np.maximum(path.is_session.sum(axis=0) - 1, 0)[None]
    worth, availability = (np.take_along_axis(belief, last, axis=0)[0] for belief in (path.worth, path.availability))
    return (worth < 0.5) + 2 * (availability < 0.5)
