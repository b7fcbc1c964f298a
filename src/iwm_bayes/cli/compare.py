"""`iwm compare`: models of one study, fitted now or read from their run folders."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from iwm_bayes.cli import console
from iwm_bayes.cli.console import (
    NOT_CONVERGED,
    Ids,
    Overwrite,
    Trust,
    Verbose,
    print_lines,
    report_interruption,
    tell,
)
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    import pandas as pd

    from iwm_bayes.data.study import StudySpec

CV_UNITS = {"lfo": "lfo_1", "loso": "loso", "loo": "loo"}  # of the option --cv, and of a comparison


def parse_families(families: list[str], models: list[str]) -> dict[str, list[str]]:
    """Parse families written as NAME=MODEL,MODEL; InputError unless each model belongs to exactly one."""
    from iwm_bayes.comparison.bms import family_membership

    wrong = [text for text in families if "=" not in text]
    if wrong:
        raise InputError([f"--family {text!r}: write NAME=MODEL,MODEL" for text in wrong])
    parsed = {name: members.split(",") for name, _, members in (text.partition("=") for text in families)}
    if parsed:
        family_membership(parsed, models)
    return parsed


def models_with_trend(models: Sequence[str]) -> list[str]:
    """Return models in which people learn, in which time alone moves beliefs, and in which both do.

    Whether a model's own name adds a trend makes no difference.
    """
    from iwm_bayes.rules.modifiers.model_names import ADDITIONS, IN_ORDER, TREND_ALONE, split_model_name, with_additions

    trend, *others = ADDITIONS
    parts = [split_model_name(name) for name in models]
    plain = dict.fromkeys((own, tuple(one for one in others if one in added)) for own, added in parts)
    return [
        with_additions(own, tuple(one for one in IN_ORDER if one in (*more, *kept)))
        for more in ((), (TREND_ALONE,), (trend,))
        for own, kept in plain
    ]


def person_groups(study: StudySpec, column: str | None, people: Any) -> pd.Series | None:
    """Return a column of the study's table of people, by person; InputError where it is blank for somebody."""
    if column is None:
        return None
    table = study.people
    if table is None:
        raise InputError([f"{study.name}: --groups needs a table of people: add [people] with `data` and `person`"])
    from iwm_bayes.data.formulas.covariates import read_covariates  # the import of formulae takes a second
    from iwm_bayes.data.table import list_people
    from iwm_bayes.data.tables.table_file import open_table

    groups = read_covariates(open_table(table.data), table.person, {column: True}, people)[column]
    if groups.isna().any():
        blank = list_people(groups.index[groups.isna()])
        raise InputError([f"{table.data.name}, column {column!r}: blank for {blank}. Fill it in"])
    return groups


def compare(
    what: Annotated[
        list[Path], typer.Argument(help="study file (study.toml), or the folders of at least two runs of `iwm fit`")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(help="model to compare; may be given several times (default: all models of the study file)"),
    ] = None,
    trend: Annotated[
        bool,
        typer.Option(
            "--trend",
            help="compare learning, a time trend, and both: the models of --model (default: the first of the study), "
            "each as it is, with time in place of learning, and with a trend",
        ),
    ] = False,
    cv: Annotated[
        Literal["lfo", "loso", "loo"],
        typer.Option(help="cross-validation: leave out future sessions (lfo), one person (loso) or one event (loo)"),
    ] = "lfo",
    out_dir: Annotated[Path, typer.Option(help="folder for the results of the comparison")] = Path("runs/comparison"),
    runs: Annotated[
        Path, typer.Option(help="folder of the fits: finished fits are read from it, new fits are saved in it")
    ] = Path("runs"),
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="also rank models whose fits have not converged, and mark them")
    ] = False,
    family: Annotated[
        list[str] | None, typer.Option(help="family of models, written as NAME=MODEL,MODEL; may be given several times")
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(help="column of the table of people; the model attribution is compared between its groups"),
    ] = None,
    mixture: Annotated[
        bool, typer.Option(help="also fit a mixture of the models, in which each person follows one model")
    ] = True,
    person_table: Annotated[
        bool, typer.Option("--person-table", help="also save the model attribution of each person, under pseudonyms")
    ] = False,
    draws: Annotated[int, typer.Option(min=50, help="number of posterior draws per chain")] = 750,
    tune: Annotated[int, typer.Option(min=50, help="number of tuning draws per chain, not kept")] = 500,
    chains: Annotated[int, typer.Option(min=2, help="number of chains")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="seed of the random numbers")] = 1,
    method: Annotated[
        str, typer.Option(help="inference method: nuts (sampling), or laplace or quadrature (approximations)")
    ] = "nuts",
    ids: Ids = "pseudonyms",
    trust: Trust = False,
    overwrite: Overwrite = False,
    verbose: Verbose = False,
    quiet: Annotated[bool, typer.Option(help="do not show progress")] = False,
) -> None:
    """Compare models by their ELPD, by model attribution (random-effects BMS), and by posterior predictive checks."""
    from iwm_bayes.cli.printing.comparison import comparison_heading, print_comparison
    from iwm_bayes.comparison.comparability import TOO_FEW
    from iwm_bayes.comparison.compare import compare as compare_fits
    from iwm_bayes.comparison.score_cache import FILE
    from iwm_bayes.inference.base import Settings
    from iwm_bayes.model.specification.model_file import load_model
    from iwm_bayes.progress import present_step
    from iwm_bayes.workflow.comparison_folder import check_comparison_folder, write_comparison
    from iwm_bayes.workflow.fits import check_all_models, fit_of_run, fit_or_reuse, study_of_run, with_distinct_names
    from iwm_bayes.workflow.load import load_study_and_data, models_to_compare, resolve_model
    from iwm_bayes.workflow.results_folder import record_written

    settings: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains, "random_seed": seed}
    settings |= {"progressbar": not quiet}
    progress = (lambda _: None) if quiet else tell
    if what[0].suffix == ".toml":
        trust = trust or bool(model)
        named = models_to_compare(what[0])
        models = [resolve_model(what[0], name) for name in model or []] or named
        models = models_with_trend(models if model else models[:1]) if trend else models
        if len(models) < 2:
            raise InputError([TOO_FEW])
        fit_settings = {"method": method} | settings
        folders = check_all_models(what[0], models, runs, fit_settings, trust, overwrite)
        check_comparison_folder(out_dir, folders, overwrite)
        loaded = load_study_and_data(what[0], models[0], trust)
        families = parse_families(family or [], [load_model(name, trust=trust).name for name in models])
        by_person = person_groups(loaded.study, groups, loaded.data["person"].values)
        specs = [load_study_and_data(what[0], name, trust).model for name in models]
        print_lines(comparison_heading(loaded.study.name, specs, loaded.data, console.out.width))
        with report_interruption("The draws are kept. To continue, enter the same command again"):
            fits = [fit_or_reuse(what[0], name, runs, fit_settings, progress, trust, overwrite) for name in models]
    elif trend:
        raise InputError(["--trend: needs a study file, whose model is then fitted with and without a trend"])
    else:
        fits = with_distinct_names([fit_of_run(folder, trust, tell) for folder in what])
        check_comparison_folder(out_dir, what, overwrite)
        families = parse_families(family or [], [fitted.model.name for fitted in fits])
        study = study_of_run(what[0])
        by_person = person_groups(study, groups, fits[0].data["person"].values)
        specs = [fitted.model for fitted in fits]
        print_lines(comparison_heading(study.name, specs, fits[0].data, console.out.width))
    refits = Settings(**settings | {"progressbar": False})  # one line says which is made
    with present_step(disable=quiet) as step:
        comparison = compare_fits(fits, CV_UNITS[cv], method, refits, allow_unconverged, mixture, step)
    for fitted in fits:
        if fitted.folder is not None and os.access(fitted.folder, os.W_OK):
            record_written(fitted.folder, FILE)
    write_comparison(comparison, out_dir, fits, person_table, ids == "own", overwrite)
    attributions = attribution_tables(comparison, families, by_person, groups)
    print_comparison(comparison, attributions, out_dir, verbose, run_of_best(comparison, fits))
    if comparison.not_converged or (comparison.mixture_checks is not None and not comparison.mixture_checks.converged):
        raise typer.Exit(NOT_CONVERGED)


def run_of_best(comparison: Any, fits: Sequence[Any]) -> str:
    """Return the folder of the run of the model with the highest ELPD, for a shell; empty if it is not kept."""
    best = str(comparison.ranking["model"].iloc[0])
    folders = {fitted.model.name: fitted.folder for fitted in fits}
    return shlex.quote(str(folders[best])) if folders[best] else ""


def attribution_tables(
    comparison: Any, families: dict[str, list[str]], by_person: pd.Series | None, groups: str | None
) -> list[Any]:
    """Return how frequent models, families and, by group, models are, with titles."""
    from iwm_bayes.cli.printing.comparison import Attribution
    from iwm_bayes.comparison.model_frequencies import family_table, group_frequency_table

    bor = f"Bayesian omnibus risk {comparison.selection.bor:.2f}"
    tables = [Attribution(f"Model attribution by random-effects BMS ({bor})", comparison.frequencies)]
    if families:
        tables.append(Attribution("Attribution of families of models", family_table(comparison.evidence, families)))
    if by_person is not None:
        table, same = group_frequency_table(comparison.evidence, by_person)
        title = f"Model attribution by {groups} (probability of equal frequencies in all groups: {same:.2f})"
        tables.append(Attribution(title, table))
    return tables
