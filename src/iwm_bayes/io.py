"""A run is a folder: `fit.nc`, `summary.csv` and the other tables, `manifest.json`, figures, and scores (see `scored`).

It is written beside its place and moved there when it is whole, so that nothing half-written stays.
"""

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

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


def write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def write_json_atomic(path: Path, content: dict[str, Any]) -> None:
    """Write a file beside its place, and put it there when it is whole."""
    draft = path.with_suffix(".part")
    write_json(draft, content)
    draft.replace(path)
