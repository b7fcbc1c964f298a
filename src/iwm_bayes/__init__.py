"""Hierarchical Bayesian theories of the internal working model: how people come to trust.

The verbs, in the order in which data flow: `load_study`, `load` (a theory), `read` or `simulate`, `build`, `fit`,
`gate`, `earned_security`. They are imported when first used, because the sampler takes seconds to import.
"""

from importlib import import_module
from typing import Any

VERBS = {
    "load_study": "study",
    "load": "theory",
    "read": "data",
    "simulate": "simulate",
    "build": "build",
    "fit": "infer",
    "gate": "diagnose",
    "earned_security": "derive",
    "project": "derive",
}
__all__ = list(VERBS)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in VERBS:
        raise AttributeError(f"module 'iwm_bayes' has no attribute {name!r}; it has {', '.join(VERBS)}")
    return getattr(import_module(f"iwm_bayes.{VERBS[name]}"), name)
