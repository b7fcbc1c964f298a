"""How frequent each of several theories is, in a graph, as a sampler moves well among them."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def frequencies_in_graph(count: int) -> Any:
    """Declare how frequent each of so many theories is: logarithms (theory,), uniform over all that add up to 1.

    Each breaks its share off what those before it left. What then remains for m others is a uniform number to the power
    of 1/m, and the sampler moves its normal quantile: between theories that are much alike people may be divided in any
    way, and the logarithm of next to nothing goes far.
    """
    if count == 1:
        return pt.zeros(1)
    quantile = pm.Normal("frequency_quantile", 0.0, 1.0, shape=count - 1)
    remains = pt.log(pt.erfc(quantile / np.sqrt(2.0)) / 2.0) / np.arange(count - 1, 0, -1)
    return pt.concatenate([pt.log1mexp(remains), [0.0]]) + pt.concatenate([[0.0], pt.cumsum(remains)])
