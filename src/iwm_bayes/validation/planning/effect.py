"""Will a study show an effect? Its 90% interval must exclude 0, or all effects up to a smallest one of interest.

Effects are the group means of parameters that can lie on either side of 0, such as a pull. Of dyads they are also the
pull that is acted out, and the actor and partner effects, as `estimands.dyads` computes them. An effect that the model
assumes to be above 0, as most actor and partner effects, needs a smallest effect of interest. The true effect is that
of the true parameters of a study. Without stated medians, it comes from the priors, and the share of decisive studies
is the assurance.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.dyads.actor_partner import ACTOR_PARTNER, effect_in_words
from iwm_bayes.estimands.dyads.countertransference import acted_out_pull
from iwm_bayes.estimands.dyads.prior_effects import above_0_by_assumption
from iwm_bayes.estimands.estimand import Shared
from iwm_bayes.filtering.arrays import true_innovations
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.population import Population
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.compile_cache import compile_cached
from iwm_bayes.validation.planning.assurance import CONVERGED, Counts, StudyDesign, design_of
from iwm_bayes.validation.study_design import FileDesign
from iwm_bayes.validation.sweep import Condition

SEPARATOR = ";"  # of effects in a condition


def outcome_decisive(effect: str, smallest: float) -> str:
    """Return the outcome that a study shows an effect, of a size above the `smallest` of interest."""
    return f"{effect}: 90% interval beyond {smallest:g}" if smallest else f"{effect}: 90% interval excludes 0"


def assumed_effects(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return the effects that a model assumes to be above 0, by name."""
    if not model.members:
        return []
    above = above_0_by_assumption(model, data).stack(one=("role", "effect"))
    return [
        effect_in_words(role, effect)
        for (role, effect), is_above in zip(above["one"].values, above.values, strict=True)
        if is_above
    ]


def effect_draws(model: ModelSpec, fit: xr.DataTree, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Return the draws of effects by name, (sample,); by default of all that the model has."""
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    pooled = [one for one in free_parameters(model, figure_names(data)) if one.parameter.pooling != "none"]
    labels = [one.label for one in pooled if one.parameter.support == "real"]
    found = {label: posterior["mu"].sel(parameter=label) for label in labels}
    if model.members and (names is None or not set(names) <= set(labels)):
        found |= effects_of_dyads(model, fit)
    chosen = found if names is None else {name: found[name] for name in names}
    return {name: np.ravel(draws.values) for name, draws in chosen.items()}


def effects_of_dyads(model: ModelSpec, fit: xr.DataTree) -> dict[str, xr.DataArray]:
    """Return actor and partner effects, and the pull that is acted out, by name."""
    effects = ACTOR_PARTNER.compute(model, fit, Shared({}))
    found = {} if effects is None or ACTOR_PARTNER.answers is None else dict(ACTOR_PARTNER.answers(effects))
    pulls = acted_out_pull(
        model, fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    ).transpose("role", ..., missing_dims="ignore")
    for role in map(str, pulls["role"].values if "acted_out_pull" in pulls else []):
        found[f"acted-out pull of the {role}"] = pulls["acted_out_pull"].sel(role=role).mean("person")
    return found


def truth_as_fit(model: ModelSpec, truth: Population, data: xr.Dataset) -> xr.DataTree:
    """Return the true parameters of a study as a posterior with one draw."""
    labels, one_draw = list(truth.theta), {"chain": [0], "draw": [0]}
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), np.array([[[truth.mu[label] for label in labels]]])),
            "theta": (
                ("chain", "draw", "parameter", "person"),
                np.stack([truth.theta[one] for one in labels])[None, None],
            ),
        },
        {"parameter": labels, "person": data["person"].values, **one_draw},
    )
    if model.rule.innovations:
        dims = ("chain", "draw", "innovation_name", "event", "person")
        posterior["innovation"] = (dims, true_innovations(model.rule, data)[None, None])
    return xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": posterior})


def asked_effects(
    model_name: str, design: StudyDesign | FileDesign, names: Sequence[str], smallest: float
) -> list[str]:
    """Return the effects that a plan asks about: those named, by default all, without those above 0 by assumption.

    InputError for one that there is not, and for one above 0 without a `smallest` effect of interest.
    """
    model = design.load(model_name)
    truth, data, _ = design.draw(model, np.random.default_rng(0))
    known = list(effect_draws(model, truth_as_fit(model, truth, data)))
    if unknown := [name for name in names if name not in known]:
        listed = ", ".join(known) or "none, because no parameter can lie on either side of 0"
        raise InputError([f"{model.name} has no effect {name!r}. It has {listed}" for name in unknown])
    assumed = assumed_effects(model, data)
    above = [name for name in known if name in assumed]
    if not smallest and (unasked := [name for name in names if name in above]):
        why = "above 0 by the model's assumptions, so that its interval always excludes 0. Give --smallest"
        raise InputError([f"{name}: is {why}, the smallest effect of interest" for name in unasked])
    chosen = list(names) or [name for name in known if smallest or name not in above]
    if not chosen:
        remedy = f"Name one of {', '.join(above)}, with --smallest" if above else "`iwm validate recovery` shows others"
        raise InputError([f"{model.name}: no parameter can lie on either side of 0. {remedy}"])
    return chosen


def count_decisions(effect: str, draws: np.ndarray, truth: float, smallest: float) -> Counts:
    """Count decisions about an effect, from its posterior draws and its true value."""
    low, high = np.quantile(draws, [0.05, 0.95])
    above, below = low > smallest, high < -smallest
    return {
        outcome_decisive(effect, smallest): [int(above or below), 1],
        f"{effect}: wrong sign": [int((above and truth <= 0.0) or (below and truth >= 0.0)), 1],
        f"{effect}: 90% interval covers": [int(low <= truth <= high), 1],
    }


def effect_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one study. The condition has "at model", "method", "effects" (names), "smallest" and the design."""
    name, method, design = str(condition["at model"]), str(condition["method"]), design_of(condition)
    names = str(condition["effects"]).split(SEPARATOR)
    compiled = compile_cached(name, design.for_compilation(), method)
    model = compiled.model
    truth, data, _ = design.draw(model, generator)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    checks, true = check_convergence(fit), effect_draws(model, truth_as_fit(model, truth, data), names)
    found, counts = effect_draws(model, fit, names), dict[str, list[int]]()
    for effect in names:
        counts |= count_decisions(effect, found[effect], float(true[effect][0]), float(condition["smallest"]))
    counts[CONVERGED] = [int(checks.converged), 1]
    means = {effect: float(draws.mean()) for effect, draws in found.items()}
    truths = {effect: float(draws[0]) for effect, draws in true.items()}
    return {"counts": counts, "truths": truths, "means": means, "reasons": checks.reasons}
