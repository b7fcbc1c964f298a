"""People drawn from the priors of a model, and their beliefs along the scripted events of an experiment.

Each person is the median person of another population. What happens to them is written down event by event, as far as
it is the same for everybody; outcomes can also be random.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.types import ModelSpec, parameters, rule_values

type People = Mapping[str, np.ndarray]  # natural-scale values by parameter name


class ScriptedEvent(NamedTuple):
    """One event of an experiment."""

    outcome: float | np.ndarray | None  # a number, or one per person; None where no outcome is observed
    figure: int = 0
    gap: float = 1.0  # time since the last event


GOOD, RUPTURE = ScriptedEvent(1.0), ScriptedEvent(0.0)
RUPTURE_ARMS: Mapping[str, Sequence[ScriptedEvent]] = {  # six sessions each, after a history that the arms share
    "smooth": [GOOD] * 6,
    "repaired": [RUPTURE, *[GOOD] * 5],
    "repaired late": [RUPTURE, RUPTURE, *[GOOD] * 4],
}


class BeliefTrajectory(NamedTuple):
    """Outcomes, and beliefs before and after every event, (event, person) each."""

    outcome: np.ndarray
    expected: np.ndarray  # before the outcome
    availability_before: np.ndarray
    availability: np.ndarray  # after the outcome
    worth_before: np.ndarray
    worth: np.ndarray

    def gain(self, events: slice) -> np.ndarray:
        """Return the share of prediction errors by which availability changed, over some events, (person,).

        It is NaN for a person who had no prediction error.
        """
        change = np.abs(self.availability - self.availability_before)[events].sum(axis=0)
        error = np.abs(self.outcome - self.expected)[events].sum(axis=0)
        return np.divide(change, error, out=np.full_like(change, np.nan), where=error > 0.0)


def median_people(
    model: ModelSpec, draws: int, generator: np.random.Generator, figures: int = 1
) -> dict[str, np.ndarray]:
    """Draw median people, each of another population from the model's priors: natural-scale values by name."""
    names = [f"figure {index}" for index in range(figures)]
    theta = {
        free.label: generator.normal(free.prior_mean, free.prior_sd, draws) for free in free_parameters(model, names)
    }
    return natural_values(model, theta, names, draws)


def with_initial_beliefs(people: People, **beliefs: float) -> dict[str, np.ndarray]:
    """Return the same people with other initial beliefs, as far as the model has parameters for them.

    Where a belief is made of parts, the parameter is one of them, and the belief is not the number that is given: in
    `strain_test` the probability that a figure is reliable, in `contingent` the expectation in calm, and in `splitting`
    the probability that the all-good model is true.
    """
    starts = {f"{belief}_start": value for belief, value in beliefs.items()}
    return dict(people) | {name: np.full_like(people[name], value) for name, value in starts.items() if name in people}


def with_steps(model: ModelSpec, people: People, steps: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Return the same people with some parameters moved by steps on their link scales, such as log-odds."""
    links = {name: LINKS[parameters(model)[name].support] for name in steps}
    return dict(people) | {name: links[name][1](links[name][0](people[name]) + step) for name, step in steps.items()}


def log_odds(belief: np.ndarray) -> np.ndarray:
    """Return the log-odds of a belief, which is never quite certain."""
    return LINKS["unit"][0](np.clip(belief, 1e-6, 1.0 - 1e-6))


def people_alike(people: People, size: int) -> dict[str, np.ndarray]:
    """Return groups of `size` people with the same parameters, one group per draw, next to each other."""
    return {name: np.repeat(value, size, axis=-1) for name, value in people.items()}


def group_means(values: np.ndarray, size: int) -> np.ndarray:
    """Return the means of groups of people alike, (event, draw), of values (event, person)."""
    return values.reshape(len(values), -1, size).mean(axis=-1)


def event_array_of(events: Sequence[ScriptedEvent], figures: int, people: int) -> np.ndarray:
    """Return scripted events as an event array, (event, field, person), as in `filtering.arrays`."""
    array = np.zeros((len(events), len(EVENT_FIELDS) + 2 * figures, people))
    time, last_met = 0.0, dict.fromkeys(range(figures), -1.0)
    for row, event in zip(array, events, strict=True):
        time += event.gap
        met = last_met[event.figure] >= 0
        fields = {
            "outcome": 0.0 if event.outcome is None else event.outcome,
            "observed": float(event.outcome is not None),
            "since_figure": time - last_met[event.figure] if met else 1.0,
            "since_any": event.gap,
        }
        for name, value in fields.items():
            row[EVENT_FIELDS.index(name)] = value
        row[len(EVENT_FIELDS) + event.figure] = 1.0
        for figure in range(figures):
            row[len(EVENT_FIELDS) + figures + figure] = float(last_met[figure] >= 0)
        last_met[event.figure] = time
    return array


def simulate_beliefs(
    model: ModelSpec, people: People, events: Sequence[ScriptedEvent], figures: int = 1, of: int | None = None
) -> BeliefTrajectory:
    """Compute the beliefs of people along scripted events, about the figure met, or about the figure `of`."""
    count = max(value.shape[-1] for value in people.values())
    array = event_array_of(events, figures, count)
    readouts = [
        Readout("expected", "before", of),
        *(Readout(about, timing, of) for about in ("availability", "worth") for timing in ("before", "after")),
    ]
    beliefs = filter_readouts(model.rule, rule_values(model, people), array, figures, readouts)
    return BeliefTrajectory(array[:, 0], *beliefs)


def holds_variance(model: ModelSpec) -> bool:
    """Return whether the belief about a figure has a variance."""
    p = rule_values(model, median_people(model, 1, np.random.default_rng(0)))
    [only] = filter_events(model.rule, p, event_array_of([ScriptedEvent(None)], 1, 1), 1)
    return model.rule.beliefs(p, only.after, only.event).availability.variance is not None


def expected_answers(
    model: ModelSpec, people: People, event_array: np.ndarray, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Compute answers without response noise, (event, person) by response, with one figure.

    All responses of the model must be normal around a mean.
    """
    exact = {
        name: response._replace(family=response.family._replace(draw=lambda _, mu, **__: mu))
        for name, response in model.responses.items()
    }
    return simulate_open_loop(model._replace(responses=exact), people, event_array, 1, 1, generator)


def random_care(
    rate: float, sessions: int, people: int, generator: np.random.Generator, figure: int = 0
) -> list[ScriptedEvent]:
    """Return sessions in which a figure responds to each person with probability `rate`."""
    return [ScriptedEvent((generator.random(people) < rate).astype(float), figure) for _ in range(sessions)]
