"""Model recovery in a study of ordinary size.

Can the models be distinguished at all? There are eight learning models: two associative ones, two that weigh by
uncertainty, two of joint inference, and two for which it matters what follows a rupture. Each generates studies of 60
people. These people meet two figures 20 times each and rate both beliefs after every outcome. The figures respond with
probability 0.7 and 0.6, so that all people experience ruptures, repaired and unrepaired ones. All eight models are
fitted to each study by `laplace`, and the model with the highest evidence of the study is selected. The two null models
take part as rivals. `growth` also generates studies: on its data no learning model may be selected. One study per
model, simulated before all others (seed 0), shows the difference of log evidence to expect for each pair. Where that is
above 3, the diagonal must reach 0.7.

Usage: `python model_recovery.py FOLDER expect`, then `python model_recovery.py FOLDER recover [STUDIES]`; resumable.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

GENERATING = (
    "rescorla_wagner",
    "dual_rate",
    "kalman",
    "conjugate_beta",
    "compensatory",
    "noisy_and",
    "strain_test",
    "contingent",
    "growth",
)
RIVALS = (*GENERATING, "static")
N_PEOPLE, PHASES = 60, [Phase({"friend": constant_care(0.7), "therapist": constant_care(0.6)}, 20)]


def rating_model(name: str) -> ModelSpec:
    """Return a built-in model with both ratings as its responses."""
    model = load_model(name)
    ratings = {key: model.responses[key] for key in ("availability_rating", "worth_rating")}
    return model._replace(responses=ratings)


def study(generating: str, seed: int) -> xr.Dataset:
    """Simulate people from a model's prior, in two relationships."""
    return simulate(
        rating_model(generating), PHASES, N_PEOPLE, np.random.default_rng([seed, GENERATING.index(generating)])
    )


@cache
def compile_cached(name: str) -> CompiledModel:
    """Compile a model; every study of this size uses it again."""
    return compile_likelihood(rating_model(name), study(GENERATING[0], 0))


def model_evidence(name: str, data: xr.Dataset) -> float:
    """Return a model's log evidence of a study."""
    problem = pose_problem(compile_cached(name), data)
    return log_evidence(problem, find_mode(problem))


def evidence_of_rivals(folder: Path, generating: str, seed: int) -> dict[str, float]:
    """Return every rival's evidence of one study; each is saved as soon as it is computed."""
    file = folder / f"{generating}-{seed}.json"
    evidence = json.loads(file.read_text()) if file.exists() else {}
    for rival in [name for name in RIVALS if name not in evidence]:
        evidence[rival] = model_evidence(rival, study(generating, seed))
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(evidence))
        draft.rename(file)
        print(f"{generating}, study {seed}: {rival} {evidence[rival]:.1f}", flush=True)
    return evidence


def main(folder: Path, what: str, studies: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if what == "expect":
        rows = {generating: evidence_of_rivals(folder, generating, 0) for generating in GENERATING}
        differences = {
            generating: {rival: row[generating] - row[rival] for rival in RIVALS} for generating, row in rows.items()
        }
        table = pd.DataFrame(differences).T
    else:
        keys = [(name, seed) for seed in range(1, studies + 1) for name in GENERATING]
        evidence = [evidence_of_rivals(folder, *key) for key in keys]
        generating = pd.Series([name for name, _ in keys], name="generating")
        selected = pd.Series([max(row, key=row.__getitem__) for row in evidence], name="selected")
        table = pd.crosstab(generating, selected, normalize="index")
        print("Inversion: generating models, given the selected model", (table / table.sum()).round(2), sep="\n\n")
    table.round(3).to_csv(folder / f"{what}.csv")
    print(table.round(2).to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5)
