"""Actor and partner effects: what a belief of one member does to the acts of both, on the natural scale.

    actor           d E(own act) / d belief
    partner         d E(next act of the other) / d belief, because the other learns from the act
    partner by bids d E(next act of the other) / d belief, because the bid pulls the other (`rules.modifiers.pull`)

The belief is the one that the act follows, 0 to 1, and acts are on the scale of an outcome, 0 to 1. The other
experiences the act, learns from it by its own rule, and then acts: at the same exchange if its act comes after the
outcome, else at the next one. Effects are taken along the data, averaged over the exchanges of a dyad, and then over
dyads, in every draw (`effect_paths`). Where act and bid are the same, both partner effects add up for small changes.
A rating on the scale of the belief has an actor effect of 1 by definition, less what the ends of the scale cut off.

Kenny, Kashy & Cook (2006), Dyadic Data Analysis, regress acts on fixed scores of both members. Here the belief of the
actor is learned, and the partner's belief is the link: there is no partner effect without learning or a pull.
"""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.dyads.acts import act_name, follows_belief
from iwm_bayes.estimands.dyads.effect_batches import effect_batches, effects_of_dyads
from iwm_bayes.estimands.dyads.effect_paths import EFFECTS
from iwm_bayes.estimands.dyads.prior_effects import above_0_by_assumption, prior_intervals
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.filtering.arrays import event_array, true_innovations, with_innovations
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

N_DRAWS = 200


def follows_beliefs(model: ModelSpec) -> bool:
    """Return whether an act or a bid of a member follows a belief."""
    return any(
        follows_belief(member.model.responses[name])
        for role, member in model.members.items()
        for name in (act_name(model, role), bid_name(model.members[other_role(model.members, role)]))
    )


def actor_partner(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS) -> xr.Dataset | None:
    """Compute the actor and partner effects of both members.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    draws
        About how many draws are used, evenly spaced within each chain.

    Returns
    -------
    xr.Dataset or None
        - mean_effect (role, effect, chain, draw): change of the expected act per unit of the belief, mean of dyads
        - effect_of_dyad (role, effect, person, chain, draw): the same of each dyad; NaN where nothing follows
        - belief, act, whose_act (role, effect): the belief that is raised, the act that changes, and whose it is
        - prior (role, effect, end): 90% interval of `mean_effect` under the prior
        - above_0 (role, effect): whether the effect is above 0 by assumption

        None where no act follows a belief.
    """
    if not follows_beliefs(model):
        return None
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))["sample"]
    found = np.concatenate(list(effect_batches(model, data, posterior, draws)), axis=2)
    of_dyad = xr.DataArray(found, dims=("role", "effect", "sample", "person")).assign_coords(sample.coords)
    of_dyad = of_dyad.unstack("sample").transpose("role", "effect", "person", "chain", "draw")
    words = {name: (("role", "effect"), values) for name, values in effect_words(model).items()}
    coordinates = {"role": list(model.members), "effect": list(EFFECTS), "person": data["person"].values}
    dataset = xr.Dataset({"effect_of_dyad": of_dyad, "mean_effect": of_dyad.mean("person")}, coordinates)
    under_prior = {"prior": prior_intervals(model, data), "above_0": above_0_by_assumption(model, data)}
    return dataset.assign(words | under_prior)


def true_effects(model: ModelSpec, data: xr.Dataset, values: dict[str, np.ndarray]) -> xr.DataArray:
    """Compute the effects of dyads whose parameters are known, (role, effect, person): what `actor_partner` estimates.

    `values` are on the natural scale, (dyad,) by parameter, as those with which the data were simulated.
    """
    events = with_innovations(event_array(data), true_innovations(model.rule, data))
    coordinates = {"role": list(model.members), "effect": list(EFFECTS), "person": data["person"].values}
    return xr.DataArray(effects_of_dyads(model, data, values, events), coordinates, tuple(coordinates))


def effect_words(model: ModelSpec) -> dict[str, np.ndarray]:
    """Return what each effect is about, in words, (role, effect)."""
    beliefs, acts, whose = [], [], []
    for role, member in model.members.items():
        other = other_role(model.members, role)
        act, bid = (member.model.responses[name] for name in (act_name(model, role), bid_name(model.members[other])))
        beliefs.append([act.about, act.about, bid.about])
        acts.append([act_name(model, role), *[act_name(model, other)] * 2])
        whose.append([role, other, other])
    return {"belief": np.array(beliefs), "act": np.array(acts), "whose_act": np.array(whose)}


def effect_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Make one line per member and effect."""
    lines = []
    for role in map(str, dataset["role"].values):
        for effect in EFFECTS:
            one = dataset.sel(role=role, effect=effect)
            draws = one["mean_effect"].values
            if np.isnan(draws).all():
                continue
            line: dict[str, object] = {"member": role, "effect": effect, "belief": str(one["belief"].values)}
            line |= {"act": str(one["act"].values), "of": str(one["whose_act"].values)}
            line |= interval_columns("per_unit", draws) | interval_columns("per_tenth", draws / 10.0)
            line["p_above_0"] = np.nan if one["above_0"] else float((draws > 0).mean() + (draws == 0).mean() / 2)
            low, high = map(float, one["prior"].values)
            lines.append(line | {"prior_per_unit_ci90_low": low, "prior_per_unit_ci90_high": high})
    return pd.DataFrame(lines)


def effect_in_words(role: str, effect: str) -> str:
    """Return what an effect is called."""
    return f"{effect} effect of the {role}"


def effect_answers(dataset: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every effect by draw, in words."""
    return {
        effect_in_words(role, effect): dataset["mean_effect"].sel(role=role, effect=effect)
        for role in map(str, dataset["role"].values)
        for effect in EFFECTS
        if dataset["mean_effect"].sel(role=role, effect=effect).notnull().all()
    }


ACTOR_PARTNER = Estimand(
    "actor_partner",
    "Actor and partner effects",
    lambda model, fit, _: actor_partner(model, fit),
    effect_table,
    "Actor effect: by how much a member's expected act changes with the member's own belief. Partner effect: by how "
    "much the other's next act changes, because the other learns from this act. By bids: because the other is pulled. "
    "Where an effect is above 0 by assumption, its size is the question.",
    {
        "member": "the member whose belief is raised",
        "belief": "the belief that this member's act follows",
        "act": "the act that changes",
        "of": "the member whose act it is",
        "per_unit": f"change of the expected act (0–1) per unit of the belief (0–1), mean of dyads, with its {CI90}",
        "per_tenth": "the same for a belief that is higher by 0.1",
        "p_above_0": "posterior probability that the effect is above 0; blank where it is above 0 by assumption",
        "prior_per_unit": "90% interval of the change per unit under the prior",
    },
    section="answer",
    about="dyads",
    answers=effect_answers,
)
