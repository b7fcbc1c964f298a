"""`iwm explore`: a local page that shows how beliefs move under a model."""

import webbrowser
from importlib.util import find_spec
from typing import Annotated

import typer

from iwm_bayes.cli.console import out
from iwm_bayes.model.model_file import load_model
from iwm_bayes.types import InputError


def explore(
    first: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="built-in model, or path of a model file")
    ] = "rescorla_wagner",
    second: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="second model, to be compared with the first")
    ] = "none",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port of the local page; 0 chooses a free port")] = 0,
    browser: Annotated[bool, typer.Option(help="open the page in the browser")] = True,
) -> None:
    """Explore a model on a local page: change care and parameters, and see the beliefs. Press Ctrl-C to stop it."""
    if find_spec("dash") is None:
        raise InputError(["the explorer is not installed. Install it with: pip install 'iwm-bayes[explorer]'"])
    for name in [first] if second == "none" else [first, second]:
        load_model(name)  # problems of a model are reported before there is a page
    from iwm_bayes.explorer.app import address, server

    serving = server(first, second, port)
    out.print(f"The page is at {address(serving)}, on this computer only. Press Ctrl-C to stop it.", markup=False)
    if browser:
        webbrowser.open(address(serving))
    serving.serve_forever()
