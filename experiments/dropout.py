"""Bias from ignoring informative dropout.

What does it cost to ignore that people who come to trust are the people who stay? 200 people under constant care of 0.8
learn at rates between about 0.02 and 0.3, and may leave after every session. There are two scenarios:

- published: the probability of leaving is 0.25 at an average alliance. One SD of alliance more multiplies the odds by
  0.70, so the probability is 0.189 at one SD above the average.
- strong: the probability of leaving is 0.10 and the odds ratio 0.30.

Every study is fitted with and without the response `dropout`. There are three criteria. The first is that risk in
simulation. The second is whether the interval of the fitted odds ratio contains the true value. The third is the bias
of the average rate (log-odds): the joint fit of the strong scenario removes at least 80% of it.
Usage: `python dropout.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
from repeat import mean_and_error, repeat

from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

N_PEOPLE, PHASES = 200, [Phase({"therapist": constant_care(0.8)}, 20)]
RATE, SD_BETWEEN = 0.08, 1.0
SHARED = {"start": 0.3, "rating_noise": 0.25, "rating_intercept": 0.0, "rating_slope": 1.0}
SCENARIOS = {"published": (0.25, 0.7), "strong": (0.1, 0.3)}  # risk, odds ratio
JOINT = load_model(Path(__file__).parent / "models" / "stayers.toml")
WITHOUT_DROPOUT = JOINT._replace(responses={"availability_rating": JOINT.responses["availability_rating"]})


def simulated_risk(alliance: float, generator: np.random.Generator, draws: int = 200_000) -> tuple[float, float]:
    """Return the share of simulated people who leave after one session at this belief, and its MCSE."""
    response = RESPONSES["dropout"]
    p = response.parameters._replace(risk=0.25, odds_ratio=0.7, average=0.5, sd=0.2)
    leaves = response.family.draw(generator, **response.arguments(p, np.full(draws, alliance)))
    return float(leaves.mean()), float(leaves.std() / np.sqrt(draws))


def true_parameters(scenario: str, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the true parameters by name, (person,)."""
    link, unlink = LINKS["unit"]
    leaving = dict(zip(("risk", "odds_ratio"), SCENARIOS[scenario], strict=True)) | {"average": 0.5, "sd": 0.2}
    shared = {f"availability_{name}": x for name, x in SHARED.items()} | {f"dropout_{n}": x for n, x in leaving.items()}
    rate = unlink(link(RATE) + SD_BETWEEN * generator.normal(size=N_PEOPLE))
    return {name: np.full(N_PEOPLE, x) for name, x in shared.items()} | {"availability_rate": rate}


@cache
def compile_cached(joint: bool) -> CompiledModel:
    """Compile the model with or without dropout; every study of this size uses it again."""
    model: ModelSpec = JOINT if joint else WITHOUT_DROPOUT
    return compile_model(model, simulate(JOINT, PHASES, true_parameters("strong", np.random.default_rng(0)), 0))


def study(scenario: str, seed: int) -> dict[str, object]:
    """Return the bias of the average rate with and without dropout in the model, and the fitted odds ratio."""
    generator = np.random.default_rng(seed)
    truth = true_parameters(scenario, generator)
    data = simulate(JOINT, PHASES, truth, generator)
    average = LINKS["unit"][0](truth["availability_rate"]).mean()
    result: dict[str, object] = {"seed": seed, "stayed": float((data["present"].sum("event") == 20).mean())}
    for name, joint in (("ignoring", False), ("joint", True)):
        posterior = nuts(compile_cached(joint), data, Settings(400, 400, 2, seed))[
            "unconstrained_posterior"
        ].to_dataset()
        result[name] = float(posterior["theta"].sel(parameter="availability_rate").mean() - average)
    low, high = np.exp(posterior["mu"].sel(parameter="dropout_odds_ratio").quantile([0.05, 0.95]).values)
    return result | {"odds_ratio": float(np.sqrt(low * high)), "covered": bool(low <= SCENARIOS[scenario][1] <= high)}


def main(folder: Path, studies: int) -> None:
    risk, error = simulated_risk(0.7, np.random.default_rng(1))
    print(f"risk of leaving at one SD above the average: {risk:.4f} (SE {error:.4f}); in closed form 0.1892")
    for scenario, (_, odds_ratio) in SCENARIOS.items():
        results = repeat(folder, f"dropout-{scenario}", studies, lambda seed, s=scenario: study(s, seed))
        print(f"{scenario}: {results['stayed'].mean():.0%} stayed to the end; bias of the rate (log-odds):")
        print(f"    ignoring {mean_and_error(results['ignoring'])}, joint {mean_and_error(results['joint'])}", end=", ")
        print(f"removed {1 - abs(results['joint'].mean() / results['ignoring'].mean()):.0%}")
        print(f"    odds ratio {results['odds_ratio'].mean():.2f}; its 90% CrI", end=" ")
        print(f"contains {odds_ratio} in {results['covered'].sum()} of {studies} studies")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
