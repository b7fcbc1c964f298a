"""`iwm simulate`: sessions of simulated people."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from iwm_bayes.cli.console import Overwrite, check_new_file, say, tell
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from iwm_bayes.simulation.care import Care
    from iwm_bayes.simulation.dyad_design import DyadDesignFile
    from iwm_bayes.types import ModelSpec

N_PEOPLE, SESSIONS = 40, 24


class SimulatedDyads(NamedTuple):
    """Simulated dyads with their design, their model, and their table."""

    design: DyadDesignFile
    model: ModelSpec
    data: xr.Dataset
    table: pd.DataFrame


def schedules_of(care: list[str] | None) -> dict[str, Care]:
    """Return the care of each figure, as written on the command line; InputError says how to write it."""
    from iwm_bayes.simulation.care import parse_care

    schedules = {}
    for text in care or ["therapist=constant"]:
        figure, separator, schedule = text.partition("=")
        if not separator or not figure:
            raise InputError([f"--care {text!r}: write FIGURE=NAME or FIGURE=NAME:parameter=value"])
        schedules[figure] = parse_care(schedule)
    return schedules


def table_of_design(path: Path, n_people: int | None, seed: int) -> tuple[xr.Dataset, pd.DataFrame]:
    """Simulate a design file with people from the prior of its first model; the table has a column of the arm."""
    import numpy as np

    from iwm_bayes.data.dataset import to_table
    from iwm_bayes.model.specification.model_file import load_model
    from iwm_bayes.simulation.design_file import as_asked, read_design_file, simulate_design
    from iwm_bayes.simulation.population import draw_people

    design, generator = read_design_file(path), np.random.default_rng(seed)
    model, *_ = [as_asked(load_model(name), design) for name in design.models]
    if warning := design.last_ratings():
        tell(f"WARNING: {warning}")
    people = draw_people(model, design.figures, n_people or design.people, generator)
    data, arm = simulate_design(model, design, people, generator)
    table = to_table(data)
    table.insert(1, "arm", table["person"].map(dict(zip(data["person"].values, arm, strict=True))))
    say(", ".join(f"arm {name} has {count} people" for name, count in Counter(arm).items()))
    return data, table


def dyads_of_design(path: Path, dyads: int | None, seed: int) -> SimulatedDyads:
    """Simulate a design file of dyads, with dyads from the priors of its members; the table has a column of the arm."""
    import numpy as np

    from iwm_bayes.data.dataset import to_table
    from iwm_bayes.simulation.dyad_design import draw_dyads, read_dyad_design_file, simulate_dyad_design

    design, generator = read_dyad_design_file(path), np.random.default_rng(seed)
    spec = design.model()
    population = draw_dyads(design, spec, dyads or design.people, generator)
    data, arm = simulate_dyad_design(design, spec, population, design.exchanges, generator)
    table = to_table(data)
    if len(design.arms) > 1:
        table.insert(1, "arm", table["dyad"].map(dict(zip(data["person"].values, arm, strict=True))))
        say(", ".join(f"arm {name} has {count} dyads" for name, count in Counter(arm).items()))
    return SimulatedDyads(design, spec, data, table)


def study_place(out_file: Path, design_file: Path, overwrite: bool) -> Path:
    """Return where the study file of a simulated table of dyads belongs; InputError where it would replace a file."""
    path = out_file.with_suffix(".toml")
    if path.resolve() == design_file.resolve():
        raise InputError([f"{path}: the study file of the table would replace the design. Choose another --out-file"])
    check_new_file(path, overwrite)
    return path


def simulate(
    model: Annotated[str, typer.Argument(help="built-in model, or path of a model file or of a design file")],
    n_people: Annotated[
        int | None, typer.Option(min=1, help="number of simulated people (default: as in the design file, or 40)")
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="number of sessions with each attachment figure, after a first row (session 1) that only has ratings "
            "(default: 24)",
        ),
    ] = None,
    care: Annotated[
        list[str] | None,
        typer.Option(
            help="care by an attachment figure, written as FIGURE=NAME:parameter=value,...; may be given several "
            "times. Names: constant, graded, intermittent, reversal, rupture_and_repair, reactive, "
            "frightening (default: therapist=constant)"
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
    --sessions 10, the table therefore has 11 rows per person and figure. A design file has its own sessions.

    In a design of dyads, --n-people is the number of dyads. The study file that reads the table is written next to it.
    """
    from iwm_bayes.data.dataset import to_table
    from iwm_bayes.data.toml import read_toml
    from iwm_bayes.io import atomic_path
    from iwm_bayes.model.specification.model_file import load_model
    from iwm_bayes.simulation.care import DistressProcess
    from iwm_bayes.simulation.dyad_design import is_dyad_design
    from iwm_bayes.simulation.dyad_study_file import study_of_design
    from iwm_bayes.simulation.simulate import Phase
    from iwm_bayes.simulation.simulate import simulate as simulate_sessions
    from iwm_bayes.workflow.load import describe_data
    from iwm_bayes.workflow.results_folder import cannot_write

    if beliefs and waves == 1:
        raise InputError(["--beliefs is about what happens between waves. Add --waves 2, or take it out"])
    check_new_file(out_file, overwrite)
    content, study = read_toml(Path(model)) if model.endswith(".toml") else {}, ""
    if "arms" in content or is_dyad_design(content):
        stated = {"--sessions": sessions, "--care": care, "--distress": distress, "--waves": waves > 1}
        if contradicting := [name for name, value in stated.items() if value]:
            raise InputError([f"{', '.join(contradicting)}: the design file says so. Take the option out"])
    if is_dyad_design(content):
        study_file = study_place(out_file, Path(model), overwrite)
        design, spec, data, table = dyads_of_design(Path(model), n_people, seed)
        study = study_of_design(design, spec, out_file.name)
    elif "arms" in content:
        data, table = table_of_design(Path(model), n_people, seed)
    else:
        names = [str(wave + 1) for wave in range(waves)] if waves > 1 else [""]
        schedules, process = schedules_of(care), DistressProcess(distress)
        phases = [Phase(schedules, sessions or SESSIONS, True, process, wave) for wave in names]
        data = simulate_sessions(load_model(model), phases, n_people or N_PEOPLE, seed, beliefs or "restarted")
        table = to_table(data)
    try:
        with atomic_path(out_file) as draft:
            table.round(4).to_csv(draft, index=False)
        if study:
            with atomic_path(study_file) as draft:
                draft.write_text(study, encoding="utf-8")
    except OSError as error:
        raise InputError([cannot_write(out_file, error, "--out-file")]) from error
    if study:
        events = f"{data.sizes['person']} dyads; {int(data['present'].sum())} exchanges"
        say(f"{out_file}: {events}. {study_file} reads it: iwm fit {study_file}")
    else:
        say(f"{out_file}: {describe_data(data)}")
