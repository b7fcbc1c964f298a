"""`iwm explore`: a local page to play with theories."""

import webbrowser
from typing import Annotated

import typer

from iwm_bayes.cli.console import out
from iwm_bayes.model.model_file import load_model


def explore(
    first: Annotated[
        str, typer.Argument(metavar="[THEORY]", help="a name on the shelf, or a path")
    ] = "rescorla_wagner",
    second: Annotated[str, typer.Argument(metavar="[THEORY]", help="to stand beside it")] = "none",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 0,
    browser: Annotated[bool, typer.Option(help="open the page")] = True,
) -> None:
    """Play with a theory on a local page: care, parameters, and what becomes of people. Ctrl-C ends it."""
    for name in [first] if second == "none" else [first, second]:
        load_model(name)  # what is wrong with a theory is said before there is a page
    from iwm_bayes.explorer.app import address, server

    serving = server(first, second, port)
    out.print(f"The page is at {address(serving)} and on this machine only. Ctrl-C ends it.", markup=False)
    if browser:
        webbrowser.open(address(serving))
    serving.serve_forever()
