"""How a run is documented and written: hashes of files, versions of packages, and JSON files."""

import hashlib
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from iwm_bayes.types import InputError

PACKAGES = ("iwm-bayes", "pymc", "pytensor", "nutpie", "arviz", "numpy", "xarray")
SCHEMA = 2  # of study files, model files and run folders


def sha256(path: Path) -> str:
    """Return the hash of a file, which identifies the data that were fitted."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Read a JSON file that the program wrote; InputError with the `remedy` where it is missing, cut or another's."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError([f"{path}: cannot be read ({error}). {remedy}"]) from error
    if not isinstance(content, dict):
        raise InputError([f"{path}: is not a file that this program wrote. {remedy}"])
    return content
