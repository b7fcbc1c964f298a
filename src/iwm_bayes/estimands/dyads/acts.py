"""The act of a member that reaches the other: its distribution given the beliefs of the member, and its expectation.

Acts are on the scale of an outcome, 0 to 1. Those with a few levels have a probability of each. Graded ones are put on
a grid: both ends, where censored answers have a probability, and cells of equal width between them. As a cell is not
wider than the SD of an answer, the sum over the grid is close to the integral.

    E f(act) = sum over the grid of P(act) f(act)
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.filtering.readouts import readout_arguments, required_readouts
from iwm_bayes.ops import Array
from iwm_bayes.responses.families import density_of_tail
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.simulation.closed_loop import parameters_at_event, readouts_at
from iwm_bayes.types import Family, ModelSpec, Response

CELLS = 40  # of graded acts: .025 wide; the SD of a rating is .02 at least
BELIEFS = ("expected", "availability", "worth")  # readouts that are beliefs, 0..1


class Act(NamedTuple):
    """What one member does, as far as the other experiences it."""

    model: ModelSpec  # of the member
    name: str  # of the response
    people: Mapping[str, Array]  # natural-scale values by parameter of the member, (person,)

    @property
    def response(self) -> Response:
        """Return the response."""
        return self.model.responses[self.name]


def act_name(model: ModelSpec, role: str) -> str:
    """Return the response of a member that the other experiences as an outcome."""
    return model.members[other_role(model.members, role)].outcome


def follows_belief(response: Response) -> bool:
    """Return whether an act follows a belief of this exchange, and no sum or earlier session."""
    return response.about in BELIEFS and not response.accumulates and not (response.lag and response.lagged)


def grid(family: Family) -> np.ndarray:
    """Return the outcomes on which an act is placed, (node,), from 0 to 1."""
    if family.discrete:
        return np.arange(family.levels) / (family.levels - 1.0)
    return np.array([0.0, *(np.arange(CELLS) + 0.5) / CELLS, 1.0])


def level_probabilities(family: Family, arguments: Mapping[str, Array], count: int) -> np.ndarray:
    """Return the probability of each level of a discrete act, (node, person)."""
    levels = (np.full(count, float(level)) for level in range(family.levels))
    return np.exp([family.log_density(level, **arguments) for level in levels])


def cell_probabilities(family: Family, arguments: Mapping[str, Array], count: int) -> np.ndarray:
    """Return the probability of both ends and of every cell of a graded act, (node, person)."""
    low, high = family.bounds or (0.0, 1.0)
    inside = low + (high - low) * grid(family)[1:-1, None]
    probabilities = np.zeros((CELLS + 2, count))
    probabilities[1:-1] = np.exp(family.log_density(inside, **arguments)) * (high - low) / CELLS
    if family.is_censored:
        ends = (np.full(count, end) for end in (low, high))
        probabilities[[0, -1]] = np.exp([density_of_tail(family, arguments, end) for end in ends])
    return probabilities / probabilities.sum(axis=0)


def act_probabilities(family: Family, arguments: Mapping[str, Array], count: int) -> np.ndarray:
    """Return the distribution of the acts of `count` people over `grid`, (node, person)."""
    found = level_probabilities if family.discrete else cell_probabilities
    return found(family, arguments, count)


def act_arguments(act: Act, filtered: FilteredEvent, added: float = 0.0) -> tuple[dict[str, Array], Array]:
    """Return the arguments of the family of an act at an exchange, and the belief that it follows, (person,).

    The belief is `added` to, within 0 and 1. What is left of earlier residuals does not count.
    """
    readouts = readouts_at(act.model, act.people, act.name, filtered, 1)
    main, *_ = required_readouts(act.response, 1)
    belief = np.clip(np.clip(readouts[main], 0.0, 1.0) + added, 0.0, 1.0)
    values = readout_arguments(act.response, readouts | {main: belief}, 1)
    p = parameters_at_event(act.model, act.name, act.people, filtered.event, 1)
    return dict(act.response.arguments(p, *values)), belief


def act_distribution(act: Act, filtered: FilteredEvent, added: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the distribution of an act at an exchange over its grid, (node, person), and the belief, (person,)."""
    arguments, belief = act_arguments(act, filtered, added)
    return act_probabilities(act.response.family, arguments, len(belief)), belief


def expected_act(act: Act, filtered: FilteredEvent) -> np.ndarray:
    """Return the expected act at an exchange, (person,), from 0 to 1."""
    probabilities, _ = act_distribution(act, filtered)
    return np.asarray(grid(act.response.family) @ probabilities)
