"""Presets: four scenarios of care that the literature on attachment and psychotherapy speaks of, one press away."""

from collections.abc import Mapping
from typing import NamedTuple

from iwm_bayes.explorer.scenario import Scenario


class Preset(NamedTuple):
    """A scenario with its name, and a sentence that says what happens in it."""

    label: str
    scenario: Scenario
    description: str


PAIR = ("kalman", "prototype")  # shown at first: the second is the first with a drift back to the early model
PRESETS: Mapping[str, Preset] = {
    "secure": Preset(
        "Secure childhood",
        Scenario(caregiver_rate=0.9),
        "An early caregiver who mostly responds, then a responsive therapist. Ruptures are repaired.",
    ),
    "neglect": Preset(
        "Neglect, then therapy",
        Scenario(),
        "An early caregiver who rarely responds, then a responsive therapist. Ruptures are repaired.",
    ),
    "ruptures": Preset(
        "Ruptures without repair",
        Scenario(caregiver_rate=0.3, rupture_every=4, repair_rate=0.1),
        "An inconsistent early caregiver, then a therapist with many ruptures, of which few are repaired.",
    ),
    "break": Preset(
        "Long break",
        Scenario(rupture_every=0, gap=40),
        "An early caregiver who rarely responds, then a responsive therapist, with a long break half-way.",
    ),
}
