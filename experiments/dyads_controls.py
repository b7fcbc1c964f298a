"""Controls of dyads: no pull where there is none, no partner effect where there is none, and a linear model's view.

`pull`: ten therapists with eight patients, 20 sessions, as in `dyads_recovery.py`, but nobody has a pull. How often
does the 90% interval of the therapists' mean pull hold 0?

`couples`: 40 couples, 30 exchanges, of a population whose acts depend on each other. Initial beliefs are .5, the
learning rate is .25, the sensitivity 1.5, and there is no bias; SDs between people are .5 on the link scale. Each study
is fitted twice. The first time it is as it is. Then husbands are permuted across couples: nobody learned from the acts
that are in the data. Our effects are above 0 by assumption, so that they can shrink and not vanish.

An actor-partner interdependence model of the same acts goes with them (Kenny, Kashy & Cook, 2006). It is a linear mixed
model of each act on the own and the other's act at the exchange before, with an intercept of each member, by
statsmodels. It is also fitted to data that our fits replicate.

There is one file per study, and the table is written: `python dyads_controls.py FOLDER pull|couples [STUDIES]`.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
import xarray as xr
from dyads_recovery import COUPLE, DESIGNS, compile_cached, model_of, with_therapists
from repeat import repeat

from iwm_bayes.data.dyads.coupling import ANSWER, acts_of, coupled
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.dyads.actor_partner import actor_partner, true_effects
from iwm_bayes.inference.fit import Settings, laplace
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.simulation.draws import draws_as_people, thin_draws
from iwm_bayes.simulation.dyads import empty_dyads, simulate_dyads
from iwm_bayes.simulation.population import Population, draw_population_of

MEDIANS = {"availability_start": 0.0, "availability_rate": -1.1, "support_bias": 0.0, "support_sensitivity": 0.4}
SD, REPLICATES = 0.5, 10
EFFECTS = ("actor", "partner")
SLOPES = [f"{who}_{act}" for who in COUPLE for act in ("own", "other")]


def without_pull(seed: int) -> dict[str, object]:
    """Fit a study of therapists without any pull; return the interval of their mean pull."""
    model, (_, dyads, exchanges) = model_of("therapists"), DESIGNS["therapists"]
    generator = np.random.default_rng([seed, 7])
    truth = draw_population_of(model, with_therapists("therapists", empty_dyads(model, exchanges, dyads)), generator)
    people = truth.values | {"therapist_pull": np.zeros(dyads)}
    data = with_therapists("therapists", simulate_dyads(model, exchanges, people, generator))
    fit = laplace(compile_cached("therapists", "laplace"), data, Settings(random_seed=seed))
    pull = fit["unconstrained_posterior"]["mu"].sel(parameter="therapist_pull")
    low, high = (float(end) for end in pull.quantile([0.05, 0.95]).values)
    converged = bool(check_convergence(fit).converged)
    return {"low": low, "high": high, "holds_0": bool(low <= 0.0 <= high), "converged": converged}


def couples_that_depend(seed: int) -> tuple[Population, xr.Dataset]:
    """Simulate couples whose acts depend on each other."""
    model, (_, dyads, exchanges) = model_of("couples"), DESIGNS["couples"]
    generator = np.random.default_rng([seed, 8])
    mu, theta = {}, {}
    for free in free_parameters(model, figure_names(empty_dyads(model, 1, 1))):
        own = free.label.partition("_")[2]
        mu[free.label] = MEDIANS.get(own, free.prior_mean)
        sd = 0.0 if free.parameter.pooling == "complete" else SD
        theta[free.label] = generator.normal(mu[free.label], sd, dyads)
    values = natural_values(model, theta, figure_names(empty_dyads(model, 1, 1)), dyads)
    return Population(mu, {}, theta, values), simulate_dyads(model, exchanges, values, generator)


def permuted(data: xr.Dataset, role: str, seed: int) -> xr.Dataset:
    """Return the data with one member of each dyad exchanged for that of another dyad."""
    order = np.random.default_rng([seed, 9]).permutation(data.sizes["person"])
    moved = np.roll(order, 1)[np.argsort(order)]  # one cycle: nobody stays
    names = [str(name) for name in data if str(name).startswith(f"{ANSWER}{role}_")]
    changed = {name: (data[name].dims, data[name].values[:, moved]) for name in names}
    return coupled(model_of("couples"), data.assign(changed))


def interdependence(data: xr.Dataset) -> dict[str, float]:
    """Fit the linear actor-partner model to the acts of couples; return its slopes, and their p values."""
    acts = {role: acts_of(data, role, "support") for role in COUPLE}
    found = {}
    for role, other in (("wife", "husband"), ("husband", "wife")):
        frame = pd.DataFrame(
            {
                "act": acts[role][1:].T.ravel(),
                "own": acts[role][:-1].T.ravel(),
                "other": acts[other][:-1].T.ravel(),
                "couple": np.repeat(np.arange(data.sizes["person"]), data.sizes["event"] - 1),
            }
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an intercept's variance near 0 is no fault here
            fitted = smf.mixedlm("act ~ own + other", frame, groups=frame["couple"]).fit()
        for term in ("own", "other"):
            found[f"{role}_{term}"] = float(fitted.params[term])
            found[f"{role}_{term}_p"] = float(fitted.pvalues[term])
    return found


def replicated_interdependence(fit: xr.DataTree, seed: int) -> dict[str, float]:
    """Return the mean slopes of the linear model over data that draws of a fit replicate."""
    model, data = model_of("couples"), fit["constant_data"].to_dataset()
    draws = thin_draws(fit["unconstrained_posterior"].to_dataset(), REPLICATES).stack(sample=("chain", "draw"))
    people, slopes = data.sizes["person"], []
    for index in range(draws.sizes["sample"]):
        values = draws_as_people(model, draws.isel(sample=[index]), figure_names(data), people)
        slopes.append(interdependence(simulate_dyads(model, data.sizes["event"], values, [seed, index])))
    return {f"replicated_{name}": float(np.mean([one[name] for one in slopes])) for name in SLOPES}


def effects(fit: xr.DataTree) -> dict[str, float]:
    """Return the actor and partner effects of beliefs on acts: median and 90% interval."""
    found = {}
    draws = actor_partner(model_of("couples"), fit)["mean_effect"]
    for role in COUPLE:
        for effect in EFFECTS:
            low, median, high = np.quantile(draws.sel(role=role, effect=effect).values, [0.05, 0.5, 0.95])
            found |= {f"{role}_{effect}": median, f"{role}_{effect}_low": low, f"{role}_{effect}_high": high}
    return {name: float(value) for name, value in found.items()}


def couples(seed: int) -> dict[str, object]:
    """Fit one study of couples as it is and permuted, by both models."""
    truth, data = couples_that_depend(seed)
    result: dict[str, object] = {}
    for name, own in (("as it is", data), ("permuted", permuted(data, "husband", seed))):
        fit = laplace(compile_cached("couples", "laplace"), own, Settings(random_seed=seed))
        found = effects(fit) | interdependence(own) | replicated_interdependence(fit, seed)
        result |= {f"{name}: {key}": value for key, value in found.items()}
        result[f"{name}: converged"] = bool(check_convergence(fit).converged)
    true = true_effects(model_of("couples"), data, truth.values).mean("person")
    return result | {
        f"true: {role}_{effect}": float(true.sel(role=role, effect=effect)) for role in COUPLE for effect in EFFECTS
    }


def main(folder: Path, which: str, studies: int) -> None:
    results = repeat(folder, which, studies, {"pull": without_pull, "couples": couples}[which])
    results.round(4).to_csv(folder / f"{which}.csv", index_label="study")
    if which == "pull":
        print(f"The 90% interval of pull holds 0 in {results['holds_0'].sum()} of {studies} studies without pull")
    else:
        print(results.astype(float).agg(["mean", "sem", "min", "max"]).T.round(3).to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 20)
