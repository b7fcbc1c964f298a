"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from iwm_bayes.cli.main import app

CODES = (
    "Exit codes: 0 good; 1 bad input (every problem is listed; fits that were whole before it was found are kept); "
    "2 usage; 3 the gate failed (everything is written, and marked); 130 interrupted (what was drawn is kept). In the "
    "folder of the repository, `uv run` stands before each command."
)


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    within = getattr(command, "commands", None)
    if within is None:
        yield name, command
        return
    for short, each in within.items():
        yield from commands(each, f"{name} {short}")


def line(parameter: Any) -> str:
    """An argument or option in a table."""
    option = parameter.param_type_name == "option"
    words = " / ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) or default == [] else f"`{default}`"
    return f"| {words if option else f'`{parameter.name.upper()}`'} | {shown} | {parameter.help or ''} |"


def section(name: str, command: Any) -> str:
    """What a command does and takes."""
    taken = [parameter for parameter in command.params if parameter.name != "help"]
    table = ["| | default | |", "|---|---|---|", *map(line, taken)] if taken else []
    return "\n".join([f"## {name}", "", command.help.strip(), "", *table, ""])


def command_line() -> str:
    """The page."""
    sections = [section(*each) for each in commands(typer.main.get_command(app), "iwm")]
    return "\n".join(["# Command line", "", CODES, "", *sections])
