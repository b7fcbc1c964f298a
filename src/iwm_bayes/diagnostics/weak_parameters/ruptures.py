"""What data hardly tell about rules in which a rupture, or what follows it, decides: few ruptures.

A session under strain follows a rupture, an outcome below .5. How many sessions a study needs is from parameter
recovery: see `MIN_OF_EACH`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.unrecorded import unrecorded_outcomes
from iwm_bayes.filtering.arrays import last_of_figure
from iwm_bayes.types import ModelSpec, named_leaves

RESPONSIVE = 0.5  # an outcome of at least this is no rupture, as in the rules
MIN_OF_EACH = 10  # sessions of all people under strain with either outcome; see experiments/ruptures/README.md


class OfStrain(NamedTuple):
    """Parameters of a rule that only sessions under strain inform."""

    sign: str  # a parameter that this rule alone has
    parameters: tuple[str, ...]
    in_distress: bool  # whether a session in distress is one under strain
    without: str  # what follows where there are few such sessions


RULES_OF_STRAIN = (
    OfStrain("calm_gap", ("hazard",), False, "beliefs then hardly leave their start, whatever happens in calm"),
    OfStrain("need", ("repair_start", "repair_rate", "need"), True, "then only the expectation in calm is learned"),
    OfStrain("start_trust", ("start_trust", "change"), False, "trust then hardly changes, and is part of the rate"),
)


def strained_outcomes(data: xr.Dataset, any_figure: bool, in_distress: bool) -> np.ndarray:
    """Return the outcomes of all sessions under strain, (session,); after a rupture with this figure, or with any."""
    observed, outcome = data["observed"].values & ~unrecorded_outcomes(data), data["outcome"].values
    figure = data["figure_index"].values * (not any_figure)
    last = last_of_figure(observed, figure)
    before = np.take_along_axis(outcome, np.maximum(last, 0), axis=0)
    strained = (last >= 0) & (before < RESPONSIVE)
    if in_distress:
        strained |= data["distress"].values >= RESPONSIVE
    return outcome[strained & observed]


def strain_problems(model: ModelSpec, data: xr.Dataset, free: set[str]) -> Iterator[str]:
    """Yield why what concerns sessions under strain is hardly identified: few of them, or few with either outcome."""
    declared = {name for name, _ in named_leaves(model.rule.parameters)}
    for own in RULES_OF_STRAIN:
        for belief in (each for each in ("availability", "worth") if f"{each}_{own.sign}" in declared):
            outcomes = strained_outcomes(data, belief == "worth", own.in_distress)
            repaired = int((outcomes >= RESPONSIVE).sum())
            unrepaired, weak = len(outcomes) - repaired, {f"{belief}_{name}" for name in own.parameters} & free
            if weak and min(repaired, unrepaired) < MIN_OF_EACH:
                strain = "after a rupture or in distress" if own.in_distress else "after a rupture"
                yield (
                    f"weakly identified: {', '.join(sorted(weak))}. Of the sessions {strain}, {repaired} were "
                    f"responsive and {unrepaired} not, of all people. With fewer than {MIN_OF_EACH} of each these "
                    f"follow their priors; {own.without}"
                )
