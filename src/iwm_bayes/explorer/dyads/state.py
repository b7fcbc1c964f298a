"""The state of the page of a dyad as a link carries it. Every value is checked, as in `explorer.page_state`."""

from collections.abc import Mapping
from typing import NamedTuple

from iwm_bayes.explorer.controls import Control, belief_controls, parameter_control
from iwm_bayes.explorer.dyads.members import OTHER, ROLES, SIDES, acts_of, shown_parameters
from iwm_bayes.explorer.dyads.scenario import MemberChoice
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs, settable_beliefs
from iwm_bayes.explorer.page_state import MAX_NOTES, read_choice, read_number
from iwm_bayes.types import ModelSpec

FIRST = {"roles": "therapy", "A": "seeker", "B": "carer"}
EXCHANGES, DISTRESS, MAX_RUN = 30, 0.5, 20
NO_VALUES = MemberChoice(InitialBeliefs(), ())


def first_dyad(members: Mapping[str, ModelSpec]) -> dict[str, str]:
    """Return the roles and the models of the dyad at the start, from one or two models; one is that of both members."""
    if not members:
        return dict(FIRST)
    names = [*members, *members][: len(SIDES)]
    return {"roles": "any"} | dict(zip(SIDES, names, strict=True))


class DyadState(NamedTuple):
    """What the page of a dyad shows."""

    roles: str  # a key of ROLES
    models: dict[str, str]  # by side
    exchanges: int
    distress: float  # probability that something distressing happens to a member before an exchange
    run: int  # the simulated dyad that is shown; 0: the median and the range of all
    choices: dict[str, MemberChoice]  # by side
    position: int  # up to which exchange lines are drawn
    notes: tuple[str, ...] = ()  # values of a link that were changed, since the page does not offer them

    def name_of(self, side: str) -> str:
        """Return what a member is called."""
        return ROLES[self.roles][SIDES.index(side)]


def dyad_controls(exchanges: int = EXCHANGES, distress: float = DISTRESS, run: int = 0) -> dict[str, Control]:
    """Return the controls of a dyad as a whole."""
    return {
        "exchanges": Control("exchanges", "exchanges", 8, 80, 1, EXCHANGES, exchanges),
        "distress": Control(
            "distress", "distress before an exchange: probability (0–1)", 0, 1, 0.05, DISTRESS, distress
        ),
        "run": Control("run", "dyad that is shown (0: median and 90% of all)", 0, MAX_RUN, 1, 0, run),
    }


def member_controls(models: Mapping[str, ModelSpec], side: str, choice: MemberChoice = NO_VALUES) -> dict[str, Control]:
    """Return the controls of a member by name: of the initial beliefs that its model has, and of its parameters."""
    model = models[side]
    beliefs = belief_controls(choice.initial, f"{side}.")
    kept = [f"initial_{belief}" for belief in settable_beliefs(model)]
    declared = shown_parameters(model, acts_of(model, models[OTHER[side]]))
    values = dict(choice.parameters)
    return {name: beliefs[name] for name in kept} | {
        name: parameter_control(side, name, parameter, values) for name, parameter in declared.items()
    }


def read_member(query: Mapping[str, str], models: Mapping[str, ModelSpec], side: str, notes: list[str]) -> MemberChoice:
    """Read what is chosen for a member."""
    values = {name: read_number(query, one, notes) for name, one in member_controls(models, side).items()}
    initial = InitialBeliefs(**{belief: values.pop(f"initial_{belief}") for belief in settable_beliefs(models[side])})
    return MemberChoice(initial, tuple(values.items()))


def read_dyad_state(query: Mapping[str, str], specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> DyadState:
    """Read the state of the page from a link.

    Parameters
    ----------
    query
        Values by name, as text; what is left out is as at first.
    specs
        The models that are offered, by name.
    first
        The roles and the models at the start.
    """
    notes: list[str] = []
    roles = read_choice(query, "roles", ROLES, first["roles"], notes)
    names = {side: read_choice(query, side, specs, first[side], notes) for side in SIDES}
    models = {side: specs[name] for side, name in names.items()}
    exchanges, distress, run = (read_number(query, one, notes) for one in dyad_controls().values())
    choices = {side: read_member(query, models, side, notes) for side in SIDES}
    last = int(exchanges)
    at = Control("exchange", "exchange", 0, last, 1, last, last)
    position = int(read_number(query, at, notes))
    return DyadState(roles, names, last, distress, int(run), choices, position, tuple(notes[:MAX_NOTES]))
