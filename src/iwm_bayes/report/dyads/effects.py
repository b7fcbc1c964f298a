"""What the beliefs of one member do to the acts of both, in sentences and in a plot."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.plot_data import actor_partner_data
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.dyads.words import STEP, act_words, belief_words, excludes_0, signed_text, the
from iwm_bayes.report.elements import Exhibit, draw_picture
from iwm_bayes.viz.dyads.actor_partner import actor_partner_plot


def effect_draws(found: xr.Dataset, role: str, effect: str) -> np.ndarray:
    """Return an effect by draw, mean of the dyads; NaN where there is none."""
    return found["mean_effect"].sel(role=role, effect=effect).values


def effect_sentence(found: xr.Dataset, role: str, effect: str) -> str:
    """Return how much an act changes with a belief, and whether that is shown; empty where there is no such effect."""
    draws = STEP * effect_draws(found, role, effect)
    if np.isnan(draws).any():
        return ""
    one = found.sel(role=role, effect=effect)
    act, whose = act_words(str(one["act"].values)), str(one["whose_act"].values)
    changes = f"this member's own {act}" if whose == role else f"the next {act} of {the(whose)}"
    does = "changes" if excludes_0(draws) else "does not clearly change"
    belief = belief_words(str(one["belief"].values))
    return (
        f"{effect.capitalize()} effect: with {STEP:g} more {belief} of {the(role)}, {changes} {does} "
        f"({signed_text(draws)} of 0–1)."
    )


def effect_sentences(found: xr.Dataset) -> list[str]:
    """Return one sentence for each effect that there is: those on own acts first."""
    pairs = [(role, effect) for effect in map(str, found["effect"].values) for role in map(str, found["role"].values)]
    return [sentence for role, effect in pairs if (sentence := effect_sentence(found, role, effect))]


def actor_partner_exhibit(run: ReportContext, found: xr.Dataset) -> Exhibit:
    """Return the four effects with their intervals, and every dyad."""
    data = actor_partner_data(found)
    largest = [one for one in effect_sentences(found) if one.startswith("Partner")]
    finding = largest[0] if largest else effect_sentences(found)[0]
    caption = (
        "Change of the expected act per unit of a belief: median, 50% and 90% CrI of the mean of the dyads. Small dots "
        "are single dyads. A partner effect is what reaches the other's next act through learning."
    )
    picture = draw_picture("actor_partner", data, f"{caption} {finding}", actor_partner_plot, mark=run.mark)
    return Exhibit(finding, caption, (picture,))


def effects_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on actor and partner effects; None where no act follows a belief."""
    found = run.results.datasets.get("actor_partner")
    if found is None or not effect_sentences(found):
        return None
    return {
        "id": "effects",
        "title": "What does a belief of one member do to the acts of both?",
        "sentences": effect_sentences(found),
        "exhibits": [actor_partner_exhibit(run, found)],
    }
