"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from iwm_bayes.cli.main import app

OPENING = """# Command line

In the folder of the repository, type `uv run iwm` in place of `iwm`.

| exit code | meaning |
|---|---|
| 0 | good |
| 1 | bad input; the program lists every problem, and keeps the fits that it had completed |
| 2 | usage: there is no such command or option |
| 3 | not converged; all results are saved, and marked |
| 130 | interrupted; the draws so far are kept |
"""


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Iterate over all commands with their full names; a group such as `iwm validate` gives its own commands."""
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        yield name, command
        return
    for short_name, subcommand in subcommands.items():
        yield from commands(subcommand, f"{name} {short_name}")


def default_text(default: Any) -> str:
    """Return the default of an option for the table; empty where there is none, or where it is off."""
    none = default is None or default is False or default == [] or callable(default)
    return "" if none else f"`{'on' if default is True else default}`"


def line(parameter: Any) -> str:
    """Return the line of an argument or option."""
    options = " / ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
    argument = f"`{(parameter.metavar or parameter.name).upper()}`"
    label = options if parameter.param_type_name == "option" else argument
    return f"| {label} | {default_text(parameter.default)} | {parameter.help or ''} |"


def section(name: str, command: Any) -> str:
    """Return the section of a command: what it does, its arguments and its options."""
    lines = [line(parameter) for parameter in command.params if parameter.name != "help"]
    table = ["| argument or option | default | meaning |", "|---|---|---|", *lines] if lines else []
    return "\n".join([f"## {name}", "", command.help.strip(), "", *table, ""])


def command_line_page() -> str:
    """Return the page."""
    return "\n".join([OPENING, *(section(*each) for each in commands(typer.main.get_command(app), "iwm"))])
