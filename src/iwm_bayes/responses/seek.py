"""The choice of a figure to turn to: a softmax over the figures and nobody.

    preference(figure) = bias + sensitivity * logit(expected of that figure) + activation * distress
    preference(nobody) = 0,          P(choice) = exp(preference) / sum over figures and nobody

`activation`, in log-odds per unit of distress, is the strategy under distress. Above 0 bids rise with distress
(hyperactivation); below 0 they fall (deactivation). It is fixed at 0 unless freed, because it has no effect without
recorded distress. A choice is 0 for nobody and k for the k-th figure. At the time of choice, beliefs about figures are
those after the last event. Luce (1959), Individual Choice Behavior; for the strategies, Cassidy & Kobak (1988), in
Belsky & Nezworski (Eds.), Clinical Implications of Attachment, 300-323.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, broadcast_figures, split_figures
from iwm_bayes.responses import approach
from iwm_bayes.responses.categorical import softmax_probabilities
from iwm_bayes.responses.families import CATEGORICAL
from iwm_bayes.types import Parameter, Response

ACTIVATION = Parameter(
    "real", (-2.0, 2.0), 1.5, fixed=0.0, meaning="strategy under distress: log-odds of a bid per unit of distress"
)
READINESS = approach.Parameters().bias._replace(prior_between_sd=1.0)


class Parameters(NamedTuple):
    bias: Array = READINESS
    sensitivity: Array = approach.Parameters().sensitivity
    activation: Array = ACTIVATION


def arguments(p: Parameters, expected: Array, distress: Array) -> dict[str, Array]:
    preferences = split_figures(approach.preference(p, expected))
    activations = split_figures(broadcast_figures(p.activation, len(preferences)))
    preferences = [x + activation * distress for x, activation in zip(preferences, activations, strict=True)]
    return {"p": softmax_probabilities([0.0 * preferences[0], *preferences])}


RESPONSE = Response(
    Parameters(),
    "expected",
    "before",
    CATEGORICAL,
    arguments,
    effect="chooses",
    also_reads=("distress",),
    figure_scope="each",
)
