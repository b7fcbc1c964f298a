"""A response with further parameters and readouts; and which parameters it reads between events."""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from iwm_bayes.ops import Array
from iwm_bayes.rules.own_file import example_values
from iwm_bayes.types import Parameter, Response, named_leaves, unflatten


def response_with_parameters(
    response: Response,
    added: Mapping[str, Parameter],
    terms: Sequence[str],
    arguments: Callable[..., Mapping[str, Array]],
) -> Response:
    """Add parameters to a response, and event terms that it reads.

    `arguments` takes the place of that of the response: arguments(p, old_p, values, *readouts). `p` has all parameters,
    `old_p` those of the response that is changed, and `values` those of the terms by name. What is left of earlier
    events (`carry`, `accumulates`) stays.
    """
    old_type, n_terms = type(response.parameters), len(terms)
    make: Any = namedtuple  # its fields are known only here
    new_type, n_old = make(old_type.__name__, [*old_type._fields, *added]), len(old_type._fields)

    def changed(p: Any, *read: Array) -> Mapping[str, Array]:
        readouts, values = read[:-n_terms], dict(zip(terms, read[-n_terms:], strict=True))
        return arguments(p, old_type(*p[:n_old]), values, *readouts)

    def between_events(share: Callable[..., Array]) -> Callable[..., Array]:
        return lambda p, elapsed: share(old_type(*p[:n_old]), elapsed)

    return response._replace(
        parameters=new_type(*response.parameters, *added.values()),
        arguments=changed,
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
