"""Bias of the learning rate from unrecorded outcomes.

Do lost forms bias a learning rate? Ten studies of the Rescorla-Wagner model are fitted as a whole, and again with 40%
of outcomes unrecorded. Unrecorded outcomes teach with the mean of what the person recorded about that figure.
Criterion: the average estimated rate divided by the average true rate is within 10% of 1. There is one file per study:
`python unrecorded.py FOLDER`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from recovery import FIGURES, N_PEOPLE, PHASES, ratings_only

from iwm_bayes.data.unrecorded import fill_unrecorded
from iwm_bayes.inference.fit import CompiledModel, Settings, compile_model, nuts
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.draws import person_parameters
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import simulate

STUDIES = range(1, 11)
MISSING, RATES = 0.4, ("availability_rate", "worth_rate")


def lose_forms(data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Return the same study after 40% of the forms were lost."""
    lost = (generator.random(data["observed"].shape) < MISSING) & data["observed"].values
    return fill_unrecorded(data.assign(unrecorded=(data["observed"].dims, lost)))


def study(compiled: CompiledModel, seed: int) -> dict[str, list[float]]:
    """Return average rates: true, estimated from all outcomes, estimated after the loss."""
    generator = np.random.default_rng(seed)
    truth = draw_people(compiled.model, FIGURES, N_PEOPLE, generator, sigma=0.5)
    truth |= {name: np.full(N_PEOPLE, 0.1) for name in truth if name.endswith("_rating_noise")}
    data = simulate(compiled.model, PHASES, truth, generator)
    whole, lossy = (
        person_parameters(compiled.model, nuts(compiled, some, Settings(random_seed=seed)))
        for some in (data, lose_forms(data, generator))
    )
    return {name: [float(part[name].mean()) for part in (truth, whole, lossy)] for name in RATES}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model = ratings_only(load_model("rescorla_wagner"))
    missing = [seed for seed in STUDIES if not (folder / f"{seed}.json").exists()]
    example = simulate(model, PHASES, draw_people(model, FIGURES, N_PEOPLE, np.random.default_rng(0)), 0)
    compiled = compile_model(model, example) if missing else None
    for seed in missing:
        (folder / f"{seed}.json").write_text(json.dumps(study(compiled, seed)))
        print(f"study {seed} done", flush=True)
    results = pd.DataFrame(json.loads((folder / f"{seed}.json").read_text()) for seed in STUDIES)
    for name in RATES:
        true, whole, lossy = np.array(results[name].tolist()).T
        ratios = lossy / true - 1
        error = ratios.std(ddof=1) / len(ratios) ** 0.5
        print(f"{name}: bias {whole.mean() / true.mean() - 1:+.1%} whole, {lossy.mean() / true.mean() - 1:+.1%} lossy")
        print(f"  lossy, by study {ratios.mean():+.1%} (SE {error:.1%})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
