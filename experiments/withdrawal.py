"""Learning in people who withdraw, and bias of a fit that ignores their withdrawal.

Do people who withdraw learn less, or do they only observe less? Two groups have the same learning rate: secure people,
who mostly approach, and dismissing people, who mostly do not. In simulation they learn the same per observed outcome
and less per session. What happens if a fit ignores that people withdrew? 100 studies of 60 people who differ in
readiness are fitted as they are. They are also fitted as if nobody had withdrawn: the therapist's behaviour, as an
observer would record it, counts as observed. Criterion: the bias of the average rate (log-odds) against two of its
Monte Carlo standard errors. Usage: `python withdrawal.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from repeat import mean_and_error, repeat

from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

SESSIONS, CHANCE, START, RATE, N_PEOPLE = 24, 0.8, 0.3, 0.1, 60
PHASES = [Phase({"therapist": constant_care(CHANCE)}, SESSIONS, assessed=True)]
MODEL = load_model(Path(__file__).parent / "models" / "withdrawing.toml")


def true_parameters(bias: np.ndarray, rate: np.ndarray) -> dict[str, np.ndarray]:
    """Return the true parameters by name, (person,)."""
    shared = {"availability_start": START, "approach_sensitivity": 1.0}
    shared |= {f"availability_rating_{name}": x for name, x in (("noise", 0.1), ("intercept", 0.0), ("slope", 1.0))}
    return {name: np.full(bias.shape, x) for name, x in shared.items()} | {
        "approach_bias": bias,
        "availability_rate": rate,
    }


def simulate_learning(bias: float, generator: np.random.Generator, count: int = 4000) -> dict[str, float]:
    """Compute the change of belief per session, and per unit of observed prediction error."""
    data = simulate(MODEL, PHASES, true_parameters(np.full(count, bias), np.full(count, RATE)), generator)
    observed = data["observed"].sum("event").values
    outcome = data["outcome"].where(data["observed"])
    expected, errors = np.full(count, START), np.zeros(count)
    for event in range(data.sizes["event"]):
        error = np.nan_to_num(outcome.values[event] - expected)
        errors, expected = errors + error, expected + RATE * error
    return {
        "observed outcomes": observed.mean(),
        "per session": (expected - START).mean() / SESSIONS,
        "per unit of prediction error": (expected - START).sum() / errors.sum(),
    }


def with_withdrawals_observed(data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Count the therapist's outcomes during a withdrawal as observed."""
    hidden = ~data["observed"] & ~data["assessment"] & data["present"]
    responsive = (generator.random(hidden.shape) < CHANCE).astype(float)
    return data.assign(observed=data["observed"] | hidden, outcome=data["outcome"].where(~hidden, responsive))


@cache
def compile_cached() -> CompiledModel:
    """Compile the model; every study of this size uses it again."""
    return compile_model(
        MODEL, simulate(MODEL, PHASES, true_parameters(np.zeros(N_PEOPLE), np.full(N_PEOPLE, RATE)), 0)
    )


def study(seed: int) -> dict[str, object]:
    """Return the bias of the average rate in two fits to the same people."""
    generator, (link, unlink) = np.random.default_rng(seed), LINKS["unit"]
    rate = unlink(link(RATE) + 0.5 * generator.normal(size=N_PEOPLE))
    data = simulate(MODEL, PHASES, true_parameters(1.5 * generator.normal(size=N_PEOPLE), rate), generator)
    result: dict[str, object] = {"seed": seed}
    for name, fitted in (("as it was", data), ("ignoring", with_withdrawals_observed(data, generator))):
        posterior = nuts(compile_cached(), fitted, Settings(400, 400, 2, seed))["unconstrained_posterior"].to_dataset()
        result[name] = float(posterior["theta"].sel(parameter="availability_rate").mean() - link(rate).mean())
    return result


def main(folder: Path, studies: int) -> None:
    for style, bias in (("secure", 2.0), ("dismissing", -1.0)):
        learning = simulate_learning(bias, np.random.default_rng(1))
        print(f"{style}: " + ", ".join(f"{name} {value:.4f}" for name, value in learning.items()))
    results = repeat(folder, "withdrawal", studies, study)
    for name in ("as it was", "ignoring"):
        print(f"{name}: bias of the average rate (log-odds) {mean_and_error(results[name])}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)
