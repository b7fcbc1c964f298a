"""How a report of dyads names members, beliefs, acts and effects."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.data.binding import participants_noun
from iwm_bayes.data.study import PARTICIPANTS
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.answer.words import quantity
from iwm_bayes.report.formatting import MINUS, format_points, two_digits
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.palette import ACTED_ON

DYADS = "dyads"
ABOUT_THE_OTHER = ("availability", "expected")  # beliefs


def noun_of(model: ModelSpec, data: xr.Dataset) -> str:
    """Return what the study calls its people; "dyads" where a study of dyads gives them no name."""
    noun = participants_noun(data)
    return DYADS if model.members and noun == PARTICIPANTS else noun


def the(role: str) -> str:
    """Return a member as a sentence names it."""
    return f"the {role.replace('_', ' ')}"


def both(roles: Sequence[str]) -> str:
    """Return both members, such as "the patient and the therapist"."""
    return " and ".join(the(role) for role in roles)


def whose(role: str) -> str:
    """Return a member who has something, such as "the wife's"."""
    return f"{the(role)}'s"


def belief_of(belief: str, role: str, other: str) -> str:
    """Return a belief of a member as a sentence names it: who has it, and who it is about."""
    if belief in ABOUT_THE_OTHER:
        return f"{whose(role)} belief that {the(other)} will respond"
    return f"{whose(role)} {ACTED_ON.get(belief, belief)}"


def act_words(act: str) -> str:
    """Return an act as a sentence names it."""
    return act.replace("_", " ")


def signed(number: float) -> str:
    """Return a number with two significant digits, and with its sign."""
    text = two_digits(number)
    return text if number <= 0 or text.startswith(MINUS) else f"+{text}"


def interval_words(low: str, high: str) -> str:
    """Return the ends of a 90% credible interval."""
    return f"90% CrI {low} to {high}"


def signed_text(draws: np.ndarray) -> str:
    """Return draws as text with signs: the median and the 90% CrI."""
    median, low, high = map(signed, median_ci90(draws))
    return f"{median} ({interval_words(low, high)})"


def points_text(draws: np.ndarray) -> str:
    """Return draws of a difference of shares in percentage points, with the 90% CrI."""
    median, low, high = (format_points(number, "+") for number in median_ci90(draws))
    return f"{median} ({interval_words(low.removesuffix(' points'), high)})"


def share_text(draws: np.ndarray) -> str:
    """Return draws of a share of dyads in per cent, with the 90% CrI."""
    return quantity(draws, "{:.0%}").text


def excludes_0(draws: np.ndarray) -> bool:
    """Return whether the 90% CrI of draws does not contain 0."""
    _, low, high = median_ci90(draws)
    return bool(low > 0 or high < 0)
