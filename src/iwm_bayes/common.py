"""What several theories say the same of, and theories of which a part alone is free."""

from collections import namedtuple
from collections.abc import Sequence, Set
from typing import Any

import xarray as xr

from iwm_bayes.core import Model, Parameter, leaves, parameters, rebuild
from iwm_bayes.hierarchy import moving


def free(model: Model) -> dict[str, Parameter]:
    """A theory's free parameters by name."""
    return {name: parameter for name, parameter in parameters(model).items() if parameter.fixed is None}


def alike_in(theories: Sequence[tuple[Model, xr.Dataset]]) -> dict[str, Parameter]:
    """Parameters free in several theories, declared the same in all of those, and that no covariate moves.

    None where people's parameters are correlated in any theory: then there is no telling them apart.
    """
    if any(model.correlated for model, _ in theories):
        return {}
    moved = {label.partition(": ")[0] for _, data in theories for labels in moving(data).values() for label in labels}
    declared: dict[str, list[Parameter]] = {}
    for model, _ in theories:
        for name, parameter in free(model).items():
            declared.setdefault(name, []).append(parameter)
    several = {name: found for name, found in declared.items() if len(found) > 1 and name not in moved}
    return {name: found[0] for name, found in several.items() if all(found[0] == one for one in found)}


def alone(model: Model, declared: dict[str, Parameter]) -> Model:
    """A theory of these parameters and no others, which says how people differ in them and nothing of what they do."""
    tree = namedtuple("Common", declared)(**declared)
    return model._replace(rule=model.rule._replace(parameters=tree), responses={})


def rest_of(model: Model, names: Set[str]) -> Model:
    """The same theory with these parameters not free."""

    def kept(part: Any, prefix: str = "") -> Any:
        named = leaves(part.parameters, prefix)
        held = (own._replace(fixed=0.0) if name in names else own for name, own in named)
        return part._replace(parameters=rebuild(part.parameters, held))

    responses = {name: kept(response, name) for name, response in model.responses.items()}
    return model._replace(rule=kept(model.rule), responses=responses)
