"""`laplace` and `quadrature` for very many people: in chunks, from a Parquet dataset, through any map.

Memory is bounded by a chunk, work grows with events, and a run that was stopped does only what is missing. How the
group is found is in `everyone`. What people say of it by quadrature is taken once, at the end: it tells how sure one is
of the group (see `information`), and the bias (see `bias`).
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.bias import bias_from_sums
from iwm_bayes.inference.laplace.draws import group_posterior
from iwm_bayes.inference.laplace.hierarchy import linear_population
from iwm_bayes.inference.laplace.method import approximation_name
from iwm_bayes.large_scale.chunks import SAMPLE, arrange_chunk, chunk_file, draw_sample, read_chunk, write_covariates
from iwm_bayes.large_scale.outer_loop import FINAL_STEP, find_group_mode
from iwm_bayes.large_scale.plan import make_plan, study_and_model
from iwm_bayes.large_scale.runner import StageCallback, Work, folder_lock
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.sweep import TaskMap, sequential_map

METHODS = ("laplace", "quadrature")
DEFAULT_SETTINGS = Settings()


class LargeScaleFit(NamedTuple):
    """What came of it."""

    model: ModelSpec
    fit: xr.DataTree  # of the group; its `data` are the sample
    groups: pd.DataFrame  # as `summary.group_table`
    people: int
    events: int
    rounds: int


def fit_large_scale(
    study_file: Path,
    folder: Path,
    theory: str | None = None,
    method: str = "laplace",
    chunk: int = 200,
    through: TaskMap = sequential_map,
    tell: StageCallback = lambda *_: None,
    settings: Settings = DEFAULT_SETTINGS,
) -> LargeScaleFit:
    """Fit a theory to a study whose `data` is a folder of Parquet files, in which rows of a person stand together.

    Everyone's values are written to `folder / "people"`, one Parquet file per chunk; `folder / "parts"` holds what is
    needed to go on. InputError lists what is wrong with the study, chunk by chunk.
    """
    if method not in METHODS:
        raise InputError([f"{method!r} knows no chunks; choose from {', '.join(METHODS)}"])
    with folder_lock(folder / "parts"):
        plan = make_plan(study_file, theory, method, chunk, folder / "parts")
        work = Work(plan, folder / "parts", through, tell)
        write_covariates(work.folder)
        counted = work.each(arrange_chunk, "reading", {})
        drawn = work.with_sample(draw_sample, "drawing a sample", {})
        people, events = int(counted["people"].sum()), int(counted["events"].sum())
        model, sample = study_and_model(plan)[1], read_chunk(chunk_file(work.folder, SAMPLE))
        shape, times = linear_population(model, sample), people / drawn["people"]
        last, exact = find_group_mode(work, shape, times, folder / "people")
    group = last.next(shape, boldest=FINAL_STEP)  # so short a step needs nobody to be asked again
    posterior = group_posterior(shape, group, last.covariance, settings).assign_attrs(
        approximate=approximation_name(model) if method == "laplace" else method,
        converged=int(last.sound and last.far(shape) < FINAL_STEP),
    )
    found = {"posterior": posterior, "data": sample, "constant_data": xr.Dataset()}
    if method == "laplace":
        found["bias"] = bias_from_sums(shape, last.group, last.covariance, last.said, exact)
    fit = xr.DataTree.from_dict(found)
    groups = group_summary(model, fit)
    own = (last.said.people - last.said.within / last.group.spread**2) / people  # who stands in has learned nothing
    groups["people"] = groups["parameter"].map(dict(zip(shape.names["parameter_partial"], own, strict=True)))
    return LargeScaleFit(model, fit, groups, people, events, last.number + 1)
