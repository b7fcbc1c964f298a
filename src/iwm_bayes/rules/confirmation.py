"""Belief-consistent outcomes weigh more: a confirmation bias of learning.

    prediction_error = outcome - value                                                  (an outcome is observed)
    agreement        = sign(prediction_error) * tanh((value - .5) / .1)          (-1 contradicts .. 1 confirms)
    value           <- value + sigmoid(logit(rate) + difference / 2 * agreement) * prediction_error

Hypothesis: people learn from care what they already believe. In people with a low initial belief, this cannot be
distinguished from faster learning from negative prediction errors. In people with a high one, it is the opposite.
`value` and `rate` lie in 0..1, `difference` is in log-odds. A belief within a tenth of .5 (a choice) is hardly there
to be confirmed; this also keeps the likelihood continuous. Derived from the confirmation bias of Palminteri et al.
(2017), doi:10.1371/journal.pcbi.1005684. There a choice decides what confirms; here the belief does.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, sigmoid, where
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.notation import Notation
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "rate": r"\alpha", "difference": r"\kappa"},
    start=(r"b = b_0",),
    outcome=(
        r"\delta = o - b",
        r"a = \operatorname{sign}(\delta)\,\tanh\left(\frac{b - 0.5}{0.1}\right)",
        r"b \leftarrow b + \sigma\left(\operatorname{logit}\alpha + \tfrac{\kappa}{2}\,a\right)\delta",
    ),
    quantities={"b": "belief", "a": "agreement of outcome and belief, from -1 (contradicts) to 1 (confirms)"},
)

EVEN, WIDTH = constant(0.5), constant(0.1)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    rate: Array = Parameter("unit", (0.02, 0.5), meaning="learning rate at a belief of .5")
    difference: Array = Parameter(
        "real",
        (-2.0, 2.0),
        pooling="complete",
        meaning="log-odds by which outcomes that confirm the belief are learned faster",
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    prediction_error = outcome - s.value
    conviction = 2.0 * sigmoid(2.0 * (s.value - EVEN) / WIDTH) - 1.0  # tanh
    agreement = where(prediction_error >= 0, conviction, -conviction)
    return State(s.value + sigmoid(logit(p.rate) + p.difference / 2.0 * agreement) * prediction_error)


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
