"""Does a repaired rupture teach more than smooth care? Four histories, three courses after them, six learning rules.

After a history, median people from a model's prior have six sessions: smooth (six good ones), repaired (a rupture, its
repair and four good sessions), or repaired late (a rupture, another one and four good sessions). Measure: the share of
prior draws whose final availability is at least 0.005 higher after repaired than after smooth sessions, and the median
difference. The same against the course that is repaired late, which decides nothing: every rule shows it. And the same
of that course against smooth sessions, which separates the two rules that say a repair teaches.

The rules were worked out by hand with figures of another program. Criterion: the figures here are within three standard
errors of the difference, and of rounding. Both programs draw 4,000 times; a figure of 0 leaves none.
Usage: `python repaired_ruptures.py FILE`.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.validation.scripted_events import GOOD, RUPTURE_ARMS, median_people, random_care, simulate_beliefs

SMALLEST, N_DRAWS = 0.005, 4000
HISTORIES = {  # number of mixed sessions (responsive with probability 0.7), and of good ones after them
    "12 good sessions": (0, 12),
    "none: a new figure": (0, 0),
    "11 mixed sessions (0.7), 1 good one": (11, 1),
    "12 mixed sessions (0.7)": (12, 0),
}
MODELS = ("strain_test", "contingent", "trust_gate", "pearce_hall", "ehgf", "rescorla_wagner")
EXPECTED_SHARES = {  # by history, in the order of MODELS
    "12 good sessions": (1.000, 0.990, 0.043, 0.031, 0.006, 0.0),
    "none: a new figure": (1.000, 0.983, 0.143, 0.0, 0.0, 0.0),
    "11 mixed sessions (0.7), 1 good one": (0.984, 0.896, 0.035, 0.007, 0.003, 0.0),
    "12 mixed sessions (0.7)": (0.68, 0.62),
}
EXPECTED_MEDIANS = {("12 good sessions", "strain_test"): 0.182, ("12 good sessions", "contingent"): 0.159}
ROUNDING = 0.0005  # half a unit of the third decimal
TWO_DECIMALS = "12 mixed sessions (0.7)"  # the history whose figures have two


class Figure(NamedTuple):
    """A share of prior draws, or a median over them, with its Monte Carlo error."""

    value: float
    se: float


def share_above(effect: np.ndarray) -> Figure:
    """Return the share of draws with an effect that counts."""
    share = float(np.mean(effect >= SMALLEST))
    return Figure(share, float(np.sqrt(share * (1.0 - share) / len(effect))))


def median_of(effect: np.ndarray) -> Figure:
    """Return the median effect; its error is half the distance of the order statistics one error away from it."""
    low, median, high = np.quantile(effect, 0.5 + 0.5 / np.sqrt(len(effect)) * np.array([-1.0, 0.0, 1.0]))
    return Figure(float(median), float(high - low) / 2.0)


def final_availability(name: str, history: str, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Return the final availability of median people by course, (draw,), after a history that courses share."""
    model, rng = load_model(name), np.random.default_rng(seed)
    (mixed, good), people = HISTORIES[history], median_people(model, draws, rng)
    before = [*random_care(0.7, mixed, draws, rng), *[GOOD] * good]
    return {
        course: simulate_beliefs(model, people, [*before, *events]).availability[-1]
        for course, events in RUPTURE_ARMS.items()
    }


def agrees(expected: float, found: Figure, rounding: float) -> bool:
    """Return whether a figure is within three standard errors of the difference of two, and rounding."""
    return abs(found.value - expected) <= 3.0 * np.sqrt(2.0) * found.se + rounding


def lines_of(name: str, history: str, draws: int = N_DRAWS, seed: int = 1) -> list[dict[str, object]]:
    """Return what is found of a model after a history, next to what is expected."""
    end = final_availability(name, history, draws, seed)
    rounding = 10 * ROUNDING if history == TWO_DECIMALS else ROUNDING
    shares = dict(zip(MODELS, EXPECTED_SHARES[history], strict=False))
    repaired, late = end["repaired"] - end["smooth"], end["repaired late"] - end["smooth"]
    figures = {
        ("repaired", "smooth", "share"): (share_above(repaired), shares.get(name)),
        ("repaired", "smooth", "median"): (median_of(repaired), EXPECTED_MEDIANS.get((history, name))),
        ("repaired", "repaired late", "share"): (share_above(repaired - late), None),
        ("repaired late", "smooth", "share"): (share_above(late), None),
        ("repaired late", "smooth", "median"): (median_of(late), None),
    }
    return [
        {"history": history, "model": name, "course": course, "against": against, "quantity": quantity}
        | {"expected": expected, "found": found.value, "se": found.se}
        | {"agrees": "" if expected is None else "yes" if agrees(expected, found, rounding) else "no"}
        for (course, against, quantity), (found, expected) in figures.items()
    ]


def main(file: Path) -> None:
    table = pd.DataFrame(line for history in HISTORIES for name in MODELS for line in lines_of(name, history))
    print(table.round(3).to_string(index=False))
    table.round(4).to_csv(file, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
