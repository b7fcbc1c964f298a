"""Latent outcomes: nobody knows the outcome of a session, but several people rate it.

    outcome[event] = sigmoid(logit(responsiveness(person)) + responsiveness_variation * z[event]),    z ~ Normal(0, 1)

The rule learns from this outcome, in place of one in the data, at the events that are `rated`. What raters say of it
are responses (`responses.outcome_rating`). `responsiveness` is that of a median session of a person, 0..1, and may
differ by figure. `responsiveness_variation` is the SD between sessions, log-odds. `z` is an innovation of the rule.

Where an event is supposed, such as an unresponsive session that might come, its outcome is given and not latent. A
latent variable behind several indicators with errors of their own is that of Joreskog & Goldberger (1975),
doi:10.1080/01621459.1975.10482485; that people learn from it is derived for this program.
"""

from iwm_bayes.ops import Array, has_figures, sum_over_figures
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.modifiers.shift import shift_unit
from iwm_bayes.types import Event, Parameter, Params, Rule

RESPONSIVENESS, VARIATION = "responsiveness", "responsiveness_variation"
DEVIATION = "deviation of the outcome"  # the innovation
ADDED = {
    RESPONSIVENESS: Parameter(
        "unit", (0.2, 0.9), meaning="responsiveness: the latent outcome of a median session of the person"
    ),
    VARIATION: Parameter(
        "positive",
        (0.2, 2.0),
        pooling="complete",
        meaning="SD of the latent outcome between the sessions of a person, log-odds",
    ),
}


def latent_outcome(responsiveness: Array, variation: Array, deviation: Array) -> Array:
    """Return the outcome of a session whose deviation from a person's median session is so many SDs."""
    return shift_unit(responsiveness, variation * deviation)


def with_latent_outcome(rule: Rule) -> Rule:
    """Make a rule learn from a latent outcome at events that are rated."""

    def outcome(p: Params, old_p: Params, event: Event) -> Array:
        own = p.responsiveness
        own = sum_over_figures(event.figure * own) if has_figures(own) else own
        return latent_outcome(own, p.responsiveness_variation, event.innovations[DEVIATION])

    changed = with_parameters(rule, ADDED, outcome=outcome)
    return changed._replace(
        innovations=(*rule.innovations, DEVIATION), by_figure=rule.by_figure | frozenset({RESPONSIVENESS})
    )
