"""What stands on the page: sliders for the care that people meet, and two theories side by side with theirs."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from iwm_bayes.explorer.scenario import Story, free_parameters_of, prior_median
from iwm_bayes.types import ModelSpec

NONE = "none"
PLOT_HEIGHT = "26rem"  # of every picture, whatever its width
CARE_SLIDERS = {  # field of a Story: what it is, lowest, highest, step
    "childhood": ("events with an early caregiver", 0, 40, 1),
    "caregiver": ("chance that the caregiver responds (0..1)", 0, 1, 0.05),
    "sessions": ("sessions with the therapist", 6, 60, 1),
    "therapist": ("chance that the therapist responds (0..1)", 0, 1, 0.05),
    "rupture_every": ("sessions from one planned rupture to the next (0: none)", 0, 20, 1),
    "repair": ("chance that the session after it repairs it (0..1)", 0, 1, 0.05),
    "gap": ("time without a session, half-way (in sessions)", 0, 52, 1),
}
INTRODUCTION = (
    "Three hundred simulated people with the same parameters meet an early caregiver and then a therapist. They differ "
    "by chance alone: in which acts are responsive, and in who withdraws and so does not see them. Lines are medians, "
    "areas hold nine tenths of people. Where a theory keeps figures apart, early care reaches the therapy through "
    "worth alone. These are theories: nothing here is a diagnosis."
)


def component_id(part: str, side: Any, name: Any) -> dict[str, Any]:
    """The id of a slider or of its value, by the theory (A or B) or the care that it belongs to."""
    return {"part": part, "side": side, "name": name}


def slider(side: str, name: str, label: str, low: float, high: float, step: float | str, value: float) -> html.Label:
    """A slider with its label and its value."""
    move = dcc.Input(id=component_id("slider", side, name), type="range", min=low, max=high, step=step, value=value)
    said = html.Span(f"{value:.3g}", id=component_id("said", side, name), className="value")
    return html.Label([html.Span(label), said, move], className="slider")


def slider_group(title: str, moves: list[html.Label]) -> html.Fieldset:
    return html.Fieldset([html.Legend(title), html.Div(moves, className="sliders")])


def care_sliders() -> html.Fieldset:
    """Sliders for a `play.Story`."""
    moves = [slider("care", name, *CARE_SLIDERS[name], value) for name, value in Story()._asdict().items()]
    return slider_group("The care that a person meets", moves)


def model_panel(side: str, model: ModelSpec) -> list[Any]:
    """A theory's claim, and sliders from end to end of what is typical, which begin at the prior's middle."""
    moves = [
        slider(
            side,
            name,
            f"{name.replace('_', ' ')}: {declared.meaning}",
            *declared.prior_90,
            "any",
            prior_median(declared),
        )
        for name, declared in free_parameters_of(model).items()
    ]
    return [html.P(model.claim), slider_group(f"Parameters of {model.name}", moves)]


def plot_area(name: str, words: str, shape: str = "wide") -> html.Figure:
    """Room for a figure, and words that say what it shows, to be read or heard."""
    look = {"displayModeBar": False, "responsive": True}
    drawn = dcc.Graph(id=name, config=look, className=shape, style={"height": PLOT_HEIGHT})
    return html.Figure([html.Div(drawn, role="img", **{"aria-label": words}), html.Figcaption(words)])


def column(side: str, chosen: str, names: Sequence[str]) -> html.Section:
    """One theory: which, its sliders, what becomes of people in words, and their beliefs."""
    shown = [
        html.P(id=f"words-{side}", className="answer", role="status"),
        plot_area(f"trajectory-{side}", f"Theory {side}: beliefs by session with the therapist, above what happened."),
    ]
    inside = [
        html.H2(f"Theory {side}", id=f"title-{side}"),
        dcc.Dropdown(list(names), chosen, id=f"theory-{side}", clearable=False),
        html.Div(id=f"about-{side}"),
        html.Div(shown, id=f"shown-{side}"),
    ]
    return html.Section(inside, **{"aria-labelledby": f"title-{side}"})


def page(first: str, second: str, names: Sequence[str]) -> html.Main:
    """The whole page with two theories, of which the second may be none."""
    sides = [column("A", first, names), column("B", second, [NONE, *names])]
    together = [
        plot_area(
            "plane", "The belief plane, from the start (hollow) to the last session; ellipses hold 90 %.", "square"
        ),
        plot_area("curve", "Share earned secure by session, of those who begin the therapy insecure."),
    ]
    return html.Main(
        [
            html.H1("Play with a theory"),
            html.P(INTRODUCTION, className="quiet"),
            care_sliders(),
            html.Div(sides, className="pair"),
            html.Div(together, className="pair"),
        ]
    )
