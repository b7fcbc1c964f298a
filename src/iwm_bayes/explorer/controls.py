"""The controls of the page: what can be set, between which ends, and where each begins.

A control is a slider. Two of them are shown at first, and the others are folded. Every value that a page or a link sets
is held between the ends of its control.
"""

from collections.abc import Mapping
from typing import NamedTuple

from iwm_bayes.explorer.initial_beliefs import START_PARAMETERS, InitialBeliefs
from iwm_bayes.explorer.people import belief_parameters, prior_median
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.types import ModelSpec, Parameter

SIDES = ("A", "B")
NONE = "none"  # in place of the second model


class Control(NamedTuple):
    """A slider: its name in a link, its label, its ends, its step, where it begins and where it is."""

    name: str
    label: str
    low: float
    high: float
    step: float | str  # "any": every value between the ends
    first: float  # where it begins
    value: float  # where it is

    def held(self, value: float) -> float:
        """Return a value held between the ends."""
        return min(max(value, self.low), self.high)


FIRST_CONTROLS = ("caregiver_rate", "therapist_rate")  # those that are shown at first
SCENARIO_LABELS: Mapping[str, tuple[str, float, float, float]] = {  # field of a Scenario: label, ends, step
    "caregiver_rate": ("Childhood: probability that the caregiver is responsive (0–1)", 0, 1, 0.05),
    "therapist_rate": ("Therapy: probability that the therapist is responsive (0–1)", 0, 1, 0.05),
    "caregiver_events": ("events with the early caregiver", 0, 40, 1),
    "sessions": ("sessions with the therapist", 8, 60, 1),
    "rupture_every": ("sessions between planned ruptures (0: none)", 0, 20, 1),
    "repair_rate": ("probability that the next session repairs a rupture (0–1)", 0, 1, 0.05),
    "gap": ("break half-way through the therapy (1: time between two sessions)", 0, 52, 1),
}
BELIEF_NAMES = {"initial_availability": "initial availability (0–1)", "initial_worth": "initial self-worth (0–1)"}
LOWEST_INITIAL, HIGHEST_INITIAL = 0.15, 0.85  # prior 90% range of the initial belief of the built-in models


def scenario_controls(scenario: Scenario) -> dict[str, Control]:
    """Return the controls of the care that a person receives, at the values of a scenario."""
    return {
        name: Control(name, label, low, high, step, getattr(Scenario(), name), getattr(scenario, name))
        for name, (label, low, high, step) in SCENARIO_LABELS.items()
    }


def belief_controls(wanted: InitialBeliefs, before: str = "") -> dict[str, Control]:
    """Return the controls of the initial beliefs; `before` is put before their names in a link."""
    return {
        name: Control(f"{before}{name}", label, LOWEST_INITIAL, HIGHEST_INITIAL, 0.05, first, value)
        for (name, label), first, value in zip(BELIEF_NAMES.items(), InitialBeliefs(), wanted, strict=True)
    }


def parameter_control(side: str, name: str, parameter: Parameter, values: Mapping[str, float]) -> Control:
    """Return the control of a parameter over its prior 90% range; without a value it is at its prior median."""
    return Control(
        f"{side}.{name}",
        f"{name.replace('_', ' ').replace('worth', 'self-worth')}: {parameter.meaning}",
        *parameter.prior_90,
        "any",
        prior_median(parameter),
        values.get(name, prior_median(parameter)),
    )


def parameter_controls(side: str, model: ModelSpec, values: Mapping[str, float]) -> dict[str, Control]:
    """Return the controls of a model over the prior 90% ranges, by parameter; initial beliefs are matched instead.

    A parameter that is not among `values` has its prior median.
    """
    return {
        name: parameter_control(side, name, parameter, values)
        for name, parameter in belief_parameters(model).items()
        if name not in START_PARAMETERS.values()
    }
