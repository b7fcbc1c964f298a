"""Model files: the model has what the file states, and faults are reported with a remedy."""

from pathlib import Path

import numpy as np
import pytest
from helpers import constants, one_person_events

from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification import model_file
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, parameters

RATINGS = ["availability_rating", "worth_rating"]


@pytest.fixture
def load(tmp_path):
    """Return a function that loads a model with a rule, responses (a list, or kinds by name) and further lines."""

    def load(rule="rescorla_wagner", responses=RATINGS, more="", head=""):
        by_name = responses if isinstance(responses, dict) else None
        listed = [f'{name} = "{kind}"' for name, kind in by_name.items()] if by_name else map('"{}"'.format, responses)
        given = ("{{ {} }}" if by_name else "[{}]").format(", ".join(listed))
        path = tmp_path / "mine.toml"
        path.write_text(
            f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "{rule}"\nresponses = {given}\n{head}\n{more}\n'
        )
        return model_file.load_model(path)

    return load


KINDS = [kind for kind in RESPONSES if not kind[-1].isdigit()] + ["worth_ordinal_3..11", "invest_3..11"]


def faults(load, **arguments):
    """Return all problems as one text; every problem names the file."""
    with pytest.raises(InputError) as caught:
        load(**arguments)
    assert all("mine.toml" in problem for problem in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize("name", model_file.built_in_models())
def test_built_in_model_loads(name):
    """Every built-in model has claim, predictions, needs, reference, equation, and a meaning of each parameter."""
    model = model_file.load_model(name)
    assert model.name == name
    assert model.claim
    assert model.predicts
    assert model.needs
    assert model.reference
    assert model.equation
    assert all(parameter.meaning for parameter in parameters(model).values())


@pytest.mark.parametrize(
    ("nested", "whole"),
    [("conjugate_beta", "leaky_beta"), ("revisionist", "prototype"), ("figures_apart", "compensatory")],
)
def test_nested_models_differ_by_one_line(nested, whole):
    """A nested model fixes one short name: same rule, same responses, same other priors."""
    one, other = model_file.load_model(nested), model_file.load_model(whole)
    assert list(one.responses) == list(other.responses)
    assert one.claim != other.claim
    found, expected = parameters(one), parameters(other)
    changed = [name for name in expected if found[name] != expected[name]]
    assert changed
    assert len({name.removeprefix("availability_").removeprefix("worth_") for name in changed}) == 1
    assert all(found[name] == expected[name]._replace(fixed=found[name].fixed) for name in changed)


@pytest.mark.parametrize("strict", [name for name in model_file.built_in_models() if name.endswith("_strict")])
def test_a_strict_variant_only_narrows_priors(strict):
    """The same rule and responses, another claim, and priors that are narrower on the link scale."""
    one, other = model_file.load_model(strict), model_file.load_model(strict.removesuffix("_strict"))
    assert list(one.responses) == list(other.responses)
    assert one.claim != other.claim
    found, expected = parameters(one), parameters(other)
    changed = [name for name in expected if found[name] != expected[name]]
    assert changed
    for name in changed:
        assert found[name] == expected[name]._replace(prior_90=found[name].prior_90)
        link, _ = LINKS[found[name].support]
        narrow, wide = (np.ptp([link(np.float64(end)) for end in one[name].prior_90]) for one in (found, expected))
        assert narrow < wide


def test_slow_forgetting_is_what_the_files_say():
    """Half of the evidence is left after 23 weeks and after 13 years; a year takes 40% of a variance of 0.04."""
    leak = np.array(parameters(model_file.load_model("leaky_beta_strict"))["availability_leak"].prior_90)
    np.testing.assert_allclose(np.log(0.5) / np.log(1 - leak), [13 * 52, 23], rtol=0.05)
    diffusion = parameters(model_file.load_model("kalman_strict"))["availability_diffusion"].prior_90
    np.testing.assert_allclose(diffusion, [0.04 * 0.04 / 52, 0.4 * 0.04 / 52], rtol=0.05)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("response", [kind for kind in RESPONSES if not kind[-1].isdigit() or kind.endswith("_5")])
def test_every_rule_goes_with_every_response(load, rule, response):
    """Parts combine freely; a rule's parameters keep their names with every response."""
    model = load(rule, [response])
    assert list(model.responses) == [response]
    assert [name for name in parameters(model) if name.startswith(f"{response}_")]


def test_short_name_sets_both_copies(load):
    """`rate` sets availability_rate and worth_rate alike; the rest keeps its default."""
    found = parameters(load(more="[parameters.rate]\nprior_90 = [0.1, 0.2]"))
    assert found["availability_rate"].prior_90 == found["worth_rate"].prior_90 == (0.1, 0.2)
    assert found["availability_start"] == found["worth_start"] == RULES["rescorla_wagner"].parameters.start


def test_prefixed_name_sets_its_own(load):
    """`worth_rate` leaves availability_rate unchanged."""
    found = parameters(load(more='[parameters.worth_rate]\nfixed = 0.3\npooling = "complete"'))
    assert found["worth_rate"].fixed == 0.3
    assert found["worth_rate"].pooling == "complete"
    assert found["availability_rate"] == RULES["rescorla_wagner"].parameters.rate


def test_name_from_two_places_is_an_error(load):
    """A short and a prefixed name may not both set one parameter."""
    said = faults(load, more="[parameters.rate]\nfixed = 0.1\n[parameters.worth_rate]\nfixed = 0.2")
    assert "worth_rate is set from two places" in said


def test_worth_is_left_out_where_nothing_reads_it(load):
    """A learner gets self-worth only if a response reads it."""
    assert not [name for name in parameters(load(responses=["availability_rating", "approach"])) if "worth" in name]
    assert [name for name in parameters(load(responses=RATINGS)) if name.startswith("worth_") and "rating" not in name]


def test_first_rating_of_each_belief_fixes_its_scale(load):
    """Intercept 0 and slope 1 for the first rating of a belief; a second one is free."""
    kinds = {"first": "availability_rating", "self": "worth_rating", "second": "availability_rating"}
    found = parameters(load(responses=kinds))
    for name in ("first", "self"):
        assert (found[f"{name}_intercept"].fixed, found[f"{name}_slope"].fixed) == (0.0, 1.0)
    assert (found["second_intercept"].fixed, found["second_slope"].fixed) == (None, None)
    assert all(found[f"{name}_noise"].fixed is None for name in ("first", "self", "second"))


def test_a_parameter_fixed_by_default_can_be_freed(load):
    """`fixed = false` frees it, with the priors given next to it."""
    more = "[parameters.worth_rating_slope]\nfixed = false\nprior_between_sd = 0.4"
    found = parameters(load(responses=RATINGS, more=more))
    assert (found["worth_rating_slope"].fixed, found["worth_rating_slope"].prior_between_sd) == (None, 0.4)
    assert found["worth_rating_intercept"].fixed == 0.0


def test_fixed_at_a_whole_number(load):
    """`fixed = 0` is the number, not `false`, which would free the parameter."""
    found = parameters(load(more="[parameters.worth_rate]\nfixed = 0\n[parameters.availability_rate]\nfixed = 1"))
    assert (found["worth_rate"].fixed, found["availability_rate"].fixed) == (0.0, 1.0)


def test_parameter_that_may_differ_by_figure_does(load):
    """Availability's parameters may have one group mean per figure; so may a response's."""
    by_figure = 'by = "figure"'
    found = parameters(
        load(more=f"[parameters.availability_start]\n{by_figure}\n[parameters.worth_rating_noise]\n{by_figure}")
    )
    assert found["availability_start"].by == found["worth_rating_noise"].by == "figure"
    assert found["worth_start"].by == "person"


def test_parameter_name_that_occurs_twice(load):
    """A response may not have a name by which one of its parameters equals one of the rule's."""
    said = faults(load, rule="kalman", responses={"availability": "availability_rating"})
    assert "availability_noise occurs twice" in said
    assert "Rename a response" in said


def test_unknown_model_is_answered_with_the_built_in_ones():
    """An unknown name is answered with the built-in models, and with the nearest one."""
    with pytest.raises(InputError) as caught:
        model_file.load_model("kalmen")
    assert [name for name in model_file.built_in_models() if name not in str(caught.value)] == []
    assert 'Did you mean "kalman"?' in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"head": 'colour = "red"'}, ["key `colour`", "unknown key"]),
        ({"head": "expectancy_bias = true"}, ["key `expectancy_bias`", "take it out", "names its raters"]),
        ({"more": "[parameters.rate]\ntypicl = [0.1, 0.2]"}, ["key `parameters.rate.typicl`", "unknown key"]),
        ({"rule": "rescorla"}, ["key `rule`", "'rescorla'", *RULES]),
        ({"responses": ["aproach"]}, ["key `responses`", "aproach", *KINDS]),
        ({"responses": []}, ["key `responses`", *KINDS]),
        ({"responses": ["approach", "approach"]}, ["key `responses`", "once"]),
        ({"more": "[parameters.worth_rte]\nfixed = 0.1"}, ["key `parameters.worth_rte`", "Did you mean `worth_rate`?"]),
        ({"more": "[parameters.zeal]\nfixed = 0.1"}, ["key `parameters.zeal`", "availability_rate"]),
        ({"more": '[parameters.transfer]\nby = "figure"', "head": "transfer = true"}, ["cannot differ by figure"]),
        ({"more": '[parameters.worth_rate]\nby = "figure"'}, ["parameters.worth_rate", "cannot differ by figure"]),
        ({"more": "[parameters.worth_rate]\nprior_90 = [0.5, 0.2]"}, ["parameters.worth_rate", "`prior_90`", "rising"]),
        ({"more": "[parameters.worth_rate]\nprior_90 = [0.0, 0.5]"}, ["parameters.worth_rate", "`prior_90`", "'unit'"]),
        ({"more": "[parameters.worth_rate]\nfixed = 1.5"}, ["parameters.worth_rate", "`fixed`", "'unit'"]),
        ({"more": "[parameters.worth_rating_slope]\nprior_between_sd = 0.4"}, ["fixed at 1", "`fixed = false`"]),
        ({"more": "[parameters.worth_rate]\nfixed = true"}, ["parameters.worth_rate", "`fixed` must be a number"]),
        ({"more": "[parameters.rate]\nprior_between_sd = 0.0"}, ["parameters.rate.prior_between_sd"]),
        ({"more": '[parameters.rate]\npooling = "some"'}, ["parameters.rate.pooling", "partial"]),
        ({"rule": "compensatory", "head": "transfer = true"}, ["key `transfer`", "Take `transfer` out"]),
        (
            {"rule": "strain_test", "more": "[parameters.worth_leak]\nfixed = 0.95"},
            ["parameters.worth_leak", "reaches 0.95", "worth_care begins at 0.9"],
        ),
        ({"more": "[parameters"}, ["not a TOML file"]),
    ],
)
def test_fault_is_named_with_its_remedy(load, arguments, said):
    """Each fault is one message that names file, key and remedy."""
    message = faults(load, **arguments)
    assert [part for part in said if part not in message] == []


OWN = '''"""A belief that copies the last outcome.

    value <- outcome
"""
from iwm_bayes.rules.rescorla_wagner import Parameters, State, belief, drift, start
from iwm_bayes.types import Learner

def learn(p, s, outcome):
    return State(outcome + 0.0 * s.value)

COPY = Learner(Parameters(), start, drift, learn, belief)
'''


def test_a_rule_of_ones_own(load, tmp_path):
    """A Python file next to the model file gives a rule that simulates like any other; its equation is shown."""
    (tmp_path / "my_rule.py").write_text(OWN)
    model = load("my_rule.py:COPY", RATINGS)
    assert model.equation.strip() == "value <- outcome"
    data = simulate(model, [Phase({"partner": constant_care(0.5)}, 12)], 5, 1)
    distance = np.abs(data["answer_availability_rating"] - data["outcome"])
    assert float(distance.median()) < 0.2  # the SD of a rating, often .1; a belief that learned slowly is near .5


@pytest.mark.parametrize(
    ("text", "rule", "said"),
    [
        (OWN, "other.py:COPY", ["other.py", "no such Python file"]),
        (OWN, "my_rule.py:RULE", ["my_rule.py", "'RULE'"]),
        ("RULE = 1 / 0", "my_rule.py:RULE", ["my_rule.py", "does not run", "ZeroDivisionError"]),
        ("RULE = 3", "my_rule.py:RULE", ["no Learner or Rule"]),
    ],
)
def test_a_wrong_rule_of_ones_own(load, tmp_path, text, rule, said):
    """A missing file, a missing name, code that fails and an object that is no rule are each named."""
    (tmp_path / "my_rule.py").write_text(text)
    with pytest.raises(InputError) as caught:
        load(rule)
    assert [word for word in said if word not in str(caught.value)] == []


def test_the_page_on_a_model_of_your_own(tmp_path):
    """Rule and model run as the page shows them and follow the equation, and the page is short."""
    page = (Path(__file__).parents[2] / "docs" / "learn" / "your_own_model.md").read_text()
    assert len(page.splitlines()) < 60
    for name, language in (("forgetful.py", "python"), ("mine.toml", "toml")):
        (tmp_path / name).write_text(page.split(f"```{language}\n")[1].split("```")[0])
    rule = model_file.load_model(tmp_path / "mine.toml").rule
    starts = {"availability_start": 0.9, "worth_start": 0.4}
    p = constants(rule, **starts, availability_rate=0.2, availability_kept=0.5, worth_rate=0.1, worth_kept=1.0)
    first = 0.7 + 0.2 * (1.0 - 0.7)  # a unit of time before the first event takes .9 to .7
    readouts = [Readout("availability", "after"), Readout("worth", "after")]
    beliefs = filter_readouts(rule, p, one_person_events([1.0]), 1, readouts)
    assert [belief[0, 0] for belief in beliefs] == pytest.approx([first, 0.46], rel=1e-12)
