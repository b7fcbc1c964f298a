"""Posterior means of the example by both engines: `python benchmarks/engines.py [draws]`.

The example study that `iwm demo` fits is sampled by the fast and by the plain engine with different seeds. Printed are
the differences of posterior means in units of their Monte-Carlo error, the largest and the average by variable, and
processor seconds. Two exact samplers differ by less than 4 such errors nearly always; the average is near 0.8.
"""

import sys
import time
from importlib import resources

import arviz as az
import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.filtering.engine_choice import ENGINE_NAMES, using_engine
from iwm_bayes.inference.fit import fit
from iwm_bayes.workflow.load import load_study_and_data


def posterior(engine: str, draws: int, seed: int) -> xr.Dataset:
    """Return the posterior of the example by an engine; print its status and processor seconds."""
    with resources.as_file(resources.files("iwm_bayes") / "example") as example:
        loaded = load_study_and_data(example / "study.toml", None)
    began = time.process_time()
    with using_engine(engine):
        sampled = fit(loaded.model, loaded.data, draws=draws, random_seed=seed)
    print(f"{engine}: {check_convergence(sampled).status}, {time.process_time() - began:.0f} processor seconds")
    return sampled["unconstrained_posterior"].to_dataset()


def distances(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Return differences of posterior means in Monte-Carlo errors."""
    error = np.sqrt(az.mcse(one) ** 2 + az.mcse(other) ** 2)
    return np.abs(one.mean(("chain", "draw")) - other.mean(("chain", "draw"))) / error


def main() -> None:
    """Print how far apart the engines are."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 750
    apart = distances(*(posterior(engine, draws, seed) for seed, engine in enumerate(ENGINE_NAMES, start=1)))
    for name, values in apart.items():
        known = values.values[np.isfinite(values.values)]
        print(f"{name:12} largest {known.max():.2f}   average {known.mean():.2f}   of {known.size}")


if __name__ == "__main__":
    main()
