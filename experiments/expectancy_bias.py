"""Bias of the learning rate when outcomes are people's own reports, and its correction.

How far does a learning rate rise when outcomes are the person's own reports, and can this bias be corrected? 60 people
learn at rate 0.08 from what happens (0–1). They report (1 - k) times what happened plus k times what they expected.
Fitted as if reports were outcomes, the rate should be 0.08 / (1 - k): 0.114 at k = 0.3 and 0.16 at k = 0.5. With an
observer's record of every second event, `expectancy_bias = true` should recover 0.08. Criterion: the mean of the
average rate over 20 studies, against two Monte Carlo standard errors.
Usage: `python expectancy_bias.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from repeat import repeat

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import rule_values

N_PEOPLE, RATE, START, SD_BETWEEN = 60, 0.08, 0.3, 0.3
PHASES = [Phase({"therapist": constant_care(0.5)}, 40)]
CORRECTED = load_model(Path(__file__).parent / "models" / "expectancy_bias.toml")
NAIVE = load_model(Path(__file__).parent / "models" / "trusting_reports.toml")


def true_parameters(generator: np.random.Generator, bias: float) -> dict[str, np.ndarray]:
    """Return the true parameters by name, (person,)."""
    link, unlink = LINKS["unit"]
    shared = {"availability_start": START, "expectancy_bias": bias, "reported_noise": 0.03}
    shared |= {"availability_rating_noise": 0.05, "availability_rating_intercept": 0.0, "reported_intercept": 0.0}
    shared |= {"availability_rating_slope": 1.0, "reported_slope": 1.0}
    rate = unlink(link(RATE) + SD_BETWEEN * generator.normal(size=N_PEOPLE))
    return {name: np.full(N_PEOPLE, x) for name, x in shared.items()} | {"availability_rate": rate}


def simulate_ratings(generator: np.random.Generator, bias: float) -> xr.Dataset:
    """Simulate graded outcomes (0–1), ratings of the belief, and noisy reports of the outcomes."""
    truth = true_parameters(generator, bias)
    data = simulate(CORRECTED, PHASES, truth, generator)
    data["outcome"] = data["outcome"].copy(data=generator.beta(1.5, 1.0, data["outcome"].shape))
    p = rule_values(CORRECTED, truth)
    readouts = [Readout("availability", "after"), Readout("perceived", "before")]
    belief, perceived = filter_readouts(CORRECTED.rule, p, event_array(data), 1, readouts)
    for name, mean, noise in (("availability_rating", belief, 0.05), ("reported", perceived, 0.03)):
        data[f"answer_{name}"].values[:] = np.clip(mean + noise * generator.normal(size=mean.shape), 0, 1)
    return data


def with_reports(data: xr.Dataset, observed: np.ndarray) -> xr.Dataset:
    """Replace outcomes by reports where no one else recorded them; `observed` is (event,), False there."""
    self_reported = xr.DataArray(~observed, dims="event") & data["observed"]
    report = data["answer_reported"]
    outcome, reported = data["outcome"].where(~self_reported, report), data["reported"].where(~self_reported, 1.0)
    return data.assign(outcome=outcome, reported=reported, answer_reported=report.where(~self_reported))


@cache
def compile_cached(corrected: bool) -> CompiledModel:
    """Compile the model with or without expectancy bias; every study of this size uses it again."""
    return compile_model(CORRECTED if corrected else NAIVE, simulate_ratings(np.random.default_rng(0), 0.3))


def study(bias: float, seed: int) -> dict[str, object]:
    """Return the average rate (log-odds) with reports taken as outcomes, and with half of them recorded by others."""
    data = simulate_ratings(np.random.default_rng(seed), bias)
    events = np.arange(data.sizes["event"])
    result: dict[str, object] = {"seed": seed}
    for name, corrected, observed in (("uncorrected", False, events < 0), ("corrected", True, events % 2 == 0)):
        reported = with_reports(data, observed)
        posterior = nuts(compile_cached(corrected), reported, Settings(400, 400, 2, seed))[
            "unconstrained_posterior"
        ].to_dataset()
        result[name] = float(posterior["mu"].sel(parameter="availability_rate").mean())
    return result


def main(folder: Path, studies: int) -> None:
    unlink = LINKS["unit"][1]
    for share in (0.3, 0.5):
        results = repeat(folder, f"expectancy_bias-{share}", studies, lambda seed, share=share: study(share, seed))
        for name, expected in (("uncorrected", RATE / (1 - share)), ("corrected", RATE)):
            mean, error = results[name].mean(), results[name].std(ddof=1) / np.sqrt(len(results))
            low, high = unlink(mean - 2 * error), unlink(mean + 2 * error)
            print(f"k = {share}, {name}: rate {unlink(mean):.4f} (2 SE: {low:.4f}–{high:.4f}), expected {expected:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
