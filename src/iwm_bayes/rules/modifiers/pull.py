"""Pull: the bids of the other draw a carer to respond, or push the carer away.

    felt pull = pull (bids - .5)                    log-odds of care

`bids` is the share of recent exchanges at which the other made a bid, 0..1, as the carer knows it when acting: an event
term of the data, with the memory of `BID_MEMORY`. A pull above 0 is that of a carer who rescues people
who always ask, and withdraws from people who never ask. Below 0 it is that of a carer who is repelled by demands. At 0
there is none. What the carer does with a felt pull is a matter of the response: see `responses.reactive_care`.
Heimann (1950) named what a patient makes a therapist feel countertransference; Int. J. Psycho-Anal. 31, 81-84. The
equation is derived for this program.
"""

from typing import Any

import numpy as np

from iwm_bayes.ops import constant
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.types import Beliefs, Event, Parameter, Rule, State

BIDS = "bids"  # the event term
BID_MEMORY = 0.7  # share of the average of past bids that is left at the next event: the last three count two thirds
PULL = Parameter(
    "real",
    (-3.0, 3.0),
    prior_between_sd=1.0,
    meaning="pull: log-odds of care that are felt where the other always bids, minus where never",
)


def change_of_share(share: Any, bid: Any) -> Any:
    """Return by how much one more exchange changes the share of recent ones with a bid; NaN changes nothing."""
    return (1.0 - BID_MEMORY) * np.where(np.isnan(bid), 0.0, bid - share)


def updated_share(share: Any, bid: Any) -> Any:
    """Return the share of recent exchanges with a bid after one more; a bid that is NaN changes nothing."""
    return share + change_of_share(share, bid)


def with_pull(rule: Rule) -> Rule:
    """Make a rule whose beliefs come with the pull of the other's bids."""

    def beliefs(p: Any, old_p: Any, s: State, event: Event) -> Beliefs:
        return rule.beliefs(old_p, s, event)._replace(pull=p.pull * (event.terms[BIDS] - constant(0.5)))

    return with_parameters(rule, {"pull": PULL}, beliefs=beliefs)._replace(terms=(*rule.terms, BIDS))
