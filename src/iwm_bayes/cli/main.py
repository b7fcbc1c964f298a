"""The command line: `iwm demo`, `new`, `check`, `fit`, `compare`, `report` and others (see `iwm --help`).

Exit codes: 0 good, 1 bad input, 2 usage, 3 not converged, 130 interrupted. The sampler is imported only where it is
needed, because its import takes longer than most commands.
"""

import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from iwm_bayes.cli.compare import compare
from iwm_bayes.cli.console import engine_warnings, say, tell
from iwm_bayes.cli.explore import explore
from iwm_bayes.cli.fit import demo, fit
from iwm_bayes.cli.fit_large import fit_large
from iwm_bayes.cli.models import models
from iwm_bayes.cli.plan import plan
from iwm_bayes.cli.predictions import predictions
from iwm_bayes.cli.report import report
from iwm_bayes.cli.simulate import simulate
from iwm_bayes.cli.study import check, new
from iwm_bayes.cli.validate import validate
from iwm_bayes.types import InputError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


def print_version(wanted: bool) -> None:
    """Print the version and exit."""
    if wanted:
        say(f"iwm_bayes {version('iwm-bayes')}")
        raise typer.Exit


@app.callback()
def iwm(
    show_version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="print the version of the program")
    ] = False,
) -> None:
    """Fit hierarchical Bayesian models of attachment: how people come to trust others and themselves."""


for command in (demo, new, check, fit, compare, report, models, simulate, explore, predictions, fit_large):
    app.command()(command)
app.add_typer(validate, name="validate")
app.add_typer(plan, name="plan")


def main() -> NoReturn:
    """Run a command; every problem of bad input is printed on standard error."""
    try:
        with engine_warnings():
            app()
    except InputError as error:
        for problem in error.problems:
            tell(f"x {problem}", soft_wrap=True)
        sys.exit(1)
    sys.exit(0)
