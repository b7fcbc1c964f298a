"""`iwm simulate`: sessions of simulated people."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from iwm_bayes.cli.console import Overwrite, check_new_file, say
from iwm_bayes.types import InputError


def simulate(
    model: Annotated[str, typer.Argument(help="built-in model, or path of a model file")],
    n_people: Annotated[int, typer.Option(min=1, help="number of simulated people")] = 40,
    sessions: Annotated[
        int,
        typer.Option(
            min=1,
            help="number of sessions with each attachment figure, after a first row (session 1) that only has ratings",
        ),
    ] = 24,
    care: Annotated[
        list[str] | None,
        typer.Option(
            help="care by an attachment figure, written as FIGURE=NAME:parameter=value,...; may be given several "
            "times. Names: constant, intermittent, reversal, rupture_and_repair, reactive, frightening "
            "(default: therapist=constant)"
        ),
    ] = None,
    distress: Annotated[
        float, typer.Option(min=0, max=1, help="probability that something distressing happens before an event")
    ] = 0.0,
    waves: Annotated[
        int, typer.Option(min=1, max=6, help="number of waves, each with all sessions; parameters differ between them")
    ] = 1,
    beliefs: Annotated[
        Literal["restarted", "carried"] | None,
        typer.Option(help="with --waves: whether beliefs start anew in each wave (default: restarted)"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the random numbers")] = 1,
    out_file: Annotated[Path, typer.Option(help="CSV file for the simulated table")] = Path("sessions.csv"),
    overwrite: Overwrite = False,
) -> None:
    """Simulate people from the prior of a model, and write a table of their outcomes and responses.

    Before the sessions, everybody rates each attachment figure once (an assessment, without an outcome). With
    --sessions 10, the table therefore has 11 rows per person and figure.
    """
    from iwm_bayes.data.dataset import to_table
    from iwm_bayes.io import atomic_path
    from iwm_bayes.model.specification.model_file import load_model
    from iwm_bayes.simulation.care import DistressProcess, parse_care
    from iwm_bayes.simulation.simulate import Phase
    from iwm_bayes.simulation.simulate import simulate as simulate_sessions
    from iwm_bayes.workflow.load import describe_data
    from iwm_bayes.workflow.results_folder import cannot_write

    if beliefs and waves == 1:
        raise InputError(["--beliefs is about what happens between waves. Add --waves 2, or take it out"])
    check_new_file(out_file, overwrite)
    schedules = {}
    for text in care or ["therapist=constant"]:
        figure, separator, schedule = text.partition("=")
        if not separator or not figure:
            raise InputError([f"--care {text!r}: write FIGURE=NAME or FIGURE=NAME:parameter=value"])
        schedules[figure] = parse_care(schedule)
    names = [str(wave + 1) for wave in range(waves)] if waves > 1 else [""]
    phases = [Phase(schedules, sessions, True, DistressProcess(distress), wave) for wave in names]
    data = simulate_sessions(load_model(model), phases, n_people, seed, beliefs or "restarted")
    try:
        with atomic_path(out_file) as draft:
            to_table(data).round(4).to_csv(draft, index=False)
    except OSError as error:
        raise InputError([cannot_write(out_file, error, "--out-file")]) from error
    say(f"{out_file}: {describe_data(data)}")
