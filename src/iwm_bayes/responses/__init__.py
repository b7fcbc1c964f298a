"""Responses: how beliefs determine what people do or say, one file per kind of response.

`RESPONSES` holds all responses by name, and `families` has the distributions. Parameters and readouts of beliefs come
in; the arguments of a distribution go out, as arrays or as graphs. This package imports `ops` and `types` only. A
response in a file of one's own needs no change here: see `model.specification.response_file`.
"""

from iwm_bayes.responses import (
    approach,
    autoregressive,
    bid,
    dropout,
    leaving,
    reactive_care,
    seek,
    symptom,
    worth_state,
)
from iwm_bayes.responses.beta_rating import beta_rating
from iwm_bayes.responses.contrast import contrast
from iwm_bayes.responses.impression import impression
from iwm_bayes.responses.invest import invest
from iwm_bayes.responses.ordinal import ordinal
from iwm_bayes.responses.rating import RatedBelief, rating
from iwm_bayes.types import Response

BELIEFS: tuple[RatedBelief, ...] = ("availability", "worth", "expected")
LEVELS = range(3, 12)  # numbers of levels of a Likert item, or of amounts to invest

RESPONSES: dict[str, Response] = {
    **{f"{about}_rating": rating(about) for about in BELIEFS},
    **{f"autoregressive_{about}_rating": autoregressive.rating(about) for about in BELIEFS},
    **{f"{about}_impression": impression(about) for about in BELIEFS},
    **{f"{about}_contrast": contrast(about) for about in BELIEFS},
    **{f"{about}_beta_rating": beta_rating(about) for about in BELIEFS},
    **{f"{about}_ordinal_{levels}": ordinal(about, levels) for about in BELIEFS for levels in LEVELS},
    "worth_level": worth_state.LEVEL,
    "worth_pulse": worth_state.PULSE,
    "worth_trend": worth_state.TREND,
    "approach": approach.RESPONSE,
    "bid": bid.RESPONSE,
    "reactive_care": reactive_care.RESPONSE,
    "felt_pull": reactive_care.FELT_PULL,
    "seek": seek.RESPONSE,
    **{f"invest_{levels}": invest(levels) for levels in LEVELS},
    "dropout": dropout.RESPONSE,
    "leaving": leaving.RESPONSE,
    "symptom": symptom.RESPONSE,
}
