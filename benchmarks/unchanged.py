"""Numbers that a change of names and places must leave as they are: `python benchmarks/unchanged.py [check]`.

Without a word it records them in `unchanged/numbers.json`; with `check` it computes them again and compares:

    log density and gradient of six models at fixed points     1e-12, relative to their size
    the group summary of the example by `laplace`              1e-8
    ELPD of three models, by unit                              1e-8
    one SBC study                                              1e-8
    one row of the prediction matrix                           1e-12

The example's data are a copy of its own, everything is on one core, and seeds are fixed.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.compare import compare
from iwm_bayes.data.study import StudySpec
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.base import set_model_data
from iwm_bayes.inference.fit import Settings, compile_likelihood, fit
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.model.build import build
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.validation import sbc
from iwm_bayes.validation.prediction_matrix import decide_prediction, load_predictions
from iwm_bayes.workflow.load import load_data

HERE = Path(__file__).parent / "unchanged"
SIX = ("rescorla_wagner", "kalman", "hgf", "compensatory", "latent_cause", "leaky_beta")
EXACT, NEAR = 1e-12, 1e-8
RATINGS, CHOICES = ("availability_rating", "worth_rating"), ("approach",)


def example(name: str) -> tuple[Any, Any]:
    """A model and the example's data as it reads them."""
    study = StudySpec.model_validate(
        {
            "name": "example",
            "data": HERE / "sessions.csv",
            "model": name,
            "columns": {
                "person": "person",
                "session": "session",
                "figure": "figure",
                "outcome": {"column": "outcome", "missing": "unseen"},
            },
            "responses": {response: {"column": response} for response in CHOICES}
            | {response: {"column": response, "commensurable": True} for response in RATINGS},
        }
    )
    return load_data(study)


def density(name: str) -> list[float]:
    """Log density and gradient at three points around where chains begin, as the sampler has them."""
    model, data = example(name)
    pilot = pilot_fit(compile_likelihood(model, data), data)
    graph = build(model, data)
    set_model_data(graph, model, data, pilot)
    point = graph.initial_point()
    begin = [point[variable.name] for variable in graph.value_vars]
    function = graph.logp_dlogp_function(initial_point=point, ravel_inputs=True, mode="NUMBA")
    flat, generator, found = np.concatenate([value.ravel() for value in begin]), np.random.default_rng(1), []
    for scale in (0.0, 0.1, 0.5):
        value, slope = function(flat + scale * generator.normal(size=flat.shape))
        found += [float(value), *map(float, slope)]
    return found


def summary() -> list[float]:
    """Every number of the group summary."""
    model, data = example("rescorla_wagner")
    table = group_summary(model, fit(model, data, "laplace", random_seed=1))
    return [float(x) for x in table.select_dtypes("number").to_numpy().ravel()]


def elpd() -> list[float]:
    """ELPD, difference, its error, weight and MCSE by unit, from fits by `laplace`."""
    fits = []
    for name in ("rescorla_wagner", "growth", "static"):
        model, data = example(name)
        fits.append(FittedModel(model, fit(model, data, "laplace", random_seed=1)))
    found = compare(fits, method="laplace", settings=Settings(random_seed=1), mixture=False)
    tables = [found.rankings[unit] for unit in ("loo", "lfo_1", "lfo_4", "loso")]
    return [float(x) for table in tables for x in table.select_dtypes("number").to_numpy().ravel()]


def calibration() -> list[float]:
    """The ranks of one study, in 0..1."""
    ready = sbc.compile_study(load_model("rescorla_wagner"), 12, 6)
    found = sbc.simulate_and_rank(ready, ready.model, sbc.SbcDesign(12, 6), np.random.default_rng(3))
    return [float(x) for x in found["ranks"].values()]


def matrix() -> list[float]:
    """Shares, errors and medians of the first prediction."""
    table = decide_prediction(next(load_predictions()), 200).shares
    return [float(x) for x in table[["share", "se", "median"]].to_numpy().ravel()]


def numbers() -> dict[str, tuple[list[float], float]]:
    """All numbers by name, each with the largest difference that is allowed."""
    found = {f"density {name}": (density(name), EXACT) for name in SIX}
    rest = {"summary": (summary, NEAR), "elpd": (elpd, NEAR), "sbc": (calibration, NEAR), "matrix": (matrix, EXACT)}
    return found | {name: (function(), tolerance) for name, (function, tolerance) in rest.items()}


def furthest(now: list[float], then: list[float]) -> float:
    """The largest difference, relative to sizes above 1; infinite where there are more or fewer numbers."""
    if len(now) != len(then):
        return np.inf
    one, other = np.array(now), np.array(then)
    both = np.isnan(one) & np.isnan(other)
    return float(np.where(both, 0.0, np.abs(one - other) / np.maximum(1.0, np.abs(other))).max())


def main() -> int:
    record, found, failed = HERE / "numbers.json", numbers(), 0
    if sys.argv[1:] != ["check"]:
        record.write_text(json.dumps({name: values for name, (values, _) in found.items()}) + "\n", encoding="utf-8")
        return 0
    then = json.loads(record.read_text(encoding="utf-8"))
    for name, (values, tolerance) in found.items():
        difference = furthest(values, then[name])
        print(f"{name}: {len(values)} numbers, largest difference {difference:.1e}, allowed {tolerance:g}")
        failed += not difference <= tolerance
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
