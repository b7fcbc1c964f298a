"""A parameter that has a value per event, by hand, for every learning rule, and in a record of its model."""

import numpy as np
import pytest
from scipy import special, stats
from session_study import PEOPLE, SESSIONS, sessions_table, write_study
from two_waves import two_waves, wave_study

from iwm_bayes.data.formulas.effects import bound_to_events, event_problems, with_event_effects
from iwm_bayes.data.study import read_study_file
from iwm_bayes.filtering.arrays import event_array, response_array
from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.model_record import model_from_record, model_record
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.event_effects import is_read_at_events
from iwm_bayes.rules.modifiers.probe import is_read
from iwm_bayes.rules.modifiers.shift import SHIFTS
from iwm_bayes.rules.own_file import example_values
from iwm_bayes.types import EventEffect, Learner, map_tree, named_leaves, parameters, rule_values, unflatten
from iwm_bayes.workflow.load import load_data
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.study import Column, Wave

NOISE = 'availability_rating_noise = "homework"\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A model with effects on the learning rate and on the response SD, and its data."""
    path = write_study(tmp_path_factory.mktemp("study"), "arm * within(mood)", more=NOISE)
    return load_data(read_study_file(path))


def values_of(model, seed=2):
    """Random values of everyone on the natural scale."""
    generator, found = np.random.default_rng(seed), {}
    for name, declared in parameters(model).items():
        low, high = declared.prior_90 if declared.fixed is None else (declared.fixed, declared.fixed)
        alike = declared.pooling == "complete"
        found[name] = generator.uniform(low, high, 1 if alike else PEOPLE) * np.ones(PEOPLE)
    return found


def test_the_likelihood_is_that_of_a_loop_with_a_rate_per_event(study):
    """Rescorla-Wagner with a learning rate and a response SD that follow from the table, one row at a time."""
    model, data = study
    values, table = values_of(model), sessions_table()
    terms = likelihood_terms(model, figure_names(data), values, event_array(data), response_array(model, data))
    [term] = terms
    found = response_log_density(model.responses[term.name].family, term.arguments, term.value, term.recorded)
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    table["mood_within"] = deviation / deviation.std(ddof=1)
    own = {name.removeprefix("availability_"): value[0] for name, value in values.items() if "_rat" in name}
    for person in range(PEOPLE):
        rows = table[table["patient"] == f"p{person + 1:02d}"]
        belief = values["availability_start"][person]
        for event, (_, row) in enumerate(rows.iterrows()):
            slope = own["rate_within_mood"] + own["rate_arm_tau_within_mood"] * (row["arm"] == "tau")
            log_odds = special.logit(values["availability_rate"][person]) + slope * row["mood_within"]
            belief += special.expit(log_odds) * (row["helped"] - belief)
            noise = values["availability_rating_noise"][person] * np.exp(
                own["rating_noise_homework_partly"] * (row["homework"] == "partly")
                + own["rating_noise_homework_yes"] * (row["homework"] == "yes")
            )
            expected = stats.norm.logpdf(row["closeness"], belief, np.hypot(noise, 0.02))
            assert found[event, person] == pytest.approx(expected, rel=1e-9)
    assert found.shape == (SESSIONS, PEOPLE)


def test_effects_of_0_change_nothing(study):
    """With every effect at 0, beliefs and response SDs are those of the model without effects."""
    model, data = study
    bare = load_model(model.source["path"])
    values = values_of(model)
    at_0 = values | {each.name: np.zeros(PEOPLE) for each in model.event_effects}
    [found] = likelihood_terms(model, figure_names(data), at_0, event_array(data), response_array(model, data))
    without = data.drop_vars("event_terms")
    [plain] = likelihood_terms(bare, figure_names(data), values, event_array(without), response_array(bare, without))
    for name in ("mu", "sigma"):
        np.testing.assert_allclose(
            found.arguments[name], plain.arguments[name] * np.ones(found.value.shape), rtol=1e-12
        )


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_have_parameters_per_event(name):
    """Each parameter that is read at events: with an effect, the states are those of the parameter's moved value."""
    rule = lift_learner(RULES[name]) if isinstance(RULES[name], Learner) else RULES[name]
    declared = dict(named_leaves(rule.parameters))
    varying = [leaf for leaf in declared if is_read_at_events(rule, leaf)]
    generator = np.random.default_rng(3)
    values = {leaf: example_values(own) + 0.0 for leaf, own in declared.items()}
    terms = np.array([[[0.5, -1.0, 2.0]], [[1.0, 0.0, -0.5]], [[0.0, 3.0, 1.0]]])  # (event, term, person)
    fields = np.zeros((3, 11, 3))
    fields[:, 0] = generator.integers(0, 2, (3, 3))
    fields[:, 1:6] = 1.0
    fields[:, 5:7] = 0.0
    fields[:, 7], fields[:, 8] = 1.0, 0.0
    fields[1:, 9] = 1.0
    events = np.concatenate([fields, terms], axis=1)
    model = load_model("rescorla_wagner")._replace(rule=rule, responses={})
    for leaf in varying:
        changed = with_event_effects(model, [EventEffect(leaf, "x", "effect")], ["x"])
        p = rule_values(changed, values | {"effect": np.full(3, 0.3)})
        with np.errstate(all="ignore"):
            moved = [each.after for each in filter_events(changed.rule, p, events, 2)]
            support, s = declared[leaf].support, rule.start(unflatten(rule.parameters, iter(values.values())), 2)
            for event in range(3):
                x = 0.3 * terms[event, 0]
                at = values[leaf]
                at = {"unit": special.expit(special.logit(at) + x), "positive": at * np.exp(x), "real": at + x}[support]
                own = unflatten(rule.parameters, iter((values | {leaf: at}).values()))
                one = rule._replace(start=lambda *_, s=s: s, terms=("x",))
                [filtered] = filter_events(one, own, events[event : event + 1], 2)
                s = filtered.after
                for (field, found), (_, expected) in zip(named_leaves(moved[event]), named_leaves(s), strict=True):
                    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=f"{leaf} {field}")
    assert not any("start" in leaf for leaf in varying)
    assert varying or name == "static"


@pytest.mark.parametrize("by", [-800.0, -3.0, 0.0, 2.0, 800.0])
def test_a_value_moves_on_its_link_scale(by):
    """Also at the ends of 0..1, where there are no log-odds, and by more than a number can hold."""
    values = np.array([0.0, 1e-9, 0.2, 0.5, 1.0 - 1e-9])
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        moved = SHIFTS["unit"](values[1:], by)
    np.testing.assert_allclose(moved, special.expit(special.logit(values[1:]) + by), rtol=1e-9)
    if abs(by) < 700.0:
        np.testing.assert_array_equal(SHIFTS["unit"](np.array([0.0, 1.0]), by), [0.0, 1.0])


def test_a_parameter_that_is_read_with_threat_alone_is_read():
    """An example that has no threat would say that nothing reads it."""
    rule = lift_learner(RULES["rescorla_wagner"])

    def drift(p, s, event):
        return map_tree(lambda belief: belief - 0.1 * p.availability.rate * event.threat, s)

    def learn(_, s, __):
        return s

    frightening = rule._replace(drift=drift, learn=learn)
    assert is_read(frightening, "availability_rate", learns=False)
    assert not is_read(frightening, "worth_rate", learns=True)


def test_parameters_that_cannot_change_between_sessions_say_why():
    """Initial beliefs are read once; what is left of earlier answers belongs to no session; the others can change."""
    read_once = {name for name in parameters(load_model("kalman")) if "start" in name}
    refused = {name for name in parameters(load_model("kalman")) if list(event_problems(load_model("kalman"), name))}
    assert refused == read_once != set()
    carried = load_model("autoregressive")
    said = {name: " ".join(event_problems(carried, name)) for name in parameters(carried)}
    assert {name for name, sentence in said.items() if "earlier sessions" in sentence} == {
        name for name in said if name.endswith("persistence")
    }


def test_a_model_with_effects_is_read_back(study):
    """The record has the effects, and what is read back has the likelihood of the model that was recorded."""
    model, data = study
    again = model_from_record(model_record(model))
    assert parameters(again) == parameters(model)
    assert (again.event_effects, again.rule.terms) == (model.event_effects, model.rule.terms)
    assert bound_to_events(again, data) == again
    values = values_of(model)
    found = [
        next(iter(likelihood_terms(each, figure_names(data), values, event_array(data), response_array(each, data))))
        for each in (model, again)
    ]
    np.testing.assert_array_equal(found[0].arguments["mu"], found[1].arguments["mu"])


def test_waves_and_covariates_of_sessions_join():
    """A parameter changes between waves and between sessions; its value is that of both, by hand at one event."""
    table = two_waves(people=4, sessions=3)
    table = table[table["figure"] == "mother"].reset_index(drop=True)
    table["mood"] = np.random.default_rng(5).normal(size=len(table))
    one = {"availability_rating": Column("closeness", commensurable=True)}
    study = wave_study(table, one, Wave("wave"), formulas={"availability_rate": "mood"})
    model = Model("rescorla_wagner", study)
    spec, data = model.spec, model.data
    assert {"mood", "wave second"} <= set(map(str, data["event_term"].values))
    generator = np.random.default_rng(6)
    values = {
        name: generator.uniform(*own.prior_90, 4) if own.fixed is None else np.full(4, own.fixed)
        for name, own in parameters(spec).items()
    }
    [first, *_] = likelihood_terms(spec, figure_names(data), values, event_array(data), response_array(spec, data))
    rate, start = (
        special.logit(values[name][0]) - values[f"{name}_change"][0] / 2.0
        for name in ("availability_rate", "availability_start")
    )
    z = (table["mood"] - table["mood"].mean()) / table["mood"].std(ddof=1)
    [at_first] = [z[(table["person"] == "p0") & (table["wave"] == "first") & (table["session"] == 1)]]
    learned = special.expit(rate + values["availability_rate_mood"][0] * at_first.item())
    start = special.expit(start)
    outcome = float(data["outcome"].values[0, 0])
    assert first.arguments["mu"][0, 0] == pytest.approx(start + learned * (outcome - start), rel=1e-9)
    again = model_from_record(model_record(spec))
    assert parameters(again) == parameters(spec)
    assert again.rule.terms == spec.rule.terms
