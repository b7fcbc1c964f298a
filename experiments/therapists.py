"""Can differences between therapists be found, and does it show when a formula forgets them?

Ten therapists with eight people each, whose starting trust differs between therapists by an sd of .5 (and of 0), by
.5 between people of one therapist; 24 sessions, 20 studies, by `laplace`. Decided by: the 90 % interval of the sd
holds the truth in at least 16 of 20; without `(1|therapist)` the predictive check of likeness shows it (p below .05),
with it, and where therapists do not differ, it does not. `python therapists.py FOLDER [STUDIES]`.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.formulas import join
from iwm_bayes.diagnostics.group_exchangeability import likeness
from iwm_bayes.inference.fit import Compiled, Settings, compile_likelihood, laplace
from iwm_bayes.model.model_file import load
from iwm_bayes.model.priors import values
from iwm_bayes.simulation.care import steady
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load(Path(__file__).parent / "theories" / "one_belief.toml")
START, THERAPIST = "availability_start", np.repeat([f"t{index}" for index in range(10)], 8)
FORMULAS = {"with": {START: "1 + (1|therapist)"}, "without": {}}


def sessions(between: float, formula: str, seed: int) -> xr.Dataset:
    """Simulated sessions of people with therapists who differ by an sd of `between`."""
    generator, people = np.random.default_rng(seed), len(THERAPIST)
    levels = {
        START: generator.normal(np.repeat(generator.normal(-0.8, between, 10), 8), 0.5),
        "availability_rate": generator.normal(-2.0, 0.5, people),
        "availability_rating_noise": generator.normal(-2.3, 0.2, people),
    }
    plan = [Phase({"figure": steady(0.8)}, 24, assessed=True)]
    data = simulate(MODEL, plan, values(MODEL, levels, ["figure"], people), generator)
    frame = pd.DataFrame({"therapist": THERAPIST}, index=data["person"].values)
    return join(data, frame, MODEL, FORMULAS[formula], ["therapist"])


@cache
def ready(formula: str) -> Compiled:
    return compile_likelihood(MODEL, sessions(0.5, formula, 0))


def study(between: float, seed: int) -> dict[str, object]:
    """The sd between therapists, and how alike people of one are with and without the formula."""
    found: dict[str, object] = {}
    for formula in FORMULAS:
        fit = laplace(ready(formula), sessions(between, formula, seed), Settings(500, 500, 2, seed))
        table = likeness(MODEL, fit).set_index("parameter")
        found[f"p {formula}"] = float(table.loc[START, "p"])
        if formula == "with":
            low, middle, high = fit["posterior"]["group_spread"].quantile([0.05, 0.5, 0.95]).values
            found |= {"sd": float(middle), "held": bool(low <= between <= high)}
    return found


def main(folder: Path, studies: int) -> None:
    for between in (0.5, 0.0):
        found = repeat(folder, f"therapists-{between:g}", studies, lambda seed, sd=between: study(sd, seed))
        held = f", its interval held the truth in {found['held'].sum()} of {studies}" if between else ""
        print(f"sd {between:g} between therapists: estimated {found['sd'].median():.2f} (median){held}")
        for formula in FORMULAS:
            p = found[f"p {formula}"]
            print(f"    {formula} (1|therapist): p below .05 in {(p < 0.05).sum()}, median p {p.median():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20)
