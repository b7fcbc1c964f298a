"""The shipped example: simulated patients with a caregiver and then a therapist, in two arms.

Patients with a known working model meet a caregiver, whose care is poor and irregular, and then a therapist. Every
patient has ruptures at sessions of their own. In the repair-focused arm the therapist repairs more of them, and people
learn faster about themselves (`ARM_EFFECT`). The two beliefs differ: self-worth starts lower than availability, and is
learned more slowly in care as usual. People differ so much that some are never secure, and that all four attachment
styles remain at the end.

Patients miss appointments, a few end therapy early, and some ratings are blank; none of this depends on their beliefs.
The question is how many sessions with the therapist pass until earned security. The true values are known, so that the
answer can be judged. The script writes the sessions, the people, their study and the true parameters:
`python example_sessions.py FOLDER [SEED]`.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.dataset import to_table
from iwm_bayes.model.priors import LINKS, free_parameters, from_offset, natural_values
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import Care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

N_PEOPLE, SEED = 40, 1
ARMS = ("care as usual", "repair-focused")  # half of the people each; the first is the reference
FIGURES = ("caregiver", "therapist")
N_SESSIONS = {"caregiver": 8, "therapist": 24}
N_EARLY, FIRST_END = 6, 10  # so many people end therapy early, after a session from this one on
MISSED_APPOINTMENT, BLANK_RATING = 0.1, 0.03  # chances, by week and by rating


class Population(NamedTuple):
    """The people that a parameter's true values are drawn from."""

    median: float  # natural scale
    sd: float  # between people, link scale


POPULATIONS = {
    "availability_start": Population(0.50, 1.0),
    "availability_rate": Population(0.20, 0.8),
    "worth_start": Population(0.22, 0.8),
    "worth_rate": Population(0.08, 0.6),  # in the first arm
    "availability_rating_noise": Population(0.08, 0.3),
    "worth_rating_noise": Population(0.11, 0.3),
    "approach_bias": Population(2.0, 1.0),
    "approach_sensitivity": Population(1.0, 0.0),
}
ARM_EFFECT = {"worth_rate": 0.9}  # of the second arm, link scale


class RuptureProcess(NamedTuple):
    """Care that alternates irregularly: the chances that a rupture begins, and that the next session repairs it."""

    rupture: float
    repair: float


CONCENTRATION = 30.0  # of the Beta distribution of these chances between people
CAREGIVER = RuptureProcess(rupture=0.55, repair=0.25)
THERAPIST = dict(zip(ARMS, (RuptureProcess(0.12, 0.4), RuptureProcess(0.12, 0.9)), strict=True))

STUDY = """# Simulated sessions with known truth, made by experiments/example_sessions.py
schema = 2
name   = "example"
data   = "sessions.csv"
model  = "rescorla_wagner"
question     = "How many sessions until patients feel secure with their therapist, and does repair-focused care help?"
participants = "patients"

[columns]
person  = "person"
session = "session"
figure  = "figure"
time    = "week"
outcome = { column = "outcome", missing = "unseen" }

[responses]
availability_rating = { column = "availability_rating", commensurable = true }
worth_rating        = { column = "worth_rating", commensurable = true }
approach            = { column = "approach" }

[people]
data   = "people.csv"
person = "person"

[formulas]
availability_rate = "arm"
worth_rate        = "arm"
"""


class Example(NamedTuple):
    """A study as it is written to files, with the truth behind it."""

    sessions: pd.DataFrame
    complete: pd.DataFrame  # the sessions had all stayed, from which true values are computed
    people: pd.DataFrame  # person, arm
    truth: dict[str, np.ndarray]  # natural-scale values by parameter, (person,)


def draw_arms(generator: np.random.Generator) -> np.ndarray:
    """Allocate people to arms of equal size at random, (person,)."""
    return np.array(ARMS)[generator.permutation(np.arange(N_PEOPLE) % len(ARMS))]


def draw_truth(model: ModelSpec, arms: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the true parameters by name, (person,)."""
    theta = {}
    for free in free_parameters(model, FIGURES):
        population = POPULATIONS[free.name]
        mu = float(LINKS[free.parameter.support][0](np.float64(population.median)))
        mean = mu + ARM_EFFECT.get(free.name, 0.0) * (arms == ARMS[1])
        theta[free.label] = from_offset(mean, population.sd, generator.normal(size=N_PEOPLE))
    return natural_values(model, theta, FIGURES, N_PEOPLE)


def draw_care(process: RuptureProcess, sessions: int, generator: np.random.Generator) -> Care:
    """Draw the care of one person's figure: which sessions are ruptures, by chances of this person's own."""
    rupture, repair = (generator.beta(CONCENTRATION * chance, CONCENTRATION * (1 - chance)) for chance in process)
    outcomes = [float(generator.random() < repair / (rupture + repair))]
    while len(outcomes) < sessions:
        outcomes.append(float(generator.random() < (1 - rupture if outcomes[-1] else repair)))
    return Care(lambda _: np.array(outcomes))


def simulate_person(
    model: ModelSpec, values: dict[str, np.ndarray], arm: str, generator: np.random.Generator
) -> pd.DataFrame:
    """Simulate the sessions of one person, without any that they miss."""
    processes = {"caregiver": CAREGIVER, "therapist": THERAPIST[arm]}
    phases = [
        Phase({figure: draw_care(processes[figure], sessions, generator)}, sessions, assessed=True)
        for figure, sessions in N_SESSIONS.items()
    ]
    return to_table(simulate(model, phases, values, generator))


def with_weeks_and_blanks(table: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Return one person's sessions with the weeks between them, and with blank ratings."""
    weeks = generator.geometric(1 - MISSED_APPOINTMENT, len(table)).cumsum()
    table.insert(2, "week", weeks - weeks[0] + 1)
    for rating in ("availability_rating", "worth_rating"):
        table[rating] = table[rating].mask(generator.random(len(table)) < BLANK_RATING)
    return table


def draw_example(model: ModelSpec, seed: int) -> Example:
    """Draw people, and simulate their sessions."""
    generator = np.random.default_rng(seed)
    arms = draw_arms(generator)
    truth = draw_truth(model, arms, generator)
    ends_early = generator.permutation(N_PEOPLE) < N_EARLY
    names = [f"p{index + 1:03d}" for index in range(N_PEOPLE)]
    complete, recorded = [], []
    for index, name in enumerate(names):
        own = {parameter: values[[index]] for parameter, values in truth.items()}
        table = simulate_person(model, own, arms[index], generator).assign(person=name)
        table = with_weeks_and_blanks(table, generator)
        last = generator.integers(FIRST_END, N_SESSIONS["therapist"] - 2)
        kept = len(table) - (N_SESSIONS["therapist"] - last) * ends_early[index]
        complete.append(table)
        recorded.append(table.iloc[:kept])
    tables = [pd.concat(parts, ignore_index=True) for parts in (recorded, complete)]
    return Example(*tables, pd.DataFrame({"person": names, "arm": arms}), truth)


def write_example(example: Example, folder: Path) -> None:
    """Write the study's files, as they are shipped."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"session": "Int64", "outcome": "Int64", "approach": "Int64"}
    for name, table in (("sessions", example.sessions), ("complete_sessions", example.complete)):
        table.astype(whole).round(3).to_csv(folder / f"{name}.csv", index=False)
    example.people.to_csv(folder / "people.csv", index=False)
    pd.DataFrame(example.truth).round(6).to_csv(folder / "truth.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")


def main(folder: Path, seed: int) -> None:
    write_example(draw_example(load_model("rescorla_wagner"), seed), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SEED)
