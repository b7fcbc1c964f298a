"""A run while it goes on: its draws lie beside its place, held by one process, until the run is whole."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from iwm_bayes.io import sha256, versions, write_json
from iwm_bayes.types import InputError

REQUEST_FILE = "asked.json"


def unfinished_folder(folder: Path) -> Path:
    """Where a run's draws are until it is whole."""
    return folder.with_name(f"{folder.name}.unfinished")


def run_request(files: Mapping[str, Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """All on which the draws of a run depend, with what a progress bar changes left out."""
    counted = {name: value for name, value in settings.items() if name != "progressbar"}
    hashes = {f"{name} file": sha256(path) for name, path in files.items()}
    return hashes | counted | {f"version of {name}": value for name, value in versions().items()}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is no longer as it was."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def check_resumable(place: Path, what: Mapping[str, Any], resume: bool) -> None:
    """InputError where draws are there with which nothing may be done unasked, or that were drawn of something else."""
    if not (place / REQUEST_FILE).exists() or not any(place.glob("chain *")):
        return
    anew = f"delete {place} to begin anew"
    if not resume:
        raise InputError([f"{place}: a run was stopped there. Go on with --resume, or {anew}"])
    if other := changed_settings(json.loads((place / REQUEST_FILE).read_text(encoding="utf-8")), what):
        raise InputError([f"{place}: was drawn with another {', '.join(other)}. Go back to that, or {anew}"])


@contextmanager
def unfinished_run(
    folder: Path, files: Mapping[str, Path], settings: Mapping[str, Any], resume: bool = False
) -> Iterator[Path]:
    """The place of a run's draws, taken away when the run is whole; `resume` goes on with draws that are there.

    `files` are what goes in. InputError where another process has the place, or draws are there of something else.
    """
    place, what = unfinished_folder(folder), run_request(files, settings)
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / "lock", timeout=0):
            check_resumable(place, what, resume)
            write_json(place / REQUEST_FILE, what)
            yield place
            shutil.rmtree(place)
    except Timeout:
        raise InputError([f"{folder}: another run is writing there. Wait for it, or choose another --out"]) from None
