"""What several theories say the same of, and a theory of which a part alone is free."""

from collections.abc import Sequence, Set
from typing import Any

import xarray as xr

from iwm_bayes.core import Model, leaves, parameters, rebuild
from iwm_bayes.hierarchy import moving


def alike_in(theories: Sequence[tuple[Model, xr.Dataset]]) -> set[str]:
    """Free parameters of responses with a group, declared the same in all theories, and that no covariate moves.

    None where people's parameters are correlated in any of them: then there is no telling them apart.
    """
    found = []
    for model, data in theories:
        moved = {label.partition(": ")[0] for labels in moving(data).values() for label in labels}
        answering = parameters(model).keys() - parameters(model._replace(responses={})).keys() - moved
        found.append({name: parameters(model)[name] for name in answering if not model.correlated})
    first, *others = found
    grouped = {name: own for name, own in first.items() if own.fixed is None and own.pooling != "separate"}
    return {name for name, own in grouped.items() if all(own == one.get(name) for one in others)}


def only(model: Model, names: Set[str]) -> Model:
    """The same theory with no other parameters free."""

    def kept(part: Any, prefix: str = "") -> Any:
        named = leaves(part.parameters, prefix)
        held = (own if name in names else own._replace(fixed=0.0) for name, own in named)
        return part._replace(parameters=rebuild(part.parameters, held))

    responses = {name: kept(response, name) for name, response in model.responses.items()}
    return model._replace(rule=kept(model.rule), responses=responses)


def apart(model: Model, names: Set[str]) -> Model:
    """The same theory, which says nothing of any group in these parameters."""

    def told(part: Any, prefix: str = "") -> Any:
        named = leaves(part.parameters, prefix)
        held = (own._replace(pooling="separate") if name in names else own for name, own in named)
        return part._replace(parameters=rebuild(part.parameters, held))

    responses = {name: told(response, name) for name, response in model.responses.items()}
    return model._replace(rule=told(model.rule), responses=responses)
