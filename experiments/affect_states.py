"""Momentary self-worth: level of a belief, pulse of prediction errors or trend of the belief.

The data are the confidence ratings of 20 people after rewards (`studies/affect.toml`). Three responses to a delta rule
are compared, each as its source defines it. One is a pulse of the prediction errors about an option; the others are the
level and the trend of one self-worth. Criterion: the log density of the ratings of people who were left out (5 folds).
Each person's own parameters are integrated out by Monte Carlo over the group posterior of the others. The Monte Carlo
standard error is reported.

A second question is whether the pulse of Will et al. (2017) can be recovered: 40 people, 184 trials, slope 0.04,
persistence 0.66. Usage: `python affect_states.py FOLDER [simulated]`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats
from scipy.special import logsumexp

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import read_study_file
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import accumulated_readouts, filter_readouts
from iwm_bayes.filtering.readouts import required_readouts
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import new_people, thin_draws
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, response_values, rule_values

STUDIES = Path(__file__).parent / "studies"
DRAWS, BATCH_SIZE, BATCHES, FOLDS = 800, 2_400, 20, 5  # posterior draws; new people per batch; batches for the MCSE


def rating_log_density(
    model: ModelSpec, values: dict[str, np.ndarray], person: xr.Dataset, n_people: int
) -> np.ndarray:
    """Compute the log density of one person's ratings under the parameters of many people, (people,)."""
    events, figures = np.repeat(event_array(person), n_people, axis=2), person.sizes["figure"]
    response = model.responses["confidence"]
    readouts = required_readouts(response, figures)
    filtered = filter_readouts(model.rule, rule_values(model, values), events, figures, readouts)
    beliefs = dict(zip(readouts, filtered, strict=True))
    p, since = response_values(model, "confidence", values), person["since_any"].values
    arguments = response.arguments(p, *accumulated_readouts(response, p, beliefs, since, figures).values())
    rating, normal = person["answer_confidence"].values, stats.norm(arguments["mu"], arguments["sigma"])
    density = np.select([rating <= 0, rating >= 1], [normal.logcdf(0), normal.logsf(1)], normal.logpdf(rating))
    return np.nansum(np.where(np.isnan(rating), 0.0, density), axis=0)


def leave_people_out(model: ModelSpec, data: xr.Dataset, seed: int) -> list[tuple[float, float]]:
    """Compute each person's log predictive density given the others, and its Monte Carlo standard error."""
    generator = np.random.default_rng(seed)
    parts = np.array_split(generator.permutation(data.sizes["person"]), FOLDS)
    scores, compiled = {}, None
    for fold, part in enumerate(parts):
        others = data.isel(person=np.setdiff1d(np.arange(data.sizes["person"]), part))
        compiled = compiled or compile_model(model, others)
        posterior = nuts(compiled, others, Settings(400, 400, 2, seed + fold))["unconstrained_posterior"].to_dataset()
        sample = thin_draws(posterior, DRAWS).stack(sample=("chain", "draw"))
        for index in part:
            person, batches = data.isel(person=[index]), []
            for _ in range(BATCHES):
                values = new_people(model, sample, figure_names(data), BATCH_SIZE // DRAWS, generator)
                n_people = next(iter(values.values())).shape[-1]
                densities = rating_log_density(model, values, person, n_people)
                batches.append(logsumexp(densities) - np.log(n_people))
            mean = logsumexp(batches) - np.log(BATCHES)
            mcse = np.std(np.exp(np.array(batches) - mean), ddof=1) / np.sqrt(BATCHES)
            scores[int(index)] = (float(mean), float(mcse))
        print(f"    fold {fold + 1} of {FOLDS} done", flush=True)
    return [scores[index] for index in range(data.sizes["person"])]


def fit_and_score(name: str, folder: Path) -> dict[str, Any]:
    """Fit one response to everyone, check convergence, and score each person left out; keep the result in a file."""
    file = folder / f"{name}.json"
    if not file.exists():
        model = load_model(STUDIES / f"affect_{name}.model.toml")
        data = read_data(read_study_file(STUDIES / "affect.toml"), model)
        fit = nuts(compile_model(model, data), data, Settings(draws=1500, random_seed=1))
        checks, mu = check_convergence(fit), fit["unconstrained_posterior"]["mu"].dropna("parameter", how="all")
        labels = map(str, mu["parameter"].values)
        group = {label: mu.sel(parameter=label).quantile([0.05, 0.5, 0.95]).values.tolist() for label in labels}
        scores = leave_people_out(model, data, 1)
        result = {"converged": checks.converged, "reasons": checks.reasons, "group": group, "scores": scores}
        file.write_text(json.dumps(result))
    return json.loads(file.read_text())


def recover_published() -> None:
    """Simulate the pulse of Will et al. (2017) and recover it."""
    model = load_model(STUDIES / "affect_pulse.model.toml")
    truth = {"availability_rate": 0.04, "confidence_slope": 0.04, "confidence_persistence": 0.66}
    others = {"availability_start": 0.5, "confidence_noise": 0.08, "confidence_intercept": 0.23}
    people = {name: np.full(40, value) for name, value in (truth | others).items()}
    groups = {"liked": 0.85, "mostly": 0.7, "rarely": 0.3, "disliked": 0.15}
    data = simulate(model, [Phase({name: constant_care(rate) for name, rate in groups.items()}, 46)], people, 1)
    fit = nuts(compile_model(model, data), data, Settings(random_seed=1))
    print(f"simulated pulse: {'converged' if check_convergence(fit).converged else check_convergence(fit).reasons}")
    unlinks = {"availability_rate": lambda x: 1 / (1 + np.exp(-x)), "confidence_slope": lambda x: x}
    for name, value in truth.items():
        low, median, high = fit["unconstrained_posterior"]["mu"].sel(parameter=name).quantile([0.05, 0.5, 0.95]).values
        unlink = unlinks.get(name, unlinks["availability_rate"])
        print(f"    {name}: {unlink(median):.3f} (90% CrI {unlink(low):.3f} to {unlink(high):.3f}), true value {value}")


def main(folder: Path, simulated: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if simulated:
        recover_published()
        return
    scores = {}
    for name in ("level", "pulse", "trend"):
        result = fit_and_score(name, folder)
        scores[name], errors = np.array(result["scores"]).T
        print(f"{name}: {'converged' if result['converged'] else '; '.join(result['reasons'])}", end="; ")
        print(f"ELPD {scores[name].sum():.1f} (MCSE {np.hypot.reduce(errors):.1f})")
        for label, (low, median, high) in result["group"].items():
            print(f"    {label}: {median:.3f} (90% CrI {low:.3f} to {high:.3f})")
    best = max(scores, key=lambda name: scores[name].sum())
    for name in scores.keys() - {best}:
        difference = scores[best] - scores[name]
        error = difference.std(ddof=1) * len(difference) ** 0.5
        print(f"ELPD of {best} minus {name}: {difference.sum():.1f} (SE {error:.1f})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), len(sys.argv) > 2)
