"""What would become of the same dyads under a change: full containment, or a member who begins secure."""

import numpy as np
import xarray as xr

from iwm_bayes.report.dyads.words import excludes_0, points_text, the

BOTH_AT_THE_END = "both secure at the end"
CONTAINED = "full containment"


def change_words(name: str) -> str:
    """Return a change as the beginning of a sentence."""
    if name == CONTAINED:
        return "With full containment"
    return f"Had {the(name.removesuffix(' secure'))} begun secure"


def change_sentence(found: xr.Dataset, name: str) -> str:
    """Return how many more dyads would have two secure members at the end."""
    draws = found["difference"].sel(counterfactual=name, quantity=BOTH_AT_THE_END).values
    horizon = int(found.attrs["horizon"])
    share = f"the share of dyads in which both are secure at exchange {horizon}"
    if np.allclose(draws, 0.0):
        return f"{change_words(name)}, {share} would not change."
    more = "would change by" if excludes_0(draws) else "would not clearly change:"
    return f"{change_words(name)}, {share} {more} {points_text(draws)}."


def change_sentences(found: xr.Dataset) -> list[str]:
    """Return a sentence for each change."""
    return [change_sentence(found, str(name)) for name in found["counterfactual"].values]


def containment_sentences(found: xr.Dataset) -> list[str]:
    """Return what full containment would change, where somebody has a pull."""
    return [change_sentence(found, CONTAINED)] if CONTAINED in found["counterfactual"].values else []
