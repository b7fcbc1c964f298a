"""Presets of dyads: pairs of styles and models of which the literature on attachment speaks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from iwm_bayes.explorer.dyads.members import OTHER, SIDES, acts_of
from iwm_bayes.explorer.dyads.state import DISTRESS, EXCHANGES
from iwm_bayes.explorer.dyads.styles import style_values
from iwm_bayes.types import ModelSpec


class DyadPreset(NamedTuple):
    """A dyad with its name, and a sentence that says who the two are."""

    label: str
    description: str
    roles: str
    models: Mapping[str, str]  # by side
    styles: Mapping[str, str]  # by side
    values: Mapping[str, float] = MappingProxyType({})  # of further sliders, by their name in a link


THERAPY, COUPLE = {"A": "seeker", "B": "carer"}, {"A": "reciprocal", "B": "reciprocal"}
ACTED_OUT = {  # members who learn much from each other, and contain little of what they feel
    "exchanges": 60,
    **{f"{side}.total_variance": 2.0 for side in SIDES},
    **{f"{side}.care_containment": 0.05 for side in SIDES},
}
PRESETS: Mapping[str, DyadPreset] = {
    "rescue": DyadPreset(
        "Anxious patient, therapist who rescues",
        "The patient asks often. The therapist is drawn by it, and does not contain the pull.",
        "therapy",
        THERAPY,
        {"A": "anxious", "B": "secure"},
        {"B.pull": 3.0, "B.care_containment": 0.05},
    ),
    "contained": DyadPreset(
        "The same therapist, contained",
        "The same patient and the same pull. The therapist notices it, and hardly acts on it.",
        "therapy",
        THERAPY,
        {"A": "anxious", "B": "secure"},
        {"B.pull": 3.0, "B.care_containment": 0.95},
    ),
    "withdrawn": DyadPreset(
        "Avoidant patient, therapist who withdraws",
        "The patient rarely asks. The therapist follows the pull, and so gives less to a person who does not ask.",
        "therapy",
        THERAPY,
        {"A": "avoidant", "B": "secure"},
        {"B.pull": 3.0, "B.care_containment": 0.05},
    ),
    "anxious": DyadPreset(
        "Two anxious partners",
        "Both doubt themselves, bid more under distress, and are drawn by the bids of the other.",
        "couple",
        COUPLE,
        {"A": "anxious", "B": "anxious"},
        ACTED_OUT,
    ),
    "pursue": DyadPreset(
        "Pursue and withdraw",
        "The anxious partner bids more under distress. The avoidant one is pushed away by bids, and bids less.",
        "couple",
        COUPLE,
        {"A": "anxious", "B": "avoidant"},
        ACTED_OUT,
    ),
}
FIRST_PRESET = "rescue"


def preset_values(preset: DyadPreset, specs: Mapping[str, ModelSpec]) -> dict[str, str | float]:
    """Return the values of a preset by their name in a link."""
    models = {side: specs[name] for side, name in preset.models.items()}
    values: dict[str, str | float] = {
        "roles": preset.roles,
        **preset.models,
        "exchanges": EXCHANGES,
        "distress": DISTRESS,
        "run": 0,
    }
    for side in SIDES:
        acts = acts_of(models[side], models[OTHER[side]])
        own = style_values(models[side], acts)[preset.styles[side]]
        values |= {f"{side}.{name}": value for name, value in own.items()}
    values |= preset.values
    return values
