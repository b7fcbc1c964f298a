"""A run as one page: `report.html`, which needs nothing but itself.

What writes it is imported when first used, because it needs the sampler, and its pictures alone do not.
"""

from importlib import import_module
from typing import Any

LATER = {"Asked": "run", "write": "page"}
__all__ = ["Asked", "write"]


def __getattr__(name: str) -> Any:
    if name not in LATER:
        raise AttributeError(f"module 'iwm_bayes.report' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"iwm_bayes.report.{LATER[name]}"), name)
