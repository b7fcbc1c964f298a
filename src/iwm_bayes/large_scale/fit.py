"""Fits by `laplace` and `quadrature` of very many people: in chunks, from a Parquet dataset, by any map.

Memory is bounded by the size of a chunk, and work is proportional to the number of events. An interrupted run continues
with the work that is missing. `outer_loop` finds the mode of the group. Quadrature is done once, in the last round: it
gives the covariance of the group (see `information`) and the bias (see `laplace.bias`).
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.bias import bias_from_sums
from iwm_bayes.inference.laplace.draws import group_posterior
from iwm_bayes.inference.laplace.hierarchy import LinearPopulation, linear_population
from iwm_bayes.inference.laplace.marginal_score import PersonSums
from iwm_bayes.inference.laplace.method import approximation_name
from iwm_bayes.large_scale.chunks import SAMPLE, arrange_chunk, chunk_file, draw_sample, read_chunk, write_covariates
from iwm_bayes.large_scale.outer_loop import FINAL_STEP, Round, find_group_mode
from iwm_bayes.large_scale.plan import make_plan, study_and_model
from iwm_bayes.large_scale.runner import Runner, StageCallback, folder_lock
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.sweep import TaskMap, sequential_map

METHODS = ("laplace", "quadrature")
DEFAULT_SETTINGS = Settings()


class LargeScaleFit(NamedTuple):
    """A large-scale fit."""

    model: ModelSpec
    fit: xr.DataTree  # of the group; its `data` are the sample
    groups: pd.DataFrame  # as `group_summary` returns it
    people: int
    events: int
    rounds: int


def fit_large_scale(
    study_file: Path,
    folder: Path,
    model_name: str | None = None,
    method: str = "laplace",
    chunk: int = 200,
    task_map: TaskMap = sequential_map,
    report: StageCallback = lambda *_: None,
    settings: Settings = DEFAULT_SETTINGS,
    trust: bool = False,
) -> LargeScaleFit:
    """Fit a model to a study whose `data` is a folder of Parquet files, in which rows of a person follow each other.

    Parameters
    ----------
    study_file
        The study. Its first model is fitted unless `model_name` is given.
    folder
        Person-level parameters are written to `people/`, one Parquet file per chunk. `parts/` holds intermediate
        results, from which an interrupted run continues.
    method
        "laplace" or "quadrature".
    chunk
        The number of people in memory at a time.
    task_map
        The map that runs tasks, such as `executors.process_map(4)`.
    report
        A function of the name of a stage and its progress.
    trust
        Whether a Python file that the model file names as its rule may run.

    Raises
    ------
    InputError
        With everything that is wrong with the study, chunk by chunk.
    """
    if method not in METHODS:
        raise InputError([f"`fit-large` has no method {method!r}; choose from {', '.join(METHODS)}"])
    with folder_lock(folder / "parts"):
        plan = make_plan(study_file, model_name, method, chunk, folder / "parts", trust)
        runner = Runner(plan, folder / "parts", task_map, report)
        write_covariates(runner.folder)
        counts = runner.run_chunks(arrange_chunk, "reading data", {})
        sampled = runner.run_once(draw_sample, "drawing a sample")
        people, events = int(counts["people"].sum()), int(counts["events"].sum())
        model, sample = study_and_model(plan)[1], read_chunk(chunk_file(runner.folder, SAMPLE))
        population = linear_population(model, sample)
        last, exact = find_group_mode(runner, population, people / sampled["people"], folder / "people")
    fit = round_to_fit(model, sample, population, last, exact, method, settings)
    groups = group_summary(model, fit)
    prior_share = last.sums.variance / last.group.sigma**2  # of placeholders it is 1
    contraction = (last.sums.n_people - prior_share) / people
    by_parameter = dict(zip(population.names["parameter_partial"], contraction, strict=True))
    groups["person_contraction"] = groups["parameter"].map(by_parameter)
    return LargeScaleFit(model, fit, groups, people, events, last.number + 1)


def round_to_fit(
    model: ModelSpec,
    sample: xr.Dataset,
    population: LinearPopulation,
    last: Round,
    exact: PersonSums,
    method: str,
    settings: Settings,
) -> xr.DataTree:
    """Return the fit of the last round, with draws of the group; `exact` are the sums by quadrature."""
    group = last.next_group(population, FINAL_STEP)  # so small a step needs no further round
    posterior = group_posterior(population, group, last.covariance, settings).assign_attrs(
        approximate=approximation_name(model) if method == "laplace" else method,
        converged=int(last.positive_definite and last.largest_step(population) < FINAL_STEP),
    )
    parts = {"unconstrained_posterior": posterior, "constant_data": sample}
    if method == "laplace":
        parts["bias"] = bias_from_sums(population, last.group, last.covariance, last.sums, exact)
    return xr.DataTree.from_dict(parts)
