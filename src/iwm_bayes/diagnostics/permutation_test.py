"""The outcome-permutation test: whether people's responses follow their own outcomes.

A delta rule fits a learning rate above 0 to any ratings that grow with the sessions, whatever happens in them. So the
model is fitted again and again, to data in which each person has the outcomes of another (see `outcome_swaps`). Trends
stay in these outcomes, because people share them. If nobody learns, the observed assignment of outcomes to people is
one of many that are equally probable. Then the log evidence of the observed data has a random rank among the others:

    p = (1 + number of permuted data sets with at least the observed log evidence) / (1 + number of permutations)

This p value is exact, whatever the model and the approximation, since all fits are made in the same way. It supposes
that outcomes do not depend on who the person is, within an exchange set. Permutations continue until p is on one
side of .05 with 99% confidence. After `MAX_PERMUTATIONS` of them, the test says that learning is unclear.

All fits are by `laplace`, also the one to the observed data. Phipson & Smyth (2010), doi:10.2202/1544-6115.1585;
Winkler et al. (2014), doi:10.1016/j.neuroimage.2014.01.060; Gandy (2009), doi:10.1198/jasa.2009.tm08368, on the
decision by the Monte-Carlo error of p.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.outcome_swaps import Way, exchangeable
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.laplace.empirical_bayes import em_then_bfgs
from iwm_bayes.inference.laplace.hierarchy import initial_group, person_means
from iwm_bayes.inference.laplace.method import compile_likelihood, pose_problem
from iwm_bayes.inference.laplace.person_posteriors import person_log_evidence
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import ModelSpec

stats = lazy_module("scipy.stats")

SIGNIFICANCE = 0.05
MAX_PERMUTATIONS = 199
MONTE_CARLO_CONFIDENCE = 0.99  # that p is on one side of `SIGNIFICANCE`
EQUAL = 1e-6  # log evidence that counts as equal

HEADLINES = {
    "shown": "Learning from outcomes is shown",
    "not shown": "Learning from outcomes is not shown",
    "unclear": "It is unclear whether people learn from outcomes",
}
WAYS: Mapping[Way, str] = {
    "outcomes": "Each person was given the outcomes of another person in the same group: {people} could be swapped.",
    "deviations": "Too few people share a group and a figure. So deviations from each person's own trend were swapped "
    "between people, for {people}.",
    "own order": "Nobody can be given the outcomes of another person. So deviations from each person's own trend were "
    "put into another order, for {people}. This test is approximate.",
}


class PermutationTest(NamedTuple):
    """The rank of the observed log evidence among those of permuted data."""

    lost: float  # log evidence that is lost when outcomes are exchanged, mean over permutations
    n_as_good: int  # permuted data sets whose log evidence is at least the observed one
    n_permutations: int
    way: Way  # what is exchanged: see `outcome_swaps`
    n_exchanged: int  # people whose outcomes could be exchanged
    n_people: int  # people with outcomes

    @property
    def p(self) -> float:
        """Return the p value."""
        return (1 + self.n_as_good) / (1 + self.n_permutations)

    @property
    def verdict(self) -> Literal["shown", "not shown", "unclear"]:
        """Return whether learning from outcomes is shown."""
        low, high = p_bounds(self.n_as_good, self.n_permutations)
        if high <= SIGNIFICANCE:
            return "shown"
        return "not shown" if low > SIGNIFICANCE else "unclear"

    @property
    def sentence(self) -> str:
        """Return the result in sentences: the verdict, what was tested, and how many people could be swapped."""
        if not self.n_permutations:
            return (
                "Learning from outcomes cannot be tested: nobody's outcomes change, and nobody can be given those of "
                "another person."
            )
        how = WAYS[self.way].format(people=f"{self.n_exchanged} of {self.n_people} people")
        return (
            f"{HEADLINES[self.verdict]} (outcome-permutation test: p = {self.p:.2g}, {self.n_permutations} "
            "permutations). The test asks whether responses follow people's own outcomes, beyond any trend. "
            f"{how} Exchanged outcomes lose {self.lost:.1f} of log evidence."
        )


def p_bounds(n_as_good: int, n_permutations: int) -> tuple[float, float]:
    """Return the lower and the upper bound of the p value that infinitely many permutations would have.

    Clopper & Pearson (1934), doi:10.1093/biomet/26.4.404; each bound holds with `MONTE_CARLO_CONFIDENCE`.
    """
    others = n_permutations - n_as_good
    low = stats.beta.ppf(1.0 - MONTE_CARLO_CONFIDENCE, n_as_good, others + 1) if n_as_good else 0.0
    high = stats.beta.ppf(MONTE_CARLO_CONFIDENCE, n_as_good + 1, others) if others else 1.0
    return float(low), float(high)


def laplace_log_evidence(compiled: CompiledModel, data: xr.Dataset) -> float:
    """Compute the log evidence of all people near the mode of the group, searched from the priors."""
    problem = pose_problem(compiled, data)
    start = initial_group(problem.population)
    group, people = em_then_bfgs(problem, start, person_means(problem.population, start.beta))
    return float(person_log_evidence(problem, group, people).sum())


def permutation_test(
    model: ModelSpec, data: xr.Dataset, seed: int = 1, compiled: CompiledModel | None = None
) -> PermutationTest:
    """Test whether people's responses follow their own outcomes, beyond what the outcomes of others would predict.

    Correlations between parameters are left out.

    Parameters
    ----------
    model
        The model.
    data
        Sessions, in the form of `data.dataset`.
    seed
        Seed of the permutations.
    compiled
        What `compile_likelihood` returns for this model and data of the same shape; compiled here by default.

    Returns
    -------
    PermutationTest
        The rank of the observed log evidence, the verdict, and the sentence that states it.
    """
    outcomes, generator = exchangeable(data), np.random.default_rng(seed)
    test = PermutationTest(0.0, 0, 0, outcomes.way, outcomes.n_exchanged, outcomes.n_people)
    if not outcomes.n_exchanged:
        return test
    compiled = compiled or compile_likelihood(model._replace(correlated=False), data)
    observed = laplace_log_evidence(compiled, data)
    losses: list[float] = []
    while test.verdict == "unclear" and test.n_permutations < MAX_PERMUTATIONS:
        losses.append(observed - laplace_log_evidence(compiled, outcomes.exchange(generator)))
        as_good = sum(loss <= EQUAL for loss in losses)
        test = test._replace(lost=float(np.mean(losses)), n_as_good=as_good, n_permutations=len(losses))
    return test
