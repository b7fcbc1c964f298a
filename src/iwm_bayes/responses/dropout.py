"""Leaving for good, decided after every session by the belief in the alliance: a discrete-time hazard.

    logit P(leaves) = logit(risk) + log(odds_ratio) * (availability - average) / sd

`risk` is the chance of leaving after a session at an average alliance, and `odds_ratio` multiplies its odds for one
sd of alliance more. `average` and `sd` of the belief in the alliance, 0..1, are what a study states; by default a
middling belief and an sd of .2. Leaving depends on what people come to believe, so those who stay are not like those
who left, and a fit without this response is biased. Singer & Willett (1993), doi:10.3102/10769986018002155.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, log, logit
from iwm_bayes.responses import approach
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    risk: Array = Parameter(
        "unit", (0.005, 0.3), pooling="complete", meaning="chance of leaving after an average session"
    )
    odds_ratio: Array = Parameter(
        "positive", (0.3, 1.5), pooling="complete", meaning="odds of leaving for one sd of alliance more"
    )
    average: Array = Parameter("unit", (0.2, 0.8), fixed=0.5, meaning="an average alliance, as a belief")
    sd: Array = Parameter("positive", (0.05, 0.4), fixed=0.2, meaning="sd of alliance between people, as a belief")


def arguments(p: Parameters, availability: Array) -> dict[str, Array]:
    return {"logit_p": logit(p.risk) + log(p.odds_ratio) * (availability - p.average) / p.sd}


RESPONSE = Response(Parameters(), "availability", "after", approach.FAMILY, arguments, "leaves")
