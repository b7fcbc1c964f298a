"""How beliefs move: one file per rule or learner.

`RULES` holds every one by name. A `Learner` knows one belief and is lifted by `independent`;
a `Rule` holds both beliefs itself.
"""

import sys

from iwm_bayes.core import Learner, Rule
from iwm_bayes.rules import (
    change_point,
    compensatory,
    confirmation,
    dual_rate,
    ehgf,
    growth,
    kalman,
    leaky_beta,
    pearce_hall,
    prototype,
    rescorla_wagner,
    static,
    volatile_kalman,
)

RULES: dict[str, Learner | Rule] = {
    "rescorla_wagner": rescorla_wagner.RULE,
    "dual_rate": dual_rate.RULE,
    "confirmation": confirmation.RULE,
    "pearce_hall": pearce_hall.RULE,
    "leaky_beta": leaky_beta.RULE,
    "kalman": kalman.RULE,
    "prototype": prototype.RULE,
    "ehgf": ehgf.RULE,
    "volatile_kalman": volatile_kalman.RULE,
    "change_point": change_point.RULE,
    "compensatory": compensatory.RULE,
    "static": static.RULE,
    "growth": growth.RULE,
}


def equation(name: str) -> str:
    """A rule's update in symbols, as its file states it: the indented lines of the docstring."""
    text = sys.modules[RULES[name].learn.__module__].__doc__ or ""
    return "\n".join(line for line in text.splitlines() if line.startswith("    "))
