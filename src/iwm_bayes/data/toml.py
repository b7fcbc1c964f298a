"""What is wrong with the keys of a file, in sentences that say what to write."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from iwm_bayes.types import InputError

OUTCOME_EXAMPLE = (
    'outcome = {{ column = "{0}", levels = ["no", "yes"] }} for words, '
    'or {{ column = "{0}", scale = [1, 7] }} for numbers'
)
COLUMNS_HELP = "[columns] has person, session, figure, time, outcome, reported, distress and threat"
MISSING_KEY_HELP = {  # what to write where a line is missing, by key
    "name": 'name = "clinic", which names the folder of its runs',
    "data": 'data = "sessions.csv", the table, one row per event',
    "theory": 'theory = "rescorla_wagner", or another that `iwm theories` lists, or the path of a theory file',
    "columns": "[columns], with the table's names for person, session and outcome",
    "responses": "[responses.NAME] with its `column` for everything that people rated or did",
    "columns.person": 'person = "patient_id", the column that says who',
    "columns.session": 'session = "visit", the column that numbers each person\'s sessions',
    "columns.outcome": f"what the figure did: {OUTCOME_EXAMPLE.format('therapist_helpful')}",
    "people.data": 'data = "patients.csv", the table of people (or the table of sessions itself)',
    "people.person": 'person = "patient_id", its column that says who',
}


def unknown_key_remedy(loc: tuple[Any, ...], given: Any) -> str:
    """What to do with a key that the program does not know."""
    if loc[-1] == "without":
        return "unknown key here; `without` belongs at the top of the file, above [columns]"
    if len(loc) != 2 or loc[0] != "columns":
        return "unknown key; remove it or correct its name"
    column = given if isinstance(given, str) else loc[-1]
    return (
        f"unknown key; remove it or correct its name. {COLUMNS_HELP}. What is known of people besides their sessions (arm, "
        f"sex, age ...) goes into [people], with `data` and `person`, and acts by formulas: "
        f'under [formulas], availability_rate = "{column}"'
    )


def table_remedy(loc: tuple[Any, ...], column: str) -> str:
    """How to write what was given as a plain word and has parts."""
    name = loc[-1]
    if name == "outcome":
        return f"write {OUTCOME_EXAMPLE.format(column)}"
    if loc[0] in ("columns", "responses") and len(loc) == 2:
        return f'write {name} = {{ column = "{column}", scale = [1, 7] }}, with the ends of its scale'
    return f"write it as a part of its own, [{name}]"


def fault_sentence(fault: Any) -> str:
    """One fault that pydantic found, in words."""
    loc, key = fault["loc"], ".".join(map(str, fault["loc"]))
    match fault["type"]:
        case "extra_forbidden":
            return unknown_key_remedy(loc, fault["input"])
        case "missing":
            return f"this line is missing. Add {MISSING_KEY_HELP.get(key, 'it')}"
        case "model_type" if isinstance(fault["input"], str):
            return table_remedy(loc, fault["input"])
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case _:
            return str(fault["msg"])


def explain_validation(path: Path, error: ValidationError) -> InputError:
    """Every fault that pydantic found, by file and key; those of the whole file by the file alone."""
    places = (
        (f", key `{'.'.join(map(str, fault['loc']))}`" if fault["loc"] else "", fault) for fault in error.errors()
    )
    return InputError(f"{path}{place}: {fault_sentence(fault)}" for place, fault in places)


SCHEMA = 2  # of study files, model files and run folders
ENVIRONMENT_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def safe_name(name: str) -> str:
    """A name that is safe as a folder's name."""
    if not re.fullmatch(r"\w[\w .-]*", name):
        raise ValueError("use letters, digits, spaces, '.', '-' and '_' only, and no path separators")
    return name


Name = Annotated[str, AfterValidator(safe_name)]


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content; InputError if it is missing or no TOML."""
    if not path.is_file():
        raise InputError([f"{path}: there is no such file"])
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError([f"{path}: not a TOML file ({error})"]) from error


def read_schema_2(path: Path, changes: str) -> dict[str, Any]:
    """The content of a study or model file without its key `schema`; InputError for a file of another form.

    `changes` says what to write in a file of the form before this one.
    """
    content = read_toml(path)
    if content.pop("schema", 1) != SCHEMA:
        raise InputError(
            [f"{path}: this file has an old form. Write schema = {SCHEMA} as its first line, and {changes}"]
        )
    return content


def expand_path(path: str, home: Path) -> Path:
    """A path with its variables filled in, relative to the folder `home`."""

    def value(match: re.Match[str]) -> str:
        name, otherwise = match.groups()
        found = os.environ.get(name, otherwise)
        if found is None:
            raise InputError([f"{path}: the environment variable {name} is not set. Set it to the folder of the data"])
        return found

    return (home / ENVIRONMENT_VARIABLE.sub(value, path)).resolve()
