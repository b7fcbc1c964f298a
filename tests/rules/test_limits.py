"""Rules at limits of their parameters, where each becomes a simpler rule."""

import numpy as np
import pytest
from helpers import (
    AFTER,
    READOUTS,
    belief_path,
    constants,
    draw_theta,
    natural_parameters,
    one_person_events,
    random_data,
)
from scipy import stats
from scipy.special import expit, logit

from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.rules import RULES
from iwm_bayes.rules.latent_cause import DECAY_RATES, WEIGHTS
from iwm_bayes.rules.lift import BeliefCopies, lift_learner
from iwm_bayes.types import Learner, named_leaves

OUTCOMES = np.random.default_rng(1).random(30)
COMPENSATORY = RULES["compensatory"]
LEARNERS = {name: rule for name, rule in RULES.items() if isinstance(rule, Learner)}
every_learner = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)


def compensatory(**values):
    """Return parameters of the compensatory rule, with these changes."""
    defaults = {"availability_start": 0.4, "worth_start": 0.7, "total_variance": 1.5, "self_share": 0.4}
    return constants(COMPENSATORY, **{**defaults, "diffusion": 0.0, "figure_correlation": 0.3, **values})


def leaves(state):
    """List the arrays of a state."""
    return [leaf for _, leaf in named_leaves(state)]


def test_kalman_without_diffusion_or_prior_is_the_running_mean():
    """An initial variance of 1e10 times the noise leaves the initial belief a weight of at most 1e-10."""
    means = belief_path("kalman", OUTCOMES, start=0.9, start_variance=2.5e9, diffusion=0.0, noise=0.25)
    np.testing.assert_allclose(means, np.cumsum(OUTCOMES) / np.arange(1, 31), rtol=0, atol=1e-9)


def test_kalman_gain_converges_to_the_steady_state():
    """After long experience the gain is P / (P + noise), P = (v + sqrt(v^2 + 4 v noise)) / 2."""
    means = belief_path("kalman", [0.0] * 200 + [1.0], start=0.0, start_variance=1.0, diffusion=0.02, noise=0.25)
    steady = (0.02 + np.sqrt(0.02**2 + 4 * 0.02 * 0.25)) / 2
    assert means[-1] == pytest.approx(steady / (steady + 0.25), rel=1e-12)


@pytest.mark.parametrize(("start", "rate", "outcome"), [(0.3, 0.1, 0.8), (0.9, 0.5, 0.0), (0.2, 1.0, 1.0)])
def test_rescorla_wagner_under_a_constant_outcome(start, rate, outcome):
    """The belief approaches the outcome geometrically: V_n = x + (V_0 - x) (1 - rate)^n."""
    values = belief_path("rescorla_wagner", [outcome] * 30, start=start, rate=rate)
    expected = outcome + (start - outcome) * (1 - rate) ** np.arange(1, 31)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-14)


def test_compensatory_with_certain_worth_is_a_filter_of_one_belief():
    """With certain self-worth every prediction error is about the figure: a moderated logistic filter."""
    start, worth, variance = 0.4, 0.7, 1.5
    mean = logit(start) * np.sqrt(1 + np.pi / 8 * variance)
    expected_path = []
    for outcome in OUTCOMES:
        expected = expit((mean + logit(worth)) / np.sqrt(1 + np.pi / 8 * variance))
        information = expected * (1 - expected)
        mean += variance * (outcome - expected) / (1 + variance * information)
        variance /= 1 + variance * information
        expected_path.append(expit(mean / np.sqrt(1 + np.pi / 8 * variance)))
    p = compensatory(availability_start=start, worth_start=worth, self_share=0.0)
    found, worths = filter_readouts(
        COMPENSATORY, p, one_person_events(OUTCOMES), 1, [*AFTER, Readout("worth", "after")]
    )
    np.testing.assert_allclose(found[:, 0], expected_path, rtol=0, atol=1e-12)
    np.testing.assert_allclose(worths, worth, rtol=0, atol=1e-15)


def test_enhanced_filter_without_coupling_has_two_levels():
    """Without an effect of volatility on the belief, three levels learn as two levels do."""
    two = {"start": 0.3, "tonic": -2.0, "start_variance": 0.4}
    above = {"start_volatility": 1.0, "start_vagueness": 1.0, "meta": -6.0, "coupling": 0.0}
    outcomes = OUTCOMES > 0.5
    np.testing.assert_allclose(
        belief_path("ehgf", outcomes, **two, **above), belief_path("hgf", outcomes, **two), rtol=0, atol=1e-14
    )


def test_figures_that_correlate_fully_are_one():
    """At a correlation of 1, learning about one figure is learning about all figures."""
    p = compensatory(figure_correlation=1.0, diffusion=0.05)
    for filtered in filter_events(COMPENSATORY, p, one_person_events(OUTCOMES, figure=[0, 1] * 15, figures=3), 3):
        np.testing.assert_allclose(np.ptp(filtered.after.availability, axis=0), 0.0, atol=1e-12)


def test_uncorrelated_figures_are_independent():
    """At a correlation of 0 and with certain self-worth, the belief about a figure never met stays at its start."""
    p = compensatory(figure_correlation=0.0, self_share=0.0)
    for filtered in filter_events(COMPENSATORY, p, one_person_events(OUTCOMES, figure=[0, 1] * 15, figures=3), 3):
        np.testing.assert_array_equal(filtered.after.availability[2], COMPENSATORY.start(p, 3).availability[2])


def test_correlated_figures_generalise():
    """At a correlation in between, a response of one figure raises the belief about a figure never met, but less."""
    (filtered,) = filter_events(COMPENSATORY, compensatory(), one_person_events([1.0], figures=2), 2)
    met, unmet = (filtered.after.availability - filtered.before.availability)[:, 0]
    assert 0 < unmet < met


def test_explaining_away():
    """Evidence for the figure is evidence against oneself: their covariance is negative after each event."""
    p = compensatory(diffusion=0.05)
    filtered_events = list(filter_events(COMPENSATORY, p, one_person_events(OUTCOMES), 1))
    assert all(filtered.after.with_worth[0, 0] < 0 for filtered in filtered_events)


@every_learner
def test_without_worth_availability_is_the_same(learner):
    """Availability of a lifted learner does not depend on whether self-worth is learned, too."""
    with_worth, without = lift_learner(learner), lift_learner(learner, worth=False)
    p = natural_parameters(with_worth, draw_theta(with_worth, 3, people=5), 3, people=5)
    events = event_array(random_data())
    np.testing.assert_array_equal(
        filter_readouts(with_worth, p, events, 3, AFTER),
        filter_readouts(without, BeliefCopies(p.availability), events, 3, AFTER),
    )


@every_learner
def test_zero_transfer_is_no_transfer(learner):
    """At a transfer of 0 the rule is the rule without transfer."""
    plain, transferring = lift_learner(learner), lift_learner(learner, transfer=True)
    p = natural_parameters(plain, draw_theta(plain, 3, people=5), 3, people=5)
    events = event_array(random_data())
    np.testing.assert_array_equal(
        filter_readouts(transferring, p._replace(transfer=np.zeros(5)), events, 3, READOUTS),
        filter_readouts(plain, p, events, 3, READOUTS),
    )


@every_learner
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_new_figure_starts_from_the_figures_met(learner, share):
    """A third figure starts at (1 - share) of the start plus share of the mean of the others, which do not change."""
    rule = lift_learner(learner, transfer=True)
    p = natural_parameters(rule, draw_theta(rule, 3, people=1), 3, people=1)._replace(transfer=np.array([share]))
    events = one_person_events([1.0, 0.9, 0.2, 0.0, 1.0, 0.5, 0.5], figure=[0, 0, 1, 1, 0, 2, 1], figures=3)
    events[-2:, [EVENT_FIELDS.index("since_figure"), EVENT_FIELDS.index("since_any")]] = 0.0  # no drift in the last two
    *_, earlier, arrival, comeback = filter_events(rule, p, events, 3)
    states = (rule.start(p, 3), earlier.after, arrival.before, arrival.after, comeback.before)
    for start, earlier_end, arrived, learned, again in zip(*(leaves(s.availability) for s in states), strict=True):
        expected = (1 - share) * start[2] + share * (earlier_end[0] + earlier_end[1]) / 2
        np.testing.assert_allclose(arrived[2], expected, rtol=1e-14)
        np.testing.assert_array_equal(arrived[:2], earlier_end[:2])
        np.testing.assert_array_equal(again, learned)


def test_dual_rate_with_equal_rates_is_rescorla_wagner():
    """Without a difference, positive and negative prediction errors are learned at one rate."""
    both = {"start": 0.7, "rate": 0.15}
    expected = belief_path("rescorla_wagner", OUTCOMES, **both)
    np.testing.assert_allclose(belief_path("dual_rate", OUTCOMES, **both, difference=0.0), expected, rtol=0, atol=1e-15)


def test_dual_rate_converges_where_the_rates_balance():
    """Under care p the mean belief converges to p better / (p better + (1 - p) worse), and not to p.

    With small rates the belief hardly varies around it. Over 20,000 outcomes the Monte Carlo error of the mean is the
    SD of the share of responsive outcomes, sqrt(p (1 - p) / n) = .003, times a slope below 1.
    """
    better, worse, p = 0.01, 0.03, 0.8
    rate, difference = expit((logit(better) + logit(worse)) / 2), logit(better) - logit(worse)
    outcomes = (np.random.default_rng(2).random(20_000) < p).astype(float)
    means = belief_path("dual_rate", outcomes, start=0.5, rate=rate, difference=difference)[1_000:]
    assert means.mean() == pytest.approx(p * better / (p * better + (1 - p) * worse), abs=4 * 0.003)


@pytest.mark.parametrize(("start", "sign"), [(0.05, -1), (0.95, 1)])
def test_confirmation_is_a_valence_bias_of_the_opposite_sign_for_insecure_starts(start, sign):
    """Far from .5, faster learning of confirming outcomes is faster learning of negative ones if insecure."""
    outcomes = [1.0, 0.0, 1.0] if start > 0.5 else [0.0, 1.0, 0.0]
    both = {"start": start, "rate": 0.05}
    confirming = belief_path("confirmation", outcomes, **both, difference=1.0)
    expected = belief_path("dual_rate", outcomes, **both, difference=sign * 1.0)
    np.testing.assert_allclose(confirming, expected, rtol=0, atol=1e-4)  # 1 - tanh(4) is 7e-4 of the difference


def test_pearce_hall_without_attention_is_rescorla_wagner():
    """Constant associability is a factor of the learning rate."""
    beliefs = belief_path("pearce_hall", OUTCOMES, start=0.7, rate=0.5, attention=0.0, start_associability=0.3)
    expected = belief_path("rescorla_wagner", OUTCOMES, start=0.7, rate=0.15)
    np.testing.assert_allclose(beliefs, expected, rtol=0, atol=1e-15)


def test_beta_without_leak_is_conjugate():
    """The mean of Beta(a0 + successes, b0 + failures) after every outcome."""
    means = belief_path("leaky_beta", OUTCOMES, start=0.3, strength=5.0, leak=0.0, weight=1.0)
    counted = np.arange(1, len(OUTCOMES) + 1)
    np.testing.assert_allclose(means, (1.5 + np.cumsum(OUTCOMES)) / (5.0 + counted), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("start", "strength", "weight"), [(0.3, 10.0, 1.0), (0.2, 4.0, 0.5)])
def test_sessions_until_a_beta_reaches_a_threshold(start, strength, weight):
    """Under care of exactly p each session, n = (tau N0 - a0) / (w (p - tau)) sessions, rounded up."""
    p, tau = 0.8, 0.6
    means = belief_path("leaky_beta", [p] * 60, start=start, strength=strength, leak=0.0, weight=weight)
    expected = (tau * strength - start * strength) / (weight * (p - tau))
    reached = int(np.argmax(means >= tau - 1e-12)) + 1
    assert reached == int(np.ceil(expected - 1e-9))


def test_null_models_ignore_outcomes():
    """Whatever happens, a static belief stays, and growth follows its closed form."""
    opposite = 1.0 - OUTCOMES
    growing = {"start": 0.2, "plateau": 0.9, "pace": 0.1}
    for outcomes in (OUTCOMES, opposite):
        np.testing.assert_array_equal(belief_path("static", outcomes, start=0.3), np.full(30, 0.3))
        closed = 0.9 + (0.2 - 0.9) * 0.9 ** np.arange(1, 31)
        np.testing.assert_allclose(belief_path("growth", outcomes, **growing), closed, rtol=0, atol=1e-15)


def test_change_point_without_hazard_is_the_running_mean():
    """Without changes, the initial belief counts as one outcome, and every outcome counts the same."""
    means = belief_path("change_point", OUTCOMES, start=0.9, hazard=0.0, noise=0.25, start_share=0.5)
    expected = (0.9 + np.cumsum(OUTCOMES)) / np.arange(2, 32)
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-14)


def test_change_point_of_certain_change_equals_the_last_outcome():
    """If the figure changes at every event, earlier outcomes have no weight."""
    means = belief_path("change_point", OUTCOMES, start=0.9, hazard=1.0, noise=0.25, start_share=0.5)
    np.testing.assert_allclose(means, OUTCOMES, rtol=0, atol=1e-14)


def test_change_point_uncertainty_is_the_variance_of_the_mixture():
    """After one outcome: a changed figure, Normal(outcome, noise), or the same one, learned by `start_share`."""
    noise, share, start, hazard, outcome = 0.1, 0.4, 0.3, 0.2, 0.9
    rule = lift_learner(RULES["change_point"], worth=False)
    named = {"start": start, "hazard": hazard, "noise": noise, "start_share": share}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    (filtered,) = filter_events(rule, p, one_person_events([outcome]), 1)
    likely = stats.norm(start, np.sqrt(noise + noise * share / (1 - share))).pdf(outcome)
    p_change = hazard / (hazard + (1 - hazard) * likely)
    weights, means = np.array([p_change, 1 - p_change]), np.array([outcome, start + share * (outcome - start)])
    mean = weights @ means
    variance = weights @ (np.array([noise, share * noise]) + (means - mean) ** 2)
    after = filtered.after.availability
    assert after.mean[0, 0] == pytest.approx(mean, rel=1e-12)
    assert after.share[0, 0] == pytest.approx(variance / (variance + noise), rel=1e-12)


def test_prototype_without_pull_is_the_kalman_filter():
    """Without a pull, the prototype rule is the revisionist rule."""
    both = {"start": 0.3, "start_variance": 0.2, "diffusion": 0.01, "noise": 0.25}
    expected = belief_path("kalman", OUTCOMES, **both)
    np.testing.assert_allclose(belief_path("prototype", OUTCOMES, **both, pull=0.0), expected, rtol=0, atol=1e-15)


def test_prototype_with_a_full_pull_returns_before_every_outcome():
    """Before every outcome the belief equals the prototype."""
    named = {"start": 0.3, "start_variance": 0.2, "diffusion": 0.05, "noise": 0.25, "pull": 1.0}
    variance, gains = 0.2, []
    for _ in OUTCOMES:
        gains.append((variance + 0.05) / (variance + 0.05 + 0.25))
        variance = gains[-1] * 0.25
    expected = 0.3 + np.array(gains) * (OUTCOMES - 0.3)
    np.testing.assert_allclose(belief_path("prototype", OUTCOMES, **named), expected, rtol=0, atol=1e-15)


def test_volatility_without_learning_is_constant():
    """Without learning the volatility stays at its start, and the variance converges as in a Kalman filter."""
    rule = lift_learner(RULES["volatile_kalman"], worth=False)
    named = {"start": 0.5, "noise": 0.3, "start_volatility": 0.05, "learning": 0.0}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    *_, last = filter_events(rule, p, one_person_events(np.round(np.tile(OUTCOMES, 10))), 1)
    steady = (0.05 + np.sqrt(0.05**2 + 4 * 0.05 * 0.3)) / 2
    assert last.after.availability.volatility[0, 0] == 0.05
    assert last.after.availability.variance[0, 0] == pytest.approx(steady * 0.3 / (steady + 0.3), rel=1e-12)


def test_constant_trust_is_rescorla_wagner():
    """With constant trust, the learning rate is the rate times trust."""
    expected = belief_path("rescorla_wagner", OUTCOMES, start=0.7, rate=0.15)
    beliefs = belief_path("trust_gate", OUTCOMES, start=0.7, rate=0.3, start_trust=0.5, change=0.0)
    np.testing.assert_allclose(beliefs, expected, rtol=0, atol=1e-15)


def test_only_outcomes_after_a_rupture_change_trust():
    """Care without ruptures leaves trust as it was, a repair raises it, and a second rupture lowers it."""
    rule = lift_learner(RULES["trust_gate"], worth=False)
    named = {"start": 0.7, "rate": 0.3, "start_trust": 0.5, "change": 0.4}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    filtered_events = filter_events(rule, p, one_person_events([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), 1)
    trust = [filtered.after.availability.trust[0, 0] for filtered in filtered_events]
    np.testing.assert_allclose(trust, [0, 0, 0, 0.4, 0.4, 0.4, 0, -0.4], rtol=0, atol=1e-15)


def test_full_integration_is_one_belief():
    """With full integration there is one belief, learned at a constant rate."""
    expected = belief_path("rescorla_wagner", OUTCOMES, start=0.3, rate=0.15)
    beliefs = belief_path("splitting", OUTCOMES, start=0.3, integration=1.0, rate=0.15, switching=0.1, extreme=0.9)
    np.testing.assert_allclose(beliefs, expected, rtol=0, atol=1e-15)


def test_split_beliefs_switch_however_long_care_was_good():
    """Two ruptures lower a split belief as far after forty responsive sessions as after ten; an integrated one less."""
    named = {"start": 0.5, "rate": 0.1, "switching": 0.1, "extreme": 0.9}
    fall = {}
    for integration in (0.0, 1.0):
        for sessions in (10, 40):
            beliefs = belief_path("splitting", [1.0] * sessions + [0.0] * 2, integration=integration, **named)
            fall[integration, sessions] = beliefs[-3] - beliefs[-1]
    assert fall[0.0, 10] == pytest.approx(fall[0.0, 40], abs=1e-3)
    assert fall[0.0, 40] > 0.5 > fall[1.0, 40]


def test_split_beliefs_are_a_two_state_filter():
    """Without integration, the belief is the forward filter of a two-state Markov chain, by matrix algebra."""
    switching, extreme, weights = 0.2, 0.9, np.array([0.3, 0.7])
    chain = (1 - switching) * np.eye(2) + switching / 2
    expected = []
    for outcome in np.round(OUTCOMES):
        likely = np.array([extreme, 1 - extreme]) if outcome else np.array([1 - extreme, extreme])
        weights = likely * (weights @ chain)
        weights = weights / weights.sum()
        expected.append(weights @ [extreme, 1 - extreme])
    named = {"start": 0.3, "rate": 0.1, "switching": switching, "extreme": extreme}
    beliefs = belief_path("splitting", np.round(OUTCOMES), integration=0.0, **named)
    np.testing.assert_allclose(beliefs, expected, rtol=0, atol=1e-14)


def both_beliefs(name, outcomes, figure=None, figures=1, **values):
    """Return one person's availability and self-worth after each outcome, (belief, event), by a rule for both."""
    rule = RULES[name]
    events = one_person_events(outcomes, figure, figures)
    return np.array(
        filter_readouts(rule, constants(rule, **values), events, figures, [*AFTER, Readout("worth", "after")])
    )[..., 0]


STARTS = {"availability_start": 0.3, "worth_start": 0.8}


def test_without_a_leak_self_and_other_are_learned_separately():
    """Without a leak there are two Rescorla-Wagner rules, one of them per figure."""
    learned = {"availability_rate": 0.2, "worth_rate": 0.1}
    separate = lift_learner(RULES["rescorla_wagner"])
    figure = [0, 1, 1] * 10
    expected = filter_readouts(
        separate,
        constants(separate, **STARTS, **learned),
        one_person_events(OUTCOMES, figure, 2),
        2,
        [*AFTER, Readout("worth", "after")],
    )
    closed = {"availability_leak": 0.0, "worth_leak": 0.0, "fading": 0.0}
    beliefs = both_beliefs("self_other_leak", OUTCOMES, figure, 2, **STARTS, **learned, **closed)
    np.testing.assert_allclose(beliefs, np.array(expected)[..., 0], rtol=0, atol=1e-15)


def test_a_full_leak_changes_self_and_other_equally():
    """At equal rates and a leak of 1 both change by the same sum of prediction errors: their difference stays."""
    open_ = {"availability_leak": 1.0, "worth_leak": 1.0, "fading": 0.0, "availability_rate": 0.1, "worth_rate": 0.1}
    availability, worth = both_beliefs("self_other_leak", OUTCOMES, **STARTS, **open_)
    np.testing.assert_allclose(worth - availability, 0.5, rtol=0, atol=1e-14)


def test_beliefs_fade_to_even():
    """Without events a belief fades to .5 at the given rate, and a belief never leaves 0..1."""
    events = one_person_events([1.0, 1.0])
    events[1, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = 20.0
    rule = RULES["self_other_leak"]
    leaking = {"availability_leak": 0.9, "worth_leak": 0.9, "availability_rate": 0.9, "worth_rate": 0.1}
    p = constants(rule, availability_start=0.9, worth_start=0.1, fading=0.1, **leaking)
    first, second = filter_events(rule, p, events, 1)
    assert first.after.availability[0, 0] == 1.0
    assert second.before.availability[0, 0] == pytest.approx(0.5 + 0.5 * 0.9**20, rel=1e-12)


SORTED = {"availability_rate": 0.3, "worth_rate": 0.2, "noise": 0.3, "generality": 1.0}


def test_without_concentration_there_is_one_cause():
    """Without new causes both beliefs are learned at constant rates, whatever the figure."""
    beliefs = both_beliefs("latent_cause", OUTCOMES, [0, 1, 1] * 10, 2, **STARTS, **SORTED, concentration=0.0)
    for belief, start, rate in zip(beliefs, STARTS.values(), (0.3, 0.2), strict=True):
        np.testing.assert_allclose(belief, belief_path("rescorla_wagner", OUTCOMES, start=start, rate=rate), atol=1e-14)


def relapse(outcomes, concentration):
    """Compute the fall of availability over 200 units of time after the last outcome."""
    events = one_person_events([*outcomes, 1.0])
    events[-1, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = 200.0
    rule = RULES["latent_cause"]
    p = constants(rule, availability_start=0.5, worth_start=0.5, **SORTED, concentration=concentration)
    filtered_events = list(filter_events(rule, p, events, 1))
    *_, last, _ = [rule.beliefs(p, filtered.after, filtered.event).availability.mean[0] for filtered in filtered_events]
    return last - rule.beliefs(p, filtered_events[-1].before, filtered_events[-1].event).availability.mean[0]


def test_an_exception_relapses_and_a_changed_model_does_not():
    """After abrupt, fully responsive care beliefs fall back over a long gap; with one cause they do not.

    The fall after care that improved gradually is smaller.
    """
    history = [0.0] * 15
    abrupt, gradual = [*history, *[1.0] * 15], [*history, *np.linspace(0.1, 1.0, 15)]
    assert relapse(abrupt, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert relapse(abrupt, 0.1) > 1.5 * relapse(gradual, 0.1) > 0


def test_recency_fades_as_the_inverse_of_time():
    """Three exponentials follow 1 / elapsed to 8 % between 1 and 100 units of time."""
    elapsed = np.geomspace(1.0, 100.0, 50)
    kernel = sum(weight * np.exp(-rate * elapsed) for rate, weight in zip(DECAY_RATES, WEIGHTS, strict=True))
    np.testing.assert_allclose(kernel * elapsed, 1.0, rtol=0, atol=0.08)


def test_a_therapist_can_be_the_exception():
    """After a caregiver who never responds and a therapist who always does, the caregiver is expected not to respond.

    With one cause the therapist's responses raise the expectation of the caregiver; with an exception, less so.
    """
    figure, outcomes = [0] * 15 + [1] * 15 + [0], [0.0] * 15 + [1.0] * 15 + [0.0]
    expected = {}
    for concentration in (0.0, 0.1):
        rule = RULES["latent_cause"]
        p = constants(rule, availability_start=0.5, worth_start=0.5, **SORTED, concentration=concentration)
        *_, last = filter_events(rule, p, one_person_events(outcomes, figure, 2), 2)
        expected[concentration] = rule.beliefs(p, last.before, last.event).availability.mean[0]
    assert expected[0.1] < expected[0.0] - 0.2
