"""Simulate people in closed loop: what they do decides which outcomes they observe.

At every event beliefs change, responses are drawn, and actions have effects. People who withdraw do not observe the
outcome. People who turn to a figure meet that figure. Bids change the care of a reactive therapist.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.data.raters import outcome_ratings
from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.carryover import (
    Carryover,
    accumulate,
    decay,
    earlier_readouts,
    initial,
    next_session,
    record_residual,
    restart,
)
from iwm_bayes.filtering.filter import FilteredEvent, begin, read_out, step
from iwm_bayes.filtering.readouts import Readout, readout_arguments, required_readouts
from iwm_bayes.ops import Array, first_figures, sum_over_figures
from iwm_bayes.rules.modifiers.pull import change_of_share
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.simulation.care import DistressProcess, EventCare, pulled_chance
from iwm_bayes.types import (
    Event,
    ModelSpec,
    Params,
    State,
    experienced,
    map_tree,
    response_values,
    rule_values,
    with_carryover,
)

EVERY_EVENT = np.ones(1)


class PersonHistory(NamedTuple):
    """What people carry from event to event in addition to their beliefs."""

    carryovers: dict[str, Carryover]  # by response
    distress: Array  # (person,), 0..1
    bids: Array  # (figure, person): share of recent events with a figure at which a bid was made
    met: Array  # (figure, person): 1 where there was an event with a figure
    since: Array  # (figure, person): time since the last event with a figure, 0 before the first
    others: int  # number of figures to turn to; where a response chooses one, the last figure is `GENERALISED`


def empty_history(model: ModelSpec, figures: int, people: int) -> PersonHistory:
    """Return the history of people before their first event."""
    zero = np.zeros((figures, people))
    carryovers = {name: initial(response, figures, people) for name, response in model.responses.items()}
    chooses = any(response.effect == "chooses" for response in model.responses.values())
    return PersonHistory(carryovers, np.zeros(people), zero + 0.5, zero, zero, figures - chooses)


def restarts(event: Event) -> Array:
    """Return 1 for people whose beliefs restart at an event, else 0."""
    return event.terms.get(RESTART, np.float64(0.0))


def parameters_at_event(model: ModelSpec, name: str, people: Mapping[str, Array], event: Event, others: int) -> Params:
    """Return a response's parameters at an event.

    Parameters that differ by figure are those of the figure met, or of each figure that people can turn to.
    """
    p = response_values(model, name, people)
    if model.responses[name].figure_scope == "each":
        return map_tree(lambda leaf: first_figures(leaf, others), p)
    return map_tree(lambda leaf: sum_over_figures(event.figure * leaf) if leaf.ndim == 2 else leaf, p)


def readouts_at(
    model: ModelSpec, people: Mapping[str, Array], name: str, filtered: FilteredEvent, others: int
) -> dict[Readout, Array]:
    """Return the readouts that a response needs at an event."""
    required = required_readouts(model.responses[name], others)
    return dict(zip(required, read_out(model.rule, rule_values(model, people), filtered, required), strict=True))


def decayed_carryovers(
    model: ModelSpec,
    people: Mapping[str, Array],
    names: Iterable[str],
    history: PersonHistory,
    event: Event,
    begins: Array = EVERY_EVENT,
) -> dict[str, Carryover]:
    """Return the carryovers of some responses at the beginning of an event.

    `begins` is 1 where a session with the event's figure begins: by default at every event.
    """
    decayed = {
        name: decay(
            model.responses[name],
            parameters_at_event(model, name, people, event, history.others),
            restart(history.carryovers[name], restarts(event)),
            event.since_any,
        )
        for name in names
    }
    return {
        name: next_session(carryover, event.figure, begins) if carryover.earlier else carryover
        for name, carryover in decayed.items()
    }


def draw_response(
    model: ModelSpec,
    people: Mapping[str, Array],
    name: str,
    filtered: FilteredEvent,
    history: PersonHistory,
    rng: np.random.Generator,
) -> tuple[Array, PersonHistory]:
    """Draw everyone's answer (person,); return it with the history after it."""
    response, carryover, others = model.responses[name], history.carryovers[name], history.others
    figure = filtered.event.figure
    p = parameters_at_event(model, name, people, filtered.event, others)
    sums = {Readout(about, "after"): total for about, total in carryover.sums.items()}
    readouts = readouts_at(model, people, name, filtered, others) | sums
    readouts |= earlier_readouts(response, carryover, figure, readouts)
    arguments = response.arguments(p, *readout_arguments(response, readouts, others))
    residual, elapsed = (sum_over_figures(figure * leaf) for leaf in (carryover.residual, carryover.elapsed))
    answer = response.family.draw(rng, **with_carryover(response, p, arguments, residual, elapsed))
    if response.carry is not None:
        about = 1.0 if response.carries_across_figures else figure
        carryover = record_residual(carryover, about, answer - arguments["mu"])
    return answer, history._replace(carryovers=history.carryovers | {name: carryover})


def draw_responses(
    model: ModelSpec,
    people: Mapping[str, Array],
    names: Iterable[str],
    filtered: FilteredEvent,
    history: PersonHistory,
    rng: np.random.Generator,
) -> tuple[dict[str, Array], PersonHistory]:
    """Draw everyone's answers to several responses in order; return them by name, with the history after them."""
    answers = {}
    for name in names:
        answers[name], history = draw_response(model, people, name, filtered, history, rng)
    return answers, history


def event_with_choice(choice: Array, event: Event, history: PersonHistory) -> Event:
    """Return the event with the figure that people chose (1, 2, ...); with nobody (0) it stays as planned."""
    numbers = np.arange(1, len(event.figure) + 1)[:, None]
    chosen = np.where(choice > 0, numbers == choice, event.figure).astype(float)
    was_met = sum_over_figures(chosen * history.met)
    since = np.where(was_met > 0, sum_over_figures(chosen * history.since), 1.0)
    return event._replace(figure=chosen, met=history.met * (numbers <= history.others), since_figure=since)


def event_with_distress(
    event: Event, process: DistressProcess, history: PersonHistory, rng: np.random.Generator
) -> Event:
    """Return the event with distress: 1 where something distressing happens before it, else what is left."""
    if not process.rate:
        return event
    is_distressed = rng.random(history.distress.shape) < process.rate
    return event._replace(distress=np.where(is_distressed, 1.0, history.distress))


def draw_outcome(
    event: Event, care: EventCare, history: PersonHistory, observed: Array, rng: np.random.Generator
) -> Event:
    """Return the event with what the figure does: responsive or not, or to a degree, and frightening or not."""
    chance = sum_over_figures(event.figure * pulled_chance(care.chance, care.pull, history.bids))
    is_graded = sum_over_figures(event.figure * care.graded) > 0
    drawn = rng.random(chance.shape) < np.nan_to_num(chance)
    event = event._replace(outcome=np.where(observed, np.where(is_graded, chance, drawn), 0.0))
    if not care.threat.any():
        return event
    is_frightening = rng.random(chance.shape) < sum_over_figures(event.figure * care.threat)
    return event._replace(threat=np.where(observed & is_frightening, 1.0, 0.0))


def accumulated_carryovers(
    model: ModelSpec, people: Mapping[str, Array], history: PersonHistory, filtered: FilteredEvent
) -> dict[str, Carryover]:
    """Return the carryovers of responses that accumulate or keep readouts, with those of an outcome added."""
    return {
        name: accumulate(carryover, filtered.event.figure, readouts_at(model, people, name, filtered, history.others))
        for name, carryover in history.carryovers.items()
        if carryover.sums or carryover.earlier
    }


def updated_history(
    model: ModelSpec,
    people: Mapping[str, Array],
    history: PersonHistory,
    filtered: FilteredEvent,
    care: EventCare,
    bid: Array | None,
) -> PersonHistory:
    """Return the history after an outcome; `bid` is 1 where a bid was made and 0 where none was, (person,)."""
    event, process = filtered.event, care.distress
    availability = model.rule.beliefs(rule_values(model, people), filtered.after, event).availability.mean
    share_left = (1.0 - process.soothing * event.outcome) * (1.0 - process.self_regulation * availability)
    change = 0.0 if bid is None else change_of_share(history.bids, bid)
    return history._replace(
        carryovers=history.carryovers | accumulated_carryovers(model, people, history, filtered),
        distress=event.distress * share_left,
        bids=history.bids + event.figure * change,
        met=np.maximum(history.met, event.figure),
        since=history.since * (1.0 - event.figure),
    )


def simulate_closed_loop(
    model: ModelSpec,
    people: Mapping[str, np.ndarray],
    event_array: np.ndarray,
    cares: Iterable[EventCare],
    figures: int,
    s: State,
    rng: np.random.Generator,
) -> Iterator[tuple[FilteredEvent, dict[str, np.ndarray]]]:
    """Yield every event from state `s` on, with the answers (person,) by response; outcomes are 0 or 1, or graded.

    `event_array` (event, field, person) gives the figure of each event, unless a response chooses it, and innovations.
    `cares` gives the care at each event. Where an event is `rated`, its outcome is latent, and care decides
    only whether it happens.
    """
    p, history = rule_values(model, people), empty_history(model, figures, event_array.shape[2])
    actions = {name: response.effect for name, response in model.responses.items() if response.effect != "none"}
    choosing = [name for name, effect in actions.items() if effect == "chooses"]
    others = [name for name in model.responses if name not in choosing]
    early = [name for name in others if model.responses[name].timing == "before"]
    ratings = [name for name in others if name in outcome_ratings(model)]
    nobody = np.zeros(event_array.shape[2], dtype=bool)
    for row, care in zip(event_array, cares, strict=True):
        event, _ = unpack_event(model.rule, row, figures)
        assessed, answers = bool(np.isnan(care.chance).all()), {}
        s = begin(model.rule, p, s, event)
        met = history.met * (1.0 - restarts(event))
        history = history._replace(since=history.since + event.since_any, met=met)
        event = event_with_distress(event, care.distress, history, rng)
        decayed = decayed_carryovers(model, people, choosing, history, event)
        history = history._replace(carryovers=history.carryovers | decayed)
        for name in [] if assessed else choosing:
            unchanged = FilteredEvent(s, s, s, event, nobody)
            answers[name], history = draw_response(model, people, name, unchanged, history, rng)
            event = event_with_choice(answers[name], event, history)
        decayed = decayed_carryovers(model, people, others, history, event)
        history = history._replace(carryovers=history.carryovers | decayed)
        before = model.rule.drift(p, s, event)
        drawn, history = draw_responses(
            model, people, early, FilteredEvent(s, before, before, event, nobody), history, rng
        )
        answers |= drawn
        if assessed:
            answers |= {name: np.full(nobody.shape, np.nan) for name in actions}
        bids = [answers[name] > 0 for name, effect in actions.items() if effect in ("withdraws", "chooses")]
        bid = np.logical_and.reduce(bids) if bids and not assessed else None
        observed = (nobody | (not assessed)) if bid is None else bid
        event = draw_outcome(event._replace(rated=event.rated * observed), care, history, observed, rng)
        event = experienced(model.rule, p, event)
        filtered = FilteredEvent(s, *step(model.rule, p, s, event, observed), event, observed)
        history = updated_history(model, people, history, filtered, care, None if bid is None else bid.astype(float))
        late = [name for name in others if name not in early and not (assessed and name in actions)]
        drawn, history = draw_responses(model, people, late, filtered, history, rng)
        answers |= drawn
        answers |= {name: np.where(observed, answers[name], np.nan) for name in ratings}
        s = filtered.after
        yield filtered, answers
