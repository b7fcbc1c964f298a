"""How beliefs move: one file per rule or learner.

`RULES` holds every one by name. A `Learner` knows one belief and is lifted by `independent`;
a `Rule` holds both beliefs itself.
"""

from iwm_bayes.core import Learner, Rule
from iwm_bayes.rules import compensatory, kalman, rescorla_wagner

RULES: dict[str, Learner | Rule] = {
    "rescorla_wagner": rescorla_wagner.RULE,
    "kalman": kalman.RULE,
    "compensatory": compensatory.RULE,
}
