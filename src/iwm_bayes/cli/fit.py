"""`iwm fit` and `iwm demo`: one model on one study, from the table to the answer."""

from contextlib import nullcontext
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pandas as pd
import typer

from iwm_bayes.cli.console import (
    INTERRUPTED,
    NOT_CONVERGED,
    Ids,
    Overwrite,
    Trust,
    print_not_converged,
    print_suggestions,
    print_table,
    print_warnings,
    report_interruption,
    say,
    tell,
)
from iwm_bayes.cli.report import write_report_of
from iwm_bayes.report.labels import group_summary_title, table_title
from iwm_bayes.workflow.load import LoadedStudy, describe_data, file_hashes, load_study_and_data
from iwm_bayes.workflow.precompile import precompile
from iwm_bayes.workflow.unfinished_run import bytes_needed, unfinished_run

N_PREVIEW = 6  # lines of a long table
HOW_TO_RESUME = "The draws are kept. To continue, add --resume to the same command"


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
            "--expectancy-bias", help="also fit under several assumed expectancy biases of self-reported outcomes"
        ),
    ] = False,
    person_table: Annotated[
        bool, typer.Option("--person-table", help="also report person-level results, under pseudonyms")
    ] = False,
    ids: Ids = "pseudonyms",
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress bars")] = False,
) -> None:
    """Fit a model to a study, check the convergence of the fit, and estimate the time to earned security."""
    from iwm_bayes.workflow.analysis import Requests

    trust = trust or model is not None
    loaded = load_study_and_data(study, model, trust)
    folder = out_dir or Path("runs") / f"{loaded.study.name}-{loaded.model.name}"
    settings: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains, "random_seed": seed}
    settings |= {"target_accept": target_accept, "progressbar": not quiet}
    requests = Requests(permutation_test, expectancy_bias, person_table, ids == "own", save_log_likelihood)
    target = Target(folder, loaded, file_hashes(loaded.files), overwrite)
    if extend:
        analysis = extend_run(target, settings, method, requests)
        print_status_and_exit(analysis, folder, write_and_print(analysis, target))
        return
    exit_if_done(target, method, settings, requests)
    with (
        report_interruption(HOW_TO_RESUME),
        unfinished_run(
            folder,
            loaded.files,
            {"method": method} | settings,
            resume,
            bytes_needed(loaded.model, loaded.data, settings),
        ) as chain_store,
    ):
        with precompile(study, model, trust) if method == "nuts" else nullcontext():
            analysis = analyse_and_announce(loaded, settings, method, chain_store, requests)
        report = write_and_print(analysis, target)
    print_status_and_exit(analysis, folder, report)


def demo(
    out_dir: Annotated[Path, typer.Option(help="folder for the results")] = Path("runs/demo"),
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress bars")] = False,
) -> None:
    """Fit the example of simulated sessions that comes with the program. Compare estimates with their true values."""
    from iwm_bayes.workflow.analysis import DEFAULT_REQUESTS

    with resources.as_file(resources.files("iwm_bayes") / "example") as example:
        study = example / "study.toml"
        loaded = load_study_and_data(study, None)
        true_values = {str(name): column.to_numpy() for name, column in pd.read_csv(example / "truth.csv").items()}
        settings: dict[str, Any] = {"progressbar": not quiet}
        target = Target(out_dir, loaded, file_hashes(loaded.files), overwrite)
        exit_if_done(target, "nuts", settings, DEFAULT_REQUESTS)
        with (
            report_interruption("To continue, enter the same command again"),
            unfinished_run(out_dir, loaded.files, settings, resume=True) as chain_store,
        ):
            with precompile(study, None):
                analysis = analyse_and_announce(loaded, settings, "nuts", chain_store, DEFAULT_REQUESTS)
            report = write_and_print(analysis, target)
    print_truth(analysis, true_values)
    print_status_and_exit(analysis, out_dir, report)


class Target(NamedTuple):
    """Where the results of a run go, and what it was made from."""

    folder: Path
    loaded: LoadedStudy
    hashes: dict[str, str]  # of the input files when they were read
    overwrite: bool


def exit_if_done(target: Target, method: str, settings: dict[str, Any], requests: Any) -> None:
    """Say so and exit where the folder holds this very run; InputError where it holds another, unless overwritten."""
    from iwm_bayes.workflow.fits import holds_this_run, read_run

    folder = target.folder
    if not holds_this_run(folder, target.loaded.files, method, settings, requests, target.overwrite):
        return
    say(
        f"{folder} holds this run already: the same files and settings. Nothing was fitted. To fit again, "
        "add --overwrite"
    )
    facts = read_run(folder)
    if not facts["converged"]:
        print_not_converged(facts["reasons"], facts.get("advice", []))
    say(f"Report: {folder / 'report.html'}", soft_wrap=True)
    raise typer.Exit(0 if facts["converged"] else NOT_CONVERGED)


def extend_run(target: Target, settings: dict[str, Any], method: str, requests: Any) -> Any:
    """Add draws to the run in a folder; return the `Analysis` of all draws. An interruption leaves the run as it is."""
    from iwm_bayes.workflow.fits import fit_to_extend

    before = fit_to_extend(target.folder, target.loaded.files, method, settings)
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
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.workflow.analysis import analyse

    say(describe_data(loaded.data))
    print_warnings(identifiability(loaded.model, loaded.data))
    if settings["progressbar"]:
        tell("compiling the model (one to two minutes the first time, later less), then sampling ...")
    return analyse(loaded.model, loaded.data, method, settings, chain_store, requests, before)


def write_and_print(analysis: Any, target: Target) -> Path:
    """Write the run folder and the report, print the results, and return where the report is."""
    from iwm_bayes.workflow.fit_file import budget_notes
    from iwm_bayes.workflow.run_folder import write_analysis

    folder, loaded = target.folder, target.loaded
    write_analysis(analysis, folder, loaded.files, loaded.study, target.hashes, target.overwrite)
    for note in budget_notes(analysis.fit):
        say(f"{folder / 'fit.nc'}: {note}")
    print_results(analysis, folder)
    report = write_report_of(analysis, folder, loaded.study.name, analysis.requests.person_summary, target.overwrite)
    if analysis.convergence.partial:
        partial = f"{analysis.convergence.partial}. The results so far are marked as partial and saved to {folder}"
        say(partial, "Partial:", "red")
        print_suggestions(analysis.advice)
        raise typer.Exit(INTERRUPTED)
    return report


def print_results(analysis: Any, folder: Path) -> None:
    """Print the tables of a run, and its answer in words."""
    from iwm_bayes.diagnostics.predictive_checks import PPC_COLUMNS, posterior_ppc_sentence, rounded_ratings

    tables = analysis.tables
    for section in ("parameters", "answer"):
        print_section(analysis, section)
    if "person_summary" in tables:
        table, file = tables["person_summary"], folder / "tables" / "person_summary.csv"
        title = f"Person-level parameters, under pseudonyms: {N_PREVIEW} of {len(table)} rows (all rows: {file})"
        print_table(table.head(N_PREVIEW), title, "person_summary")
    rounded = rounded_ratings(analysis.model, analysis.fit["constant_data"].to_dataset())
    checks = tables.get("ppc", pd.DataFrame(columns=PPC_COLUMNS))
    say(f"{posterior_ppc_sentence(checks, rounded)}\n")
    if analysis.permutation_test:
        say(analysis.permutation_test.sentence)


def print_section(analysis: Any, section: str) -> None:
    """Print the tables of the estimands and checks of a section, in the order of the registry, and the answer."""
    from iwm_bayes.diagnostics.registry import registered

    known, tables = registered(), analysis.tables
    for name in (name for name in tables if known[name].section == section):
        with_covariates = "marginal_effects" in tables
        title = group_summary_title(with_covariates) if name == "group_summary" else table_title(name)
        print_table(tables[name], title, name)
        for sentence in answer_sentences(analysis) if name == "time_to_security" else ():
            say(f"{sentence}\n")


def answer_sentences(analysis: Any) -> list[str]:
    """Return the answer for every figure in the report's sentences, marked where the fit has not converged."""
    from iwm_bayes.report.text import answer_sentence

    status = analysis.convergence.status
    mark = "" if status == "converged" else f" [{status}]"
    return [answer_sentence(answer) + mark for answer in analysis.security.values()]


def print_truth(analysis: Any, true_values: dict[str, Any]) -> None:
    """Print the estimates of simulated people with the true values."""
    from iwm_bayes.estimands.security.by_arm import person_arms
    from iwm_bayes.estimands.security.tables import truth_comparison_lines
    from iwm_bayes.estimands.security.time_to_security import continued_true_security

    data, lines = analysis.fit["constant_data"].to_dataset(), []
    for name, answer in analysis.security.items():
        figure = name if name in data["figure"].values else None
        known = continued_true_security(analysis.model, data, true_values, figure)
        lines += truth_comparison_lines(answer.security, known, person_arms(data))
    print_table(pd.DataFrame(lines), "Parameter recovery: estimated and true time to earned security")


def convergence_line(values: dict[str, float]) -> str:
    """Return the worst diagnostics in one line: of group parameters and derived quantities, and of people."""
    r_hat = max(values["group_r_hat"], values.get("derived_r_hat", 1.0))
    ess = min(values["group_ess"], values.get("derived_ess", float("inf")))
    return (
        f"Largest R-hat {r_hat:.3f} (person-level parameters {values['person_r_hat']:.3f}), smallest effective sample "
        f"size {ess:.0f} (person-level parameters {values['person_ess']:.0f}), {values['divergences']:.0f} divergent "
        "transitions."
    )


def print_status_and_exit(analysis: Any, folder: Path, report: Path) -> None:
    """Print the status of the fit and where its results are, and exit with code 3 if it has not converged."""
    convergence, saved = analysis.convergence, f"Results saved to {folder}"
    if convergence.converged and convergence.approximate:
        confirm = f"confirm important results with --method nuts. (The fit took {analysis.seconds:.0f} s.) {saved}"
        say(f"({convergence.approximate}): {confirm}", "Approximate", "yellow")
    elif convergence.converged:
        say(f"(The fit took {analysis.seconds:.0f} s.) {saved}", "Converged.", "green")
        say(convergence_line(convergence.values))
    else:
        print_not_converged([*convergence.reasons, saved], analysis.advice)
    say(f"Report: {report}", soft_wrap=True)
    if not convergence.converged:
        raise typer.Exit(NOT_CONVERGED)
