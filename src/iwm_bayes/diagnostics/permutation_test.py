"""Do the outcomes matter? The control by permutation.

A curve that grows with the sessions, blind to what happens in them, gives a delta rule a learning rate above 0. So the
theory is fitted again, three times, with the outcomes that each person saw of each figure in another order, and the
log evidence of every person compared with their mean: what is lost is what the order of outcomes told of the answers.
All fits are by `laplace`, the one with the true order too. On permutation in general: Winkler et al. (2014),
doi:10.1016/j.neuroimage.2014.01.060.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import person_log_evidence
from iwm_bayes.types import ModelSpec

N_PERMUTATIONS = 3
MIN_STANDARD_ERRORS = 2.0  # standard errors


class PermutationTest(NamedTuple):
    """Log evidence lost when outcomes are permuted, over all people, and its standard error over people."""

    lost: float
    error: float

    @property
    def shown(self) -> bool:
        """Whether learning from outcomes is shown."""
        return self.lost >= MIN_STANDARD_ERRORS * self.error and self.lost > 0.0

    @property
    def sentence(self) -> str:
        found = f"{self.lost:.1f} (se {self.error:.1f}) of log evidence is lost when outcomes are permuted"
        return f"learning from outcomes {'shown' if self.shown else 'NOT shown'}: {found}"


def permute_outcomes(data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """The same data with the outcomes that each person saw of each figure in another order."""
    outcome, seen, figure = (data[name].values for name in ("outcome", "seen", "figure_index"))
    reported, moved = data["reported"].values, outcome.copy()
    told = reported.copy()
    for person in range(outcome.shape[1]):
        for one in np.unique(figure[seen[:, person], person]):
            [events] = np.nonzero(seen[:, person] & (figure[:, person] == one))
            order = generator.permutation(events)
            moved[events, person], told[events, person] = outcome[order, person], reported[order, person]
    return data.assign(outcome=(data["outcome"].dims, moved), reported=(data["reported"].dims, told))


def laplace_log_evidence(ready: CompiledModel, data: xr.Dataset) -> np.ndarray:
    """Every person's log evidence where the theory fits best, (person,)."""
    problem = pose_problem(ready, data)
    top = find_mode(problem)
    return person_log_evidence(problem, top.group, top.people)


def permutation_test(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> PermutationTest:
    """What the order of outcomes tells of people's answers under a theory; correlations are left out."""
    ready, generator = compile_likelihood(model._replace(correlated=False), data), np.random.default_rng(seed)
    without = [laplace_log_evidence(ready, permute_outcomes(data, generator)) for _ in range(N_PERMUTATIONS)]
    lost = laplace_log_evidence(ready, data) - np.mean(without, axis=0)
    return PermutationTest(float(lost.sum()), float(lost.std(ddof=1) * np.sqrt(len(lost))))
