"""The act of a carer who reacts: it follows the carer's own beliefs, and as much of a felt pull as is not contained.

    P(responsive) = sigmoid(bias + sensitivity * logit(expected) + (1 - containment) * felt pull)
    felt          = sigmoid(felt pull), rated with a noise                               (response `felt_pull`)

`felt pull` is that of `rules.modifiers.pull`: what the other's bids make the carer feel. `containment` is the share of
it that the carer notices and does not act on. Acts alone identify only the product (1 - containment) pull, the pull
that is acted out. Pull and containment are separate where the carer also says how strongly the other drew (above .5)
or pushed away (below .5): `felt_pull`, on the same log-odds scale, which is an assumption.

Containing what a patient evokes in place of acting it out: Bion (1962), Learning from Experience; Hayes, Gelso,
Goldberg & Kivlighan (2018), doi:10.1037/pst0000189. The equations are derived for this program.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, sigmoid, sqrt
from iwm_bayes.responses import approach
from iwm_bayes.responses.families import CENSORED_NORMAL
from iwm_bayes.responses.rating import FLOOR
from iwm_bayes.responses.rating import Parameters as RatingParameters
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    bias: Array = approach.Parameters().bias._replace(meaning="log-odds of care at an expectation of .5")
    sensitivity: Array = approach.Parameters().sensitivity._replace(
        meaning="log-odds of care per log-odds of the expectation"
    )
    containment: Array = Parameter(
        "unit",
        (0.05, 0.95),
        pooling="complete",
        meaning="containment: share of the felt pull that the carer does not act on",
    )


class FeltParameters(NamedTuple):
    noise: Array = RatingParameters().noise


def arguments(p: Parameters, expected: Array, pull: Array) -> dict[str, Array]:
    return {"logit_p": approach.preference(p, expected) + (1.0 - p.containment) * pull}


def felt(p: FeltParameters, pull: Array) -> dict[str, Array]:
    return {"mu": sigmoid(pull), "sigma": sqrt(p.noise**2 + FLOOR**2)}


RESPONSE = approach.RESPONSE._replace(parameters=Parameters(), arguments=arguments, also_reads=("pull",), effect="none")
FELT_PULL = Response(FeltParameters(), "pull", "before", CENSORED_NORMAL, felt)
