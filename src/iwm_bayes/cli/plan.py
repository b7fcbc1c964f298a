"""`iwm plan group`, `effect`, `forecast`, `reliability`, `compare`: sample-size planning by assurance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iwm_bayes.cli.console import Overwrite, Trust
from iwm_bayes.cli.sweeps.given import check_single_people, checked_method, model_condition, models_or_study
from iwm_bayes.cli.sweeps.options import (
    DEFAULT_CARE,
    CareOption,
    Figures,
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
)
from iwm_bayes.cli.sweeps.plans import Sweep, default_folder, roles, run_plan, sizes, with_dyads_each
from iwm_bayes.cli.sweeps.running import executor
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    from iwm_bayes.validation.sweep import Condition

plan = typer.Typer(
    no_args_is_help=True, help="Plan the sample size: estimate how large a study must be for a decisive answer."
)


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
    condition = given.condition() | {"method": checked_method(method, given), "care": care}
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
def effect(
    model: ModelArgument,
    effects: Annotated[
        list[str] | None,
        typer.Option(
            "--effect",
            help='parameter that can lie on either side of 0; of dyads also "acted-out pull of the ROLE" and '
            '"partner by bids effect of the ROLE", and with --smallest "actor effect of the ROLE" or "partner effect '
            'of the ROLE"; may be given several times (default: all)',
        ),
    ] = None,
    smallest: Annotated[
        float, typer.Option(min=0, help="smallest effect of interest: the 90% CrI must lie beyond it, on either side")
    ] = 0.0,
    n_people: NPeople = None,
    sessions: Sessions = None,
    dyads_each: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="in a design of dyads: number of dyads of each person who has several, such as a therapist; may be "
            "given several times (default: as in the design)",
        ),
    ] = None,
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
    """Estimate how often a study shows an effect: its 90% CrI excludes 0, or effects up to a smallest one."""
    from iwm_bayes.simulation.care import parse_care
    from iwm_bayes.validation.planning import effect as plan_effect
    from iwm_bayes.validation.planning.assurance import design_of

    given = models_or_study([model], trust)
    parse_care(care)
    condition = given.condition() | {"method": checked_method(method, given), "care": care}
    wanted = with_dyads_each(given, sizes(given, n_people, figures, rated_every, sessions, care), dyads_each)
    names = plan_effect.asked_effects(
        str(condition["at model"]), design_of(condition | wanted[0]), effects or (), smallest
    )
    condition |= {"effects": plan_effect.SEPARATOR.join(names), "smallest": smallest}
    conditions: list[Condition] = [condition | size for size in wanted]
    folder = default_folder(out_dir, "effect", given.models[:1])
    sweep = Sweep("plan effect", folder, studies, executor(workers, scheduler), quiet, overwrite)
    asked = [plan_effect.outcome_decisive(name, smallest) for name in names]
    run_plan(sweep, plan_effect.effect_study, conditions, asked, target)


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
    if not given.wants_security and not given.joint:
        raise InputError([f"{model}: its `estimands` leave out earned_security, which this command forecasts. Add it"])
    check_single_people(given, "plan forecast", "`iwm plan effect` plans their effects")
    parse_care(care)
    condition = given.condition()
    condition |= {"method": checked_method(method, given), "care": care, "horizon": horizon}
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
    check_single_people(given, "plan reliability", "It simulates waves of a model of its own: name one")
    parse_care(care)
    condition = given.condition() | {"method": checked_method(method, given), "care": care, "waves": waves}
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
    check_single_people(given, "plan compare", "Dyads have one model each way: compare the fits of two study files")
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
