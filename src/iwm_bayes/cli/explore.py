"""`iwm explore`: a local page that shows how beliefs move under a model."""

import socket
import webbrowser
from importlib.util import find_spec
from typing import Annotated

import typer

from iwm_bayes.cli.console import say
from iwm_bayes.types import InputError

PORT = 8050  # the same at every start, so that a link that was shared opens again


def is_taken(port: int) -> bool:
    """Return whether another program listens at a port of this computer."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def explore(
    first: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="built-in model, or path of a model file")
    ] = None,
    second: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="second model, to be compared with the first")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help=f"port of the local page, by default {PORT} if it is free; 0 chooses a free port"
        ),
    ] = PORT,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="further host name by which browsers may ask for the page, such as that of a tunnel; may be given "
            "several times"
        ),
    ] = None,
    dyad: Annotated[
        bool, typer.Option("--dyad", help="open the page of a dyad; the models are those of its two members")
    ] = False,
    browser: Annotated[bool, typer.Option(help="open the page in the browser")] = True,
) -> None:
    """Explore models on a local page: change care and parameters, and see the beliefs of a person or of a dyad.

    Without a model, it shows two that differ in one parameter, and a dyad of a seeker and a carer. Press Ctrl-C to stop
    it.
    """
    if find_spec("werkzeug") is None or find_spec("plotly") is None:
        raise InputError(["the explorer is not installed. Install it with: pip install 'iwm-bayes[explorer]'"])
    from iwm_bayes.explorer.app import DYAD_PAGE, address, server
    from iwm_bayes.explorer.dyads.members import check_members
    from iwm_bayes.explorer.presets import PAIR
    from iwm_bayes.model.specification.model_file import load_model

    given = {name: load_model(name) for name in (first, second) if name}
    members = given if dyad else {}
    check_members(members)
    chosen = given if given and not dyad else {name: load_model(name) for name in PAIR}
    serving = server(chosen, 0 if port == PORT and is_taken(port) else port, host or [], members)
    page = address(serving) + (DYAD_PAGE if dyad else "")
    say(f"The page is at {page} on this computer only. Press Ctrl-C to stop it.")
    if browser:
        webbrowser.open(page)
    serving.serve_forever()
