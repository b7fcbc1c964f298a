"""What is done with one chunk of a large study's people: their place under a group, and what they say of it.

Each is a study of a sweep: a function of a cell, whose result is a few sums. Everyone's means and covariances stay in a
file of the chunk for the next round, those of the round before it too, so that a round can be repeated.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.inference.base import Compiled
from iwm_bayes.inference.laplace.empirical_bayes import approached, first
from iwm_bayes.inference.laplace.hierarchy import Group, beginning, centres, packed, unpacked
from iwm_bayes.inference.laplace.marginal_score import Sums, sums
from iwm_bayes.inference.laplace.method import compile_likelihood, posed
from iwm_bayes.inference.laplace.person_posteriors import People, Problem, settled
from iwm_bayes.inference.laplace.quadrature import Settle, by_quadrature, integrated, nodes, weighed
from iwm_bayes.large_scale.chunks import SAMPLE, chunk_file, kept, present
from iwm_bayes.large_scale.information import information
from iwm_bayes.large_scale.plan import Plan, bound, plan_of
from iwm_bayes.model.priors import LINKS, rows
from iwm_bayes.validation.sweep import Cell

SETTLING = 0.1  # what the bounds of a sample's people rise by, on average, when they are settled enough to go on
HERMITE = 20  # nodes of the means and sds of single values on their natural scale


@lru_cache(maxsize=1)
def made(folder: Path, content: str) -> Compiled:
    """A plan's theory, compiled once in every process."""
    return compile_likelihood(bound(plan_of(folder))[1], kept(chunk_file(folder, SAMPLE)))


def problem_of(cell: Cell) -> tuple[Path, Plan, Problem]:
    """The people of a cell's chunk: the plan's folder, the plan, and their hierarchy with its likelihood."""
    folder = Path(str(cell["at folder"]))
    plan = plan_of(folder)
    data = kept(chunk_file(folder, str(cell.get("chunk", SAMPLE))))
    return folder, plan, posed(made(folder, plan.content), data)


def settle_by(plan: Plan, people: np.ndarray, seed: int) -> Settle:
    """How everyone is settled; `people` (D, N) are they."""
    return settled if plan.method == "laplace" else by_quadrature(nodes(people, seed))


def group_of(cell: Cell, problem: Problem) -> Group:
    return unpacked(np.array(json.loads(str(cell["group"]))), beginning(problem.shape))


def as_lists(found: Sums) -> dict[str, Any]:
    """Sums as they can be written."""
    return {name: np.asarray(value).tolist() for name, value in found._asdict().items()}


def begin(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """A group on the way to the most probable one of the sample, and what the sample says of it."""
    _, _, problem = problem_of(cell)
    start = beginning(problem.shape)
    group, people = approached(problem, start, centres(problem.shape, start.beta), SETTLING)
    return {"group": packed(group).tolist(), "said": as_lists(sums(problem.shape, group, *people))}


def gaussians_file(folder: Path, chunk: int, number: int) -> Path:
    """Where everyone of a chunk is after a round."""
    return folder / "gaussians" / f"{chunk} round {number}.npz"


def settle_people(cell: Cell, problem: Problem, folder: Path, plan: Plan, group: Group) -> People:
    """Everyone under a group from where the last round left them, kept for the next."""
    chunk, number = int(cell["chunk"]), int(cell["round"])
    before = gaussians_file(folder, chunk, number - 1)
    if number == 0:
        people = first(problem, group, centres(problem.shape, group.beta))
    else:
        with np.load(before) as found:
            people = People(found["x"], found["variance"], np.zeros(0))
    if number or plan.method != "laplace":
        people = settle_by(plan, people.x, chunk)(problem, group, people.x, people.variance)
    here = gaussians_file(folder, chunk, number)
    here.parent.mkdir(exist_ok=True)
    draft = here.with_suffix(".part.npz")
    np.savez(draft, x=people.x, variance=people.variance)
    draft.replace(here)
    gaussians_file(folder, chunk, number - 2).unlink(missing_ok=True)
    return people


def settle_chunk(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """What the people of a chunk say of a group."""
    folder, plan, problem = problem_of(cell)
    group = group_of(cell, problem)
    people = settle_people(cell, problem, folder, plan, group)
    return {"said": as_lists(sums(problem.shape, group, *people))}


def finish_chunk(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """The same, with what they say by quadrature, and how sure they make one of it; a table of them is written."""
    folder, plan, problem = problem_of(cell)
    group, chunk = group_of(cell, problem), int(cell["chunk"])
    people = settle_people(cell, problem, folder, plan, group)
    data = kept(chunk_file(folder, chunk))
    table = people_table(plan, problem, people, data["person"].values)[present(data)]
    write_people(table, Path(str(cell["at people"])) / f"{chunk:05d}.parquet")
    there = weighed(problem, group, people, nodes(people.x, chunk))
    exact = integrated(there)
    return {
        "said": as_lists(sums(problem.shape, group, *people)),
        "exact": as_lists(sums(problem.shape, group, *exact)),
        "information": information(problem, group, people, there, exact).tolist(),
    }


def write_people(table: pd.DataFrame, file: Path) -> None:
    """Write a table beside its place, and put it there when it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    table.to_parquet(draft, index=False)
    draft.replace(file)


def people_table(plan: Plan, problem: Problem, people: People, names: np.ndarray) -> pd.DataFrame:
    """One line per person: mean and sd of every value of their own, on the natural and on the link scale."""
    spots, weight = np.polynomial.hermite_e.hermegauss(HERMITE)
    labels = {row.label: row for row in rows(bound(plan)[1], plan.figures)}
    found = {"person": names}
    for index, label in enumerate(problem.shape.names["personal"]):
        mean, sd = people.x[index], np.sqrt(people.variance[:, index, index])
        natural = LINKS[labels[label].parameter.support][1](mean + sd * spots[:, None])
        typical = np.average(natural, axis=0, weights=weight)
        found[label] = typical
        found[f"{label} sd"] = np.sqrt(np.average((natural - typical) ** 2, axis=0, weights=weight))
        found[f"{label} link"], found[f"{label} link sd"] = mean, sd
    return pd.DataFrame(found)
