"""The callbacks and the server of the page: when a slider moves, its content is computed again.

Everything comes from this machine: the page, its scripts and its plots. The server listens on 127.0.0.1 only, and
answers a request only if it is for a name of this machine. So another page in the same browser cannot ask it anything.
What a request names or sets is checked against what the page offers: models are those of the start, and values lie
within the ends of their sliders.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update
from flask import Response, abort, request
from werkzeug.serving import BaseWSGIServer, make_server

from iwm_bayes.explorer.content import SIDES, page_content
from iwm_bayes.explorer.page import NONE, SCENARIO_SLIDERS, component_id, model_panel, page
from iwm_bayes.explorer.scenario import Scenario
from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.types import ModelSpec

LOCALHOST = "127.0.0.1"
LOCAL_NAMES = (LOCALHOST, "localhost", "[::1]")  # by which a browser on this computer asks for the page
CONTENT_POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'"  # Plotly makes code and styles as it runs
)
VALUE_FORMAT = "value => String(Number(Number(value).toPrecision(3)))"
PAGE_TEMPLATE = """<!DOCTYPE html>
<html lang="en"><head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}<style>STYLE</style></head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


def slider_values(values: Sequence[Any], ids: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the values of sliders by name, those that are numbers; a browser sends them as text."""
    numbers = {}
    for value, own in zip(values, ids, strict=False):
        with suppress(ValueError, TypeError):
            numbers[str(own.get("name"))] = float(value)
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def scenario_from_sliders(values: Mapping[str, float]) -> Scenario:
    """Make a scenario from the values of its sliders, held between their ends; counts become whole numbers."""
    default = Scenario()._asdict()
    held = {
        name: min(max(values.get(name, default[name]), low), high)
        for name, (_, low, high, _) in SCENARIO_SLIDERS.items()
    }
    return Scenario._make(number(held[name]) for name, number in Scenario.__annotations__.items())


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


def bind_callbacks(app: Dash, specs: Mapping[str, ModelSpec]) -> None:
    """Bind sliders and menus to what they change; `specs` are the models that can be chosen."""
    for side in SIDES:
        app.callback(Output(f"parameters-{side}", "children"), Input(f"model-{side}", "value"))(
            lambda name, side=side: model_panel(side, specs[name]) if name in specs else []
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
        named = {side: specs.get(str(models.get(side))) for side in SIDES}
        return page_content(named, chosen, scenario) | dict.fromkeys(unchanged_plots(), no_update)


def add_content_policy(response: Response) -> Response:
    """Add the rule by which a browser fetches nothing from elsewhere."""
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def refuse_other_hosts(hosts: Sequence[str]) -> None:
    """Refuse a request for a host that is not among `hosts`: its page came from elsewhere."""
    name = urlsplit(f"//{request.host}").hostname or ""
    if name not in hosts:
        abort(403, "This page answers on this computer only. Start it with --host NAME to allow another name.")


def server(chosen: Mapping[str, ModelSpec], port: int, hosts: Sequence[str] = ()) -> BaseWSGIServer:
    """Make the server of the page; port 0 is any free port.

    Parameters
    ----------
    chosen
        One or two models to begin with, by name or path. They and the built-in models can be shown, and no other.
    hosts
        Further host names by which the page may be asked for.
    """
    specs = {name: load_model(name) for name in built_in_models()} | dict(chosen)
    first, second = [*chosen, NONE][:2]
    names = list(specs)
    style = resources.files("iwm_bayes.explorer").joinpath("page.css").read_text(encoding="utf-8")
    template = PAGE_TEMPLATE.replace("STYLE", style)
    app = Dash("iwm_bayes", title="Explore a model", update_title="", index_string=template)
    app.layout = page(first, second, names)
    bind_callbacks(app, specs)
    app.server.before_request(
        partial(refuse_other_hosts, [name.strip("[]").lower() for name in (*LOCAL_NAMES, *hosts)])
    )
    app.server.after_request(add_content_policy)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every move of a slider
    return make_server(LOCALHOST, port, app.server, threaded=True)


def address(serving: BaseWSGIServer) -> str:
    """Return the address of the page."""
    return f"http://{LOCALHOST}:{serving.port}/"
