"""Belief noise: is it recovered, and what does a learning rate lose when it is ignored?

60 people meet a therapist in 24 sessions one unit of time apart, whose outcomes are 0 or 1 (chance 0.6), and rate what
they expect after each. They learn by a delta rule (median rate 0.12), and each belief also moves by itself with an SD
of 0.05 per session. Ratings have an SD of 0.06. Each study is fitted with and without belief noise, and with it where
there is none (in truth 0). Criteria: 90% intervals of the group's learning rate, belief noise and rating SD cover in 82
to 96% of the studies; the learning rate is biased without belief noise, and within two standard errors of 0 with it.

Usage: `python belief_noise.py FOLDER [STUDIES] [STUDIES_BY_NUTS]`; a rerun does only what is missing.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.additions import with_added
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.prior_arguments import with_priors
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters

PLAIN = with_priors(
    load_model(Path(__file__).parent / "models" / "one_belief.toml"),
    {"availability_rating_noise": {"pooling": "complete"}},
)
MOVING = with_added(PLAIN, ["belief_noise"])
N_PEOPLE, PHASES = 60, [Phase({"therapist": constant_care(0.6)}, 24)]
RATE, NOISE, RATING_SD, START = 0.12, 0.05, 0.06, 0.4
SDS = {"availability_rate": 0.4, "availability_start": 0.5}  # between people, log-odds
TRUTH = {"availability_rate": RATE, "availability_belief_noise": NOISE, "availability_rating_noise": RATING_SD}
MODELS = {"modelled": MOVING, "ignored": PLAIN}


def simulated(seed: int, noise: float) -> xr.Dataset:
    """Simulate one study."""
    rng, (link, unlink) = np.random.default_rng([seed, 11]), LINKS["unit"]
    medians = {"availability_rate": RATE, "availability_start": START}
    truth = {name: unlink(link(own) + SDS[name] * rng.normal(size=N_PEOPLE)) for name, own in medians.items()}
    shared = {"availability_belief_noise": noise, "availability_rating_noise": RATING_SD}
    shared |= {"availability_rating_intercept": 0.0, "availability_rating_slope": 1.0}
    return simulate(MOVING, PHASES, truth | {name: np.full(N_PEOPLE, own) for name, own in shared.items()}, rng)


@cache
def compiled(name: str, method: str) -> CompiledModel:
    """Compile a model once; every study of this size uses it."""
    return METHODS[method].compile(MODELS[name], simulated(0, NOISE))


def study(seed: int, method: str, noise: float) -> dict[str, object]:
    """Simulate a study and fit it with and without belief noise; return medians and 90% intervals of the group."""
    data, found = simulated(seed, noise), dict[str, object](seed=seed)
    for model, spec in MODELS.items():
        fitted = METHODS[method].fit(compiled(model, method), data, Settings(random_seed=seed, progressbar=False))
        found[f"{model} status"] = check_convergence(fitted).status
        draws = fitted["unconstrained_posterior"]["mu"]
        for name, declared in parameters(spec).items():
            if name in TRUTH:
                unlink = LINKS[declared.support][1]
                low, median, high = unlink(draws.sel(parameter=name).quantile([0.05, 0.5, 0.95]).values)
                found |= {f"{model} {name}": median, f"{model} {name} low": low, f"{model} {name} high": high}
    return found


def print_recovery(results: pd.DataFrame, noise: float) -> None:
    """Print bias and coverage of each parameter, with and without belief noise in the model."""
    for model in MODELS:
        for name, true in (TRUTH | {"availability_belief_noise": noise}).items():
            if (column := f"{model} {name}") not in results:
                continue
            error = results[column] - true
            covers = ((results[f"{column} low"] <= true) & (true <= results[f"{column} high"])).sum()
            se = error.std(ddof=1) / np.sqrt(len(error))
            print(f"  {column}: bias {error.mean():+.4f} (SE {se:.4f}), covered in {covers} of {len(error)}")


def main(folder: Path, studies: int, by_nuts: int) -> None:
    for method, noise, count in (("laplace", NOISE, studies), ("laplace", 0.0, studies // 5), ("nuts", NOISE, by_nuts)):
        if not count:
            continue
        name = f"{method}-{noise:g}"
        found = repeat(folder, name, count, lambda seed, m=method, n=noise: study(seed, m, n))
        found.round(4).to_csv(folder / f"{name}.csv", index=False)
        failed = (found[[f"{model} status" for model in MODELS]] == "not converged").sum().sum()
        print(f"belief noise {noise:g}, {count} studies by {method}: {failed} fits have not converged")
        print_recovery(found, noise)


if __name__ == "__main__":
    counts = [int(text) for text in sys.argv[2:]]
    main(Path(sys.argv[1]), *(counts + [100, 20][len(counts) :]))
