"""Fitted models, and which of them can be compared.

Models can be compared if they were fitted to the same responses of the same people after the same events, and if their
fits have converged.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.leave_future_out import FIRST_SCORED
from iwm_bayes.diagnostics.advice import advice
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks, check_convergence
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.types import InputError, ModelSpec

TOO_FEW = "a comparison needs two models or more. Name them with --model, or in the study file"
EVENT_VARIABLES = ("outcome", "observed", "figure_index", "since_any", "present")  # equal in all compared fits


class FittedModel(NamedTuple):
    """A model with its fit."""

    model: ModelSpec
    fit: xr.DataTree
    folder: Path | None = None  # of the run, if it is kept
    role: str = ""  # of the member of dyads whose part this is

    @property
    def data(self) -> xr.Dataset:
        return self.fit["constant_data"].to_dataset()


def response_densities(fitted: FittedModel) -> list[tuple[Any, np.ndarray]]:
    """Return the values of each response, with what decides whether the ends of its scale have probability mass."""
    return [
        ((response.family.bounds, response.family.discrete), fitted.data[f"answer_{name}"].values)
        for name, response in fitted.model.responses.items()
    ]


def incomparable(one: FittedModel, other: FittedModel) -> list[str]:
    """Return why two models cannot be compared; empty where they can."""
    names = f"{one.model.name} and {other.model.name}"
    different_responses = f"{names} describe different responses. Give the responses of both the same columns"
    if not np.array_equal(one.data["person"].values, other.data["person"].values):
        return [f"{names} were fitted to different people. Fit both to the same study"]
    if any(not np.array_equal(one.data[name].values, other.data[name].values) for name in EVENT_VARIABLES):
        return [f"{names} were fitted to different events. Give the responses of both models the same columns"]
    unmatched = response_densities(other)
    for density, values in response_densities(one):
        same = [entry for entry in unmatched if np.array_equal(entry[1], values, equal_nan=True)]
        if not same:
            return [different_responses]
        if same[0][0] != density:
            return [f"{names} treat the ends of a scale differently (mass or density). Use one kind of response"]
        unmatched = [entry for entry in unmatched if entry is not same[0]]
    return [different_responses] if unmatched else []


def has_future_sessions(fitted: FittedModel) -> bool:
    """Return whether anyone has enough sessions for leave-future-out cross-validation."""
    return bool(session_index(fitted.data).max() >= FIRST_SCORED)


def convergence_remedy(fitted: FittedModel, checks: ConvergenceChecks) -> str:
    """Return what to do about a fit that has not converged."""
    suggestions = "; ".join(advice(fitted.fit, checks, bool(fitted.role))) or "see docs/how_to/not_converged.md"
    of_model = "" if fitted.role or fitted.model.members else f" --model {fitted.model.name}"  # dyads have two models
    return (
        f"Suggestion: {suggestions}. Fit it again with `iwm fit STUDY{of_model}`, and compare the "
        "folders of the runs, where all fits are kept. Or rank it as it is, marked, with --allow-unconverged"
    )


def check_comparable(fits: Sequence[FittedModel], cv: str, allow_unconverged: bool) -> list[str]:
    """Return the names of models that have not converged; InputError where models cannot or should not be compared."""
    if len(fits) < 2:
        raise InputError([TOO_FEW])
    problems = [problem for other in fits[1:] for problem in incomparable(fits[0], other)]
    if cv.startswith("lfo") and not has_future_sessions(fits[0]):
        problems.append(f"nobody has more than {FIRST_SCORED} sessions, so none can be left out. Use --cv loso")
    checks = {fitted.model.name: check_convergence(fitted.fit) for fitted in fits}
    not_converged = [name for name, own in checks.items() if not own.converged]
    if not allow_unconverged:
        problems += [
            f"the fit of {fitted.model.name} has not converged ({'; '.join(checks[fitted.model.name].reasons)}). "
            f"{convergence_remedy(fitted, checks[fitted.model.name])}"
            for fitted in fits
            if fitted.model.name in not_converged
        ]
    if problems:
        raise InputError(problems)
    return not_converged
