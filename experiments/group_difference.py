"""Do intervals of a group difference hold the truth, and is none found where there is none?

Two arms of 40 people x 24 sessions whose learning rates differ by .5 between-person sd, or by nothing; 200 studies
each, by `laplace`. Decided by: 90 % intervals hold the truth in 85-95 % of studies, bias below .05 sd; without a
difference, P(direction) is beyond .95 one way or the other in about 10 %. Beside it the two-step habit: a fit that
knows no arms, then a t-test of its person means. And, in 20 of the studies, `nuts`. One file per study, so that a
rerun does only what is missing: `python group_difference.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import mean_and_error, repeat
from scipy import stats

from iwm_bayes.data.formulas import join
from iwm_bayes.estimands.marginal_effects import contrasts
from iwm_bayes.inference.fit import METHODS, Compiled, Settings
from iwm_bayes.model.model_file import load
from iwm_bayes.model.priors import values
from iwm_bayes.simulation.care import steady
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load(Path(__file__).parent / "theories" / "one_belief.toml")
RATE, SPREAD, ARM = "availability_rate", 0.5, np.repeat(["control", "therapy"], 40)
DIFFERENCES = {"half": 0.5, "none": 0.0}  # in units of the between-person sd


def sessions(difference: float, seed: int) -> xr.Dataset:
    """Simulated sessions with their arms."""
    generator, people = np.random.default_rng(seed), len(ARM)
    levels = {
        "availability_start": generator.normal(-0.8, 0.5, people),
        RATE: generator.normal(-2.0 + difference * SPREAD * (ARM == "therapy"), SPREAD),
        "availability_rating_noise": generator.normal(-2.3, 0.2, people),
    }
    plan = [Phase({"therapist": steady(0.8)}, 24, assessed=True)]
    data = simulate(MODEL, plan, values(MODEL, levels, ["therapist"], people), generator)
    return join(data, pd.DataFrame({"arm": ARM}, index=data["person"].values), MODEL, {RATE: "arm"})


def without_arms(data: xr.Dataset) -> xr.Dataset:
    return data.drop_dims("term")


@cache
def ready(method: str, arms: bool) -> Compiled:
    data = sessions(0.0, 0)
    return METHODS[method].compile(MODEL, data if arms else without_arms(data))


def two_steps(data: xr.Dataset, settings: Settings) -> tuple[float, float, float]:
    """Difference of person means of a fit without arms, with its 90 % interval, as if they had been measured."""
    fit = METHODS["laplace"].fit(ready("laplace", False), without_arms(data), settings)
    rates = fit["posterior"]["level"].sel(personal=RATE).mean(("chain", "draw")).values
    found = stats.ttest_ind(rates[ARM == "therapy"], rates[ARM == "control"])
    apart = rates[ARM == "therapy"].mean() - rates[ARM == "control"].mean()
    return float(apart), *map(float, found.confidence_interval(0.9))


def study(method: str, difference: float, seed: int) -> dict[str, object]:
    """What one study says of the difference, in units of the between-person sd; and the two-step habit."""
    data, settings = sessions(difference, seed), Settings(500, 500, 2, seed)
    posterior = METHODS[method].fit(ready(method, True), data, settings)["posterior"].to_dataset()
    effect = posterior["effect"].values.ravel() / SPREAD
    low, high = np.quantile(effect, [0.05, 0.95])
    apart, least, most = (x / SPREAD for x in two_steps(data, settings))
    held = {"held": bool(low <= difference <= high), "two steps held": bool(least <= difference <= most)}
    return {"difference": effect.mean(), "sd": effect.std(), "above": (effect > 0).mean(), "two steps": apart, **held}


def main(folder: Path, studies: int) -> None:
    for method, truth, count in (("laplace", 0.5, studies), ("laplace", 0.0, studies), ("nuts", 0.5, 20)):
        name = f"{method}-{truth:g}"
        found = repeat(folder, name, count, lambda seed, m=method, t=truth: study(m, t, seed))
        beyond = (np.abs(found["above"] - 0.5) > 0.45).mean()
        print(f"{method}, a difference of {truth:g} sd: bias {mean_and_error(found['difference'] - truth)},", end=" ")
        print(f"held in {found['held'].mean():.1%}, P(direction) beyond .95 in {beyond:.1%}")
        apart = mean_and_error(found["two steps"] - truth)
        print(f"    in two steps: bias {apart}, held in {found['two steps held'].mean():.1%}")
    same = repeat(folder, "laplace-0.5", 20, lambda seed: study("laplace", 0.5, seed))
    off = (same["difference"] - found["difference"]).abs()
    wider = same["sd"].mean() / found["sd"].mean()
    print(f"laplace from nuts in the same 20: at most {off.max():.3f} sd apart, its errors {wider:.2f} times as large")
    data = sessions(0.0, 0)
    [prior] = contrasts(MODEL, METHODS["laplace"].fit(ready("laplace", True), data, Settings()))["prior"].T.values
    print("before any data the difference in rates lies in {:.2f} .. {:.2f}".format(*prior))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
