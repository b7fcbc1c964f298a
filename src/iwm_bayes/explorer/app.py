"""The page comes alive: what is moved is lived again, and drawn.

Everything comes from this machine: the page, its scripts and its pictures; the server listens on 127.0.0.1 alone.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update
from flask import Response
from werkzeug.serving import BaseWSGIServer, make_server

from iwm_bayes.explorer.page import NONE, component_id, model_panel, page
from iwm_bayes.explorer.scenario import Scenario, Story, play, scenario_sentence
from iwm_bayes.model.model_file import built_in_models, load_model
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.plotly.base import DASHES, Figure, axis, layout, line_trace
from iwm_bayes.viz.plotly.belief_plane import attachment_space_figure
from iwm_bayes.viz.plotly.trajectory import trajectory_figure

LOCALHOST = "127.0.0.1"
PANELS = ("A", "B")
CONTENT_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'"  # Plotly makes code and styles as it runs
)
VALUE_FORMAT = "value => String(Number(Number(value).toPrecision(3)))"
PAGE_TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}<style>STYLE</style></head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""

load_cached = lru_cache(maxsize=64)(load_model)


@lru_cache(maxsize=64)
def play_cached(name: str, chosen: tuple[tuple[str, float], ...], story: Story) -> Scenario:
    """What `play` gives, remembered: of two theories, the one that did not move is not lived again."""
    return play(load_cached(name), dict(chosen), story)


def slider_values(values: Sequence[Any], ids: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Sliders' values by name; a browser sends them as text."""
    return {str(own["name"]): float(value) for value, own in zip(values, ids, strict=True)}


def story_from_sliders(values: Mapping[str, float]) -> Story:
    """The care of the sliders; what is counted is whole."""
    return Story._make(kind(values[name]) for name, kind in Story.__annotations__.items())


def incidence_plot(shares: Mapping[str, np.ndarray]) -> Figure:
    """The share earned secure by each session (session,), by name."""
    lines = [
        line_trace(np.arange(1, len(share) + 1), share, name, at)
        | {"line": {"shape": "hv", "color": LINES[at].color, "dash": DASHES[at], "width": 2}}
        for at, (name, share) in enumerate(shares.items())
    ]
    sessions = max(len(share) for share in shares.values())
    across = axis("session", range=[1, sessions])
    upwards = axis("share earned secure", range=[-0.02, 1.02], tickformat=".0%")
    return {"data": lines, "layout": layout("", xaxis=across, yaxis=upwards, showlegend=True)}


def without_height(drawn: Figure) -> Figure:
    """A picture without a height of its own, so that it fills its room."""
    kept = {name: value for name, value in drawn["layout"].items() if name != "height"}
    return drawn | {"layout": kept}


def page_content(names: Mapping[str, str], moved: Mapping[str, dict[str, float]], care: Story) -> dict[str, Any]:
    """Everything that the page shows, by where: `names` of theories and the values `moved`, by side."""
    there = {side: play_cached(name, tuple(moved[side].items()), care) for side, name in names.items() if name != NONE}
    labels = {side: f"{side}: {names[side]}" for side in there}
    ways = {labels[side]: lived.trajectory for side, lived in there.items() if lived.trajectory.sizes["belief"] == 2}
    found: dict[str, Any] = {
        "plane": without_height(attachment_space_figure(ways, "")),
        "curve": incidence_plot({labels[side]: lived.by_session for side, lived in there.items()}),
    }
    for side in PANELS:
        lived = there.get(side)
        found[f"words-{side}"] = scenario_sentence(lived) if lived else ""
        found[f"trajectory-{side}"] = without_height(trajectory_figure(lived.trajectory, None, "")) if lived else {}
        found[f"hidden-{side}"] = lived is None
    return found


def bind_callbacks(app: Dash) -> None:
    """Bind sliders and selects to what they change."""
    for side in PANELS:
        app.callback(Output(f"about-{side}", "children"), Input(f"theory-{side}", "value"))(
            lambda name, side=side: [] if name == NONE else model_panel(side, load_cached(name))
        )
    app.clientside_callback(
        VALUE_FORMAT,
        Output(component_id("said", MATCH, MATCH), "children"),
        Input(component_id("slider", MATCH, MATCH), "value"),
    )
    ids = {"care": component_id("slider", "care", ALL)} | {side: component_id("slider", side, ALL) for side in PANELS}
    outputs = {"plane": Output("plane", "figure"), "curve": Output("curve", "figure")}
    for side in PANELS:
        outputs[f"words-{side}"] = Output(f"words-{side}", "children")
        outputs[f"trajectory-{side}"] = Output(f"trajectory-{side}", "figure")
        outputs[f"hidden-{side}"] = Output(f"shown-{side}", "hidden")

    @app.callback(
        output=outputs,
        inputs={"values": {name: Input(own, "value") for name, own in ids.items()}},
        state={
            "own": {name: State(own, "id") for name, own in ids.items()},
            "names": {side: State(f"theory-{side}", "value") for side in PANELS},
        },
    )
    def show(values: Any, own: Any, names: Any) -> dict[str, Any]:
        moved = {name: slider_values(values[name], own[name]) for name in values}
        found = page_content(names, moved, story_from_sliders(moved.pop("care")))
        one = ctx.triggered and len(ctx.triggered) == 1  # none or many: a theory was left out, or came with its sliders
        alone = ctx.triggered_id["side"] if one else "care"
        resting = [f"trajectory-{side}" for side in PANELS if alone in PANELS and side != alone]
        return found | dict.fromkeys(resting, no_update)


def add_content_policy(response: Response) -> Response:
    """A browser that keeps to this rule fetches nothing from elsewhere."""
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def server(first: str, second: str, port: int) -> BaseWSGIServer:
    """The page's server, which does not listen to other machines; port 0 is any that is free."""
    names = list(dict.fromkeys([*built_in_models(), first, *([second] if second != NONE else [])]))
    style = resources.files("iwm_bayes.explorer").joinpath("page.css").read_text(encoding="utf-8")
    app = Dash(
        "iwm_bayes", title="Play with a theory", update_title="", index_string=PAGE_TEMPLATE.replace("STYLE", style)
    )
    app.layout = page(first, second, names)
    bind_callbacks(app)
    app.server.after_request(add_content_policy)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every move of a slider
    return make_server(LOCALHOST, port, app.server, threaded=True)


def address(serving: BaseWSGIServer) -> str:
    return f"http://{LOCALHOST}:{serving.port}/"
