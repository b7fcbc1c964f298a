"""Will a study tell two theories apart? One of them makes the data, both are fitted by `laplace`.

A study is decisive where their log evidence differs by 4, and by two standard errors of the difference between people,
as in `compare`; and wrong where it then speaks for the theory that did not make the data.
"""

from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.comparison.elpd import distinguishable
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import person_log_evidence
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation.plan import Counts, StudyDesign, design_of, thin_ratings, without_leaving
from iwm_bayes.validation.sweep import Condition

DECISIVE_FOR_GENERATING, DECISIVE_FOR_OTHER = "decisive for the theory that made the study", "decisive for the other"


@cache
def compile_cached(theory: str, size: StudyDesign) -> CompiledModel:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = without_leaving(load_model(theory))
    return compile_likelihood(model, simulate(model, size.plan(parse_care("steady")), size.people, 0))


def model_evidence(theory: str, size: StudyDesign, data: xr.Dataset) -> tuple[float, np.ndarray, bool]:
    """A theory's log evidence of a study and of every person, and whether its best place was found."""
    problem = pose_problem(compile_cached(theory, size._replace(sessions=1, every=1)), data)
    top = find_mode(problem)
    return log_evidence(problem, top), person_log_evidence(problem, top.group, top.people), top.converged


def count_decisions(difference: float, by_person: np.ndarray) -> Counts:
    """What the log evidence by which the maker leads says, given that of every person."""
    apart = distinguishable(difference, float(by_person.std(ddof=1) * np.sqrt(len(by_person))))
    return {
        DECISIVE_FOR_GENERATING: [int(apart and difference > 0.0), 1],
        DECISIVE_FOR_OTHER: [int(apart and difference < 0.0), 1],
    }


def compare_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at maker", "at rival", "care"} and its size. For `sweep.sweep`."""
    maker, rival, size = str(cell["at maker"]), str(cell["at rival"]), design_of(cell)
    model = without_leaving(load_model(maker))
    truth = draw_population(model, size.names, size.people, generator)
    lived = simulate(model, size.plan(parse_care(str(cell["care"]))), truth.values, generator)
    data = thin_ratings(model, lived, size.every)
    (own, own_people, own_top), (other, other_people, other_top) = (
        model_evidence(one, size, data) for one in (maker, rival)
    )
    counts = count_decisions(own - other, own_people - other_people) | {"gate passed": [int(own_top and other_top), 1]}
    return {"counts": counts, "difference": own - other}
