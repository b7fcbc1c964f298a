"""Parameter recovery of a symptom, and of what an arm does to it directly and through the beliefs.

Two arms of 30 people and 24 sessions under care of .8. In one arm people learn faster, and the symptom is lower by
itself. Symptoms follow the beliefs of the session before. There are three kinds of studies:

- effects: the symptom's parameters are drawn anew for each study, within ranges that a clinic could have.
- none: the symptom follows no belief, and the arm does not act on it. What is found is then false.
- nuts: the first studies of `effects` again, by NUTS.

Criteria: 90% intervals contain the true value in 82 to 96% of 100 studies by `laplace`, and in at least 15 of 20 by
`nuts`. Without an effect, P(direction) is beyond 0.95 one way or the other in about 10% of studies. True direct and
indirect effects are those of the people of the study, with their true parameters. There is one file per study, so a
rerun does only what is missing: `python symptom.py FOLDER [STUDIES] [BY NUTS]`.
"""

import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.counterfactual.symptom import PATHS, symptom_effects
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

LAG, FIGURES, ARM = 1, ["therapist"], np.repeat(["therapy", "waiting"], 30)
FORMULAS = {"availability_rate": "arm", "worth_rate": "arm", "symptom_level": "arm"}
LOADED = load_model(Path(__file__).parent / "models" / "symptom.toml")
MODEL = LOADED._replace(responses=LOADED.responses | {"symptom": LOADED.responses["symptom"]._replace(lag=LAG)})
RANGES = {  # of the true value of the median person, natural scale
    "symptom_noise": (0.05, 0.12),
    "symptom_level": (0.45, 0.75),
    "symptom_persistence": (0.2, 0.7),
    "symptom_slope_availability": (-0.6, 0.2),
    "symptom_between_availability": (-0.4, 0.4),
    "symptom_slope_worth": (-0.6, 0.2),
    "symptom_between_worth": (-0.4, 0.4),
}
FOLLOWS = ("symptom_slope_availability", "symptom_slope_worth")
BELIEFS = {  # median person, natural scale, and between-person SD, link scale
    **{f"{belief}_start": (0.3, 0.5) for belief in ("availability", "worth")},
    **{f"{belief}_rate": (0.1, 0.5) for belief in ("availability", "worth")},
    **{f"{belief}_rating_noise": (0.1, 0.2) for belief in ("availability", "worth")},
}
SD_BETWEEN = {"symptom_noise": 0.2, "symptom_level": 0.1}
RATE_IN_WAITING, LEVEL_IN_WAITING = -0.8, 0.05  # link scale


class Truth(NamedTuple):
    """The true values of a study: link-scale values of people, and of the group."""

    theta: dict[str, np.ndarray]  # (person,)
    mu: dict[str, float]
    beta: dict[str, float]


def draw_truth(effects: bool, generator: np.random.Generator) -> Truth:
    """Draw a study's true values."""
    ranges = {name: ends for name, ends in RANGES.items() if effects or name not in FOLLOWS}
    drawn = dict.fromkeys(FOLLOWS, 0.0) | {name: float(generator.uniform(*ends)) for name, ends in ranges.items()}
    beta = dict.fromkeys(("availability_rate", "worth_rate"), RATE_IN_WAITING)
    beta["symptom_level"] = LEVEL_IN_WAITING if effects else 0.0
    mu, theta = {}, {}
    for free in free_parameters(MODEL, FIGURES):
        median, sd = BELIEFS.get(free.name, (drawn.get(free.name, 0.0), SD_BETWEEN.get(free.name, 0.0)))
        mu[free.name] = float(LINKS[free.parameter.support][0](np.float64(median)))
        shift = beta.get(free.name, 0.0) * (ARM == "waiting")
        theta[free.name] = mu[free.name] + shift + sd * generator.normal(size=len(ARM))
    return Truth(theta, mu, beta)


def sessions(truth: Truth, generator: np.random.Generator) -> xr.Dataset:
    """Simulate a study with its arms."""
    values = natural_values(MODEL, truth.theta, FIGURES, len(ARM))
    data = simulate(MODEL, [Phase({FIGURES[0]: constant_care(0.8)}, 24)], values, generator)
    return join_covariates(data, pd.DataFrame({"arm": ARM}, index=data["person"].values), MODEL, FORMULAS)


def as_fit(truth: Truth, data: xr.Dataset, copies: int = 200) -> xr.DataTree:
    """Return a fit that knows the true values; in each copy other people's sessions are taken for those not had."""
    names, dims = list(truth.theta), ("chain", "draw")
    beta = [truth.beta[str(label).partition(":")[0]] for label in data["coefficient"].values]
    variables = {
        "mu": ((*dims, "parameter"), np.tile([truth.mu[name] for name in names], (1, copies, 1))),
        "theta": ((*dims, "parameter", "person"), np.tile(list(truth.theta.values()), (1, copies, 1, 1))),
        "beta": ((*dims, "coefficient"), np.tile(beta, (1, copies, 1))),
    }
    posterior = xr.Dataset(variables, {"parameter": names, "coefficient": data["coefficient"].values})
    return xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": posterior})


@cache
def compile_cached(method: str) -> CompiledModel:
    """Compile the model; every study of this size uses it again."""
    generator = np.random.default_rng(0)
    return METHODS[method].compile(MODEL, sessions(draw_truth(True, generator), generator))


def compared(name: str, draws: np.ndarray, true: float) -> dict[str, object]:
    """Return the mean of draws, whether their 90% interval contains the true value, and P(above 0)."""
    low, high = np.quantile(draws, [0.05, 0.95])
    return {
        f"{name} true": true,
        f"{name} mean": float(draws.mean()),
        f"{name} covered": bool(low <= true <= high),
        f"{name} p_above_0": float((draws > 0).mean()),
    }


def study(method: str, effects: bool, seed: int) -> dict[str, object]:
    """Simulate and fit one study, and compare it with its true values."""
    generator = np.random.default_rng(seed if effects else 10_000 + seed)
    truth = draw_truth(effects, generator)
    data = sessions(truth, generator)
    fit = METHODS[method].fit(compile_cached(method), data, Settings(500, 500, 2, seed))
    posterior, result = fit["unconstrained_posterior"].to_dataset(), dict[str, object]()
    for name in RANGES:
        result |= compared(name, posterior["mu"].sel(parameter=name).values, truth.mu[name])
    sd = posterior["sigma"].sel(parameter="symptom_level").values
    result |= compared("symptom_level sd", sd, SD_BETWEEN["symptom_level"])
    found, known = symptom_effects(MODEL, fit), symptom_effects(MODEL, as_fit(truth, data))
    assert found is not None
    assert known is not None
    for path in PATHS:
        true = float(known["effect"].sel(path=path).mean())
        result |= compared(path, found["effect"].sel(path=path).values.ravel(), true)
    return result


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Return one line per quantity: bias, SD of the error, coverage, and how often a direction is found."""
    lines = []
    for name in (column.removesuffix(" true") for column in results if column.endswith(" true")):
        error = results[f"{name} mean"] - results[f"{name} true"]
        beyond = (results[f"{name} p_above_0"] - 0.5).abs() > 0.45
        line = {"quantity": name, "studies": len(results), "bias": error.mean(), "se_bias": error.sem()}
        lines.append(
            line
            | {"sd_error": error.std(), "coverage": results[f"{name} covered"].mean(), "direction_found": beyond.mean()}
        )
    return pd.DataFrame(lines)


def main(folder: Path, studies: int, by_nuts: int) -> None:
    tables = []
    for name, method, effects, count in (
        ("effects", "laplace", True, studies),
        ("none", "laplace", False, studies),
        ("nuts", "nuts", True, by_nuts),
    ):
        results = repeat(folder, name, count, lambda seed, m=method, e=effects: study(m, e, seed))
        tables.append(summary(results).assign(kind=name))
        print(name, tables[-1].round(3).to_string(index=False), sep="\n")
    pd.concat(tables).round(4).to_csv(folder / "symptom.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(sys.argv[k]) if len(sys.argv) > k else count for k, count in ((2, 100), (3, 20))))
