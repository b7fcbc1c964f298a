"""Make the folder of a study with its study file: completely, or not at all."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.data.toml import MAX_NAME, expand_path
from iwm_bayes.io import atomic_path, is_file, is_folder
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules.modifiers.model_names import is_model_file
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.workflow.new_study.dyads import check_single_people
from iwm_bayes.workflow.new_study.guess import StudyGuess, guess_study
from iwm_bayes.workflow.new_study.study_file import Place, study_text


class NewStudy(NamedTuple):
    """A study file that was written, and what it rests on."""

    path: Path
    guess: StudyGuess
    model: ModelSpec
    doubts: tuple[str, ...]  # what was read in one of two possible ways when the table was opened


def write_new_study(folder: Path, table: Path, model: str = "rescorla_wagner", people: Path | None = None) -> NewStudy:
    """Write FOLDER/study.toml for a table, with guesses.

    Parameters
    ----------
    folder
        The folder of the study, which is made where there is none.
    table
        The table of sessions, one row per event. It is neither copied nor changed.
    model
        A built-in model by name, or the path of a model file.
    people
        A table of people with their covariates.

    Returns
    -------
    The path of the study file, with the guesses.

    Raises
    ------
    InputError
        If there is a study file, if a table cannot be read, has one row per person or both members of dyads, or if
        the model is unknown.
    """
    path = folder / "study.toml"
    if os.path.lexists(path):
        raise InputError([f"{path}: exists, and is not replaced. Name another folder, or move the file away"])
    if is_file(folder):
        raise InputError([f"{folder}: is a file. Name a folder for the study"])
    tables = [one for one in (table, people) if one is not None]
    if missing := [one for one in tables if not is_file(one) and not is_folder(one)]:
        raise InputError(f"{one}: there is no such file. Correct its path" for one in missing)
    spec, sessions = load_model(model), open_table(table)
    check_single_people(sessions.file, sessions.frame)
    guess = guess_study(sessions, spec, open_table(people) if people else None)
    place = Place(
        study_name(folder),
        relative_path(table, folder),
        relative_path(Path(model), folder) if is_model_file(model) else model,
        relative_path(people, folder) if people else None,
    )
    write_text(path, study_text(guess, spec, place))
    return NewStudy(path, guess, spec, tuple(sessions.doubts))


def write_text(path: Path, text: str) -> None:
    """Write a file and its folder; InputError, and no new folder, where that cannot be done."""
    was_there = is_folder(path.parent)
    try:
        with atomic_path(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        if is_folder(path.parent) and not was_there:
            path.parent.rmdir()
        raise InputError([f"{path}: cannot be written ({error}). Name another folder"]) from error


def study_name(folder: Path) -> str:
    """Return the name of a folder without signs that the name of a study cannot have."""
    name = re.sub(r"[^\w .-]", "-", Path(os.path.abspath(folder)).name)
    return (name if re.match(r"\w", name) else f"study{name}")[:MAX_NAME]


def relative_path(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, with / between its parts; the whole path where they share no drive.

    InputError where a study file cannot name the path, because a part of it looks like an environment variable.
    """
    try:
        text = Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        text = path.resolve().as_posix()
    if expand_path(text, folder.resolve()) != path.resolve():
        raise InputError([f"{path}: a study file cannot name this path, because of its ${{...}}. Rename the folder"])
    return text
