"""Where chains begin, as PyMC computes it: the reference for the engines."""

import numpy as np
import pymc as pm


def initial_point(graph: pm.Model) -> list[np.ndarray]:
    """The free variables in order, in the sampler's coordinates."""
    point = graph.initial_point()
    return [point[variable.name] for variable in graph.value_vars]
