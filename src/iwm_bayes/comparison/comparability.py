"""Who may be compared: theories of the same answers by the same people, after the same events, well fitted."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from iwm_bayes.comparison.leave_future_out import FIRST_SCORED
from iwm_bayes.comparison.mixture_model import Fitted
from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.types import InputError


def answer_arrays(fitted: Fitted) -> list[tuple[Any, np.ndarray]]:
    """What was answered, each with whether its density at an end of the scale is a mass or none."""
    return [
        ((response.family.bounds, response.family.whole), fitted.data[f"answer_{name}"].values)
        for name, response in fitted.model.responses.items()
    ]


def incomparable(one: Fitted, other: Fitted) -> list[str]:
    """Why two theories cannot be compared; empty where they can."""
    names = f"{one.model.name} and {other.model.name}"
    if not np.array_equal(one.data["person"].values, other.data["person"].values):
        return [f"{names} were fitted to different people. Fit both to the same study"]
    lived = ("outcome", "seen", "figure_index", "since_any", "present")
    if any(not np.array_equal(one.data[name].values, other.data[name].values) for name in lived):
        return [f"{names} were fitted to different events. Give both theories responses to the same columns"]
    mine, theirs = answer_arrays(one), answer_arrays(other)
    left = list(theirs)
    for kind, values in mine:
        same = [entry for entry in left if np.array_equal(entry[1], values, equal_nan=True)]
        if not same:
            return [f"{names} say something of different answers. Give both responses to the same columns"]
        if same[0][0] != kind:
            return [f"{names} measure the ends of a scale differently (mass or density). Use one kind of response"]
        left = [entry for entry in left if entry is not same[0]]
    return [f"{names} say something of different answers. Give both responses to the same columns"] if left else []


def has_future_sessions(fitted: Fitted) -> bool:
    """Whether there are sessions enough to foretell the next ones from those before."""
    return bool(session_index(fitted.data).max() >= FIRST_SCORED)


def check_comparable(theories: Sequence[Fitted], unit: str, anyway: bool) -> list[str]:
    """Names of theories whose gate failed; InputError where theories cannot be compared by a unit, or should not be."""
    if len(theories) < 2:
        raise InputError(["a comparison needs two theories or more. Name them with --theory, or in the study"])
    problems = [problem for other in theories[1:] for problem in incomparable(theories[0], other)]
    if unit.startswith("future") and not has_future_sessions(theories[0]):
        problems.append(
            f"nobody has more than {FIRST_SCORED} sessions: there is no next to foretell. Use --unit person"
        )
    verdicts = {fitted.model.name: check_convergence(fitted.fit) for fitted in theories}
    failed = [name for name, found in verdicts.items() if not found.passed]
    if failed and not anyway:
        problems += [
            f"the fit of {name} failed its gate ({'; '.join(verdicts[name].reasons)}). To mend it: "
            f"{'; '.join(advice(fitted.fit, verdicts[name])) or 'docs/how_to/failed_gate.md says how'}. "
            f"Do so with `iwm fit STUDY --theory {name}`, and compare the folders of the runs, in which all fits are "
            "kept; or rank it as it is, marked, with --anyway"
            for name, fitted in ((one.model.name, one) for one in theories)
            if name in failed
        ]
    if problems:
        raise InputError(problems)
    return failed
