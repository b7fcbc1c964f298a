"""A figure is tested under strain: only what follows a rupture tells the reliable from the fair-weather figure.

    reliable <- start + (reliable - start) * (1 - hazard)^elapsed                              (time passes)
    yes       = chance of outcome x with a reliable figure:      care           (outcome x is observed)
    no        = chance of it with a fair-weather figure:         care - calm_gap in calm, leak after a rupture
    reliable <- reliable yes / (reliable yes + (1 - reliable) no)
    ruptured  = x < .5
    belief    = leak + (care - leak) * reliable

Hypothesis: everybody is kind in calm, so smooth sessions teach nothing. What figures do after a rupture shows whether
they can be relied upon. A repaired rupture then teaches more than smooth care, and trust won in this way is not lost at
the next rupture, only if that one is not repaired. Without further tests it fades towards its start. `reliable` is the
probability that the figure is reliable: it responds with probability `care`, whatever came before. A fair-weather
figure does so in calm, and with probability `leak` where the last observed outcome was a rupture. At a `calm_gap` of 0
calm sessions teach nothing at all. The chance of the fair-weather figure in calm is never below `leak`. All quantities
lie in 0..1, and outcomes between 0 and 1 enter as a tempered likelihood: after a rupture, at the default chances, one
from .58 on speaks for a reliable figure. A chance of 0 or 1 enters as 1e-12 or 1 - 1e-12, so that no outcome is
impossible. A rupture waits for the next outcome, however long after. After Simpson (2007),
doi:10.1111/j.1467-8721.2007.00517.x, and Shallcross & Simpson (2012), doi:10.1037/a0026829, on situations that
diagnose trust. They give no equation; this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, exp, log, maximum, minimum, where
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"g_0", "hazard": r"h", "care": r"c", "leak": r"\lambda", "calm_gap": r"\gamma"},
    start=(r"g = g_0, \quad u = 0",),
    time=(r"g \leftarrow g_0 + (1 - h)^{\Delta t}\left(g - g_0\right)",),
    outcome=(
        r"q = \begin{cases} \max(c - \gamma, \lambda) & u = 0 \\ \lambda & u = 1 \end{cases}",
        r"y = c^{o}\,(1 - c)^{1 - o}, \quad n = q^{o}\,(1 - q)^{1 - o}",
        r"g \leftarrow \frac{g\,y}{g\,y + (1 - g)\,n}",
        r"u \leftarrow \begin{cases} 1 & o < 0.5 \\ 0 & o \ge 0.5 \end{cases}",
    ),
    belief=(r"b = \lambda + (c - \lambda)\,g",),
    quantities={
        "b": "belief",
        "g": "probability that the figure is reliable",
        "u": "1 after a rupture",
        "q": "chance that a fair-weather figure responds",
        "y, n": "chance of the outcome with a reliable and with a fair-weather figure",
    },
)


NEVER = 1e-12  # the chance of what never happens


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial probability that the figure is reliable")
    hazard: Array = Parameter(
        "unit",
        (0.005, 0.1),
        pooling="complete",
        meaning="share of the way back to its initial value that this probability goes per unit of time",
    )
    care: Array = Parameter("unit", (0.7, 0.98), fixed=0.9, meaning="probability that a reliable figure responds")
    leak: Array = Parameter(
        "unit", (0.02, 0.4), fixed=0.2, meaning="probability that a fair-weather figure responds after a rupture"
    )
    calm_gap: Array = Parameter(
        "unit", (0.01, 0.2), fixed=0.0, meaning="how much less a fair-weather figure responds in calm"
    )


class State(NamedTuple):
    reliable: Array
    ruptured: Array  # 1 where the last outcome was below .5, however long ago


def start(p: Parameters) -> State:
    return State(p.start, constant(0.0) * p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(reliable=p.start + (s.reliable - p.start) * (1.0 - p.hazard) ** elapsed)


def likelihood(outcome: Array, chance: Array) -> Array:
    """Compute chance^outcome (1 - chance)^(1 - outcome); no chance is nearer to 0 or 1 than `NEVER`."""
    possible = minimum(maximum(chance, constant(NEVER)), constant(1.0 - NEVER))
    return exp(outcome * log(possible) + (1.0 - outcome) * log(1.0 - possible))


def learn(p: Parameters, s: State, outcome: Array) -> State:
    in_calm = maximum(p.care - p.calm_gap, p.leak)
    fair_weather = in_calm + s.ruptured * (p.leak - in_calm)
    weight = s.reliable * likelihood(outcome, p.care)
    return State(
        weight / (weight + (1.0 - s.reliable) * likelihood(outcome, fair_weather)),
        where(outcome < constant(0.5), constant(1.0), constant(0.0)),
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief(p.leak + (p.care - p.leak) * s.reliable)


NO_LOCATION = "its belief is bounded by what a reliable and what a fair-weather figure does, and cannot be anywhere"
RULE = Learner(
    Parameters(), start, drift, learn, belief, "binary", no_location=NO_LOCATION, ordered=(("leak", "care"),)
)
