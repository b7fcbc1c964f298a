"""How a run is documented and written: hashes of files, versions of packages, and JSON files."""

import hashlib
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("iwm-bayes", "pymc", "pytensor", "nutpie", "arviz", "numpy", "xarray")
SCHEMA = 2  # of study files, model files and run folders


def sha256(path: Path) -> str:
    """Return the hash of a file, which identifies the data that were fitted."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python and of all packages that affect numbers."""
    return {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}


def manifest(**facts: Any) -> dict[str, Any]:
    """Return facts about a run together with the schema and the versions of packages."""
    return facts | {"schema": SCHEMA, "versions": versions()}


def is_file(path: Path) -> bool:
    """Return whether there is such a file; False for a path that no file can have (too long, or with a NUL byte)."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Return whether there is such a folder; False for a path that no folder can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield the path of a draft, which replaces `path` when the block ends.

    The file is thus there completely or not at all. The folder is made where it is missing. After an error the draft
    is removed, and an older file stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, completely or not at all; what JSON cannot hold is written as text."""
    with atomic_path(path) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
