"""A run is a folder: `fit.nc`, `summary.csv` and the other tables, `manifest.json`, figures, and scores (see `scored`).

It is written beside its place and moved there when it is whole, so that nothing half-written stays.
"""

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from iwm_bayes.core import InputError

PACKAGES = ("iwm-bayes", "pymc", "pytensor", "nutpie", "arviz", "numpy", "xarray")


def sha256(path: Path) -> str:
    """A file's hash, to know again what was fitted."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Of everything that makes numbers."""
    return {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}


def manifest(**facts: Any) -> dict[str, Any]:
    """Facts about a run with the versions that made it."""
    return facts | {"versions": versions()}


def read_fit(folder: Path) -> xr.DataTree:
    """The fit of a run."""
    with xr.open_datatree(folder / "fit.nc", engine="h5netcdf") as tree:
        return tree.load()


def write_run(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new folder, then put it in place; an existing run there is replaced."""
    if folder.exists() and not (folder.is_dir() and ((folder / "manifest.json").exists() or not any(folder.iterdir()))):
        raise InputError([f"{folder}: exists and is no run. Choose another folder with --out"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        made = Path(beside) / folder.name
        made.mkdir()
        write(made)
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write a file beside its place, and put it there when it is whole."""
    draft = path.with_suffix(".part")
    write_json(draft, content)
    draft.replace(path)
