"""`iwm fit` and `iwm demo`: one model on one study, from the table to the answer."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from iwm_bayes.cli import console
from iwm_bayes.cli.console import (
    INTERRUPTED,
    NOT_CONVERGED,
    Ids,
    Overwrite,
    Trust,
    Verbose,
    print_lines,
    report_interruption,
    say,
)
from iwm_bayes.cli.report import write_report_of

if TYPE_CHECKING:
    import pandas as pd

    from iwm_bayes.workflow.load import LoadedStudy

AFTER_DEMO = ("iwm explore", "your own data: iwm new mystudy sessions.csv")
HOW_TO_RESUME = "The draws are kept. To continue, add --resume to the same command"
HOW_TO_REPEAT = "No draws are kept. To start again, enter the same command"


def fit(
    study: Annotated[Path, typer.Argument(help="study file (study.toml): it describes the data and names the models")],
    model: Annotated[
        str | None,
        typer.Option(help="built-in model or path of a model file (default: the first model of the study file)"),
    ] = None,
    out_dir: Annotated[Path | None, typer.Option(help="folder for the results (default: runs/STUDY-MODEL)")] = None,
    draws: Annotated[int, typer.Option(min=50, help="number of posterior draws per chain")] = 750,
    tune: Annotated[int, typer.Option(min=50, help="number of tuning draws per chain, not kept")] = 500,
    chains: Annotated[int, typer.Option(min=2, help="number of chains")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="seed of the random numbers")] = 1,
    target_accept: Annotated[
        float,
        typer.Option(
            min=0.5, max=0.999, help="target acceptance rate of the sampler; 0.98 if there are divergent transitions"
        ),
    ] = 0.9,
    method: Annotated[
        str, typer.Option(help="inference method: nuts (sampling), or laplace or quadrature (approximations)")
    ] = "nuts",
    backend: Annotated[
        str, typer.Option(help="what samples for nuts: nutpie, or with the extra `jax` nutpie-jax or numpyro")
    ] = "nutpie",
    resume: Annotated[bool, typer.Option("--resume", help="continue an interrupted run from its saved draws")] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="add draws to the run in the folder, up to --draws in each chain")
    ] = False,
    save_log_likelihood: Annotated[
        bool,
        typer.Option(
            "--save-log-likelihood",
            help="keep the log likelihood of every answer (also above 60 MB), and that of every person",
        ),
    ] = False,
    permutation_test: Annotated[
        bool,
        typer.Option("--permutation-test", help="also test whether people learn from outcomes, by up to 200 fast fits"),
    ] = False,
    expectancy_bias: Annotated[
        bool,
        typer.Option(
            "--expectancy-bias",
            help="also fit under several assumed expectancy biases of patients who alone rate outcomes",
        ),
    ] = False,
    person_table: Annotated[
        bool, typer.Option("--person-table", help="also report person-level results, under pseudonyms")
    ] = False,
    ids: Ids = "pseudonyms",
    trust: Trust = False,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress bars")] = False,
) -> None:
    """Fit a model to a study, check the convergence of the fit, and estimate the time to earned security."""
    from iwm_bayes.inference.fit import check_method
    from iwm_bayes.workflow.analysis import Requests
    from iwm_bayes.workflow.load import file_hashes, load_study_and_data
    from iwm_bayes.workflow.unfinished_run import bytes_needed, check_backend, keeps_draws, unfinished_run

    check_backend(backend, resume)
    trust = trust or model is not None
    loaded = load_study_and_data(study, model, trust)
    check_method(method, loaded.model)
    folder = out_dir or Path("runs") / loaded.run_name
    settings: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains, "random_seed": seed}
    settings |= {"target_accept": target_accept, "progressbar": not quiet, "backend": backend}
    requests = Requests(permutation_test, expectancy_bias, person_table, ids == "own", save_log_likelihood)
    target = Target(folder, loaded, file_hashes(loaded.files), overwrite)
    commands = next_commands(study, loaded, folder)
    if extend:
        analysis = extend_run(target, settings, method, requests)
        write_and_print(analysis, target, verbose, commands)
        raise typer.Exit(exit_code(analysis))
    exit_if_done(target, method, settings, requests)
    with (
        report_interruption(HOW_TO_RESUME if keeps_draws(method, backend) else HOW_TO_REPEAT),
        unfinished_run(
            folder,
            loaded.files,
            {"method": method} | settings | loaded.added,
            resume,
            bytes_needed(loaded.model, loaded.data, settings),
        ) as chain_store,
    ):
        analysis = analyse_and_announce(loaded, settings, method, chain_store, requests)
        write_and_print(analysis, target, verbose, commands)
    raise typer.Exit(exit_code(analysis))


def demo(
    out_dir: Annotated[Path, typer.Option(help="folder for the results")] = Path("runs/demo"),
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress bars")] = False,
) -> None:
    """Fit the example of simulated sessions that comes with the program. Compare estimates with their true values."""
    import pandas as pd

    from iwm_bayes.data.dataset import read_data
    from iwm_bayes.workflow.analysis import DEFAULT_REQUESTS
    from iwm_bayes.workflow.load import file_hashes, load_study_and_data
    from iwm_bayes.workflow.unfinished_run import unfinished_run

    with resources.as_file(resources.files("iwm_bayes") / "example") as example:
        study = example / "study.toml"
        loaded = load_study_and_data(study, None)
        true_values = {str(name): column.to_numpy() for name, column in pd.read_csv(example / "truth.csv").items()}
        complete = read_data(loaded.study, loaded.model, example / "complete_sessions.csv")
        settings: dict[str, Any] = {"progressbar": not quiet}
        target = Target(out_dir, loaded, file_hashes(loaded.files), overwrite)
        exit_if_done(target, "nuts", settings, DEFAULT_REQUESTS)
        with (
            report_interruption("To continue, enter the same command again"),
            unfinished_run(out_dir, loaded.files, settings, resume=True) as chain_store,
        ):
            analysis = analyse_and_announce(loaded, settings, "nuts", chain_store, DEFAULT_REQUESTS)
            truth = truth_comparison(analysis, true_values, complete)
            write_and_print(analysis, target, verbose, AFTER_DEMO, truth)
    raise typer.Exit(exit_code(analysis))


class Target(NamedTuple):
    """Where the results of a run go, and what it was made from."""

    folder: Path
    loaded: LoadedStudy
    hashes: dict[str, str]  # of the input files when they were read
    overwrite: bool


def exit_if_done(target: Target, method: str, settings: dict[str, Any], requests: Any) -> None:
    """Say so and exit where the folder holds this very run; InputError where it holds another, unless overwritten."""
    from iwm_bayes.cli.printing.status import problems_of_run
    from iwm_bayes.workflow.fits import holds_this_run, read_run

    folder = target.folder
    if not holds_this_run(folder, target.loaded, method, settings, requests, target.overwrite):
        return
    say(
        f"{folder} holds this run already: the same files and settings. Nothing was fitted. To fit again, "
        "add --overwrite"
    )
    facts = read_run(folder)
    if not facts["converged"]:
        print_lines(problems_of_run(facts, console.out.width))
    say(f"Report   {folder / 'report.html'}", soft_wrap=True)
    raise typer.Exit(0 if facts["converged"] else NOT_CONVERGED)


def extend_run(target: Target, settings: dict[str, Any], method: str, requests: Any) -> Any:
    """Add draws to the run in a folder; return the `Analysis` of all draws. An interruption leaves the run as it is."""
    from iwm_bayes.workflow.fits import fit_to_extend

    before = fit_to_extend(target.folder, target.loaded, method, settings)
    with report_interruption("The run is as it was. Enter the same command again"):
        return analyse_and_announce(target.loaded, settings, method, None, requests, before)


def analyse_and_announce(
    loaded: LoadedStudy,
    settings: dict[str, Any],
    method: str,
    chain_store: Path | None,
    requests: Any,
    before: Any = None,
) -> Any:
    """Describe the data, print what they cannot identify, and return the `Analysis`."""
    from iwm_bayes.cli.printing.run import print_heading
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.workflow.analysis import analyse

    print_heading(loaded.study.name, loaded.model, loaded.data, identifiability(loaded.model, loaded.data))
    return analyse(loaded.model, loaded.data, method, settings, chain_store, requests, before)


def write_and_print(
    analysis: Any, target: Target, verbose: bool, commands: Sequence[str], truth: pd.DataFrame | None = None
) -> None:
    """Write the run folder and the report, and print the run; exit with code 130 where it was interrupted."""
    from iwm_bayes.cli.printing.run import Shown, print_run, run_of_analysis
    from iwm_bayes.workflow.fit_file import budget_notes
    from iwm_bayes.workflow.run_folder import write_analysis

    folder, loaded = target.folder, target.loaded
    write_analysis(analysis, folder, loaded.files, loaded.study, target.hashes, target.overwrite)
    for note in budget_notes(analysis.fit):
        say(f"{folder / 'fit.nc'}: {note}")
    name, shows_people = loaded.study.name, analysis.requests.person_summary
    for role, member in analysis.members.items():
        write_report_of(member, folder / role, f"{name}, {role}", shows_people, target.overwrite)
    write_report_of(analysis, folder, name, shows_people, target.overwrite)
    print_run(run_of_analysis(analysis, folder, loaded.study.name), Shown(verbose, truth, commands))
    if analysis.convergence.partial:
        raise typer.Exit(INTERRUPTED)


def exit_code(analysis: Any) -> int:
    """Return the exit code of a run that is complete."""
    return 0 if analysis.convergence.converged else NOT_CONVERGED


def next_commands(study: Path, loaded: LoadedStudy, folder: Path) -> list[str]:
    """Return commands that follow a fit: a comparison with another model, and the report of people or of a member."""
    from iwm_bayes.report.methods import model_argument

    argument, name = shlex.quote(str(study)), loaded.model.name
    other = "kalman" if name == "growth" else "growth"
    built_in = model_argument(study, loaded.model_file) == name
    compare = [f"iwm compare {argument} --model {name} --model {other}"] if built_in else []
    compare = [f"iwm compare {argument}"] if len(loaded.study.model) > 1 and not loaded.model.members else compare
    people = [folder / role for role in loaded.model.members] or [folder]  # of dyads, each member has a folder
    return [*compare, f"iwm report {shlex.quote(str(people[0]))} --person-table"]


def truth_comparison(analysis: Any, true_values: dict[str, Any], complete: Any) -> pd.DataFrame:
    """Return the estimates of simulated people with the true values, for every figure that can be assessed.

    `complete` is the Dataset of the sessions had all stayed.
    """
    import pandas as pd

    from iwm_bayes.estimands.security.by_arm import person_arms
    from iwm_bayes.estimands.security.tables import truth_comparison_lines
    from iwm_bayes.estimands.security.time_to_security import true_security
    from iwm_bayes.report.answer.security import not_assessed

    lines: list[dict[str, object]] = []
    for name, answer in analysis.security.items():
        if not_assessed(answer, "people"):
            continue
        figure = name if name in complete["figure"].values else None
        known = true_security(analysis.model, complete, true_values, figure)
        lines += truth_comparison_lines(answer.security, known, person_arms(complete))
    return pd.DataFrame(lines)
