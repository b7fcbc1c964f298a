"""What several theories say the same of, and theories that say less than they did."""

from collections.abc import Sequence, Set

import xarray as xr

from iwm_bayes.core import Model, parameters, redeclared
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
    found = parameters(model).items()
    return redeclared(model, {name: own if name in names else own._replace(fixed=0.0) for name, own in found})


def apart(model: Model, names: Set[str]) -> Model:
    """The same theory, which says nothing of any group in these parameters."""
    found = parameters(model)
    return redeclared(model, found | {name: found[name]._replace(pooling="separate") for name in names})
