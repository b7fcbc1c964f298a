"""A run while it is sampled: its chains are in a folder of their own, locked by one process, until it is complete.

`inference.nutpie_store` writes and reads the chains.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import xarray as xr
from filelock import FileLock, Timeout

from iwm_bayes.io import read_json, sha256, versions, write_json
from iwm_bayes.model.inputs import theta_parameters
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.workflow.load import FILE_WORDS
from iwm_bayes.workflow.results_folder import (
    MIN_FREE,
    cannot_write,
    check_results_folder,
    check_unfinished,
    unfinished_folder,
)

REQUEST_FILE, LOCK = "request.json", "lock"
ALL_AT_ONCE = frozenset({"numpyro"})  # backends whose draws are there when all of them are made
UNREADABLE_REQUEST = (
    "So the program cannot tell what these draws are of. The draws in `chains` are Zarr stores that ArviZ and xarray "
    "read. Rename the folder to keep them, or delete it, and fit again"
)


def run_request(files: Mapping[str, Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything on which the draws of a run depend; a progress bar changes nothing."""
    kept = {name: value for name, value in settings.items() if name != "progressbar"}
    hashes = {FILE_WORDS.get(name, name): sha256(path) for name, path in files.items()}
    return hashes | kept | {f"version of {name}": value for name, value in versions().items()}


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs between two requests."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def keeps_draws(method: str, backend: str) -> bool:
    """Return whether draws are on the disk while a run is sampled."""
    return method == "nuts" and backend not in ALL_AT_ONCE


def check_backend(backend: str, resume: bool) -> None:
    """Raise InputError where a run is to be continued by a backend that keeps no draws."""
    if resume and backend in ALL_AT_ONCE:
        raise InputError([f"--resume: the backend {backend} keeps no draws while it samples. Leave --resume out"])


def has_draws(place: Path) -> bool:
    """Return whether an unfinished folder has chains of a run."""
    return any(place.glob("chains/*"))


def check_resumable(place: Path, request: Mapping[str, Any], resume: bool) -> None:
    """Raise InputError where draws exist that must not be replaced without a word, or that belong to something else."""
    if not has_draws(place):
        return
    restart = f"delete {place} to start again"
    if not resume:
        raise InputError([f"{place}: an earlier run was interrupted there. Continue it with --resume, or {restart}"])
    before = read_json(place / REQUEST_FILE, UNREADABLE_REQUEST)
    if changed := changed_settings(before, request):
        raise InputError([f"{place}: was sampled with another {', '.join(changed)}. Return to that, or {restart}"])
    check_chains(place)


def check_chains(place: Path) -> None:
    """Raise InputError with every chain that cannot be read, and with what is left without it."""
    from iwm_bayes.inference.nutpie_store import read_chain  # its import takes a second

    problems = []
    for store in sorted(place.glob("chains/*")):
        try:
            read_chain(store)
        except Exception as error:  # a damaged store raises whatever its readers did not expect
            problems.append(
                f"{store}: this chain cannot be read ({type(error).__name__}: {error}). Delete this folder and enter "
                "the same command again: the chain is sampled anew, and the other chains are kept"
            )
    if problems:
        raise InputError(problems)


def clear_unfinished(place: Path) -> None:
    """Remove what the program keeps in an unfinished folder, and the folder if nothing else is in it."""
    shutil.rmtree(place / "chains", ignore_errors=True)
    for name in (REQUEST_FILE, LOCK):
        (place / name).unlink(missing_ok=True)
    with suppress(OSError):
        place.rmdir()


@contextmanager
def unfinished_run(
    folder: Path,
    files: Mapping[str, Path],
    settings: Mapping[str, Any],
    resume: bool = False,
    needed: int = MIN_FREE,
) -> Iterator[Path]:
    """Yield the folder of a run's chains, and remove it when the run is complete.

    `files` are the run's input files; with `resume`, a run continues with the draws that exist. `needed` are the bytes
    that must be free. InputError where the run cannot be written, another process holds the folder, or the draws there
    belong to something else.
    """
    check_results_folder(folder, needed=needed)
    place, request = unfinished_folder(folder), run_request(files, settings)
    try:
        place.mkdir(parents=True, exist_ok=True)
        check_unfinished(folder)
        if (place / LOCK).is_dir():
            raise InputError([f"{place / LOCK}: is a folder where the program needs a file. Delete it"])
        with FileLock(place / LOCK, timeout=0):
            check_resumable(place, request, resume)
            write_json(place / REQUEST_FILE, request)
            try:
                yield place
            except (OSError, InputError) as error:
                problems = list(error.problems) if isinstance(error, InputError) else [cannot_write(folder, error)]
                raise InputError([*problems, *kept_draws(place)]) from error
            clear_unfinished(place)
    except Timeout:  # which is an OSError, too
        raise InputError(
            [f"{folder}: another run is writing there. Wait for it, or choose another --out-dir"]
        ) from None
    except OSError as error:
        raise InputError([cannot_write(folder, error)]) from error


def kept_draws(place: Path) -> list[str]:
    """Return where the draws are after a failure, and how to continue them; tidy where there are none."""
    if has_draws(place):
        continuing = "add --resume to the same command (`iwm compare` and `iwm demo` do without)"
        return [f"The draws are kept in {place}. When this is mended, {continuing}"]
    clear_unfinished(place)
    return []


def bytes_needed(model: ModelSpec, data: xr.Dataset, settings: Mapping[str, Any]) -> int:
    """Return how much of the disk a run needs: its draws in the chain store and in `fit.nc`, and plots and report."""
    draws = int(settings.get("draws", 750)) * int(settings.get("chains", 4))
    values = len(theta_parameters(model, data)) * (data.sizes["person"] + 2)
    return MIN_FREE + 2 * 8 * draws * values
