"""Match the initial beliefs of models, so that a difference between them comes from learning alone.

The initial belief is the belief before the first outcome. In some models it is not the parameter itself: time passes
first, or the parameter is pulled towards one half. So the parameter is found for which the model's own first belief is
the one that is wanted. Models reach different ranges; a wanted belief is held within the range that all of them reach.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from iwm_bayes.explorer.people import identical_people
from iwm_bayes.types import Event, ModelSpec, parameters, rule_values

START_PARAMETERS = {"availability": "availability_start", "worth": "worth_start"}
N_GRID, N_ROUNDS = 33, 4  # each round narrows the range to a 32nd: after four, to a millionth


class InitialBeliefs(NamedTuple):
    """Beliefs before the first outcome, 0..1."""

    availability: float = 0.5
    worth: float = 0.5


def first_event(n_people: int, terms: Sequence[str] = ()) -> Event:
    """Return a person's first event, with one figure, one unit of time after the start; its terms are 0."""
    zero, one = np.zeros(n_people), np.ones(n_people)
    return Event(zero, one[None], zero[None], one, one, zero, zero, zero, dict.fromkeys(terms, zero))


def first_beliefs(
    model: ModelSpec, chosen: Mapping[str, float | np.ndarray], n_people: int = 1
) -> dict[str, np.ndarray]:
    """Return a model's own beliefs before the first outcome, by name, (person,); without self-worth if it has none.

    Parameters
    ----------
    chosen
        Values by parameter name, natural scale, one or (person,); other parameters have their prior median.
    """
    p = rule_values(model, identical_people(model, chosen, ["caregiver"], n_people))
    event = first_event(n_people, model.rule.terms)
    beliefs = model.rule.beliefs(p, model.rule.drift(p, model.rule.start(p, 1), event), event)
    worth = {} if beliefs.worth is None else {"worth": np.broadcast_to(beliefs.worth.mean, n_people)}
    return {"availability": np.broadcast_to(beliefs.availability.mean, n_people)} | worth


def settable_beliefs(model: ModelSpec) -> dict[str, str]:
    """Return the parameters that set the initial beliefs of a model, by belief; those that are fixed are left out."""
    free = {name for name, parameter in parameters(model).items() if parameter.fixed is None}
    return {belief: name for belief, name in START_PARAMETERS.items() if name in free}


def reached_range(model: ModelSpec, chosen: Mapping[str, float], belief: str) -> tuple[float, float]:
    """Return the ends of the range of an initial belief, for the prior 90% range of its parameter."""
    name = START_PARAMETERS[belief]
    low, high = first_beliefs(model, {**chosen, name: np.array(parameters(model)[name].prior_90)}, 2)[belief]
    return float(low), float(high)


def start_parameter(model: ModelSpec, chosen: Mapping[str, float], belief: str, wanted: float) -> float:
    """Return the value of the parameter for which the model's first belief is the one that is wanted."""
    name = START_PARAMETERS[belief]
    low, high = parameters(model)[name].prior_90
    for _ in range(N_ROUNDS):
        grid = np.linspace(low, high, N_GRID)
        reached = first_beliefs(model, {**chosen, name: grid}, N_GRID)[belief]
        at = int(np.clip(np.searchsorted(reached, wanted), 1, N_GRID - 1))
        low, high = grid[at - 1], grid[at]
        value = float(np.interp(wanted, reached, grid))
    return value


def held_wanted(
    models: Sequence[ModelSpec], chosen: Sequence[Mapping[str, float]], wanted: InitialBeliefs
) -> InitialBeliefs:
    """Return the wanted beliefs, held within the range that all models reach."""
    held = {}
    for belief, value in wanted._asdict().items():
        ranges = [
            reached_range(model, own, belief)
            for model, own in zip(models, chosen, strict=True)
            if belief in settable_beliefs(model)
        ]
        low, high = (max(low for low, _ in ranges), min(high for _, high in ranges)) if ranges else (value, value)
        held[belief] = min(max(value, low), high)
    return InitialBeliefs(**held)


def with_initial_beliefs(model: ModelSpec, chosen: Mapping[str, float], wanted: InitialBeliefs) -> dict[str, float]:
    """Return values of parameters with those for which a model begins with the wanted beliefs."""
    values = dict(chosen)
    for belief, name in settable_beliefs(model).items():
        values[name] = start_parameter(model, values, belief, getattr(wanted, belief))
    return values
