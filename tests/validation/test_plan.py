"""Sample-size planning against closed forms: power of a known case, care without chance, and the error of a share."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iwm_bayes.comparison.elpd import MIN_DIFFERENCE, MIN_STANDARD_ERRORS
from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError
from iwm_bayes.validation.planning import group as plan_group
from iwm_bayes.validation.planning.assurance import (
    CONVERGED,
    JUDGED_FIGURE,
    StudyDesign,
    assurance_sentences,
    assurance_table,
    convergence_sentence,
    share_with_error,
    thin_ratings,
    without_leaving,
)
from iwm_bayes.validation.planning.compare import DECISIVE_FOR_GENERATING, DECISIVE_FOR_OTHER, count_decisions
from iwm_bayes.validation.planning.forecast import (
    CORRECT,
    CORRECT_IF_KNOWN,
    INTERVAL_COVERS,
    INTERVAL_NARROW,
    LOST_TO_UNCERTAINTY,
    REACHED,
    TimeToSecurity,
    count_forecasts,
    forecast_sessions,
    time_to_security,
    within_sessions,
)
from iwm_bayes.validation.planning.group import arm_parameter, link_difference
from iwm_bayes.validation.sweep import all_tasks, perform_task

NOISE, BETWEEN_SD, PRIOR_90, PEOPLE, EFFECT = 0.14, 0.02, 0.1, 60, 0.055
LINEAR = f"""
schema = 2
claim = "-"
reference = "-"
rule = "static"
responses = ["availability_rating"]
[parameters.availability_start]
fixed = 0.5
[parameters.availability_rating_noise]
fixed = {NOISE}
[parameters.availability_rating_intercept]
fixed = false
prior_90 = [-{PRIOR_90}, {PRIOR_90}]
prior_between_sd = {BETWEEN_SD}
"""
LEARNING = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
CLOCKWORK = "rupture_and_repair:rate=1,every=6"  # five responsive acts, one that is not: no chance in it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that is linear and normal, with a known response SD, and one of learning."""
    found = tmp_path_factory.mktemp("models")
    (found / "linear.toml").write_text(LINEAR)
    (found / "learning.toml").write_text(LEARNING)
    return found


def decisive(mean, variance):
    """Return the probability that a 90% interval of a difference of two means excludes 0, with known variances.

    Everyone is rated twice, with an SD of `NOISE` and the floor of 0.02, so far from the ends of the scale that no
    rating is cut off. Mean and difference have the priors of the model; the true difference is Normal(mean, variance).
    The between-person SD, small relative to the noise, is averaged over its prior.
    """
    design = np.column_stack([np.ones(PEOPLE), np.arange(PEOPLE) % 2])
    prior = np.diag([(PRIOR_90 / stats.norm.ppf(0.95)) ** 2, (2.0 * BETWEEN_SD) ** 2])
    found = []
    for between in stats.halfnorm.ppf((np.arange(50) + 0.5) / 50, scale=BETWEEN_SD):
        known = between**2 + (NOISE**2 + 0.02**2) / 2.0
        covariance = np.linalg.inv(design.T @ design / known + np.linalg.inv(prior))
        weights = (covariance @ design.T / known)[1]  # of everyone's mean rating in the posterior mean
        made = design @ np.diag([prior[0, 0], variance]) @ design.T + known * np.eye(PEOPLE)
        expected, sd = weights @ design[:, 1] * mean, np.sqrt(weights @ made @ weights)
        least = stats.norm.ppf(0.95) * np.sqrt(covariance[1, 1])
        found.append(stats.norm.sf(least, expected, sd) + stats.norm.cdf(-least, expected, sd))
    return np.mean(found)


def share_decisive(folder, effect, studies):
    """Return the share of decisive studies by `plan_group`."""
    condition = {"at model": str(folder / "linear.toml"), "method": "laplace", "care": "constant"}
    condition |= {"effect": effect, "n_people": PEOPLE, "figures": 1, "rated_every": 1, "sessions": 1}
    condition["parameter"] = "availability_rating_intercept"
    tasks = all_tasks(plan_group.group_study, [condition], studies)
    counts = [perform_task(task).outcome["result"]["counts"] for task in tasks]
    return share_with_error(np.array([one[plan_group.DECISIVE] for one in counts]))[0]


def within(expected, studies):
    """Three Monte-Carlo standard errors of a share."""
    return 3.0 * np.sqrt(expected * (1.0 - expected) / studies)


def test_power_of_a_difference_of_means(folder):
    """As in closed form; 50% intervals in place of 90% would be decisive in more than four of five studies."""
    expected = decisive(EFFECT, 0.0)
    assert 0.5 < expected < 0.8
    assert share_decisive(folder, EFFECT, 40) == pytest.approx(expected, abs=within(expected, 40))


@pytest.mark.slow
@pytest.mark.parametrize("effect", [EFFECT, 0.0, "prior"])
def test_power_and_assurance_in_many_studies(folder, effect):
    """For a difference, for none (where a decision is false), and for differences drawn from their prior."""
    expected = decisive(0.0, (2.0 * BETWEEN_SD) ** 2) if effect == "prior" else decisive(effect, 0.0)
    assert share_decisive(folder, effect, 400) == pytest.approx(expected, abs=within(expected, 400))


def test_care_without_chance_is_forecast_exactly(folder):
    """Twelve observed and twelve forecast sessions, of care that continues unchanged, are the 24 simulated ones."""
    model, generator, care = (
        model_file.load_model(folder / "learning.toml"),
        np.random.default_rng(1),
        parse_care(CLOCKWORK),
    )
    design = StudyDesign(200, 1, 1, 12, CLOCKWORK)
    truth = draw_population(model, design.figures, design.n_people, generator, sigma=1.5).values
    known = simulate(model, design.phases(), truth, generator)
    whole = simulate(model, design._replace(sessions=24).phases(), truth, generator)
    found = time_to_security(belief_paths(model, known, truth, JUDGED_FIGURE), care, 12, design.n_people, generator)
    complete, so_far = (true_security(model, data, truth, JUDGED_FIGURE) for data in (whole, known))
    np.testing.assert_array_equal(found.session[0], complete.sessions)
    np.testing.assert_array_equal(found.at_risk[0], complete.insecure & ~so_far.earned)
    assert 0 < (found.at_risk[0] & complete.earned).sum() < found.at_risk.sum() < complete.insecure.sum()
    again = {name: np.tile(value, 7) for name, value in truth.items()}
    draws = time_to_security(belief_paths(model, known, again, JUDGED_FIGURE), care, 12, design.n_people, generator)
    assert (
        count_forecasts(found, forecast_sessions(draws), forecast_sessions(draws), 24)[CORRECT_IF_KNOWN]
        == [found.at_risk.sum()] * 2
    )


def test_forecasts_are_counted_over_people_at_risk():
    """Five people, by hand: right, wrong by six, rightly beyond, wrongly beyond, and without a forecast."""
    last = 20
    truth = TimeToSecurity(np.array([[10, 10, 21, 18, 9, 3]]), np.array([[True, True, True, True, True, False]]))
    session = np.array([[9, 14, 21, 21, 9, 3], [12, 16, 21, 21, 9, 3], [15, 17, 21, 21, 9, 3]])
    at_risk = np.ones((3, 6), dtype=bool)
    at_risk[:, 4] = False  # every draw of the fifth person is earned secure already
    forecast = forecast_sessions(TimeToSecurity(session, at_risk))
    np.testing.assert_array_equal(forecast.median, [12, 16, 21, 21, np.nan, 3])
    found = count_forecasts(truth, forecast, forecast, last)
    assert found[CORRECT] == [2, 5]
    assert found[REACHED] == [4, 5]
    assert found[INTERVAL_NARROW] == [4, 5]
    assert count_forecasts(truth, forecast, forecast_sessions(TimeToSecurity(truth.session, at_risk[:1])), last)[
        LOST_TO_UNCERTAINTY
    ] == [2, 5]
    assert found[INTERVAL_COVERS] == [2, 5]
    np.testing.assert_array_equal(
        within_sessions(np.array([15, 16, 21, 21, np.nan]), np.array([20, 22, 24, 20, 20]), 5, last),
        [True, False, True, False, False],
    )


def test_draws_that_are_earned_secure_are_left_out():
    """A person is known not to be earned secure, so draws in which they are do not count."""
    session = np.array([[4, 5], [8, 9], [12, 9]])
    forecast = forecast_sessions(TimeToSecurity(session, np.array([[False, True], [True, True], [True, True]])))
    np.testing.assert_array_equal([forecast.low, forecast.high], [[8, 5], [12, 9]])


def test_two_models_are_distinguished_by_the_rules_of_the_comparison():
    people = np.array([1.0, 2.0] * 10)
    error = float(people.std(ddof=1) * np.sqrt(20))
    assert MIN_STANDARD_ERRORS * error > MIN_DIFFERENCE
    for difference, decision in (
        (30.0, [1, 0]),
        (-30.0, [0, 1]),
        (MIN_STANDARD_ERRORS * error - 0.1, [0, 0]),
        (MIN_DIFFERENCE - 0.1, [0, 0]),
    ):
        found = count_decisions(difference, people)
        assert [found[DECISIVE_FOR_GENERATING][0], found[DECISIVE_FOR_OTHER][0]] == decision
    assert count_decisions(MIN_DIFFERENCE - 0.1, np.ones(20))[DECISIVE_FOR_GENERATING] == [0, 1]


def test_the_error_of_a_share_is_that_of_studies():
    """People of one study are similar: over many sets of 20 studies the shares scatter as their errors state."""
    generator, sets = np.random.default_rng(1), 2000
    of = generator.integers(5, 40, (sets, 20))
    hits = generator.binomial(of, generator.beta(2.0, 2.0, of.shape))
    found = np.array([share_with_error(counts) for counts in np.stack([hits, of], axis=-1)])
    assert np.median(found[:, 1]) == pytest.approx(found[:, 0].std(), rel=0.1)
    for counts in ([[1, 1]] * 20, [[0, 1]] * 20, [[1, 2]] * 20):  # studies that do not differ
        assert share_with_error(np.array(counts))[1] > 0.0
    assert np.isnan(share_with_error(np.array([[0, 0]] * 20))).all()


def table(by_sessions):
    """Return a table of 50 studies of each number of sessions, with the given numbers of hits."""
    lines = [
        {"n_people": 40, "sessions": sessions, "counts": {"hit": [int(study < hits), 1], "miss": [0, 0]}}
        for sessions, hits in by_sessions.items()
        for study in range(50)
    ]
    return assurance_table(pd.DataFrame(lines), ["n_people", "sessions"])


@pytest.mark.parametrize(
    ("by_sessions", "sentence"),
    [
        ({4: 10, 8: 40, 12: 49, 16: 50}, "12 sessions reach 0.8, with 0.98 (SE 0.02); 8 may reach it"),
        (
            {4: 10, 8: 42},
            "no number of sessions surely reaches 0.8, highest share 0.84 (SE 0.05) at 8 sessions; 8 may reach it. "
            "Add --studies to know",
        ),
        ({4: 10, 8: 20}, "no number of sessions reaches 0.8, highest share 0.40 (SE 0.07) at 8 sessions"),
    ],
)
def test_the_answer_is_the_least_number_of_sessions_that_surely_reaches_the_target(by_sessions, sentence):
    found = table(by_sessions)
    assert assurance_sentences(found, ["n_people", "sessions"], ["hit"], 0.8) == [f"n_people = 40: 'hit': {sentence}"]
    assert assurance_sentences(found, ["n_people", "sessions"], ["miss"], 0.8) == [
        "n_people = 40: 'miss': no result, because nobody was counted"
    ]


def test_a_plan_says_where_few_fits_converged():
    found = pd.DataFrame({"outcome": [CONVERGED, CONVERGED, "hit"], "share": [0.65, 0.95, 0.1]})
    assert "only 65% of studies converged" in convergence_sentence(found)
    assert convergence_sentence(found[1:]) == ""


def test_only_every_third_session_is_rated():
    """The assessment before the first session is rated, too; choices are always recorded."""
    model = without_leaving(model_file.load_model("rescorla_wagner"))
    design = StudyDesign(5, 2, 3, 7, "constant:rate=0.8")
    data = thin_ratings(model, simulate(model, design.phases(), design.n_people, 1), design.rated_every)
    asked = data["answer_worth_rating"].notnull().all("person").values
    assert (data["session"].values[asked] - 1).max() == 6
    assert asked.sum() == 2 * 3 == data["answer_worth_rating"].notnull().any("person").values.sum()
    assert data["answer_approach"].notnull().values.sum() == 5 * 2 * 7


def test_an_effect_is_that_of_the_median_person(folder):
    """A rate 0.1 higher on the natural scale; InputError for one above 1, for no parameter, and for two parameters."""
    model = model_file.load_model(folder / "learning.toml")
    free = arm_parameter(model, "rate")
    rates = 1.0 / (1.0 + np.exp(-np.array([free.prior_mean, free.prior_mean + link_difference(free, 0.1)])))
    assert np.diff(rates) == pytest.approx(0.1)
    with pytest.raises(InputError, match="impossible"):
        link_difference(free, 0.99)
    with pytest.raises(InputError, match="no such parameter"):
        arm_parameter(model, "velocity")
    with pytest.raises(InputError, match="Name one of them"):
        arm_parameter(model_file.load_model("rescorla_wagner"), "rate")
