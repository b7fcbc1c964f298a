"""What moves beliefs in addition to learning: where rules hold them, the trend, and belief noise."""

import numpy as np
import pytest
from helpers import (
    constants,
    draw_theta,
    lifted_rules,
    natural_parameters,
    one_person_events,
    random_data,
)
from scipy.special import expit, logit

from iwm_bayes.cli.compare import models_with_trend
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array, with_innovations
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.specification.additions import with_added
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.model_record import model_from_record, model_record
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.belief_noise import with_belief_noise
from iwm_bayes.rules.modifiers.trend import with_trend
from iwm_bayes.types import InputError, ModelSpec, named_leaves, parameters, unflatten

ALL = lifted_rules()
MOVABLE = {name: rule for name, rule in ALL.items() if rule.own_scale is not None}
IMMOVABLE = {"splitting", "strain_test", "contingent", "latent_cause", "noisy_and"}
STEADY = {name: rule for name, rule in MOVABLE.items() if name != "growth" and "trend" not in name}
movable = pytest.mark.parametrize("rule", MOVABLE.values(), ids=MOVABLE)
without_plateau = pytest.mark.parametrize("rule", STEADY.values(), ids=STEADY)
BELIEFS = [Readout(about, timing) for about in ("availability", "worth") for timing in ("before", "after")]
ROUNDING = 1e-9


def some_people(rule, figures=2, people=4, seed=3):
    """Return events of several people with several figures, and parameters of a rule from its prior."""
    events = event_array(random_data(figures, people, seed=seed))
    return events, draw_theta(rule, figures, people)


def with_values(rule, p, **values):
    """Return parameters with other values of those named, for everybody and every figure."""
    leaves = dict(named_leaves(p))
    return unflatten(
        rule.parameters,
        (0.0 * leaves[name] + values.get(name, leaves[name]) for name, _ in named_leaves(rule.parameters)),
    )


def as_before(modified, rule, theta, more):
    """Return parameters of a modified rule: those of the rule before, and some of those that were added."""
    own = dict(named_leaves(natural_parameters(rule, theta, 2, 4)))
    p = natural_parameters(modified, draw_theta(modified, 2, 4), 2, 4)
    return with_values(modified, p, **own | more)


def one(**values):
    return {f"availability_{name}": value for name, value in values.items()}


def both(**values):
    return {f"{belief}_{name}": value for belief in ("availability", "worth") for name, value in values.items()}


def test_rules_that_hold_a_belief_in_one_place_say_where():
    """Only rules without such a place have none, and each says why."""
    assert set(ALL) - set(MOVABLE) == IMMOVABLE
    assert all(ALL[name].no_own_scale for name in IMMOVABLE)


@movable
def test_beliefs_are_moved_by_what_is_added(rule):
    """The beliefs about the event's figure and oneself are higher by what was added, and no other figure's is."""
    events, theta = some_people(rule)
    p = natural_parameters(rule, theta, 2, 4)
    *_, last = filter_events(rule, p, events[:6], 2)
    event, state, scale = last.event, last.after, rule.own_scale
    other = event._replace(figure=1.0 - event.figure)
    added = {"availability": np.array([0.1, -0.2, 0.0, 0.3]), "worth": np.array([0.05, 0.0, -0.1, 0.2])}
    moved = scale.move(state, event, added)
    for belief, amount in added.items():
        np.testing.assert_allclose(
            scale.read(moved, event)[belief] - scale.read(state, event)[belief], amount, atol=ROUNDING
        )
    np.testing.assert_allclose(
        scale.read(moved, other)["availability"], scale.read(state, other)["availability"], atol=ROUNDING
    )


@movable
def test_the_own_scale_is_that_of_the_belief(rule):
    """A belief that is moved to the place of .7 is .7."""
    events, theta = some_people(rule)
    p = natural_parameters(rule, theta, 2, 4)
    *_, last = filter_events(rule, p, events[:6], 2)
    event, state, scale = last.event, last.after, rule.own_scale
    goal, now = scale.link(state, event, both_beliefs(0.7)), scale.read(state, event)
    moved = scale.move(state, event, {name: goal[name] - now[name] for name in now})
    found = rule.beliefs(p, moved, event)
    np.testing.assert_allclose(found.availability.mean, 0.7, atol=ROUNDING)
    np.testing.assert_allclose(found.worth.mean, 0.7, atol=ROUNDING)


def both_beliefs(value):
    return dict.fromkeys(("availability", "worth"), np.full(4, value))


@movable
def test_without_noise_the_rule_is_itself(rule):
    """Belief noise of 0 changes no belief."""
    events, theta = some_people(rule)
    modified = with_belief_noise(rule)
    drawn = np.random.default_rng(1).normal(size=(2, len(events), 4))
    plain = filter_readouts(rule, natural_parameters(rule, theta, 2, 4), events, 2, BELIEFS)
    p = as_before(modified, rule, theta, both(belief_noise=0.0))
    found = filter_readouts(modified, p, with_innovations(events, drawn), 2, BELIEFS)
    np.testing.assert_allclose(found, plain, rtol=0, atol=ROUNDING)


@without_plateau
def test_without_pace_the_rule_is_itself(rule):
    """A trend of pace 0 changes no belief."""
    events, theta = some_people(rule)
    modified = with_trend(rule)
    plain = filter_readouts(rule, natural_parameters(rule, theta, 2, 4), events, 2, BELIEFS)
    found = filter_readouts(modified, as_before(modified, rule, theta, both(pace=0.0)), events, 2, BELIEFS)
    np.testing.assert_allclose(found, plain, rtol=0, atol=ROUNDING)


@without_plateau
def test_at_full_pace_a_belief_before_an_outcome_is_the_plateau(rule):
    """Where all of the way is gone at once, what was learned is forgotten by the next event."""
    events, theta = some_people(rule)
    modified = with_trend(rule)
    p = as_before(modified, rule, theta, both(pace=1.0, plateau=0.7))
    [found] = filter_readouts(modified, p, events, 2, [Readout("availability", "before")])
    present = events[:, EVENT_FIELDS.index("since_any")] > 0
    np.testing.assert_allclose(found[present], 0.7, rtol=0, atol=ROUNDING)


def test_a_trend_without_learning_is_growth():
    """The rule `static` with a trend is the rule `growth`, and so is a delta rule at a learning rate of 0."""
    growth, theta = ALL["growth"], draw_theta(ALL["growth"], 2, 4)
    events = event_array(random_data(2, 4))
    own = dict(named_leaves(natural_parameters(growth, theta, 2, 4)))
    expected = filter_readouts(growth, natural_parameters(growth, theta, 2, 4), events, 2, BELIEFS)
    for name in ("static", "rescorla_wagner"):
        trend = with_trend(ALL[name])
        p = natural_parameters(trend, draw_theta(trend, 2, 4), 2, 4)
        found = filter_readouts(trend, with_values(trend, p, **own, **both(rate=0.0)), events, 2, BELIEFS)
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)


def test_trend_and_learning_in_closed_form():
    """A delta rule towards outcomes and a trend in log-odds or not, by hand, over unequal times."""
    outcomes, since = [1.0, 0.0, 1.0], np.array([1.0, 3.0, 0.5])
    events = one_person_events(outcomes)
    events[:, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")], 0] = since[:, None]
    rule = with_trend(lift_learner(RULES["rescorla_wagner"], worth=False))
    p = constants(rule, availability_start=0.2, availability_rate=0.3, **one(plateau=0.8, pace=0.1))
    belief, expected = 0.2, []
    for outcome, time in zip(outcomes, since, strict=True):
        belief = 0.8 + (belief - 0.8) * 0.9**time
        belief += 0.3 * (outcome - belief)
        expected.append(belief)
    [found] = filter_readouts(rule, p, events, 1, BELIEFS[1:2])
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)
    rule = with_trend(lift_learner(RULES["hgf"], worth=False))
    p = constants(rule, **one(start=0.2, tonic=-3.0, start_variance=0.5, plateau=0.8, pace=0.1))
    mean, variance, expected = logit(0.2), 0.5, []
    for outcome, time in zip(outcomes, since, strict=True):
        mean, variance = logit(0.8) + (mean - logit(0.8)) * 0.9**time, variance + time * np.exp(-3.0)
        b = expit(mean)
        variance = variance / (1.0 + variance * b * (1.0 - b))
        mean += variance * (outcome - b)
        expected.append(expit(mean))
    [found] = filter_readouts(rule, p, events, 1, BELIEFS[1:2])
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_belief_noise_in_closed_form():
    """Each innovation moves the belief by itself, times the SD and the root of the time that has passed."""
    outcomes, since, drawn = [1.0, 0.0, 1.0], np.array([1.0, 4.0, 0.25]), np.array([0.5, -1.2, 2.0])
    events = one_person_events(outcomes)
    events[:, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")], 0] = since[:, None]
    rule = with_belief_noise(lift_learner(RULES["rescorla_wagner"], worth=False))
    assert rule.innovations == ("availability_innovation",)
    p = constants(rule, **one(start=0.2, rate=0.3, belief_noise=0.1))
    belief, expected = 0.2, []
    for outcome, moved in zip(outcomes, 0.1 * np.sqrt(since) * drawn, strict=True):
        belief += moved
        belief += 0.3 * (outcome - belief)
        expected.append(belief)
    given = with_innovations(events, drawn[None, :, None])
    [found] = filter_readouts(rule, p, given, 1, BELIEFS[1:2])
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_what_is_expected_is_a_probability():
    """Where chance moves a belief beyond the scale, the belief is there, and the expectation is at the end."""
    rule = with_belief_noise(lift_learner(RULES["rescorla_wagner"], worth=False))
    p = constants(rule, **one(start=0.5, rate=0.1, belief_noise=0.2))
    given = with_innovations(one_person_events([1.0, 1.0]), np.array([[[4.0], [-9.0]]]))
    belief, expected = filter_readouts(
        rule, p, given, 1, [Readout(about, "before") for about in ("availability", "expected")]
    )
    assert belief[0, 0] == pytest.approx(1.3)
    assert belief[1, 0] < 0
    assert expected[:, 0].tolist() == [1.0, 0.0]
    for name in ("availability_beta_rating", "approach"):
        response = RESPONSES[name]
        own = constants(
            response, **{leaf: np.mean(declared.prior_90) for leaf, declared in named_leaves(response.parameters)}
        )
        arguments = response.arguments(own, belief if name != "approach" else expected)
        assert all(np.isfinite(values).all() for values in arguments.values())


def test_names_of_models_say_what_moves_beliefs():
    """A name adds to a built-in model, and Python adds the same to a model that is loaded."""
    plain, named = load_model("kalman"), load_model("kalman+trend+belief_noise")
    added = with_added(plain, ["trend", "belief_noise"])
    assert named.name == added.name == "kalman+trend+belief_noise"
    assert named.source == added.source
    assert list(parameters(named)) == list(parameters(added))
    new = [name for name in parameters(named) if name not in parameters(plain)]
    names = ("plateau", "pace", "belief_noise")
    assert sorted(new) == sorted(f"{belief}_{name}" for belief in ("availability", "worth") for name in names)
    assert named.rule.by_figure - plain.rule.by_figure == {f"availability_{name}" for name in names}
    again = model_from_record(model_record(named))
    assert again.name == named.name
    assert parameters(again) == parameters(named)
    assert (again.equation, again.claim) == (named.equation, named.claim)
    assert "plateau + (b - plateau)" in named.equation


def test_with_a_trend_learning_is_not_supposed(tmp_path):
    """The default prior of a rate begins at a tenth; a prior that a file states stays, of whatever it is."""
    learning, both = load_model("rescorla_wagner"), load_model("rescorla_wagner+trend")
    assert parameters(learning)["worth_rate"].prior_90 == (0.02, 0.5)
    assert parameters(both)["worth_rate"].prior_90 == (0.002, 0.5)
    path = tmp_path / "own.toml"
    path.write_text(
        'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
        "[parameters.availability_rate]\nprior_90 = [0.1, 0.3]\n"
    )
    assert parameters(load_model(f"{path}+trend"))["availability_rate"].prior_90 == (0.1, 0.3)
    path.write_text(path.read_text() + "[parameters.availability_plateau]\nprior_90 = [0.5, 0.9]\n")
    assert parameters(load_model(f"{path}+trend"))["availability_plateau"].prior_90 == (0.5, 0.9)


def test_a_name_puts_time_in_place_of_learning(tmp_path):
    """A model with the rule `growth` has the responses and the other priors of the file, whatever its rule is."""
    path = tmp_path / "own.toml"
    path.write_text(
        'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\narousal = true\n'
        'responses = { closeness = "availability_rating", calm = "worth_rating" }\n'
        "[parameters.diffusion]\nprior_90 = [0.01, 0.02]\n[parameters.availability_start]\nprior_90 = [0.1, 0.4]\n"
    )
    found = load_model(f"{path}+trend_alone")
    assert found.name == "own+trend_alone"
    assert set(found.responses) == {"closeness", "calm"}
    assert parameters(found)["availability_start"].prior_90 == (0.1, 0.4)
    of_rule = [name for name, _ in named_leaves(found.rule.parameters)]
    assert of_rule == [name for name, _ in named_leaves(load_model("growth").rule.parameters)]
    again = model_from_record(model_record(found))
    assert (again.name, parameters(again)) == (found.name, parameters(found))


def test_time_takes_the_place_of_learning_in_a_model_that_has_a_trend(tmp_path):
    """The trend of its file goes with its learning: both would be the same movement twice."""
    path = tmp_path / "own.toml"
    text = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = ["availability_rating"]\n'
    found = {}
    for name, more in (("own", "trend = true\n"), ("plain", "")):
        path.with_stem(name).write_text(text + more)
        found[name] = load_model(f"{path.with_stem(name)}+trend_alone")
    assert parameters(found["own"]) == parameters(found["plain"])
    assert found["own"].rule.movements == ()
    again = model_from_record(model_record(found["own"]))
    assert (again.name, parameters(again)) == ("own+trend_alone", parameters(found["own"]))


def test_a_comparison_with_a_trend_begins_with_what_has_none():
    """A study that names a model with a trend compares the same models; belief noise stays in all of them."""
    expected = ["kalman", "kalman+trend_alone", "kalman+trend"]
    for given in (["kalman"], ["kalman+trend"], ["kalman", "kalman+trend"]):
        assert models_with_trend(given) == expected
    noisy = [f"kalman{added}+belief_noise" for added in ("", "+trend_alone", "+trend")]
    assert models_with_trend(["kalman+trend+belief_noise"]) == noisy
    assert [load_model(name).name for name in noisy] == noisy


def test_a_rule_made_in_python_is_refused_by_the_name_of_its_model():
    with pytest.raises(InputError, match=r"own: .* to the rule own, because .* by plateau and pace$"):
        with_added(ModelSpec("own", lift_learner(RULES["growth"]), {}), ["trend"])


def test_a_wrong_addition_is_named_with_those_that_exist():
    with pytest.raises(InputError, match=r"\+trend or \+belief_noise or \+trend_alone"):
        load_model("kalman+trendy")


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("growth+trend", "has this movement itself"),
        ("splitting+trend", "mixture"),
        ("latent_cause+belief_noise", "several causes"),
        ("noisy_and+trend", "joint probabilities"),
    ],
)
def test_a_rule_that_cannot_be_moved_says_why(name, because):
    """One sentence names the rule, what was asked for, and the reason."""
    with pytest.raises(InputError, match=because) as error:
        load_model(name)
    assert len(error.value.problems) == 1
    assert "cannot be added" in str(error.value)
