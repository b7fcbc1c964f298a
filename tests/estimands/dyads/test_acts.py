"""The distribution of an act over its grid has the mean that the distribution has in closed form."""

import numpy as np
import pytest
from scipy.special import beta, expit
from scipy.stats import norm

from iwm_bayes.estimands.counterfactual.symptom import mean_answer
from iwm_bayes.estimands.dyads.acts import CELLS, act_probabilities, follows_belief, grid
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.responses.categorical import ordered_probabilities
from iwm_bayes.responses.families import BERNOULLI, BETA, CATEGORICAL, CENSORED_NORMAL

MEANS = np.array([-0.2, 0.02, 0.3, 0.5, 0.81, 0.99, 1.3])


def midpoint_error(difference_of_slopes):
    """The leading term of the error of a sum over cells, by Euler and Maclaurin: slopes are those at both ends."""
    return -difference_of_slopes / (24 * CELLS**2)


@pytest.mark.parametrize("sd", [0.02, 0.1, 0.4])
def test_a_censored_rating_has_the_mean_of_a_censored_normal(sd):
    """From the smallest SD that a rating has, to one that reaches both ends; means beyond the ends, too."""
    arguments = {"mu": MEANS, "sigma": np.full(MEANS.shape, sd)}
    probabilities = act_probabilities(CENSORED_NORMAL, arguments, len(MEANS))
    np.testing.assert_allclose(probabilities.sum(axis=0), 1.0)
    expected = mean_answer(CENSORED_NORMAL, MEANS, arguments["sigma"])
    at = {end: norm.pdf(end, MEANS, sd) for end in (0.0, 1.0)}
    slope = {end: -(end - MEANS) / sd**2 * density for end, density in at.items()}
    error = midpoint_error(at[1.0] + slope[1.0] - at[0.0]) - expected * midpoint_error(slope[1.0] - slope[0.0])
    np.testing.assert_allclose(grid(CENSORED_NORMAL) @ probabilities, expected, atol=2 * abs(error).max())


def test_a_beta_rating_has_its_mean():
    """With no probability at the ends; the first density alone has a slope there, which is 1 / B(2, 18) at 0."""
    mu, error = np.array([0.1, 0.5, 0.85]), 0.1 * midpoint_error(1.0 / beta(2.0, 18.0))
    probabilities = act_probabilities(BETA, {"mu": mu, "nu": np.array([20.0, 8.0, 60.0])}, 3)
    np.testing.assert_allclose(grid(BETA) @ probabilities, mu, atol=2 * abs(error))
    np.testing.assert_array_equal(probabilities[[0, -1]], 0.0)


def test_acts_with_levels_have_their_probabilities():
    """Yes or no, and three ordered levels at equal distances from 0 to 1."""
    log_odds = np.array([-2.0, 0.3])
    found = act_probabilities(BERNOULLI, {"logit_p": log_odds}, 2)
    np.testing.assert_allclose(found, [1.0 - expit(log_odds), expit(log_odds)])
    three = CATEGORICAL._replace(levels=3)
    preference, thresholds = np.array([0.4, -1.0]), [np.array([-1.0, -1.0]), np.array([0.5, 0.5])]
    found = act_probabilities(three, {"p": ordered_probabilities(preference, thresholds)}, 2)
    above = [expit(preference - threshold) for threshold in thresholds]
    np.testing.assert_allclose(grid(three) @ found, (above[0] + above[1]) / 2.0)


def test_an_act_that_follows_no_belief_of_this_exchange_is_known():
    """A felt pull follows bids; care follows what is expected."""
    responses = load_model("carer").responses
    assert follows_belief(responses["care"])
    assert not follows_belief(responses["felt_pull"])
