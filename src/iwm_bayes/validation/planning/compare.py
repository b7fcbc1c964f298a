"""Will a study distinguish two models? One of them generates the data, and both are fitted by `laplace`.

A study is decisive if the log evidence differs by at least 4, and by at least two standard errors of the difference
between people, as in `comparison.elpd`. A decisive study is wrong if it favours the model that did not generate it.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.comparison.elpd import distinguishable
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.person_posteriors import person_log_evidence
from iwm_bayes.validation.compile_cache import Design, compile_cached
from iwm_bayes.validation.planning.assurance import CONVERGED, Counts, design_of
from iwm_bayes.validation.study_design import as_read_by
from iwm_bayes.validation.sweep import Condition

DECISIVE_FOR_GENERATING = "decisive for the generating model"
DECISIVE_FOR_OTHER = "decisive for the other model"


class StudyEvidence(NamedTuple):
    """The log evidence of a study under a model."""

    total: float
    by_person: np.ndarray  # (person,)
    converged: bool  # whether the mode of the group parameters was found


def study_evidence(model_name: str, design: Design, data: xr.Dataset) -> StudyEvidence:
    """Compute the log evidence of a study under a model."""
    compiled = compile_cached(model_name, design.for_compilation(), "laplace")
    problem = pose_problem(compiled, as_read_by(compiled.model, design, data))
    mode = find_mode(problem)
    by_person = person_log_evidence(problem, mode.group, mode.people)
    return StudyEvidence(log_evidence(problem, mode), by_person, mode.converged)


def count_decisions(difference: float, by_person: np.ndarray) -> Counts:
    """Count decisions for either model, from the log evidence of the generating model minus that of the other."""
    decisive = distinguishable(difference, float(by_person.std(ddof=1) * np.sqrt(len(by_person))))
    return {
        DECISIVE_FOR_GENERATING: [int(decisive and difference > 0.0), 1],
        DECISIVE_FOR_OTHER: [int(decisive and difference < 0.0), 1],
    }


def compare_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one study. The condition has "at generating", "at rival" and the design of the study."""
    generating, rival, design = str(condition["at generating"]), str(condition["at rival"]), design_of(condition)
    data = design.draw(design.load(generating), generator).data
    own, other = (study_evidence(name, design, data) for name in (generating, rival))
    difference = own.total - other.total
    counts = count_decisions(difference, own.by_person - other.by_person)
    converged = {CONVERGED: [int(own.converged and other.converged), 1]}
    return {"counts": counts | converged, "difference": difference}
