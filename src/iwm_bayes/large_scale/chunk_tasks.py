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

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import expectation_maximisation, initial_gaussians
from iwm_bayes.inference.laplace.hierarchy import Group, initial_group, pack, person_means, unpack
from iwm_bayes.inference.laplace.marginal_score import PersonSums, person_sums
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import PersonGaussians, Problem, fit_person_gaussians
from iwm_bayes.inference.laplace.quadrature import (
    PersonFit,
    fit_by_quadrature,
    posterior_moments,
    quadrature_nodes,
    weight_nodes,
)
from iwm_bayes.large_scale.chunks import SAMPLE, chunk_file, is_present, read_chunk
from iwm_bayes.large_scale.information import observed_information
from iwm_bayes.large_scale.plan import Plan, read_plan, study_and_model
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.validation.sweep import Condition

SAMPLE_TOLERANCE = (
    0.1  # what the bounds of a sample's people rise by, on average, when they are settled enough to go on
)
N_HERMITE = 20  # nodes of the means and sds of single values on their natural scale


@lru_cache(maxsize=1)
def compiled_plan(folder: Path, content: str) -> CompiledModel:
    """A plan's theory, compiled once in every process."""
    return compile_likelihood(study_and_model(read_plan(folder))[1], read_chunk(chunk_file(folder, SAMPLE)))


def chunk_problem(cell: Condition) -> tuple[Path, Plan, Problem]:
    """The people of a cell's chunk: the plan's folder, the plan, and their hierarchy with its likelihood."""
    folder = Path(str(cell["at folder"]))
    plan = read_plan(folder)
    data = read_chunk(chunk_file(folder, str(cell.get("chunk", SAMPLE))))
    return folder, plan, pose_problem(compiled_plan(folder, plan.content), data)


def person_fit(plan: Plan, people: np.ndarray, seed: int) -> PersonFit:
    """How everyone is settled; `people` (D, N) are they."""
    return fit_person_gaussians if plan.method == "laplace" else fit_by_quadrature(quadrature_nodes(people, seed))


def group_from_cell(cell: Condition, problem: Problem) -> Group:
    return unpack(np.array(json.loads(str(cell["group"]))), initial_group(problem.shape))


def sums_as_lists(found: PersonSums) -> dict[str, Any]:
    """Sums as they can be written."""
    return {name: np.asarray(value).tolist() for name, value in found._asdict().items()}


def begin_with_sample(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """A group on the way to the most probable one of the sample, and what the sample says of it."""
    _, _, problem = chunk_problem(cell)
    start = initial_group(problem.shape)
    group, people = expectation_maximisation(problem, start, person_means(problem.shape, start.beta), SAMPLE_TOLERANCE)
    return {"group": pack(group).tolist(), "said": sums_as_lists(person_sums(problem.shape, group, *people))}


def chunk_state_file(folder: Path, chunk: int, number: int) -> Path:
    """Where everyone of a chunk is after a round."""
    return folder / "gaussians" / f"{chunk} round {number}.npz"


def update_people(cell: Condition, problem: Problem, folder: Path, plan: Plan, group: Group) -> PersonGaussians:
    """Everyone under a group from where the last round left them, kept for the next."""
    chunk, number = int(cell["chunk"]), int(cell["round"])
    before = chunk_state_file(folder, chunk, number - 1)
    if number == 0:
        people = initial_gaussians(problem, group, person_means(problem.shape, group.beta))
    else:
        with np.load(before) as found:
            people = PersonGaussians(found["x"], found["variance"], np.zeros(0))
    if number or plan.method != "laplace":
        people = person_fit(plan, people.x, chunk)(problem, group, people.x, people.variance)
    here = chunk_state_file(folder, chunk, number)
    here.parent.mkdir(exist_ok=True)
    draft = here.with_suffix(".part.npz")
    np.savez(draft, x=people.x, variance=people.variance)
    draft.replace(here)
    chunk_state_file(folder, chunk, number - 2).unlink(missing_ok=True)
    return people


def score_chunk(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """What the people of a chunk say of a group."""
    folder, plan, problem = chunk_problem(cell)
    group = group_from_cell(cell, problem)
    people = update_people(cell, problem, folder, plan, group)
    return {"said": sums_as_lists(person_sums(problem.shape, group, *people))}


def score_chunk_by_quadrature(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """The same, with what they say by quadrature, and how sure they make one of it; a table of them is written."""
    folder, plan, problem = chunk_problem(cell)
    group, chunk = group_from_cell(cell, problem), int(cell["chunk"])
    people = update_people(cell, problem, folder, plan, group)
    data = read_chunk(chunk_file(folder, chunk))
    table = person_table(plan, problem, people, data["person"].values)[is_present(data)]
    write_person_table(table, Path(str(cell["at people"])) / f"{chunk:05d}.parquet")
    there = weight_nodes(problem, group, people, quadrature_nodes(people.x, chunk))
    exact = posterior_moments(there)
    return {
        "said": sums_as_lists(person_sums(problem.shape, group, *people)),
        "exact": sums_as_lists(person_sums(problem.shape, group, *exact)),
        "information": observed_information(problem, group, people, there, exact).tolist(),
    }


def write_person_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table beside its place, and put it there when it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    table.to_parquet(draft, index=False)
    draft.replace(file)


def person_table(plan: Plan, problem: Problem, people: PersonGaussians, names: np.ndarray) -> pd.DataFrame:
    """One line per person: mean and sd of every value of their own, on the natural and on the link scale."""
    spots, weight = np.polynomial.hermite_e.hermegauss(N_HERMITE)
    labels = {row.label: row for row in free_parameters(study_and_model(plan)[1], plan.figures)}
    found = {"person": names}
    for index, label in enumerate(problem.shape.names["parameter_person"]):
        mean, sd = people.x[index], np.sqrt(people.variance[:, index, index])
        natural = LINKS[labels[label].parameter.support][1](mean + sd * spots[:, None])
        typical = np.average(natural, axis=0, weights=weight)
        found[label] = typical
        found[f"{label} sd"] = np.sqrt(np.average((natural - typical) ** 2, axis=0, weights=weight))
        found[f"{label} link"], found[f"{label} link sd"] = mean, sd
    return pd.DataFrame(found)
