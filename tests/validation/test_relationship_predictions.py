"""The measures of the predictions about relationships, change and strategies, against closed forms and limits."""

from itertools import islice

import numpy as np
import pytest
from scipy.special import expit, logit

from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules.latent_cause import DECAY_RATES, WEIGHTS, mixed_belief
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters, rule_values, with_parameters
from iwm_bayes.validation import prediction_matrix
from iwm_bayes.validation.scripted_events import (
    ScriptedEvent,
    event_array_of,
    expected_answers,
    group_means,
    median_people,
    people_alike,
    random_care,
)

SCRIPTS = {script.PREDICTION.name: script for script in islice(prediction_matrix.load_scripts(), 8, None)}
DRAWS, SEED = 40, 7


def source():
    return np.random.default_rng(SEED)


def result(prediction, model):
    """Return what a model, or a file of the experiments, predicts in an experiment."""
    spec = prediction_matrix.load_named_model(model) if isinstance(model, str) else model
    return SCRIPTS[prediction].experiment(spec, DRAWS, source())


def values(model, name):
    """Return the values of a parameter of the same people, (draw,)."""
    return median_people(prediction_matrix.load_named_model(model), DRAWS, source())[name]


def with_fixed(model, **fixed):
    """Return a built-in model with constants in place of some priors."""
    spec = load_model(model)
    declared = parameters(spec)
    return with_parameters(
        spec, declared | {name: declared[name]._replace(fixed=value) for name, value in fixed.items()}
    )


def availability(model, people, events):
    """Return availability after every event, (event, draw), also of a model without self-worth."""
    array = event_array_of(events, 1, DRAWS)
    [after] = filter_readouts(model.rule, rule_values(model, people), array, 1, [Readout("availability", "after")])
    return after


def test_people_alike_have_one_mean_per_draw():
    people = people_alike({"rate": np.array([1.0, 2.0]), "by_figure": np.array([[1.0, 2.0], [3.0, 4.0]])}, 3)
    np.testing.assert_array_equal(people["by_figure"], [[1, 1, 1, 2, 2, 2], [3, 3, 3, 4, 4, 4]])
    np.testing.assert_allclose(group_means(people["rate"] + np.array([[-1.0, 0.0, 1.0] * 2]), 3), [[1.0, 2.0]])


def test_expected_answers_are_means_of_ratings():
    model = prediction_matrix.load_named_model("models/one_belief.toml")
    people, care = median_people(model, DRAWS, source()), random_care(0.5, 6, DRAWS, source())
    [answers] = expected_answers(model, people, event_array_of(care, 1, DRAWS), source()).values()
    belief = availability(model, people, care)
    np.testing.assert_allclose(answers, belief)  # the scale of this model's ratings is that of the belief


def test_figures_that_are_the_same_follow_each_other_entirely():
    """At a correlation of 1 the untreated figure gains what the treated one gains."""
    alike = result("generalising", with_fixed("compensatory", figure_correlation=1.0))
    assert np.median(alike.curve.y[-1]) > 0.1
    np.testing.assert_allclose(np.minimum(alike.effect, 0.0), np.minimum(alike.curve.y[-1], 0.0), atol=1e-9)
    np.testing.assert_allclose(np.maximum(alike.effect, 0.0), 0.0, atol=1e-9)


def test_separate_learners_do_not_transfer():
    np.testing.assert_array_equal(result("transference", "kalman").curve.y[0], 0.0)
    np.testing.assert_array_equal(result("generalising", "kalman").curve.y, 0.0)


def test_a_gap_costs_a_prototype_a_share_of_its_distance():
    """After the time t, (1 - pull)^t of the difference between the arms is left."""
    script, model = SCRIPTS["relapse"], load_model("prototype")
    lost, people = result("relapse", "prototype").curve, median_people(model, DRAWS, source())
    reached = [availability(model, people, script.POOR + change)[-1] for change in (script.ABRUPT, script.GRADUAL)]
    share = 1 - (1 - people["availability_pull"]) ** lost.x[:, None]
    np.testing.assert_allclose(lost.y, share * (reached[0] - reached[1]), atol=1e-12)
    np.testing.assert_array_equal(result("relapse", "rescorla_wagner").curve.y, 0.0)


def test_arms_of_the_relapse_experiment_have_the_same_amount_of_care():
    script = SCRIPTS["relapse"]
    assert sum(event.outcome for event in script.GRADUAL) == pytest.approx(len(script.ABRUPT))


def test_a_delta_rule_stays_within_experience():
    """It approaches the best and the poorest care, and is short of them by what twenty sessions leave."""
    start, rate = (values("rescorla_wagner", f"availability_{name}") for name in ("start", "rate"))
    left = (1 - rate) ** 20
    after_good = 0.7 + (start - 0.7) * left
    short = np.minimum((start - 0.7) * left, (0.3 - after_good) * left)
    np.testing.assert_allclose(result("splitting_modes", "rescorla_wagner").effect, short, atol=1e-12)


def test_two_images_are_more_extreme_than_experience():
    """Without integration and switching, outcomes of .7 and of .3 add and take 20 times .4 of the log-odds of .9."""
    fixed = {"availability_integration": 0.0, "availability_switching": 0.0}
    model = with_fixed("splitting", **fixed)
    start = median_people(model, DRAWS, source())["availability_start"]
    good = expit(logit(start) + 20 * 0.4 * logit(0.9))
    beyond = np.minimum(0.1 + 0.8 * good - 0.7, 0.3 - (0.1 + 0.8 * start))
    np.testing.assert_allclose(result("splitting_modes", model).effect, beyond, atol=1e-9)


def test_a_prototype_loses_the_share_that_its_pull_takes():
    drift, pull = result("prototype_drift", "prototype"), values("prototype", "availability_pull")
    is_gain = drift.curve.y[23] > 0.05
    assert is_gain.mean() > 0.5
    np.testing.assert_allclose(drift.effect[is_gain], (1 - (1 - pull) ** 24)[is_gain])


@pytest.mark.parametrize(
    ("model", "rate"),
    [
        ("rescorla_wagner", lambda people: people["availability_rate"]),
        ("conjugate_beta", lambda people: 1 / (people["availability_strength"] + 1)),
    ],
)
def test_the_first_observed_outcome_teaches_people_who_avoid_as_much(model, rate):
    script, spec = SCRIPTS["starved_learning"], load_model(model)
    people = median_people(spec, DRAWS, source())
    alike = people_alike(people, script.GROUP)
    starts = {name: np.full_like(alike[name], script.INITIAL) for name in ("availability_start", "worth_start")}
    for group in script.by_avoidance(spec, alike | starts):
        _, found = script.rises_and_rates(spec, group, source())
        observed = found > 0
        assert observed.mean() > 0.7
        np.testing.assert_allclose(found[observed], rate(people)[observed])


def test_people_who_are_closed_observe_everything_and_learn_at_a_lower_rate():
    """So the rates differ by one step of log-odds, and by more than the rises, which slow down as they grow."""
    script, spec = SCRIPTS["starved_learning"], prediction_matrix.load_named_model("models/closed.toml")
    people = people_alike(median_people(spec, DRAWS, source()), script.GROUP)
    people["availability_start"] = np.full_like(people["availability_start"], script.INITIAL)
    rate = people["availability_rate"][:: script.GROUP]
    for group, expected in zip(script.by_avoidance(spec, people), (rate, expit(logit(rate) - 1)), strict=True):
        _, found = script.rises_and_rates(spec, group, source())
        np.testing.assert_allclose(found, expected)
    assert np.median(result("starved_learning", "models/closed.toml").effect) < 0


def test_a_pulse_passes_and_a_level_stays():
    """After n events of constant care a pulse is .6 slope (b^n - g^n) / (b - g): b = 1 - rate, g = persistence."""
    name = "models/affect_pulse_strict.toml"
    b, g, n = 1 - values(name, "availability_rate"), values(name, "confidence_persistence"), np.arange(41)[:, None]
    pulse = (b**n - g**n) / (b - g) * np.sign(values(name, "confidence_slope"))
    found = result("state_and_trait", name)
    np.testing.assert_allclose(found.curve.y, pulse / np.abs(pulse).max(axis=0), atol=1e-7)
    gone = 1 - pulse[-1] / pulse.max(axis=0)
    np.testing.assert_allclose(found.effect, np.where(pulse.max(axis=0) > 0, gone, 0), atol=1e-7)
    np.testing.assert_array_equal(result("state_and_trait", "studies/affect_level.model.toml").effect, 0.0)


def test_trust_won_under_strain_is_what_a_repair_says():
    """Without hazard a repair multiplies the odds of a reliable figure by care / leak, and a rupture leaves them."""
    found = result("trust_under_strain", with_fixed("strain_test", availability_hazard=0.0, worth_hazard=0.0))
    start = median_people(with_fixed("strain_test", availability_hazard=0.0, worth_hazard=0.0), DRAWS, source())
    reliable = start["availability_start"]
    lead = 0.7 * (expit(logit(reliable) + np.log(0.9 / 0.2)) - reliable)
    np.testing.assert_allclose(found.effect, lead)


def test_calm_alone_is_what_is_expected():
    """Distress left alone is 1 - regulation * availability, or 1 - regulation where calm is not learned."""
    model, script = prediction_matrix.load_named_model("models/calming.toml"), SCRIPTS["self_regulation"]
    people = median_people(model, DRAWS, source())
    care = random_care(0.5, 3, DRAWS, source())
    left = script.distress_left_alone(model, people, care, DRAWS, source())
    belief = availability(model, people, care)
    np.testing.assert_allclose(left, 1 - people["distress_regulation"] * belief)
    constant = prediction_matrix.load_named_model("models/calming_constant.toml")
    left = script.distress_left_alone(constant, people, care, DRAWS, source())
    np.testing.assert_allclose(left, np.broadcast_to(1 - people["distress_regulation"], left.shape))


def test_a_figure_soothes_while_it_is_there():
    model = prediction_matrix.load_named_model("models/calming.toml")
    people = median_people(model, DRAWS, source())
    array = event_array_of([ScriptedEvent(1.0)], 1, DRAWS)
    array[0, 4] = 0.5  # distress
    left = expected_answers(model, people, array, source())["distress"][0]
    [belief] = availability(model, people, [ScriptedEvent(1.0)])
    np.testing.assert_allclose(
        left, 0.5 * (1 - people["distress_soothing"]) * (1 - people["distress_regulation"] * belief)
    )


def test_full_reflection_is_credit_by_uncertainty():
    script, events = SCRIPTS["reflection"], [ScriptedEvent(1.0), ScriptedEvent(0.0, 4)]
    reflective, compensatory = load_model("reflective"), load_model("compensatory")
    people = median_people(reflective, DRAWS, source(), figures=5) | {"reflection": np.ones(DRAWS)}
    np.testing.assert_allclose(
        script.alikeness(reflective, people, events), script.alikeness(compensatory, people, events)
    )
    low, high = (script.separating(reflective, people, level)["reflection"] for level in (0.0, 1.0))
    np.testing.assert_allclose([low, high], [[0.1] * DRAWS, [0.9] * DRAWS])


def test_forgetting_is_no_leak_between_self_and_other():
    """A parameter of another model has the same name, `availability_leak`, and another meaning."""
    script, model = SCRIPTS["reflection"], load_model("leaky_beta")
    people = median_people(model, DRAWS, source(), figures=5)
    assert "availability_leak" in people
    for level in (0.0, 1.0):
        changed = script.separating(model, people, level)
        assert all(changed[name] is value for name, value in people.items())


def test_equal_beliefs_move_alike_where_self_and_other_are_one():
    script, model = SCRIPTS["reflection"], load_model("self_other_leak")
    people = dict.fromkeys(median_people(model, 3, source(), figures=5), np.full(3, 0.2))
    people |= {name: np.full(3, 0.6) for name in ("availability_start", "worth_start")} | {"fading": np.zeros(3)}
    np.testing.assert_allclose(script.alikeness(model, people, [ScriptedEvent(0.0, 4)]), 1.0)


def test_full_containment_is_constant_care():
    script, model = SCRIPTS["containment"], prediction_matrix.load_named_model("models/deactivating.toml")
    people = people_alike(median_people(model, 4, source()), script.GROUP)
    people["bid_activation"] = np.zeros_like(people["bid_activation"])
    people["bid_bias"] = np.full_like(people["bid_bias"], 30.0)  # everybody comes
    rate, n = people["availability_rate"][:: script.GROUP], script.SESSIONS
    people["availability_start"] = np.full_like(people["availability_start"], script.INITIAL)
    rises = script.rises(model, people, 1.0, SEED)
    expected = (0.8 - script.INITIAL) * (1 - (1 - rate) ** n)
    error = np.sqrt(0.8 * 0.2 * rate / (2 - rate) / script.GROUP)  # of the mean of twenty delta rules
    assert (np.abs(rises[-1] - expected) < 4 * error).all()
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 3)], people, SEED)
    assert (data["answer_bid"].values == 1).all()


def test_a_mixed_belief_has_the_variance_between_its_parts():
    mixed = mixed_belief([np.array(0.25), np.array(0.75)], [np.array(0.0), np.array(1.0)])
    assert (mixed.mean, mixed.variance) == (0.75, 0.1875)


def test_courses_to_security_have_the_same_outcomes():
    """Earned and mixed differ in order alone, and earned and always secure people end with the same sessions."""
    courses = SCRIPTS["earned_security"].courses(50, source())
    earned, always, mixed = (np.stack([event.outcome for event in courses[name]]) for name in courses)
    np.testing.assert_array_equal(earned.sum(axis=0), mixed.sum(axis=0))
    np.testing.assert_array_equal(earned[20:], always[20:])
    assert earned[:20].mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 1000))
    for outcomes, chance in ((always[:20], 0.9), (mixed[:20], (20 * 0.1 + 24 * 0.9) / 44)):
        assert outcomes.mean() == pytest.approx(chance, abs=4 * np.sqrt(0.25 / 1000))


def test_an_sd_by_the_number_of_sessions_does_not_depend_on_the_way():
    np.testing.assert_allclose(result("earned_security", "kalman").effect, 0.0, atol=1e-12)


def test_an_sd_by_counts_is_that_of_a_beta_distribution():
    """The mean is m and the evidence strength + 44, whatever the order, so that earned minus mixed is 0."""
    script, model = SCRIPTS["earned_security"], load_model("conjugate_beta")
    people = median_people(model, DRAWS, source())
    alike = people_alike(people, script.GROUP)
    earned = script.courses(DRAWS * script.GROUP, source())["earned"]
    evidence = alike["availability_strength"] + 44
    responses = np.sum([event.outcome for event in earned], axis=0)
    mean = (alike["availability_strength"] * alike["availability_start"] + responses) / evidence
    sd = group_means(np.sqrt(mean * (1 - mean) / (evidence + 1))[None], script.GROUP)[0]
    np.testing.assert_allclose(script.sd_by_session(model, alike, earned, DRAWS)[-1], sd)
    assert result("earned_security", "conjugate_beta").effect.max() < 1e-12


def test_the_least_concentration_is_where_an_insecure_person_makes_an_exception():
    """After 20 events of .1, a first outcome of 1 is as probable of a new cause as of the old one."""
    recency = sum(w * np.exp(-rate * np.arange(1, 22)).sum() for rate, w in zip(DECAY_RATES, WEIGHTS, strict=True))
    old, neutral, insecure = np.exp(-(((1.0 - np.array([0.1, 0.5, 0.4])) / 0.3) ** 2) / 2)
    assert recency * old / neutral == pytest.approx(0.16, abs=0.01)
    least, _ = parameters(load_model("latent_cause_strict"))["concentration"].prior_90
    assert recency * old / insecure == pytest.approx(least, abs=0.01)


@pytest.mark.parametrize("name", ["deactivating_growth", "deactivating_leaky_beta"])
def test_people_who_deactivate_do_so_in_the_same_way_in_every_model(name):
    """The models differ in what people learn, and not in their bids."""
    one, other = (
        parameters(prediction_matrix.load_named_model(f"models/{each}.toml")) for each in ("deactivating", name)
    )
    bids = [key for key in one if key.startswith("bid_")]
    assert bids
    assert [one[key] for key in bids] == [other[key] for key in bids]
