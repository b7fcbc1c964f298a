"""A time trend: the belief approaches a plateau, whatever happens.

    value <- plateau + (value - plateau) * (1 - pace)^elapsed        (time passes)

A null model, which ignores outcomes. Without this comparison a learning rate means little, because everyone who
improves during good care appears to learn from it. `value` and `plateau` lie in 0..1; `pace` is the share of the way
to the plateau per unit of time.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.notation import Notation
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "plateau": r"P", "pace": r"\gamma"},
    start=(r"b = b_0",),
    time=(r"b \leftarrow P + (1 - \gamma)^{\Delta t}\,(b - P)",),
    quantities={"b": "belief"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, one unit of time before the first event")
    plateau: Array = Parameter("unit", (0.15, 0.85), meaning="belief that is approached over time")
    pace: Array = Parameter(
        "unit", (0.01, 0.4), pooling="complete", meaning="share of the way to the plateau per unit of time"
    )


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return State(p.plateau + (s.value - p.plateau) * (1.0 - p.pace) ** elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return s


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), drift=drift, learn=learn)
