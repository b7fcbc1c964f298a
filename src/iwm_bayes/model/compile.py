"""The initial point of a model's chains, as a compiled function."""

from typing import Any

import pymc as pm
import pytensor
from pymc.initial_point import make_initial_point_expression
from pytensor.compile.mode import Mode


def compile_initial_point(graph: pm.Model) -> Any:
    """Return a function without arguments that gives the initial point of chains.

    It gives the free variables in order, in the sampler's coordinates. It is not compiled by numba, which would take a
    minute, because it is called only a few times.
    """
    values = make_initial_point_expression(
        free_rvs=graph.free_RVs,
        rvs_to_transforms=graph.rvs_to_transforms,
        initval_strategies=graph.rvs_to_initial_values,
        return_transformed=True,
    )
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):  # of scans in it, too
        return pm.compile([], values, mode=Mode(linker="py", optimizer="fast_compile"))
