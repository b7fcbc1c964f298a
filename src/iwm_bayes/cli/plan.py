"""`iwm design group`, `forecast`, `compare`: how large a study must be for its answer to be decisive."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from iwm_bayes.cli.console import out, show
from iwm_bayes.cli.options import (
    Given,
    Out,
    Quiet,
    Scheduler,
    Theory,
    Workers,
    given,
    keep,
    method_of,
    of_theory,
    swept,
    through,
)
from iwm_bayes.model import model_file as theories_
from iwm_bayes.simulation import care as cares
from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Cell, Study, Through

design = typer.Typer(no_args_is_help=True, help="How large a study must be for its answer to be decisive.")

People = Annotated[list[int] | None, typer.Option(min=4, help="in a study; repeat it [the study's, or 40]")]
Sessions = Annotated[list[int] | None, typer.Option(min=1, help="with each figure; repeat it [4, 8, 12, 16, 24]")]
Figures = Annotated[list[int] | None, typer.Option(min=1, help="whom people meet; repeat it [the study's, or 1]")]
Rated = Annotated[list[int] | None, typer.Option("--rated-every", min=1, help="so many-th session; repeat it [1]")]
HowCared = Annotated[str, typer.Option("--care", help="of every figure, as in `iwm simulate`")]
Studies = Annotated[int, typer.Option(min=2, help="of each size")]
Target = Annotated[float, typer.Option(min=0, max=1, help="share that is to be reached")]
STEADY = "steady:rate=0.8"


def sizes(
    about: Given, people: list[int] | None, figures: list[int] | None, every: list[int] | None, long: list[int] | None
) -> list[dict[str, int]]:
    """Every size that is asked for; what is not said is the study's, if one was given."""
    lengths = long or sorted({4, 8, 12, 16, 24} | ({about.sessions} if about.sessions else set()))
    axes = (people or [about.people or 40], figures or [about.figures or 1], every or [1], lengths)
    return [dict(zip(("people", "figures", "rated every", "sessions"), size, strict=True)) for size in product(*axes)]


def told(
    folder: Path,
    study: Study,
    cells: list[Cell],
    studies: int,
    by: Through,
    quiet: bool,
    asked: list[str],
    target: float,
) -> None:
    """Do the studies of a design, keep and show what was counted, and say how many sessions are needed."""
    from iwm_bayes.validation.plan import SIZE, answers, says, shares
    from iwm_bayes.viz.design import assurance_figure
    from iwm_bayes.viz.style import save

    conditions = [*(["maker"] if "maker" in cells[0] else []), *SIZE]
    found = swept(folder, study, cells, studies, by, quiet)
    table = shares(found[found["failed"] == ""], conditions)
    table["says"] = np.where(table["what"].isin(asked), says(table, target), "")
    sentences = answers(table, conditions, asked, target)
    facts = {"cells": cells, "studies": studies, "target": target, "answers": sentences}
    keep(folder, {"design": table}, facts)
    save(assurance_figure(table, conditions, target), *(folder / f"design.{kind}" for kind in ("svg", "pdf")))
    show(table, "Shares with their Monte-Carlo error")
    for sentence in sentences:
        out.print(sentence, markup=False)
    out.print(f"Everything is in {folder}")


def place(out_folder: Path | None, question: str, theories: Sequence[str]) -> Path:
    return out_folder or Path("runs") / "-".join(["design", question, *(Path(name).stem for name in theories)])


@design.command()
def group(
    theory: Theory,
    parameter: Annotated[str, typer.Option(help="in which two arms differ")],
    effect: Annotated[float | None, typer.Option(help="on the average person, natural scale [from its prior]")] = None,
    people: People = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: Rated = None,
    care: HowCared = STEADY,
    studies: Studies = 100,
    target: Target = 0.8,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """Will a difference between two arms be found? Its 90 % interval excludes 0."""
    from iwm_bayes.validation import plan_group as grouping

    about = given([theory])
    named = of_theory(about.theories[0]) | {"method": method_of(method), "care": care}
    cares.parse(care)
    row = grouping.moved_row(theories_.load(about.theories[0]), parameter)
    if effect is not None:
        grouping.shift(row, effect)
    asked = {"parameter": row.name, "effect": "prior" if effect is None else effect}
    cells: list[Cell] = [named | asked | size for size in sizes(about, people, figures, rated_every, sessions)]
    folder, by = place(out_folder, "group", about.theories[:1]), through(workers, scheduler)
    told(folder, grouping.study, cells, studies, by, quiet, [grouping.DECISIVE], target)


@design.command()
def forecast(
    theory: Theory,
    further: Annotated[int, typer.Option(min=6, help="sessions that are looked ahead")] = 50,
    people: People = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: Rated = None,
    care: HowCared = STEADY,
    studies: Studies = 60,
    target: Target = 0.8,
    method: str = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """After how many sessions is it foretold, within 5, when somebody will be earned secure?"""
    from iwm_bayes.validation import plan_forecast as forecasting

    about = given([theory])
    cares.parse(care)
    asked = {"method": method_of(method), "care": care, "further": further}
    named = of_theory(about.theories[0]) | asked
    cells: list[Cell] = [named | size for size in sizes(about, people, figures, rated_every, sessions)]
    folder, by = place(out_folder, "forecast", about.theories[:1]), through(workers, scheduler)
    told(folder, forecasting.study, cells, studies, by, quiet, forecasting.ASKED, target)


@design.command()
def compare(
    theory: Annotated[list[str], typer.Argument(help="two theories, or a study that names two")],
    people: People = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: Rated = None,
    care: HowCared = STEADY,
    studies: Studies = 40,
    target: Target = 0.8,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_folder: Out = None,
    quiet: Quiet = False,
) -> None:
    """Will two theories be told apart? Each makes studies, and their log evidence decides."""
    from iwm_bayes.validation import plan_compare as comparing
    from iwm_bayes.validation.confusion import same_answers
    from iwm_bayes.validation.plan import staying

    about = given(theory)
    if len(about.theories) != 2:
        raise InputError(["name two theories"])
    cares.parse(care)
    same_answers([staying(theories_.load(name)) for name in about.theories])
    one, other = (of_theory(name) for name in about.theories)
    cells: list[Cell] = [
        size
        | {"care": care, "maker": maker["theory"], "maker's": maker["content"], "at maker": maker["at theory"]}
        | {"rival": rival["theory"], "rival's": rival["content"], "at rival": rival["at theory"]}
        for size in sizes(about, people, figures, rated_every, sessions)
        for maker, rival in ((one, other), (other, one))
    ]
    folder, by = place(out_folder, "compare", about.theories), through(workers, scheduler)
    told(folder, comparing.study, cells, studies, by, quiet, [comparing.RIGHT], target)
