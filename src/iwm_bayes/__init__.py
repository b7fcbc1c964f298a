"""Hierarchical Bayesian models of the internal working model: how people come to trust.

The verbs, in the order in which data flow: `load_study`, `load_model` and `load_data`, or `simulate`; `fit`,
`check_convergence`, `earned_security`, `project`. Those that need the sampler are imported at their first use, because
the import takes seconds. The PyMC model itself is `iwm_bayes.model.pymc_model.pymc_model`.
"""

from importlib import import_module
from typing import Any

VERBS = {
    "check_convergence": "diagnostics.convergence_checks",
    "earned_security": "estimands.time_to_security",
    "fit": "inference.fit",
    "load_data": "workflow.load",
    "load_model": "model.model_file",
    "load_study": "data.study",
    "project": "estimands.time_to_security",
    "simulate": "simulation.simulate",
}
__all__ = [  # see `__getattr__`
    "check_convergence",
    "earned_security",
    "fit",
    "load_data",
    "load_model",
    "load_study",
    "project",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in VERBS:
        raise AttributeError(f"module 'iwm_bayes' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"iwm_bayes.{VERBS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
