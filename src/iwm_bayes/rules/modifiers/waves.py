"""Waves: parameters that differ between the waves of a study, and beliefs that restart at a new wave.

    theta(person, w) = m(person) + sum_k c[w, k] d_k(person)           link scale, w = 1 .. W
    d_k = theta(w = k + 1) - mean of theta(w = 1 .. k),                k = 1 .. W - 1
    c[w, k] = L[k, w] k / (k + 1)                                      L[k] are the weights of d_k, so c inverts them

`m` is a person's mean over the waves: the parameter that the rule has anyway. The changes `d_k` are further parameters,
partially pooled like it. With two waves a value is m -+ d/2, and d is the change from the first wave to the second. The
columns of c are orthogonal and sum to 0 (reverse Helmert contrasts). So where theta = mu + u(person) + v(person, wave),
with independent u and v and one SD of v, m and all d_k are independent, and

    var(m) = var(u) + var(v) / W,      var(d_k) = var(v) (k + 1) / k

Test-retest reliability follows: see `estimands.reliability`. A restart replaces the state of both beliefs by the
initial beliefs of the wave, before anything happens at its first event. The contrasts are those of Venables & Ripley
(2002), Modern Applied Statistics with S, 6.2; doi:10.1007/978-0-387-21706-2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, count_figures, where
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.modifiers.shift import SHIFTS
from iwm_bayes.types import Event, Parameter, Params, Rule, State, map_tree, named_leaves, unflatten

RESTART = "restart of beliefs"  # the event term that is 1 at the first event of a wave in which beliefs restart


class Waves(NamedTuple):
    """The waves of a study, and what differs between them."""

    names: tuple[str, ...]  # in order
    beliefs: Literal["restarted", "carried"] = "restarted"  # from one wave to the next
    parameters: tuple[str, ...] = ()  # full names of those that differ between waves

    @property
    def later(self) -> tuple[str, ...]:
        """The event terms that are 1 at the events of a wave, of every wave but the first."""
        return tuple(f"wave {name}" for name in self.names[1:])

    @property
    def terms(self) -> tuple[str, ...]:
        """All event terms of the waves."""
        return (*self.later, *([RESTART] if self.beliefs == "restarted" else []))


def wave_contrasts(waves: int) -> np.ndarray:
    """Return the weights c (wave, change) of changes in the values of waves."""
    weights = np.zeros((waves, waves - 1))
    for k in range(1, waves):
        weights[:k, k - 1] = -1.0 / (k + 1)
        weights[k, k - 1] = k / (k + 1)
    return weights


def change_names(name: str, waves: int) -> list[str]:
    """Return the names of a parameter's changes: NAME_change, or NAME_change_2, NAME_change_3 ... by wave."""
    return [f"{name}_change"] if waves == 2 else [f"{name}_change_{wave}" for wave in range(2, waves + 1)]


def change_parameter(parameter: Parameter, k: int, links: Callable[[float], float], waves: Sequence[str]) -> Parameter:
    """Declare the k-th change of a parameter, on its link scale.

    Its group mean has a prior half as wide as that of the median person. The scale of its SD between people is that of
    the parameter where there are two waves. The reliability that this implies has a median of .6, and half of it lies
    between -.2 and .9; with three or four waves its median is .5.
    """
    low, high = (links(end) for end in parameter.prior_90)
    before = waves[0] if k == 1 else f"the mean of waves {', '.join(waves[:k])}"
    return Parameter(
        "real",
        (-(high - low) / 4.0, (high - low) / 4.0),
        parameter.prior_between_sd * float(np.sqrt((k + 1) / (2 * k))),
        parameter.pooling,
        parameter.by,
        meaning=f"change from {'wave ' * (k == 1)}{before} to wave {waves[k]}, link scale: {parameter.meaning}",
    )


LINKS: Mapping[str, Callable[[float], float]] = {
    "unit": lambda x: float(np.log(x / (1.0 - x))),
    "positive": lambda x: float(np.log(x)),
    "real": lambda x: x,
}


def wave_values(support: str, value: Array, changes: Sequence[Array], waves: int) -> list[Array]:
    """Return the natural-scale values of a parameter in every wave, from that of the mean and its changes."""
    found = []
    for weights in wave_contrasts(waves):
        first, *others = (constant(weight) * change for weight, change in zip(weights, changes, strict=True))
        found.append(SHIFTS[support](value, sum(others, first)))
    return found


def added_changes(declared: Mapping[str, Parameter], waves: Waves) -> dict[str, Parameter]:
    """Return the changes of those of the declared parameters that differ between waves, by full name."""
    return {
        name: change_parameter(declared[own], k, LINKS[declared[own].support], waves.names)
        for own in declared
        if own in waves.parameters
        for k, name in enumerate(change_names(own, len(waves.names)), 1)
    }


def at_wave(
    old: Params,
    declared: Mapping[str, Parameter],
    changes: Mapping[str, Array],
    waves: Waves,
    is_wave: Mapping[str, Array],
    prefix: str = "",
) -> Params:
    """Return parameters with the values of the wave of an event.

    The values of all waves are computed and one is chosen, because they are then computed once for each person. A sum
    that is weighted by the terms of the event needs an `exp` at each event: seven times the time of a likelihood.

    Parameters
    ----------
    old
        Values of the parameters `declared`, as means over the waves.
    changes
        Values of the changes, by full name.
    is_wave
        The event terms `Waves.later`.
    prefix
        What the full names of the parameters begin with: the name of a response.
    """
    values = dict(named_leaves(old, prefix))
    for name in (name for name in values if name in waves.parameters):
        own = [changes[change] for change in change_names(name, len(waves.names))]
        first, *others = wave_values(declared[name].support, values[name], own, len(waves.names))
        for term, value in zip(waves.later, others, strict=True):
            first = where(is_wave[term] > 0, value, first)
        values[name] = first
    return unflatten(old, iter(values.values()))


def with_waves(rule: Rule, waves: Waves) -> Rule:
    """Make parameters of a rule differ between waves, and beliefs restart where they do."""
    declared = dict(named_leaves(rule.parameters))

    def now(p: Params, old_p: Params, event: Event) -> Params:
        return at_wave(old_p, declared, p._asdict(), waves, event.terms)

    def start(p: Params, old_p: Params, figures: int) -> State:
        first = {term: constant(0.0) for term in waves.later}
        return rule.start(at_wave(old_p, declared, p._asdict(), waves, first), figures)

    def begin(p: Params, old_p: Params, s: State, event: Event) -> State:
        fresh = rule.start(now(p, old_p, event), count_figures(event.figure))
        return map_tree(lambda new, old: where(event.terms[RESTART] > 0, new, old), fresh, s)

    def outcome(p: Params, old_p: Params, event: Event) -> Array:
        return rule.outcome(now(p, old_p, event), event)  # type: ignore[misc]  # used where the rule has one

    changed = with_parameters(
        rule,
        added_changes(declared, waves),
        start=start,
        drift=lambda p, old_p, s, event: rule.drift(now(p, old_p, event), s, event),
        learn=lambda p, old_p, s, event: rule.learn(now(p, old_p, event), s, event),
        beliefs=lambda p, old_p, s, event: rule.beliefs(now(p, old_p, event), s, event),
        **({"begin": begin} if waves.beliefs == "restarted" else {}),
        **({"outcome": outcome} if rule.outcome else {}),
    )
    by_figure = {
        change for name in rule.by_figure & set(waves.parameters) for change in change_names(name, len(waves.names))
    }
    return changed._replace(terms=(*rule.terms, *waves.terms), by_figure=rule.by_figure | by_figure)
