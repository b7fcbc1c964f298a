"""A fit as other tools open it: an ArviZ `DataTree` with standard groups, made from what a sampler returns.

    posterior, prior                          natural scale, one variable per parameter under its own name
    unconstrained_posterior                   what was sampled, on the link scale
    posterior_predictive, prior_predictive    answers of simulated people, thinned draws
    observed_data, log_likelihood             recorded answers; their log likelihood at every draw
    log_prior                                 log prior density of the parameters of the group, at every draw
    log_likelihood_person                     log likelihood by person without their own parameters; on request
    beliefs                                   beliefs and learning at every event, thinned draws; not of dyads
    belief_summary                            their mean and SD
    constant_data, sample_stats

Answers are variables over the recorded answers alone, with dim `NAME_obs`; `observed_data` says which answer is whose.
Every variable has a `long_name` and `units`. The attributes of the tree say what was fitted and how: see
`fit_attributes`. `log_likelihood` has every draw, or is left out and the attribute `left_out` says so.
"""

import json
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.comparison.leave_one_person_out import person_log_likelihood
from iwm_bayes.estimands.beliefs import MEANINGS, belief_summary, beliefs
from iwm_bayes.estimands.dyads.member_fit import member_fit, member_model
from iwm_bayes.inference.answers import log_likelihood, observed_answers
from iwm_bayes.inference.log_prior import log_prior
from iwm_bayes.inference.natural_scale import described, on_natural_scale
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.io import SCHEMA, versions
from iwm_bayes.model.specification.model_record import model_record
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow.variable_words import with_variable_words

MEGABYTE = 1_000_000
BUDGET = 100 * MEGABYTE  # of a file
MAX_LOG_LIKELIHOOD, MAX_PREDICTIVE = 60 * MEGABYTE, 8 * MEGABYTE  # the latter of each group of thinned draws
N_PRIOR, N_PREDICTIVE, N_BELIEFS = 500, 500, 100  # draws
BYTES = 4  # of a number in a file
LEFT_OUT = (
    "log_likelihood is left out, because it would take {size:.0f} MB. To keep it, fit with --save-log-likelihood (in "
    "Python: save_log_likelihood=True)"
)
PERSON = "log_likelihood_person"
FROM_PYMC = "sampled_from_pymc"  # attribute of a fit of `model.pymc`, to which a researcher may have added terms
N_PERSON = 1000  # draws of this group, each with sixty importance nodes for every person
SAMPLED = ("unconstrained_posterior", "sample_stats", "constant_data")  # groups from which the others follow
ANSWER_WORDS = {  # of groups over answers: what a variable is, and its units
    "observed_data": ("answer", "0 to 1, or the number of the answer"),
    "posterior_predictive": ("predicted answer", "0 to 1, or the number of the answer"),
    "prior_predictive": ("answer predicted by the prior", "0 to 1, or the number of the answer"),
    "log_likelihood": ("log likelihood of", "nats"),
    "log_prior": ("log prior density of", "nats"),
    PERSON: ("log likelihood of everyone's answers, with their own parameters integrated out:", "nats"),
}
STATISTICS = {  # of the sampler, with what they are
    "diverging": "whether the transition diverged",
    "energy": "energy of the transition",
    "energy_error": "error of the energy at the end of the trajectory",
    "logp": "log density of the posterior, up to a constant, in the sampler's coordinates",
    "depth": "depth of the tree",
    "maxdepth_reached": "whether the trajectory stopped at the maximum depth",
    "n_steps": "number of leapfrog steps",
    "step_size": "step size",
    "mean_tree_accept": "mean acceptance rate of the trajectory",
}


def with_attributes(fit: xr.DataTree, attributes: Mapping[Hashable, Any]) -> xr.DataTree:
    """Return a fit with further attributes; the groups are not copied."""
    changed = fit.copy()
    changed.attrs = {**fit.attrs, **attributes}
    return changed


def distinct_seeds(random_seed: int, count: int) -> list[int]:
    """Return seeds of independent streams of random numbers."""
    return [int(seed) for seed in np.random.SeedSequence(random_seed).generate_state(count)]


def n_answers(model: ModelSpec, data: xr.Dataset) -> int:
    """Return the number of recorded answers."""
    return sum(int(data[f"answer_{name}"].notnull().sum()) for name in model.responses)


def affordable_draws(numbers_per_draw: int, budget: int, wanted: int) -> int:
    """Return how many draws fit into a budget of bytes: one at least, and not more than wanted."""
    return int(np.clip(budget // max(BYTES * numbers_per_draw, 1), 1, wanted))


def rounded_people(draws: xr.Dataset) -> xr.Dataset:
    """Round person-level draws to 32 bits, as a file keeps them, so that a fit read back gives the same numbers."""
    of_people = {name: own for name, own in draws.items() if "person" in own.dims}
    return draws.assign({name: own.astype("float32").astype("float64") for name, own in of_people.items()})


def numbered(draws: xr.Dataset) -> xr.Dataset:
    """Return draws whose chains and draws have numbers, so that an answer at some draws is matched with these."""
    return draws.assign_coords({dim: draws[dim].values for dim in ("chain", "draw")})


def named(group: str, values: xr.Dataset) -> xr.Dataset:
    """Return a group over answers with a `long_name` and units of every variable."""
    what, units = ANSWER_WORDS[group]
    return values.assign(
        {name: own.assign_attrs(long_name=f"{what} {name}", units=units) for name, own in values.items()}
    )


def answer_groups(
    model: ModelSpec, data: xr.Dataset, draws: xr.Dataset, prior: xr.Dataset, seeds: list[int]
) -> dict[str, xr.Dataset]:
    """Return the groups of observed and predicted answers."""
    wanted = affordable_draws(n_answers(model, data), MAX_PREDICTIVE, N_PREDICTIVE)
    found = {
        "observed_data": observed_answers(model, data),
        "posterior_predictive": predicted_answers(model, data, draws, wanted, seeds[0]),
        "prior_predictive": predicted_answers(model, data, prior, wanted, seeds[1]),
    }
    return {group: named(group, values) for group, values in found.items()}


def sampler_statistics(sampled: xr.DataTree) -> dict[str, xr.Dataset]:
    """Return the statistics of the sampler; nothing of an approximation."""
    if "sample_stats" not in sampled.children:
        return {}
    statistics = sampled["sample_stats"].to_dataset()
    kept = [name for name in STATISTICS if name in statistics]
    words = {name: statistics[name].assign_attrs(long_name=STATISTICS[name], units="1") for name in kept}
    return {"sample_stats": statistics[kept].assign(words)}


def belief_groups(model: ModelSpec, sampled: xr.DataTree) -> dict[str, xr.Dataset]:
    """Return the groups of beliefs: thinned draws, and the mean and SD of all; a dyad has none, its members have."""
    if model.members:
        return {}
    events = sampled["constant_data"].to_dataset()["present"].size
    wanted = affordable_draws(len(MEANINGS) * events, MAX_PREDICTIVE, N_BELIEFS)
    return {"beliefs": beliefs(model, sampled, wanted), "belief_summary": belief_summary(model, sampled)}


def log_likelihood_bytes(model: ModelSpec, sampled: xr.DataTree) -> int:
    """Return the size of the group `log_likelihood` in a file."""
    draws = sampled["unconstrained_posterior"].sizes
    return BYTES * n_answers(model, sampled["constant_data"].to_dataset()) * draws["chain"] * draws["draw"]


def density_groups(model: ModelSpec, sampled: xr.DataTree, seed: int, save: bool) -> dict[str, xr.Dataset]:
    """Return the groups of log densities; with `save`, those too that are large or take long."""
    draws, data = (sampled[name].to_dataset() for name in ("unconstrained_posterior", "constant_data"))
    groups = {"log_prior": log_prior(model, data, draws)}
    if save:
        groups[PERSON] = person_log_likelihood(model, sampled, N_PERSON, seed).to_dataset(name=PERSON)
    if save or log_likelihood_bytes(model, sampled) <= MAX_LOG_LIKELIHOOD:
        groups["log_likelihood"] = log_likelihood(model, sampled).reset_coords(drop=True)  # `az.psense` stacks answers
    return {group: named(group, values) for group, values in groups.items() if len(values)}


def standard_fit(
    model: ModelSpec,
    sampled: xr.DataTree,
    method: str,
    settings: Mapping[str, Any],
    save_log_likelihood: bool = False,
) -> xr.DataTree:
    """Return a fit with all groups of this module.

    Parameters
    ----------
    model
        The model that was fitted.
    sampled
        What an inference method returned, with the groups `unconstrained_posterior`, `constant_data` and, for a
        sampler, `sample_stats`.
    method, settings
        The inference method by name, and its settings, which become attributes.
    save_log_likelihood
        Whether `log_likelihood` is kept where it takes more than 60 MB, and `log_likelihood_person` is computed.
    """
    data = with_variable_words(sampled["constant_data"].to_dataset())
    draws = described(rounded_people(numbered(sampled["unconstrained_posterior"].to_dataset())))
    own = xr.DataTree.from_dict({"unconstrained_posterior": draws, "constant_data": data})
    prior_seed, people_seed, *answer_seeds = distinct_seeds(int(settings.get("random_seed", 1)), 4)
    prior = prior_draws(model, data, N_PRIOR, prior_seed)
    others = {str(name): group.to_dataset() for name, group in sampled.children.items() if name not in SAMPLED}
    groups = {
        "posterior": on_natural_scale(model, data, draws).assign_attrs(draws.attrs),
        "unconstrained_posterior": draws,
        "prior": on_natural_scale(model, data, prior),
        **answer_groups(model, data, draws, prior, answer_seeds),
        **belief_groups(model, own),
        **density_groups(model, own, people_seed, save_log_likelihood),
        **sampler_statistics(sampled),
        "constant_data": data,
    }
    attributes = fit_attributes(model, method, settings)
    if "log_likelihood" not in groups:
        attributes["left_out"] = LEFT_OUT.format(size=log_likelihood_bytes(model, own) / MEGABYTE)
    return with_attributes(xr.DataTree.from_dict(others | groups), attributes)


def standard_member_fit(model: ModelSpec, fit: xr.DataTree, role: str) -> tuple[ModelSpec, xr.DataTree]:
    """Return the model of one member of dyads, and its part of their fit with all groups of this module."""
    own_model, own = member_model(model, role), member_fit(model, fit, role)
    groups = {str(name): group.to_dataset() for name, group in own.children.items()}
    data = groups["constant_data"].assign_attrs(without=", ".join(own_model.without))
    groups["constant_data"] = with_variable_words(data)
    whole = xr.DataTree.from_dict(groups | belief_groups(own_model, own))
    return own_model, with_attributes(whole, own.attrs)


def fit_attributes(model: ModelSpec, method: str, settings: Mapping[str, Any]) -> dict[Hashable, Any]:
    """Return the attributes of a fit: its schema, the model as text, the inference method, settings and versions."""
    plain = {name: value for name, value in settings.items() if isinstance(value, bool | int | float | str)}
    return {
        "schema": SCHEMA,
        "inference_library": "iwm_bayes",
        "inference_method": method,
        "model_name": model.name,
        "model": model_record(model),
        "settings": json.dumps(plain),
        "versions": json.dumps(versions()),
    }
