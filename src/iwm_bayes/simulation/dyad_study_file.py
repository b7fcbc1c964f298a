"""Write the study file that reads the table of simulated dyads."""

from collections.abc import Iterator
from typing import Any

from iwm_bayes.responses.scale import is_on_outcome_scale
from iwm_bayes.simulation.dyad_design import DyadDesignFile
from iwm_bayes.types import ModelSpec, Response


def toml_value(value: Any) -> str:
    """Return a word, a truth value or a list of words as TOML has them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def toml_table(content: dict[str, Any]) -> str:
    """Return a table in one line."""
    return f"{{ {', '.join(f'{key} = {toml_value(value)}' for key, value in content.items())} }}"


def response_keys(name: str, response: Response) -> dict[str, Any]:
    """Return the keys of one response: its column, with levels or whether it is on the scale of the outcome."""
    keys: dict[str, Any] = {"column": name}
    if response.family.discrete and response.family.levels > 2:
        keys["levels"] = [str(level) for level in range(response.family.levels)]
    if is_on_outcome_scale(response):
        keys["commensurable"] = True
    return keys


def member_lines(design: DyadDesignFile, model: ModelSpec, role: str) -> Iterator[str]:
    """Yield the lines of one member."""
    given, member = design.dyad.members[role], model.members[role]
    stated: dict[str, Any] = {"model": given.model, "outcome": given.outcome}
    stated |= {} if given.bids is None else {"bids": given.bids}
    stated |= {} if given.exchange == "same" else {"exchange": given.exchange}
    stated |= {"person": "person", "dyads": "many"} if role == design.several else {}
    stated |= {"distress": "distress"} if given.distress else {}
    yield f"\n[dyad.members.{role}]"
    yield from (f"{key} = {toml_value(value)}" for key, value in stated.items())
    for name, response in member.model.responses.items():
        yield f"responses.{name} = {toml_table(response_keys(name, response))}"


def study_of_design(design: DyadDesignFile, model: ModelSpec, table: str) -> str:
    """Return the text of the study file that reads the simulated table of a design.

    Parameters
    ----------
    design
        The design of the dyads.
    model
        Their model.
    table
        The name of the table's file, which lies next to the study file.
    """
    head = ["schema = 2", f"name = {toml_value(design.name)}", f"data = {toml_value(table)}"]
    head += [] if design.question is None else [f"question = {toml_value(design.question)}"]
    head += ["\n[columns]", 'session = "session"', "\n[dyad]", 'column = "dyad"', 'role = "role"']
    head += [f"correlated = {toml_value(design.dyad.correlated)}"]
    members = [line for role in model.members for line in member_lines(design, model, role)]
    arms = ['\n# the column "arm" can be in formulas:', "# [formulas]", f'# {next(iter(model.members))}_... = "arm"']
    return "\n".join([*head, *members, *(arms if len(design.arms) > 1 else [])]) + "\n"
