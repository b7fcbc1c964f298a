"""No learning: the belief stays at its initial value.

    value = start

A null model: a model of learning must predict better than this one. `value` lies in 0..1.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.notation import Notation
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter

LATEX = Notation(
    symbols={"start": r"b_0"},
    start=(r"b = b_0",),
    quantities={"b": "belief, which does not change"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief at every event")


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return s


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
