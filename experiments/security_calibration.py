"""Calibration of the answers about earned security: differences of arms, and shares under unequal follow-up.

Three simulated studies, each fitted by `laplace`. People learn by Rescorla-Wagner and rate one belief.

    splits      one study of 60 people; 600 random splits into two arms that do not differ. Criterion: the probability
                that arm b is better lies beyond .05 or .95 in 7 to 13% of the splits.
    difference  200 studies of two arms of 30 people with other learning rates. Criterion: the 90% interval of the
                difference between new people contains the true difference in 85 to 95%.
    follow_up   200 studies of 40 people with 10 to 22 sessions each. Criterion: the 90% interval of the share by the
                last session that can be assessed contains the true share in 85 to 95%, of new people and of these
                people, had all had 22 sessions; and never fewer than five people are at risk there.

There is one line per fit, so a rerun does only what is missing: `python security_calibration.py STUDY FOLDER [COUNT]`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms, risk_differences
from iwm_bayes.estimands.security.criterion import Judgement
from iwm_bayes.estimands.security.population import earned_security_of_new_people
from iwm_bayes.estimands.security.survival import incidence_by_session
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import Settings, compile_likelihood, laplace
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, drop_absent, simulate
from iwm_bayes.types import parameters

MODEL = load_model("rescorla_wagner", without=["worth_rating", "approach"])
SESSIONS, CARE, FIGURE = 22, 0.75, "therapist"
MEDIANS = {"availability_start": 0.3, "availability_rate": 0.12}
SD, NOISE = 0.5, 0.1  # between people on the link scale; of ratings
FASTER = 0.8  # learning rate of arm b, on the link scale above that of arm a
FORMULAS = {"availability_start": "arm", "availability_rate": "arm"}
TRUE_PEOPLE = 40_000  # for the true shares of new people: standard error .0025


def people_with(shift: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw people whose learning rate is shifted on the link scale, (person,)."""
    drawn = {name: logit(median) + SD * generator.normal(size=len(shift)) for name, median in MEDIANS.items()}
    drawn["availability_rate"] = drawn["availability_rate"] + shift
    fixed = {name: each.fixed for name, each in parameters(MODEL).items() if each.fixed is not None}
    constant = {
        name: np.full(len(shift), value) for name, value in (fixed | {"availability_rating_noise": NOISE}).items()
    }
    return {name: expit(value) for name, value in drawn.items()} | constant


def simulated(shift: np.ndarray, generator: np.random.Generator) -> tuple[xr.Dataset, dict[str, np.ndarray]]:
    """Simulate a study, and return it with the parameters of its people."""
    people = people_with(shift, generator)
    return simulate(MODEL, [Phase({FIGURE: constant_care(CARE)}, SESSIONS)], people, generator), people


def with_arms(data: xr.Dataset, in_b: np.ndarray) -> xr.Dataset:
    """Add an arm to everyone."""
    return join_covariates(data, pd.DataFrame({"arm": np.where(in_b, "b", "a")}), MODEL, FORMULAS)


def true_shares(shift: float) -> np.ndarray:
    """Return the share of new people who are earned secure by each session, among those insecure at baseline."""
    data, people = simulated(np.full(TRUE_PEOPLE, shift), np.random.default_rng(99))
    return incidence_by_session(true_security(MODEL, data, people, FIGURE), SESSIONS)


def difference_of_arms(fit: xr.DataTree, seed: int) -> xr.DataArray:
    """Return the difference between new people of both arms, by the last session that can be assessed."""
    arms = person_arms(fit["constant_data"].to_dataset())
    last = incidence_by_arm(earned_security(MODEL, fit, FIGURE, draws=200, seed=seed), arms)["last"]
    return risk_differences(incidence_by_arm(earned_security_of_new_people(MODEL, fit, FIGURE, seed=seed), arms, last))


def study_splits(seed: int, compiled: CompiledModel) -> dict[str, Any]:
    """Split one study at random, and return the probability that arm b is better."""
    data, _ = simulated(np.zeros(60), np.random.default_rng(0))
    in_b = np.random.default_rng(seed).permutation(60) < 30
    draws = difference_of_arms(laplace(compiled, with_arms(data, in_b), Settings(random_seed=seed)), seed).values
    p_above_0 = float((draws > 0).mean() + (draws == 0).mean() / 2)
    return {"seed": seed, "p_above_0": p_above_0, "beyond": not 0.05 <= p_above_0 <= 0.95}


def study_difference(seed: int, compiled: CompiledModel) -> dict[str, Any]:
    """Simulate two arms, and return whether the interval of their difference contains the true one."""
    in_b = np.arange(60) < 30
    data, _ = simulated(np.where(in_b, FASTER, 0.0), np.random.default_rng([1, seed]))
    difference = difference_of_arms(laplace(compiled, with_arms(data, in_b), Settings(random_seed=seed)), seed)
    session = int(difference["session"])
    true = float((TRUE["b"] - TRUE["a"])[session - 1])
    median, low, high = median_ci90(difference.values)
    return {"seed": seed, "session": session, "true": true, "median": median, "ci90_low": low, "ci90_high": high}


def study_follow_up(seed: int, compiled: CompiledModel) -> dict[str, Any]:
    """Simulate people with unequal numbers of sessions, and return whether the intervals contain the true shares."""
    generator = np.random.default_rng([2, seed])
    whole, people = simulated(np.zeros(40), generator)
    lengths = generator.integers(10, SESSIONS + 1, 40)
    lengths[0] = SESSIONS  # data of one shape are fitted by one compiled model
    present = whole["present"] & (np.arange(whole.sizes["event"])[:, None] < lengths)
    fit = laplace(compiled, drop_absent(whole.assign(present=present)), Settings(random_seed=seed))
    curves = incidence_by_arm(earned_security(MODEL, fit, FIGURE, seed=seed), pd.Series(dtype=str))
    new = incidence_by_arm(earned_security_of_new_people(MODEL, fit, FIGURE, seed=seed), pd.Series(dtype=str))
    session = int(curves["last"][0])
    everyone: Judgement = true_security(MODEL, whole, people, FIGURE)
    own, others = (each["probability"].sel(session=session).values for each in (curves, new))
    answer = {"seed": seed, "session": session, "at_risk": float(curves["at_risk"].sel(session=session)[0])}
    for name, draws, true in (
        ("these", own, float(incidence_by_session(everyone, session)[-1])),
        ("new", others, float(TRUE["a"][session - 1])),
    ):
        median, low, high = median_ci90(draws)
        answer |= {f"{name}_true": true, f"{name}_median": median, f"{name}_covered": bool(low <= true <= high)}
    return answer


STUDIES: dict[str, tuple[Callable[[int, CompiledModel], dict[str, Any]], int]] = {
    "splits": (study_splits, 600),
    "difference": (study_difference, 200),
    "follow_up": (study_follow_up, 200),
}
TRUE = {"a": true_shares(0.0), "b": true_shares(FASTER)}


def summarise(study: str, results: pd.DataFrame) -> dict[str, float]:
    """Return what the criteria of a study are about."""
    if study == "splits":
        return {"share_beyond": float(results["beyond"].mean())}
    if study == "difference":
        covered = (results["ci90_low"] <= results["true"]) & (results["true"] <= results["ci90_high"])
        error = results["median"] - results["true"]
        return {"coverage": float(covered.mean()), "mean_error": float(error.mean())}
    shares = {f"coverage_{name}": float(results[f"{name}_covered"].mean()) for name in ("these", "new")}
    errors = {
        f"mean_error_{name}": float((results[f"{name}_median"] - results[f"{name}_true"]).mean())
        for name in ("these", "new")
    }
    return shares | errors | {"least_at_risk": float(results["at_risk"].min())}


def main(study: str, folder: Path, count: int | None = None) -> None:
    one, default = STUDIES[study]
    folder.mkdir(parents=True, exist_ok=True)
    path, seeds = folder / f"{study}.jsonl", range(1, (count or default) + 1)
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    people = 40 if study == "follow_up" else 60
    data, _ = simulated(np.zeros(people), np.random.default_rng(0))
    compiled = compile_likelihood(MODEL, data if study == "follow_up" else with_arms(data, np.arange(people) < 30))
    for seed in [seed for seed in seeds if seed not in {line["seed"] for line in done}]:
        done.append(one(seed, compiled))
        with path.open("a") as file:
            file.write(json.dumps(done[-1]) + "\n")
    results = pd.DataFrame(done)
    summary = {"study": study, "fits": len(results)} | summarise(study, results)
    pd.DataFrame([summary]).to_csv(folder / f"{study}.csv", index=False)
    print(summary)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
