"""Size and power of the outcome-permutation test.

How often is learning from outcomes shown where nobody learns, and how often where people do? Three designs, 60 people,
20 sessions and one rating each:

    time      Ratings approach a plateau with time alone. Outcomes improve for everybody, whatever the ratings.
    turn      Ratings rise in the middle of the study. Care turns from bad to good for everybody after ten sessions.
    learning  Outcomes improve as in `time`; expectations follow them by a delta rule with a median rate of 0.15.

Each design is tested in the three ways of `diagnostics.outcome_swaps`. For the second, everybody is a group of their
own. For the third, everybody has the outcomes of the first person. Criteria, where outcomes are swapped: shown in
at most 9% of 200 studies without learning and in at least 90% of those with it; of five seeds of one study none says
"shown" where another says "not shown".

Usage: `python permutation_size.py FOLDER`; one line per test in FOLDER/tests.csv, so a rerun does only what is missing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, logit

from iwm_bayes.data.dataset import events_to_dataset
from iwm_bayes.diagnostics.permutation_test import permutation_test
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.model.specification.model_file import load_model

MODEL = Path(__file__).parent / "models" / "one_belief.toml"
N_PEOPLE, N_SESSIONS = 60, 20
LEARNING_RATE, RATING_SD = 0.15, 0.06
DESIGNS = ("time", "turn", "learning")
STUDIES = {"outcomes": (200, 200, 40), "deviations": (25, 25, 5), "own order": (25, 25, 5)}  # by design
N_STUDIES_AGAIN, SEEDS_AGAIN = 5, (2, 3, 4, 5)  # the first studies with swapped outcomes are tested by five seeds


class PlannedTest(NamedTuple):
    """One test to do."""

    way: str
    design: str
    study: int
    seed: int


def improving(rng: np.random.Generator, n_sequences: int, n_sessions: int) -> np.ndarray:
    """Draw outcomes (session, sequence) that improve with time for everybody."""
    time = np.arange(n_sessions)[:, None]
    return np.clip(0.45 + 0.4 * (1 - np.exp(-time / 6)) + rng.normal(0, 0.12, (n_sessions, n_sequences)), 0, 1)


def turning(rng: np.random.Generator, n_sequences: int, n_sessions: int) -> np.ndarray:
    """Draw 0/1 outcomes (session, sequence) of care that turns for everybody in the middle of the study."""
    chance = np.where(np.arange(n_sessions) < n_sessions // 2, 0.2, 0.8)[:, None]
    return (rng.random((n_sessions, n_sequences)) < chance).astype(float)


def growing_ratings(rng: np.random.Generator, n_people: int, n_sessions: int) -> np.ndarray:
    """Draw ratings (session, person) that approach a plateau with time alone."""
    start, plateau = 0.4 + rng.normal(0, 0.08, n_people), 0.8 + rng.normal(0, 0.05, n_people)
    mean = plateau + (start - plateau) * 0.92 ** np.arange(n_sessions)[:, None]
    return mean + rng.normal(0, RATING_SD, mean.shape)


def rising_ratings(rng: np.random.Generator, n_people: int, n_sessions: int) -> np.ndarray:
    """Draw ratings (session, person) that rise in the middle of the study."""
    level = 0.35 + rng.normal(0, 0.08, n_people)
    mean = level + 0.3 * expit(np.arange(n_sessions) - n_sessions / 2)[:, None]
    return mean + rng.normal(0, RATING_SD, mean.shape)


def learned_ratings(rng: np.random.Generator, outcomes: np.ndarray) -> np.ndarray:
    """Draw ratings (session, person) before each outcome, of expectations that follow a delta rule."""
    n_people = outcomes.shape[1]
    expected = 0.4 + rng.normal(0, 0.08, n_people)
    rate = expit(logit(LEARNING_RATE) + rng.normal(0, 0.5, n_people))
    ratings = []
    for outcome in outcomes:
        ratings.append(expected + rng.normal(0, RATING_SD, n_people))
        expected = expected + rate * (outcome - expected)
    return np.array(ratings)


def to_dataset(outcomes: np.ndarray, ratings: np.ndarray) -> xr.Dataset:
    """Return outcomes and ratings (session, person) as a study with one figure."""
    n_sessions, n_people = outcomes.shape
    frame = pd.DataFrame(
        {
            "person": np.repeat([f"p{person:03d}" for person in range(n_people)], n_sessions),
            "session": np.tile(np.arange(n_sessions) + 1.0, n_people),
            "time": np.tile(np.arange(n_sessions) + 1.0, n_people),
            "outcome": outcomes.T.ravel(),
            "answer_availability_rating": np.clip(ratings, 0, 1).T.ravel(),
        }
    )
    frame = frame.assign(figure="therapist", observed=True, assessment=False, rated=0.0, distress=0.0, threat=0.0)
    return events_to_dataset(frame, ["availability_rating"], "session")


def simulate_study(
    design: str, study: int, way: str = "outcomes", n_people: int = N_PEOPLE, n_sessions: int = N_SESSIONS
) -> xr.Dataset:
    """Simulate one study of a design, in which outcomes can be exchanged in one way."""
    rng = np.random.default_rng([study, DESIGNS.index(design)])
    n_sequences = 1 if way == "own order" else n_people
    outcomes = (turning if design == "turn" else improving)(rng, n_sequences, n_sessions)
    outcomes = np.broadcast_to(outcomes, (n_sessions, n_people))
    if design == "learning":
        ratings = learned_ratings(rng, outcomes)
    else:
        ratings = (growing_ratings if design == "time" else rising_ratings)(rng, n_people, n_sessions)
    data = to_dataset(outcomes, ratings)
    return data.assign(covariate_group=("person", data["person"].values)) if way == "deviations" else data


def planned_tests() -> Iterator[PlannedTest]:
    """Iterate over all tests; those of the criteria come first."""
    for way, counts in STUDIES.items():
        for design, n_studies in zip(DESIGNS, counts, strict=True):
            yield from (PlannedTest(way, design, study, 1) for study in range(1, n_studies + 1))
        if way == "outcomes":
            for design in DESIGNS:
                again = range(1, N_STUDIES_AGAIN + 1)
                yield from (PlannedTest(way, design, study, seed) for study in again for seed in SEEDS_AGAIN)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tests.csv"
    if not file.exists():
        file.write_text("way,design,study,seed,verdict,p,permutations,lost\n")
    done = {PlannedTest(*row) for row in pd.read_csv(file)[list(PlannedTest._fields)].itertuples(index=False)}
    model = load_model(MODEL)
    compiled = compile_likelihood(model, simulate_study(DESIGNS[0], 1))
    for test in planned_tests():
        if test in done:
            continue
        data = simulate_study(test.design, test.study, test.way)
        found = permutation_test(model, data, test.seed, compiled)
        if found.way != test.way:
            raise ValueError(f"{test}: outcomes were exchanged by {found.way}")
        line = (*test, found.verdict, f"{found.p:.4f}", found.n_permutations, f"{found.lost:.1f}")
        with file.open("a") as lines:
            lines.write(",".join(map(str, line)) + "\n")
    results = pd.read_csv(file)
    first = results[results["seed"] == 1]
    print(pd.crosstab([first["way"], first["design"]], first["verdict"], normalize="index").round(3))
    verdicts = results[results["way"] == "outcomes"].groupby(["design", "study"])["verdict"].agg([set, "size"])
    again = verdicts[verdicts["size"] > 1]["set"]
    print(f"seeds disagree in {sum({'shown', 'not shown'} <= found for found in again)} of {len(again)} studies")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
