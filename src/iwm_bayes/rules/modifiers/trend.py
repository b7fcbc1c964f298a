"""A time trend in addition to learning: time alone moves a belief towards a plateau.

    b <- plateau + (b - plateau) * (1 - pace)^elapsed        (time passes, after what the rule itself does then)

`b` is the belief on the rule's own scale (see `rules.location`): 0..1, or log-odds, where the plateau is in log-odds,
too. `plateau` lies in 0..1; `pace` is the share of the way to the plateau per unit of time. Each belief has its own
plateau and pace. Time counts from the last event with the figure for availability, and from any event for self-worth.

At a learning rate of 0 this is the null model `growth`, and at a pace of 0 the rule itself. Whether beliefs follow the
outcomes beyond time is then a question about parameters of one model. Outcomes that change for everybody alike, and
always, cannot answer it. Where the rule itself moves beliefs with time, such as `prototype`, both act in turn at each
event. Derived for this program: a delta rule towards a plateau in continuous time, added to learning.

With a trend, learning is in question. The default prior of a learning rate, 90% in .02 to .5, supposes that people
learn. So it then begins at a tenth of that, unless the model states another prior.
"""

from typing import Any

from iwm_bayes.rules import growth
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.modifiers.belief_parameters import belief_parameters, elapsed, may_differ_by_figure, of_beliefs
from iwm_bayes.types import Event, Parameter, Rule, State, named_leaves, unflatten

TREND: dict[str, Parameter] = {
    "plateau": growth.Parameters().plateau,
    "pace": growth.Parameters().pace,
}


NO_LEARNING = {(0.02, 0.5): (0.002, 0.5), (0.05, 0.8): (0.005, 0.8)}  # default priors of a learning rate, and instead


def without_supposed_learning(rule: Rule) -> Rule:
    """Return a rule whose learning rates, where they have their default prior, may be next to 0."""

    def lowered(name: str, own: Parameter) -> Parameter:
        is_rate = name.split("_")[-1] == "rate"
        return own._replace(prior_90=NO_LEARNING.get(own.prior_90, own.prior_90)) if is_rate else own

    declared = (lowered(name, own) for name, own in named_leaves(rule.parameters))
    return rule._replace(parameters=unflatten(rule.parameters, declared))


def with_trend(rule: Rule) -> Rule:
    """Make time move the beliefs of a rule towards a plateau; the rule must have an `own_scale`."""
    scale, added = rule.own_scale, belief_parameters(rule, TREND)
    if scale is None:
        return rule

    def drift(p: Any, old_p: Any, s: State, event: Event) -> State:
        drifted = rule.drift(old_p, s, event)
        now, since, pace = scale.read(drifted, event), elapsed(scale, event), of_beliefs(scale, p, event, "pace")
        plateau = scale.link(drifted, event, of_beliefs(scale, p, event, "plateau"))
        moved = {name: (plateau[name] - b) * (1.0 - (1.0 - pace[name]) ** since[name]) for name, b in now.items()}
        return scale.move(drifted, event, moved)

    changed = with_parameters(without_supposed_learning(rule), added, drift=drift)
    return changed._replace(
        by_figure=rule.by_figure | may_differ_by_figure(added), movements=(*rule.movements, "trend")
    )
