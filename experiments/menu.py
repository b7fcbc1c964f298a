"""A menu of studies: how many people does a study need to decide between a model that makes a claim and a rival?

Each file of `experiments/menu/` is the design of one prediction that is decided: its arms, care, gaps and ratings. It
names the model that claims the effect and a rival. Either model simulates studies, and both are fitted to
each of them by `laplace`, as in `iwm plan compare FILE`, with the same random numbers. A study decides for a model if
its log evidence is higher by more than 3. Sizes are tried from the smallest on. A size decides if 80% of 20 studies are
right whichever model is true; larger ones are then not tried. A size is given up as soon as it can no longer decide.

Usage: `python menu.py FOLDER [DESIGN ...]`; resumable. It writes `experiments/menu/sizes.csv`.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from iwm_bayes.cli.sweeps.given import Given, model_condition, models_of_design, sizes_of
from iwm_bayes.cli.sweeps.plans import roles
from iwm_bayes.validation.planning.compare import DECISIVE_FOR_GENERATING, compare_study
from iwm_bayes.validation.sweep import Condition, all_tasks, sweep

MENU = Path(__file__).parent / "menu"
SIZES = (10, 20, 40, 80)  # people
STUDIES, STEP = 20, 5  # of each size and generating model; so many at a time
TARGET, MIN_DIFFERENCE = 0.8, 3.0
DEFAULT_CARE = {"care": "constant:rate=0.8"}  # in every condition of `iwm plan compare`; a design has its own


def conditions(given: Given, people: int) -> list[Condition]:
    """Return the conditions of one size: each of the two models generates the studies, as in `iwm plan compare`."""
    one, other = (model_condition(name) for name in given.models)
    [size] = sizes_of(given, [people], [given.sessions or 1])
    return [DEFAULT_CARE | size | roles(*pair) for pair in ((one, other), (other, one))]


def count_studies(results: pd.DataFrame) -> pd.DataFrame:
    """Return one line per generating model: how many studies were right, wrong, decisive by `iwm plan`, converged."""
    lines = []
    for generating, own in results.groupby("generating", sort=False):
        counts = own.loc[own["failed"] == "", "counts"]
        lines.append(
            {"design": own["design"].iloc[0], "generating": generating, "rival": own["rival"].iloc[0]}
            | {"n_people": int(own["n_people"].iloc[0]), "sessions": int(own["sessions"].iloc[0]), "studies": len(own)}
            | {"right": int((own["difference"] > MIN_DIFFERENCE).sum())}
            | {"wrong": int((own["difference"] < -MIN_DIFFERENCE).sum())}
            | {"decisive": sum(one[DECISIVE_FOR_GENERATING][0] for one in counts)}
            | {"converged": sum(one["converged"][0] for one in counts), "median_difference": own["difference"].median()}
        )
    return pd.DataFrame(lines)


def is_lost(table: pd.DataFrame) -> bool:
    """Return whether a size cannot reach the target any more, for one of the generating models."""
    return bool((table["studies"] - table["right"] > STUDIES * (1.0 - TARGET) + 1e-9).any())


def study_size(folder: Path, given: Given, people: int) -> pd.DataFrame:
    """Do the studies of one size, until all are done or the size is lost."""
    for studies in range(STEP, STUDIES + 1, STEP):
        results = sweep(folder / given.design, all_tasks(compare_study, conditions(given, people), studies))
        table = count_studies(results)
        if is_lost(table):
            break
    return table


def study_design(folder: Path, path: Path) -> Iterator[pd.DataFrame]:
    """Yield the results of a design by size, from the smallest on; the last one decides, or is the largest."""
    given = models_of_design(path)
    for people in SIZES:
        table = study_size(folder, given, people)
        yield table
        if not is_lost(table):
            return


def main(folder: Path, designs: list[str]) -> None:
    """Study designs, and write their lines into the table of all designs."""
    file = MENU / "sizes.csv"
    for name in designs or sorted(path.stem for path in MENU.glob("*.toml")):
        before = time.process_time()
        found = pd.concat(list(study_design(folder, MENU / f"{name}.toml")), ignore_index=True).round(1)
        known: list[Any] = [pd.read_csv(file).query("design != @name")] if file.exists() else []
        pd.concat([*known, found]).sort_values(["design", "n_people"], kind="stable").to_csv(file, index=False)
        print(
            found.to_string(index=False),
            f"{time.process_time() - before:.0f} s of processor time",
            sep="\n",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
