"""`iwm compare`: theories of a study beside each other, or runs that are there already."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import typer

from iwm_bayes.cli.console import NOT_CONVERGED, err, out, print_table, report_interruption
from iwm_bayes.data.study import load_study
from iwm_bayes.model.model_file import load_model
from iwm_bayes.types import InputError
from iwm_bayes.workflow.fits import check_all_models, fit_of_run, fit_or_reuse, study_file_of_run
from iwm_bayes.workflow.load import load_study_and_data, resolve_model

CV_TABLES = {"future": "future 1", "person": "person", "event": "event"}


def parse_families(families: list[str], theories: list[str]) -> dict[str, list[str]]:
    """Families written as NAME=THEORY,THEORY; InputError unless each theory is of exactly one."""
    from iwm_bayes.comparison.bms import family_membership

    wrong = [text for text in families if "=" not in text]
    if wrong:
        raise InputError([f"--family {text!r}: write NAME=THEORY,THEORY" for text in wrong])
    found = {name: rest.split(",") for name, _, rest in (text.partition("=") for text in families)}
    if found:
        family_membership(found, theories)
    return found


def person_groups(study: Path, column: str | None, everyone: Any) -> pd.Series | None:
    """A column of the study's table of people, by person; InputError where it says nothing of somebody."""
    if column is None:
        return None
    people = load_study(study).people
    if people is None:
        raise InputError([f"{study}: --groups needs a table of people: add [people] with `data` and `person`"])
    from iwm_bayes.data.covariates import list_people, read_covariates  # formulas take a second to import

    found = read_covariates(people, {column: True}, everyone)[column]
    if found.isna().any():
        raise InputError(
            [f"{people.data.name}, column {column!r}: nothing about {list_people(found.index[found.isna()])}"]
        )
    return found


def compare(
    what: Annotated[list[Path], typer.Argument(help="study.toml, or the folders of two runs or more")],
    theory: Annotated[list[str] | None, typer.Option(help="a theory to compare; the study's, if none is given")] = None,
    unit: Annotated[Literal["future", "person", "event"], typer.Option(help="what is foretold")] = "future",
    out_folder: Annotated[Path, typer.Option("--out", help="folder of the comparison")] = Path("runs/comparison"),
    runs: Annotated[Path, typer.Option(help="where fits are kept and looked for")] = Path("runs"),
    anyway: Annotated[bool, typer.Option("--anyway", help="rank fits whose gate failed, and mark them")] = False,
    family: Annotated[list[str] | None, typer.Option(help="NAME=THEORY,THEORY to count together; repeat it")] = None,
    groups: Annotated[str | None, typer.Option(help="column of the people's table: do groups differ?")] = None,
    mixture: Annotated[bool, typer.Option(help="also one fit in which each person follows one theory")] = True,
    people: Annotated[bool, typer.Option("--people", help="also who follows what, under pseudonyms")] = False,
    draws: Annotated[int, typer.Option(min=50)] = 750,
    tune: Annotated[int, typer.Option(min=50)] = 500,
    chains: Annotated[int, typer.Option(min=2)] = 4,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    method: str = "nuts",
    quiet: Annotated[bool, typer.Option(help="no progress")] = False,
) -> None:
    """Compare theories: by what they foretell, by whom they are followed, and by what they cannot make."""
    from iwm_bayes.comparison import compare
    from iwm_bayes.comparison.model_frequencies import family_table, group_frequency_table
    from iwm_bayes.inference.fit import Settings
    from iwm_bayes.workflow.comparison_folder import write_comparison

    long: dict[str, Any] = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "random_seed": seed,
        "progressbar": not quiet,
    }
    if what[0].suffix == ".toml":
        theories = [resolve_model(what[0], name) for name in theory or []] or list(load_study(what[0]).model)
        check_all_models(what[0], theories)
        _, _, _, data = load_study_and_data(what[0], theories[0])
        families = parse_families(family or [], [load_model(name).name for name in theories])
        group = person_groups(what[0], groups, data["person"].values)
        with report_interruption("What was drawn is kept: the same command goes on"):
            fits = [fit_or_reuse(what[0], name, runs, {"method": method} | long, err.print) for name in theories]
    else:
        fits = [fit_of_run(folder) for folder in what]
        families = parse_families(family or [], [one.model.name for one in fits])
        group = person_groups(study_file_of_run(what[0]), groups, fits[0].data["person"].values)
    tell = (lambda _: None) if quiet else err.print
    found = compare.compare(fits, CV_TABLES[unit], method, Settings(**long), anyway, mixture, tell)
    write_comparison(found, out_folder, fits, people)
    for name, table in found.rankings.items():
        print_table(table, f"By what they foretell: {compare.CV_UNITS[name]}", "ranking")
    out.print(f"{found.says}.\n")
    equal = f"probability that all are as frequent: {found.selection.risk:.2f}"
    if found.mixed is not None and not found.mixed.passed:
        reasons = "; ".join(found.mixed.reasons)
        out.print(f"[red]The gate of the mixture FAILED:[/red] do not use what is said of it below. {reasons}.\n")
    print_table(found.frequencies, f"Which theory people follow ({equal})", "frequencies")
    out.print(f"{found.agreed}.\n")
    if families:
        print_table(family_table(found.evidence, families), "Which family of theories people follow", "frequencies")
    if group is not None:
        table, alike = group_frequency_table(found.evidence, group)
        same = f"probability that groups do not differ: {alike:.2f}"
        print_table(table, f"Which theory people follow, by {groups} ({same})", "frequencies")
    print_table(
        found.against, "What a theory cannot make, though another can (data, and 95 % of what it makes)", "cannot make"
    )
    out.print(f"Everything is in {out_folder}")
    if found.failed or (found.mixed is not None and not found.mixed.passed):
        raise typer.Exit(NOT_CONVERGED)
