"""The shipped example: simulated people with a caregiver and then a therapist.

People with a known working model meet a caregiver and then a therapist. The question is how many sessions with the
therapist pass until earned security. The true values are known, so that the answer can be judged. The script writes the
sessions, their study and the true parameters: `python example_sessions.py FOLDER [SEED]`.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from iwm_bayes.data.dataset import to_table
from iwm_bayes.model.priors import LINKS, free_parameters, from_offset, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import intermittent, rupture_and_repair
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

N_PEOPLE, SD_BETWEEN, SEED = 40, 0.5, 1
MEDIANS = {  # median person, natural scale; the between-person SD is SD_BETWEEN on the link scale
    "availability_start": 0.35,
    "availability_rate": 0.15,
    "worth_start": 0.35,
    "worth_rate": 0.15,
    "availability_rating_noise": 0.08,
    "worth_rating_noise": 0.08,
    "approach_bias": 1.5,
    "approach_sensitivity": 1.0,
}
PHASES = [
    Phase({"caregiver": intermittent(low=0.1, high=0.5, every=3)}, 8, assessed=True),
    Phase({"therapist": rupture_and_repair(rate=0.95, every=5)}, 24, assessed=True),
]
STUDY = """# Simulated sessions with known truth, made by experiments/example_sessions.py
schema = 2
name   = "example"
data   = "sessions.csv"
model  = "rescorla_wagner"

[columns]
person  = "person"
session = "session"
figure  = "figure"
outcome = { column = "outcome", missing = "unseen" }

[responses]
availability_rating = { column = "availability_rating", commensurable = true }
worth_rating        = { column = "worth_rating", commensurable = true }
approach            = { column = "approach" }
"""


def draw_truth(model: ModelSpec, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the true parameters by name, (person,)."""
    theta = {}
    for free in free_parameters(model, ["caregiver", "therapist"]):
        mu = float(LINKS[free.parameter.support][0](np.float64(MEDIANS[free.name])))
        offset = generator.normal(size=N_PEOPLE) * (free.parameter.pooling != "complete")
        theta[free.label] = from_offset(mu, SD_BETWEEN, offset)
    return natural_values(model, theta, ["caregiver", "therapist"], N_PEOPLE)


def main(folder: Path, seed: int) -> None:
    model, generator = load_model("rescorla_wagner"), np.random.default_rng(seed)
    truth = draw_truth(model, generator)
    folder.mkdir(parents=True, exist_ok=True)
    to_table(simulate(model, PHASES, truth, generator)).round(3).to_csv(folder / "sessions.csv", index=False)
    pd.DataFrame(truth).round(6).to_csv(folder / "truth.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
