"""Timing of ratings: whether they seem to precede the outcome of their row, although the model places them after it.

The check uses the data alone. A rating after an outcome changes with that outcome; a rating before it changes with the
outcome of the previous row. So the change of a rating between two rows with the same figure is regressed on both
outcomes, all centred on their person's means. Standard errors are cluster-robust by person (Liang & Zeger, 1986,
doi:10.1093/biomet/73.1.13).

A warning is given if the slope of the previous outcome exceeds 4 standard errors and that of its own outcome is small:
less than 2 standard errors, or less than a quarter of the former. The quarter allows for short sequences, whose means
make both slopes similar. If nobody learned anything, fewer than one in a thousand studies of 20 people or more would
have a warning. At 20 people the standard errors are a tenth too small. If each rating followed its own outcome, even
fewer studies would have one.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.ppc_statistics import outcome_masks, values_at
from iwm_bayes.diagnostics.weak_parameters.dyads import of_members
from iwm_bayes.types import ModelSpec, Response

CLEAR_ERRORS, NEGLIGIBLE_ERRORS, NEGLIGIBLE_SHARE = 4.0, 2.0, 0.25  # in standard errors, and as a share of the other
MIN_PEOPLE = 20  # with fewer, cluster-robust standard errors are unreliable


def timing_z_scores(answers: np.ndarray, data: xr.Dataset, response: Response) -> np.ndarray:
    """Regress changes of an answer on their own and the previous outcome; return slopes in standard errors, (2,).

    Values are NaN where there are too few people, or where the two outcomes are collinear.
    """
    previous = outcome_masks(data, response).previous
    outcome = np.where(data["observed"].values, data["outcome"].values, np.nan)
    change, previous_outcome = answers - values_at(answers, previous, np.nan), values_at(outcome, previous, np.nan)
    variables = np.stack([change, outcome, previous_outcome])
    complete = np.isfinite(variables).all(axis=0)
    counts = complete.sum(axis=0)
    means = np.where(complete, variables, 0.0).sum(axis=1, keepdims=True) / np.maximum(counts, 1)
    centred_change, *centred_outcomes = np.where(complete, variables - means, 0.0)
    design = np.stack(centred_outcomes)
    information = np.einsum("iep,jep->ij", design, design)
    if (counts > 1).sum() < MIN_PEOPLE or np.linalg.matrix_rank(information) < 2:
        return np.full(2, np.nan)
    inverse = np.linalg.inv(information)
    slope = inverse @ np.einsum("iep,ep->i", design, centred_change)
    residual = centred_change - np.einsum("i,iep->ep", slope, design)
    by_person = np.einsum("iep,ep->ip", design, residual)
    error = np.sqrt(np.diag(inverse @ by_person @ by_person.T @ inverse))
    with np.errstate(invalid="ignore", divide="ignore"):
        return slope / error


def answer_count_sentence(model: ModelSpec, data: xr.Dataset, name: str) -> str:
    """Return how many answers to a response there are, their timing, and the beliefs that a symptom follows."""
    count, response = int(data[f"answer_{name}"].notnull().sum()), model.responses[name]
    lag = f"{response.lag} session{'s' * (response.lag > 1)} before" if response.lag else "the same session"
    where = "exchange" if model.members else "row"  # a long table of dyads has the outcome in another row
    follows = f"; they follow the beliefs of {lag}" if response.lagged else ""
    return f"{name}: {count} answers, given {response.timing} the outcome of the same {where}{follows}"


def timing_warnings(model: ModelSpec, data: xr.Dataset, where: str = "row") -> Iterator[str]:
    """Yield a warning for every response that seems to precede the outcome of its row, or of its exchange in dyads."""
    if model.members:
        yield from of_members(partial(timing_warnings, where="exchange"), model, data)
        return
    for name, response in model.responses.items():
        about_session = data.attrs.get(f"scope of {name}", "event") == "session"
        if response.timing == "before" or response.effect != "none" or about_session or response.lag:
            continue
        own, previous = timing_z_scores(data[f"answer_{name}"].values.astype(float), data, response)
        if previous > CLEAR_ERRORS and abs(own) < max(NEGLIGIBLE_ERRORS, NEGLIGIBLE_SHARE * previous):
            yield (
                f"{name} seems to have been given before the outcome of the same {where}. Its changes follow the "
                f"outcome of the previous {where} (z = {previous:.1f}), and hardly that of the same {where} "
                f'(z = {own:.1f}). If it was given before the outcome, set `timing = "before"` in [responses.{name}]'
            )
