"""Parameter recovery of the rules in which what follows a rupture decides, by the number of ruptures.

60 people have 40 sessions with one figure and rate both beliefs after every session. Populations are drawn from the
priors. In five designs outcomes are uniform over 0.5 to 1 (calm) except for planned ruptures (0): one each in 5, 15 or
60 people, three in 60 people, or none. The next session repairs a rupture (1) with probability 0.5, and is another one
(0) otherwise, which is then repaired. In the last design every session is responsive (1) with probability 0.7, else 0.
Measures are on the link scale. Of people: the correlation within a study of true values and posterior means, and the
share of 90% intervals that hold the true value (means over studies). Of the group: the same over studies, and the
contraction from prior to posterior. Fits are by `laplace`, and those of `contingent` in the last design by `nuts`, too.
`converged` says how many passed the convergence checks; the others count like these.

There is one file per study, so a rerun does only what is missing:
`python ruptures_recovery.py FOLDER [STUDIES]` writes recovery.csv there.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.study_design import with_answers

MODELS, FIGURES = ("strain_test", "contingent"), ["therapist"]
N_PEOPLE, SESSIONS = 60, 40


class Planned(NamedTuple):
    """Planned ruptures: in how many people, and how many in each of them."""

    people: int
    ruptures: int


DESIGNS = {
    "no rupture": Planned(0, 0),
    "5 people, 1 rupture": Planned(5, 1),
    "15 people, 1 rupture": Planned(15, 1),
    "60 people, 1 rupture": Planned(60, 1),
    "60 people, 3 ruptures": Planned(60, 3),
    "care of 0.7": None,
}
BY_NUTS = ("contingent", "care of 0.7")  # the model and design whose fits are made by `nuts`, too


def rating_model(name: str) -> ModelSpec:
    """Return a built-in model with both ratings as its responses."""
    model = load_model(name)
    return model._replace(responses={key: own for key, own in model.responses.items() if key.endswith("_rating")})


def planned_outcomes(design: Planned | None, rng: np.random.Generator) -> np.ndarray:
    """Draw the outcomes of a design, (session, person)."""
    if design is None:
        return (rng.random((SESSIONS, N_PEOPLE)) < 0.7).astype(float)
    outcomes, repaired = rng.uniform(0.5, 1.0, (SESSIONS, N_PEOPLE)), rng.random((SESSIONS, N_PEOPLE)) < 0.5
    for session in np.linspace(0, SESSIONS, design.ruptures + 2)[1:-1].astype(int):
        outcomes[session, : design.people] = 0.0
        outcomes[session + 1, : design.people] = repaired[session, : design.people]
        outcomes[session + 2, : design.people] = 1.0
    return outcomes


def simulated(name: str, design: str, seed: int) -> tuple[Population, xr.Dataset]:
    """Draw a population and its people from the priors, and simulate their answers to the outcomes of a design."""
    model, rng = rating_model(name), np.random.default_rng([seed, MODELS.index(name), list(DESIGNS).index(design)])
    truth = draw_population(model, FIGURES, N_PEOPLE, rng)
    data = simulate(model, [Phase({FIGURES[0]: constant_care()}, SESSIONS)], truth.values, rng)
    data["outcome"][:] = planned_outcomes(DESIGNS[design], rng)
    return truth, with_answers(data, along_events(model, data, truth.values, rng))


@cache
def compile_cached(name: str, method: str) -> CompiledModel:
    """Compile a model for a method; every study of this size uses it again."""
    return METHODS[method].compile(rating_model(name), simulated(name, "care of 0.7", 0)[1])


def after_ruptures(data: xr.Dataset) -> dict[str, float]:
    """Count the sessions of all people that repair a rupture, and those that do not."""
    outcome = data["outcome"].values
    after = outcome[1:][outcome[:-1] < 0.5]
    return {"repaired": float((after >= 0.5).sum()), "unrepaired": float((after < 0.5).sum())}


def study(name: str, design: str, method: str, seed: int) -> dict[str, object]:
    """Simulate and fit one study; return true values and estimates of each free parameter, on the link scale."""
    truth, data = simulated(name, design, seed)
    fit = METHODS[method].fit(compile_cached(name, method), data, Settings(random_seed=seed))
    posterior, found = fit["unconstrained_posterior"].to_dataset().stack(sample=("chain", "draw")), {}
    for free in free_parameters(rating_model(name), FIGURES):
        mu = posterior["mu"].sel(parameter=free.label).values
        group = {"truth": truth.mu[free.label], "prior_sd": free.prior_sd}
        people = {}
        if free.parameter.pooling == "partial":
            theta = posterior["theta"].sel(parameter=free.label).transpose("person", "sample").values
            low, high = np.quantile(theta, [0.05, 0.95], axis=1)
            within = (low <= truth.theta[free.label]) & (truth.theta[free.label] <= high)
            r = float(np.corrcoef(truth.theta[free.label], theta.mean(axis=1))[0, 1])
            people = {"r": r, "covered": float(within.mean())}
        low, high = np.quantile(mu, [0.05, 0.95])
        group |= {"mean": float(mu.mean()), "sd": float(mu.std()), "low": float(low), "high": float(high)}
        found[free.label] = {"group": group, "people": people}
    return {"converged": check_convergence(fit).converged, "parameters": found} | after_ruptures(data)


def lines_of(name: str, design: str, method: str, studies: list[dict]) -> list[dict[str, object]]:
    """Return one line per parameter: its recovery over the studies of a design."""
    lines = []
    for parameter in studies[0]["parameters"]:
        group = pd.DataFrame([one["parameters"][parameter]["group"] for one in studies])
        people = pd.DataFrame([one["parameters"][parameter]["people"] for one in studies])
        covered = (group["low"] <= group["truth"]) & (group["truth"] <= group["high"])
        lines.append(
            {"model": name, "design": design, "method": method, "parameter": parameter, "studies": len(studies)}
            | {"converged": sum(one["converged"] for one in studies)}
            | {key: float(np.mean([one[key] for one in studies])) for key in ("repaired", "unrepaired")}
            | {"r_people": people["r"].mean() if len(people.columns) else np.nan}
            | {"coverage_people": people["covered"].mean() if len(people.columns) else np.nan}
            | {"r_group": group["truth"].corr(group["mean"])}
            | {"covered_group": int(covered.sum())}
            | {"contraction_group": float(1.0 - (group["sd"] ** 2 / group["prior_sd"] ** 2).mean())}
        )
    return lines


def main(folder: Path, studies: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(name, design, "laplace") for name in MODELS for design in DESIGNS] + [(*BY_NUTS, "nuts")]
    results: dict[tuple[str, str, str], list[dict]] = {}
    for seed, (name, design, method) in [(seed, row) for seed in range(1, studies + 1) for row in rows]:
        file = folder / f"{name}-{list(DESIGNS).index(design)}-{method}-{seed}.json"
        if not file.exists():
            file.write_text(json.dumps(study(name, design, method, seed)))
            print(f"{name}, {design}, {method}: study {seed} done", flush=True)
        results.setdefault((name, design, method), []).append(json.loads(file.read_text()))
    table = pd.DataFrame(line for key, own in results.items() for line in lines_of(*key, own))
    print(table.round(2).to_string(index=False))
    table.round(3).to_csv(folder / "recovery.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 12)
