"""Where chains begin, as PyMC computes it: the reference for the engines."""

import numpy as np
import pymc as pm
import pytensor
from pymc.initial_point import make_initial_point_expression
from pytensor.compile.mode import Mode


def pymc_start(graph: pm.Model) -> list[np.ndarray]:
    """The free variables in order, in the sampler's coordinates; without BLAS, which not every machine has."""
    values = make_initial_point_expression(
        free_rvs=graph.free_RVs,
        rvs_to_transforms=graph.rvs_to_transforms,
        initval_strategies=graph.rvs_to_initial_values,
        return_transformed=True,
    )
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):  # of scans in it, too
        return pm.compile([], values, mode=Mode(linker="py", optimizer="fast_compile"))()
