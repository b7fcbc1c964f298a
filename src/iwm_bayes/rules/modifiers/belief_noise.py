"""Belief noise: between events a belief also moves by itself, as moods do.

    b <- b + belief_noise * sqrt(elapsed) * z,   z ~ Normal(0, 1)        (time passes, after everything else)

`b` is the belief on the rule's own scale (see `rules.location`), and `belief_noise` a standard deviation on that scale
per square root of a unit of time: a random walk. `z` is a number of its own for each person, event and belief, which
nobody observes: an innovation. What learning leaves unexplained is then not all error of the answers. Where beliefs
move by themselves and a model ignores it, its learning rates are biased, and the SDs of its answers are too large.

On the outcome's scale a belief may leave 0..1, as the state of a Kalman filter may. What is expected of a figure is a
probability, and limited to 0..1. With a delta rule and Gaussian ratings of availability or self-worth this is the
linear-Gaussian state-space model of Kalman (1960), doi:10.1115/1.3662552. At an event that is only supposed, the
innovation is 0.
"""

from typing import Any

from iwm_bayes.ops import constant, maximum, minimum, sqrt
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.modifiers.belief_parameters import belief_parameters, elapsed, may_differ_by_figure, of_beliefs
from iwm_bayes.types import Beliefs, Event, Parameter, Rule, State

BELIEF_NOISE: dict[str, Parameter] = {
    "belief_noise": Parameter(
        "positive",
        (0.01, 0.2),  # where the own scale is 0..1; in log-odds four times as much, which is the same at .5
        pooling="complete",
        meaning="SD by which the belief moves by itself per square root of a unit of time, on the rule's own scale",
    )
}


def innovation_name(belief: str) -> str:
    """Return the name of a belief's innovation."""
    return f"{belief}_innovation"


def rescaled(parameter: Parameter, factor: float) -> Parameter:
    """Return a parameter whose prior has another unit."""
    low, high = parameter.prior_90
    return parameter._replace(prior_90=(factor * low, factor * high))


def with_belief_noise(rule: Rule) -> Rule:
    """Make the beliefs of a rule move by themselves; the rule must have an `own_scale`."""
    scale = rule.own_scale
    if scale is None:
        return rule
    added = belief_parameters(rule, {name: rescaled(own, scale.steepness) for name, own in BELIEF_NOISE.items()})

    def drift(p: Any, old_p: Any, s: State, event: Event) -> State:
        drifted = rule.drift(old_p, s, event)
        if not event.innovations:
            return drifted
        since, sd = elapsed(scale, event), of_beliefs(scale, p, event, "belief_noise")
        moved = {name: sd[name] * sqrt(since[name]) * event.innovations[innovation_name(name)] for name in since}
        return scale.move(drifted, event, moved)

    def beliefs(p: Any, old_p: Any, s: State, event: Event) -> Beliefs:
        found = rule.beliefs(old_p, s, event)
        return found._replace(expected=minimum(maximum(found.expected, constant(0.0)), constant(1.0)))

    own = {"drift": drift} | ({"beliefs": beliefs} if scale.steepness == 1.0 else {})
    changed = with_parameters(rule, added, **own)
    return changed._replace(
        by_figure=rule.by_figure | may_differ_by_figure(added),
        movements=(*rule.movements, "belief_noise"),
        innovations=(*rule.innovations, *map(innovation_name, scale.beliefs)),
    )
