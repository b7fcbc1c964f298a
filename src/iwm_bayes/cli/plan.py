"""`iwm design group`, `forecast`, `compare`: how large a study must be for its answer to be decisive."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from iwm_bayes.cli.console import out, print_table
from iwm_bayes.cli.options import (
    ModelArgument,
    OutDir,
    Quiet,
    Scheduler,
    StudySize,
    Workers,
    checked_method,
    executor,
    model_condition,
    models_and_size,
    sweep_with_progress,
    write_tables,
)
from iwm_bayes.model import model_file as theories_
from iwm_bayes.simulation import care as cares
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Condition, Study, TaskMap

plan = typer.Typer(no_args_is_help=True, help="How large a study must be for its answer to be decisive.")

NPeople = Annotated[list[int] | None, typer.Option(min=4, help="in a study; repeat it [the study's, or 40]")]
Sessions = Annotated[list[int] | None, typer.Option(min=1, help="with each figure; repeat it [4, 8, 12, 16, 24]")]
Figures = Annotated[list[int] | None, typer.Option(min=1, help="whom people meet; repeat it [the study's, or 1]")]
RatedEvery = Annotated[list[int] | None, typer.Option("--rated-every", min=1, help="so many-th session; repeat it [1]")]
CareOption = Annotated[str, typer.Option("--care", help="of every figure, as in `iwm simulate`")]
Studies = Annotated[int, typer.Option(min=2, help="of each size")]
Target = Annotated[float, typer.Option(min=0, max=1, help="share that is to be reached")]
DEFAULT_CARE = "steady:rate=0.8"


def sizes(
    about: StudySize,
    people: list[int] | None,
    figures: list[int] | None,
    every: list[int] | None,
    long: list[int] | None,
) -> list[dict[str, int]]:
    """Every size that is asked for; what is not said is the study's, if one was given."""
    lengths = long or sorted({4, 8, 12, 16, 24} | ({about.sessions} if about.sessions else set()))
    axes = (people or [about.people or 40], figures or [about.figures or 1], every or [1], lengths)
    return [dict(zip(("people", "figures", "rated every", "sessions"), size, strict=True)) for size in product(*axes)]


def run_plan(
    folder: Path,
    study: Study,
    cells: list[Condition],
    studies: int,
    by: TaskMap,
    quiet: bool,
    asked: list[str],
    target: float,
) -> None:
    """Do the studies of a design, keep and show what was counted, and say how many sessions are needed."""
    from iwm_bayes.validation.plan import SIZE_COLUMNS, assurance_sentences, assurance_table, decisions
    from iwm_bayes.viz.design import assurance_plot
    from iwm_bayes.viz.style import save_plot

    conditions = [*(["maker"] if "maker" in cells[0] else []), *SIZE_COLUMNS]
    found = sweep_with_progress(folder, study, cells, studies, by, quiet)
    table = assurance_table(found[found["failed"] == ""], conditions)
    table["says"] = np.where(table["what"].isin(asked), decisions(table, target), "")
    sentences = assurance_sentences(table, conditions, asked, target)
    facts = {"cells": cells, "studies": studies, "target": target, "answers": sentences}
    write_tables(folder, {"design": table}, facts)
    save_plot(assurance_plot(table, conditions, target), *(folder / f"design.{kind}" for kind in ("svg", "pdf")))
    print_table(table, "Shares with their Monte-Carlo error")
    for sentence in sentences:
        out.print(sentence, markup=False)
    out.print(f"Everything is in {folder}")


def default_folder(out_folder: Path | None, question: str, theories: Sequence[str]) -> Path:
    return out_folder or Path("runs") / "-".join(["design", question, *(Path(name).stem for name in theories)])


@plan.command()
def group(
    theory: ModelArgument,
    parameter: Annotated[str, typer.Option(help="in which two arms differ")],
    effect: Annotated[float | None, typer.Option(help="on the average person, natural scale [from its prior]")] = None,
    people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 100,
    target: Target = 0.8,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = None,
    quiet: Quiet = False,
) -> None:
    """Will a difference between two arms be found? Its 90 % interval excludes 0."""
    from iwm_bayes.validation import plan_group as grouping

    about = models_and_size([theory])
    named = model_condition(about.theories[0]) | {"method": checked_method(method), "care": care}
    cares.parse_care(care)
    row = grouping.arm_parameter(theories_.load_model(about.theories[0]), parameter)
    if effect is not None:
        grouping.link_difference(row, effect)
    asked = {"parameter": row.name, "effect": "prior" if effect is None else effect}
    cells: list[Condition] = [named | asked | size for size in sizes(about, people, figures, rated_every, sessions)]
    folder, by = default_folder(out_folder, "group", about.theories[:1]), executor(workers, scheduler)
    run_plan(folder, grouping.group_study, cells, studies, by, quiet, [grouping.DECISIVE], target)


@plan.command()
def forecast(
    theory: ModelArgument,
    further: Annotated[int, typer.Option(min=6, help="sessions that are looked ahead")] = 50,
    people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 60,
    target: Target = 0.8,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = None,
    quiet: Quiet = False,
) -> None:
    """After how many sessions is it foretold, within 5, when somebody will be earned secure?"""
    from iwm_bayes.validation import plan_forecast as forecasting

    about = models_and_size([theory])
    cares.parse_care(care)
    asked = {"method": checked_method(method), "care": care, "further": further}
    named = model_condition(about.theories[0]) | asked
    cells: list[Condition] = [named | size for size in sizes(about, people, figures, rated_every, sessions)]
    folder, by = default_folder(out_folder, "forecast", about.theories[:1]), executor(workers, scheduler)
    run_plan(folder, forecasting.forecast_study, cells, studies, by, quiet, forecasting.OUTCOMES_ASKED, target)


@plan.command()
def compare(
    theory: Annotated[list[str], typer.Argument(help="two theories, or a study that names two")],
    people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 40,
    target: Target = 0.8,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: OutDir = None,
    quiet: Quiet = False,
) -> None:
    """Will two theories be told apart? Each makes studies, and their log evidence decides."""
    from iwm_bayes.validation import plan_compare as comparing
    from iwm_bayes.validation.confusion import check_same_responses
    from iwm_bayes.validation.plan import without_leaving

    about = models_and_size(theory)
    if len(about.theories) != 2:
        raise InputError(["name two theories"])
    cares.parse_care(care)
    check_same_responses([without_leaving(theories_.load_model(name)) for name in about.theories])
    one, other = (model_condition(name) for name in about.theories)
    cells: list[Condition] = [
        size
        | {"care": care, "maker": maker["theory"], "maker's": maker["content"], "at maker": maker["at theory"]}
        | {"rival": rival["theory"], "rival's": rival["content"], "at rival": rival["at theory"]}
        for size in sizes(about, people, figures, rated_every, sessions)
        for maker, rival in ((one, other), (other, one))
    ]
    folder, by = default_folder(out_folder, "compare", about.theories), executor(workers, scheduler)
    run_plan(folder, comparing.compare_study, cells, studies, by, quiet, [comparing.DECISIVE_FOR_GENERATING], target)
