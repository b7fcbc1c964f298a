"""A study too large for the memory, as data sets of so many people each, in files.

Every chunk has as many people as every other, so that a theory is compiled once: where a chunk has fewer, people to
whom nothing happened stand in for them. A random sample of everyone is a chunk of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.data.dataset import table_to_dataset
from iwm_bayes.large_scale.parquet import index_people, index_rows, read_rows
from iwm_bayes.large_scale.plan import read_plan, study_and_model
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition

COVARIATES_FILE, SAMPLE = "everyone.nc", "sample"


def write_covariates(folder: Path) -> None:
    """Keep what a study's formulas say of everyone, without their sessions; nothing where it has none."""
    study, model = study_and_model(read_plan(folder))
    if not study.formulas or study.people is None:
        return
    from iwm_bayes.data.covariates import attach_covariates

    everyone, _ = index_people(index_rows(study.data), study.columns.person)
    here = np.ones((1, len(everyone)), dtype=bool)
    bare = xr.Dataset({"present": (("event", "person"), here)}, {"person": everyone})
    write_chunk(attach_covariates(study, model, bare, study.people).drop_dims("event"), folder / COVARIATES_FILE)


def write_chunk(data: xr.Dataset, path: Path) -> None:
    """Write a data set beside its place, and put it there when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    data.to_netcdf(draft, engine="scipy")
    draft.replace(path)


def read_chunk(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="scipy") as found:
        return found.load().drop_encoding()


def chunk_file(folder: Path, chunk: int | str) -> Path:
    return folder / "chunks" / f"{chunk}.nc"


def is_present(data: xr.Dataset) -> np.ndarray:
    """Who is there, and stands in for nobody, (person,)."""
    return data["present"].any("event").values


def empty_value(name: str) -> float:
    """What stands where nothing happened."""
    return np.nan if name.startswith("answer_") or name in ("session", "time") else 0


def placeholder_people(like: xr.Dataset, count: int) -> xr.Dataset:
    """So many people to whom nothing happened."""
    some = like.isel(person=np.zeros(count, dtype=int)).assign_coords(person=[f"nobody {n}" for n in range(count)])
    return some.assign({name: xr.full_like(x, empty_value(str(name))) for name, x in some.items() if "event" in x.dims})


def pad_people(several: Sequence[xr.Dataset], size: int) -> xr.Dataset:
    """Data sets beside each other, and people to whom nothing happened up to so many."""
    events = np.arange(max(data.sizes["event"] for data in several))
    absent = placeholder_people(several[0], size - sum(data.sizes["person"] for data in several))
    empty = {str(name): empty_value(str(name)) for name, x in absent.items() if "event" in x.dims}
    parts = [data.reindex(event=events, fill_value=empty) for data in (*several, absent)]
    there = [data for data in parts if data.sizes["person"]]
    return xr.concat(there, "person", "minimal", "minimal", "override", join="exact", combine_attrs="override")


def arrange_chunk(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Read, check and keep one chunk; InputError lists every problem of its rows."""
    folder, chunk = Path(str(cell["at folder"])), int(cell["chunk"])
    plan = read_plan(folder)
    study, model = study_and_model(plan)
    data = table_to_dataset(
        read_rows(index_rows(study.data), *plan.bounds[chunk : chunk + 2]), study, model, plan.figures
    )
    if data.attrs["time_unit"].endswith(" days"):
        raise InputError([f"study {study.name}, in chunks: dates have no common unit. Give times as numbers"])
    if study.formulas:
        everyone = read_chunk(folder / COVARIATES_FILE)
        known = np.isin(data["person"].values, everyone["person"].values)
        data = data.isel(person=known)
        data = data.merge(everyone.sel(person=data["person"].values)).assign_attrs(everyone.attrs)
    write_chunk(pad_people([data], plan.size), chunk_file(folder, chunk))
    return {"people": data.sizes["person"], "events": int(data["present"].sum())}


def draw_sample(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Keep a chunk of people drawn from all chunks alike."""
    folder = Path(str(cell["at folder"]))
    plan, drawn = read_plan(folder), []
    count = len(plan.bounds) - 1
    for chunk in range(count):
        data = read_chunk(chunk_file(folder, chunk))
        wanted = (chunk + 1) * plan.size // count - chunk * plan.size // count
        who = generator.permutation(np.flatnonzero(is_present(data)))[:wanted]
        drawn.append(data.isel(person=np.sort(who)))
    whole = pad_people(drawn, plan.size)
    write_chunk(whole, chunk_file(folder, SAMPLE))
    return {"people": int(is_present(whole).sum()), "events": int(whole["present"].sum())}
