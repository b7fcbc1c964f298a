"""The page of a dyad as HTML, from the templates of the explorer."""

from collections.abc import Mapping

from iwm_bayes.explorer.dyads.members import OTHER, ROLES, acts_of
from iwm_bayes.explorer.dyads.presets import PRESETS, preset_values
from iwm_bayes.explorer.dyads.scenario import N_DYADS
from iwm_bayes.explorer.dyads.state import DyadState, dyad_controls, member_controls
from iwm_bayes.explorer.dyads.styles import style_values
from iwm_bayes.explorer.page import ENVIRONMENT, Panel, Select
from iwm_bayes.types import ModelSpec

EXCHANGE = "exchange"  # what a position of the play is
PICTURES: Mapping[str, Mapping[str, str]] = {  # by name: the title, and what screen readers read
    "beliefs": {
        "title": "Beliefs of both members by exchange",
        "text": "Availability and, where a model has it, self-worth of both members by exchange, with the thresholds "
        "0.4 and 0.6. The sentences say what they show.",
    },
    "acts": {
        "title": "Acts of both members",
        "text": "What each member does by exchange, which is what the other one experiences.",
    },
    "reciprocity": {
        "title": "Both secure",
        "text": "Share of dyads in which one member, the other, and both are secure by each exchange.",
    },
}
INTRODUCTION = (
    f"{N_DYADS} simulated dyads have the same two members. What one does is what the other experiences, and both "
    "learn. Dyads differ at random only: in which acts happen. Lines are medians, and areas contain 90% of dyads. A "
    "member acts as it expects: whoever expects a response seeks it, and gives one. A carer is drawn by many bids of "
    "the other (a pull above 0), or pushed away by them (below 0); what is contained is not acted on. Styles are "
    "values of sliders. A member is secure from an exchange on if the beliefs are secure there and at the five that "
    "follow, and would survive one without a response. Nothing here is a diagnosis."
)


def dyad_panels(state: DyadState, specs: Mapping[str, ModelSpec]) -> dict[str, Panel]:
    """Return the sliders and the styles of both members, by side."""
    models = {side: specs[name] for side, name in state.models.items()}
    panels = {}
    for side, model in models.items():
        styles = style_values(model, acts_of(model, models[OTHER[side]]))
        named = {style: {f"{side}.{name}": value for name, value in values.items()} for style, values in styles.items()}
        name = state.name_of(side)
        controls = member_controls(models, side, state.choices[side]).values()
        summary = f"{name[:1].upper()}{name[1:]}: {model.name}"
        panels[side] = Panel(summary, model.claim, controls, named, f"Attachment style: {name}", True)
    return panels


def dyad_panels_html(state: DyadState, specs: Mapping[str, ModelSpec]) -> str:
    """Return the sliders and the styles of both members."""
    return ENVIRONMENT.get_template("panels.html").render(panels=dyad_panels(state, specs))


def dyad_selects(state: DyadState, specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> list[Select]:
    """Return the choice of roles, and of the model of each member."""
    roles = {key: " and ".join(names) for key, names in ROLES.items()}
    models = [
        Select(side, f"Model {side}", {one: one for one in specs}, name, first[side])
        for side, name in state.models.items()
    ]
    return [Select("roles", "Roles (A and B)", roles, state.roles, first["roles"], wide=True), *models]


def dyad_page_html(state: DyadState, specs: Mapping[str, ModelSpec], first: Mapping[str, str]) -> str:
    """Return the page at a state; `first` are the roles and the models at the start."""
    return ENVIRONMENT.get_template("page.html").render(
        title="Explorer of dyads",
        other={"address": ".", "label": "Explore one person"},
        content="dyad_content",
        step=EXCHANGE,
        selects=dyad_selects(state, specs, first),
        shown=dyad_controls(state.exchanges, state.distress, state.run).values(),
        folded={},
        panels=dyad_panels(state, specs),
        presets=PRESETS,
        values={key: preset_values(preset, specs) for key, preset in PRESETS.items()},
        sets_models=True,
        pictures=PICTURES,
        introduction=INTRODUCTION,
    )
