"""Coverage and false positives of a group difference.

Do intervals of a group difference contain the true value, and is no difference found where there is none? Two arms of
40 people and 24 sessions have learning rates that differ by 0.5 between-person SD, or not at all. There are 200 studies
of each kind, fitted by `laplace`. Criteria: 90% intervals contain the true value in 85–95% of studies, and the bias is
below 0.05 SD. Without a difference, P(direction) is beyond 0.95 one way or the other in about 10% of studies.

For comparison there is the common two-step analysis: a fit without arms, then a t-test of its person means. 20 of the
studies are also fitted by `nuts`. There is one file per study, so a rerun does only what is missing:
`python group_difference.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import mean_and_error, repeat
from scipy import stats

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.marginal_effects import marginal_effects
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load_model(Path(__file__).parent / "models" / "one_belief.toml")
RATE, SD_BETWEEN, ARM = "availability_rate", 0.5, np.repeat(["control", "therapy"], 40)
DIFFERENCES = {"half": 0.5, "none": 0.0}  # in units of the between-person SD


def sessions(difference: float, seed: int) -> xr.Dataset:
    """Simulate sessions with their arms."""
    generator, people = np.random.default_rng(seed), len(ARM)
    theta = {
        "availability_start": generator.normal(-0.8, 0.5, people),
        RATE: generator.normal(-2.0 + difference * SD_BETWEEN * (ARM == "therapy"), SD_BETWEEN),
        "availability_rating_noise": generator.normal(-2.3, 0.2, people),
    }
    plan = [Phase({"therapist": constant_care(0.8)}, 24, assessed=True)]
    data = simulate(MODEL, plan, natural_values(MODEL, theta, ["therapist"], people), generator)
    return join_covariates(data, pd.DataFrame({"arm": ARM}, index=data["person"].values), MODEL, {RATE: "arm"})


def without_arms(data: xr.Dataset) -> xr.Dataset:
    """Return the same sessions without arms."""
    return data.drop_dims("coefficient")


@cache
def compile_cached(method: str, arms: bool) -> CompiledModel:
    """Compile the model, with or without arms; every study of this size uses it again."""
    data = sessions(0.0, 0)
    return METHODS[method].compile(MODEL, data if arms else without_arms(data))


def two_step_analysis(data: xr.Dataset, settings: Settings) -> tuple[float, float, float]:
    """Return the difference of person means of a fit without arms, and its 90% interval as if they were measured."""
    fit = METHODS["laplace"].fit(compile_cached("laplace", False), without_arms(data), settings)
    rates = fit["unconstrained_posterior"]["theta"].sel(parameter=RATE).mean(("chain", "draw")).values
    therapy, control = rates[ARM == "therapy"], rates[ARM == "control"]
    low, high = stats.ttest_ind(therapy, control).confidence_interval(0.9)
    return float(therapy.mean() - control.mean()), float(low), float(high)


def study(method: str, difference: float, seed: int) -> dict[str, object]:
    """Return one study's estimate of the difference, in between-person SDs, and that of the two-step analysis."""
    data, settings = sessions(difference, seed), Settings(500, 500, 2, seed)
    posterior = (
        METHODS[method].fit(compile_cached(method, True), data, settings)["unconstrained_posterior"].to_dataset()
    )
    effect = posterior["beta"].values.ravel() / SD_BETWEEN
    low, high = np.quantile(effect, [0.05, 0.95])
    estimate, t_low, t_high = (x / SD_BETWEEN for x in two_step_analysis(data, settings))
    covered = {"covered": bool(low <= difference <= high), "two-step covered": bool(t_low <= difference <= t_high)}
    summary = {"difference": effect.mean(), "sd": effect.std(), "p_above_0": (effect > 0).mean()}
    return summary | {"two-step": estimate} | covered


def main(folder: Path, studies: int) -> None:
    for method, truth, count in (("laplace", 0.5, studies), ("laplace", 0.0, studies), ("nuts", 0.5, 20)):
        name = f"{method}-{truth:g}"
        results = repeat(folder, name, count, lambda seed, m=method, t=truth: study(m, t, seed))
        beyond = (np.abs(results["p_above_0"] - 0.5) > 0.45).mean()
        print(f"{method}, a difference of {truth:g} SD: bias {mean_and_error(results['difference'] - truth)},", end=" ")
        print(f"90% CrI contains it in {results['covered'].mean():.1%}, P(direction) beyond 0.95 in {beyond:.1%}")
        bias = mean_and_error(results["two-step"] - truth)
        print(f"    in two steps: bias {bias}, 90% interval contains it in {results['two-step covered'].mean():.1%}")
    same = repeat(folder, "laplace-0.5", 20, lambda seed: study("laplace", 0.5, seed))
    discrepancy = (same["difference"] - results["difference"]).abs().max()
    ratio = same["sd"].mean() / results["sd"].mean()
    print(
        f"laplace and nuts in the same 20: differ by at most {discrepancy:.3f} SD, ratio of posterior SDs {ratio:.2f}"
    )
    fit = METHODS["laplace"].fit(compile_cached("laplace", True), sessions(0.0, 0), Settings())
    low, high = marginal_effects(MODEL, fit)["prior"].squeeze("contrast").values
    print(f"prior 90% interval of the difference in rates: {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200)
