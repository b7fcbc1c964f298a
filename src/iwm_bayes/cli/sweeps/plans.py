"""What all plans share: the sizes of their studies, and how their assurance is computed, kept and said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from iwm_bayes.cli.console import print_table, say, tell
from iwm_bayes.cli.sweeps.given import Given, sizes_of
from iwm_bayes.cli.sweeps.options import DEFAULT_CARE
from iwm_bayes.cli.sweeps.running import check_sweep_folder, sweep_with_progress, write_results
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    from iwm_bayes.validation.sweep import Condition, SimulatedStudy, TaskMap


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


def with_dyads_each(given: Given, found: list[dict[str, Any]], each: list[int] | None) -> list[dict[str, Any]]:
    """Return sizes for every number of dyads of the persons who have several; InputError where nobody has."""
    if not each:
        return found
    if not given.several:
        raise InputError(["--dyads-each: is for a design of dyads in which a member has several `dyads`"])
    return [size | {"dyads_each": number} for size in found for number in each]


def run_plan(sweep: Sweep, study: SimulatedStudy, conditions: list[Condition], asked: list[str], target: float) -> None:
    """Do the studies of a plan, keep and print their assurance, and say how many sessions are needed."""
    from iwm_bayes.validation.planning.assurance import (
        CONDITIONS,
        assurance_sentences,
        assurance_table,
        convergence_sentence,
        planning_curve_data,
    )
    from iwm_bayes.viz.simulated_studies.planning import planning_curve_plot

    check_sweep_folder(sweep.folder, sweep.kind, sweep.overwrite)
    columns = [name for name in CONDITIONS if name in conditions[0]]
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


def roles(generating: dict[str, Any], rival: dict[str, Any]) -> dict[str, Any]:
    """Describe in a condition which of two models generates the studies."""
    return {
        f"{prefix}{role}{suffix}": model[key]
        for role, model in (("generating", generating), ("rival", rival))
        for prefix, suffix, key in (("", "", "model"), ("", " content", "content"), ("at ", "", "at model"))
    }
