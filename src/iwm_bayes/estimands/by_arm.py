"""Earned security of everyone and of each arm of a study: curves, who is still at risk, and how arms differ."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas import standardised_covariates
from iwm_bayes.estimands.earned_security import Judgement
from iwm_bayes.estimands.survival import incidence_by_session, median_corrective, median_sessions, number_at_risk

MAX_ARMS = 4  # lines that can be told apart in grey
EVERYONE = "everyone"  # the first of the arms


def person_arms(data: xr.Dataset) -> pd.Series:
    """Everyone's arm: the first covariate in words that has few of them; empty where there is none."""
    for _, values in standardised_covariates(data).items() if "standardised" in data.attrs else ():
        words = values.astype(str)
        if not pd.api.types.is_numeric_dtype(values) and 2 <= words.nunique() <= MAX_ARMS:
            return words
    return pd.Series(dtype=str)


def judgement_arrays(security: xr.Dataset) -> Judgement:
    """What `earned_security` found of everyone, (chain, draw, person)."""
    dims = ("chain", "draw", "person")
    return Judgement._make(security[name].transpose(*dims).values for name in Judgement._fields)


def incidence_by_arm(security: xr.Dataset, arms: pd.Series) -> xr.Dataset:
    """Of `earned_security`, by arm (EVERYONE first), among those who start insecure; shares as in `incidence`.

    probability (arm, chain, draw, session): the share that is earned secure by each session; at_risk (arm, session):
    how many are neither earned secure nor at the end of their sessions when it begins, on average over draws; insecure
    (arm,): the share of people who start so; median_sessions and median_corrective (arm, chain, draw).
    """
    everyone, last, session = judgement_arrays(security), security.sizes["session"], security["session"].values
    groups = {EVERYONE: np.ones(everyone.insecure.shape[-1], dtype=bool)}
    groups |= {str(name): (arms == name).to_numpy() for name in sorted(arms.unique())}
    parts = [Judgement._make(leaf[..., who] for leaf in everyone) for who in groups.values()]
    by_draw = ("arm", "chain", "draw")
    return xr.Dataset(
        {
            "probability": ((*by_draw, "session"), [incidence_by_session(part, last) for part in parts]),
            "at_risk": (("arm", "session"), [number_at_risk(part, session).mean(axis=(0, 1)) for part in parts]),
            "insecure": ("arm", [part.insecure.mean() for part in parts]),
            "median_sessions": (by_draw, [median_sessions(part, last) for part in parts]),
            "median_corrective": (by_draw, [median_corrective(part, last) for part in parts]),
            "chance": security["chance"].mean(),
        },
        {"arm": list(groups), "session": session},
        {"figure": security.attrs["figure"]},
    )


def risk_differences(found: xr.Dataset) -> xr.DataArray:
    """How many more are earned secure in each arm than in the first, of `incidence_by_arm`: shares, (arm, chain, draw).

    By the last session at which somebody of every arm is at risk, which is its coordinate `session`.
    """
    own = found.isel(arm=slice(1, None))
    followed = (own["at_risk"] > 0).all("arm")
    by_then = own["probability"].sel(session=found["session"].where(followed).max().fillna(1).astype(int))
    return (by_then - by_then.isel(arm=0, drop=True)).isel(arm=slice(1, None))
