"""The command line: `iwm demo`, `check`, `fit`, `report`, `compare`, `predict` and others (see `iwm --help`).

Exit codes: 0 good, 1 bad input, 2 usage, 3 the gate failed. The sampler is imported only where it is needed,
because importing it takes longer than most commands.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import pandas as pd
import typer
from rich.markup import escape

from iwm_bayes.cli.compare import compare
from iwm_bayes.cli.console import err, out, print_table
from iwm_bayes.cli.explore import explore
from iwm_bayes.cli.fit import demo, fit
from iwm_bayes.cli.fit_large import fit_large
from iwm_bayes.cli.plan import plan
from iwm_bayes.cli.predictions import predictions
from iwm_bayes.cli.report import report
from iwm_bayes.cli.validate import confusion, recovery, sbc
from iwm_bayes.data import dataset as tables
from iwm_bayes.model import model_file as theories_
from iwm_bayes.simulation import care as cares
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.load import describe_data, load_study_and_data

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__.split("\n")[0]
)


@app.command()
def models(name: Annotated[str | None, typer.Argument(help="one theory, in full")] = None) -> None:
    """List the theories on the shelf, or show one."""
    if name is None:
        shelf = {known: theories_.load_model(known) for known in theories_.built_in_models()}
        print_table(
            pd.DataFrame([{"theory": known, "claim": model.claim} for known, model in shelf.items()]), "Theories"
        )
        return
    model = theories_.load_model(name)
    out.print(
        f"[bold]{model.name}[/bold]: {model.claim}\nPredicts: {model.predicts or 'not said'}\n"
        f"Needs: {model.needs or 'not said'}\n{model.reference}\n"
    )
    out.print(f"{model.equation}\n", markup=False)
    lines = [
        {
            "parameter": label,
            "average person, 90 %": f"{p.prior_90[0]:g} .. {p.prior_90[1]:g}"
            if p.fixed is None
            else f"fixed at {p.fixed:g}",
            "pooling": p.pooling if p.fixed is None else "",
            "meaning": p.meaning,
        }
        for label, p in parameters(model).items()
    ]
    print_table(pd.DataFrame(lines), "Parameters")


@app.command()
def check(
    study: Annotated[Path, typer.Argument(help="study.toml")],
    theory: Annotated[str | None, typer.Option(help="a theory other than the study's")] = None,
    prior: Annotated[bool, typer.Option("--prior", help="what people of this theory would do before any data")] = False,
) -> None:
    """Read a study and its table and say what is there, without fitting."""
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.diagnostics.predictive_checks import prior_ppc_sentence, prior_predictive_check, rounded_ratings
    from iwm_bayes.diagnostics.rating_timing import answer_count_sentence, timing_warnings

    bound, _, model, data = load_study_and_data(study, theory)
    out.print(f"{describe_data(data)}\ntheory {model.name}: {model.claim}")
    for name in model.responses:
        out.print(f"  {answer_count_sentence(model, data, name)}")
    if bound.people:
        from iwm_bayes.data.covariates import describe_covariates

        for line in describe_covariates(data):
            out.print(f"  {line}", markup=False)
    for warning in (*identifiability(model, data), *timing_warnings(model, data)):
        out.print(f"[yellow]Careful:[/yellow] {escape(warning)}.")
    if prior:
        checks = prior_predictive_check(model, data)
        print_table(checks, "Before any data: what people of this theory would do (middle and 95 %)", "checks")
        out.print(prior_ppc_sentence(checks, rounded_ratings(model, data)), markup=False)


@app.command()
def simulate(
    theory: Annotated[str, typer.Argument(help="a name on the shelf, or a path")],
    people: Annotated[int, typer.Option(min=1)] = 40,
    sessions: Annotated[int, typer.Option(min=1)] = 24,
    care: Annotated[
        list[str] | None, typer.Option(help="FIGURE=NAME:parameter=value,...; repeat it for more figures")
    ] = None,
    distress: Annotated[float, typer.Option(min=0, max=1, help="chance of something distressing per event")] = 0.0,
    seed: int = 1,
    out_file: Annotated[Path, typer.Option("--out")] = Path("sessions.csv"),
) -> None:
    """Let people drawn from a theory live through sessions, and write what they experienced and did."""
    from iwm_bayes.simulation.care import DistressProcess
    from iwm_bayes.simulation.simulate import Phase
    from iwm_bayes.simulation.simulate import simulate as live_through

    plans = {}
    for text in care or ["therapist=steady"]:
        figure, separator, plan = text.partition("=")
        if not separator or not figure:
            raise InputError([f"--care {text!r}: write FIGURE=NAME or FIGURE=NAME:parameter=value"])
        plans[figure] = cares.parse_care(plan)
    data = live_through(
        theories_.load_model(theory), [Phase(plans, sessions, True, DistressProcess(distress))], people, seed
    )
    tables.to_table(data).round(4).to_csv(out_file, index=False)
    out.print(f"{out_file}: {describe_data(data)}")


for command in (predictions, fit, demo, report, explore, fit_large, compare, sbc, recovery, confusion):
    app.command()(command)
app.add_typer(plan, name="design")


def main() -> NoReturn:
    """Run a command; bad input is told in words, on standard error."""
    try:
        app()
    except InputError as error:
        for problem in error.problems:
            err.print(f"x {problem}", markup=False, soft_wrap=True)
        sys.exit(1)
    sys.exit(0)
