"""Before a fit: `iwm new` writes a study file to start from, `iwm check` says what a study's data can identify."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iwm_bayes.cli import console
from iwm_bayes.cli.console import Trust, Verbose, print_lines, print_table, print_warnings, say
from iwm_bayes.cli.printing.layout import Line

if TYPE_CHECKING:
    import xarray as xr

    from iwm_bayes.types import ModelSpec


def new(
    folder: Annotated[Path, typer.Argument(help="folder of the study; the program makes it where there is none")],
    table: Annotated[Path, typer.Argument(help="table of sessions, one row per event; it is not copied or changed")],
    people: Annotated[Path | None, typer.Option(help="table of people with their covariates")] = None,
    model: Annotated[str, typer.Option(help="built-in model, or path of a model file")] = "rescorla_wagner",
) -> None:
    """Look at a table, and write a study file to start from: FOLDER/study.toml.

    The program guesses from names and values which column is what. It marks every guess in the file, with its reason.
    """
    from iwm_bayes.workflow.new_study.study_file import open_questions, summary_lines
    from iwm_bayes.workflow.new_study.write import write_new_study

    written = write_new_study(folder, table, model, people)
    say(f"Guesses from {table} ({written.guess.n_rows} rows)", soft_wrap=True)
    for key, column, why in summary_lines(written.guess):
        say(f"  {key:<20} {column:<20} {why}", soft_wrap=True)
    if questions := [*written.doubts, *open_questions(written.guess, written.model)]:
        say("To decide")
        for sentence in questions:
            say(f"  {sentence}", soft_wrap=True)
    say(f'Study file  {written.path}: check each line that is marked "guess:"', soft_wrap=True)
    argument = shlex.quote(str(written.path))
    say(f"Next        iwm check {argument}   then   iwm fit {argument}", soft_wrap=True)


def check(
    study: Annotated[Path, typer.Argument(help="study file (study.toml): it describes the data and names the models")],
    model: Annotated[
        str | None,
        typer.Option(help="built-in model or path of a model file (default: the first model of the study file)"),
    ] = None,
    prior: Annotated[bool, typer.Option("--prior", help="also make a prior predictive check")] = False,
    trust: Trust = False,
    verbose: Verbose = False,
) -> None:
    """Read a study and its table, describe the data, and list the parameters that they do not identify.

    A learning rule and responses of your own are also put into the graph of the sampler once.
    """
    from iwm_bayes.cli.printing.heading import heading
    from iwm_bayes.cli.printing.status import GOOD, status_lines
    from iwm_bayes.diagnostics.identifiability import identifiability
    from iwm_bayes.diagnostics.predictive_checks import prior_ppc_sentence, prior_predictive_check, rounded_ratings
    from iwm_bayes.diagnostics.rating_timing import answer_count_sentence, timing_warnings
    from iwm_bayes.diagnostics.weak_parameters.dyads import doubts_of_table
    from iwm_bayes.workflow.load import load_study_and_data

    loaded = load_study_and_data(study, model, trust or model is not None)
    spec, data = loaded.model, loaded.data
    if own := {key: path for key, path in loaded.files.items() if path.suffix == ".py"}:
        from iwm_bayes.model.own_graph import check_own_graph

        check_own_graph(spec, data, own)
    width = console.out.width
    print_lines(heading(loaded.study.name, spec, data, width, by_name=True))
    say(f"Unit of time: {data.attrs['time_unit']}. Responses:")
    for name in spec.responses:
        say(f"  {answer_count_sentence(spec, data, name)}")
    if spec.members:
        from iwm_bayes.data.dyads.describe import describe_dyads

        say("Dyads:")
        for line in describe_dyads(spec, data):
            say(f"  {line}")
    if loaded.study.wants("earned_security"):
        for sentence in scale_lines(spec, data):
            say(f"  {sentence}")
    if loaded.study.people or loaded.study.dyad:
        from iwm_bayes.data.formulas.covariates import describe_covariates

        for line in describe_covariates(data):
            say(f"  {line}")
    not_identified = identifiability(spec, data)
    print_warnings((*not_identified, *timing_warnings(spec, data)))
    if not [doubt for doubt in not_identified if doubt not in doubts_of_table(data)]:
        print_lines(status_lines(GOOD, "Identifiable", identified_sentence(spec, data), width))
    if prior:
        checks = prior_predictive_check(spec, data)
        shown = checks if verbose else checks[checks["status"] != ""]
        if len(shown):
            which = "all test statistics" if verbose else "test statistics outside the 95% interval"
            print_table(shown, f"Prior predictive check: {which}", "ppc")
        say(prior_ppc_sentence(checks, rounded_ratings(spec, data)))
        print_lines([] if verbose else [Line("The table of all test statistics: --verbose")])


def scale_lines(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return what is assumed about the scale of each rating; of dyads, for each member."""
    from iwm_bayes.diagnostics.weak_parameters.dyads import of_members
    from iwm_bayes.estimands.security.rating_thresholds import prior_rating_thresholds, scale_sentences

    def lines(own: ModelSpec, of_own: xr.Dataset) -> list[str]:
        return scale_sentences(prior_rating_thresholds(own, of_own))

    return list(of_members(lines, model, data)) if model.members else lines(model, data)


def identified_sentence(model: ModelSpec, data: xr.Dataset) -> str:
    """Return that nothing was found which the data cannot identify, with the counts of the data."""
    answers = sum(int(data[f"answer_{name}"].notnull().sum()) for name in model.responses)
    people, events = ("dyads", "exchanges") if model.members else ("people", "events")
    counts = f"{data.sizes['person']} {people}, {int(data['present'].sum())} {events}, {answers} responses"
    return f"All parameters of {model.name} are identifiable with these data ({counts})."
