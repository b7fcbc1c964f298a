"""Dropout after a session, depending on the belief in the alliance: a discrete-time hazard.

    logit P(leaves) = logit(risk) + log(odds_ratio) * (availability - average) / sd

`risk` is the probability of leaving after a session at an average alliance. `odds_ratio` multiplies its odds per SD of
alliance. A study can state `average` and `sd` of the belief in the alliance, 0..1. By default they are .5 and .2.
Leaving depends on beliefs, so the people who stay differ from those who left, and a fit without this response is
biased. Singer & Willett (1993), doi:10.3102/10769986018002155.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, log, logit
from iwm_bayes.responses.families import BERNOULLI
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    risk: Array = Parameter(
        "unit",
        (0.005, 0.3),
        pooling="complete",
        meaning="probability of leaving after a session at an average alliance",
    )
    odds_ratio: Array = Parameter(
        "positive", (0.3, 1.5), pooling="complete", meaning="odds ratio of leaving per SD of alliance"
    )
    average: Array = Parameter("unit", (0.2, 0.8), fixed=0.5, meaning="mean alliance, as a belief")
    sd: Array = Parameter("positive", (0.05, 0.4), fixed=0.2, meaning="between-person SD of the alliance, as a belief")


def arguments(p: Parameters, availability: Array) -> dict[str, Array]:
    return {"logit_p": logit(p.risk) + log(p.odds_ratio) * (availability - p.average) / p.sd}


RESPONSE = Response(Parameters(), "availability", "after", BERNOULLI, arguments, "leaves")
