"""`iwm fit` and `iwm demo`: one theory on one study, from the table to the answer."""

from contextlib import nullcontext
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
import xarray as xr

from iwm_bayes.cli.console import (
    INTERRUPTED,
    NOT_CONVERGED,
    err,
    out,
    print_not_converged,
    print_suggestions,
    print_table,
    report_interruption,
)
from iwm_bayes.cli.report import write_report
from iwm_bayes.report.labels import group_summary_title
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow.load import describe_data, load_study_and_data
from iwm_bayes.workflow.precompile import precompile
from iwm_bayes.workflow.resume import unfinished_run

N_PREVIEW = 6  # lines of a long table
HOW_TO_RESUME = "What was drawn is kept: the same command with --resume goes on"


def fit(
    study: Annotated[Path, typer.Argument(help="study.toml")],
    theory: Annotated[str | None, typer.Option(help="a theory other than the study's")] = None,
    out_folder: Annotated[Path | None, typer.Option("--out", help="folder of the run")] = None,
    draws: Annotated[int, typer.Option(min=50)] = 750,
    tune: Annotated[int, typer.Option(min=50)] = 500,
    chains: Annotated[int, typer.Option(min=2)] = 4,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    target_accept: Annotated[float, typer.Option(min=0.5, max=0.999, help="of steps; 0.98 against divergences")] = 0.9,
    method: str = "nuts",
    resume: Annotated[bool, typer.Option("--resume", help="go on with a run that was stopped")] = False,
    control: Annotated[bool, typer.Option(help="whether the order of outcomes matters, by four more fits")] = True,
    people: Annotated[bool, typer.Option("--people", help="also a table of everyone, under pseudonyms")] = False,
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Fit a theory to a study, judge the fit, and say how long earned security takes."""
    bound, theory_file, model, data = load_study_and_data(study, theory)
    folder = out_folder or Path("runs") / f"{bound.name}-{model.name}"
    files = {"study": study, "data": bound.data, "theory": theory_file}
    long = {"draws": draws, "tune": tune, "chains": chains, "random_seed": seed}
    settings: dict[str, Any] = long | {"target_accept": target_accept, "progressbar": not quiet}
    with (
        report_interruption(HOW_TO_RESUME),
        unfinished_run(folder, files, {"method": method} | settings, resume) as place,
    ):
        with precompile(study, theory) if method == "nuts" else nullcontext():
            found = analyse_and_announce(model, data, settings, method, place)
        if control and not found.verdict.partial:
            from iwm_bayes.diagnostics.permutation_test import permutation_test as by_permutation

            found = found._replace(control=by_permutation(model, data, seed))
        if people:
            from iwm_bayes.workflow.analysis import with_person_summary

            found = with_person_summary(found)
        print_and_write(found, folder, files)
        report = write_report(found, folder, bound.name, model, people)
        report_partial(found, folder)
    print_status_and_exit(found, folder, report)


def demo(
    out_folder: Annotated[Path, typer.Option("--out", help="folder of the run")] = Path("runs/demo"),
    quiet: Annotated[bool, typer.Option(help="no progress bars")] = False,
) -> None:
    """Fit the shipped example, simulated sessions whose truth is known, and hold the answer beside it."""
    from iwm_bayes.estimands.tables import truth_comparison_line
    from iwm_bayes.estimands.time_to_security import true_security

    home = resources.files("iwm_bayes") / "example"
    with resources.as_file(home) as example:
        study, theory_file, model, data = load_study_and_data(example / "study.toml", None)
        truth = {str(name): column.to_numpy() for name, column in pd.read_csv(example / "truth.csv").items()}
        files = {"study": example / "study.toml", "data": study.data, "theory": theory_file}
        settings = {"progressbar": not quiet}
        with (
            report_interruption("The same command goes on"),
            unfinished_run(out_folder, files, settings, resume=True) as place,
        ):
            with precompile(example / "study.toml", None):
                analysis = analyse_and_announce(model, data, settings, "nuts", place)
            print_and_write(analysis, out_folder, files)
            report = write_report(analysis, out_folder, study.name, model)
            report_partial(analysis, out_folder)
    beside = []
    for view, security in analysis.security.items():
        known = true_security(model, data, truth, view if view in data["figure"].values else None)
        beside.append(truth_comparison_line(security, known))
    print_table(pd.DataFrame(beside), "The answer beside the truth: group median among people who start insecure")
    print_status_and_exit(analysis, out_folder, report)


def report_partial(found: Any, folder: Path) -> None:
    """Leave the draws of a run that was interrupted where they are, and say how to go on."""
    if found.verdict.partial:
        out.print(f"[red]Partial:[/red] {found.verdict.partial}. What there is, marked so, is in {folder}")
        print_suggestions(found.advice)
        raise typer.Exit(INTERRUPTED)


def analyse_and_announce(model: ModelSpec, data: xr.Dataset, settings: dict[str, Any], method: str, place: Path) -> Any:
    """Say what is there, fit, judge and derive; returns the `Analysis`. Draws are kept in `place` meanwhile."""
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.workflow import analysis

    out.print(describe_data(data))
    for warning in identifiability(model, data):
        out.print(f"[yellow]Careful:[/yellow] {warning}.")
    if settings["progressbar"]:
        err.print("compiling (a minute or two the first time, less afterwards), and sampling ...")
    return analysis.analyse(model, data, method, settings, place)


def print_and_write(found: Any, folder: Path, files: dict[str, Path]) -> None:
    """Print what was found, and write the run."""
    from iwm_bayes.diagnostics.predictive_checks import posterior_ppc_sentence, rounded_ratings
    from iwm_bayes.workflow import run_folder

    run_folder.write_analysis(found, folder, files)
    print_table(found.groups, group_summary_title(len(found.contrasts) > 0), "summary")
    for name, title in (
        ("contrasts", "What covariates do to the average person, all else as it is (90 % intervals)"),
        ("between", "Between the members of a group: sd on the link scale (90 % intervals)"),
        ("likeness", "Are people of the same group alike beyond the theory? (predictive p)"),
        ("expectancy_bias", "The average person, if so much of every report were what had been expected"),
    ):
        if len(frame := getattr(found, name)):
            print_table(frame, title, name)
    print_table(
        found.answers, "Until earned security, under the care that was given (medians and 90 % intervals)", "answers"
    )
    for sentence in answer_sentences(found):
        out.print(f"{sentence}\n", markup=False)
    if len(found.arms):
        title = "How many more are earned secure (share of those who start insecure; 90 % intervals)"
        print_table(found.arms, title, "arms")
    print_table(found.sensitivity, "Earned secure by the last session, by threshold and hold", "sensitivity")
    print_table(found.styles, "Styles at the last session", "styles")
    if len(found.people):
        title = f"People under pseudonyms: {N_PREVIEW} of {len(found.people)} lines, all of which are in {folder / 'people.csv'}"
        print_table(found.people.head(N_PREVIEW), title, "people")
    few = rounded_ratings(found.model, found.fit["data"].to_dataset())
    out.print(f"{posterior_ppc_sentence(found.checks, few)}\n", markup=False)
    if found.control:
        out.print(f"{found.control.sentence[0].upper()}{found.control.sentence[1:]}.")


def answer_sentences(found: Any) -> list[str]:
    """The answer toward every figure and in general in the report's sentences, marked where the gate did not pass."""
    from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms
    from iwm_bayes.report.text import answer_sentence

    arms = person_arms(found.fit["data"].to_dataset())
    mark = "" if found.verdict.word == "passed" else f" [{found.verdict.word}]"
    return [answer_sentence(incidence_by_arm(security, arms)) + mark for security in found.security.values()]


def convergence_line(figures: dict[str, float]) -> str:
    """The worst of what the gate looked at, in one line: of the group and what is derived of it, and of people."""
    rhat, size = max(figures["group_rhat"], figures["derived_rhat"]), min(figures["group_ess"], figures["derived_ess"])
    return (
        f"Largest R-hat {rhat:.3f} (of people {figures['person_rhat']:.3f}), least effective sample size {size:.0f} "
        f"(of people {figures['person_ess']:.0f}), {figures['divergences']:.0f} divergent transitions."
    )


def print_status_and_exit(found: Any, folder: Path, report: Path) -> None:
    """Say the verdict and where the report is, and exit with its code."""
    if found.verdict.passed and found.verdict.approximate:
        out.print(
            f"[yellow]Approximate[/yellow] ({found.verdict.approximate}): check what matters with --method nuts. "
            f"(Fitting took {found.seconds:.0f} s.) Everything is in {folder}"
        )
    elif found.verdict.passed:
        out.print(f"[green]The gate passed.[/green] (Fitting took {found.seconds:.0f} s.) Everything is in {folder}")
        out.print(convergence_line(found.verdict.figures))
    else:
        print_not_converged([*found.verdict.reasons, f"See {folder}"], found.advice)
    out.print(f"The report is in {report}", markup=False, soft_wrap=True)
    if not found.verdict.passed:
        raise typer.Exit(NOT_CONVERGED)
