"""Will a study tell two theories apart? One of them makes the data, both are fitted by `laplace`.

A study is decisive where their log evidence differs by 4, and by two standard errors of the difference between people,
as in `compare`; and wrong where it then speaks for the theory that did not make the data.
"""

from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.comparison.elpd import told_apart
from iwm_bayes.inference.base import Compiled
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import compile_likelihood, posed, solved
from iwm_bayes.inference.laplace.person_posteriors import evidence
from iwm_bayes.model.model_file import load
from iwm_bayes.simulation.care import parse
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.validation.plan import Counts, Size, rated, size_of, staying
from iwm_bayes.validation.sweep import Cell

RIGHT, WRONG = "decisive for the theory that made the study", "decisive for the other"


@cache
def ready(theory: str, size: Size) -> Compiled:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = staying(load(theory))
    return compile_likelihood(model, simulate(model, size.plan(parse("steady")), size.people, 0))


def weighed(theory: str, size: Size, data: xr.Dataset) -> tuple[float, np.ndarray, bool]:
    """A theory's log evidence of a study and of every person, and whether its best place was found."""
    problem = posed(ready(theory, size._replace(sessions=1, every=1)), data)
    top = solved(problem)
    return log_evidence(problem, top), evidence(problem, top.group, top.people), top.converged


def decided(difference: float, by_person: np.ndarray) -> Counts:
    """What the log evidence by which the maker leads says, given that of every person."""
    apart = told_apart(difference, float(by_person.std(ddof=1) * np.sqrt(len(by_person))))
    return {RIGHT: [int(apart and difference > 0.0), 1], WRONG: [int(apart and difference < 0.0), 1]}


def study(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at maker", "at rival", "care"} and its size. For `sweep.sweep`."""
    maker, rival, size = str(cell["at maker"]), str(cell["at rival"]), size_of(cell)
    model = staying(load(maker))
    truth = draw_population(model, size.names, size.people, generator)
    lived = simulate(model, size.plan(parse(str(cell["care"]))), truth.values, generator)
    data = rated(model, lived, size.every)
    (own, own_people, own_top), (other, other_people, other_top) = (weighed(one, size, data) for one in (maker, rival))
    counts = decided(own - other, own_people - other_people) | {"gate passed": [int(own_top and other_top), 1]}
    return {"counts": counts, "difference": own - other}
