"""Recovery of effects within people and between people on the learning rate.

A covariate such as homework changes from session to session, and people differ in how much they do. A learning rate is
half a log-odds higher per SD within people, and half a log-odds lower per SD between people, so that one coefficient
for both is neither. Studies have 60 people with 24 sessions, and 20 people with 10 sessions. Criteria: 90% intervals
contain the true value in 82 to 96% of 100 studies by `laplace`, and in at least 15 of 20 by `nuts`. For comparison,
the same studies are fitted with one coefficient (`homework` in place of `within(homework) + between(homework)`).

There is one file per study, so a rerun does only what is missing: `python session_covariates.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import mean_and_error, repeat

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.data.formulas.effects import bound_to_events
from iwm_bayes.data.formulas.splits import split_values
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.study_design import with_answers

MODEL = load_model(Path(__file__).parent / "models" / "one_belief.toml")
RATE, FIGURE = "availability_rate", "therapist"
WITHIN, BETWEEN = 0.5, -0.5  # effects on the learning rate, log-odds per SD
SPLIT, JOINED = "within(homework) + between(homework)", "homework"
SIZES = {"therapy": (60, 24), "small": (20, 10)}


def with_homework(data: xr.Dataset, formula: str, generator: np.random.Generator) -> xr.Dataset:
    """Return data with homework and the design of a formula; a third of its variance is between people."""
    shape, people = data["present"].shape, data["person"].values
    mean = generator.normal(0.0, np.sqrt(0.5), len(people))
    homework = generator.normal(mean, 1.0, shape)
    person = np.tile(np.arange(len(people)), shape[0])
    parts = {name: split_values(name, homework.ravel(), person).reshape(shape) for name in ("within", "between")}
    events = {"within(homework)": parts["within"]} if formula == SPLIT else {"homework": homework}
    data = data.assign({f"session_covariate_{name}": (data["present"].dims, x) for name, x in events.items()})
    frame = pd.DataFrame({"between(homework)": parts["between"][0]} if formula == SPLIT else {}, people)
    return join_covariates(data, frame, MODEL, {RATE: formula})


def planned(people: int, sessions: int, formula: str, seed: int) -> tuple[ModelSpec, xr.Dataset]:
    """Return the model and the events of a study, without answers by the model."""
    generator = np.random.default_rng(seed)
    values = {name: 0.5 for name in ("availability_start", RATE, "availability_rating_noise")}
    everyone = {name: np.full(people, value) for name, value in values.items()}
    data = simulate(MODEL, [Phase({FIGURE: constant_care(0.6)}, sessions, assessed=True)], everyone, generator)
    data = with_homework(data, formula, generator)
    return bound_to_events(MODEL, data), data


def simulated(people: int, sessions: int, formula: str, seed: int) -> xr.Dataset:
    """Return a study with these effects, as a formula reads it; the answers are the same for every formula."""
    model, data = planned(people, sessions, SPLIT, seed)
    generator = np.random.default_rng([seed, 1])
    between = data["design"].values[0]
    theta = {
        "availability_start": generator.normal(-0.8, 0.5, people),
        RATE: generator.normal(-2.0 + BETWEEN * between, 0.5),
        "availability_rating_noise": generator.normal(-2.3, 0.2, people),
    }
    theta |= {each.name: np.full(people, WITHIN) for each in model.event_effects}
    assert set(theta) == {free.label for free in free_parameters(model, [FIGURE])}
    answers = along_events(model, data, natural_values(model, theta, [FIGURE], people), generator)
    return with_answers(planned(people, sessions, formula, seed)[1], answers)


@cache
def compile_cached(method: str, people: int, sessions: int, formula: str) -> CompiledModel:
    """Compile the model with a formula; every study of this size uses it again."""
    model, data = planned(people, sessions, formula, 0)
    return METHODS[method].compile(model, data)


def study(method: str, people: int, sessions: int, formula: str, seed: int) -> dict[str, object]:
    """Return one study's estimates of the effects, with their posterior SDs and whether intervals contain the truth."""
    data, settings = simulated(people, sessions, formula, seed), Settings(500, 500, 2, seed)
    compiled = compile_cached(method, people, sessions, formula)
    posterior = METHODS[method].fit(compiled, data, settings)["unconstrained_posterior"].to_dataset()
    [effect] = [each.name for each in compiled.model.event_effects]
    draws = {"within": (posterior["mu"].sel(parameter=effect).values.ravel(), WITHIN)}
    if formula == SPLIT:
        draws["between"] = posterior["beta"].values.ravel(), BETWEEN
    found: dict[str, object] = {}
    for name, (own, truth) in draws.items():
        low, high = np.quantile(own, [0.05, 0.95])
        covered = bool(low <= truth <= high)
        found |= {name: float(own.mean()), f"{name} sd": float(own.std()), f"{name} covered": covered}
    return found


def lines(results: pd.DataFrame) -> list[dict[str, object]]:
    """Return one line per effect: bias with its standard error, coverage and mean posterior SD."""
    return [
        {
            "effect": name,
            "studies": len(results),
            "bias": round(float((results[name] - truth).mean()), 3),
            "se_bias": round(float(results[name].sem()), 3),
            "covered": int(results[f"{name} covered"].sum()),
            "posterior_sd": round(float(results[f"{name} sd"].mean()), 3),
        }
        for name, truth in (("within", WITHIN), ("between", BETWEEN))
        if name in results
    ]


def main(folder: Path, studies: int) -> None:
    table = []
    for size, (people, sessions) in SIZES.items():
        for method, count, formula in (("laplace", studies, SPLIT), ("laplace", studies, JOINED), ("nuts", 20, SPLIT)):
            name = f"{size}-{method}-{'split' if formula == SPLIT else 'joined'}"
            results = repeat(
                folder, name, count, lambda seed, own=(method, people, sessions, formula): study(*own, seed)
            )
            where = {"people": people, "sessions": sessions, "method": method, "formula": formula}
            table += [where | line for line in lines(results)]
            print(f"{name}: within {mean_and_error(results['within'])}, covered {results['within covered'].mean():.0%}")
    pd.DataFrame(table).to_csv(folder / "session_covariates.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
