"""Distress that is left after a while: soothed by a figure, and calmed by what people have come to expect.

    left     = distress * (1 - soothing * outcome) * (1 - regulation * availability)           LEARNED
    left     = distress * (1 - soothing * outcome) * (1 - regulation)                          CONSTANT
    reported ~ Normal(left, sd),   sd = sqrt(noise^2 + floor^2),   censored at 0 and 1

`distress` is that at the beginning of the event. The outcome counts where it was experienced; alone it is 0.
Hypothesis: co-regulation becomes self-regulation. A figure who soothes becomes an expectation of care, and this calms
in the figure's absence. `CONSTANT` is the rival: people calm themselves as they always did. Distress of simulated
people falls by the same equation (`iwm_bayes.simulation.care.DistressProcess`). All quantities lie in 0..1. After
Sbarra & Hazan (2008), doi:10.1177/1088868308315702, who give no equation; this one is derived here.

60 people with 40 events determine both: the correlation of true and estimated values is 0.89 for `soothing` and 0.82
for `regulation` (medians of 8 studies of `response_recovery.py calming`).
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, sqrt
from iwm_bayes.responses.families import CENSORED_NORMAL
from iwm_bayes.responses.rating import FLOOR, MIDDLE
from iwm_bayes.types import Parameter, Params, Response


class Parameters(NamedTuple):
    noise: Array = Parameter("positive", (0.03, 0.3), meaning="SD of reported distress around what is left")
    soothing: Array = Parameter("unit", (0.3, 0.85), meaning="share of distress that a responsive outcome removes")
    regulation: Array = Parameter("unit", (0.2, 0.7), meaning="share that people remove by themselves, at best")


def left(p: Params, calm: Array, distress: Array, centred: Array, experienced: Array) -> dict[str, Array]:
    """Return the arguments of what is left; `calm` is the part of self-regulation that people have."""
    outcome = centred + MIDDLE * experienced
    mu = distress * (1.0 - p.soothing * outcome) * (1.0 - p.regulation * calm)
    return {"mu": mu, "sigma": sqrt(p.noise**2 + FLOOR**2)}


def constant_left(p: Params, availability: Array, *read: Array) -> dict[str, Array]:
    return left(p, 1.0 + 0.0 * availability, *read)


LEARNED = Response(
    Parameters(),
    "availability",
    "after",
    CENSORED_NORMAL,
    left,
    also_reads=("distress", "centred_outcome", "was_experienced"),
)
CONSTANT = LEARNED._replace(arguments=constant_left)
