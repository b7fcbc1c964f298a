"""Bias from unrecorded outcomes, and what drawing them would change.

Do lost forms bias the answers? Studies of the Rescorla-Wagner model (40 people, 24 sessions with care of 0.7, two
ratings) are fitted by `laplace` as a whole, and again after forms were lost: 30% of all, or half of those after
unresponsive sessions. Two treatments are compared. `mean` is what the program does: an unrecorded outcome teaches
with the mean of what the person recorded about that figure. `drawn` is multiple imputation without a model: five times,
each unrecorded outcome is drawn from those that the person recorded, and the draws of the five fits are pooled.

Measures: the bias of the mean learning rate and of the response SD, in logs; the share of people's 90% intervals of the
learning rate that hold its true value; and the share of people earned secure, minus that of the whole data.
Usage: `python unrecorded.py FILE [STUDIES]`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from recovery import ratings_only

from iwm_bayes.data.unrecorded import fill_unrecorded
from iwm_bayes.estimands.security.time_to_security import earned_security
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_likelihood, laplace
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate

FIGURE, N_PEOPLE, LOST, LOST_AFTER_BAD, N_IMPUTATIONS = "therapist", 40, 0.3, 0.5, 5
PHASES = [Phase({FIGURE: constant_care(0.7)}, 24)]
RATE, NOISE = "availability_rate", "availability_rating_noise"


def lost_forms(data: xr.Dataset, after_bad_sessions: bool, generator: np.random.Generator) -> xr.DataArray:
    """Return which forms are lost: a share of all, or half of those after unresponsive sessions."""
    outcome = data["outcome"].values
    chance = LOST_AFTER_BAD * (outcome < 0.5) if after_bad_sessions else np.full(outcome.shape, LOST)
    return data["observed"].copy(data=generator.random(outcome.shape) < chance)


def draw_unrecorded(data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Return the data with each unrecorded outcome drawn from those that the person recorded."""
    outcome, lost = data["outcome"].values.copy(), data["unrecorded"].values
    for person in range(outcome.shape[1]):
        recorded = outcome[~lost[:, person], person]
        outcome[lost[:, person], person] = generator.choice(recorded, lost[:, person].sum())
    return data.assign(outcome=(data["outcome"].dims, outcome))


def measures(compiled: CompiledModel, versions: list[xr.Dataset], truth: dict[str, np.ndarray]) -> dict[str, float]:
    """Fit each version of the data, pool the draws, and return the measures."""
    fits = [laplace(compiled, data, Settings(250, random_seed=index)) for index, data in enumerate(versions)]
    people = [person_parameters(compiled.model, fit) for fit in fits]
    rate, noise = (xr.concat([one[name] for one in people], "draw") for name in (RATE, NOISE))
    low, high = rate.quantile([0.05, 0.95], ("chain", "draw")).values.reshape(2, -1)
    secure = [earned_security(compiled.model, fit, FIGURE)["probability"].isel(session=-1).mean() for fit in fits]
    return {
        "rate": float(np.log(rate.mean()) - np.log(truth[RATE].mean())),
        "response_sd": float(np.log(noise).mean() - np.log(truth[NOISE]).mean()),
        "held": float(np.mean((low < truth[RATE].ravel()) & (truth[RATE].ravel() < high))),
        "secure": float(np.mean(secure)),
    }


def study(compiled: CompiledModel, seed: int) -> list[dict[str, object]]:
    """Return the measures of one study, one line per loss and treatment."""
    generator = np.random.default_rng(seed)
    truth = draw_people(compiled.model, [FIGURE], N_PEOPLE, generator, sigma=0.5)
    truth |= {name: np.full(N_PEOPLE, 0.1) for name in truth if name.endswith("_rating_noise")}
    data = simulate(compiled.model, PHASES, truth, generator)
    lines: list[dict[str, object]] = [{"lost": "none", "treatment": "-"} | measures(compiled, [data], truth)]
    for lost, after_bad in (("at random", False), ("after bad sessions", True)):
        lossy = data.assign(unrecorded=lost_forms(data, after_bad, generator))
        treatments = {"mean": [fill_unrecorded(lossy)]}
        treatments["drawn"] = [draw_unrecorded(lossy, generator) for _ in range(N_IMPUTATIONS)]
        lines += [
            {"lost": lost, "treatment": name} | measures(compiled, versions, truth)
            for name, versions in treatments.items()
        ]
    return [line | {"study": seed} for line in lines]


def main(file: Path, studies: int) -> None:
    model = ratings_only(load_model("rescorla_wagner"))
    example = simulate(model, PHASES, draw_people(model, [FIGURE], N_PEOPLE, np.random.default_rng(0)), 0)
    compiled, lines = compile_likelihood(model, example), []
    for seed in range(1, studies + 1):
        lines += study(compiled, seed)
        print(f"study {seed} done", flush=True)
    table = pd.DataFrame(lines)
    table["secure"] -= table["study"].map(table[table["lost"] == "none"].set_index("study")["secure"])
    grouped = table.drop(columns="study").groupby(["lost", "treatment"], sort=False)
    result = grouped.mean().join(grouped.sem(), rsuffix="_se").round(3)
    print(result.to_string())
    result.to_csv(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
