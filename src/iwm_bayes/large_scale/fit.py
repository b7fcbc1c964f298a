"""`laplace` and `quadrature` for very many people: in chunks, from a Parquet dataset, through any map.

Memory is bounded by a chunk, work grows with events, and a run that was stopped does only what is missing. How the
group is found is in `everyone`. What people say of it by quadrature is taken once, at the end: it tells how sure one is
of the group (see `information`), and the bias (see `bias`).
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.group_summary import group_table
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.bias import of_sums
from iwm_bayes.inference.laplace.draws import group_draws
from iwm_bayes.inference.laplace.hierarchy import crowd
from iwm_bayes.inference.laplace.method import approximately
from iwm_bayes.large_scale.chunks import SAMPLE, arrange_chunk, chunk_file, draw_sample, keep_everyone, kept
from iwm_bayes.large_scale.outer_loop import ENOUGH, asked_to_the_top
from iwm_bayes.large_scale.plan import bound, planned
from iwm_bayes.large_scale.runner import Tell, Work, alone
from iwm_bayes.types import InputError, Model
from iwm_bayes.validation.sweep import Through, in_turn

METHODS = ("laplace", "quadrature")
DRAWN = Settings()


class Cohort(NamedTuple):
    """What came of it."""

    model: Model
    fit: xr.DataTree  # of the group; its `data` are the sample
    groups: pd.DataFrame  # as `summary.group_table`
    people: int
    events: int
    rounds: int


def cohort(
    study_file: Path,
    folder: Path,
    theory: str | None = None,
    method: str = "laplace",
    chunk: int = 200,
    through: Through = in_turn,
    tell: Tell = lambda *_: None,
    settings: Settings = DRAWN,
) -> Cohort:
    """Fit a theory to a study whose `data` is a folder of Parquet files, in which rows of a person stand together.

    Everyone's values are written to `folder / "people"`, one Parquet file per chunk; `folder / "parts"` holds what is
    needed to go on. InputError lists what is wrong with the study, chunk by chunk.
    """
    if method not in METHODS:
        raise InputError([f"{method!r} knows no chunks; choose from {', '.join(METHODS)}"])
    with alone(folder / "parts"):
        plan = planned(study_file, theory, method, chunk, folder / "parts")
        work = Work(plan, folder / "parts", through, tell)
        keep_everyone(work.folder)
        counted = work.each(arrange_chunk, "reading", {})
        drawn = work.with_sample(draw_sample, "drawing a sample", {})
        people, events = int(counted["people"].sum()), int(counted["events"].sum())
        model, sample = bound(plan)[1], kept(chunk_file(work.folder, SAMPLE))
        shape, times = crowd(model, sample), people / drawn["people"]
        last, exact = asked_to_the_top(work, shape, times, folder / "people")
    group = last.next(shape, boldest=ENOUGH)  # so short a step needs nobody to be asked again
    posterior = group_draws(shape, group, last.covariance, settings).assign_attrs(
        approximate=approximately(model) if method == "laplace" else method,
        converged=int(last.sound and last.far(shape) < ENOUGH),
    )
    found = {"posterior": posterior, "data": sample, "constant_data": xr.Dataset()}
    if method == "laplace":
        found["bias"] = of_sums(shape, last.group, last.covariance, last.said, exact)
    fit = xr.DataTree.from_dict(found)
    groups = group_table(model, fit)
    own = (last.said.people - last.said.within / last.group.spread**2) / people  # who stands in has learned nothing
    groups["people"] = groups["parameter"].map(dict(zip(shape.names["partial"], own, strict=True)))
    return Cohort(model, fit, groups, people, events, last.number + 1)
