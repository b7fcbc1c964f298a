"""The file of a fit, `fit.nc`: written within a budget, and read back with the model that it is a fit of."""

from collections.abc import Iterable
from math import ceil
from pathlib import Path
from typing import Any

import xarray as xr

from iwm_bayes.io import SCHEMA, atomic_path, read_json
from iwm_bayes.model.specification.model_record import model_from_record, recorded_files, without_folder
from iwm_bayes.model.specification.parts import UNTRUSTED
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.workflow.fit_groups import BUDGET, MEGABYTE, with_attributes
from iwm_bayes.workflow.results_folder import MANIFEST

FIT_FILE = "fit.nc"
INPUTS = "inputs"  # of a run folder: copies of the model file, and of Python files that it names
DRAWN_TOGETHER = ("posterior", "unconstrained_posterior", "log_prior", "log_likelihood", "sample_stats")
ROUNDED = ("posterior", "prior", "posterior_predictive", "prior_predictive", "log_likelihood", "log_prior", "beliefs")
COMPRESSED, FAST_COMPRESSION = "theta", {"zlib": True, "complevel": 1}  # it is NaN for parameters of the group
MODELS: dict[str, ModelSpec] = {}  # of fits that were made or loaded in this process, by record: their code runs once
THINNED = "one of {step} draws is kept, so that it takes about {budget:.0f} MB"
RESCUE = "Tables, plots and report.html of this run can still be read. Put the file back, or fit again"


def is_rounded(group: str, values: xr.DataArray) -> bool:
    """Return whether a file keeps numbers of 32 bits: all but parameters of the group, which tables report."""
    whole = group == "unconstrained_posterior" and "person" not in values.dims
    return values.dtype == "float64" and not whole and (group in ROUNDED or group == "unconstrained_posterior")


def stored_bytes(fit: xr.DataTree, groups: tuple[str, ...]) -> int:
    """Return the size of some groups of a fit in its file."""
    sizes = (
        stored_numbers(values) * (4 if is_rounded(name, values) else values.dtype.itemsize)
        for name in groups
        if name in fit.children
        for values in fit[name].to_dataset().values()
    )
    return sum(sizes)


def stored_numbers(values: xr.DataArray) -> int:
    """Return how many numbers of a variable take place in a file: `theta` is compressed where it does not apply."""
    if values.name != COMPRESSED:
        return values.size
    applies = values.isel(chain=0, draw=0, person=0).notnull()
    return int(values.size * float(applies.mean()))


def within_budget(fit: xr.DataTree, budget: int) -> xr.DataTree:
    """Return a fit with as many draws as fit into a file of `budget` bytes; the attribute `thinned` says how many."""
    others = tuple(name for name in fit.children if name not in DRAWN_TOGETHER)
    available = max(budget - stored_bytes(fit, others), budget // 10)
    step = ceil(stored_bytes(fit, DRAWN_TOGETHER) / available)
    if step <= 1:
        return fit
    thinned = {
        name: group.to_dataset().isel(draw=slice(None, None, step)) if name in DRAWN_TOGETHER else group.to_dataset()
        for name, group in fit.children.items()
    }
    message = THINNED.format(step=step, budget=budget / MEGABYTE)
    return with_attributes(xr.DataTree.from_dict(thinned), fit.attrs | {"thinned": message})


def budget_notes(fit: xr.DataTree) -> list[str]:
    """Return in sentences what the file of a fit does not hold, because it would be too large."""
    return notes_of(within_budget(fit, BUDGET))


def notes_of(kept: xr.DataTree) -> list[str]:
    """Return in sentences what a fit within its budget does not hold."""
    return [str(kept.attrs[name]) for name in ("left_out", "thinned") if name in kept.attrs]


def save_fit(fit: xr.DataTree, path: str | Path, budget: int | None = BUDGET) -> list[str]:
    """Write a fit to a netCDF file, which ArviZ and every other reader of netCDF opens.

    Parameters
    ----------
    fit
        A fit.
    path
        The file, which is replaced.
    budget
        Size of the file in bytes, about. Draws are thinned to keep it. None keeps every draw.

    Returns
    -------
    list of str
        What the file does not hold, because it would be too large; empty if it holds everything.

    Raises
    ------
    OSError
        If the disk does not take it; an older file then stays as it was.
    """
    kept = fit if budget is None else within_budget(fit, budget)
    kept = with_attributes(kept, {"model": without_folder(str(kept.attrs.get("model", "")))})
    encoding = {
        f"/{name}": {
            str(key): {"dtype": "float32"} | (FAST_COMPRESSION if key == COMPRESSED else {})
            for key, own in group.to_dataset().items()
            if is_rounded(str(name), own)
        }
        for name, group in kept.children.items()
    }
    with atomic_path(Path(path)) as draft:
        save_tree(kept, draft, encoding)
    return notes_of(kept)


def save_tree(tree: xr.DataTree, path: Path, encoding: dict[str, Any] | None = None) -> None:
    """Write a tree to a netCDF file; OSError if the disk does not take it."""
    try:
        tree.to_netcdf(path, engine="h5netcdf", encoding=encoding)
    except RuntimeError as error:  # HDF5's own, where the disk is full
        raise OSError(None, str(error)) from error


def with_whole_numbers(fit: xr.DataTree) -> xr.DataTree:
    """Return a fit whose numbers of 32 bits are 64 bits wide, so that computations lose nothing more."""
    groups = {}
    for name, group in fit.children.items():
        values = group.to_dataset()
        narrow = {key: own.astype("float64") for key, own in values.items() if own.dtype == "float32"}
        groups[name] = values.assign(narrow)  # `map` would lose coordinates that no variable has
    return with_attributes(xr.DataTree.from_dict(groups), fit.attrs)


def read_fit(path: Path) -> xr.DataTree:
    """Read the file of a fit; InputError where it is missing or cannot be read."""
    if not path.is_file():
        raise InputError([f"{path}: is missing. {RESCUE}"])
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            fit = with_whole_numbers(tree.load())
    except Exception as error:  # a file that is cut or changed raises whatever its readers did not expect
        raise InputError([f"{path}: cannot be read as a fit ({type(error).__name__}). {RESCUE}"]) from error
    if fit.attrs.get("schema") != SCHEMA or "unconstrained_posterior" not in fit.children:
        raise InputError([f"{path}: is no fit of this version of the program. Fit again"])
    return fit


def load_fit(path: str | Path, trust: bool = False) -> xr.DataTree:
    """Read a fit, as `fit` returned it.

    Parameters
    ----------
    path
        A run folder of `iwm fit`, or a file that `save_fit` wrote.
    trust
        Whether a Python file that the fit's model names as its rule may run.

    Raises
    ------
    InputError
        If the file is missing or is no fit of this version of the program, or would run a Python file without trust.
    """
    file = Path(path) / FIT_FILE if Path(path).is_dir() else Path(path)
    fit = read_fit(file)
    files = recorded_files(str(fit.attrs["model"]))
    if files and not trust:
        raise InputError([UNTRUSTED.format(path=file, key=key, file=name) for key, name in files.items()])
    copies = {key: Path(copy) for key, copy in copied_files(file.parent, files).items()}
    record = str(fit.attrs["model"])
    return remembered(fit, model_from_record(record, trust, copies, file.parent)) if record else fit


def remembered(fit: xr.DataTree, model: ModelSpec) -> xr.DataTree:
    """Return a fit, whose model is remembered as long as this process lives: see `model_of`."""
    MODELS[without_folder(str(fit.attrs["model"]))] = model
    return fit


def copied_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the paths of a run folder's copies of some input files, by name; of those that it has."""
    if not (folder / MANIFEST).is_file():
        return {}
    described = read_json(folder / MANIFEST, RESCUE).get("files", {})
    found = {name: described.get(name, {}).get("copy") for name in names}
    return {name: str((folder / copy).absolute()) for name, copy in found.items() if copy}


def model_of(fit: xr.DataTree, model: Any = None) -> ModelSpec:
    """Return the model of a fit: the one that is given, else the one that the fit carries; InputError without any.

    A model with a Python file of one's own is that of the fit which was made or loaded in this process. Its file does
    not run again, and one that was only opened needs `load_fit` with trust.
    """
    if model is not None:
        spec = getattr(model, "spec", model)
        if not isinstance(spec, ModelSpec):
            raise InputError([f"model: give a Model or a ModelSpec, not {type(model).__name__}"])
        return spec
    if not isinstance(fit, xr.DataTree) or "unconstrained_posterior" not in fit.children:
        raise InputError(
            [f"a fit of this program is needed, as `fit` or `load_fit` returns it, not {type(fit).__name__}"]
        )
    record = str(fit.attrs.get("model", ""))
    return MODELS.get(without_folder(record)) or model_from_record(record)
