"""The layout of the page: sliders of the scenario, and two models next to each other with their sliders and plots."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from iwm_bayes.explorer.scenario import N_PEOPLE, Scenario, belief_parameters, prior_median
from iwm_bayes.types import ModelSpec

NONE = "none"
PLOT_HEIGHT = "26rem"  # of every plot, whatever its width
SCENARIO_SLIDERS = {  # field of a Scenario: label, lowest, highest, step
    "caregiver_events": ("events with an early caregiver", 0, 40, 1),
    "caregiver_rate": ("probability that the caregiver is responsive (0–1)", 0, 1, 0.05),
    "sessions": ("sessions with the therapist", 6, 60, 1),
    "therapist_rate": ("probability that the therapist is responsive (0–1)", 0, 1, 0.05),
    "rupture_every": ("sessions between planned ruptures (0: none)", 0, 20, 1),
    "repair_rate": ("probability that the next session repairs a rupture (0–1)", 0, 1, 0.05),
    "gap": ("time without sessions, half-way (1: time between two sessions)", 0, 52, 1),
}
INTRODUCTION = (
    f"For each model, {N_PEOPLE} simulated people with the same parameters meet an early caregiver and then a "
    "therapist. They differ at random only: in which events are responsive, and in who withdraws and so does not "
    "observe the outcome. Lines are medians, and shaded areas contain 90% of people. If a model does not generalise "
    "between figures, early care affects the therapy through self-worth only. A model formalises a theory. Nothing "
    "here is a diagnosis."
)


def component_id(part: str, side: Any, name: Any) -> dict[str, Any]:
    """Return the id of a slider or of its value; `side` is the model (A or B), or "care" for the scenario."""
    return {"part": part, "side": side, "name": name}


def slider(side: str, name: str, label: str, low: float, high: float, step: float | str, value: float) -> html.Label:
    """Make a slider with its label and its value."""
    control = dcc.Input(id=component_id("slider", side, name), type="range", min=low, max=high, step=step, value=value)
    shown = html.Span(f"{value:.3g}", id=component_id("value", side, name), className="value")
    return html.Label([html.Span(label), shown, control], className="slider")


def slider_group(title: str, sliders: list[html.Label]) -> html.Fieldset:
    """Make a group of sliders with a title."""
    return html.Fieldset([html.Legend(title), html.Div(sliders, className="sliders")])


def scenario_sliders() -> html.Fieldset:
    """Make the sliders of a `Scenario`."""
    sliders = [slider("care", name, *SCENARIO_SLIDERS[name], value) for name, value in Scenario()._asdict().items()]
    return slider_group("Scenario: the care that a person receives", sliders)


def model_panel(side: str, model: ModelSpec) -> list[Any]:
    """Make the hypothesis of a model, and its sliders over the prior 90% range, which begin at the prior median."""
    sliders = [
        slider(
            side,
            name,
            f"{name.replace('_', ' ')}: {parameter.meaning}",
            *parameter.prior_90,
            "any",
            prior_median(parameter),
        )
        for name, parameter in belief_parameters(model).items()
    ]
    return [html.P(model.claim), slider_group(f"Parameters of {model.name}", sliders)]


def plot_area(name: str, caption: str, shape: str = "wide") -> html.Figure:
    """Make the area of a plot, with a caption that screen readers read too."""
    config = {"displayModeBar": False, "responsive": True}
    graph = dcc.Graph(id=name, config=config, className=shape, style={"height": PLOT_HEIGHT})
    return html.Figure([html.Div(graph, role="img", **{"aria-label": caption}), html.Figcaption(caption)])


def model_column(side: str, model: str, names: Sequence[str]) -> html.Section:
    """Make the column of one model: its name, its sliders, its results in sentences, and its plot.

    `names` are the models that can be chosen.
    """
    caption = f"Model {side}: beliefs by session with the therapist, and below them outcomes, ruptures and repairs."
    result = [
        html.P(id=f"summary-{side}", className="summary", role="status"),
        plot_area(f"trajectory-{side}", caption),
    ]
    content = [
        html.H2(f"Model {side}", id=f"title-{side}"),
        dcc.Dropdown(list(names), model, id=f"model-{side}", clearable=False),
        html.Div(id=f"parameters-{side}"),
        html.Div(result, id=f"result-{side}"),
    ]
    return html.Section(content, **{"aria-labelledby": f"title-{side}"})


def page(first: str, second: str, names: Sequence[str]) -> html.Main:
    """Make the whole page with two models, of which the second may be NONE."""
    columns = [model_column("A", first, names), model_column("B", second, [NONE, *names])]
    space = "Attachment space, from the initial belief (hollow) to the last session; ellipses contain 90% of people."
    incidence = "Share of people earned secure by session, among people insecure at the start of the therapy."
    return html.Main(
        [
            html.H1("Explore a model"),
            html.P(INTRODUCTION, className="quiet"),
            scenario_sliders(),
            html.Div(columns, className="pair"),
            html.Div([plot_area("space", space, "square"), plot_area("incidence", incidence)], className="pair"),
        ]
    )
