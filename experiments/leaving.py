"""Recovery of leaving for two reasons, when the reasons themselves are not recorded.

People under care of .8 learn to trust, and may leave after every session: for low alliance, or because it was good
enough. Risk, odds ratio and the probability of good-enough leaving are drawn anew for each study. Studies are of these
kinds:

- two reasons: 60 people, at most 24 sessions each, fitted with the response `leaving`, and with `dropout` alone.
- one reason: 60 people, and nobody leaves because it was good enough.
- nuts: the first studies of `two reasons` again, by NUTS.

Criteria: 90% intervals contain the true value in 82 to 96% of 100 studies by `laplace`, and in at least 15 of 20 by
`nuts`. With one reason, the interval of `good_enough` ends near 0. There is one file per study, so a rerun does only
what is missing: `python leaving.py FOLDER [STUDIES] [BY NUTS]`. For the bias that ignored leaving causes, see
`dropout.py`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters

FIGURES, SESSIONS = ["therapist"], 24
MODEL = load_model(Path(__file__).parent / "models" / "leaving.toml")
RATINGS = {name: response for name, response in MODEL.responses.items() if name != "leaving"}
ONE_REASON = MODEL._replace(name="one_reason", responses=RATINGS | {"leaving": RESPONSES["dropout"]})
RANGES = {"leaving_risk": (0.02, 0.1), "leaving_odds_ratio": (0.3, 0.9), "leaving_good_enough": (0.05, 0.4)}
BELIEFS = {  # median person, natural scale, and between-person SD, link scale
    **{f"{belief}_start": (0.35, 0.5) for belief in ("availability", "worth")},
    **{f"{belief}_rate": (0.1, 0.7) for belief in ("availability", "worth")},
    **{f"{belief}_rating_noise": (0.1, 0.2) for belief in ("availability", "worth")},
}


def sessions(people: int, both: bool, generator: np.random.Generator) -> tuple[xr.Dataset, dict[str, float]]:
    """Simulate a study; return it with the true values of leaving."""
    true = {name: float(generator.uniform(*ends)) for name, ends in RANGES.items()}
    true["leaving_good_enough"] *= both
    theta = {}
    for free in free_parameters(MODEL, FIGURES):
        median, sd = BELIEFS.get(free.name, (true.get(free.name, 0.0), 0.0))
        centre = LINKS[free.parameter.support][0](np.float64(max(median, 1e-12)))
        theta[free.label] = centre + sd * generator.normal(size=people)
    plan = [Phase({FIGURES[0]: constant_care(0.8)}, SESSIONS)]
    return simulate(MODEL, plan, natural_values(MODEL, theta, FIGURES, people), generator), true


@cache
def compile_cached(method: str, people: int, model: str) -> CompiledModel:
    """Compile a model; every study of this size uses it again."""
    spec: ModelSpec = {"leaving": MODEL, "dropout": ONE_REASON}[model]
    return METHODS[method].compile(spec, sessions(people, True, np.random.default_rng(0))[0])


def study(method: str, people: int, both: bool, seed: int) -> dict[str, object]:
    """Simulate and fit one study, and compare it with its true values."""
    generator = np.random.default_rng([seed, people, both])
    data, true = sessions(people, both, generator)
    left = (data["answer_leaving"] == 1).any("event").values
    result: dict[str, object] = {"left": float(left.mean())}
    fit = METHODS[method].fit(compile_cached(method, people, "leaving"), data, Settings(500, 500, 2, seed))
    mu = fit["unconstrained_posterior"]["mu"]
    for name, value in true.items():
        _, unlink = LINKS[parameters(MODEL)[name].support]
        draws = mu.sel(parameter=name).values.ravel()
        low, high = unlink(np.quantile(draws, [0.05, 0.95]))
        result |= {f"{name} true": value, f"{name} median": float(unlink(np.median(draws)))}
        result |= {
            f"{name} low": float(low),
            f"{name} high": float(high),
            f"{name} covered": bool(low <= value <= high),
        }
    if method == "laplace":
        alone = METHODS[method].fit(compile_cached(method, people, "dropout"), data, Settings(500, 500, 2, seed))
        ratio = np.exp(alone["unconstrained_posterior"]["mu"].sel(parameter="leaving_odds_ratio").values)
        low, high = np.quantile(ratio, [0.05, 0.95])
        result |= {"dropout alone median": float(np.median(ratio))}
        result |= {"dropout alone covered": bool(low <= true["leaving_odds_ratio"] <= high)}
    return result


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Return one line per parameter: true and estimated medians over studies, correlation, coverage and width."""
    lines = []
    for name in RANGES:
        true, median = results[f"{name} true"], results[f"{name} median"]
        line = {"parameter": name, "studies": len(results), "left": results["left"].mean(), "true": true.mean()}
        line |= {"median": median.mean(), "r": true.corr(median) if true.std() > 0 else np.nan}
        line |= {"coverage": results[f"{name} covered"].mean(), "high": results[f"{name} high"].mean()}
        lines.append(line)
    if "dropout alone covered" in results:
        line = {"parameter": "odds ratio by dropout alone", "studies": len(results), "left": results["left"].mean()}
        line |= {"true": results["leaving_odds_ratio true"].mean(), "median": results["dropout alone median"].mean()}
        lines.append(line | {"coverage": results["dropout alone covered"].mean()})
    return pd.DataFrame(lines)


def main(folder: Path, studies: int, by_nuts: int) -> None:
    tables = []
    for name, method, people, both, count in (
        ("two reasons", "laplace", 60, True, studies),
        ("one reason", "laplace", 60, False, min(studies, 20)),
        ("nuts", "nuts", 60, True, by_nuts),
    ):
        results = repeat(folder, name, count, lambda seed, m=method, p=people, b=both: study(m, p, b, seed))
        tables.append(summary(results).assign(kind=name))
        print(name, tables[-1].round(3).to_string(index=False), sep="\n")
    pd.concat(tables).round(4).to_csv(folder / "leaving.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(sys.argv[k]) if len(sys.argv) > k else count for k, count in ((2, 100), (3, 20))))
