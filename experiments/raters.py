"""Two raters of one outcome: the bias of a learning rate that is fitted to one rater's scores, and its correction.

60 people learn at rate 0.15 from the latent outcomes of 24 sessions. The patient and an observer rate each session with
a reliability of 0.6: the SD of an error is sqrt(0.4 / 0.6) times that of outcomes. The patient's ratings lean to the
expectation by 0.3. Each study is fitted four times by `laplace`: with the true outcomes, with the scores of one of the
raters in their place, and with both raters of a latent outcome. How far is the rate of the median person from the rate
with the true outcomes, and which share of that bias is gone? How often do 90% intervals hold the true values?
By `nuts`, only the fit with both raters is made, with fewer draws than usual.

`python raters.py FOLDER [STUDIES] [METHOD]` writes `raters/METHOD.csv` next to this file: one row per quantity.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from repeat import repeat

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, CompiledModel, Settings
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters

PLAIN = load_model(Path(__file__).parent / "models" / "rated.toml")
RATED = model_with_raters(PLAIN, raters(["patient", "observer"]))
N_PEOPLE, RELIABILITY, SD_BETWEEN = 60, 0.6, 0.4
PHASES = [Phase({"therapist": constant_care(1.0)}, 24, assessed=True)]
TRUTH = {  # of the median person
    "availability_start": 0.3,
    "availability_rate": 0.15,
    "responsiveness": 0.6,
    "responsiveness_variation": 1.0,
    "availability_rating_noise": 0.1,
    "outcome_patient_bias": -0.05,
    "outcome_patient_slope": 0.9,
    "outcome_patient_lean": 0.3,
}
SETTINGS = {"nuts": Settings(draws=250, tune=300)}  # shorter than a study would be fitted: see the statuses
SCORES = ("observer's scores", "patient's scores")
DIFFERING = ("availability_start", "availability_rate", "responsiveness")


def true_parameters(generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the true parameters by name, (person,); the noise of both raters follows from their reliability."""
    people = {name: np.full(N_PEOPLE, value) for name, value in TRUTH.items()}
    link, unlink = LINKS["unit"]
    for name in DIFFERING:
        people[name] = unlink(link(people[name]) + SD_BETWEEN * generator.normal(size=N_PEOPLE))
    return people | {f"outcome_{rater}_noise": np.full(N_PEOPLE, true_noise()) for rater in ("patient", "observer")}


@cache
def true_noise() -> float:
    """Return the SD of an error at which ratings of outcomes have the reliability, over people and sessions."""
    deviates = np.random.default_rng(0).normal(size=(2, 1_000_000))
    link, unlink = LINKS["unit"]
    outcomes = unlink(
        link(np.float64(TRUTH["responsiveness"])) + np.array([SD_BETWEEN, TRUTH["responsiveness_variation"]]) @ deviates
    )
    return float(outcomes.std() * np.sqrt((1.0 - RELIABILITY) / RELIABILITY))


def with_scores(data: xr.Dataset, scores: xr.DataArray) -> xr.Dataset:
    """Return the data of the model without raters, with scores in place of outcomes."""
    outcome = scores.where(data["observed"], 0.0)
    return data.assign(outcome=outcome, rated=0.0 * data["rated"]).drop_vars(
        ["answer_outcome_patient", "answer_outcome_observer"]
    )


@cache
def compiled(method: str, rated: bool) -> CompiledModel:
    """Compile the model with or without raters; every study uses it again."""
    data = simulate(RATED, PHASES, true_parameters(np.random.default_rng(0)), 0)
    return METHODS[method].compile(*((RATED, data) if rated else (PLAIN, with_scores(data, data["outcome"]))))


def study(method: str, seed: int) -> dict[str, object]:
    """Return the rate of the median person by four fits, and where the truth lies in the posterior of the last."""
    generator = np.random.default_rng(seed)
    data = simulate(RATED, PHASES, true_parameters(generator), generator)
    settings = SETTINGS.get(method, Settings())._replace(random_seed=seed)
    result: dict[str, object] = {"seed": seed}
    sources = {"true outcomes": data["outcome"]}
    sources |= {f"{rater}'s scores": data[f"answer_outcome_{rater}"] for rater in ("observer", "patient")}
    if method == "laplace":
        for name, scores in sources.items():
            fit = METHODS[method].fit(compiled(method, False), with_scores(data, scores), settings)
            result[name] = median_rate(fit)
    fit = METHODS[method].fit(compiled(method, True), data, settings)
    result |= {"both raters": median_rate(fit), "status": check_convergence(fit).status}
    for name, parameter in parameters(RATED).items():
        if parameter.fixed is None:
            draws = fit["unconstrained_posterior"]["mu"].sel(parameter=name).values
            natural = LINKS[parameter.support][1](draws)
            result |= {f"median {name}": float(np.median(natural))}
            result |= {f"place {name}": float((natural < TRUTH.get(name, true_noise())).mean())}
    return result


def median_rate(fit: xr.DataTree) -> float:
    """Return the posterior median of the rate of the median person."""
    mu = fit["unconstrained_posterior"]["mu"].sel(parameter="availability_rate")
    return float(LINKS["unit"][1](np.median(mu.values)))


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Make one row per fit of the rate, and one per parameter of the fit with both raters."""
    rows = []
    for name in ("true outcomes", "observer's scores", "patient's scores", "both raters"):
        if name in results:
            rows.append(row(f"availability_rate from {name}", results[name], TRUTH["availability_rate"]))
    for name in (column.removeprefix("median ") for column in results if column.startswith("median ")):
        inside = results[f"place {name}"].between(0.05, 0.95).sum()
        rows.append(row(name, results[f"median {name}"], TRUTH.get(name, true_noise())) | {"covered": inside})
    return pd.DataFrame(rows).assign(studies=len(results))


def row(name: str, medians: pd.Series, truth: float) -> dict[str, object]:
    """Compare posterior medians of all studies with the true value."""
    error = medians.std(ddof=1) / np.sqrt(len(medians))
    return {"quantity": name, "true": truth, "mean": medians.mean(), "bias": medians.mean() - truth, "se": error}


def main(folder: Path, studies: int, method: str) -> None:
    results = repeat(folder, f"raters-{method}", studies, lambda seed: study(method, seed))
    table = summary(results).round(4)
    out = Path(__file__).parent / "raters" / f"{method}.csv"
    out.parent.mkdir(exist_ok=True)
    table.to_csv(out, index=False)
    print(table.to_string(index=False))
    print(results["status"].value_counts().to_string())
    if "observer's scores" in results:
        for reference, true in (("truth", TRUTH["availability_rate"]), ("true outcomes", results["true outcomes"])):
            biases = {name: float((results[name] - true).mean()) for name in (*SCORES, "both raters")}
            for name in SCORES:
                gone = 1.0 - abs(biases["both raters"] / biases[name])
                said = f"bias with {name} against the {reference}: {biases[name]:+.4f}, with both raters"
                print(f"{said} {biases['both raters']:+.4f}: {gone:.0%} of it is gone")


if __name__ == "__main__":
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    main(Path(sys.argv[1]), number, sys.argv[3] if len(sys.argv) > 3 else "laplace")
