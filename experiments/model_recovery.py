"""Model recovery in a study of ordinary size.

Can the models be distinguished at all? There are six models: two associative ones, two that weigh by uncertainty and
two of joint inference. Each generates studies of 60 people. These people meet two figures 20 times each and rate both
beliefs after every outcome. All six models are fitted to each study by `laplace`, and the model with the highest
evidence of the study is selected. The two null models take part as rivals. `growth` also generates studies: on its data
no learning model may be selected. One study per model, made before all others (seed 0), shows the difference to expect
for each pair. Where that is above 3 nats, the diagonal must reach 0.7.

Usage: `python model_recovery.py FOLDER expect`, then `python model_recovery.py FOLDER recover [STUDIES]`; resumable.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.diagnostics.permutation_test import posed
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

MAKERS = ("rescorla_wagner", "dual_rate", "kalman", "conjugate_beta", "compensatory", "noisy_and", "growth")
RIVALS = (*MAKERS, "static")
PEOPLE, PLAN = 60, [Phase({"friend": constant_care(0.7), "therapist": constant_care(0.6)}, 20)]


def theory(name: str) -> ModelSpec:
    """Return a built-in model with both ratings as its responses."""
    model = load_model(name)
    ratings = {key: model.responses[key] for key in ("availability_rating", "worth_rating")}
    return model._replace(responses=ratings)


def study(maker: str, seed: int) -> xr.Dataset:
    """Simulate people from a model's prior, in two relationships."""
    return simulate(theory(maker), PLAN, PEOPLE, np.random.default_rng([seed, MAKERS.index(maker)]))


@cache
def ready(name: str) -> CompiledModel:
    return compile_likelihood(theory(name), study(MAKERS[0], 0))


def weighed(name: str, data: xr.Dataset) -> float:
    """Return a model's log evidence of a study."""
    problem = posed(ready(name), data)
    return log_evidence(problem, find_mode(problem))


def judged(folder: Path, maker: str, seed: int) -> dict[str, float]:
    """Return every rival's evidence of one study; each is saved as soon as it is computed."""
    file = folder / f"{maker}-{seed}.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    for rival in [name for name in RIVALS if name not in found]:
        found[rival] = weighed(rival, study(maker, seed))
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(found))
        draft.rename(file)
        print(f"{maker}, study {seed}: {rival} {found[rival]:.1f}", flush=True)
    return found


def main(folder: Path, what: str, studies: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if what == "expect":
        rows = {maker: judged(folder, maker, 0) for maker in MAKERS}
        lost = {maker: {rival: row[maker] - row[rival] for rival in RIVALS} for maker, row in rows.items()}
        table = pd.DataFrame(lost).T
    else:
        rows = {(maker, seed): judged(folder, maker, seed) for seed in range(1, studies + 1) for maker in MAKERS}
        made = pd.Series([maker for maker, _ in rows], name="generating")
        won = pd.Series([max(row, key=lambda name, row=row: row[name]) for row in rows.values()], name="selected")
        table = pd.crosstab(made, won, normalize="index")
        print("Inversion: generating models, given the selected model", (table / table.sum()).round(2), sep="\n\n")
    table.round(3).to_csv(folder / f"{what}.csv")
    print(table.round(2).to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5)
