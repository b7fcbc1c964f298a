"""The numbers of the plots of dyads: of single dyads, and from what is known of all of them."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.data.dataset import covariate_values
from iwm_bayes.data.dyads.coupling import acts_of, as_outcome
from iwm_bayes.estimands.dyads.acts import act_name
from iwm_bayes.estimands.dyads.countertransference import PULL, acted_out_pull, pulls, style_parameters
from iwm_bayes.estimands.dyads.member_fit import member_fit, member_model
from iwm_bayes.estimands.dyads.member_variation import INTERCEPT
from iwm_bayes.estimands.learning_curves import chosen_people
from iwm_bayes.estimands.person_summary import pseudonyms
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.trajectories import align_by_session, ci90, person_beliefs
from iwm_bayes.model.priors import figure_names
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.simulation.draws import draws_as_people, thin_draws
from iwm_bayes.types import InputError, ModelSpec

ACTED_OUT = "acted-out pull"
N_DRAWS = 400
STEP = 0.1  # of a belief: the change for which the change of an act is said and drawn
LEVELS = {"ci90_low": 0.05, "ci50_low": 0.25, "median": 0.5, "ci50_high": 0.75, "ci90_high": 0.95}


def chosen_dyads(data: xr.Dataset, dyads: int | Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return the first so many dyads in the order of their pseudonyms, or those with ids; InputError for others."""
    if not isinstance(dyads, int):
        known = data["person"].values.astype(str)
        if unknown := [str(dyad) for dyad in dyads if str(dyad) not in known]:
            raise InputError([f"there is no dyad {dyad!r} in this fit" for dyad in unknown])
    order, names = chosen_people(data, dyads)
    return order, [name.replace("person", "dyad") for name in names]


def acts_by_exchange(model: ModelSpec, data: xr.Dataset, role: str) -> np.ndarray:
    """Return what a member did as far as the other experiences it, 0 to 1, (exchange, dyad); NaN without a record."""
    name = act_name(model, role)
    acts = as_outcome(model.members[role].model.responses[name], acts_of(data, role, name))
    return align_by_session(acts, session_mask(data, None))


def dyad_data(model: ModelSpec, fit: xr.DataTree, dyads: int | Sequence[str] = 3) -> xr.Dataset:
    """Return the beliefs of both members of some dyads by exchange, and what they did.

    Parameters
    ----------
    model, fit
        A model of dyads, and its fit by any method.
    dyads
        How many dyads, in the order of their pseudonyms, or their ids in the study.

    Returns
    -------
    xr.Dataset
        - low, middle, high (role, belief, exchange, dyad): 90% CrI and median; exchange 0 is before the first one; NaN
          where a member's model lacks a belief
        - act (role, exchange, dyad): what reaches the other, 0 to 1; NaN where nothing is recorded

    Raises
    ------
    InputError
        If there is no such dyad.
    """
    data = fit["constant_data"].to_dataset()
    order, names = chosen_dyads(data, dyads)
    parts = []
    for role in model.members:
        other = other_role(model.members, role)
        beliefs = person_beliefs(member_model(model, role), member_fit(model, fit, role), other)
        low, middle, high = ci90(beliefs.isel(person=order))
        acts = acts_by_exchange(model, data, role)[:, order]
        known = np.concatenate([np.full((1, len(order)), np.nan), acts])
        own = xr.Dataset({"low": low, "middle": middle, "high": high, "act": (("session", "person"), known)})
        parts.append(own.assign_coords(person=names))
    return joined_members(parts, list(model.members))


def mean_of_dyads(model: ModelSpec, fit: xr.DataTree) -> xr.Dataset:
    """Return the beliefs and acts of both members as `dyad_data` does, on average over the dyads at an exchange."""
    data, parts = fit["constant_data"].to_dataset(), []
    name = f"mean of {data.sizes['person']} dyads"
    for role in model.members:
        other = other_role(model.members, role)
        beliefs = person_beliefs(member_model(model, role), member_fit(model, fit, role), other).mean("person")
        low, middle, high = ci90(beliefs)
        acts = acts_by_exchange(model, data, role)
        known = np.isfinite(acts).sum(axis=1)
        means = np.where(known > 0, np.nansum(acts, axis=1) / np.maximum(known, 1), np.nan)
        own = xr.Dataset({"low": low, "middle": middle, "high": high, "act": ("session", [np.nan, *means])})
        parts.append(own.expand_dims(person=[name]))
    return joined_members(parts, list(model.members))


def joined_members(parts: Sequence[xr.Dataset], roles: list[str]) -> xr.Dataset:
    """Join what is known of both members, (belief, session, person), over the dim `role`."""
    joined = xr.concat(parts, "role", join="outer").assign_coords(role=roles)
    return joined.rename(session="exchange", person="dyad").transpose("role", "belief", "exchange", "dyad")


def actor_partner_data(found: xr.Dataset) -> xr.Dataset:
    """Return the medians and intervals of actor and partner effects, and the median of every dyad, per 0.1 of belief.

    Parameters
    ----------
    found
        What `actor_partner` returns.

    Returns
    -------
    xr.Dataset
        - ci90_low, ci50_low, median, ci50_high, ci90_high (role, effect): of the mean of the dyads
        - of_dyad (role, effect, person)
        - belief, act, whose_act (role, effect): in words
    """
    draws = ("chain", "draw")
    levels = {
        name: STEP * found["mean_effect"].quantile(level, draws, skipna=False).drop_vars("quantile")
        for name, level in LEVELS.items()
    }
    words = found[["belief", "act", "whose_act"]]
    of_dyad = STEP * found["effect_of_dyad"].quantile(0.5, draws, skipna=False).drop_vars(["quantile", "person"])
    return xr.Dataset(levels).assign({name: words[name] for name in words}).assign(of_dyad=of_dyad)


def reciprocity_data(found: xr.Dataset, dyads: str = "") -> xr.Dataset:
    """Return the share of dyads in which each member and both are secure at every exchange.

    Parameters
    ----------
    found
        What `reciprocity` returns.
    dyads
        Which dyads: one of its `dyads`, by default those of the study from their first exchange.

    Returns
    -------
    xr.Dataset
        `low`, `median` and `high` (who, exchange); `who` is a role, or "both".

    Raises
    ------
    InputError
        If there are no such dyads.
    """
    known = [str(name) for name in found["dyads"].values]
    chosen = dyads or known[0]
    if chosen not in known:
        raise InputError([f"there are no dyads {chosen!r}; choose from {', '.join(known)}"])
    draws = found["probability"].sel(dyads=chosen, drop=True).stack(sample=("chain", "draw"))
    low, median, high = ci90(draws)
    return xr.Dataset({"low": low, "median": median, "high": high}, attrs={"dyads": chosen})


def carer_of_dyads(data: xr.Dataset, role: str) -> list[str]:
    """Return who is a member in each dyad, under pseudonyms; everybody is in one dyad where no formula has a group."""
    labels = [str(label) for label in data["group_level"].values] if "group_level" in data.coords else []
    own = [label.partition(f": {INTERCEPT}")[2].partition("[")[0] for label in labels if label.startswith(f"{role}_")]
    columns = [name for name in dict.fromkeys(own) if name in covariate_values(data)]
    ids = covariate_values(data)[columns[0]].values.astype(str) if columns else data["person"].values.astype(str)
    known = list(dict.fromkeys(ids))
    names = dict(zip(known, pseudonyms(known), strict=True))
    return [names[one].replace("person", role) for one in ids]


def values_of_dyads(model: ModelSpec, fit: xr.DataTree) -> dict[str, np.ndarray]:
    """Return every parameter of every dyad, natural scale, (sample, dyad), and the pull that each carer acts out."""
    data = fit["constant_data"].to_dataset()
    posterior = thin_draws(fit["unconstrained_posterior"].to_dataset(), N_DRAWS)
    people = data.sizes["person"]
    sampled = posterior.stack(sample=("chain", "draw"))
    values = draws_as_people(model, sampled, figure_names(data), people)
    found = {name: np.reshape(value, (-1, people)) for name, value in values.items() if value.ndim == 1}
    pull = acted_out_pull(model, data, posterior)
    for role, _ in pulls(model):
        own = pull["acted_out_pull"].sel(role=role).stack(sample=("chain", "draw"))
        found[f"{role}_{ACTED_OUT}"] = own.transpose("sample", "person").values
    return found


def default_follower(model: ModelSpec, data: xr.Dataset) -> str:
    """Return what may follow the style of the other: a pull that is acted out, or the first parameter of a style."""
    carers = [f"{role}_{ACTED_OUT}" for role, _ in pulls(model)]
    styles = [label for role in reversed(list(model.members)) for label in style_parameters(model, data, role)]
    return next(iter([*carers, *styles]), "")


def default_style(model: ModelSpec, data: xr.Dataset, role: str) -> str:
    """Return the parameter of a member that is shown as its style: how readily it bids, or the first one."""
    other = model.members[other_role(model.members, role)]
    known = style_parameters(model, data, role)
    bias = f"{role}_{bid_name(other)}_bias"
    return bias if bias in known else next(iter(known), "")


def role_of(model: ModelSpec, name: str) -> str:
    """Return the member that a parameter belongs to; InputError for a name without a role."""
    for role in model.members:
        if name.startswith(f"{role}_"):
            return role
    raise InputError([f"{name!r} begins with no role. Put {' or '.join(model.members)} in front"])


def within_draws(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation across dyads in every draw, of values (sample, dyad); NaN where one is constant."""
    first, second = (values - values.mean(axis=1, keepdims=True) for values in (one, other))
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    return np.where(scale > 1e-12, (first * second).sum(axis=1) / np.maximum(scale, 1e-12), np.nan)


def of_member(name: str, role: str) -> str:
    """Return the name of a parameter as "bid bias of the patient"."""
    return f"{name.removeprefix(f'{role}_').replace('_', ' ')} of the {role}"


def countertransference_data(
    model: ModelSpec, fit: xr.DataTree, parameter: str | None = None, style: str | None = None
) -> xr.Dataset:
    """Return a parameter of one member and one of the other for every dyad.

    Parameters
    ----------
    model, fit
        A model of dyads, and its fit by any method.
    parameter
        A parameter with its role in front, such as "therapist_care_bias", or "therapist_acted-out pull". By default it
        is the pull that a carer acts out, or the first one that the second member learns and acts by.
    style
        The same of the other member. By default how readily that member bids.

    Returns
    -------
    xr.Dataset
        Empty where the members have no parameters of their own.

        - style (person): posterior median of the style
        - median, ci90_low, ci90_high (person): of the parameter
        - carer (person): whose parameter it is, under a pseudonym
        - attributes: `parameter` and `style` in words, `role`, whether the parameter is `signed`, and the correlation
          across these dyads, `r`, `r_low`, `r_high`: median and 90% CrI of that in every draw

    Raises
    ------
    InputError
        If there is no such parameter, or both are of one member.
    """
    data = fit["constant_data"].to_dataset()
    chosen = parameter or default_follower(model, data)
    if not chosen:
        return xr.Dataset()
    role = role_of(model, chosen)
    about = style or default_style(model, data, other_role(model.members, role))
    if not about:
        return xr.Dataset()
    other, values = role_of(model, about), values_of_dyads(model, fit)
    if unknown := [name for name in (chosen, about) if name not in values]:
        raise InputError([f"there is no parameter {name!r}; choose from {', '.join(values)}" for name in unknown])
    if role == other:
        raise InputError([f"{chosen} and {about} are both of the {role}. Name one of the other member"])
    r_low, r, r_high = np.nanquantile(within_draws(values[chosen], values[about]), [0.05, 0.5, 0.95])
    low, median, high = np.quantile(values[chosen], [0.05, 0.5, 0.95], axis=0)
    columns = {"style": np.median(values[about], axis=0), "median": median, "ci90_low": low, "ci90_high": high}
    return xr.Dataset(
        {name: ("person", own) for name, own in columns.items()} | {"carer": ("person", carer_of_dyads(data, role))},
        attrs={"parameter": of_member(chosen, role), "style": of_member(about, other), "role": role}
        | {"signed": int(chosen.endswith((ACTED_OUT, PULL))), "r": float(r), "r_low": float(r_low)}
        | {"r_high": float(r_high)},
    )
