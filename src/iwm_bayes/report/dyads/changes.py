"""What would become of the same dyads under a change: full containment, or a member who begins secure."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.report.context import ReportContext
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
    if np.allclose(draws, 0.0):
        return f"{change_words(name)}, the share of dyads in which both are secure at exchange {horizon} would not change."
    more = "would change by" if excludes_0(draws) else "would not clearly change:"
    share = f"the share of dyads in which both are secure at exchange {horizon}"
    return f"{change_words(name)}, {share} {more} {points_text(draws)}."


def change_sentences(found: xr.Dataset) -> list[str]:
    """Return a sentence for each change."""
    return [change_sentence(found, str(name)) for name in found["counterfactual"].values]


def changes_section(run: ReportContext) -> dict[str, Any] | None:
    """Return the part of the page on changes; None where the model has none."""
    found = run.results.datasets.get("counterfactual_dyads")
    if found is None:
        return None
    assumed = (
        "Both members are simulated anew under the fit, with the change and without it, by the same random numbers. "
        "That a parameter could change without the others is assumed."
    )
    return {
        "id": "changes",
        "title": "What would become of the same dyads?",
        "sentences": [*change_sentences(found), assumed],
        "exhibits": [],
    }
