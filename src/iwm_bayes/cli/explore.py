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
        str, typer.Argument(metavar="[MODEL]", help="a built-in model, or the path of a model file")
    ] = "rescorla_wagner",
    second: Annotated[str, typer.Argument(metavar="[MODEL]", help="a model to compare it with")] = "none",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port")] = 0,
    browser: Annotated[bool, typer.Option(help="open the page")] = True,
) -> None:
    """Explore a model on a local page: change care and parameters, and see the beliefs. Ctrl-C ends it."""
    if find_spec("dash") is None:
        raise InputError(["the explorer is not installed. Install it with: pip install 'iwm-bayes[explorer]'"])
    for name in [first] if second == "none" else [first, second]:
        load_model(name)  # problems of a model are reported before there is a page
    from iwm_bayes.explorer.app import address, server

    serving = server(first, second, port)
    out.print(f"The page is at {address(serving)}, on this machine only. Ctrl-C ends it.", markup=False)
    if browser:
        webbrowser.open(address(serving))
    serving.serve_forever()
