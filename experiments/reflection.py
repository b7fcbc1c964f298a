"""Reflective functioning, and what an act says about other and self.

Does reflective functioning separate what a rejection says about the other from what it says about oneself? People know
themselves from 40 events with four figures (0.6). Then someone they have never met rejects them. The same people are
simulated with the parameter that separates self and other at five values, from the least to the most separating end of
its prior 90% range: reflection upwards, or leaks between self and other downwards. Measure: how alike both beliefs move
(1 minus the difference of both changes as a share of their sum, in log-odds), at the least minus at the most separating
value. With little reflection a stranger's act must count against oneself, however well one knows oneself. Where
prediction errors merely spill over, less leaking does not separate by what is known. A model without such a parameter
has nobody who reflects less, so that only `self_other_leak` is a rival. Fonagy, Gergely, Jurist & Target (2002), Affect
Regulation, Mentalization, and the Development of the Self.
"""

import numpy as np
from scipy.special import logit

from iwm_bayes.types import ModelSpec, parameters
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import People, ScriptedEvent, median_people, random_care, simulate_beliefs

KNOWN, STRANGER = range(4), 4
SEPARATES = {  # parameters that separate self and other by rising, or by falling
    "reflective": {"reflection": True},
    "self_other_leak": {"availability_leak": False, "worth_leak": False},
}
LEVELS = np.linspace(0.0, 1.0, 5)
ENDS = (0.001, 0.999)  # a rule that limits beliefs to 0..1 has infinite log-odds at the ends


def separating(model: ModelSpec, people: People, level: float) -> People:
    """Return the same people where self and other are separated this far, from 0 to 1."""
    changed = {}
    for name, by_rising in SEPARATES.get(model.name, {}).items():
        low, high = parameters(model)[name].prior_90
        share = level if by_rising else 1.0 - level
        changed[name] = np.full_like(people[name], low + share * (high - low))
    return dict(people) | changed


def alikeness(model: ModelSpec, people: People, events: list[ScriptedEvent]) -> np.ndarray:
    """Return how alike both beliefs move at the last event, 0..1, (draw,)."""
    beliefs = simulate_beliefs(model, people, events, figures=len(KNOWN) + 1)
    pairs = ((beliefs.availability_before, beliefs.availability), (beliefs.worth_before, beliefs.worth))
    other, self = (
        np.abs(np.diff(logit(np.clip([before[-1], after[-1]], *ENDS)), axis=0)[0]) for before, after in pairs
    )
    return 1.0 - np.abs(other - self) / np.maximum(other + self, 1e-9)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng, figures=len(KNOWN) + 1)
    history = [event for _ in range(10) for figure in KNOWN for event in random_care(0.6, 1, draws, rng, figure)]
    events = [*history, ScriptedEvent(0.0, STRANGER)]
    alike = np.stack([alikeness(model, separating(model, people, level), events) for level in LEVELS])
    return Result(alike[0] - alike[-1], Curve(LEVELS, alike))


PREDICTION = Prediction(
    "reflection",
    "Reflective functioning, and what an act says about other and self",
    shows=("reflective",),
    rivals=("self_other_leak",),
    smallest=0.1,
    unit="how alike both beliefs move after a stranger's rejection (0–1), with least minus with most separation",
    experiment=experiment,
    axes=("separation of self and other, from the least to the most", "how alike both beliefs move (0–1)"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
