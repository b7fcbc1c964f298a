"""A symptom that follows the beliefs: does a change of the working model carry a change of symptoms?

    change(t)   = belief(t - lag) - initial belief                             of availability, and of self-worth
    expected(t) = level + sum of between * (initial belief - .4) + slope * change(t)
    latent(t)   ~ Normal(expected(t) + persistence^elapsed * (symptom - expected)(last), sd)

`slope` is the effect within people: symptom per unit of belief gained since the beginning. `between` is that between
people: how much lower the symptoms of people are who were more trusting from the start. `level` is a person's symptom
at initial beliefs of .4, the threshold of insecurity: people in treatment begin near it, so there it is known best. It
takes up what is constant about a person, so that `slope` compares people with themselves. A belief has a trend, and its
mean would depend on the number of sessions; it is therefore centred at its start, and not at its mean (Curran & Bauer,
2011, doi:10.1146/annurev.psych.093008.100356).

Slopes are the same for all people unless a model file says otherwise. One person's slope rests on one change of
belief, and 24 sessions hardly determine it.

`lag` counts sessions with the same figure; the belief is that after the outcome of that session. Before there is such a
session, it is the initial belief: the change is 0. Residuals carry over from the last answer, whatever the figure; they
are symptoms that come and go without the beliefs (Hamaker & Wichers, 2017, doi:10.1177/0963721416666518). Symptoms are
in units of their scale's length, and censored at its ends, as in `rating`.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, sqrt
from iwm_bayes.responses import autoregressive
from iwm_bayes.responses import rating as plain
from iwm_bayes.responses.families import CENSORED_NORMAL
from iwm_bayes.types import Parameter, Params, Response

INSECURE = constant(0.4)  # the initial belief at which a person's level holds


def slope(belief: str) -> Parameter:
    """Declare the effect of a belief within people."""
    meaning = f"within people: symptom per unit of {belief} gained since the start"
    return Parameter("real", (-1.0, 1.0), prior_between_sd=0.3, pooling="complete", meaning=meaning)


def between(belief: str) -> Parameter:
    """Declare the effect of an initial belief between people."""
    meaning = f"between people: symptom per unit of initial {belief}"
    return Parameter("real", (-1.0, 1.0), prior_between_sd=0.3, pooling="complete", meaning=meaning)


class AvailabilityParameters(NamedTuple):
    noise: Array = plain.Parameters().noise._replace(meaning="SD of a symptom around what beliefs and carryover expect")
    level: Array = Parameter(
        "real", (0.1, 0.9), prior_between_sd=0.2, meaning="symptom of a person at initial beliefs of .4"
    )
    persistence: Array = autoregressive.Parameters().persistence._replace(
        meaning="share of a symptom's residual that is left after one unit of time"
    )
    slope_availability: Array = slope("availability")
    between_availability: Array = between("availability")


class Parameters(NamedTuple):
    noise: Array = AvailabilityParameters().noise
    level: Array = AvailabilityParameters().level
    persistence: Array = AvailabilityParameters().persistence
    slope_availability: Array = AvailabilityParameters().slope_availability
    between_availability: Array = AvailabilityParameters().between_availability
    slope_worth: Array = slope("self-worth")
    between_worth: Array = between("self-worth")


def of_availability(p: Params, availability: Array, initial_availability: Array) -> dict[str, Array]:
    """Return the arguments of a symptom that follows availability alone."""
    trait = p.between_availability * (initial_availability - INSECURE)
    change = p.slope_availability * (availability - initial_availability)
    return {"mu": p.level + trait + change, "sigma": sqrt(p.noise**2 + plain.FLOOR**2)}


def of_both(
    p: Params, availability: Array, worth: Array, initial_availability: Array, initial_worth: Array
) -> dict[str, Array]:
    """Return the arguments of a symptom that follows availability and self-worth."""
    first = of_availability(p, availability, initial_availability)
    trait = p.between_worth * (initial_worth - INSECURE)
    return {**first, "mu": first["mu"] + trait + p.slope_worth * (worth - initial_worth)}


OF_AVAILABILITY = Response(
    AvailabilityParameters(),
    "availability",
    "after",
    CENSORED_NORMAL,
    of_availability,
    carry=autoregressive.carry,
    also_reads=("initial_availability",),
    carry_scope="any",
    lagged={"availability": "initial_availability"},
)
RESPONSE = OF_AVAILABILITY._replace(
    parameters=Parameters(),
    arguments=of_both,
    also_reads=("worth", "initial_availability", "initial_worth"),
    lagged={"availability": "initial_availability", "worth": "initial_worth"},
    without_worth=OF_AVAILABILITY,
)
