"""How beliefs show: one file per kind. `RESPONSES` holds every one by name."""

from iwm_bayes.core import Response
from iwm_bayes.responses import approach, autoregressive
from iwm_bayes.responses.rating import rating

RESPONSES: dict[str, Response] = {
    "availability_rating": rating("availability"),
    "worth_rating": rating("worth"),
    "expected_rating": rating("expected"),
    "autoregressive_availability_rating": autoregressive.rating("availability"),
    "autoregressive_worth_rating": autoregressive.rating("worth"),
    "autoregressive_expected_rating": autoregressive.rating("expected"),
    "approach": approach.RESPONSE,
}
