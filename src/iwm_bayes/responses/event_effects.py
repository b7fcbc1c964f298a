"""Effects of event terms on a response: its parameters have a value per event.

    value[event] = unlink(link(value) + sum over terms of effect * term[event])

An example is a rating that is noisier in sessions by video. The equation is that of
`rules.modifiers.event_effects`. The response reads the terms in addition to beliefs.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from iwm_bayes.ops import Array
from iwm_bayes.rules.modifiers.event_effects import Effects, moved
from iwm_bayes.rules.own_file import example_values
from iwm_bayes.types import Parameter, Response, named_leaves, unflatten


def with_event_effects(response: Response, effects: Effects, added: Mapping[str, Parameter]) -> Response:
    """Add effects of event terms on parameters of a response; names are those within the response."""
    old_type, n_old = type(response.parameters), len(response.parameters)
    make: Any = namedtuple  # its fields are known only here
    new_type = make(old_type.__name__, [*old_type._fields, *added])
    terms = list(dict.fromkeys(term for own in effects.values() for term in own.values()))

    def without_effects(p: Any) -> Any:
        return old_type(*p[:n_old])

    def arguments(p: Any, *read: Array) -> Mapping[str, Array]:
        readouts, values = read[: -len(terms)], dict(zip(terms, read[-len(terms) :], strict=True))
        return response.arguments(moved(response.parameters, without_effects(p), effects, p, values), *readouts)

    def between_events(function: Callable[..., Array]) -> Callable[..., Array]:
        return lambda p, elapsed: function(without_effects(p), elapsed)

    return response._replace(
        parameters=new_type(*response.parameters, *added.values()),
        arguments=arguments,
        also_reads=(*response.also_reads, *(f"term {term}" for term in terms)),
        carry=response.carry and between_events(response.carry),
        accumulates={about: between_events(share) for about, share in response.accumulates.items()},
    )


def is_read_between_events(response: Response, name: str) -> bool:
    """Return whether a parameter of a response determines what is left of earlier events, so that no event has it."""
    leaves = dict(named_leaves(response.parameters))
    values = {leaf: example_values(declared) + 0.0 for leaf, declared in leaves.items()}
    low, high = leaves[name].prior_90
    p, other = (
        unflatten(response.parameters, iter((values | changed).values()))
        for changed in ({}, {name: values[name] + 0.1 * (high - low)})
    )
    functions = [*response.accumulates.values(), *([response.carry] if response.carry else [])]
    elapsed = np.float64(1.0)
    return any(not np.allclose(each(p, elapsed), each(other, elapsed), rtol=1e-9) for each in functions)
