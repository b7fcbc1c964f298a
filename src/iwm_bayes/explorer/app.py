"""The server of the page: it answers with the page, with what it loads, and with the content of a state.

Everything comes from this machine: the page, its scripts and its plots. The server listens on 127.0.0.1 only, and
answers a request only if it is for a name of this machine. So another page in the same browser cannot ask it anything.
What a request names or sets is checked against what the page offers (`page_state`): models are those of the start, and
values lie within the ends of their controls. The page may run no script but those of this server.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from iwm_bayes.explorer.content import page_content
from iwm_bayes.explorer.controls import NONE, SIDES
from iwm_bayes.explorer.dyads.content import dyad_content
from iwm_bayes.explorer.dyads.members import can_be_member
from iwm_bayes.explorer.dyads.page import dyad_page_html, dyad_panels_html
from iwm_bayes.explorer.dyads.state import first_dyad, read_dyad_state
from iwm_bayes.explorer.page import page_html, panels_html
from iwm_bayes.explorer.page_state import read_state
from iwm_bayes.model.specification.model_file import built_in_models, load_model, models_of_members
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.base import plotly_script

LOCALHOST = "127.0.0.1"
LOCAL_NAMES = (LOCALHOST, "localhost", "[::1]")  # by which a browser on this computer asks for the page
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
        "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),  # Plotly makes styles as it runs, and a picture for download is an image made in the page
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
DYAD_PAGE = "dyad"  # below the address of the page
FILES = {  # that the page loads, with their types
    "plotly.js": "text/javascript",
    "pictures.js": "text/javascript",
    "page.js": "text/javascript",
    "pictures.css": "text/css",
    "page.css": "text/css",
}


class Offered(NamedTuple):
    """What a request may ask for."""

    specs: Mapping[str, ModelSpec]  # the models, by name
    first: Mapping[str, str]  # those at the start, by side
    hosts: frozenset[str]  # names by which the page may be asked for
    members: Mapping[str, ModelSpec]  # models that members of a dyad can have, by name
    first_dyad: Mapping[str, str]  # roles and models of the dyad at the start


@cache
def file_text(name: str) -> str:
    """Return the text of a file that the page loads."""
    if name == "plotly.js":
        return plotly_script()
    return resources.files("iwm_bayes.explorer").joinpath(name).read_text(encoding="utf-8")


def page_answer(request: Request, offered: Offered) -> Response:
    """Answer with the page at the state of its address."""
    state = read_state(request.args, offered.specs, offered.first)
    return Response(page_html(state, offered.specs, offered.first), mimetype="text/html")


def content_answer(request: Request, offered: Offered) -> Response:
    """Answer with the content of a state, and with the parameters of its models if they are asked for."""
    state = read_state(request.args, offered.specs, offered.first)
    content = page_content(state, offered.specs)
    if "panels" in request.args:
        content["panels"] = panels_html(state, offered.specs)
    return Response(json.dumps(content, allow_nan=False), mimetype="application/json")


def dyad_page_answer(request: Request, offered: Offered) -> Response:
    """Answer with the page of a dyad at the state of its address."""
    state = read_dyad_state(request.args, offered.members, offered.first_dyad)
    return Response(dyad_page_html(state, offered.members, offered.first_dyad), mimetype="text/html")


def dyad_content_answer(request: Request, offered: Offered) -> Response:
    """Answer with the content of a state of a dyad, and with the parameters of its members if they are asked for."""
    state = read_dyad_state(request.args, offered.members, offered.first_dyad)
    content = dyad_content(state, offered.members)
    if "panels" in request.args:
        content["panels"] = dyad_panels_html(state, offered.members)
    return Response(json.dumps(content, allow_nan=False), mimetype="application/json")


def icon_answer(request: Request, offered: Offered) -> Response:
    """Answer that the page has no icon, for which every browser asks."""
    return Response(status=204)


def file_answer(request: Request, offered: Offered) -> Response:
    """Answer with a file that the page loads."""
    name = request.path.removeprefix("/")
    return Response(file_text(name), mimetype=FILES[name])


ANSWERS: Mapping[str, Callable[[Request, Offered], Response]] = {
    "/": page_answer,
    "/content": content_answer,
    f"/{DYAD_PAGE}": dyad_page_answer,
    "/dyad_content": dyad_content_answer,
    "/favicon.ico": icon_answer,
    **{f"/{name}": file_answer for name in FILES},
}


def asked_host(request: Request) -> str:
    """Return the name of the host that a request is for; empty if it cannot be read."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def answer(request: Request, offered: Offered) -> Response:
    """Answer a request, if it is for this computer and for something that is offered."""
    if asked_host(request) not in offered.hosts:  # its page came from elsewhere
        refusal = "This page answers on this computer only. Start it with --host NAME to allow another name."
        return Response(refusal, status=403)
    if request.method not in ("GET", "HEAD"):
        return Response("This page is only read.", status=405)
    if request.path not in ANSWERS:
        return Response("There is no such page.", status=404)
    return ANSWERS[request.path](request, offered)


def application(offered: Offered) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """Return the application that a server runs."""

    def respond(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = answer(Request(environ), offered)
        response.headers.update(HEADERS)
        return response(environ, start_response)

    return respond


def server(
    chosen: Mapping[str, ModelSpec],
    port: int,
    hosts: Sequence[str] = (),
    members: Mapping[str, ModelSpec] = MappingProxyType({}),
) -> BaseWSGIServer:
    """Make the server of the page; port 0 is any free port.

    Parameters
    ----------
    chosen
        One or two models to begin with, by name or path. They and the built-in models can be shown, and no other.
    hosts
        Further host names by which the page may be asked for.
    members
        One or two models of the members of a dyad to begin with, by name or path; one is that of both.
    """
    specs = {name: load_model(name) for name in built_in_models()} | dict(chosen)
    first = dict(zip(SIDES, [*chosen, NONE], strict=False))
    names = frozenset(name.strip("[]").lower() for name in (*LOCAL_NAMES, *hosts))
    of_members = {name: load_model(name) for name in models_of_members()}
    of_members |= {name: model for name, model in specs.items() if can_be_member(model)} | dict(members)
    offered = Offered(specs, first, names, of_members, first_dyad(members))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every move of a slider
    return make_server(LOCALHOST, port, application(offered), threaded=True)


def address(serving: BaseWSGIServer) -> str:
    """Return the address of the page."""
    return f"http://{LOCALHOST}:{serving.port}/"
