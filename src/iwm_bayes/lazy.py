"""Heavy libraries that are imported when something of them is first used.

The sampler and its libraries take seconds to import, and most commands use few of them. A module that needs one only in
some of its functions names it by `lazy_module`. `tests/test_layers.py` counts this as an import.
"""

from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """A module in place of another, which it imports when an attribute is read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def lazy_module(name: str) -> Any:
    """Return a stand-in for the module of this name; a name that does not exist is an error at its first use."""
    return LazyModule(name)
