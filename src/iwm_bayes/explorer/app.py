"""The callbacks and the server of the page: when a slider moves, its content is computed again.

Everything comes from this machine: the page, its scripts and its plots. The server listens on 127.0.0.1 only.
"""

import logging
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update
from flask import Response
from werkzeug.serving import BaseWSGIServer, make_server

from iwm_bayes.explorer.content import SIDES, load_cached, page_content
from iwm_bayes.explorer.page import NONE, component_id, model_panel, page
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.model.model_file import built_in_models

LOCALHOST = "127.0.0.1"
CONTENT_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'"  # Plotly makes code and styles as it runs
)
VALUE_FORMAT = "value => String(Number(Number(value).toPrecision(3)))"
PAGE_TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}<style>STYLE</style></head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


def slider_values(values: Sequence[Any], ids: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the values of sliders by name; a browser sends them as text."""
    return {str(own["name"]): float(value) for value, own in zip(values, ids, strict=True)}


def scenario_from_sliders(values: Mapping[str, float]) -> Scenario:
    """Make a scenario from the values of its sliders; counts become whole numbers."""
    return Scenario._make(number(values[name]) for name, number in Scenario.__annotations__.items())


def content_outputs() -> dict[str, Output]:
    """Return the outputs of `page_content`, by name."""
    outputs = {"space": Output("space", "figure"), "incidence": Output("incidence", "figure")}
    for side in SIDES:
        outputs[f"summary-{side}"] = Output(f"summary-{side}", "children")
        outputs[f"trajectory-{side}"] = Output(f"trajectory-{side}", "figure")
        outputs[f"hidden-{side}"] = Output(f"result-{side}", "hidden")
    return outputs


def unchanged_plots() -> list[str]:
    """Return the outputs that need no update: if one slider of a model moved, the trajectory of the other model."""
    if not ctx.triggered or len(ctx.triggered) != 1:  # the start, or another model with all its sliders
        return []
    moved = ctx.triggered_id["side"]
    return [f"trajectory-{side}" for side in SIDES if moved in SIDES and side != moved]


def bind_callbacks(app: Dash) -> None:
    """Bind sliders and menus to what they change."""
    for side in SIDES:
        app.callback(Output(f"parameters-{side}", "children"), Input(f"model-{side}", "value"))(
            lambda name, side=side: [] if name == NONE else model_panel(side, load_cached(name))
        )
    app.clientside_callback(
        VALUE_FORMAT,
        Output(component_id("value", MATCH, MATCH), "children"),
        Input(component_id("slider", MATCH, MATCH), "value"),
    )
    sliders = {side: component_id("slider", side, ALL) for side in ("care", *SIDES)}

    @app.callback(
        output=content_outputs(),
        inputs={"values": {side: Input(pattern, "value") for side, pattern in sliders.items()}},
        state={
            "ids": {side: State(pattern, "id") for side, pattern in sliders.items()},
            "models": {side: State(f"model-{side}", "value") for side in SIDES},
        },
    )
    def update(values: Any, ids: Any, models: Any) -> dict[str, Any]:
        chosen = {side: slider_values(values[side], ids[side]) for side in values}
        scenario = scenario_from_sliders(chosen.pop("care"))
        return page_content(models, chosen, scenario) | dict.fromkeys(unchanged_plots(), no_update)


def add_content_policy(response: Response) -> Response:
    """Add the rule by which a browser fetches nothing from elsewhere."""
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def server(first: str, second: str, port: int) -> BaseWSGIServer:
    """Make the server of the page with two models, of which the second may be NONE; port 0 is any free port."""
    names = list(dict.fromkeys([*built_in_models(), first, *([second] if second != NONE else [])]))
    style = resources.files("iwm_bayes.explorer").joinpath("page.css").read_text(encoding="utf-8")
    template = PAGE_TEMPLATE.replace("STYLE", style)
    app = Dash("iwm_bayes", title="Explore a model", update_title="", index_string=template)
    app.layout = page(first, second, names)
    bind_callbacks(app)
    app.server.after_request(add_content_policy)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every move of a slider
    return make_server(LOCALHOST, port, app.server, threaded=True)


def address(serving: BaseWSGIServer) -> str:
    """Return the address of the page."""
    return f"http://{LOCALHOST}:{serving.port}/"
