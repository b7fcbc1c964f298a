"""Can theories be told apart? Each makes studies, all are fitted to each by `laplace`, the most probable one wins.

*Confusion*: of the studies that a theory made, the share that each theory wins. *Inversion*: of the studies that a
theory won, the share that each theory made, had all made as many. Wilson & Collins (2019), doi:10.7554/eLife.49547.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.base import Compiled
from iwm_bayes.inference.laplace.empirical_bayes import solved
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood, posed
from iwm_bayes.model.model_file import load
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError, Model
from iwm_bayes.validation.sbc import FIGURES, plan, watched
from iwm_bayes.validation.sweep import Cell


@cache
def ready(theory: str, people: int, sessions: int) -> Compiled:
    """A theory compiled once per process."""
    model = watched(load(theory))
    return compile_likelihood(model, simulate(model, plan(sessions), people, 0))


def same_answers(models: list[Model]) -> None:
    """InputError unless all theories answer with the same responses: only then is their evidence comparable."""
    first, *others = models
    wanted = set(first.responses)
    problems = [
        f"{other.name} answers with {', '.join(sorted(other.responses))}; {first.name} with "
        f"{', '.join(sorted(wanted))}. Give them the same `responses`"
        for other in others
        if set(other.responses) != wanted
    ]
    if problems:
        raise InputError(problems)


def weighed(theory: str, data: xr.Dataset, people: int, sessions: int) -> dict[str, float]:
    """A theory's log evidence of a study, and whether its best place was found."""
    problem = posed(ready(theory, people, sessions), data)
    top = solved(problem)
    return {"evidence": log_evidence(problem, top), "converged": float(top.converged)}


def study(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"maker", "at maker", "at rivals", "people", "sessions"}; rivals on a line each."""
    people, sessions = int(cell["people"]), int(cell["sessions"])
    model = watched(load(str(cell["at maker"])))
    truth = draw_population(model, FIGURES, people, generator)
    data = simulate(model, plan(sessions), truth.values, generator)
    rivals = str(cell["at rivals"]).split("\n")
    return {"weighed": {load(rival).name: weighed(rival, data, people, sessions) for rival in rivals}}


def evidences(studies: pd.DataFrame) -> pd.DataFrame:
    """Log evidence, one line per study: "made by", and a column per rival."""
    lines = [{name: one["evidence"] for name, one in weighed.items()} for weighed in studies["weighed"]]
    found = pd.DataFrame(lines)
    found.insert(0, "made by", studies["maker"].to_numpy())
    return found


def confusion(table: pd.DataFrame) -> pd.DataFrame:
    """Share of the studies made by each theory (row) that each rival (column) wins."""
    rivals = table.drop(columns="made by")
    won = pd.Categorical(rivals.idxmax(axis=1), categories=list(rivals.columns))
    return pd.crosstab(table["made by"], won, normalize="index", dropna=False).rename_axis(columns="won by")


def inversion(confused: pd.DataFrame) -> pd.DataFrame:
    """Share of the studies won by each theory (column) that each theory (row) made, all having made as many."""
    return confused / confused.sum().where(confused.sum() > 0)


def expected(table: pd.DataFrame) -> pd.DataFrame:
    """How much log evidence each rival (column) loses on average to the theory that made the study (row)."""
    rivals = table.drop(columns="made by")
    own = np.array([line[maker] for maker, (_, line) in zip(table["made by"], rivals.iterrows(), strict=True)])
    return (-rivals.sub(own, axis=0)).groupby(table["made by"]).mean()
