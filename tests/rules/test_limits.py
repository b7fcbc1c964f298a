"""Rules at the ends of their parameters, where each becomes something simpler."""

import numpy as np
import pytest
from helpers import READINGS, constants, course_of, draw_levels, from_levels, lived
from scipy import stats
from scipy.special import expit, logit

from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.rules import RULES
from iwm_bayes.rules.latent_cause import PACES, WEIGHTS
from iwm_bayes.rules.lift import BeliefCopies, lift_learner
from iwm_bayes.types import Learner, named_leaves

OUTCOMES = np.random.default_rng(1).random(30)
AFTER = [Readout("availability", "after")]
COMPENSATORY = RULES["compensatory"]
LEARNERS = {name: rule for name, rule in RULES.items() if isinstance(rule, Learner)}
every_learner = pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)


def alone(name, outcomes, **values):
    """One person's belief about one figure after each outcome, by a learner without worth."""
    rule = lift_learner(RULES[name], worth=False)
    p = constants(rule, **{f"availability_{key}": value for key, value in values.items()})
    return filter_readouts(rule, p, course_of(outcomes), 1, AFTER)[0][:, 0]


def compensatory(**values):
    """The compensatory rule's parameters, with these changes."""
    defaults = {"availability_start": 0.4, "worth_start": 0.7, "total_variance": 1.5, "self_share": 0.4}
    return constants(COMPENSATORY, **{**defaults, "diffusion": 0.0, "figure_correlation": 0.3, **values})


def each_leaf(state):
    """The arrays of which a state is made."""
    return [leaf for _, leaf in named_leaves(state)]


def test_kalman_without_diffusion_or_prior_is_the_running_mean():
    """A start variance of 1e10 noises leaves the start a weight of at most 1e-10."""
    means = alone("kalman", OUTCOMES, start=0.9, start_variance=2.5e9, diffusion=0.0, noise=0.25)
    np.testing.assert_allclose(means, np.cumsum(OUTCOMES) / np.arange(1, 31), rtol=0, atol=1e-9)


def test_kalman_gain_settles_at_the_steady_state():
    """After long experience the share learned is P / (P + noise), P = (v + sqrt(v^2 + 4 v noise)) / 2."""
    means = alone("kalman", [0.0] * 200 + [1.0], start=0.0, start_variance=1.0, diffusion=0.02, noise=0.25)
    steady = (0.02 + np.sqrt(0.02**2 + 4 * 0.02 * 0.25)) / 2
    assert means[-1] == pytest.approx(steady / (steady + 0.25), rel=1e-12)


@pytest.mark.parametrize(("start", "rate", "outcome"), [(0.3, 0.1, 0.8), (0.9, 0.5, 0.0), (0.2, 1.0, 1.0)])
def test_rescorla_wagner_under_a_constant_outcome(start, rate, outcome):
    """The belief approaches the outcome geometrically: V_n = x + (V_0 - x) (1 - rate)^n."""
    values = alone("rescorla_wagner", [outcome] * 30, start=start, rate=rate)
    expected = outcome + (start - outcome) * (1 - rate) ** np.arange(1, 31)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-14)


def test_compensatory_with_worth_known_is_a_filter_of_one_belief():
    """Without doubt about oneself every surprise is about the figure: a moderated logistic filter."""
    start, worth, variance = 0.4, 0.7, 1.5
    mean = logit(start) * np.sqrt(1 + np.pi / 8 * variance)
    held = []
    for outcome in OUTCOMES:
        expected = expit((mean + logit(worth)) / np.sqrt(1 + np.pi / 8 * variance))
        information = expected * (1 - expected)
        mean += variance * (outcome - expected) / (1 + variance * information)
        variance /= 1 + variance * information
        held.append(expit(mean / np.sqrt(1 + np.pi / 8 * variance)))
    p = compensatory(availability_start=start, worth_start=worth, self_share=0.0)
    found, worths = filter_readouts(COMPENSATORY, p, course_of(OUTCOMES), 1, [*AFTER, Readout("worth", "after")])
    np.testing.assert_allclose(found[:, 0], held, rtol=0, atol=1e-12)
    np.testing.assert_allclose(worths, worth, rtol=0, atol=1e-15)


def test_enhanced_filter_without_coupling_has_two_levels():
    """Where volatility does not reach the belief, three levels learn what two do."""
    two = {"start": 0.3, "tonic": -2.0, "start_variance": 0.4}
    above = {"start_volatility": 1.0, "start_vagueness": 1.0, "meta": -6.0, "coupling": 0.0}
    outcomes = OUTCOMES > 0.5
    np.testing.assert_allclose(
        alone("ehgf", outcomes, **two, **above), alone("hgf", outcomes, **two), rtol=0, atol=1e-14
    )


def test_figures_that_correlate_fully_are_one():
    """At a correlation of 1 whatever is learned of one figure is learned of all."""
    p = compensatory(figure_correlation=1.0, diffusion=0.05)
    for moment in filter_events(COMPENSATORY, p, course_of(OUTCOMES, figure=[0, 1] * 15, figures=3), 3):
        np.testing.assert_allclose(np.ptp(moment.after.availability, axis=0), 0.0, atol=1e-12)


def test_figures_without_anything_in_common_stay_apart():
    """At a correlation of 0 and with worth known, who was never met is as at the start."""
    p = compensatory(figure_correlation=0.0, self_share=0.0)
    for moment in filter_events(COMPENSATORY, p, course_of(OUTCOMES, figure=[0, 1] * 15, figures=3), 3):
        np.testing.assert_array_equal(moment.after.availability[2], COMPENSATORY.start(p, 3).availability[2])


def test_figures_generalise_in_between():
    """At a correlation in between, a response of one figure also speaks for one who was never met, but less."""
    (moment,) = filter_events(COMPENSATORY, compensatory(), course_of([1.0], figures=2), 2)
    met, unmet = (moment.after.availability - moment.before.availability)[:, 0]
    assert 0 < unmet < met


def test_explaining_away():
    """What speaks for the figure does not speak for oneself: their covariance is negative after each event."""
    p = compensatory(diffusion=0.05)
    moments = list(filter_events(COMPENSATORY, p, course_of(OUTCOMES), 1))
    assert all(moment.after.with_worth[0, 0] < 0 for moment in moments)


@every_learner
def test_without_worth_availability_is_the_same(learner):
    """Availability of a lifted learner does not depend on whether worth is learned beside it."""
    with_worth, without = lift_learner(learner), lift_learner(learner, worth=False)
    p = from_levels(with_worth, draw_levels(with_worth, 3, people=5), 3, people=5)
    lives = event_array(lived())
    np.testing.assert_array_equal(
        filter_readouts(with_worth, p, lives, 3, AFTER),
        filter_readouts(without, BeliefCopies(p.availability), lives, 3, AFTER),
    )


@every_learner
def test_transfer_of_nothing_is_no_transfer(learner):
    """At a transfer of 0 the rule is the one without."""
    plain, transferring = lift_learner(learner), lift_learner(learner, transfer=True)
    p = from_levels(plain, draw_levels(plain, 3, people=5), 3, people=5)
    lives = event_array(lived())
    np.testing.assert_array_equal(
        filter_readouts(transferring, p._replace(transfer=np.zeros(5)), lives, 3, READINGS),
        filter_readouts(plain, p, lives, 3, READINGS),
    )


@every_learner
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_new_figure_starts_from_those_met(learner, share):
    """A third figure starts at (1 - share) of the start and share of the mean of the first two; no one else moves."""
    rule = lift_learner(learner, transfer=True)
    p = from_levels(rule, draw_levels(rule, 3, people=1), 3, people=1)._replace(transfer=np.array([share]))
    lives = course_of([1.0, 0.9, 0.2, 0.0, 1.0, 0.5, 0.5], figure=[0, 0, 1, 1, 0, 2, 1], figures=3)
    lives[-2:, [EVENT_FIELDS.index("since_figure"), EVENT_FIELDS.index("since_any")]] = 0.0  # no drift in the last two
    *_, earlier, arrival, comeback = filter_events(rule, p, lives, 3)
    states = (rule.start(p, 3), earlier.after, arrival.before, arrival.after, comeback.before)
    for start, end, there, then, again in zip(*(each_leaf(s.availability) for s in states), strict=True):
        expected = (1 - share) * start[2] + share * (end[0] + end[1]) / 2
        np.testing.assert_allclose(there[2], expected, rtol=1e-14)
        np.testing.assert_array_equal(there[:2], end[:2])
        np.testing.assert_array_equal(again, then)


def test_dual_rate_with_equal_rates_is_rescorla_wagner():
    """Without a difference good and bad surprises are learned alike."""
    both = {"start": 0.7, "rate": 0.15}
    expected = alone("rescorla_wagner", OUTCOMES, **both)
    np.testing.assert_allclose(alone("dual_rate", OUTCOMES, **both, difference=0.0), expected, rtol=0, atol=1e-15)


def test_dual_rate_settles_where_the_rates_balance():
    """Under care p the average belief settles at p better / (p better + (1 - p) worse), not at p.

    With small rates the belief hardly moves around it: over 20,000 outcomes the Monte-Carlo error of the average
    is the sd of the share of good outcomes over n, sqrt(p (1 - p) / n) = .003, times a slope below 1.
    """
    better, worse, p = 0.01, 0.03, 0.8
    rate, difference = expit((logit(better) + logit(worse)) / 2), logit(better) - logit(worse)
    outcomes = (np.random.default_rng(2).random(20_000) < p).astype(float)
    means = alone("dual_rate", outcomes, start=0.5, rate=rate, difference=difference)[1_000:]
    assert means.mean() == pytest.approx(p * better / (p * better + (1 - p) * worse), abs=4 * 0.003)


@pytest.mark.parametrize(("start", "sign"), [(0.05, -1), (0.95, 1)])
def test_confirmation_is_a_valence_bias_of_the_opposite_sign_for_insecure_starts(start, sign):
    """Far from even, to learn what confirms faster is to learn bad surprises faster if insecure, good if secure."""
    outcomes = [1.0, 0.0, 1.0] if start > 0.5 else [0.0, 1.0, 0.0]
    both = {"start": start, "rate": 0.05}
    confirming = alone("confirmation", outcomes, **both, difference=1.0)
    expected = alone("dual_rate", outcomes, **both, difference=sign * 1.0)
    np.testing.assert_allclose(confirming, expected, rtol=0, atol=1e-4)  # 1 - tanh(4) is 7e-4 of the difference


def test_pearce_hall_without_attention_is_rescorla_wagner():
    """Associability that no surprise moves is part of the rate."""
    held = alone("pearce_hall", OUTCOMES, start=0.7, rate=0.5, attention=0.0, start_associability=0.3)
    expected = alone("rescorla_wagner", OUTCOMES, start=0.7, rate=0.15)
    np.testing.assert_allclose(held, expected, rtol=0, atol=1e-15)


def test_beta_without_leak_is_conjugate():
    """The mean of Beta(a0 + successes, b0 + failures) after every outcome."""
    means = alone("leaky_beta", OUTCOMES, start=0.3, strength=5.0, leak=0.0, weight=1.0)
    counted = np.arange(1, len(OUTCOMES) + 1)
    np.testing.assert_allclose(means, (1.5 + np.cumsum(OUTCOMES)) / (5.0 + counted), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("start", "strength", "weight"), [(0.3, 10.0, 1.0), (0.2, 4.0, 0.5)])
def test_sessions_until_a_beta_reaches_a_threshold(start, strength, weight):
    """Under care of exactly p each session, n = (tau N0 - a0) / (w (p - tau)) sessions, rounded up."""
    p, tau = 0.8, 0.6
    means = alone("leaky_beta", [p] * 60, start=start, strength=strength, leak=0.0, weight=weight)
    expected = (tau * strength - start * strength) / (weight * (p - tau))
    reached = int(np.argmax(means >= tau - 1e-12)) + 1
    assert reached == int(np.ceil(expected - 1e-9))


def test_null_theories_are_blind_to_outcomes():
    """Whatever happens, a static belief stays and growth follows its closed form."""
    opposite = 1.0 - OUTCOMES
    growing = {"start": 0.2, "plateau": 0.9, "pace": 0.1}
    for outcomes in (OUTCOMES, opposite):
        np.testing.assert_array_equal(alone("static", outcomes, start=0.3), np.full(30, 0.3))
        closed = 0.9 + (0.2 - 0.9) * 0.9 ** np.arange(1, 31)
        np.testing.assert_allclose(alone("growth", outcomes, **growing), closed, rtol=0, atol=1e-15)


def test_change_point_without_hazard_is_the_running_mean():
    """Nobody ever changes: the start counts as one outcome, and every outcome as much as it."""
    means = alone("change_point", OUTCOMES, start=0.9, hazard=0.0, noise=0.25, start_share=0.5)
    expected = (0.9 + np.cumsum(OUTCOMES)) / np.arange(2, 32)
    np.testing.assert_allclose(means, expected, rtol=0, atol=1e-14)


def test_change_point_of_certain_change_believes_the_last_outcome():
    """Everyone changes every time: what came before says nothing."""
    means = alone("change_point", OUTCOMES, start=0.9, hazard=1.0, noise=0.25, start_share=0.5)
    np.testing.assert_allclose(means, OUTCOMES, rtol=0, atol=1e-14)


def test_change_point_uncertainty_is_the_variance_of_the_mixture():
    """After one outcome: a new person, Normal(outcome, noise), or the same one, learned from by `start_share`."""
    noise, share, start, hazard, outcome = 0.1, 0.4, 0.3, 0.2, 0.9
    rule = lift_learner(RULES["change_point"], worth=False)
    named = {"start": start, "hazard": hazard, "noise": noise, "start_share": share}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    (moment,) = filter_events(rule, p, course_of([outcome]), 1)
    likely = stats.norm(start, np.sqrt(noise + noise * share / (1 - share))).pdf(outcome)
    changed = hazard / (hazard + (1 - hazard) * likely)
    weights, means = np.array([changed, 1 - changed]), np.array([outcome, start + share * (outcome - start)])
    mean = weights @ means
    spread = weights @ (np.array([noise, share * noise]) + (means - mean) ** 2)
    after = moment.after.availability
    assert after.mean[0, 0] == pytest.approx(mean, rel=1e-12)
    assert after.share[0, 0] == pytest.approx(spread / (spread + noise), rel=1e-12)


def test_prototype_without_pull_is_the_kalman_filter():
    """Nothing pulls back: the revisionist rule."""
    both = {"start": 0.3, "start_variance": 0.2, "diffusion": 0.01, "noise": 0.25}
    expected = alone("kalman", OUTCOMES, **both)
    np.testing.assert_allclose(alone("prototype", OUTCOMES, **both, pull=0.0), expected, rtol=0, atol=1e-15)


def test_prototype_with_a_full_pull_always_begins_anew():
    """Before every outcome the belief is back at the prototype."""
    named = {"start": 0.3, "start_variance": 0.2, "diffusion": 0.05, "noise": 0.25, "pull": 1.0}
    variance, gains = 0.2, []
    for _ in OUTCOMES:
        gains.append((variance + 0.05) / (variance + 0.05 + 0.25))
        variance = gains[-1] * 0.25
    expected = 0.3 + np.array(gains) * (OUTCOMES - 0.3)
    np.testing.assert_allclose(alone("prototype", OUTCOMES, **named), expected, rtol=0, atol=1e-15)


def test_volatility_that_nobody_learns_stays():
    """Without learning the volatile filter keeps its first volatility, and variance settles as a Kalman filter's."""
    rule = lift_learner(RULES["volatile_kalman"], worth=False)
    named = {"start": 0.5, "noise": 0.3, "start_volatility": 0.05, "learning": 0.0}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    *_, last = filter_events(rule, p, course_of(np.round(np.tile(OUTCOMES, 10))), 1)
    steady = (0.05 + np.sqrt(0.05**2 + 4 * 0.05 * 0.3)) / 2
    assert last.after.availability.volatility[0, 0] == 0.05
    assert last.after.availability.variance[0, 0] == pytest.approx(steady * 0.3 / (steady + 0.3), rel=1e-12)


def test_an_open_gate_is_rescorla_wagner():
    """Trusted fully and whatever happens, a source is learned from at the rate."""
    expected = alone("rescorla_wagner", OUTCOMES, start=0.7, rate=0.15)
    held = alone("trust_gate", OUTCOMES, start=0.7, rate=0.3, start_trust=0.5, change=0.0)
    np.testing.assert_allclose(held, expected, rtol=0, atol=1e-15)


def test_only_what_follows_a_rupture_moves_trust():
    """Smooth care leaves trust where it was, a repair adds its change, a second failure takes it away."""
    rule = lift_learner(RULES["trust_gate"], worth=False)
    named = {"start": 0.7, "rate": 0.3, "start_trust": 0.5, "change": 0.4}
    p = constants(rule, **{f"availability_{key}": value for key, value in named.items()})
    moments = filter_events(rule, p, course_of([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), 1)
    trust = [moment.after.availability.trust[0, 0] for moment in moments]
    np.testing.assert_allclose(trust, [0, 0, 0, 0.4, 0.4, 0.4, 0, -0.4], rtol=0, atol=1e-15)


def test_integrated_models_are_one_belief():
    """With one model of the figure, good and bad in one, a belief is learned at a constant rate."""
    expected = alone("rescorla_wagner", OUTCOMES, start=0.3, rate=0.15)
    held = alone("splitting", OUTCOMES, start=0.3, integration=1.0, rate=0.15, switching=0.1, extreme=0.9)
    np.testing.assert_allclose(held, expected, rtol=0, atol=1e-15)


def test_split_models_turn_however_long_care_was_good():
    """Two ruptures turn a split belief as far after forty good sessions as after ten; an integrated one less."""
    named = {"start": 0.5, "rate": 0.1, "switching": 0.1, "extreme": 0.9}
    turned = {}
    for integration in (0.0, 1.0):
        for sessions in (10, 40):
            held = alone("splitting", [1.0] * sessions + [0.0] * 2, integration=integration, **named)
            turned[integration, sessions] = held[-3] - held[-1]
    assert turned[0.0, 10] == pytest.approx(turned[0.0, 40], abs=1e-3)
    assert turned[0.0, 40] > 0.5 > turned[1.0, 40]


def test_split_models_are_a_two_state_filter():
    """Without integration, the belief is the forward filter of a chain with two states, by matrix algebra."""
    switching, extreme, weights = 0.2, 0.9, np.array([0.3, 0.7])
    chain = (1 - switching) * np.eye(2) + switching / 2
    expected = []
    for outcome in np.round(OUTCOMES):
        likely = np.array([extreme, 1 - extreme]) if outcome else np.array([1 - extreme, extreme])
        weights = likely * (weights @ chain)
        weights = weights / weights.sum()
        expected.append(weights @ [extreme, 1 - extreme])
    named = {"start": 0.3, "rate": 0.1, "switching": switching, "extreme": extreme}
    held = alone("splitting", np.round(OUTCOMES), integration=0.0, **named)
    np.testing.assert_allclose(held, expected, rtol=0, atol=1e-14)


def both(name, outcomes, figure=None, figures=1, **values):
    """One person's availability and worth after each outcome, by a rule that holds both: (belief, event)."""
    rule = RULES[name]
    course = course_of(outcomes, figure, figures)
    return np.array(
        filter_readouts(rule, constants(rule, **values), course, figures, [*AFTER, Readout("worth", "after")])
    )[..., 0]


STARTS = {"availability_start": 0.3, "worth_start": 0.8}


def test_without_a_leak_self_and_other_are_learned_apart():
    """Two Rescorla-Wagner rules, one of them per figure."""
    learned = {"availability_rate": 0.2, "worth_rate": 0.1}
    apart = lift_learner(RULES["rescorla_wagner"])
    figure = [0, 1, 1] * 10
    expected = filter_readouts(
        apart,
        constants(apart, **STARTS, **learned),
        course_of(OUTCOMES, figure, 2),
        2,
        [*AFTER, Readout("worth", "after")],
    )
    closed = {"availability_leak": 0.0, "worth_leak": 0.0, "fading": 0.0}
    held = both("self_other_leak", OUTCOMES, figure, 2, **STARTS, **learned, **closed)
    np.testing.assert_allclose(held, np.array(expected)[..., 0], rtol=0, atol=1e-15)


def test_a_full_leak_moves_self_and_other_alike():
    """At equal rates and a leak of 1 both move by the same sum of surprises: their difference stays."""
    open_ = {"availability_leak": 1.0, "worth_leak": 1.0, "fading": 0.0, "availability_rate": 0.1, "worth_rate": 0.1}
    availability, worth = both("self_other_leak", OUTCOMES, **STARTS, **open_)
    np.testing.assert_allclose(worth - availability, 0.5, rtol=0, atol=1e-14)


def test_beliefs_fade_to_even():
    """What is not met fades to one half at the rate given, and a belief never leaves 0..1."""
    course = course_of([1.0, 1.0])
    course[1, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = 20.0
    rule = RULES["self_other_leak"]
    leaking = {"availability_leak": 0.9, "worth_leak": 0.9, "availability_rate": 0.9, "worth_rate": 0.1}
    p = constants(rule, availability_start=0.9, worth_start=0.1, fading=0.1, **leaking)
    first, second = filter_events(rule, p, course, 1)
    assert first.after.availability[0, 0] == 1.0
    assert second.before.availability[0, 0] == pytest.approx(0.5 + 0.5 * 0.9**20, rel=1e-12)


SORTED = {"availability_rate": 0.3, "worth_rate": 0.2, "noise": 0.3, "generality": 1.0}


def test_without_concentration_there_is_one_cause():
    """Nothing is ever an exception: both beliefs are learned at constant rates, whoever is met."""
    held = both("latent_cause", OUTCOMES, [0, 1, 1] * 10, 2, **STARTS, **SORTED, concentration=0.0)
    for belief, start, rate in zip(held, STARTS.values(), (0.3, 0.2), strict=True):
        np.testing.assert_allclose(belief, alone("rescorla_wagner", OUTCOMES, start=start, rate=rate), atol=1e-14)


def relapse(outcomes, concentration):
    """How far availability has fallen 200 units of time after the last outcome."""
    course = course_of([*outcomes, 1.0])
    course[-1, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = 200.0
    rule = RULES["latent_cause"]
    p = constants(rule, availability_start=0.5, worth_start=0.5, **SORTED, concentration=concentration)
    moments = list(filter_events(rule, p, course, 1))
    *_, held, _ = [rule.beliefs(p, moment.after, moment.event).availability.mean[0] for moment in moments]
    return held - rule.beliefs(p, moments[-1].before, moments[-1].event).availability.mean[0]


def test_an_exception_relapses_and_what_was_changed_does_not():
    """After abrupt all-good care beliefs fall back over a long gap; with one cause they stay where they were.

    The fall after care that grew better by and by is smaller.
    """
    history = [0.0] * 15
    abrupt, gradual = [*history, *[1.0] * 15], [*history, *np.linspace(0.1, 1.0, 15)]
    assert relapse(abrupt, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert relapse(abrupt, 0.1) > 1.5 * relapse(gradual, 0.1) > 0


def test_recency_fades_as_the_inverse_of_time():
    """Three exponentials follow 1 / elapsed to 8 % between 1 and 100 units of time."""
    elapsed = np.geomspace(1.0, 100.0, 50)
    kernel = sum(weight * np.exp(-pace * elapsed) for pace, weight in zip(PACES, WEIGHTS, strict=True))
    np.testing.assert_allclose(kernel * elapsed, 1.0, rtol=0, atol=0.08)


def test_a_therapist_can_be_the_exception():
    """A therapist who always responds after a caregiver who never does: the caregiver is expected to stay as they were.

    With one cause what the therapist does speaks for the caregiver; with an exception it does so less.
    """
    figure, outcomes = [0] * 15 + [1] * 15 + [0], [0.0] * 15 + [1.0] * 15 + [0.0]
    expected = {}
    for concentration in (0.0, 0.1):
        rule = RULES["latent_cause"]
        p = constants(rule, availability_start=0.5, worth_start=0.5, **SORTED, concentration=concentration)
        *_, last = filter_events(rule, p, course_of(outcomes, figure, 2), 2)
        expected[concentration] = rule.beliefs(p, last.before, last.event).availability.mean[0]
    assert expected[0.1] < expected[0.0] - 0.2
