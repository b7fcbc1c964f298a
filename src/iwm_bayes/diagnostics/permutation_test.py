"""The outcome-permutation test: whether people's responses depend on the order of their outcomes.

A delta rule fits a learning rate above 0 to any ratings that grow with the sessions, whatever happens in them. So the
model is fitted three more times, to data in which each person's outcomes with each figure are permuted. Their mean log
evidence is subtracted from that of the observed order, person by person. The difference is what the order of the
outcomes contributes to the prediction of the responses.

All fits are by `laplace`, also the one to the observed order. On permutation tests in general: Winkler et al. (2014),
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
MIN_STANDARD_ERRORS = 2.0  # of the loss of log evidence, for learning to be shown


class PermutationTest(NamedTuple):
    """The log evidence that is lost when outcomes are permuted, summed over people, and its standard error."""

    lost: float
    error: float

    @property
    def shown(self) -> bool:
        """Whether learning from outcomes is shown."""
        return self.lost >= MIN_STANDARD_ERRORS * self.error and self.lost > 0.0

    @property
    def sentence(self) -> str:
        """Return the result as a sentence."""
        return (
            f"Learning from outcomes is {'' if self.shown else 'not '}shown: permuting the outcomes loses "
            f"{self.lost:.1f} (SE {self.error:.1f}) of log evidence."
        )


def permute_outcomes(data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Permute the observed outcomes of each person with each figure, and whether they are reports with them."""
    outcome, observed, figure = (data[name].values for name in ("outcome", "observed", "figure_index"))
    reported = data["reported"].values
    new_outcome, new_reported = outcome.copy(), reported.copy()
    for person in range(outcome.shape[1]):
        for index in np.unique(figure[observed[:, person], person]):
            [events] = np.nonzero(observed[:, person] & (figure[:, person] == index))
            order = generator.permutation(events)
            new_outcome[events, person], new_reported[events, person] = outcome[order, person], reported[order, person]
    return data.assign(outcome=(data["outcome"].dims, new_outcome), reported=(data["reported"].dims, new_reported))


def laplace_log_evidence(compiled: CompiledModel, data: xr.Dataset) -> np.ndarray:
    """Compute every person's log evidence at the mode of the group parameters, (person,)."""
    problem = pose_problem(compiled, data)
    mode = find_mode(problem)
    return person_log_evidence(problem, mode.group, mode.people)


def permutation_test(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> PermutationTest:
    """Compute how much log evidence a model loses when outcomes are permuted.

    Correlations between parameters are left out.
    """
    compiled, generator = compile_likelihood(model._replace(correlated=False), data), np.random.default_rng(seed)
    permuted = [laplace_log_evidence(compiled, permute_outcomes(data, generator)) for _ in range(N_PERMUTATIONS)]
    lost = laplace_log_evidence(compiled, data) - np.mean(permuted, axis=0)
    return PermutationTest(float(lost.sum()), float(lost.std(ddof=1) * np.sqrt(len(lost))))
