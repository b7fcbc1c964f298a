"""`iwm plan group`, `forecast`, `reliability`, `compare`: sample-size planning by assurance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from iwm_bayes.cli.console import Overwrite, Trust, print_table, say, tell
from iwm_bayes.cli.sweep_options import (
    DEFAULT_CARE,
    CareOption,
    Figures,
    Given,
    Method,
    ModelArgument,
    NPeople,
    OutDir,
    Quiet,
    RatedEvery,
    Scheduler,
    Sessions,
    Studies,
    Target,
    Workers,
    check_sweep_folder,
    checked_method,
    executor,
    model_condition,
    models_or_study,
    sizes_of,
    sweep_with_progress,
    write_results,
)
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    from iwm_bayes.validation.sweep import Condition, SimulatedStudy, TaskMap

plan = typer.Typer(
    no_args_is_help=True, help="Plan the sample size: estimate how large a study must be for a decisive answer."
)


class Sweep(NamedTuple):
    """Where and how the studies of a plan are done."""

    kind: str  # the command
    folder: Path
    studies: int
    task_map: TaskMap
    quiet: bool
    overwrite: bool


def sizes(
    given: Given,
    people: list[int] | None,
    figures: list[int] | None,
    every: list[int] | None,
    long: list[int] | None,
    care: str = DEFAULT_CARE,
) -> list[dict[str, Any]]:
    """Return every size that is asked for; what is not asked for is that of the study, if one was given.

    InputError for options that would contradict the events of the study; `care` is that of its sessions.
    """
    stated = {"--figures": figures, "--rated-every": every, "--care": None if care == DEFAULT_CARE else care}
    contradicting = [name for name, value in stated.items() if value is not None]
    if given.study and contradicting:
        raise InputError(
            [
                f"{', '.join(contradicting)}: simulated studies have the figures, ratings and outcomes of the study. "
                "Take the option out, or name a model in place of the study"
            ]
        )
    n_people, own = people or [given.people or 40], given.sessions
    lengths = long or ([own] if own else [4, 8, 12, 16, 24])
    if given.study:
        return sizes_of(given, n_people, lengths)
    names = ("n_people", "figures", "rated_every", "sessions")
    return [dict(zip(names, size, strict=True)) for size in product(n_people, figures or [1], every or [1], lengths)]


def run_plan(sweep: Sweep, study: SimulatedStudy, conditions: list[Condition], asked: list[str], target: float) -> None:
    """Do the studies of a plan, keep and print their assurance, and say how many sessions are needed."""
    from iwm_bayes.validation.planning.assurance import (
        SIZE_COLUMNS,
        assurance_sentences,
        assurance_table,
        convergence_sentence,
        planning_curve_data,
    )
    from iwm_bayes.viz.simulated_studies.planning import planning_curve_plot

    check_sweep_folder(sweep.folder, sweep.kind, sweep.overwrite)
    columns = [name for name in ("generating", *SIZE_COLUMNS) if name in conditions[0]]
    results = sweep_with_progress(sweep.folder, study, conditions, sweep.studies, sweep.task_map, sweep.quiet)
    table = planning_curve_data(assurance_table(results[results["failed"] == ""], columns), target, asked)
    sentences = assurance_sentences(table, columns, asked, target)
    facts = {
        "kind": sweep.kind,
        "conditions": conditions,
        "studies": sweep.studies,
        "target": target,
        "answers": sentences,
    }
    plots = {"planning_curve": planning_curve_plot(table, target)}
    write_results(sweep.folder, {"assurance": table}, facts, plots, sweep.overwrite)
    print_table(table, "Assurance with its Monte-Carlo standard error", "assurance")
    for sentence in sentences:
        say(sentence)
    if warning := convergence_sentence(table):
        tell(warning)
    say(f"Results saved to {sweep.folder}")


def default_folder(out_dir: Path | None, question: str, models: Sequence[str]) -> Path:
    """Return the folder of a plan's results."""
    return out_dir or Path("runs") / "-".join(["plan", question, *(Path(name).stem for name in models)])


@plan.command()
def group(
    model: ModelArgument,
    parameter: Annotated[str, typer.Option(help="parameter in which the two arms differ")],
    effect: Annotated[
        float | None,
        typer.Option(
            help="difference between the arms in the median person, natural scale (default: drawn from the prior)"
        ),
    ] = None,
    n_people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 100,
    target: Target = 0.8,
    method: Method = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Estimate how often a study finds a difference between two arms: its 90% CrI excludes 0."""
    from iwm_bayes.simulation.care import parse_care
    from iwm_bayes.validation.planning import group as plan_group
    from iwm_bayes.validation.planning.assurance import design_of

    given = models_or_study([model], trust)
    condition = model_condition(given.models[0]) | {"method": checked_method(method), "care": care}
    parse_care(care)
    wanted = sizes(given, n_people, figures, rated_every, sessions, care)
    differing = plan_group.arm_parameter(design_of(condition | wanted[0]).load(given.models[0]), parameter)
    if effect is not None:
        plan_group.link_difference(differing, effect)
    condition |= {"parameter": differing.name, "effect": "prior" if effect is None else effect}
    conditions: list[Condition] = [condition | size for size in wanted]
    folder = default_folder(out_dir, "group", given.models[:1])
    sweep = Sweep("plan group", folder, studies, executor(workers, scheduler), quiet, overwrite)
    run_plan(sweep, plan_group.group_study, conditions, [plan_group.DECISIVE], target)


@plan.command()
def forecast(
    model: ModelArgument,
    horizon: Annotated[int, typer.Option(min=6, help="number of sessions in the forecast")] = 50,
    n_people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 60,
    target: Target = 0.8,
    method: Method = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Estimate how often a forecast of a person's time to earned security is correct within 5 sessions."""
    from iwm_bayes.simulation.care import parse_care
    from iwm_bayes.validation.planning import forecast as plan_forecast

    given = models_or_study([model], trust)
    if not given.wants_security:
        raise InputError([f"{model}: its `estimands` leave out earned_security, which this command forecasts. Add it"])
    parse_care(care)
    condition = model_condition(given.models[0])
    condition |= {"method": checked_method(method), "care": care, "horizon": horizon}
    conditions: list[Condition] = [condition | size for size in sizes(given, n_people, figures, rated_every, sessions)]
    folder = default_folder(out_dir, "forecast", given.models[:1])
    sweep = Sweep("plan forecast", folder, studies, executor(workers, scheduler), quiet, overwrite)
    run_plan(sweep, plan_forecast.forecast_study, conditions, plan_forecast.OUTCOMES_ASKED, target)


@plan.command()
def reliability(
    model: ModelArgument,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="parameter to ask about; may be given several times (default: those of the learning rule)"),
    ] = None,
    true_reliability: Annotated[
        float, typer.Option(min=0, max=0.99, help="test-retest reliability of every parameter in simulated studies")
    ] = 0.7,
    precision: Annotated[
        float, typer.Option(min=0.01, max=1, help="half the width that a 90% CrI of a reliability may have")
    ] = 0.1,
    waves: Annotated[int, typer.Option(min=2, max=6, help="number of waves, each with all sessions")] = 2,
    n_people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 40,
    target: Target = 0.8,
    method: Method = "laplace",
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Estimate how large a study of several waves must be to know test-retest reliability; sessions are per wave."""
    from iwm_bayes.simulation.care import parse_care
    from iwm_bayes.validation.planning import reliability as plan_reliability

    given = models_or_study([model], trust)
    parse_care(care)
    condition = model_condition(given.models[0]) | {"method": checked_method(method), "care": care, "waves": waves}
    condition |= {"reliability": true_reliability, "precision": precision}
    wanted = sizes(given, n_people, figures, rated_every, sessions, care)
    design = plan_reliability.wave_design(condition | wanted[0])
    labels = plan_reliability.asked_parameters(design.load(given.models[0]), design, parameter or ())
    conditions: list[Condition] = [condition | {"parameters": ",".join(labels)} | size for size in wanted]
    folder = default_folder(out_dir, "reliability", given.models[:1])
    sweep = Sweep("plan reliability", folder, studies, executor(workers, scheduler), quiet, overwrite)
    asked = [plan_reliability.outcome_known(label, precision) for label in labels]
    asked += [plan_reliability.outcome_estimates(label, true_reliability) for label in labels]
    run_plan(sweep, plan_reliability.reliability_study, conditions, asked, target)


@plan.command()
def compare(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="two models, or a study file or design file with two")
    ],
    n_people: NPeople = None,
    sessions: Sessions = None,
    figures: Figures = None,
    rated_every: RatedEvery = None,
    care: CareOption = DEFAULT_CARE,
    studies: Studies = 40,
    target: Target = 0.8,
    workers: Workers = 1,
    scheduler: Scheduler = None,
    out_dir: OutDir = None,
    trust: Trust = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Estimate how often the log evidence of a study decides for the right one of two models."""
    from iwm_bayes.simulation.care import parse_care
    from iwm_bayes.validation.confusion import check_same_responses
    from iwm_bayes.validation.planning import compare as plan_compare
    from iwm_bayes.validation.planning.assurance import design_of

    given = models_or_study(models, trust)
    if len(given.models) != 2:
        raise InputError(["name two models"])
    parse_care(care)
    wanted = sizes(given, n_people, figures, rated_every, sessions, care)
    check_same_responses([design_of({"care": care} | wanted[0]).load(name) for name in given.models])
    one, other = (model_condition(name) for name in given.models)
    conditions: list[Condition] = [
        {"care": care} | size | roles(*pair) for size in wanted for pair in ((one, other), (other, one))
    ]
    folder = default_folder(out_dir, "compare", [given.design] if given.design else given.models)
    sweep = Sweep("plan compare", folder, studies, executor(workers, scheduler), quiet, overwrite)
    run_plan(sweep, plan_compare.compare_study, conditions, [plan_compare.DECISIVE_FOR_GENERATING], target)


def roles(generating: dict[str, Any], rival: dict[str, Any]) -> dict[str, Any]:
    """Describe in a condition which of two models generates the studies."""
    return {
        f"{prefix}{role}{suffix}": model[key]
        for role, model in (("generating", generating), ("rival", rival))
        for prefix, suffix, key in (("", "", "model"), ("", " content", "content"), ("at ", "", "at model"))
    }
