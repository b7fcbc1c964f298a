"""The equations of a learning rule in mathematical notation, written in the rule's file next to its equation in text.

Each rule's file has a constant `LATEX`. The documentation shows its equations, and the symbols of the parameters.
Common to all rules: `o` is the outcome, `delta` the prediction error, `Delta t` the elapsed time, `sigma` the logistic
function.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Notation(NamedTuple):
    """LaTeX of a rule, one equation per entry; `symbols` gives the symbol of every parameter of the rule."""

    symbols: Mapping[str, str]
    start: tuple[str, ...]  # the state before the first event, in the order of its fields
    time: tuple[str, ...] = ()  # time passes
    outcome: tuple[str, ...] = ()  # an outcome is observed
    belief: tuple[str, ...] = ()  # what the beliefs are, given the state
    quantities: Mapping[str, str] = MappingProxyType({})  # symbol: meaning, of what is no parameter
