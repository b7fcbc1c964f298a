"""People live through one event after another, in closed loop.

Beliefs move, answers are given, and what is done decides what is seen: who withdraws does not see the outcome, who
turns to a figure meets that one, and bids move a therapist who lets himself be moved.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.carryover import Carryover, accumulate, decay, initial, record_residual
from iwm_bayes.filtering.filter import FilteredEvent, read_out, step
from iwm_bayes.filtering.readouts import Readout, readout_arguments, required_readouts
from iwm_bayes.ops import Array, first_figures, over_figures
from iwm_bayes.simulation.care import BID_MEMORY, EventCare, pulled_chance
from iwm_bayes.types import Event, ModelSpec, Params, State, map_tree, response_values, rule_values, with_carryover


class PersonHistory(NamedTuple):
    """What a person carries along beside beliefs."""

    echoes: dict[str, Carryover]  # by response
    distress: Array  # (person,), 0..1
    bids: Array  # (figure, person): share of recent events with a figure at which a bid was made
    met: Array  # (figure, person): 1 where there was an event with a figure
    since: Array  # (figure, person): time since the last event with a figure, 0 before the first
    others: int  # how many figures there are to turn to; where one turns to them, the last is nobody in particular


def empty_history(model: ModelSpec, figures: int, people: int) -> PersonHistory:
    nobody = np.zeros((figures, people))
    echoes = {name: initial(response, figures, people) for name, response in model.responses.items()}
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    return PersonHistory(echoes, np.zeros(people), nobody + 0.5, nobody, nobody, figures - chosen)


def parameters_at_event(model: ModelSpec, name: str, people: Mapping[str, Array], event: Event, others: int) -> Params:
    """A response's parameters at an event: where they differ by figure, of the figure met, or of each to turn to."""
    p = response_values(model, name, people)
    if model.responses[name].figure_scope == "each":
        return map_tree(lambda leaf: first_figures(leaf, others), p)
    return map_tree(lambda leaf: over_figures(event.figure * leaf) if leaf.ndim == 2 else leaf, p)


def readouts_at(
    model: ModelSpec, people: Mapping[str, Array], name: str, moment: FilteredEvent, others: int
) -> dict[Readout, Array]:
    """What a response reads at a moment."""
    wanted = required_readouts(model.responses[name], others)
    return dict(zip(wanted, read_out(model.rule, rule_values(model, people), moment, wanted), strict=True))


def decayed_carryovers(
    model: ModelSpec, people: Mapping[str, Array], names: Iterable[str], life: PersonHistory, event: Event
) -> dict[str, Carryover]:
    """The echoes of some responses when the next event begins."""
    return {
        name: decay(
            model.responses[name],
            parameters_at_event(model, name, people, event, life.others),
            life.echoes[name],
            event.since_any,
        )
        for name in names
    }


def draw_response(
    model: ModelSpec,
    people: Mapping[str, Array],
    name: str,
    moment: FilteredEvent,
    life: PersonHistory,
    rng: np.random.Generator,
) -> tuple[Array, PersonHistory]:
    """Everybody's answer from what is read and what is left of the past, and life with its echo."""
    response, echo, others = model.responses[name], life.echoes[name], life.others
    p = parameters_at_event(model, name, people, moment.event, others)
    sums = {Readout(about, "after"): total for about, total in echo.kept.items()}
    found = readouts_at(model, people, name, moment, others) | sums
    given = response.arguments(p, *readout_arguments(response, found, others))
    last, since = (over_figures(moment.event.figure * leaf) for leaf in (echo.last, echo.since))
    drawn = response.family.draw(rng, **with_carryover(response, p, given, last, since))
    if response.carry is not None:
        echo = record_residual(echo, 1.0 if response.about == "worth" else moment.event.figure, drawn - given["mu"])
    return drawn, life._replace(echoes=life.echoes | {name: echo})


def event_with_choice(choice: Array, event: Event, life: PersonHistory) -> Event:
    """The event with the figure that a person turned to (1, 2, ...); with nobody (0) it stays as it was planned."""
    places = np.arange(1, len(event.figure) + 1)[:, None]
    chosen = np.where(choice > 0, places == choice, event.figure).astype(float)
    known = over_figures(chosen * life.met)
    since = np.where(known > 0, over_figures(chosen * life.since), 1.0)
    return event._replace(figure=chosen, met=life.met * (places <= life.others), since_figure=since)


def draw_outcome(event: Event, offer: EventCare, life: PersonHistory, seen: Array, rng: np.random.Generator) -> Event:
    """What the figure does: responsive or not, and frightening or not."""
    likely = over_figures(event.figure * pulled_chance(offer.chance, offer.pull, life.bids))
    responded = rng.random(likely.shape) < np.nan_to_num(likely)
    event = event._replace(outcome=np.where(seen & responded, 1.0, 0.0))
    if not offer.threat.any():
        return event
    frightened = rng.random(likely.shape) < over_figures(event.figure * offer.threat)
    return event._replace(threat=np.where(seen & frightened, 1.0, 0.0))


def accumulated_carryovers(
    model: ModelSpec, people: Mapping[str, Array], life: PersonHistory, moment: FilteredEvent
) -> dict[str, Carryover]:
    """The echoes of responses that keep a sum, with what an outcome adds to it."""
    return {
        name: accumulate(echo, readouts_at(model, people, name, moment, life.others))
        for name, echo in life.echoes.items()
        if echo.kept
    }


def updated_history(
    model: ModelSpec,
    people: Mapping[str, Array],
    life: PersonHistory,
    moment: FilteredEvent,
    offer: EventCare,
    bid: Array | None,
) -> PersonHistory:
    """Life after an outcome, with what it adds to every sum that is kept, and after a bid (1) or none (0)."""
    event, strain = moment.event, offer.strain
    sure = model.rule.beliefs(rule_values(model, people), moment.after, event).availability.mean
    calmed = (1.0 - strain.soothing * event.outcome) * (1.0 - strain.self_regulation * sure)
    change = 0.0 if bid is None else (1.0 - BID_MEMORY) * (bid - life.bids)
    return life._replace(
        echoes=life.echoes | accumulated_carryovers(model, people, life, moment),
        distress=event.distress * calmed,
        bids=life.bids + event.figure * change,
        met=np.maximum(life.met, event.figure),
        since=life.since * (1.0 - event.figure),
    )


def simulate_closed_loop(
    model: ModelSpec,
    people: Mapping[str, np.ndarray],
    course: np.ndarray,
    offers: Iterable[EventCare],
    figures: int,
    s: State,
    rng: np.random.Generator,
) -> Iterator[tuple[FilteredEvent, dict[str, np.ndarray]]]:
    """Every event from state `s` on, with the answers given at it; outcomes are 0 or 1.

    `course` (event, field, person) says who is met when, unless a response chooses; `offers` what each event holds.
    """
    p, life = rule_values(model, people), empty_history(model, figures, course.shape[2])
    acts = {name: response.effect for name, response in model.responses.items() if response.effect != "none"}
    choosing = [name for name, effect in acts.items() if effect == "chooses"]
    others = [name for name in model.responses if name not in choosing]
    early = [name for name in others if model.responses[name].timing == "before"]
    nothing = np.zeros(course.shape[2], dtype=bool)
    for row, offer in zip(course, offers, strict=True):
        event, _ = unpack_event(row, figures)
        assessed, given = bool(np.isnan(offer.chance).all()), {}
        life = life._replace(since=life.since + event.since_any)
        if offer.strain.rate:
            struck = rng.random(nothing.shape) < offer.strain.rate
            event = event._replace(distress=np.where(struck, 1.0, life.distress))
        life = life._replace(echoes=life.echoes | decayed_carryovers(model, people, choosing, life, event))
        for name in [] if assessed else choosing:
            given[name], life = draw_response(model, people, name, FilteredEvent(s, s, s, event, nothing), life, rng)
            event = event_with_choice(given[name], event, life)
        life = life._replace(echoes=life.echoes | decayed_carryovers(model, people, others, life, event))
        before = model.rule.drift(p, s, event)
        for name in early:
            given[name], life = draw_response(
                model, people, name, FilteredEvent(s, before, before, event, nothing), life, rng
            )
        if assessed:
            given |= {name: np.full(nothing.shape, np.nan) for name in acts}
        bids = [given[name] > 0 for name, effect in acts.items() if effect in ("withdraws", "chooses")]
        seen = np.logical_and.reduce(bids) if bids and not assessed else nothing | (not assessed)
        event = draw_outcome(event, offer, life, seen, rng)
        moment = FilteredEvent(s, *step(model.rule, p, s, event, seen), event, seen)
        life = updated_history(
            model, people, life, moment, offer, seen.astype(float) if bids and not assessed else None
        )
        for name in others:
            if name not in early and not (assessed and name in acts):
                given[name], life = draw_response(model, people, name, moment, life, rng)
            if model.responses[name].about == "perceived":
                given[name] = np.where(seen, given[name], np.nan)
        s = moment.after
        yield moment, given
