"""A run while it is sampled: its chains are in a folder of their own, locked by one process, until it is complete.

`inference.nutpie_store` writes and reads the chains.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from iwm_bayes.io import sha256, versions, write_json
from iwm_bayes.types import InputError

REQUEST_FILE = "request.json"


def unfinished_folder(folder: Path) -> Path:
    """Return where the chains of a run are kept until the run is complete."""
    return folder.with_name(f"{folder.name}.unfinished")


def run_request(files: Mapping[str, Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything on which the draws of a run depend; a progress bar changes nothing."""
    kept = {name: value for name, value in settings.items() if name != "progressbar"}
    hashes = {f"{name} file": sha256(path) for name, path in files.items()}
    return hashes | kept | {f"version of {name}": value for name, value in versions().items()}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs between two requests."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def check_resumable(place: Path, request: Mapping[str, Any], resume: bool) -> None:
    """Raise InputError where draws exist that must not be replaced without a word, or that belong to something else."""
    if not (place / REQUEST_FILE).exists() or not any(place.glob("chains/*")):
        return
    restart = f"delete {place} to start again"
    if not resume:
        raise InputError([f"{place}: an earlier run was interrupted there. Continue it with --resume, or {restart}"])
    if changed := changed_settings(json.loads((place / REQUEST_FILE).read_text(encoding="utf-8")), request):
        raise InputError([f"{place}: was sampled with another {', '.join(changed)}. Return to that, or {restart}"])


@contextmanager
def unfinished_run(
    folder: Path, files: Mapping[str, Path], settings: Mapping[str, Any], resume: bool = False
) -> Iterator[Path]:
    """Yield the folder of a run's chains, and remove it when the run is complete.

    `files` are the run's input files; with `resume`, a run continues with the draws that exist. InputError where
    another process holds the folder, or the draws there belong to something else.
    """
    place, request = unfinished_folder(folder), run_request(files, settings)
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / "lock", timeout=0):
            check_resumable(place, request, resume)
            write_json(place / REQUEST_FILE, request)
            yield place
            shutil.rmtree(place)
    except Timeout:
        raise InputError(
            [f"{folder}: another run is writing there. Wait for it, or choose another --out-dir"]
        ) from None
