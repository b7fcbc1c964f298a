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

import numpy as np
import xarray as xr
from scipy import stats
from scipy.special import logsumexp

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import load_study
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import accumulated_readouts, filter_readouts
from iwm_bayes.filtering.readouts import required_readouts
from iwm_bayes.inference.fit import Settings, compile_model, nuts
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.draws import names, new_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, response_values, rule_values

STUDIES = Path(__file__).parent / "studies"
DRAWS, NEWCOMERS, BATCHES, FOLDS = 800, 2_400, 20, 5  # posterior draws; people per batch; batches for the MCSE


def likelihoods(model: ModelSpec, values: dict[str, np.ndarray], person: xr.Dataset, people: int) -> np.ndarray:
    """Return the log density of one person's ratings under the parameters of many people, (people,)."""
    lived, figures = np.repeat(event_array(person), people, axis=2), person.sizes["figure"]
    response = model.responses["confidence"]
    wanted = required_readouts(response, figures)
    found = dict(
        zip(wanted, filter_readouts(model.rule, rule_values(model, values), lived, figures, wanted), strict=True)
    )
    p, since = response_values(model, "confidence", values), person["since_any"].values
    given = response.arguments(p, *accumulated_readouts(response, p, found, since, figures).values())
    said, normal = person["answer_confidence"].values, stats.norm(given["mu"], given["sigma"])
    density = np.select([said <= 0, said >= 1], [normal.logcdf(0), normal.logsf(1)], normal.logpdf(said))
    return np.nansum(np.where(np.isnan(said), 0.0, density), axis=0)


def left_out(model: ModelSpec, data: xr.Dataset, seed: int) -> list[tuple[float, float]]:
    """Return each person's log predictive density given the others, and its Monte Carlo standard error."""
    generator = np.random.default_rng(seed)
    parts = np.array_split(generator.permutation(data.sizes["person"]), FOLDS)
    found, compiled = {}, None
    for fold, part in enumerate(parts):
        others = data.isel(person=np.setdiff1d(np.arange(data.sizes["person"]), part))
        compiled = compiled or compile_model(model, others)
        posterior = nuts(compiled, others, Settings(400, 400, 2, seed + fold))["posterior"].to_dataset()
        for index in part:
            person, batches = data.isel(person=[index]), []
            for _ in range(BATCHES):
                drawn = new_people(model, posterior, names(data), NEWCOMERS // DRAWS, DRAWS, generator)
                count = next(iter(drawn.values())).shape[-1]
                batches.append(logsumexp(likelihoods(model, drawn, person, count)) - np.log(count))
            mean = logsumexp(batches) - np.log(BATCHES)
            spread = np.std(np.exp(np.array(batches) - mean), ddof=1) / np.sqrt(BATCHES)
            found[int(index)] = (float(mean), float(spread))
        print(f"    fold {fold + 1} of {FOLDS} done", flush=True)
    return [found[index] for index in range(data.sizes["person"])]


def judged(name: str, folder: Path) -> dict[str, object]:
    """Check convergence for everyone and score each person left out, for one response; keep the result in a file."""
    file = folder / f"{name}.json"
    if not file.exists():
        model = load_model(STUDIES / f"affect_{name}.theory.toml")
        data = read_data(load_study(STUDIES / "affect.toml"), model)
        fit = nuts(compile_model(model, data), data, Settings(draws=1500, random_seed=1))
        verdict, centre = check_convergence(fit), fit["posterior"]["centre"]
        rows = map(str, centre["row"].values)
        group = {row: centre.sel(row=row).quantile([0.05, 0.5, 0.95]).values.tolist() for row in rows}
        scores = left_out(model, data, 1)
        result = {"passed": verdict.passed, "reasons": verdict.reasons, "group": group, "scores": scores}
        file.write_text(json.dumps(result))
    return json.loads(file.read_text())


def published() -> None:
    """Simulate the pulse of Will et al. (2017) and recover it."""
    model = load_model(STUDIES / "affect_pulse.theory.toml")
    truth = {"availability_rate": 0.04, "confidence_slope": 0.04, "confidence_persistence": 0.66}
    others = {"availability_start": 0.5, "confidence_noise": 0.08, "confidence_intercept": 0.23}
    people = {name: np.full(40, value) for name, value in (truth | others).items()}
    groups = {"liked": 0.85, "mostly": 0.7, "rarely": 0.3, "disliked": 0.15}
    data = simulate(model, [Phase({name: constant_care(rate) for name, rate in groups.items()}, 46)], people, 1)
    fit = nuts(compile_model(model, data), data, Settings(random_seed=1))
    print(f"simulated pulse: {'converged' if check_convergence(fit).passed else check_convergence(fit).reasons}")
    unlink = {"availability_rate": lambda x: 1 / (1 + np.exp(-x)), "confidence_slope": lambda x: x}
    for name, value in truth.items():
        low, middle, high = fit["posterior"]["centre"].sel(row=name).quantile([0.05, 0.5, 0.95]).values
        back = unlink.get(name, unlink["availability_rate"])
        print(f"    {name}: {back(middle):.3f} (90% CrI {back(low):.3f} to {back(high):.3f}), true value {value}")


def main(folder: Path, simulated: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if simulated:
        published()
        return
    scores = {}
    for name in ("level", "pulse", "trend"):
        found = judged(name, folder)
        scores[name], errors = np.array(found["scores"]).T
        print(f"{name}: {'converged' if found['passed'] else '; '.join(found['reasons'])}", end="; ")
        print(f"ELPD {scores[name].sum():.1f} (MCSE {np.hypot.reduce(errors):.1f})")
        for row, (low, middle, high) in found["group"].items():
            print(f"    {row}: {middle:.3f} (90% CrI {low:.3f} to {high:.3f})")
    best = max(scores, key=lambda name: scores[name].sum())
    for name in scores.keys() - {best}:
        apart = scores[best] - scores[name]
        print(f"ELPD of {best} minus {name}: {apart.sum():.1f} (SE {apart.std(ddof=1) * len(apart) ** 0.5:.1f})")


if __name__ == "__main__":
    main(Path(sys.argv[1]), len(sys.argv) > 2)
