"""Two expectations of a figure, in calm and under strain: each session teaches one of them.

    strain    = 1 after a rupture, or at a distress of .5 or more; else 0
    calm     <- calm + (1 - strain) * calm_rate * (outcome - calm)                 (an outcome is observed)
    repair   <- repair + strain * repair_rate * (outcome - repair)
    ruptured  = outcome < .5
    belief    = (1 - need) * calm + need * repair

Hypothesis: attachment is about availability when it is needed. Smooth sessions therefore leave the larger part of the
belief as it was, and a rupture that is repaired changes it. `calm` and `repair` are the outcomes that are expected in
calm and under strain, and `need` is the weight of strain in the belief. The session after a rupture is one under
strain, however long after, whether it repairs the rupture or not. Distress that is not recorded is calm. All quantities
lie in 0..1. What concerns strain is pooled completely by default: few people have many such sessions. After Tronick
(1989), doi:10.1037/0003-066X.44.2.112, on mismatch and repair, and Beebe & Lachmann (1994), doi:10.1037/h0079530, on
expectations of disruption and repair. They give no equation; this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, maximum, where
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Event, Learner, Parameter

LATEX = Notation(
    symbols={
        "start": r"c_0",
        "repair_start": r"r_0",
        "calm_rate": r"\alpha_c",
        "repair_rate": r"\alpha_r",
        "need": r"\nu",
    },
    start=(r"c = c_0, \quad r = r_0, \quad u = 0, \quad d = 0",),
    outcome=(
        r"m = \max(u, d)",
        r"c \leftarrow c + (1 - m)\,\alpha_c\,(o - c)",
        r"r \leftarrow r + m\,\alpha_r\,(o - r)",
        r"u \leftarrow \begin{cases} 1 & o < 0.5 \\ 0 & o \ge 0.5 \end{cases}",
    ),
    belief=(r"b = (1 - \nu)\,c + \nu\,r",),
    quantities={
        "b": "belief",
        "c": "expected outcome in calm",
        "r": "expected outcome under strain",
        "u": "1 after a rupture",
        "d": "1 at an event with a distress of 0.5 or more",
        "m": "1 at an event under strain",
    },
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial expectation in calm")
    repair_start: Array = Parameter("unit", (0.1, 0.6), pooling="complete", meaning="initial expectation under strain")
    calm_rate: Array = Parameter("unit", (0.02, 0.2), meaning="learning rate in calm")
    repair_rate: Array = Parameter("unit", (0.1, 0.7), pooling="complete", meaning="learning rate under strain")
    need: Array = Parameter(
        "unit", (0.5, 0.95), pooling="complete", meaning="weight of the expectation under strain in the belief"
    )


class State(NamedTuple):
    calm: Array
    repair: Array
    ruptured: Array  # 1 where the last outcome was below .5, however long ago
    distressed: Array  # 1 where the distress of this event is .5 or more


def start(p: Parameters) -> State:
    zero = constant(0.0) * p.start
    return State(p.start, p.repair_start + zero, zero, zero)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def notice(s: State, event: Event) -> State:
    return s._replace(distressed=where(event.distress >= constant(0.5), constant(1.0), constant(0.0)))


def learn(p: Parameters, s: State, outcome: Array) -> State:
    strain = maximum(s.ruptured, s.distressed)
    return State(
        s.calm + (1.0 - strain) * p.calm_rate * (outcome - s.calm),
        s.repair + strain * p.repair_rate * (outcome - s.repair),
        where(outcome < constant(0.5), constant(1.0), constant(0.0)),
        s.distressed,
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief((1.0 - p.need) * s.calm + p.need * s.repair)


NO_LOCATION = "its belief is weighed from an expectation in calm and one under strain, and neither alone is the belief"
RULE = Learner(Parameters(), start, drift, learn, belief, no_location=NO_LOCATION, notice=notice)
