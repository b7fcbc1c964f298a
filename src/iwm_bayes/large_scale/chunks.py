"""The chunks of a large-scale fit: data sets of the same number of people, in files.

All chunks have the same number of people, so that a model is compiled once. A smaller chunk is filled up with
placeholders, people without events. A random sample of everyone is a chunk of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.data.dataset import table_to_dataset
from iwm_bayes.io import atomic_path
from iwm_bayes.large_scale.parquet import index_people, index_rows, read_rows
from iwm_bayes.large_scale.plan import read_plan, study_and_model
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition

COVARIATES_FILE, SAMPLE = "covariates.nc", "sample"


def write_covariates(folder: Path) -> None:
    """Write everyone's covariates, without their sessions, to a file; do nothing where the study has no formulas."""
    study, model = study_and_model(read_plan(folder))
    if not study.formulas or study.people is None:
        return
    from iwm_bayes.data.formulas.joining import attach_covariates
    from iwm_bayes.data.tables.table_file import open_table

    people, _ = index_people(index_rows(study.data), study.columns.person)
    present = np.ones((1, len(people)), dtype=bool)
    bare = xr.Dataset({"present": (("event", "person"), present)}, {"person": people})
    joined = attach_covariates(study, study.people, model, bare, open_table(study.people.data, "people"))
    write_chunk(joined.drop_dims("event"), folder / COVARIATES_FILE)


def write_chunk(data: xr.Dataset, path: Path) -> None:
    """Write a data set to a file."""
    with atomic_path(path) as draft:
        data.to_netcdf(draft, engine="scipy")


def read_chunk(path: Path) -> xr.Dataset:
    """Read a data set from its file."""
    with xr.open_dataset(path, engine="scipy") as data:
        return data.load().drop_encoding()


def chunk_file(folder: Path, chunk: int | str) -> Path:
    """Return the file of a chunk, or of the sample."""
    return folder / "chunks" / f"{chunk}.nc"


def is_present(data: xr.Dataset) -> np.ndarray:
    """Return whether each person is a real one, not a placeholder, (person,)."""
    return data["present"].any("event").values


def empty_value(name: str) -> float:
    """Return the value of a variable where there is no event."""
    return np.nan if name.startswith("answer_") or name in ("session", "time") else 0


def placeholder_people(like: xr.Dataset, count: int) -> xr.Dataset:
    """Return `count` people without events, in the form of another data set."""
    names = [f"placeholder {number}" for number in range(count)]
    people = like.isel(person=np.zeros(count, dtype=int)).assign_coords(person=names)
    by_event = {name: values for name, values in people.items() if "event" in values.dims}
    return people.assign({name: xr.full_like(values, empty_value(str(name))) for name, values in by_event.items()})


def pad_people(several: Sequence[xr.Dataset], size: int) -> xr.Dataset:
    """Concatenate the people of several data sets, and add placeholders up to `size` people."""
    events = np.arange(max(data.sizes["event"] for data in several))
    placeholders = placeholder_people(several[0], size - sum(data.sizes["person"] for data in several))
    empty = {str(name): empty_value(str(name)) for name, values in placeholders.items() if "event" in values.dims}
    parts = [data.reindex(event=events, fill_value=empty) for data in (*several, placeholders)]
    not_empty = [data for data in parts if data.sizes["person"]]
    return xr.concat(not_empty, "person", "minimal", "minimal", "override", join="exact", combine_attrs="override")


def arrange_chunk(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Read, check and write one chunk; InputError lists every problem of its rows."""
    folder, chunk = Path(str(condition["at folder"])), int(condition["chunk"])
    plan = read_plan(folder)
    study, model = study_and_model(plan)
    table = read_rows(index_rows(study.data), *plan.bounds[chunk : chunk + 2])
    data = table_to_dataset(table, study, model, plan.figures)
    if data.attrs["time_unit"].endswith((" day", " days")):
        raise InputError([f"study {study.name}, large-scale fit: dates have no common unit. Give times as numbers"])
    if study.formulas:
        everyone = read_chunk(folder / COVARIATES_FILE)
        has_covariates = np.isin(data["person"].values, everyone["person"].values)
        data = data.isel(person=has_covariates)
        data = data.merge(everyone.sel(person=data["person"].values)).assign_attrs(everyone.attrs)
    write_chunk(pad_people([data], plan.chunk_size), chunk_file(folder, chunk))
    return {"people": data.sizes["person"], "events": int(data["present"].sum())}


def draw_sample(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Draw people from all chunks equally, and write them as a chunk of their own."""
    folder = Path(str(condition["at folder"]))
    plan, parts = read_plan(folder), []
    count = len(plan.bounds) - 1
    for chunk in range(count):
        data = read_chunk(chunk_file(folder, chunk))
        wanted = (chunk + 1) * plan.chunk_size // count - chunk * plan.chunk_size // count
        sampled = generator.permutation(np.flatnonzero(is_present(data)))[:wanted]
        parts.append(data.isel(person=np.sort(sampled)))
    sample = pad_people(parts, plan.chunk_size)
    write_chunk(sample, chunk_file(folder, SAMPLE))
    return {"people": int(is_present(sample).sum()), "events": int(sample["present"].sum())}
