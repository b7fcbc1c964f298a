"""The state of the page as a link carries it: what is not as at first, as `name=value` in the address.

A link comes from anybody. So every value is checked: models are among those that are offered, numbers are finite and
held between the ends of their controls, and anything else is left out. What was changed is said on the page.
"""

import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from iwm_bayes.explorer.controls import (
    NONE,
    SIDES,
    Control,
    belief_controls,
    parameter_controls,
    scenario_controls,
)
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs
from iwm_bayes.explorer.scenario import Scenario, positions
from iwm_bayes.types import ModelSpec

MAX_NOTES = 5  # lines on the page, however much a link holds


class PageState(NamedTuple):
    """What the page shows."""

    models: dict[str, str]  # by side: the name of a model, or NONE
    scenario: Scenario
    initial: InitialBeliefs
    parameters: dict[str, dict[str, float]]  # by side and parameter, held between the ends of their controls
    position: int  # up to which paths are drawn
    notes: tuple[str, ...] = ()  # values of a link that were changed, since the page does not offer them


def read_number(query: Mapping[str, str], control: Control, notes: list[str]) -> float:
    """Return the number of a control, held between its ends; without one, where the control begins."""
    if control.name not in query:
        return control.first
    with suppress(ValueError):
        number = float(query[control.name])
        if math.isfinite(number):
            held = control.held(number)
            if held != number:
                notes.append(f"{control.name} of the link was held at {held:.3g}, the end of its range.")
            return held
    notes.append(f"{control.name} of the link is no number, so it is {control.first:.3g}.")
    return control.first


def read_choice(query: Mapping[str, str], name: str, offered: Collection[str], first: str, notes: list[str]) -> str:
    """Return what a link chooses among texts that are offered; that of the start in place of any other."""
    chosen = query.get(name, first)
    if chosen not in offered:
        called = f"Model {name}" if name in SIDES else name.capitalize()
        notes.append(f"{called} of the link is not offered here, so it is {first}.")
        return first
    return chosen


def read_models(
    query: Mapping[str, str], specs: Mapping[str, ModelSpec], first: Mapping[str, str], notes: list[str]
) -> dict[str, str]:
    """Return the models by side; one that is not offered is replaced by that of the start."""
    offered = dict(zip(SIDES, (set(specs), {*specs, NONE}), strict=True))
    return {side: read_choice(query, side, offered[side], first[side], notes) for side in SIDES}


def read_state(query: Mapping[str, str], specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> PageState:
    """Read the state of the page from a link.

    Parameters
    ----------
    query
        Values by name, as text; what is left out is as at first.
    specs
        The models that are offered, by name.
    first
        The models at the start, by side.
    """
    notes: list[str] = []
    models = read_models(query, specs, first, notes)
    by_field = {name: read_number(query, one, notes) for name, one in scenario_controls(Scenario()).items()}
    scenario = Scenario._make(kind(round(by_field[name], 6)) for name, kind in Scenario.__annotations__.items())
    initial = InitialBeliefs._make(read_number(query, one, notes) for one in belief_controls(InitialBeliefs()).values())
    parameters = {
        side: {
            name: read_number(query, control, notes)
            for name, control in parameter_controls(side, specs[models[side]], {}).items()
        }
        if models[side] != NONE
        else {}
        for side in SIDES
    }
    at = positions(scenario)
    position = read_number(query, Control("session", "session", at[0], at[-1], 1, at[-1], at[-1]), notes)
    return PageState(models, scenario, initial, parameters, int(position), tuple(notes[:MAX_NOTES]))
