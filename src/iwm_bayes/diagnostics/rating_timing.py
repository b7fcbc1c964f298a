"""Were ratings made before the act of their row, though the theory has them after it? Asked of the data alone.

A rating that is given after an act moves with that act, one that is given before it with the act of the row before. So
a rating's step from one row to the next with the same figure, less its person's mean, is regressed on both outcomes,
less theirs. Errors of the two slopes allow for whatever goes together within a person: the cluster-robust sandwich,
Liang & Zeger (1986), doi:10.1093/biomet/73.1.13.

If the step follows the outcome before by more than 4 errors, and its own by less than 2 or a quarter of that, one is
told (a quarter, because means of short lives make both slopes a little alike). Had nobody learned anything, that would
be said of less than one study in a thousand of 20 people or more (their errors are a tenth too small at 20); had each
rating followed its own act, of fewer.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.ppc_statistics import outcome_masks, values_at
from iwm_bayes.types import ModelSpec, Response

CLEAR_ERRORS, NEGLIGIBLE_ERRORS, NEGLIGIBLE_SHARE = 4.0, 2.0, 0.25  # standard errors; and a share of them
MIN_PEOPLE = 20  # fewer say too little of how people vary for these errors to be trusted


def timing_z_scores(answers: np.ndarray, data: xr.Dataset, response: Response) -> np.ndarray:
    """How many errors from 0 steps go with their own outcome, and with the one before; NaN where that is unknown."""
    last = outcome_masks(data, response).last
    outcome = np.where(data["seen"].values, data["outcome"].values, np.nan)
    found = np.stack([answers - values_at(answers, last, np.nan), outcome, values_at(outcome, last, np.nan)])
    whole = np.isfinite(found).all(axis=0)
    rows = whole.sum(axis=0)
    means = np.where(whole, found, 0.0).sum(axis=1, keepdims=True) / np.maximum(rows, 1)
    step, *acts = np.where(whole, found - means, 0.0)
    design = np.stack(acts)
    information = np.einsum("iep,jep->ij", design, design)
    if (rows > 1).sum() < MIN_PEOPLE or np.linalg.matrix_rank(information) < 2:
        return np.full(2, np.nan)
    inverse = np.linalg.inv(information)
    slope = inverse @ np.einsum("iep,ep->i", design, step)
    by_person = np.einsum("iep,ep->ip", design, step - np.einsum("i,iep->ep", slope, design))
    error = np.sqrt(np.diag(inverse @ by_person @ by_person.T @ inverse))
    with np.errstate(invalid="ignore", divide="ignore"):
        return slope / error


def answer_count_sentence(model: ModelSpec, data: xr.Dataset, name: str) -> str:
    """How often a response was given, and when."""
    count = int(data[f"answer_{name}"].notnull().sum())
    return f"{name}: {count} answers, given {model.responses[name].timing} the outcome of their row"


def timing_warnings(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """A sentence for every response that seems to have been given before the outcome of its row."""
    for name, response in model.responses.items():
        about_session = data.attrs.get(f"scope of {name}", "event") == "session"
        if response.timing == "before" or response.effect != "none" or about_session:
            continue
        own, before = timing_z_scores(data[f"answer_{name}"].values.astype(float), data, response)
        if before > CLEAR_ERRORS and abs(own) < max(NEGLIGIBLE_ERRORS, NEGLIGIBLE_SHARE * before):
            yield (
                f"{name} changes with the outcome of the row before ({before:.1f} standard errors) and hardly with "
                f"that of its own row ({own:.1f}): it seems to have been given before the act of its row. If so, say "
                f'timing = "before" in [responses.{name}]'
            )
