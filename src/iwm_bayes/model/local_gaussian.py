"""Gaussian approximations to each person's likelihood, in a graph, which follow the completely pooled parameters.

Let x be the parameters of a person, with mode x0, and let s be the completely pooled parameters. Near x0, and near a
value s0 of s, the log likelihood of the person's answers is approximately

    gradient'(x - x0) - (x - x0)' root root' (x - x0) / 2

Gradient and root are linear in w tanh((s - s0) / w). So no precision is negative, and the approximation does not move
farther than w from s0. It must follow s: where a learning rate is completely pooled, everyone's mode moves with it.
Approximations that do not follow would each hold it back a little, and together strongly. `inference.pilot` computes
the seven arrays and sets them as data of the graph. Until then the arrays are zero (the widths w are 1), and the
approximate precision is zero.

    local_mode               (person parameter, person)                                x0, link scale
    local_gradient           (person parameter, person)                                gradient at x0 and s0
    local_root               (person parameter, person parameter, person)              root at s0
    local_gradient_by_complete  (person parameter, complete parameter, person)         slope of the gradient in s
    local_root_by_complete   (person parameter, person parameter, complete parameter, person)  slope of the root in s
    complete_mode            (complete parameter,)                                     s0, link scale
    complete_width           (complete parameter,)                                     w, link scale
"""

from typing import Any

import numpy as np
import pymc as pm


def declare_array(name: str, *shape: int) -> Any:
    """Declare an array of data, zero until it is set."""
    return pm.Data(name, np.zeros(shape), shape=shape)


def declare_local_gaussian(n_parameters: int, people: int, complete: list[Any]) -> tuple[Any, Any]:
    """Declare everyone's Gaussian, given the completely pooled parameters `complete`.

    Return the precision (parameter, parameter, person) and its product with the mode (parameter, person).
    """
    mode = declare_array("local_mode", n_parameters, people)
    gradient = declare_array("local_gradient", n_parameters, people)
    root = declare_array("local_root", n_parameters, n_parameters, people)
    if complete:
        count = len(complete)
        width = pm.Data("complete_width", np.ones(count))
        distance = pm.math.stack(complete) - declare_array("complete_mode", count)
        moved = width * pm.math.tanh(distance / width)
        gradient_slope = declare_array("local_gradient_by_complete", n_parameters, count, people)
        root_slope = declare_array("local_root_by_complete", n_parameters, n_parameters, count, people)
        gradient += (gradient_slope * moved[:, None]).sum(axis=1)
        root += (root_slope * moved[:, None]).sum(axis=2)
    precision = (root[:, None] * root[None]).sum(axis=2)
    return precision, gradient + (precision * mode).sum(axis=1)
