"""Tasks on one chunk of people: their posteriors under a group, and what they contribute to its score.

Each task is a study of a sweep: a function of a condition, whose result is a few sums. Everyone's means and covariances
stay in a file of the chunk, for the next round. Those of the round before stay too, so that a round can be repeated.
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
from iwm_bayes.io import atomic_path
from iwm_bayes.large_scale.chunks import SAMPLE, chunk_file, is_present, read_chunk
from iwm_bayes.large_scale.information import observed_information
from iwm_bayes.large_scale.plan import Plan, read_plan, study_and_model
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.validation.sweep import Condition

SAMPLE_TOLERANCE = 0.1  # average rise of the ELBO at which the Gaussians of the sample are good enough
N_HERMITE = 20  # nodes for the means and SDs of parameters on their natural scale


@lru_cache(maxsize=1)
def compiled_plan(folder: Path, content_hash: str) -> CompiledModel:
    """Compile the model of a plan, once in every process."""
    return compile_likelihood(study_and_model(read_plan(folder))[1], read_chunk(chunk_file(folder, SAMPLE)))


def chunk_problem(condition: Condition) -> tuple[Path, Plan, Problem]:
    """Return the folder, the plan, and the problem of the people of a chunk, or of the sample where none is named."""
    folder = Path(str(condition["at folder"]))
    plan = read_plan(folder)
    data = read_chunk(chunk_file(folder, str(condition.get("chunk", SAMPLE))))
    return folder, plan, pose_problem(compiled_plan(folder, plan.content_hash), data)


def person_fit(plan: Plan, theta: np.ndarray, seed: int) -> PersonFit:
    """Return the function that fits people with person-level parameters near `theta` (D, N), by the plan's method."""
    return fit_person_gaussians if plan.method == "laplace" else fit_by_quadrature(quadrature_nodes(theta, seed))


def group_from_condition(condition: Condition, problem: Problem) -> Group:
    """Return the group of a condition, which holds it as the text of its vector."""
    return unpack(np.array(json.loads(str(condition["group"]))), initial_group(problem.population))


def sums_as_lists(sums: PersonSums) -> dict[str, Any]:
    """Return sums as JSON can hold them."""
    return {name: np.asarray(value).tolist() for name, value in sums._asdict().items()}


def begin_with_sample(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Return a group on the way to the mode of the sample, and the sums of the sample under it."""
    _, _, problem = chunk_problem(condition)
    start = initial_group(problem.population)
    theta = person_means(problem.population, start.beta)
    group, people = expectation_maximisation(problem, start, theta, SAMPLE_TOLERANCE)
    return {"group": pack(group).tolist(), "sums": sums_as_lists(person_sums(problem.population, group, *people))}


def chunk_state_file(folder: Path, chunk: int, number: int) -> Path:
    """Return the file of everyone's means and covariances after a round."""
    return folder / "gaussians" / f"{chunk}_round_{number}.npz"


def update_people(condition: Condition, problem: Problem, folder: Path, plan: Plan, group: Group) -> PersonGaussians:
    """Fit everyone under a group, from where the last round left them, and write the result for the next round."""
    chunk, number = int(condition["chunk"]), int(condition["round"])
    if number == 0:
        people = initial_gaussians(problem, group, person_means(problem.population, group.beta))
    else:
        with np.load(chunk_state_file(folder, chunk, number - 1)) as state:
            people = PersonGaussians(state["mean"], state["covariance"], np.zeros(0))
    if number or plan.method != "laplace":
        people = person_fit(plan, people.mean, chunk)(problem, group, people.mean, people.covariance)
    with atomic_path(chunk_state_file(folder, chunk, number)) as draft, draft.open("wb") as stream:
        np.savez(stream, mean=people.mean, covariance=people.covariance)
    chunk_state_file(folder, chunk, number - 2).unlink(missing_ok=True)
    return people


def score_chunk(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Return the sums of the people of a chunk under a group."""
    folder, plan, problem = chunk_problem(condition)
    group = group_from_condition(condition, problem)
    people = update_people(condition, problem, folder, plan, group)
    return {"sums": sums_as_lists(person_sums(problem.population, group, *people))}


def score_chunk_by_quadrature(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Return the same with exact sums and the information about the group, both by quadrature.

    The table of the chunk's people is written too.
    """
    folder, plan, problem = chunk_problem(condition)
    group, chunk = group_from_condition(condition, problem), int(condition["chunk"])
    people = update_people(condition, problem, folder, plan, group)
    data = read_chunk(chunk_file(folder, chunk))
    table = person_table(plan, problem, people, data["person"].values)[is_present(data)]
    write_person_table(table, Path(str(condition["at people"])) / f"{chunk:05d}.parquet")
    nodes = weight_nodes(problem, group, people, quadrature_nodes(people.mean, chunk))
    exact = posterior_moments(nodes)
    return {
        "sums": sums_as_lists(person_sums(problem.population, group, *people)),
        "exact_sums": sums_as_lists(person_sums(problem.population, group, *exact)),
        "information": observed_information(problem, group, people, nodes, exact).tolist(),
    }


def write_person_table(table: pd.DataFrame, file: Path) -> None:
    """Write the table of a chunk's people."""
    with atomic_path(file) as draft:
        table.to_parquet(draft, index=False)


def person_table(plan: Plan, problem: Problem, people: PersonGaussians, names: np.ndarray) -> pd.DataFrame:
    """Return one line per person: posterior mean and SD of each parameter, on the natural and on the link scale."""
    points, weight = np.polynomial.hermite_e.hermegauss(N_HERMITE)
    by_label = {free.label: free for free in free_parameters(study_and_model(plan)[1], plan.figures)}
    columns = {"person": names}
    for index, label in enumerate(problem.population.names["parameter_person"]):
        _, unlink = LINKS[by_label[label].parameter.support]
        link_mean, link_sd = people.mean[index], np.sqrt(people.covariance[:, index, index])
        values = unlink(link_mean + link_sd * points[:, None])
        mean = np.average(values, axis=0, weights=weight)
        columns[f"{label}_mean"] = mean
        columns[f"{label}_sd"] = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weight))
        columns[f"{label}_link_mean"], columns[f"{label}_link_sd"] = link_mean, link_sd
    return pd.DataFrame(columns)
