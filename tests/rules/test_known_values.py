"""Rules against independent numbers: golden vectors, a worked example, quadrature, matrix algebra."""

import itertools

import numpy as np
import pytest
from helpers import constants, one_person_events
from scipy.special import expit, logit

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner

OUTCOMES = [1, 1, 1, 0, 1, 0, 0, 1, 1, 1]
GOLDEN = {  # belief after each outcome, to five decimals
    "rescorla_wagner": (
        {"availability_start": 0.5, "availability_rate": 0.2},
        [0.6, 0.68, 0.744, 0.5952, 0.67616, 0.54093, 0.43274, 0.54619, 0.63696, 0.70956],
    ),
    "dual_rate": (  # better .1, worse .4
        {
            "availability_start": 0.5,
            "availability_rate": expit((logit(0.1) + logit(0.4)) / 2),
            "availability_difference": logit(0.1) - logit(0.4),
        },
        [0.55, 0.595, 0.6355, 0.3813, 0.44317, 0.2659, 0.15954, 0.24359, 0.31923, 0.38731],
    ),
    "pearce_hall": (
        {
            "availability_start": 0.5,
            "availability_rate": 0.5,
            "availability_attention": 0.3,
            "availability_start_associability": 1.0,
        },
        [0.75, 0.85625, 0.90441, 0.67282, 0.77585, 0.56675, 0.39387, 0.57482, 0.70233, 0.7838],
    ),
    "leaky_beta": (
        {
            "availability_start": 0.5,
            "availability_strength": 2.0,
            "availability_leak": 0.1,
            "availability_weight": 1.0,
        },
        [0.66667, 0.74359, 0.78769, 0.63229, 0.68827, 0.57969, 0.49716, 0.56258, 0.61487, 0.65741],
    ),
    "kalman": (
        {
            "availability_start": 0.5,
            "availability_start_variance": 1.0,
            "availability_diffusion": 0.05,
            "availability_noise": 0.25,
        },
        [0.90385, 0.95211, 0.97186, 0.60273, 0.74853, 0.47768, 0.30584, 0.55495, 0.7145, 0.81682],
    ),
    "strain_test": (  # by hand: odds 1, and after a rupture times .9 / .2 for a repair and .1 / .8 for another rupture
        {
            "availability_start": 0.5,
            "availability_hazard": 0.0,
            "availability_care": 0.9,
            "availability_leak": 0.2,
            "availability_calm_gap": 0.0,
        },
        [0.55, 0.55, 0.55, 0.55, 0.77273, 0.77273, 0.452, 0.70177, 0.70177, 0.70177],
    ),
    "contingent": (  # by hand: events 5, 7 and 8 follow a rupture
        {
            "availability_start": 0.5,
            "availability_repair_start": 0.3,
            "availability_calm_rate": 0.1,
            "availability_repair_rate": 0.4,
            "availability_need": 0.8,
        },
        [0.35, 0.359, 0.3671, 0.35439, 0.57839, 0.56695, 0.38135, 0.58999, 0.5997, 0.60843],
    ),
}
LOG_ODDS = {  # the mean after each outcome, in log-odds, and other parts of the state at the end
    "hgf": (  # by pyhgf 0.3.2, two levels, mean-field updates
        {"availability_start": 0.5, "availability_tonic": -3.0, "availability_start_variance": 0.1},
        [0.07219, 0.16144, 0.26351, 0.11943, 0.25254, 0.07937, -0.09123, 0.08934, 0.26117, 0.42305],
        {"variance": 0.37206},
    ),
    "volatile_kalman": (
        {
            "availability_start": 0.5,
            "availability_noise": 0.1,
            "availability_start_volatility": 0.1,
            "availability_learning": 0.1,
        },
        [0.22361, 0.4077, 0.572, 0.30935, 0.48539, 0.22745, -0.00699, 0.20598, 0.39723, 0.56878],
        {"variance": 0.06455, "volatility": 0.11713},
    ),
    "ehgf": (
        {
            "availability_start": 0.5,
            "availability_tonic": -3.0,
            "availability_start_variance": 0.1,
            "availability_start_volatility": 1.0,
            "availability_start_vagueness": 1.0,
            "availability_meta": -6.0,
            "availability_coupling": 1.0,
        },
        [0.11113, 0.26614, 0.44654, 0.14986, 0.39888, 0.05227, -0.25868, 0.09499, 0.39983, 0.66197],
        {"variance": 0.65312, "volatility": 0.99039, "vagueness": 0.72314},
    ),
}
FIFTH_DECIMAL = 5.1e-6  # half a unit of the last printed digit, and rounding
COMPENSATORY = RULES["compensatory"]


def filter_golden(name, values):
    """Filter the golden outcomes of one person with one figure, by a learner without self-worth."""
    rule = lift_learner(RULES[name], worth=False)
    p = constants(rule, **values)
    return [
        (one, rule.beliefs(p, one.after, one.event)) for one in filter_events(rule, p, one_person_events(OUTCOMES), 1)
    ]


def in_log_odds(availability, worth, of_availability, of_worth, figures=1, **others):
    """Return compensatory parameters whose prior has these log-odds means and variances."""
    scale = np.sqrt(1 + np.pi / 8 * np.array([of_availability, of_worth]))
    return constants(
        COMPENSATORY,
        availability_start=expit(availability / scale[0]),
        worth_start=expit(worth / scale[1]),
        total_variance=of_availability + of_worth,
        self_share=of_worth / (of_availability + of_worth),
        **{"diffusion": 0.0, "figure_correlation": 0.0, **others},
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_vector(name):
    """Ten beliefs of each rule agree with the published row, or one by hand, to five decimals."""
    values, row = GOLDEN[name]
    means = [beliefs.availability.mean[0] for _, beliefs in filter_golden(name, values)]
    np.testing.assert_allclose(means, row, rtol=0, atol=FIFTH_DECIMAL)


@pytest.mark.parametrize("name", LOG_ODDS)
def test_golden_vector_in_log_odds(name):
    """Ten means and the last state of each volatility rule agree with the published row to five decimals."""
    values, row, last = LOG_ODDS[name]
    states = [filtered.after.availability for filtered, _ in filter_golden(name, values)]
    np.testing.assert_allclose([state.mean[0, 0] for state in states], row, rtol=0, atol=FIFTH_DECIMAL)
    found = {part: getattr(states[-1], part)[0, 0] for part in last}
    assert found == pytest.approx(last, abs=FIFTH_DECIMAL)


def test_kalman_gain_at_the_end():
    """The last share of the prediction error that was learned is the published gain, .35836."""
    filtered, _ = filter_golden("kalman", GOLDEN["kalman"][0])[-1]
    before, after = filtered.before.availability.mean[0, 0], filtered.after.availability.mean[0, 0]
    assert (after - before) / (OUTCOMES[-1] - before) == pytest.approx(0.35836, abs=FIFTH_DECIMAL)


def test_pearce_hall_associability_at_the_end():
    """The associability after ten outcomes is the published .47248."""
    filtered, _ = filter_golden("pearce_hall", GOLDEN["pearce_hall"][0])[-1]
    assert filtered.after.availability.associability[0, 0] == pytest.approx(0.47248, abs=FIFTH_DECIMAL)


def test_credit_goes_to_the_less_certain_belief():
    """Availability (-1, var .5) and worth (-1, var 1.5) after a response: the worked example, to four decimals."""
    p = in_log_odds(-1.0, -1.0, 0.5, 1.5)
    (filtered,) = filter_events(COMPENSATORY, p, one_person_events([1]), 1)
    s = filtered.after
    found = [s.availability[0, 0], s.worth[0], s.among_figures[0, 0, 0], s.of_worth[0], s.with_worth[0, 0]]
    np.testing.assert_allclose(found, [-0.6855, -0.0564, 0.4712, 1.2411, -0.0863], rtol=0, atol=5.1e-5)


CONJUNCTIVE = {  # P(A) and P(W) before; after a response; after none
    (0.8, 0.8): ((0.967, 0.967), (0.536, 0.536)),
    (0.8, 0.2): ((0.912, 0.649), (0.767, 0.067)),
    (0.2, 0.8): ((0.649, 0.912), (0.067, 0.767)),
    (0.2, 0.2): ((0.394, 0.394), (0.171, 0.171)),
}


def noisy_and_parameters(availability, worth, hazard=0.0):
    """Return noisy-AND parameters of one person."""
    starts = {"availability_start": availability, "worth_start": worth}
    return constants(RULES["noisy_and"], **starts, hazard=hazard, care=0.9, leak=0.1)


@pytest.mark.parametrize(("prior", "after"), CONJUNCTIVE.items())
def test_blame_depends_on_attachment_style(prior, after):
    """Beliefs of each attachment style after one response and after none agree with the table, to three decimals."""
    rule, p = RULES["noisy_and"], noisy_and_parameters(*prior)
    for outcome, expected in zip((1, 0), after, strict=True):
        (filtered,) = filter_events(rule, p, one_person_events([outcome]), 1)
        beliefs = rule.beliefs(p, filtered.after, filtered.event)
        found = [beliefs.availability.mean[0], beliefs.worth.mean[0]]
        np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-4)


def by_enumeration(prior, hazard, figure, outcomes, figures):
    """Compute P(W) and every P(A) after each outcome by enumeration of all worlds (W, A of each figure)."""
    worlds = np.array(list(itertools.product([0, 1], repeat=1 + figures)))
    chance = np.array([prior[1], *[prior[0]] * figures])
    weights = np.where(worlds, chance, 1 - chance).prod(axis=1)
    beliefs = []
    for met, outcome in zip(figure, outcomes, strict=True):
        for latent in range(1 + figures):  # with the hazard, drawn again independently of the others
            same = (np.delete(worlds, latent, 1)[:, None] == np.delete(worlds, latent, 1)[None]).all(axis=2)
            redrawn = np.where(worlds[:, latent], chance[latent], 1 - chance[latent])
            weights = (1 - hazard) * weights + hazard * redrawn * (same @ weights)
        responds = np.where(worlds[:, 0] * worlds[:, 1 + met], 0.9, 0.1)
        weights = weights * responds**outcome * (1 - responds) ** (1 - outcome)
        weights = weights / weights.sum()
        beliefs.append(weights @ worlds)
    return np.array(beliefs)


@pytest.mark.parametrize(("figures", "hazard"), [(1, 0.2), (3, 0.0)])
def test_noisy_and_by_enumeration(figures, hazard):
    """One figure with hazard, or three without: beliefs follow Bayes' rule over all possible worlds."""
    rule, p = RULES["noisy_and"], noisy_and_parameters(0.6, 0.3, hazard)
    figure = [index % figures for index in (0, 1, 2, 0, 0, 2, 1)]
    outcomes = [1, 0, 1, 1, 0, 0.3, 1]
    exact = by_enumeration((0.6, 0.3), hazard, figure, outcomes, figures)
    for filtered, expected, met in zip(
        filter_events(rule, p, one_person_events(outcomes, figure, figures), figures), exact, figure, strict=True
    ):
        beliefs = rule.beliefs(p, filtered.after, filtered.event)
        assert beliefs.worth.mean[0] == pytest.approx(expected[0], rel=1e-12)
        assert beliefs.availability.mean[0] == pytest.approx(expected[1 + met], rel=1e-12)


def test_noisy_and_expects_little_at_even_beliefs():
    """At beliefs of .5 and .5 the expectation is .30 and not .50."""
    rule, p = RULES["noisy_and"], noisy_and_parameters(0.5, 0.5)
    (filtered,) = filter_events(rule, p, one_person_events([1]), 1)
    assert rule.beliefs(p, filtered.before, filtered.event).expected[0] == pytest.approx(0.30, abs=1e-12)


def exact_shift(mean, variance, outcome):
    """Compute the shift of a Gaussian log-odds mean by Bayes' rule; the trapezium rule is exact for such peaks."""
    z = np.linspace(mean - 12 * np.sqrt(variance), mean + 12 * np.sqrt(variance), 4001)
    weight = np.exp(-((z - mean) ** 2) / (2 * variance)) * expit(z if outcome else -z)
    return (weight * z).sum() / weight.sum() - mean


def moderated_shift(mean, variance, outcome):
    """Compute the same by the learning rule: the shift of availability plus self-worth."""
    p = in_log_odds(mean / 2, mean / 2, variance / 2, variance / 2)
    (filtered,) = filter_events(COMPENSATORY, p, one_person_events([outcome]), 1)
    return (
        filtered.after.availability[0] + filtered.after.worth - filtered.before.availability[0] - filtered.before.worth
    )[0]


@pytest.mark.parametrize(("variance", "percent"), [(1.0, 3), (2.0, 8), (8.0, 31)])
@pytest.mark.parametrize("outcome", [0, 1])
def test_moderated_update_against_quadrature(variance, percent, outcome):
    """At even expectations the update falls short of Bayes by the documented percentage, as rounded there."""
    error = moderated_shift(0.0, variance, outcome) / exact_shift(0.0, variance, outcome) - 1
    assert -100 * error == pytest.approx(percent, abs=0.5)


@pytest.mark.parametrize("mean", [-2.0, -1.0, 0.5, 1.5])
@pytest.mark.parametrize("outcome", [0, 1])
def test_moderated_update_stays_close_while_variance_is_modest(mean, outcome):
    """Up to a variance of 2 and an expectation of 12..88 % the shift is within 8.5 % of Bayes."""
    assert moderated_shift(mean, 2.0, outcome) == pytest.approx(exact_shift(mean, 2.0, outcome), rel=0.085)


def test_blocks_are_the_matrix_equation():
    """With three figures, means and covariances follow C - C h h' C H / (1 + s H) as one matrix would."""
    figure, outcomes = [0, 1, 2, 1, 0, 2, 2], [1, 0, 0.4, 1, 1, 0, 1]
    correlation, diffusion = 0.6, 0.05
    p = in_log_odds(-0.4, 0.7, 0.8, 0.5, diffusion=diffusion, figure_correlation=correlation)
    prior = np.eye(4)
    prior[:3, :3] += correlation * (1 - np.eye(3))
    mean, covariance = (
        np.array([-0.4, -0.4, -0.4, 0.7]),
        np.sqrt(np.outer([0.8] * 3 + [0.5], [0.8] * 3 + [0.5])) * prior,
    )
    events = one_person_events(outcomes, figure, 3)
    for filtered, met, outcome in zip(filter_events(COMPENSATORY, p, events, 3), figure, outcomes, strict=True):
        h = np.eye(4)[met] + np.eye(4)[3]
        covariance = covariance + diffusion * prior
        s = h @ covariance @ h
        expected = expit(h @ mean / np.sqrt(1 + np.pi * s / 8))
        information = expected * (1 - expected)
        mean = mean + covariance @ h * (outcome - expected) / (1 + s * information)
        covariance = covariance - np.outer(covariance @ h, h @ covariance) * information / (1 + s * information)
        state = filtered.after
        np.testing.assert_allclose([*state.availability[:, 0], state.worth[0]], mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(state.among_figures[..., 0], covariance[:3, :3], rtol=0, atol=1e-12)
        np.testing.assert_allclose([*state.with_worth[:, 0], state.of_worth[0]], covariance[3], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("reflection", "availability", "worth"),
    [(1.0, -0.6855, -0.0564), (0.0, -0.37095, -0.37095), (0.5, -0.5282, -0.2137)],
)
def test_credit_under_reflection(reflection, availability, worth):
    """The worked example (A -1, .5; W -1, 1.5; a response): by uncertainty, evenly, and half-way between."""
    rule = RULES["reflective"]
    named = COMPENSATORY.parameters._fields
    p = dict(zip(named, in_log_odds(-1.0, -1.0, 0.5, 1.5), strict=True)) | {"reflection": reflection}
    [filtered] = filter_events(rule, constants(rule, **p), one_person_events([1.0]), 1)
    found = [filtered.after.availability[0, 0], filtered.after.worth[0]]
    assert found == pytest.approx([availability, worth], abs=5.1e-5)  # half a unit of the last printed digit
