"""Responses whose parameters differ between the waves of a study: see `rules.modifiers.waves` for the equations.

The shares of residuals and of sums that are left between events (`carry`, `accumulates`) stay the same in all waves.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from iwm_bayes.ops import Array, count_figures, stack_figures
from iwm_bayes.rules.modifiers.waves import Waves, added_changes, at_wave
from iwm_bayes.types import Params, Response, named_leaves, unflatten


def fading_parameters(response: Response) -> list[str]:
    """Return the parameters of a response that say how much of the past is left at an event."""
    fading = [*response.accumulates.values(), *([response.carry] if response.carry else [])]
    middle = {name: own.prior_90[0] / 2 + own.prior_90[1] / 2 for name, own in named_leaves(response.parameters)}

    def shares(changed: str = "") -> list[float]:
        values = (np.float64(value * (1.1 if name == changed else 1.0)) for name, value in middle.items())
        p = unflatten(response.parameters, values)
        return [float(share(p, np.float64(2.0))) for share in fading]

    return [name for name in middle if shares(name) != shares()]


def response_with_waves(name: str, response: Response, waves: Waves) -> Response:
    """Make parameters of a response differ between waves; `name` is the model's name for it."""
    declared = dict(named_leaves(response.parameters, name))
    added = {key.removeprefix(f"{name}_"): parameter for key, parameter in added_changes(declared, waves).items()}
    if not added:
        return response
    old_type, n_terms = type(response.parameters), len(waves.later)
    make: Any = namedtuple  # its fields are known only here
    new_type = make(old_type.__name__, [*old_type._fields, *added])

    def old(p: Params) -> Params:
        return old_type(*p[: len(old_type._fields)])

    def arguments(p: Params, *readouts: Array) -> Mapping[str, Array]:
        own, terms = readouts[:-n_terms], readouts[-n_terms:]
        if response.figure_scope == "each":  # parameters then have an axis for figures, as the readouts have
            terms = tuple(stack_figures([term] * count_figures(own[0])) for term in terms)
        changes = {f"{name}_{field}": getattr(p, field) for field in added}
        is_wave = dict(zip(waves.later, terms, strict=True))
        return response.arguments(at_wave(old(p), declared, changes, waves, is_wave, name), *own)

    def with_old(share: Callable[[Params, Array], Array]) -> Callable[[Params, Array], Array]:
        return lambda p, elapsed: share(old(p), elapsed)

    return response._replace(
        parameters=new_type(*response.parameters, *added.values()),
        arguments=arguments,
        also_reads=(*response.also_reads, *(f"term {term}" for term in waves.later)),
        carry=response.carry and with_old(response.carry),
        accumulates={about: with_old(share) for about, share in response.accumulates.items()},
    )
