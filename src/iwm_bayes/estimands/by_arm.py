"""Time to earned security of everyone and of each arm of a study, with numbers at risk and risk differences."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas import standardised_covariates
from iwm_bayes.estimands.criterion import Judgement
from iwm_bayes.estimands.survival import incidence_by_session, median_corrective, median_sessions, number_at_risk

MAX_ARMS = 4  # lines that are distinguishable in grey
EVERYONE = "everyone"  # the first of the arms


def person_arms(data: xr.Dataset) -> pd.Series:
    """Return everyone's arm: the first categorical covariate with few categories; empty if there is none."""
    for _, values in standardised_covariates(data).items() if "standardised" in data.attrs else ():
        words = values.astype(str)
        if not pd.api.types.is_numeric_dtype(values) and 2 <= words.nunique() <= MAX_ARMS:
            return words
    return pd.Series(dtype=str)


def judgement_arrays(security: xr.Dataset) -> Judgement:
    """Return the judgements of `earned_security` as arrays, (chain, draw, person)."""
    dims = ("chain", "draw", "person")
    return Judgement._make(security[name].transpose(*dims).values for name in Judgement._fields)


def incidence_by_arm(security: xr.Dataset, arms: pd.Series) -> xr.Dataset:
    """Estimate time to earned security by arm, among people who are insecure at baseline.

    Parameters
    ----------
    security
        What `earned_security` returns.
    arms
        Everyone's arm; empty if the study has none.

    Returns
    -------
    xr.Dataset
        Dim `arm` has EVERYONE first. Shares are estimated as in `survival`.

        - probability (arm, chain, draw, session): share that is earned secure by each session
        - at_risk (arm, session): number at risk when a session begins, mean over draws
        - insecure (arm): share of people who are insecure at baseline
        - median_sessions, median_corrective (arm, chain, draw): as in `earned_security`
        - chance_level: of everyone, mean over draws
    """
    everyone, last, session = judgement_arrays(security), security.sizes["session"], security["session"].values
    masks = {EVERYONE: np.ones(everyone.insecure.shape[-1], dtype=bool)}
    masks |= {str(name): (arms == name).to_numpy() for name in sorted(arms.unique())}
    parts = [Judgement._make(leaf[..., mask] for leaf in everyone) for mask in masks.values()]
    by_draw = ("arm", "chain", "draw")
    return xr.Dataset(
        {
            "probability": ((*by_draw, "session"), [incidence_by_session(part, last) for part in parts]),
            "at_risk": (("arm", "session"), [number_at_risk(part, session).mean(axis=(0, 1)) for part in parts]),
            "insecure": ("arm", [part.insecure.mean() for part in parts]),
            "median_sessions": (by_draw, [median_sessions(part, last) for part in parts]),
            "median_corrective": (by_draw, [median_corrective(part, last) for part in parts]),
            "chance_level": security["chance_level"].mean(),
        },
        {"arm": list(masks), "session": session},
        {"figure": security.attrs["figure"]},
    )


def risk_differences(curves: xr.Dataset) -> xr.DataArray:
    """Compute how much higher the share that is earned secure is in each arm than in the first, (arm, chain, draw).

    `curves` is what `incidence_by_arm` returns. Shares are those by the last session at which every arm has people at
    risk; this session is the coordinate `session`.
    """
    arms = curves.isel(arm=slice(1, None))
    all_at_risk = (arms["at_risk"] > 0).all("arm")
    last = curves["session"].where(all_at_risk).max().fillna(1).astype(int)
    share = arms["probability"].sel(session=last)
    return (share - share.isel(arm=0, drop=True)).isel(arm=slice(1, None))
