"""The equations of one person at one event: learning rule, readouts and responses, in scalars.

They are the same text as everywhere: `filter.step`, `read_out` and `likelihood_terms`. Here the loops over events are
taken apart into what one event adds. A decaying sum becomes a part of the state. A carried residual becomes a number
that an earlier event has saved.
"""

from collections.abc import Sequence
from typing import Any

import pytensor.tensor as pt

from iwm_bayes.filtering.arrays import event_fields, response_fields
from iwm_bayes.filtering.engine import kernels
from iwm_bayes.filtering.engine.equations import Carried, Step, Tail, scalars
from iwm_bayes.filtering.engine.kernels import EventKernel, PersonKernel
from iwm_bayes.filtering.graph import as_graphs, flat_graphs, rule_step, with_graphs
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.likelihood_terms import LikelihoodTerm, Loops, likelihood_terms
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.responses.families import density_inside, density_of_tail, is_at_bound
from iwm_bayes.types import ModelSpec, Params, Rule


class OneEvent:
    """What the loops over events add up to at one event; collects the state and what an event saves for later ones."""

    def __init__(self) -> None:
        self.state: list[Any] = []
        self.start: list[Any] = []
        self.next_state: list[Any] = []
        self.carried: list[Carried] = []

    def loops(self) -> Loops:
        """Return the four functions that `likelihood_terms` calls."""
        return Loops(list, self.readouts, self.decaying_sum, self.at_event)

    def readouts(
        self, rule: Rule, p: Params, fields: Sequence[Any], figures: int, readouts: Sequence[Readout]
    ) -> list[Any]:
        """Take one step of the rule, and read out."""
        start = rule.start(p, figures)
        state = scalars(len(flat_graphs(start)))
        next_state, found = rule_step(rule, p, with_graphs(start, state), fields, figures, readouts)
        self.state += state
        self.start += flat_graphs(start)
        self.next_state += next_state
        return found

    def decaying_sum(self, share: Any, value: Any) -> Any:
        """Add a value to a sum of which a share is left since the event before."""
        (before,) = scalars(1)
        total = share * before + value
        self.state.append(before)
        self.start.append(pt.constant(0.0))
        self.next_state.append(total)
        return total

    def at_event(self, x: Any, event: Any) -> Any:
        """Return a variable for what `x` was at an earlier event."""
        (earlier,) = scalars(1)
        self.carried.append(Carried(x, earlier, event))
        return earlier


def tail_of(model: ModelSpec, term: LikelihoodTerm) -> Tail:
    """Return the tail of a censored response."""
    family, arguments = model.responses[term.name].family, list(term.arguments.values())
    inputs = scalars(len(arguments))
    given = dict(zip(term.arguments, inputs, strict=True))
    return Tail(
        is_at_bound(family, term.value, term.recorded), arguments, inputs, density_of_tail(family, given, term.value)
    )


def person_step(model: ModelSpec, figures: Sequence[str]) -> Step:
    """Return the equations of one event of a model; `theta` are the link-scale values of `free_parameters`."""
    free, fields = free_parameters(model, figures), scalars(len(event_fields(figures, model.rule.terms)))
    theta, answers = scalars(len(free)), scalars(len(response_fields(model)))
    innovations = scalars(len(model.rule.innovations))
    by_label = dict(zip((parameter.label for parameter in free), theta, strict=True))
    values = {name: as_graphs(x) for name, x in natural_values(model, by_label, figures, ()).items()}
    event = OneEvent()
    terms = list(likelihood_terms(model, figures, values, [*fields, *innovations], answers, event.loops()))
    families = [model.responses[term.name].family for term in terms]
    log_density = sum(
        (density_inside(family, *term[1:]) for family, term in zip(families, terms, strict=True)), pt.constant(0.0)
    )
    tails = [tail_of(model, term) for family, term in zip(families, terms, strict=True) if family.is_censored]
    return Step(
        theta,
        [*fields, *answers],
        event.state,
        event.start,
        event.next_state,
        log_density,
        tails,
        event.carried,
        innovations=innovations,
    )


def person_kernel(model: ModelSpec, figures: Sequence[str]) -> PersonKernel:
    """Return the compiled log likelihood of a model by person, with its gradient by `free_parameters`."""
    return kernels.person_kernel(model.name, person_step(model, figures), len(event_fields(figures, model.rule.terms)))


def event_kernel(model: ModelSpec, figures: Sequence[str]) -> EventKernel:
    """Return the compiled log likelihood of a model by event."""
    return kernels.event_kernel(model.name, person_step(model, figures), len(event_fields(figures, model.rule.terms)))
