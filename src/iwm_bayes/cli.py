"""The command line: `iwm demo`, `check`, `fit`, `compare`, `predict` and others (see `iwm --help`).

Exit codes: 0 good, 1 bad input, 2 usage, 3 the gate failed. The sampler is imported only where it is needed,
because importing it takes longer than most commands.
"""

import sys
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import pandas as pd
import typer
import xarray as xr

from iwm_bayes import care as cares
from iwm_bayes import data as tables
from iwm_bayes import theory as theories_
from iwm_bayes.cli_compare import compare
from iwm_bayes.cli_sweep import calibrate, confuse, recover
from iwm_bayes.console import GATE_FAILED, describe, err, load_all, out, show
from iwm_bayes.core import InputError, Model, parameters

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__.split("\n")[0]
)


@app.command()
def theories(name: Annotated[str | None, typer.Argument(help="one theory, in full")] = None) -> None:
    """List the theories on the shelf, or show one."""
    if name is None:
        shelf = {known: theories_.load(known) for known in theories_.theories()}
        show(pd.DataFrame([{"theory": known, "claim": model.claim} for known, model in shelf.items()]), "Theories")
        return
    model = theories_.load(name)
    out.print(
        f"[bold]{model.name}[/bold]: {model.claim}\nPredicts: {model.predicts or 'not said'}\n"
        f"Needs: {model.needs or 'not said'}\n{model.reference}\n"
    )
    out.print(f"{model.equation}\n", markup=False)
    lines = [
        {
            "parameter": label,
            "average person, 90 %": f"{p.typical[0]:g} .. {p.typical[1]:g}"
            if p.fixed is None
            else f"fixed at {p.fixed:g}",
            "pooling": p.pooling if p.fixed is None else "",
            "meaning": p.meaning,
        }
        for label, p in parameters(model).items()
    ]
    show(pd.DataFrame(lines), "Parameters")


@app.command()
def check(
    study: Annotated[Path, typer.Argument(help="study.toml")],
    theory: Annotated[str | None, typer.Option(help="a theory other than the study's")] = None,
    prior: Annotated[bool, typer.Option("--prior", help="what people of this theory would do before any data")] = False,
) -> None:
    """Read a study and its table and say what is there, without fitting."""
    from iwm_bayes.checks import prior_check
    from iwm_bayes.identify import identifiability

    _, _, model, data = load_all(study, theory)
    out.print(f"{describe(data)}\ntheory {model.name}: {model.claim}")
    for name in model.responses:
        out.print(f"  {name}: {int(data[f'answer_{name}'].notnull().sum())} answers")
    for warning in identifiability(model, data):
        out.print(f"[yellow]Careful:[/yellow] {warning}.")
    if prior:
        show(prior_check(model, data), "Before any data: what people of this theory would do (middle and 95 %)")


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
    from iwm_bayes.care import Strain
    from iwm_bayes.simulate import Phase
    from iwm_bayes.simulate import simulate as live_through

    plans = {}
    for text in care or ["therapist=steady"]:
        figure, separator, plan = text.partition("=")
        if not separator or not figure:
            raise InputError([f"--care {text!r}: write FIGURE=NAME or FIGURE=NAME:parameter=value"])
        plans[figure] = cares.parse(plan)
    data = live_through(theories_.load(theory), [Phase(plans, sessions, True, Strain(distress))], people, seed)
    tables.to_table(data).round(4).to_csv(out_file, index=False)
    out.print(f"{out_file}: {describe(data)}")


@app.command()
def fit(
    study: Annotated[Path, typer.Argument(help="study.toml")],
    theory: Annotated[str | None, typer.Option(help="a theory other than the study's")] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="folder of the run")] = None,
    draws: Annotated[int, typer.Option(min=50)] = 750,
    tune: Annotated[int, typer.Option(min=50)] = 500,
    chains: Annotated[int, typer.Option(min=2)] = 4,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    method: str = "nuts",
    control: Annotated[bool, typer.Option(help="whether the order of outcomes matters, by four more fits")] = True,
    people: Annotated[bool, typer.Option("--people", help="also a table of everyone, under pseudonyms")] = False,
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Fit a theory to a study, judge the fit, and say how long earned security takes."""
    bound, theory_file, model, data = load_all(study, theory)
    folder = out_folder or Path("runs") / f"{bound.name}-{model.name}"
    files = {"study": study, "data": bound.data, "theory": theory_file}
    settings = {"draws": draws, "tune": tune, "chains": chains, "seed": seed, "progress": not quiet}
    found = fitted(model, data, settings, method)
    if control:
        from iwm_bayes.control import control as by_permutation

        found = found._replace(control=by_permutation(model, data, seed))
    if people:
        from iwm_bayes.analysis import with_people

        found = with_people(found)
    tell_and_write(found, folder, files)
    finish(found, folder)


@app.command()
def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="folder of the run")] = Path("runs/demo"),
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Fit the shipped example, simulated sessions whose truth is known, and hold the answer beside it."""
    from iwm_bayes.derive import true_security

    home = resources.files("iwm_bayes") / "example"
    with resources.as_file(home) as example:
        study, theory_file, model, data = load_all(example / "study.toml", None)
        truth = {str(name): column.to_numpy() for name, column in pd.read_csv(example / "truth.csv").items()}
        files = {"study": example / "study.toml", "data": study.data, "theory": theory_file}
        settings = {"progress": not quiet}
        analysis = fitted(model, data, settings, "nuts")
        tell_and_write(analysis, out_folder, files)
    beside = []
    for view, security in analysis.security.items():
        known = true_security(model, data, truth, view if view in data["figure"].values else None)
        beside.append(truth_line(view, security, known))
    show(pd.DataFrame(beside), "The answer beside the truth: group median among people who start insecure")
    finish(analysis, out_folder)


def truth_line(view: str, security: xr.Dataset, known: Any) -> dict[str, str]:
    """What was estimated and what is true, for one view."""
    line = {"figure": view}
    for name, true in (("sessions", known.sessions), ("corrective", known.corrective)):
        low, high = security[f"median_{name}"].quantile([0.05, 0.95]).values
        median = float(np.median(true[known.insecure]))
        inside = "inside" if low <= median <= high else "OUTSIDE"
        line |= {f"{name}, 90 %": f"{low:g} .. {high:g}", f"{name}, truth": f"{median:g} ({inside})"}
    return line


def fitted(model: Model, data: xr.Dataset, settings: dict[str, Any], method: str) -> Any:
    """Say what is there, fit, judge and derive; returns the `Analysis`."""
    from iwm_bayes import analysis
    from iwm_bayes.identify import identifiability

    out.print(describe(data))
    for warning in identifiability(model, data):
        out.print(f"[yellow]Careful:[/yellow] {warning}.")
    if settings["progress"]:
        err.print("compiling (a minute or two the first time, less afterwards), and sampling ...")
    return analysis.analyse(model, data, method, settings)


def tell_and_write(found: Any, folder: Path, files: dict[str, Path]) -> None:
    """Print what was found, and write the run."""
    from iwm_bayes import analysis

    analysis.write(found, folder, files)
    show(found.groups, "The average person (90 % interval), and how much the data said")
    for frame, title in (
        (found.contrasts, "What covariates do to the average person, all else as it is (90 % intervals)"),
        (found.between, "Between the members of a group: sd on the link scale (90 % intervals)"),
        (found.likeness, "Are people of the same group alike beyond the theory? (predictive p)"),
    ):
        if len(frame):
            show(frame, title)
    if len(found.assimilation):
        show(found.assimilation, "The average person, if so much of every report were what had been expected")
    show(found.answers, "Until earned security, under the care that was given (medians and 90 % intervals)")
    show(found.sensitivity, "Earned secure by the last session, by threshold and hold")
    show(found.styles, "Styles at the last session")
    if found.control:
        out.print(f"{found.control.sentence[0].upper()}{found.control.sentence[1:]}.")


def finish(found: Any, folder: Path) -> None:
    """Say the verdict, and exit with its code."""
    if found.verdict.passed and found.verdict.approximate:
        out.print(
            f"[yellow]Approximate[/yellow] ({found.verdict.approximate}) after {found.seconds:.0f} s: "
            f"check what matters with --method nuts. Everything is in {folder}"
        )
        return
    if found.verdict.passed:
        out.print(f"[green]The gate passed[/green] after {found.seconds:.0f} s. Everything is in {folder}")
        return
    out.print(
        "[red]The gate FAILED:[/red] do not use these numbers.", *found.verdict.reasons, f"See {folder}", sep="\n  "
    )
    for sentence in found.advice:
        out.print(f"[yellow]Try:[/yellow] {sentence}.")
    raise typer.Exit(GATE_FAILED)


@app.command()
def predict(
    draws: Annotated[int, typer.Option(min=20, help="prior draws per theory")] = 2000,
    out_folder: Annotated[Path, typer.Option("--out", help="folder of the tables")] = Path("runs/predictions"),
    quiet: Annotated[bool, typer.Option(help="no progress")] = False,
) -> None:
    """What the theories predict in fifteen experiments on people drawn from their priors: the prediction matrix."""
    from iwm_bayes import matrix
    from iwm_bayes.run import manifest, write_json, write_run

    cells, verdicts = matrix.matrix(draws, (lambda _: None) if quiet else err.print)
    cells = cells.round(4)
    show(cells, "Share of a theory's prior that shows an effect (its Monte-Carlo error), and the median effect")
    show(verdicts[["prediction", "verdict"]], "Decided: at least .9 of those who claim it, at most .6 of each rival")

    def fill(place: Path) -> None:
        cells.to_csv(place / "matrix.csv", index=False)
        verdicts.to_csv(place / "verdicts.csv", index=False)
        text = matrix.page(cells, verdicts, matrix.readings(), draws)
        (place / "README.md").write_text(text, encoding="utf-8")
        write_json(place / "manifest.json", manifest(command=f"iwm predict --draws {draws}"))

    write_run(out_folder, fill)
    out.print(f"Everything is in {out_folder}")


for command in (compare, calibrate, recover, confuse):
    app.command()(command)


def main() -> NoReturn:
    """Run a command; bad input is told in words, on standard error."""
    try:
        app()
    except InputError as error:
        for problem in error.problems:
            err.print(f"x {problem}", markup=False, soft_wrap=True)
        sys.exit(1)
    sys.exit(0)
