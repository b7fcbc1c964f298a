"""`iwm explore`: a local page that shows how beliefs move under a model."""

import webbrowser
from importlib.util import find_spec
from typing import Annotated

import typer

from iwm_bayes.cli.console import say
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError


def explore(
    first: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="built-in model, or path of a model file")
    ] = "rescorla_wagner",
    second: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="second model, to be compared with the first")
    ] = "none",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the local page; 0 chooses a free port")] = 0,
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="further host name by which browsers may ask for the page, such as that of a tunnel; may be given "
            "several times"
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="open the page in the browser")] = True,
) -> None:
    """Explore a model on a local page: change care and parameters, and see the beliefs. Press Ctrl-C to stop it."""
    if find_spec("dash") is None:
        raise InputError(["the explorer is not installed. Install it with: pip install 'iwm-bayes[explorer]'"])
    chosen = {name: load_model(name) for name in ([first] if second == "none" else [first, second])}
    from iwm_bayes.explorer.app import address, server

    serving = server(chosen, port, host or [])
    say(f"The page is at {address(serving)}, on this computer only. Press Ctrl-C to stop it.")
    if browser:
        webbrowser.open(address(serving))
    serving.serve_forever()
