"""Time to earned security of everyone and of each arm of a study, with numbers at risk and risk differences.

A difference of arms between the people of a study is a finite-sample contrast. A claim about treatments is about new
people of each arm (see `population`). Both are computed here, by the same functions.
"""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import group_covariates, standardised_covariates
from iwm_bayes.estimands.security.criterion import Judgement
from iwm_bayes.estimands.security.survival import (
    incidence_until,
    last_assessable,
    median_corrective,
    median_sessions,
    number_at_risk,
    within_follow_up,
)

MAX_ARMS = 4  # lines that are distinguishable in grey
EVERYONE = "everyone"  # the first of the arms


def person_arms(data: xr.Dataset) -> pd.Series:
    """Return everyone's arm: the first categorical covariate with few categories; empty if there is none.

    A covariate that only names groups, such as therapists, has people and no arms: they are nowhere named.
    """
    for name, values in standardised_covariates(data).items() if "standardised" in data.attrs else ():
        words, is_group = values.astype(str), name in group_covariates(data)
        if not is_group and not pd.api.types.is_numeric_dtype(values) and 2 <= words.nunique() <= MAX_ARMS:
            return words
    return pd.Series(dtype=str)


def judgement_arrays(security: xr.Dataset) -> Judgement:
    """Return the judgements of `earned_security` as arrays, (chain, draw, person)."""
    dims = ("chain", "draw", "person")
    return Judgement._make(security[name].transpose(*dims).values for name in Judgement._fields)


def arm_masks(security: xr.Dataset, arms: pd.Series) -> dict[str, np.ndarray]:
    """Return who belongs to EVERYONE and to each arm; new people belong to the arm of their twin."""
    own = security["twin"].values if "twin" in security else np.arange(security.sizes["person"])
    masks = {EVERYONE: np.ones(own.shape, dtype=bool)}
    return masks | {str(name): (arms == name).to_numpy()[own] for name in sorted(arms.unique())}


def incidence_by_arm(security: xr.Dataset, arms: pd.Series, lasts: xr.DataArray | None = None) -> xr.Dataset:
    """Estimate time to earned security by arm, among people who are insecure at baseline.

    Parameters
    ----------
    security
        What `earned_security` or `earned_security_of_new_people` returns.
    arms
        The arm of every person of the study; empty if the study has none.
    lasts
        The last session that is read in each arm, (arm,): for new people, that of the people of the study. By default
        it is the last that can be assessed (`survival.last_assessable`).

    Returns
    -------
    xr.Dataset
        Dim `arm` has EVERYONE first. Shares are estimated as in `survival`, and NaN after the last session that is
        read.

        - probability (arm, chain, draw, session): share that is earned secure by each session
        - at_risk (arm, session): number at risk when a session begins, mean over draws
        - insecure (arm, chain, draw): share of people who are insecure at baseline
        - median_sessions, median_corrective (arm, chain, draw): as in `earned_security`
        - last (arm): the last session that is read; 0 if nothing can be assessed
        - chance_level (session): of everyone, mean over draws; not for new people
    """
    everyone, session = judgement_arrays(security), security["session"].values
    masks = arm_masks(security, arms)
    parts = [everyone._replace(insecure=everyone.insecure & mask) for mask in masks.values()]
    last = [last_assessable(part, session) for part in parts] if lasts is None else lasts.values.tolist()
    until = [(part, int(end)) for part, end in zip(parts, last, strict=True)]
    by_draw = ("arm", "chain", "draw")
    curves = xr.Dataset(
        {
            "probability": ((*by_draw, "session"), [incidence_until(part, len(session), end) for part, end in until]),
            "at_risk": (("arm", "session"), [mean_at_risk(part, session) for part in parts]),
            "insecure": (by_draw, [insecure_share(everyone, mask) for mask in masks.values()]),
            "median_sessions": (by_draw, [median_sessions(part, end) for part, end in until]),
            "median_corrective": (by_draw, [median_corrective(part, end) for part, end in until]),
            "last": ("arm", last),
        },
        {"arm": list(masks), "session": session}
        | {name: security[name].values for name in ("chain", "draw") if name in security.coords},
        security.attrs,
    )
    if "chance_level" in security:
        chance = security["chance_level"].stack(sample=("chain", "draw"))
        curves["chance_level"] = ("session", mean_over_draws(chance.transpose("session", "sample").values))
    return curves


def mean_at_risk(judged: Judgement, session: np.ndarray) -> np.ndarray:
    """Return the number at risk in people's own sessions, mean over draws, (session,)."""
    return number_at_risk(within_follow_up(judged), session).mean(axis=(0, 1))


def insecure_share(judged: Judgement, mask: np.ndarray) -> np.ndarray:
    """Return the share of the people in a mask who are insecure at baseline, (chain, draw)."""
    people = np.broadcast_to(mask, judged.insecure.shape).sum(axis=-1)
    return np.where(people > 0, (judged.insecure & mask).sum(axis=-1) / np.maximum(people, 1), np.nan)


def mean_over_draws(shares: np.ndarray) -> np.ndarray:
    """Compute the mean over draws (the last axis) that are not NaN; NaN if there is none."""
    known = ~np.isnan(shares)
    return np.where(known.any(axis=-1), np.where(known, shares, 0.0).sum(axis=-1) / known.sum(axis=-1).clip(1), np.nan)


def assessable_intervals(curves: xr.Dataset, arm: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the sessions that can be assessed in an arm, with the 5%, 50% and 95% quantiles of the share at each."""
    own = curves["probability"].sel(arm=arm, session=slice(1, int(curves["last"].sel(arm=arm))))
    if not own.sizes["session"]:
        return (np.array([]),) * 4
    low, median, high = own.quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    return own["session"].values, low, median, high


def risk_differences(curves: xr.Dataset) -> xr.DataArray:
    """Compute how much higher the share that is earned secure is in each arm than in the first, (arm, chain, draw).

    `curves` is what `incidence_by_arm` returns. Shares are those by the last session that can be read in every arm; it
    is the coordinate `session`, and 0 if there is none. Differences are then NaN.
    """
    arms = curves.isel(arm=slice(1, None))
    last = int(arms["last"].min())
    share = arms["probability"].sel(session=max(last, 1))
    difference = (share - share.isel(arm=0, drop=True)).isel(arm=slice(1, None))
    return difference.where(last > 0).assign_coords(session=last)
