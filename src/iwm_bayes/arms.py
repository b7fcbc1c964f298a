"""The earned-security curve of everyone and of each arm of a study, with how many are still at risk."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.formulas import prepared

MOST_ARMS = 4  # lines that can be told apart in grey


def arms_of(data: xr.Dataset) -> pd.Series:
    """Everyone's arm: the first covariate in words that has few of them; empty where there is none."""
    for _, values in prepared(data).items() if "standardised" in data.attrs else ():
        words = values.astype(str)
        if not pd.api.types.is_numeric_dtype(values) and 2 <= words.nunique() <= MOST_ARMS:
            return words
    return pd.Series(dtype=str)


def curves(security: xr.Dataset, arms: pd.Series) -> xr.Dataset:
    """Of `earned_security`, by arm ("everyone" first), among those who start insecure; NaN in draws without any.

    probability (arm, chain, draw, session): the share that is earned secure by each session; at_risk (arm, session):
    how many are neither earned secure nor at the end of their sessions when it begins, on average over draws.
    """
    insecure, earned, ended = security["insecure"] > 0, security["earned"] > 0, security["sessions"]
    over = ended - ~earned  # the last session at which someone is at risk
    session = security["session"]
    shares, left = [], []
    groups = {"everyone": np.ones(insecure.sizes["person"], dtype=bool)}
    groups |= {str(name): (arms == name).to_numpy() for name in sorted(arms.unique())}
    for who in groups.values():
        counted = insecure.isel(person=who)
        by = counted & earned.isel(person=who) & (ended.isel(person=who) <= session)
        shares.append(by.sum("person") / counted.sum("person").where(lambda count: count > 0))
        left.append((counted & (over.isel(person=who) >= session)).sum("person").mean(("chain", "draw")))
    arm = pd.Index(groups, name="arm")
    found = xr.Dataset({"probability": xr.concat(shares, arm), "at_risk": xr.concat(left, arm)})
    chance = security["chance"].mean()
    return found.assign(chance=chance).assign_attrs(figure=security.attrs["figure"])
