"""Read TOML files, and explain what is wrong with their keys.

Study files and model files are read in the same three steps. `read_schema_2` gives the content of a file. A model of
pydantic that derives from `Strict` checks it. `explain_validation` turns the faults that pydantic found into sentences
with a remedy.
"""

import difflib
import os
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from iwm_bayes.io import is_file
from iwm_bayes.rules.modifiers.model_names import split_model_name, with_additions
from iwm_bayes.types import InputError

SCHEMA = 2  # of study files, model files and run folders
ENVIRONMENT_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
OUTCOME_EXAMPLE = (
    'outcome = {{ column = "{0}", levels = ["no", "yes"] }} for words, '
    'or {{ column = "{0}", scale = [1, 7] }} for numbers'
)
MAX_BYTES, MAX_NAME, MAX_PATH = 1_000_000, 100, 4_000  # of a file, of a name that names a folder, of a path
MAX_DEPTH = 8  # of tables and lists within each other in a study file
FORMER_KEYS = {  # keys of schema 1: what they are now
    "moment": "timing",
    "spread": "prior_between_sd",
    "theory": "model",
    "typical": "prior_90",
}
RATERS_EXAMPLE = 'raters = {{ patient = {{ column = "{0}", scale = [1, 7] }} }}'
RATERS_HELP = (
    "take it out. Where people themselves, or several people, rated the outcome, the study file names its raters"
)
BIAS_HELP = f"{RATERS_HELP}. The expectancy bias is then a parameter of the patient's ratings"
TO_RATERS = {  # keys of former versions about people's own reports of the outcome, and what to do
    ("columns", "reported"): f"write {RATERS_EXAMPLE} in `columns.outcome`, with everyone else who rated it",
    ("columns", "outcome", "source"): f"{RATERS_HELP}: {RATERS_EXAMPLE}",
    ("expectancy_bias",): BIAS_HELP,
    ("assimilation",): BIAS_HELP,
}
COLUMNS_HELP = "[columns] has person, session, wave, figure, time, outcome, distress and threat"
MISSING_KEY_HELP = {  # what to write where a line is missing, by key
    "name": 'name = "clinic", which names the folder of its runs',
    "data": 'data = "sessions.csv", the table, one row per event',
    "model": 'model = "rescorla_wagner", or another that `iwm models` lists, or the path of a model file',
    "columns": "[columns], with the table's names for person, session and outcome",
    "responses": "[responses.NAME] with its `column` for everything that people rated or did",
    "columns.person": 'person = "patient_id", the column that names each person',
    "columns.session": 'session = "visit", the column that numbers each person\'s sessions',
    "columns.outcome": f"what the figure did: {OUTCOME_EXAMPLE.format('therapist_helpful')}",
    "dyad.column": 'column = "dyad", the column that says which two belong together',
    "dyad.members.ROLE.model": 'model = "partner", or another that `iwm models` lists, or the path of a model file',
    "dyad.members.ROLE.outcome": 'outcome = "support", the response of the other that is this one\'s outcome',
    "people.data": 'data = "patients.csv", the table of people (or the table of sessions itself)',
    "people.person": 'person = "patient_id", the column that names each person',
}


class Strict(BaseModel):
    """A part of a TOML file. Unknown keys are errors, and values do not change after they are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def safe_name(name: str) -> str:
    """Return the name if it is safe as the name of a folder; ValueError if it is not."""
    if len(name) > MAX_NAME:
        raise ValueError(f"use at most {MAX_NAME} letters")
    if not re.fullmatch(r"\w[\w .-]*", name):
        raise ValueError("use letters, digits, spaces, '.', '-' and '_' only, and no path separators")
    return name


Name = Annotated[str, AfterValidator(safe_name)]


def one_form(content: Any, apart: tuple[str, ...] = ("data",), depth: int = MAX_DEPTH) -> Any:
    """Return content with all text in normal form C (Unicode), apart from the values of some keys.

    What lies deeper than any study goes stays as it is: it is refused later, and must not end in a recursion.
    """
    if isinstance(content, str):
        return unicodedata.normalize("NFC", content)
    if depth and isinstance(content, dict):
        return {
            one_form(key): value if key in apart else one_form(value, depth=depth - 1) for key, value in content.items()
        }
    if depth and isinstance(content, list | tuple):
        return [one_form(value, depth=depth - 1) for value in content]
    return content


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; InputError if it is missing, too large or not TOML."""
    if not is_file(path):
        raise InputError([f"{path}: there is no such file"])
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError([f"{path}: cannot be read ({error})"]) from error
    except RecursionError as error:
        raise InputError([f"{path}: not a TOML file (too many brackets in each other)"]) from error
    except ValueError as error:  # not TOML, not UTF-8, or a number with thousands of digits
        quotes = ". Words stand in quotes" if "Invalid value" in str(error) else ""
        raise InputError([f"{path}: not a TOML file ({error}){quotes}"]) from error


def read_schema_2(path: Path, changes: str) -> dict[str, Any]:
    """Return the content of a study or model file without its key `schema`; InputError for another schema.

    `changes` says what to write in a file of schema 1.
    """
    content = read_toml(path)
    if content.pop("schema", 1) != SCHEMA:
        raise InputError(
            [f"{path}: this file has an old form. Write schema = {SCHEMA} as its first line, and {changes}"]
        )
    return content


def expand_path(path: str, home: Path) -> Path:
    """Return an absolute path with its environment variables filled in, relative to the folder `home`.

    `${NAME}` is the variable NAME, and `${NAME:-default}` gives a default. InputError if NAME is not set.
    """

    def variable_value(match: re.Match[str]) -> str:
        name, default = match.groups()
        value = os.environ.get(name, default)
        if value is None:
            raise InputError([f"{path}: the environment variable {name} is not set. Set it to the folder of the data"])
        return value

    expanded = ENVIRONMENT_VARIABLE.sub(variable_value, path)
    try:
        if len(expanded) > MAX_PATH:
            raise ValueError("too long")
        return (home / expanded).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        raise InputError([f"{expanded[:MAX_NAME]!r}: no file can have this path ({error})"]) from error


def model_paths(path: Path, names: Sequence[str]) -> list[str]:
    """Return models as a file names them, with absolute paths of model files: in the file, its folder is where."""
    return [
        with_additions(str(expand_path(own, path.parent)), added) if own.endswith(".toml") else name
        for name in names
        for own, added in [split_model_name(name)]
    ]


def known_keys(form: Any, location: tuple[Any, ...]) -> list[str]:
    """Return the keys that a part of a file can have: `form` is a type, `location` the way from it to a key."""
    if isinstance(form, type) and issubclass(form, BaseModel):
        fields = form.model_fields
        if len(location) == 1:
            return list(fields)
        return known_keys(fields[location[0]].annotation, location[1:]) if location[0] in fields else []
    parts = get_args(form)
    if get_origin(form) is dict:
        return known_keys(parts[1], location[1:]) if len(location) > 1 else []
    if get_origin(form) is tuple and len(location) > 1 and isinstance(location[0], int):
        return known_keys(parts[0], location[1:])
    return next((keys for keys in (known_keys(part, location) for part in parts) if keys), [])


def nearest_key(form: type[BaseModel], location: tuple[Any, ...]) -> str:
    """Return "Did you mean ...?" for a key that the program does not know; empty if no key is near."""
    known, given = known_keys(form, location), str(location[-1])
    near = [FORMER_KEYS[given]] if FORMER_KEYS.get(given) in known else difflib.get_close_matches(given, known, n=1)
    return f'. Did you mean "{near[0]}"?' if near else ""


def unknown_key_remedy(form: type[BaseModel], location: tuple[Any, ...], given: Any) -> str:
    """Return what to do about a key that the program does not know."""
    if location in TO_RATERS:
        column = given.get("column") if isinstance(given, dict) else None
        return TO_RATERS[location].format(column or "patient_says")
    near = nearest_key(form, location)
    if len(location) != 2 or location[0] != "columns" or near:
        return f"unknown key; remove it or correct its name{near}"
    column = given if isinstance(given, str) else location[-1]
    return (
        f"unknown key; remove it or correct its name. {COLUMNS_HELP}. Covariates of people (arm, sex, age ...) belong "
        f"to the table that [people] names, with `data` and `person`. They enter the model by formulas: "
        f'under [formulas], availability_rate = "{column}"'
    )


def table_remedy(location: tuple[Any, ...], column: str) -> str:
    """Return how to write a key that has parts, where the file gives one word."""
    name = location[-1]
    if name == "outcome":
        return f"write {OUTCOME_EXAMPLE.format(column)}"
    if location[0] in ("columns", "responses") and len(location) == 2:
        return f'write {name} = {{ column = "{column}", scale = [1, 7] }}, with the ends of its scale'
    return f"write it as a part of its own, [{name}]"


def missing_key_help(location: tuple[Any, ...]) -> str:
    """Return what to write where a line is missing; a role is any role."""
    place = [*map(str, location)]
    if place[:2] == ["dyad", "members"]:
        place[2] = "ROLE"
    return MISSING_KEY_HELP.get(".".join(place), "it")


def fault_sentence(form: type[BaseModel], fault: Any) -> str:
    """Return one fault that pydantic found, as a sentence with its remedy."""
    location = fault["loc"]
    match fault["type"]:
        case "extra_forbidden":
            return unknown_key_remedy(form, location, fault["input"])
        case "missing":
            return f"this line is missing. Add {missing_key_help(location)}"
        case "model_type" if isinstance(fault["input"], str):
            return table_remedy(location, fault["input"])
        case "tuple_type" if isinstance(fault["input"], dict):
            return f"there may be several: write [[{location[-1]}]], in two pairs of brackets, above each"
        case "path_type":
            return "write a path in quotes"
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case _:
            return str(fault["msg"])


def explain_validation(path: Path, form: type[BaseModel], error: ValidationError) -> InputError:
    """Return every fault that pydantic found, by file and key; faults of the whole file by the file alone.

    `form` is the type that the file should have had.
    """
    places = (
        (f", key `{'.'.join(map(str, fault['loc']))}`" if fault["loc"] else "", fault) for fault in error.errors()
    )
    return InputError(f"{path}{place}: {fault_sentence(form, fault)}" for place, fault in places)
