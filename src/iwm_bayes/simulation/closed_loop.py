"""People live through one event after another, in closed loop.

Beliefs move, answers are given, and what is done decides what is seen: who withdraws does not see the outcome, who
turns to a figure meets that one, and bids move a therapist who lets himself be moved.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import unpack
from iwm_bayes.filtering.carryover import Echo, added, faded, heard, silence
from iwm_bayes.filtering.filter import Moment, read, step
from iwm_bayes.filtering.readouts import Reading, readings, taken
from iwm_bayes.ops import Array, first_figures, over_figures
from iwm_bayes.simulation.care import RECENT, Offer, pulled
from iwm_bayes.types import Event, Model, Params, State, carried, each, response_values, rule_values


class Life(NamedTuple):
    """What a person carries along beside beliefs."""

    echoes: dict[str, Echo]  # by response
    distress: Array  # (person,), 0..1
    bids: Array  # (figure, person): share of recent events with a figure at which a bid was made
    met: Array  # (figure, person): 1 where there was an event with a figure
    since: Array  # (figure, person): time since the last event with a figure, 0 before the first
    others: int  # how many figures there are to turn to; where one turns to them, the last is nobody in particular


def birth(model: Model, figures: int, people: int) -> Life:
    nobody = np.zeros((figures, people))
    echoes = {name: silence(response, figures, people) for name, response in model.responses.items()}
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    return Life(echoes, np.zeros(people), nobody + 0.5, nobody, nobody, figures - chosen)


def own(model: Model, name: str, people: Mapping[str, Array], event: Event, others: int) -> Params:
    """A response's parameters at an event: where they differ by figure, of the figure met, or of each to turn to."""
    p = response_values(model, name, people)
    if model.responses[name].whom == "each":
        return each(lambda leaf: first_figures(leaf, others), p)
    return each(lambda leaf: over_figures(event.figure * leaf) if leaf.ndim == 2 else leaf, p)


def found_by(model: Model, people: Mapping[str, Array], name: str, moment: Moment, others: int) -> dict[Reading, Array]:
    """What a response reads at a moment."""
    wanted = readings(model.responses[name], others)
    return dict(zip(wanted, read(model.rule, rule_values(model, people), moment, wanted), strict=True))


def after_a_while(
    model: Model, people: Mapping[str, Array], names: Iterable[str], life: Life, event: Event
) -> dict[str, Echo]:
    """The echoes of some responses when the next event begins."""
    return {
        name: faded(
            model.responses[name], own(model, name, people, event, life.others), life.echoes[name], event.since_any
        )
        for name in names
    }


def respond(
    model: Model, people: Mapping[str, Array], name: str, moment: Moment, life: Life, rng: np.random.Generator
) -> tuple[Array, Life]:
    """Everybody's answer from what is read and what is left of the past, and life with its echo."""
    response, echo, others = model.responses[name], life.echoes[name], life.others
    p = own(model, name, people, moment.event, others)
    sums = {Reading(about, "after"): total for about, total in echo.kept.items()}
    found = found_by(model, people, name, moment, others) | sums
    given = response.given(p, *taken(response, found, others))
    last, since = (over_figures(moment.event.figure * leaf) for leaf in (echo.last, echo.since))
    drawn = response.family.draw(rng, **carried(response, p, given, last, since))
    if response.carry is not None:
        echo = heard(echo, 1.0 if response.about == "worth" else moment.event.figure, drawn - given["mu"])
    return drawn, life._replace(echoes=life.echoes | {name: echo})


def turned_to(choice: Array, event: Event, life: Life) -> Event:
    """The event with the figure that a person turned to (1, 2, ...); with nobody (0) it stays as it was planned."""
    places = np.arange(1, len(event.figure) + 1)[:, None]
    chosen = np.where(choice > 0, places == choice, event.figure).astype(float)
    known = over_figures(chosen * life.met)
    since = np.where(known > 0, over_figures(chosen * life.since), 1.0)
    return event._replace(figure=chosen, met=life.met * (places <= life.others), since_figure=since)


def act_of(event: Event, offer: Offer, life: Life, seen: Array, rng: np.random.Generator) -> Event:
    """What the figure does: responsive or not, and frightening or not."""
    likely = over_figures(event.figure * pulled(offer.chance, offer.pull, life.bids))
    responded = rng.random(likely.shape) < np.nan_to_num(likely)
    event = event._replace(outcome=np.where(seen & responded, 1.0, 0.0))
    if not offer.threat.any():
        return event
    frightened = rng.random(likely.shape) < over_figures(event.figure * offer.threat)
    return event._replace(threat=np.where(seen & frightened, 1.0, 0.0))


def added_up(model: Model, people: Mapping[str, Array], life: Life, moment: Moment) -> dict[str, Echo]:
    """The echoes of responses that keep a sum, with what an outcome adds to it."""
    return {
        name: added(echo, found_by(model, people, name, moment, life.others))
        for name, echo in life.echoes.items()
        if echo.kept
    }


def lived_on(
    model: Model, people: Mapping[str, Array], life: Life, moment: Moment, offer: Offer, bid: Array | None
) -> Life:
    """Life after an outcome, with what it adds to every sum that is kept, and after a bid (1) or none (0)."""
    event, strain = moment.event, offer.strain
    sure = model.rule.beliefs(rule_values(model, people), moment.after, event).availability.mean
    calmed = (1.0 - strain.soothing * event.outcome) * (1.0 - strain.self_regulation * sure)
    change = 0.0 if bid is None else (1.0 - RECENT) * (bid - life.bids)
    return life._replace(
        echoes=life.echoes | added_up(model, people, life, moment),
        distress=event.distress * calmed,
        bids=life.bids + event.figure * change,
        met=np.maximum(life.met, event.figure),
        since=life.since * (1.0 - event.figure),
    )


def live(
    model: Model,
    people: Mapping[str, np.ndarray],
    course: np.ndarray,
    offers: Iterable[Offer],
    figures: int,
    s: State,
    rng: np.random.Generator,
) -> Iterator[tuple[Moment, dict[str, np.ndarray]]]:
    """Every event from state `s` on, with the answers given at it; outcomes are 0 or 1.

    `course` (event, field, person) says who is met when, unless a response chooses; `offers` what each event holds.
    """
    p, life = rule_values(model, people), birth(model, figures, course.shape[2])
    acts = {name: response.effect for name, response in model.responses.items() if response.effect != "none"}
    choosing = [name for name, effect in acts.items() if effect == "chooses"]
    others = [name for name in model.responses if name not in choosing]
    early = [name for name in others if model.responses[name].moment == "before"]
    nothing = np.zeros(course.shape[2], dtype=bool)
    for row, offer in zip(course, offers, strict=True):
        event, _ = unpack(row, figures)
        assessed, given = bool(np.isnan(offer.chance).all()), {}
        life = life._replace(since=life.since + event.since_any)
        if offer.strain.rate:
            struck = rng.random(nothing.shape) < offer.strain.rate
            event = event._replace(distress=np.where(struck, 1.0, life.distress))
        life = life._replace(echoes=life.echoes | after_a_while(model, people, choosing, life, event))
        for name in [] if assessed else choosing:
            given[name], life = respond(model, people, name, Moment(s, s, s, event, nothing), life, rng)
            event = turned_to(given[name], event, life)
        life = life._replace(echoes=life.echoes | after_a_while(model, people, others, life, event))
        before = model.rule.drift(p, s, event)
        for name in early:
            given[name], life = respond(model, people, name, Moment(s, before, before, event, nothing), life, rng)
        if assessed:
            given |= {name: np.full(nothing.shape, np.nan) for name in acts}
        bids = [given[name] > 0 for name, effect in acts.items() if effect in ("withdraws", "chooses")]
        seen = np.logical_and.reduce(bids) if bids and not assessed else nothing | (not assessed)
        event = act_of(event, offer, life, seen, rng)
        moment = Moment(s, *step(model.rule, p, s, event, seen), event, seen)
        life = lived_on(model, people, life, moment, offer, seen.astype(float) if bids and not assessed else None)
        for name in others:
            if name not in early and not (assessed and name in acts):
                given[name], life = respond(model, people, name, moment, life, rng)
            if model.responses[name].about == "perceived":
                given[name] = np.where(seen, given[name], np.nan)
        s = moment.after
        yield moment, given
