"""Can theories be told apart? Each makes studies, all are fitted to each by `laplace`, the most probable one wins.

*Confusion*: of the studies that a theory made, the share that each theory wins. *Inversion*: of the studies that a
theory won, the share that each theory made, had all made as many. Wilson & Collins (2019), doi:10.7554/eLife.49547.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.sbc import SBC_FIGURES, sbc_phases, without_actions
from iwm_bayes.validation.sweep import Condition


@cache
def compile_cached(theory: str, people: int, sessions: int) -> CompiledModel:
    """A theory compiled once per process."""
    model = without_actions(load_model(theory))
    return compile_likelihood(model, simulate(model, sbc_phases(sessions), people, 0))


def check_same_responses(models: list[ModelSpec]) -> None:
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


def model_evidence(theory: str, data: xr.Dataset, people: int, sessions: int) -> dict[str, float]:
    """A theory's log evidence of a study, and whether its best place was found."""
    problem = pose_problem(compile_cached(theory, people, sessions), data)
    top = find_mode(problem)
    return {"evidence": log_evidence(problem, top), "converged": float(top.converged)}


def confusion_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"maker", "at maker", "at rivals", "people", "sessions"}; rivals on a line each."""
    people, sessions = int(cell["people"]), int(cell["sessions"])
    model = without_actions(load_model(str(cell["at maker"])))
    truth = draw_population(model, SBC_FIGURES, people, generator)
    data = simulate(model, sbc_phases(sessions), truth.values, generator)
    rivals = str(cell["at rivals"]).split("\n")
    return {"weighed": {load_model(rival).name: model_evidence(rival, data, people, sessions) for rival in rivals}}


def evidence_table(studies: pd.DataFrame) -> pd.DataFrame:
    """Log evidence, one line per study: "made by", and a column per rival."""
    lines = [{name: one["evidence"] for name, one in weighed.items()} for weighed in studies["weighed"]]
    found = pd.DataFrame(lines)
    found.insert(0, "made by", studies["maker"].to_numpy())
    return found


def confusion_table(table: pd.DataFrame) -> pd.DataFrame:
    """Share of the studies made by each theory (row) that each rival (column) wins."""
    rivals = table.drop(columns="made by")
    won = pd.Categorical(rivals.idxmax(axis=1), categories=list(rivals.columns))
    return pd.crosstab(table["made by"], won, normalize="index", dropna=False).rename_axis(columns="won by")


def inversion_table(confused: pd.DataFrame) -> pd.DataFrame:
    """Share of the studies won by each theory (column) that each theory (row) made, all having made as many."""
    return confused / confused.sum().where(confused.sum() > 0)


def evidence_differences(table: pd.DataFrame) -> pd.DataFrame:
    """How much log evidence each rival (column) loses on average to the theory that made the study (row)."""
    rivals = table.drop(columns="made by")
    own = np.array([line[maker] for maker, (_, line) in zip(table["made by"], rivals.iterrows(), strict=True)])
    return (-rivals.sub(own, axis=0)).groupby(table["made by"]).mean()
