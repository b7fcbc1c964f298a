"""Random-effects model selection against another program, its definition, and known cases."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import beta

from iwm_bayes.comparison.bms import (
    exceedance_probability,
    family_membership,
    random_effects_bms,
    same_frequencies_in_groups,
)
from iwm_bayes.comparison.model_frequencies import agreement_sentence
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.types import InputError


def people(followed, models=3, gain=3.0, seed=1):
    """Noisy log evidence (person, model) of people; each person follows the model with the given index."""
    generator = np.random.default_rng(seed)
    followed = np.asarray(followed)
    return generator.normal(size=(len(followed), models)) + gain * np.eye(models)[followed]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_agrees_with_groupbmc(seed):
    """Counts, attributions, XP and PXP of the VBA toolbox's method, to 1e-5 and better.

    groupBMC takes prior counts as the probabilities of the null model, so its BOR is right where they sum to 1.
    """
    groupbmc = pytest.importorskip("groupBMC.groupBMC")
    evidence = people(np.random.default_rng(seed).integers(0, 2, 20), gain=1.5, seed=seed)
    theirs = groupbmc.GroupBMC(evidence.T, np.ones(3) / 3, max_iter=10_000, tolerance=1e-14)
    ours, result = random_effects_bms(evidence, count=1 / 3), theirs.get_result()
    assert ours.evidence == pytest.approx(theirs.F1(), abs=1e-6)
    np.testing.assert_allclose(ours.counts, theirs.α.ravel(), atol=1e-5)
    np.testing.assert_allclose(ours.attribution, result.attribution.T, atol=1e-5)
    np.testing.assert_allclose(ours.xp, result.exceedance_probability, atol=1e-6)
    np.testing.assert_allclose(ours.pxp, result.protected_exceedance_probability, atol=1e-5)


def test_it_agrees_with_groupbmc_on_families():
    """Except for BOR: where priors differ, groupBMC's null model is a lower bound; here it is exact."""
    groupbmc = pytest.importorskip("groupBMC.groupBMC")
    evidence = people([0] * 6 + [1] * 5 + [2] * 7, gain=2.0)
    theirs = groupbmc.GroupBMC(evidence.T, partitions=[[1, 2], [3]], max_iter=10_000, tolerance=1e-14).get_result()
    ours = random_effects_bms(evidence, family_membership({"a": ["x", "y"], "b": ["z"]}, ["x", "y", "z"]), count=1 / 2)
    np.testing.assert_allclose(ours.frequency, theirs.frequency_mean, atol=1e-5)
    np.testing.assert_allclose(ours.attribution, theirs.attribution.T, atol=1e-5)
    np.testing.assert_allclose(ours.xp, theirs.exceedance_probability, atol=1e-6)


def test_exceedance_probability_of_two_models_is_a_beta_tail():
    counts = np.array([4.0, 2.5])
    assert exceedance_probability(counts)[0] == pytest.approx(beta.sf(0.5, *counts), abs=1e-9)


def test_exceedance_probability_is_the_share_of_draws():
    counts, draws = np.array([30.0, 25.0, 3.0, 1.0]), 200_000
    drawn = np.random.default_rng(1).dirichlet(counts, draws).argmax(axis=1)
    share = np.bincount(drawn, minlength=4) / draws
    error = np.sqrt(share * (1 - share) / draws) + 1 / draws
    assert (np.abs(exceedance_probability(counts) - share) < 4 * error).all()


def test_the_bound_is_below_the_evidence_and_near_it():
    """The evidence itself is the mean likelihood of all people over the prior of frequencies."""
    evidence = people([0] * 8 + [1] * 4)
    drawn = np.random.default_rng(1).dirichlet(np.ones(3), 200_000)
    by_draw = sum(logsumexp(np.log(drawn) + one, axis=1) for one in evidence)
    exact = logsumexp(by_draw) - np.log(len(drawn))
    assert -0.5 < random_effects_bms(evidence).evidence - exact < 0.01


def test_noise_favours_no_model():
    """60 people whose evidence differs by N(0, 1): mean PXP within 0.1 of 1/K, mean BOR above 0.5."""
    found = [random_effects_bms(people(np.zeros(60, dtype=int), 4, gain=0.0, seed=seed)) for seed in range(100)]
    assert np.abs(np.mean([one.pxp for one in found], axis=0) - 1 / 4).max() < 0.1
    assert np.mean([one.bor for one in found]) > 0.5


def test_a_majority_is_found():
    """45 of 60 people follow one model."""
    found = [random_effects_bms(people([1] * 45 + [0] * 8 + [2] * 7, seed=seed)) for seed in range(20)]
    assert min(one.pxp[1] for one in found) > 0.95
    assert np.mean([one.frequency[1] for one in found]) == pytest.approx(0.75, abs=0.05)


def test_groups_with_different_frequencies_are_distinguished():
    group = np.repeat(["secure", "fearful"], 30)
    assert same_frequencies_in_groups(people([0] * 30 + [1] * 30), group) < 0.01
    assert same_frequencies_in_groups(people([0, 1] * 30), group) > 0.8


def test_every_problem_of_families_is_named():
    with pytest.raises(InputError) as caught:
        family_membership({"a": ["x", "w"], "b": ["x"]}, ["x", "y"])
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "families: w is not one of the compared models",
        "families: x is in 2 families",
        "families: y is in 0 families",
    ]


def test_a_mixture_that_has_not_converged_is_reported_with_a_warning():
    """Two of four people are attributed to the same model by random effects; the warning comes first."""
    selection = random_effects_bms(np.array([[5.0, 0.0], [5.0, 0.0], [0.0, 5.0], [0.0, 5.0]]))
    attribution = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.7, 0.3]]).T[None, None]
    posterior = xr.Dataset({"attribution": (("chain", "draw", "model", "person"), attribution)})
    trace = xr.DataTree.from_dict({"posterior": posterior})
    good = agreement_sentence(selection, trace, ConvergenceChecks(True, [], {}))
    assert good == "The mixture and random-effects model selection attribute 50% of people to the same model"
    bad = agreement_sentence(selection, trace, ConvergenceChecks(False, ["68 divergent transitions"], {}))
    assert bad.startswith("The mixture has not converged (68 divergent transitions)")
    assert bad.endswith(good)
