"""Earned security: who starts insecure, from when on they are secure, and what it took.

Prospective, because people who are called earned secure in retrospect had good parenting (Roisman et al.,
2002, doi:10.1111/1467-8624.00467); strict, because a lax rule is met by chance. Everything here works on
arrays (session, person); a posterior draw of a person is a person.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.ops import each_figure
from iwm_bayes.types import Event, ModelSpec, Params, State, map_tree


class Criterion(NamedTuple):
    """What counts as earned security; stored with every answer."""

    insecure: float = 0.4  # starts insecure: availability or worth at or below
    secure: float = 0.6  # earned secure: both at or above ...
    hold: int = 6  # ... for this many sessions ...
    disappointment: float = 0.5  # ... at least one of which brought an outcome below this
    surprise: float = 0.25  # corrective: the outcome exceeds the expectation by this, while not yet secure


DEFAULT_CRITERION = Criterion()


class BeliefPath(NamedTuple):
    """Beliefs along the sessions of one figure, or of all for the general model; (session, person)."""

    availability: np.ndarray  # after the session; for the general model, what is expected of someone new
    worth: np.ndarray  # after the session; infinite where the theory has none, so that it never falls short
    availability_before: np.ndarray
    worth_before: np.ndarray
    expected: np.ndarray  # of the figure met, before the outcome
    outcome: np.ndarray
    seen: np.ndarray
    repair: np.ndarray  # a seen outcome of .5 or more directly after one below .5 with the same figure
    counts: np.ndarray  # False beyond a person's last session


class Judgement(NamedTuple):
    """Earned security of each person; (person,)."""

    insecure: np.ndarray  # starts insecure: only these can earn security
    sessions: np.ndarray  # until earned secure; one more than there were if that did not happen
    earned: np.ndarray
    corrective: np.ndarray  # corrective experiences until then
    repairs: np.ndarray  # repairs until then
    followed: np.ndarray  # the last session from which a hold could be seen; 0 where none


def event_with_figure(event: Event, figure: int, figures: int) -> Event:
    """The same moment, with thoughts turned to a figure; no time passes."""
    is_figure = each_figure(np.zeros_like(event.outcome), figures)
    is_figure[figure] = 1.0
    met = np.maximum(event.met, event.figure)
    nothing = np.zeros_like(event.outcome)
    return event._replace(figure=is_figure, met=met, since_figure=nothing, since_any=nothing)


def beliefs_in_state(
    model: ModelSpec, p: Params, s: State, event: Event, general: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Availability, or what is expected of someone new, and worth, in one state; (person,) each."""
    beliefs = model.rule.beliefs(p, model.rule.drift(p, s, event) if general else s, event)
    worth = beliefs.worth.mean if beliefs.worth else np.full_like(beliefs.expected, np.inf)
    return (beliefs.expected if general else beliefs.availability.mean), worth


def collect_path(
    model: ModelSpec, p: Params, moments: Iterable[FilteredEvent], counts: np.ndarray, figure: int | None, figures: int
) -> BeliefPath:
    """Collect beliefs along a walk at the events that count, for a figure by index, or in general (None).

    `counts` is (event, person). In general the last of the `figures` is someone whom nobody has met.
    """
    general, about = figure is None, figures - 1 if figure is None else figure
    latest = each_figure(np.full(counts.shape[1], np.nan), figures)  # outcome last seen of each figure
    glimpses = []
    for moment, counted in zip(moments, counts, strict=True):
        event = event_with_figure(moment.event, about, figures)
        after, before = (beliefs_in_state(model, p, s, event, general) for s in (moment.after, moment.before))
        expected = model.rule.beliefs(p, moment.before, moment.event).expected
        outcome, here = moment.event.outcome, (moment.event.figure > 0) & moment.seen
        repair = (here & (latest < 0.5)).any(axis=0) & (outcome >= 0.5)
        latest = np.where(here, outcome, latest)
        glimpses.append(
            BeliefPath(*after, *before, expected, outcome, moment.seen & counted, repair & counted, counted)
        )
    order = np.argsort(~counts, axis=0, kind="stable")[: max(int(counts.sum(axis=0).max()), 1)]
    return map_tree(lambda *steps: np.take_along_axis(np.stack(steps), order, axis=0), *glimpses)


def window_sums(x: np.ndarray, length: int) -> np.ndarray:
    """Sums over the next `length` sessions, at every session from which so many remain."""
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    return total[length:] - total[:-length] if len(x) >= length else np.zeros((0, *x.shape[1:]))


def judge(path: BeliefPath, criterion: Criterion) -> Judgement:
    """Apply the definition to every person of a path."""
    secure = (np.minimum(path.availability, path.worth) >= criterion.secure) & path.counts
    disappointed = path.seen & (path.outcome < criterion.disappointment)
    starts = (window_sums(secure, criterion.hold) == criterion.hold) & (window_sums(disappointed, criterion.hold) > 0)
    earned = starts.any(axis=0)
    last = path.counts.sum(axis=0)
    sessions = np.where(earned, starts.argmax(axis=0) + 1 if len(starts) else 0, last + 1)
    until = np.arange(1, len(path.counts) + 1)[:, None] <= sessions
    lower_before = np.minimum(path.availability_before, path.worth_before)
    corrective = path.seen & (lower_before < criterion.secure) & (path.outcome - path.expected >= criterion.surprise)
    return Judgement(
        lower_before[0] <= criterion.insecure,
        sessions,
        earned,
        (corrective & until).sum(axis=0),
        (path.repair & until).sum(axis=0),
        np.maximum(last + 1 - criterion.hold, 0),
    )


STYLES = ("secure", "preoccupied", "dismissing", "fearful")


def styles_at_end(path: BeliefPath) -> np.ndarray:
    """Index into STYLES at each person's last session: preoccupied is low worth, dismissing low availability.

    Fearful is both. A belief is low below .5; Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226.
    """
    last = np.maximum(path.counts.sum(axis=0) - 1, 0)[None]
    worth, availability = (np.take_along_axis(belief, last, axis=0)[0] for belief in (path.worth, path.availability))
    return (worth < 0.5) + 2 * (availability < 0.5)
