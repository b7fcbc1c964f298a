"""Parameter recovery of dyads: couples, and therapists with several patients.

40 couples have 30 exchanges; each partner gives support or not, and rates security. Ten therapists have eight patients
each, and 20 sessions. Patients make a bid or not, and rate openness; therapists care or not, and rate the felt pull and
what they expect. The therapists' pull, bias of care and initial belief vary between therapists. Populations are drawn
from the priors. A study holds the true value of each quantity and its 90% interval.

There is one file per study, so a rerun does only what is missing:
`python dyads_recovery.py FOLDER [STUDIES] [METHOD] [DESIGN]` prints the table and writes it as DESIGN-METHOD.csv there.
"""

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.dyads.actor_partner import actor_partner, effect_answers, true_effects
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.dyads import empty_dyads, simulate_dyads
from iwm_bayes.simulation.population import Population, draw_population_of
from iwm_bayes.types import Member, ModelSpec

COUPLE = {role: Member(load_model("partner"), "support") for role in ("wife", "husband")}
THERAPY = {
    "patient": Member(load_model("seeker"), "care"),
    "therapist": Member(load_model("carer"), "openness", bids="bid"),
}
VARYING = ("therapist_pull", "therapist_care_bias", "therapist_availability_start")  # between therapists
N_THERAPISTS, N_PATIENTS = 10, 8
DESIGNS = {"couples": (COUPLE, 40, 30), "therapists": (THERAPY, N_THERAPISTS * N_PATIENTS, 20)}


def model_of(design: str) -> ModelSpec:
    """Return the model of a design; `laplace` needs independent parameters."""
    return dyad_model(DESIGNS[design][0], correlated=False)


def with_therapists(design: str, data: xr.Dataset) -> xr.Dataset:
    """Return the data with the therapists of the dyads, where the design has them."""
    if design != "therapists":
        return data
    names = [f"t{index // N_PATIENTS + 1:02d}" for index in range(data.sizes["person"])]
    frame = pd.DataFrame({"therapist": names}, index=data["person"].values)
    return join_covariates(data, frame, model_of(design), dict.fromkeys(VARYING, "1 + (1|therapist)"), ["therapist"])


def simulated(design: str, seed: int) -> tuple[Population, xr.Dataset]:
    """Draw a population and its dyads from the priors, and simulate their exchanges."""
    model, (_, dyads, exchanges) = model_of(design), DESIGNS[design]
    generator = np.random.default_rng([seed, list(DESIGNS).index(design)])
    truth = draw_population_of(model, with_therapists(design, empty_dyads(model, exchanges, dyads)), generator)
    return truth, with_therapists(design, simulate_dyads(model, exchanges, truth.values, generator))


@cache
def compile_cached(design: str, method: str) -> CompiledModel:
    """Compile the model of a design; every study of this size uses it again."""
    return METHODS[method].compile(model_of(design), simulated(design, 0)[1])


def quantities(truth: Population, draws: xr.Dataset) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yield every group-level quantity: its name, its true value, and its posterior (sample,), on the link scale."""
    for name, value in truth.mu.items():
        yield name, value, draws["mu"].sel(parameter=name).values
    for name, value in truth.sigma.items():
        yield f"SD of {name}", value, draws["sigma"].sel(parameter=name).values
    for name, value in truth.sigma_u.items():
        yield f"SD of {name}", value, draws["sigma_u"].sel(group=name).values


def effect_quantities(model: ModelSpec, truth: Population, fit: xr.DataTree) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yield the effects of members on both members' acts: name, true value, posterior (sample,); natural scale."""
    true = true_effects(model, fit["constant_data"].to_dataset(), truth.values).mean("person")
    for name, draws in effect_answers(actor_partner(model, fit)).items():
        role, effect = draws["role"].item(), draws["effect"].item()
        yield name, float(true.sel(role=role, effect=effect)), draws.values.ravel()


def summary(value: float, draws: np.ndarray) -> dict[str, float]:
    """Return a true value with the mean and the 90% interval of its posterior."""
    low, high = np.quantile(draws, [0.05, 0.95])
    return {"truth": float(value), "mean": float(draws.mean()), "low": float(low), "high": float(high)}


def study(design: str, method: str, seed: int) -> dict[str, object]:
    """Simulate and fit one study."""
    truth, data = simulated(design, seed)
    fit = METHODS[method].fit(compile_cached(design, method), data, Settings(random_seed=seed))
    draws = fit["unconstrained_posterior"].to_dataset().stack(sample=("chain", "draw"))
    effects = effect_quantities(model_of(design), truth, fit)
    found = {name: summary(value, own) for name, value, own in (*quantities(truth, draws), *effects)}
    return {"converged": bool(check_convergence(fit).converged), "quantities": found}


def recovery(studies: pd.DataFrame) -> pd.DataFrame:
    """Return one line per quantity: correlation of truth and estimate over studies, and coverage of 90% intervals."""
    lines = []
    for name in studies["quantities"].iloc[0]:
        own = pd.DataFrame([one[name] for one in studies["quantities"]])
        covered = (own["low"] <= own["truth"]) & (own["truth"] <= own["high"])
        line: Mapping[str, object] = {
            "quantity": name,
            "studies": len(own),
            "converged": int(studies["converged"].sum()),
            "covered": int(covered.sum()),
            "coverage": covered.mean(),
            "r": own["truth"].corr(own["mean"]),
            "bias": (own["mean"] - own["truth"]).mean(),
            "width": (own["high"] - own["low"]).mean(),
        }
        lines.append(line)
    return pd.DataFrame(lines)


def main(folder: Path, studies: int, method: str, designs: list[str]) -> None:
    for design in designs:
        results = repeat(folder, f"{design}-{method}", studies, lambda seed, own=design: study(own, method, seed))
        table = recovery(results)
        print(f"{design} by {method}\n{table.round(2).to_string(index=False)}\n")
        table.round(4).to_csv(folder / f"{design}-{method}.csv", index=False)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(Path(given[1]), int(given.get(2, 100)), given.get(3, "laplace"), [given[4]] if 4 in given else list(DESIGNS))
