"""What people's own answers say of them, in a graph: Gaussians that follow what everyone shares.

Near a place x0 of each person, and where what everyone shares is s0, the log likelihood of a person's answers is

    slope'(x - x0) - (x - x0)' root root' (x - x0) / 2

with slope and root linear in s - s0 near s0, so that no precision is negative, and no farther than that can be trusted:
linear in w tanh((s - s0) / w). Where a learning rate is one for everyone, all people go along as it moves; held in
place they would hold it, each a little and together fast. The graph is told the seven arrays from outside (see
`pilot`); as long as it is not, answers say nothing.

    local_mode    (personal, person)                            x0, link scale
    local_gradient    (personal, person)                            there
    local_root     (personal, other_personal, person)            root
    local_gradient_by_complete (personal, common, person)                    how the slope changes with what everyone shares
    local_root_by_complete  (personal, other_personal, common, person)    how the root does
    complete_mode (common,)                                     s0, link scale
    complete_width (common,)                                     w, link scale
"""

from typing import Any

import numpy as np
import pymc as pm


def declare_array(name: str, *shape: int) -> Any:
    """Declare what the graph will be told."""
    return pm.Data(name, np.zeros(shape), shape=shape)


def declare_local_gaussian(rows: int, people: int, common: list[Any]) -> tuple[Any, Any]:
    """Declare precision (row, row, person) and its product with the top (row, person), given what everyone shares."""
    place, slope = declare_array("local_mode", rows, people), declare_array("local_gradient", rows, people)
    root = declare_array("local_root", rows, rows, people)
    if common:
        width = pm.Data("complete_width", np.ones(len(common)))
        away = width * pm.math.tanh((pm.math.stack(common) - declare_array("complete_mode", len(common))) / width)
        slope += (declare_array("local_gradient_by_complete", rows, len(common), people) * away[:, None]).sum(axis=1)
        root += (declare_array("local_root_by_complete", rows, rows, len(common), people) * away[:, None]).sum(axis=2)
    precision = (root[:, None] * root[None]).sum(axis=2)
    return precision, slope + (precision * place).sum(axis=1)
