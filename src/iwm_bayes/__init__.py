"""Hierarchical Bayesian theories of the internal working model: how people come to trust.

The verbs, in the order in which data flow: `load_study`, `load` (a theory), `read` and `measured`, or `simulate`;
`fit`, `gate`, `earned_security`, `project`. Those that need the sampler are imported when first used, because that
takes seconds.
The PyMC model itself is `iwm_bayes.build.build(model, data)`.
"""

from importlib import import_module
from typing import Any

from iwm_bayes.data.dataset import read_data, with_stated_reliability
from iwm_bayes.data.study import load_study
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.simulate import simulate

LATER = {
    "fit": "inference.fit",
    "gate": "diagnostics.convergence_checks",
    "earned_security": "estimands.time_to_security",
    "project": "estimands.time_to_security",
}
__all__ = ["earned_security", "fit", "gate", "load", "load_study", "measured", "project", "read", "simulate"]


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"module 'iwm_bayes' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"iwm_bayes.{LATER[name]}"), name)
