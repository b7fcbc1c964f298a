"""The page as HTML, from templates that escape whatever comes from a model file or from a link."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from iwm_bayes.explorer.controls import (
    FIRST_CONTROLS,
    NONE,
    SIDES,
    Control,
    belief_controls,
    parameter_controls,
    scenario_controls,
)
from iwm_bayes.explorer.page_state import PageState
from iwm_bayes.explorer.presets import PRESETS
from iwm_bayes.explorer.scenario import N_PEOPLE
from iwm_bayes.types import ModelSpec

PICTURES: Mapping[str, Mapping[str, str]] = {  # by name: the title, and what screen readers read
    "beliefs": {
        "title": "Beliefs by session",
        "text": "Availability and self-worth by session under each model, with the thresholds 0.4 and 0.6, and below "
        "them mean outcomes, ruptures and repairs. The sentences say what they show.",
    },
    "space": {
        "title": "Attachment space",
        "text": "Mean availability and self-worth along the sessions under each model. The therapy begins at the "
        "hollow marker. An ellipse contains 90% of people, and the secure region is shaded.",
    },
    "security": {
        "title": "Time to earned security",
        "text": "Share of people earned secure by session under each model, with the median time to earned security.",
    },
}
STEP = "session"  # what a position of the play is
INTRODUCTION = (
    f"Under each model, {N_PEOPLE} simulated people with the same parameters meet an early caregiver and then a "
    "therapist. They differ at random only: in which events are responsive, and in who withdraws and so does not "
    "observe the outcome. Lines are medians, and areas contain 90% of people. Where a model does not generalise "
    "between figures, early care affects the therapy through self-worth alone. A model formalises a theory. Nothing "
    "here is a diagnosis."
)


def page_environment() -> Environment:
    """Return the template environment; a name that a template lacks is an error."""
    return Environment(
        loader=PackageLoader("iwm_bayes.explorer", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


ENVIRONMENT = page_environment()


class Select(NamedTuple):
    """A choice among several texts."""

    name: str  # in a link
    label: str
    options: Mapping[str, str]  # the text of each value
    value: str
    first: str  # where it begins
    wide: bool = False  # whether it takes a row of its own


class Panel(NamedTuple):
    """The folded parameters of a model or a member."""

    summary: str
    claim: str  # the hypothesis of the model
    controls: Collection[Control]
    styles: Mapping[str, Mapping[str, float]] = MappingProxyType({})  # values of sliders by their name in a link
    styles_label: str = ""  # for screen readers
    opened: bool = False


def panels(state: PageState, specs: Mapping[str, ModelSpec]) -> dict[str, Panel]:
    """Return the models that are shown with their hypothesis and their controls, by side."""
    return {
        side: Panel(
            f"Parameters of {side}: {name}",
            specs[name].claim,
            parameter_controls(side, specs[name], state.parameters[side]).values(),
        )
        for side, name in state.models.items()
        if name != NONE
    }


def panels_html(state: PageState, specs: Mapping[str, ModelSpec]) -> str:
    """Return the folded parameters of the models that are shown."""
    return ENVIRONMENT.get_template("panels.html").render(panels=panels(state, specs))


def model_selects(state: PageState, specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> list[Select]:
    """Return the choice of models, by side; the second one can be left out."""
    names = {SIDES[0]: list(specs), SIDES[1]: [NONE, *specs]}
    return [
        Select(side, f"Model {side}", {one: one for one in names[side]}, name, first[side])
        for side, name in state.models.items()
    ]


def page_html(state: PageState, specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> str:
    """Return the page at a state; `first` are the models at the start, by side."""
    care = scenario_controls(state.scenario)
    return ENVIRONMENT.get_template("page.html").render(
        title="Model explorer",
        other={"address": "dyad", "label": "Explore a dyad"},
        content="content",
        step=STEP,
        selects=model_selects(state, specs, first),
        shown=[care[name] for name in FIRST_CONTROLS],
        folded={
            "More about the care": [control for name, control in care.items() if name not in FIRST_CONTROLS],
            "Initial beliefs, the same in both models": belief_controls(state.initial).values(),
        },
        panels=panels(state, specs),
        presets=PRESETS,
        values={key: preset.scenario._asdict() for key, preset in PRESETS.items()},
        sets_models=False,
        pictures=PICTURES,
        introduction=INTRODUCTION,
    )
