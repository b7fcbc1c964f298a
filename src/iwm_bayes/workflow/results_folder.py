"""Folders of results: what the program wrote into them, and how it replaces this and nothing else.

`manifest.json` lists every file that the program wrote, with its hash. Only a file that still has its hash is removed.
Results are made in a draft next to their folder, in `FOLDER.unfinished`, and moved into place when all are complete.
A draft that a killed process left there is removed by the next command that writes into the folder.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from iwm_bayes.io import PACKAGES, SCHEMA, manifest, read_json, sha256, write_json
from iwm_bayes.types import InputError

MANIFEST = "manifest.json"
DRAFT, DRAFT_LOCK = ".draft", ".draft.lock"  # in the unfinished folder
UNFINISHED_NAMES = {"lock", "request.json", "chains", DRAFT, DRAFT_LOCK}  # what the program keeps there
PROGRAM = PACKAGES[0]
MIN_FREE = 200_000_000  # bytes: a run folder of a usual study, twice
REASONS = {
    errno.ENAMETOOLONG: "its name is too long. Choose a shorter",
    errno.ENOSPC: "the disk is full. Make room, or choose another",
    errno.EDQUOT: "your share of the disk is full. Make room, or choose another",
    errno.EROFS: "the disk can only be read. Choose another",
    errno.EACCES: "you have no right to write there. Choose another",
    errno.EPERM: "you have no right to write there. Choose another",
    errno.ENOTDIR: "a part of this path is a file. Choose another",
    errno.EEXIST: "a file is in the way. Choose another",
    errno.ELOOP: "it is a link that leads nowhere. Choose another",
}
BROKEN_MANIFEST = (
    "So the program cannot tell what it wrote into this folder; the other files are as they were. Choose another folder"
)


def cannot_write(folder: Path, error: OSError, option: str = "--out-dir") -> str:
    """Return in one sentence why a folder cannot be written, with the remedy."""
    reason = REASONS.get(error.errno or 0, f"{error.strerror or error}. Choose another")
    return f"{folder}: cannot be written: {reason} {option}"


def unfinished_folder(folder: Path) -> Path:
    """Return the folder of drafts and of the chains of a run, next to the folder of its results."""
    return folder.with_name(f"{folder.name}.unfinished")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what the program says of a folder; InputError where it holds no results, or they are broken or old."""
    path = folder / MANIFEST
    if not os.path.exists(path):
        raise InputError([f"{folder}: holds no run. Give a study file, or folders that `iwm fit` wrote"])
    facts = read_json(path, BROKEN_MANIFEST)
    if facts.get("schema") != SCHEMA:
        raise InputError([f"{folder}: another version of the program wrote this folder. Fit again in another folder"])
    if "incomplete" in facts:
        raise InputError(
            [f"{folder}: the program was stopped while it wrote these results. Enter the same command again to end it"]
        )
    return facts


def written_files(folder: Path) -> dict[str, set[str]]:
    """Return the hashes of the files that the program wrote into a folder, by path within it."""
    if not (folder / MANIFEST).exists():
        return {}
    facts = read_json(folder / MANIFEST, BROKEN_MANIFEST)
    parts = [part for part in (facts.get("written"), facts.get("incomplete")) if isinstance(part, dict)]
    names = dict.fromkeys(str(name) for part in parts for name in part)
    return {name: {str(part[name]) for part in parts if name in part} for name in names if is_within(folder, name)}


def is_within(folder: Path, name: str) -> bool:
    """Return whether a path is inside a folder: a manifest that was received may name any."""
    return (folder / name).resolve().is_relative_to(folder.resolve()) and name != MANIFEST


def own_files(folder: Path) -> list[str]:
    """Return the files in a folder that are still as the program wrote them."""
    listed = written_files(folder).items()
    return [name for name, hashes in listed if (folder / name).is_file() and sha256(folder / name) in hashes]


def check_results_folder(folder: Path, option: str = "--out-dir", needed: int = MIN_FREE) -> None:
    """Find out, before any work, whether results can be written; InputError in one sentence where they cannot.

    Nothing is left behind. `needed` are the bytes that must be free.
    """
    here = Path.cwd().resolve()
    try:
        if Path(os.path.realpath(folder)) in (here, *here.parents):  # `resolve` has an error of its own for a loop
            raise InputError([f"{folder}: is the current folder, or above it. Choose an {option} of its own"])
        if folder.is_symlink() and not folder.exists():
            raise InputError([f"{folder}: is a link that leads nowhere. Choose another {option}"])
        if folder.exists() and not folder.is_dir():
            raise InputError([f"{folder}: is a file, not a folder. Choose another {option}"])
        if folder.is_dir() and any(folder.iterdir()) and not has_results(folder):
            raise InputError([f"{folder}: exists and holds no results of this program. Choose another {option}"])
        check_unfinished(folder)
        for place in (folder, unfinished_folder(folder)):
            nearest = next(path for path in (place, *place.absolute().parents) if path.exists())
            with tempfile.TemporaryDirectory(dir=nearest, prefix=".iwm-") as probe:
                (Path(probe) / place.absolute().relative_to(nearest.absolute())).mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(nearest).free < needed:
            raise OSError(errno.ENOSPC, "")
    except OSError as error:
        raise InputError([cannot_write(folder, error, option)]) from error


def check_kind(folder: Path, kind: str, overwrite: bool) -> None:
    """Raise InputError where a folder has results of another kind, which must not be replaced without `overwrite`."""
    if not has_results(folder) or overwrite:
        return
    held = read_json(folder / MANIFEST, BROKEN_MANIFEST).get("kind")
    if held != kind:
        raise InputError(
            [f"{folder}: holds results of `iwm {held}`. Add --overwrite to replace them, or choose another --out-dir"]
        )


def has_results(folder: Path) -> bool:
    """Return whether the program wrote the manifest of a folder; InputError where the manifest is broken."""
    if not os.path.exists(folder / MANIFEST):  # `Path.exists` makes an error of a name that is too long
        return False
    recorded = read_json(folder / MANIFEST, BROKEN_MANIFEST).get("versions")
    return isinstance(recorded, dict) and PROGRAM in recorded


def run_label(folder: Path, between: str = "/") -> str:
    """Return the name of the folder of a run; of a member of dyads it is "A/wife", with that of both."""
    folder = folder.resolve()
    of_member = has_results(folder) and bool(read_json(folder / MANIFEST, BROKEN_MANIFEST).get("role"))
    return f"{folder.parent.name}{between}{folder.name}" if of_member else folder.name


def check_unfinished(folder: Path) -> None:
    """Raise InputError where there is a folder by the name of the unfinished one that the program did not make."""
    place = unfinished_folder(folder)
    strange = {path.name for path in place.iterdir()} - UNFINISHED_NAMES if place.is_dir() else set()
    if strange or (place.exists() and not place.is_dir()):
        raise InputError([f"{place}: the program needs this name, and did not make what is there. Rename it"])


@contextmanager
def draft_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder in which results are made; it is removed with the block."""
    check_unfinished(folder)
    place = unfinished_folder(folder)
    place.mkdir(parents=True, exist_ok=True)
    draft = place / DRAFT
    try:
        with FileLock(place / DRAFT_LOCK, timeout=0):
            shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed: no living one has the lock
            draft.mkdir()
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
                (place / DRAFT_LOCK).unlink(missing_ok=True)
                with suppress(OSError):  # not empty: it holds the chains of the run
                    place.rmdir()
    except Timeout:
        raise InputError([f"{folder}: another command is writing there. Wait for it, or choose another"]) from None


def replace_results(folder: Path, write: Callable[[Path], Mapping[str, Any]], overwrite: bool = False) -> None:
    """Let `write` make results in a draft, then move them into a folder in place of those that are there.

    `write` returns the facts for the manifest. InputError where the folder cannot be written.
    """
    _move_results(folder, write, overwrite, keep=False)


def add_results(folder: Path, write: Callable[[Path], Mapping[str, Any]], overwrite: bool = False) -> None:
    """Let `write` make further results, such as a report, and move them into a folder; the others stay.

    `write` returns the facts that change in the manifest.
    """
    _move_results(folder, write, overwrite, keep=True)


def _move_results(folder: Path, write: Callable[[Path], Mapping[str, Any]], overwrite: bool, keep: bool) -> None:
    try:
        with draft_folder(folder) as draft:
            facts = write(draft)
            _publish(folder, draft, facts, overwrite, keep)
    except OSError as error:
        raise InputError([cannot_write(folder, error)]) from error


def _publish(folder: Path, draft: Path, facts: Mapping[str, Any], overwrite: bool, keep: bool) -> None:
    """Move the files of a draft into a folder; what the program did not write stays, or is in the way."""
    new = {path.relative_to(draft).as_posix(): sha256(path) for path in sorted(draft.rglob("*")) if path.is_file()}
    listed, own = written_files(folder), own_files(folder)
    in_the_way = [name for name in new if os.path.lexists(folder / name) and name not in own]
    if in_the_way and not overwrite:
        raise InputError(
            f"{folder / name}: is in the way and not as the program wrote it. Rename it, or add --overwrite, which "
            f"keeps it under another name"
            for name in in_the_way
        )
    for name in in_the_way:
        keep_aside(folder / name)
    before = read_json(folder / MANIFEST, BROKEN_MANIFEST) if keep and (folder / MANIFEST).exists() else manifest()
    kept = {name: min(listed[name]) for name in listed if keep and name not in new}
    whole = before | dict(facts) | {"written": kept | new}
    folder.mkdir(parents=True, exist_ok=True)
    old = {name: sha256(folder / name) for name in own}
    write_json(folder / MANIFEST, whole | {"incomplete": old})  # if the program stops here, it still knows its files
    remove_files(folder, () if keep else own)
    for name in new:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(draft / name, folder / name)  # a folder that is a link may lie on another disk
    write_json(folder / MANIFEST, whole)


def keep_aside(path: Path) -> None:
    """Rename a file or folder that is in the way and that the program did not write."""
    names = (path.with_name(f"{path.name}.kept{number or ''}") for number in range(1000))
    path.rename(next(name for name in names if not os.path.lexists(name)))


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove files from a folder, and the folders within it that are then empty."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
        for parent in (folder / name).relative_to(folder).parents:
            with suppress(OSError):  # not empty, or removed already
                if parent != Path():
                    (folder / parent).rmdir()


def record_written(folder: Path, *names: str) -> None:
    """Add files to those that the program wrote into a folder of results, where they are there."""
    facts = read_json(folder / MANIFEST, BROKEN_MANIFEST)
    added = {name: sha256(folder / name) for name in names if (folder / name).is_file()}
    if added.items() - facts.get("written", {}).items():
        write_json(folder / MANIFEST, facts | {"written": facts.get("written", {}) | added})
