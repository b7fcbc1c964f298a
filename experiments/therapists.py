"""Recovery of differences between therapists, and detection of a formula that omits them.

Can differences between therapists be recovered, and do checks show when a formula omits them? There are ten therapists
with eight people each. Initial trust differs between therapists by an SD of 0.5 (or of 0), and by 0.5 between people of
one therapist. There are 24 sessions and 20 studies, fitted by `laplace`. Criteria: the 90% interval of the SD contains
the true value in at least 16 of 20 studies. Without `(1|therapist)` the check of residual clustering shows the
difference (p below 0.05). With it, and where therapists do not differ, the check shows none.
Usage: `python therapists.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.diagnostics.group_exchangeability import group_clustering
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_likelihood, laplace
from iwm_bayes.model.priors import natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load_model(Path(__file__).parent / "models" / "one_belief.toml")
START, THERAPIST = "availability_start", np.repeat([f"t{index}" for index in range(10)], 8)
FORMULAS = {"with": {START: "1 + (1|therapist)"}, "without": {}}


def sessions(between: float, formula: str, seed: int) -> xr.Dataset:
    """Simulate sessions of people with therapists who differ by an SD of `between`."""
    generator, people = np.random.default_rng(seed), len(THERAPIST)
    theta = {
        START: generator.normal(np.repeat(generator.normal(-0.8, between, 10), 8), 0.5),
        "availability_rate": generator.normal(-2.0, 0.5, people),
        "availability_rating_noise": generator.normal(-2.3, 0.2, people),
    }
    plan = [Phase({"figure": constant_care(0.8)}, 24, assessed=True)]
    data = simulate(MODEL, plan, natural_values(MODEL, theta, ["figure"], people), generator)
    frame = pd.DataFrame({"therapist": THERAPIST}, index=data["person"].values)
    return join_covariates(data, frame, MODEL, FORMULAS[formula], ["therapist"])


@cache
def compile_cached(formula: str) -> CompiledModel:
    """Compile the model with a formula; every study of this size uses it again."""
    return compile_likelihood(MODEL, sessions(0.5, formula, 0))


def study(between: float, seed: int) -> dict[str, object]:
    """Return the SD between therapists, and the clustering of their people with and without the formula."""
    result: dict[str, object] = {}
    for formula in FORMULAS:
        fit = laplace(compile_cached(formula), sessions(between, formula, seed), Settings(500, 500, 2, seed))
        table = group_clustering(MODEL, fit).set_index("parameter")
        result[f"p {formula}"] = float(table.loc[START, "p"])
        if formula == "with":
            low, median, high = fit["unconstrained_posterior"]["sigma_u"].quantile([0.05, 0.5, 0.95]).values
            result |= {"sd": float(median), "covered": bool(low <= between <= high)}
    return result


def main(folder: Path, studies: int) -> None:
    for between in (0.5, 0.0):
        results = repeat(folder, f"therapists-{between:g}", studies, lambda seed, sd=between: study(sd, seed))
        covered = f", its 90% CrI contains the true value in {results['covered'].sum()} of {studies}" if between else ""
        print(f"SD {between:g} between therapists: estimated {results['sd'].median():.2f} (median){covered}")
        for formula in FORMULAS:
            p = results[f"p {formula}"]
            print(f"    {formula} (1|therapist): p below 0.05 in {(p < 0.05).sum()}, median p {p.median():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
