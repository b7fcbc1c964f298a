"""What a plot of time to earned security shows: shares, numbers at risk, medians and the chance level, by arm."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import EVERYONE


def shown_arms(curves: xr.Dataset) -> list[str]:
    """Return the arms of a study that can be assessed; EVERYONE where there are none; nothing if that cannot be."""
    assessed = [str(arm) for arm in curves["arm"].values if int(curves["last"].sel(arm=arm)) > 0]
    return [arm for arm in assessed if arm != EVERYONE] or assessed


def time_to_security_data(curves: xr.Dataset) -> xr.Dataset:
    """Summarise curves over draws, of each arm, or of everyone where no arm can be assessed or there is none.

    Parameters
    ----------
    curves
        What `by_arm.incidence_by_arm` returns.

    Returns
    -------
    xr.Dataset
        Empty where nothing can be assessed. Arms that cannot be assessed are left out.

        - low, median, high (arm, session): 5%, 50% and 95% quantiles of the share that is earned secure by each
          session, among people insecure at baseline; NaN after the last session that can be assessed
        - at_risk (arm, session): number at risk when a session begins, mean over draws
        - chance_level (session): the share under uninformative care, of everyone; not for new people
        - last (arm): the last session that can be assessed
        - median_sessions, median_sessions_low, median_sessions_high (arm): sessions until half are earned secure, with
          its 90% CrI; infinite where it is not reached

        Attributes are those of `curves`: the figure, and the criterion.
    """
    arms = shown_arms(curves)
    if not arms:
        return xr.Dataset()
    own = curves.sel(arm=arms)
    draws = own["probability"].transpose("arm", "session", "chain", "draw").values
    quantiles = np.array([[median_ci90(shares.ravel()) for shares in by_session] for by_session in draws])
    counts = np.array([median_ci90(own["median_sessions"].sel(arm=arm).values) for arm in arms])
    shares = {name: (("arm", "session"), quantiles[..., index]) for index, name in enumerate(("median", "low", "high"))}
    names = ("median_sessions", "median_sessions_low", "median_sessions_high")
    medians = {name: ("arm", counts[:, index]) for index, name in enumerate(names)}
    kept = own[[name for name in ("at_risk", "chance_level", "last") if name in own]]
    return xr.Dataset({**shares, **medians}).assign(kept.data_vars).assign_coords(arm=arms).assign_attrs(curves.attrs)
