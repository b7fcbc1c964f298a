"""Whether a learning rule of one's own can enter the graph of the sampler, in words.

The simulator calls a rule with arrays, the sampler with graphs. NumPy functions with a condition inside (`np.maximum`,
`np.where`, `np.clip`) and `if` work on arrays only.
"""

from pathlib import Path

import xarray as xr
from pytensor.graph.traversal import ancestors

from iwm_bayes.filtering.engine.scan_op import EventScan
from iwm_bayes.model.build import build
from iwm_bayes.ops import ELEMENTWISE
from iwm_bayes.rules.rule_file import failing_line
from iwm_bayes.types import InputError, ModelSpec

REMEDY = (
    "A rule's functions get arrays in a simulation and graphs in a fit. Use arithmetic and the functions of "
    f"iwm_bayes.ops ({', '.join(ELEMENTWISE)}) in place of NumPy's, and `where` in place of `if`; a number that "
    "becomes a state needs a parameter, such as 0.5 + 0 * p.start"
)


def check_rule_graph(model: ModelSpec, data: xr.Dataset, file: Path) -> None:
    """Build the graph of a model once; InputError with the line of its rule's file that cannot enter a graph."""
    try:
        graph = build(model, data)
        for variable in ancestors([*graph.basic_RVs, *graph.potentials]):
            if variable.owner is not None and isinstance(variable.owner.op, EventScan):
                _ = variable.owner.op.step.composite_op  # from which machine code is made: elementwise, or an error
    except InputError:
        raise
    except Exception as error:  # the code of the rule may raise anything
        fault = f"the sampler cannot use this rule ({type(error).__name__}: {error})"
        raise InputError([f"{file}{failing_line(file, error)}: {fault}. {REMEDY}"]) from error
