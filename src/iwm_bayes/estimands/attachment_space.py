"""Every person in the attachment space: their beliefs after the first and after the last session with a figure."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.beliefs import belief_summary
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.estimands.trajectories import align_by_session
from iwm_bayes.filtering.arrays import restarts
from iwm_bayes.types import ModelSpec


def stored_belief_summary(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Return the group `belief_summary` of a fit; computed where the fit has none."""
    stored = "belief_summary" in fit.children
    return fit["belief_summary"].to_dataset() if stored else belief_summary(model, fit)


def pseudonym_order(people: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return people in the order of a table under pseudonyms: their positions in the data, and their pseudonyms."""
    names = pseudonyms([str(person) for person in people])
    order = np.argsort([pseudonym_number(name) for name in names])
    return order, [names[index] for index in order]


def first_and_last(belief: xr.DataArray, is_session: np.ndarray) -> np.ndarray:
    """Return a belief (event, person) after everyone's first and last session, (person, when)."""
    by_session = align_by_session(belief.transpose("event", "person").values, is_session)
    last = np.maximum(is_session.sum(axis=0) - 1, 0)
    return np.stack([by_session[0], by_session[last, np.arange(len(last))]], axis=1)


def judgements_of_most(security: xr.Dataset) -> dict[str, np.ndarray]:
    """Return who is insecure, and who is earned secure by their own last session, in most draws, (person,).

    Sessions beyond `followed` are those of donors: nobody's arrow leads there.
    """
    own = security["earned"] & security["insecure"] & (security["sessions"] <= security["followed"])
    shares = {"insecure": security["insecure"], "earned_secure": own}
    return {name: judged.mean(("chain", "draw")).values >= 0.5 for name, judged in shares.items()}


def attachment_space_data(
    model: ModelSpec, fit: xr.DataTree, figure: str, security: xr.Dataset | None = None
) -> xr.Dataset:
    """Return everyone's beliefs after their first and their last session with a figure, under pseudonyms.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    figure
        The figure whose sessions count.
    security
        What `earned_security` returns for this figure; None where the study leaves earned security out.

    Returns
    -------
    xr.Dataset
        Empty where the model has no self-worth, nobody had a session, or beliefs restart in every wave, so that no
        arrow leads from the first session to the last. People without a session are left out.

        - availability, self_worth (person, when): posterior means after the "first" and the "last" session
        - insecure (person): whether the person is insecure at baseline in most draws; only with `security`
        - earned_secure (person): whether the person is, in most draws, earned secure by the last session that they had
          themselves; only with `security`
        - arm (person): only in a study with arms
    """
    data, summary = fit["constant_data"].to_dataset(), stored_belief_summary(model, fit)
    is_session = session_mask(data, figure)
    if "self_worth_mean" not in summary or not is_session.any() or restarts(data).any():
        return xr.Dataset()
    everyone, names = pseudonym_order(data["person"].values)
    has_session = is_session.any(axis=0)[everyone]
    order = everyone[has_session]
    space = {
        name: (("person", "when"), first_and_last(summary[f"{name}_mean"], is_session)[order])
        for name in ("availability", "self_worth")
    }
    people = xr.Dataset(space, {"person": np.array(names)[has_session], "when": ["first", "last"]})
    if security is not None:
        for name, judged in judgements_of_most(security).items():
            people[name] = ("person", judged[order])
    if len(arms := person_arms(data)):
        people["arm"] = ("person", arms.to_numpy()[order])
    secure = {} if security is None else {"secure_at_or_above": float(security.attrs["secure_at_or_above"])}
    return people.assign_attrs(figure=figure, **secure)
