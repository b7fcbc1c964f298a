"""The parts that a model file names: its learning rule and its responses, built-in or in a Python file of one's own.

A part of one's own is named "file.py:NAME", with the place of the file from the folder of the model file. The file runs
only with trust. Each file runs once, however many parts it defines.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

from iwm_bayes.data.toml import MAX_NAME, read_toml
from iwm_bayes.io import is_file, sha256
from iwm_bayes.model.specification.response_file import response_of_module
from iwm_bayes.responses import LEVELS, RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.own_file import run_python_file
from iwm_bayes.rules.rule_file import rule_of_module
from iwm_bayes.types import InputError, Learner, Response, Rule

RULE_FILE, RESPONSE_FILE = "rule", "response file"  # keys of `python_files`; the second is followed by the file's name
UNTRUSTED = (
    "{path}, key `{key}`: names the Python file {file}, which would run on this computer with all your rights. Read it "
    "first. If you trust it, add --trust, or name the model file yourself with --model (in Python: trust=True)"
)


class Parts(NamedTuple):
    """The parts of a model, as its file names them."""

    rule: Learner | Rule
    responses: dict[str, Response]  # by the model's names for them


def own_part(name: str) -> tuple[str, str] | None:
    """Return the file and the name in it of a part of one's own, "file.py:NAME"; None for a built-in part."""
    file, colon, own_name = name.rpartition(":")
    return (file, own_name) if colon else None


def response_kinds(kinds: Iterable[str] = tuple(RESPONSES)) -> list[str]:
    """Return kinds of responses for messages and pages: those that differ by their number of levels once."""
    return list(dict.fromkeys(re.sub(r"_\d+$", f"_{LEVELS[0]}..{LEVELS[-1]}", kind) for kind in kinds))


def kinds_by_name(path: Path, responses: list[str] | dict[str, str]) -> dict[str, str]:
    """Return the kinds of a model's responses by the model's names for them; InputError for an unknown kind.

    In a list a built-in response has the name of its kind, and one of one's own its name in the file, in small letters.
    """
    if isinstance(responses, dict):
        kinds = responses
    else:
        kinds = {own[1].lower() if (own := own_part(kind)) else kind: kind for kind in responses}
    unknown = [kind for kind in kinds.values() if kind not in RESPONSES and own_part(kind) is None]
    if unknown or not kinds or len(kinds) < len(responses):
        available = ", ".join(response_kinds())
        raise InputError(
            [
                f"{path}, key `responses`: name one or more of {available}, or your own as file.py:RESPONSE, each "
                f"once; not {unknown or responses}"
            ]
        )
    return kinds


def python_files(path: Path) -> dict[str, Path]:
    """Return the Python files that a model file names, `rule` first; empty where all its parts are built-in."""
    content = read_toml(path)
    responses = content.get("responses", [])
    kinds = responses.values() if isinstance(responses, dict) else responses if isinstance(responses, list) else []
    return {key: path.parent / file for key, file in named_files(str(content.get("rule", "")), map(str, kinds)).items()}


def file_hashes(
    path: Path, rule: str, kinds: Iterable[str], copies: Mapping[str, Path] = MappingProxyType({})
) -> dict[str, str]:
    """Return the hashes of the Python files among these names, of their `copies` where there are any, by key."""
    places = {key: copies.get(key, path.parent / file) for key, file in named_files(rule, kinds).items()}
    return {key: sha256(place) for key, place in places.items() if is_file(place)}


def named_files(rule: str, kinds: Iterable[str]) -> dict[str, str]:
    """Return the Python files among the names of a rule and of kinds of responses, by the keys of `python_files`."""
    files = {RULE_FILE: own[0]} if (own := own_part(rule)) else {}
    return files | {f"{RESPONSE_FILE} {own[0]}": own[0] for own in map(own_part, kinds) if own}


def attempt_to_run(path: Path) -> ModuleType | InputError:
    """Run a Python file; return what it defines, or what is wrong with it."""
    try:
        return run_python_file(path)
    except InputError as error:
        return error


def find_parts(
    path: Path,
    rule: str,
    responses: list[str] | dict[str, str],
    trust: bool,
    copies: Mapping[str, Path] = MappingProxyType({}),
) -> Parts:
    """Return the parts that a model file at `path` names; InputError lists what is wrong with any of them.

    A file that is not trusted does not run. `copies` are files to run in place of those of `python_files`.
    """
    problems: list[str] = []
    modules: dict[Path, ModuleType | InputError] = {}

    def module(key: str, file: str, named_by: str) -> tuple[Path, ModuleType]:
        place = copies.get(key, path.parent / file)
        if not is_file(place):
            raise InputError([f"{path}, key `{named_by}`: there is no such Python file: {file[:MAX_NAME]!r}"])
        if not trust:
            raise InputError([UNTRUSTED.format(path=path, key=named_by, file=place)])
        if place not in modules:
            modules[place] = attempt_to_run(place)
        if isinstance(found := modules[place], InputError):
            raise found
        return place, found

    def find_rule(name: str) -> Learner | Rule:
        if own := own_part(name):
            return rule_of_module(*module(RULE_FILE, own[0], "rule"), own[1])
        if name not in RULES:
            known = ", ".join(RULES)
            raise InputError(
                [f"{path}, key `rule`: no rule {name!r}; choose from {known}, or give your own as file.py:RULE"]
            )
        return RULES[name]

    def find_response(kind: str) -> Response:
        if own := own_part(kind):
            return response_of_module(*module(f"{RESPONSE_FILE} {own[0]}", own[0], "responses"), own[1])
        return RESPONSES[kind]

    def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except InputError as error:
            problems.extend(error.problems)

    kinds = attempt(kinds_by_name, path, responses) or {}
    found_rule = attempt(find_rule, rule)
    found = {name: attempt(find_response, kind) for name, kind in kinds.items()}
    if problems:
        raise InputError(dict.fromkeys(problems))
    return Parts(found_rule, found)
