"""No learning: a belief that stays where it is.

    value = start

A null theory: whoever claims that people learn must predict better than this. `value` lies in 0..1.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief, before and after every event")


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return s


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
