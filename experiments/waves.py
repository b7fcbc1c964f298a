"""Test-retest reliability in a laboratory study of two waves: 75 people, 48 trials in each wave, a reversal after 24.

Is the true reliability in the 90% interval of the model of waves, and what does the usual way find? Each wave is then
fitted alone, and people's posterior means are correlated (two-step). In the simulated population the reliability of
every parameter is .5 or .8, and the medians change from the first wave to the second. Criteria: the intervals of
reliability and of the mean change contain the truth in 82% to 96% of 100 studies by `laplace`, and in at least 15 of 20
by `nuts`; the correlation of two-step estimates lies below the truth.
Usage: `python waves.py FOLDER [laplace|nuts] [STUDIES]`; half of the studies have each reliability.
"""

import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.waves import model_with_waves, waves_for
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.reliability import parameters_with_waves, reliability
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

N_PEOPLE, FIGURE, WAVES, TRIALS = 75, "partner", ("test", "retest"), 24
ALONE = load_model(Path(__file__).parent / "models" / "one_belief.toml")
MODEL = model_with_waves(ALONE, waves_for(ALONE, WAVES, "restarted"))
PHASES = [Phase({FIGURE: constant_care(chance)}, TRIALS, wave=wave) for wave in WAVES for chance in (0.8, 0.2)]


class Truth(NamedTuple):
    """The population of one parameter, on its link scale."""

    mean: float  # over both waves
    sd: float  # between people in each wave
    change: float  # of the mean from the first wave to the second


TRUTHS = {
    "availability_start": Truth(0.0, 0.7, 0.2),
    "availability_rate": Truth(-1.8, 0.8, -0.3),
    "availability_rating_noise": Truth(np.log(0.2), 0.4, -0.2),
}


def draw_study(true: float, generator: np.random.Generator) -> xr.Dataset:
    """Simulate a study of people whose parameters have a reliability, drawn wave by wave: mu + u + v."""
    theta = {}
    for name, (mean, sd, change) in TRUTHS.items():
        u = generator.normal(0.0, sd * np.sqrt(true), N_PEOPLE)
        first, second = generator.normal(0.0, sd * np.sqrt(1.0 - true), (2, N_PEOPLE))
        theta[name] = mean + u + (first + second) / 2.0
        theta[f"{name}_change"] = change + second - first
    return simulate(MODEL, PHASES, natural_values(MODEL, theta, [FIGURE], N_PEOPLE), generator)


def of_wave(data: xr.Dataset, wave: int) -> xr.Dataset:
    """Return one wave of a study as a study of its own."""
    own = data.isel(event=(data["wave_index"] == wave).all("person").values)
    return own.drop_vars(["event_terms", "event_term", "wave", "wave_index", "session_of_wave"])


@cache
def compiled(method: str, alone: bool) -> CompiledModel:
    """Compile the model of waves, or that of one wave."""
    data = draw_study(0.5, np.random.default_rng(0))
    return METHODS[method].compile(*((ALONE, of_wave(data, 0)) if alone else (MODEL, data)))


def two_step(method: str, data: xr.Dataset, seed: int) -> dict[str, float]:
    """Fit each wave alone, and correlate people's posterior means of every parameter, link scale."""
    means = []
    for wave in range(len(WAVES)):
        fit = METHODS[method].fit(compiled(method, True), of_wave(data, wave), Settings(random_seed=seed))
        means.append(fit["unconstrained_posterior"]["theta"].mean(("chain", "draw")))
    return {
        free.name: float(np.corrcoef(*(own.sel(parameter=free.label).values for own in means))[0, 1])
        for free in free_parameters(ALONE, [FIGURE])
    }


def study(method: str, true: float, seed: int) -> dict[str, object]:
    """Simulate a study, fit it as one model of two waves and in two steps, and compare both with the truth."""
    data = draw_study(true, np.random.default_rng([seed, round(10 * true)]))
    fit = METHODS[method].fit(compiled(method, False), data, Settings(random_seed=seed))
    found, correlations = reliability(MODEL, fit), two_step("laplace", data, seed)
    result: dict[str, object] = {"seed": seed, "converged": check_convergence(fit).converged}
    for mean, _ in parameters_with_waves(MODEL, data):
        own = found.sel(parameter=mean.label, interval="test to retest")
        result[mean.name] = {
            "reliability": own["reliability"].quantile([0.05, 0.5, 0.95]).values.tolist(),
            "change": own["change"].quantile([0.05, 0.5, 0.95]).values.tolist(),
            "two_step": correlations[mean.name],
        }
    return result


def summary(method: str, true: float, results: pd.DataFrame) -> list[dict[str, object]]:
    """Return one line per parameter."""
    lines = []
    for name, truth in TRUTHS.items():
        found = np.array([one["reliability"] for one in results[name]])
        change = np.array([one["change"] for one in results[name]])
        steps = np.array([one["two_step"] for one in results[name]])
        low, median, high = found.T
        lines.append(
            {
                "method": method,
                "true_reliability": true,
                "parameter": name,
                "studies": len(results),
                "converged": int(results["converged"].sum()),
                "median": median.mean(),
                "covered": int(((low <= true) & (true <= high)).sum()),
                "half_width": ((high - low) / 2.0).mean(),
                "two_step": steps.mean(),
                "change_bias": (change[:, 1] - truth.change).mean(),
                "change_covered": int(((change[:, 0] <= truth.change) & (truth.change <= change[:, 2])).sum()),
            }
        )
    return lines


def main(folder: Path, method: str, studies: int) -> None:
    lines = []
    for true in (0.5, 0.8):
        repeated = repeat(
            folder, f"waves-{method}-{true:g}", studies // 2, lambda seed, own=true: study(method, own, seed)
        )
        lines += summary(method, true, repeated)
    table = pd.DataFrame(lines)
    table.round(3).to_csv(folder / f"reliability_{method}.csv", index=False)
    print(table.round(3).to_string(index=False))
    pooled = table.groupby("true_reliability")[["covered", "change_covered", "studies"]].sum()
    print((pooled[["covered", "change_covered"]].div(pooled["studies"], axis=0)).round(3))


if __name__ == "__main__":
    METHOD = sys.argv[2] if len(sys.argv) > 2 else "laplace"
    main(Path(sys.argv[1]), METHOD, int(sys.argv[3]) if len(sys.argv) > 3 else {"laplace": 100, "nuts": 20}[METHOD])
