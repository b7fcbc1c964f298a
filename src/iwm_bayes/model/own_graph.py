"""Whether a learning rule or a response of one's own can enter the graph of the sampler, in words.

The simulator calls their functions with arrays, the sampler with graphs. NumPy functions with a condition inside
(`np.maximum`, `np.where`, `np.clip`) and `if` work on arrays only.
"""

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.engine.equations import person_equations
from iwm_bayes.filtering.engine.kernel_source import gradient_source
from iwm_bayes.model.person_step import person_step
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.parts import RULE_FILE
from iwm_bayes.ops import ELEMENTWISE, OF_DENSITIES
from iwm_bayes.rules.own_file import failing_line
from iwm_bayes.types import InputError, ModelSpec

INSTEAD = (
    "functions get arrays in a simulation and graphs in a fit. Use arithmetic and the functions of iwm_bayes.ops "
    f"({', '.join(ELEMENTWISE)}) in place of NumPy's, and `where` in place of `if`"
)
REMEDY = {
    "rule": f"A rule's {INSTEAD}; a number that becomes a state needs a parameter, such as 0.5 + 0 * p.start",
    "response": f"A response's {INSTEAD}; for densities, there are also {', '.join(OF_DENSITIES)}",
}


def check_own_graph(model: ModelSpec, data: xr.Dataset, files: Mapping[str, Path]) -> None:
    """Write the machine code of a model once, uncompiled; InputError with the line that cannot enter a graph.

    `files` are the Python files of the model, by the keys of `parts.python_files`, of dyads with the role behind.
    """
    try:
        figures = figure_names(data)
        gradient_source(person_equations(person_step(model, figures)), len(event_fields(figures, model.rule.terms)))
    except InputError:
        raise
    except Exception as error:  # the code of a part may raise anything
        lines = {key: failing_line(file, error) for key, file in files.items()}
        key = next((key for key, line in lines.items() if line), next(iter(files)))
        part = "rule" if key.startswith(RULE_FILE) else "response"
        fault = f"the sampler cannot use this {part} ({type(error).__name__}: {error})"
        raise InputError([f"{files[key]}{lines[key]}: {fault}. {REMEDY[part]}"]) from error
