"""A response in a file of one's own is a response like any other; what is wrong with it is said in words."""

import numpy as np
import pytest
import xarray as xr
from command import iwm
from helpers import evaluate, in_own_terms
from own_response import CHOICE, RESPONSE, write_own_response
from own_rule import RULE

from iwm_bayes import ops
from iwm_bayes.inference.answers import log_likelihood
from iwm_bayes.model.build import build
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.parts import python_files
from iwm_bayes.model.specification.response_file import check_response, response_of_module
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import own_file
from iwm_bayes.rules.own_file import run_python_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

PHASES = [Phase({"mother": constant_care(0.5), "therapist": constant_care(0.9)}, 8, assessed=True)]
MODEL = """
schema    = 2
claim     = "c"
reference = "r"
rule      = "rescorla_wagner"
responses = {responses}
"""


def load(folder, name="COMFORT"):
    path = folder / "my_responses.py"
    return response_of_module(path, run_python_file(path), name)


def written(folder, responses, text=RESPONSE):
    (folder / "my_responses.py").write_text(text)
    (folder / "model.toml").write_text(MODEL.replace("{responses}", responses))
    return folder / "model.toml"


@pytest.mark.parametrize("name", RESPONSES)
def test_every_built_in_response_does_what_a_response_must_do(name, tmp_path):
    check_response(tmp_path / name, name, RESPONSES[name])


def test_a_built_in_response_written_again_has_its_density(tmp_path):
    """At random values, on arrays and in the graph of the sampler; some answers lie at an end of the scale."""
    own = load_model(written(tmp_path, '{ near = "my_responses.py:COMFORT" }'))
    built_in = load_model(written(tmp_path, '{ near = "availability_rating" }'))
    data, generator = simulate(built_in, PHASES, 6, 1), np.random.default_rng(2)
    data["answer_near"] = data["answer_near"].clip(0.4, 0.6) * 5.0 - 2.0  # many at an end of the scale
    assert {0.0, 1.0} <= set(data["answer_near"].values.ravel().round(9))
    data["answer_near"] = data["answer_near"].round(9)
    free = free_parameters(own, figure_names(data))
    assert free == [
        one._replace(parameter=two.parameter._replace(meaning=one.parameter.meaning))
        if one.label.startswith("near")
        else two
        for one, two in zip(free, free_parameters(built_in, figure_names(data)), strict=True)
    ]
    mu = np.array([one.prior_mean + 0.3 * generator.normal(size=(1, 4)) for one in free])
    theta = mu[..., None] + 0.3 * generator.normal(size=(len(free), 1, 4, 6))
    posterior = xr.Dataset(
        {"mu": (("parameter", "chain", "draw"), mu), "theta": (("parameter", "chain", "draw", "person"), theta)},
        {"parameter": [one.label for one in free], "chain": [0], "draw": range(4)},
    )
    fit = xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": posterior})
    found, expected = (log_likelihood(model, fit)["near"] for model in (own, built_in))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    values = []
    for graph in (build(own, data), build(built_in, data)):
        dims = {rv: graph.named_vars_to_dims[rv.name] for rv in graph.free_RVs}
        point = {
            graph.rvs_to_values[rv].name: np.full([len(graph.coords[dim]) for dim in dims[rv]], 0.2) for rv in dims
        }
        _, inputs = in_own_terms(graph, point)
        [term] = graph.logp(vars=[graph["near"]], sum=False)
        values.append(evaluate(inputs, term)(*point.values()))
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12, atol=1e-12)


def test_a_list_names_a_response_by_its_name_in_small_letters(tmp_path):
    model = load_model(written(tmp_path, '["my_responses.py:COMFORT", "approach"]'))
    assert list(model.responses) == ["comfort", "approach"]
    [(key, file)] = python_files(tmp_path / "model.toml").items()
    assert key == "response file my_responses.py"
    assert file == tmp_path / "my_responses.py"


def test_a_response_that_also_reads_self_worth_has_a_belief_to_read(tmp_path):
    text = RESPONSE.replace("def arguments(p, belief)", "def arguments(p, belief, worth)")
    text = text.replace(", arguments, scale", ', arguments, also_reads=("worth",), scale')
    model = load_model(written(tmp_path, '["my_responses.py:COMFORT"]', text))
    data = simulate(model, PHASES, 3, 1)
    assert data["answer_comfort"].notnull().any()


FAULTS = {  # what is replaced, by what, and what is said
    "no response": ("COMFORT = Response(", "OTHER = Response(", ["has no Response with the name 'COMFORT'"]),
    "exit": ("import numpy as np", "import sys\nsys.exit(0)", ["ends the program"]),
    "a loop": ("    return {", "    while True:\n        pass\n    return {", ["`arguments` takes longer"]),
    "a support": ('"positive", (0.03', '"above 0", (0.03', ["`noise`", "'above 0'", "positive"]),
    "no parameter": ('= Parameter("positive", (0.03, 0.3))', "= 0.1", ["`noise`", "0.1"]),
    "a prior": ('"positive", (0.03, 0.3)', '"positive", (0.0, 0.3)', ["`noise`", "two rising numbers"]),
    "a readout": ('"availability", "after"', '"trust", "after"', ["no readout 'trust'", "availability"]),
    "a timing": ('"availability", "after"', '"availability", "later"', ["`timing` is 'later'", "'after'"]),
    "a scale": ('"intercept": 0.0, ', '"start": 0.0, ', ["`scale` names 'start'"]),
    "a sum": ("arguments, scale", 'arguments, accumulates={"threat": draw}, scale', ["'threat'", "does not read"]),
    "a lag": (
        "arguments, scale",
        'arguments, lagged={"threat": "worth"}, scale',
        ["`lagged` names 'threat'", "'worth'"],
    ),
    "an effect": ("arguments, scale", 'arguments, effect="withdraws", scale', ["discrete family"]),
    "no tail": (", log_tail=log_tail)", ")", ["both `bounds` and `log_tail`"]),
    "bounds": ("bounds=(0.0, 1.0)", "bounds=(1.0, 0.0)", ["two rising numbers"]),
    "an argument too few": ("def arguments(p, belief)", "def arguments(p)", ["arguments(p, readout, *also_reads)"]),
    "an unknown parameter": ("p.noise", "p.sd", ["line 18", "`arguments`", "sd"]),
    "a number": (
        "sqrt(p.noise**2 + 0.0004)",
        "0.1",
        ["the argument `sigma`", "one number per person", "0.1 + 0 * belief"],
    ),
    "no number": ("sqrt(p.noise**2 + 0.0004)", "log(-p.noise)", ["the argument `sigma`", "nan"]),
    "no mapping": ("    return {", "    return belief\n    return {", ["`arguments` must return", "by name"]),
    "another name": (
        "def log_density(value, mu, sigma)",
        "def log_density(value, mean, sigma)",
        ["`log_density`", "**arguments"],
    ),
    "two events": ("(belief - 0.5)", "(belief - 0.5) + (belief.ndim - 1)", ["two events at once", "from the right"]),
    "an infinite density": ("- log(sigma)", "- log(0.0 * sigma)", ["`log_density`", "finite", "inf"]),
    "a constant that lacks": ("- constant(np.log(2 * np.pi) / 2)", "", ["disagree", "the density says"]),
    "a variance": ("generator.normal(mu, sigma)", "generator.normal(mu, sigma**2)", ["disagree"]),
    "a draw of one": ("np.clip(generator.normal(mu, sigma), 0.0, 1.0)", "0.5", ["what `draw` returns", "(4000, 3)"]),
    "a draw off the scale": (
        "np.clip(generator.normal(mu, sigma), 0.0, 1.0)",
        "2 + 0 * mu",
        ["2", "no possible answer"],
    ),
    "a tail above 0": ("- distance**2 / 2", "+ 1e6", ["`log_tail` must return logs of probabilities"]),
    "a wrong tail": ("low - mu, mu - high", "mu - low, high - mu", ["disagree", "at 0"]),
    "a carry": ("arguments, scale", "arguments, carry=lambda p: p, scale", ["`carry`", "carry(p, elapsed)"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_in_words(tmp_path, monkeypatch, fault):
    """With the name of the file; the program neither ends nor waits."""
    monkeypatch.setattr(own_file, "TIME_LIMIT", 0.3 if fault == "a loop" else 10.0)
    old, new, words = FAULTS[fault]
    assert old in RESPONSE
    (tmp_path / "my_responses.py").write_text(RESPONSE.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    said = "\n".join(caught.value.problems)
    assert all(problem.startswith(str(tmp_path / "my_responses.py")) for problem in caught.value.problems)
    assert [word for word in words if word not in said] == []


def test_probabilities_of_levels_sum_to_one(tmp_path):
    """And a choice that is right passes, by its probability in place of its log odds."""
    (tmp_path / "my_responses.py").write_text(CHOICE)
    assert load(tmp_path, "COMES").effect == "withdraws"
    (tmp_path / "my_responses.py").write_text(CHOICE.replace("log(1.0 - p)", "log(1.1 - p)"))
    with pytest.raises(InputError, match="sum to"):
        load(tmp_path, "COMES")
    (tmp_path / "my_responses.py").write_text(CHOICE.replace("< p).astype", "< 1.0 - p).astype"))
    with pytest.raises(InputError, match=r"of answers at [01], 0\.\d\d are drawn, and the density says"):
        load(tmp_path, "COMES")


def test_one_error_lists_every_problem(tmp_path):
    """Of the declaration together, and of the rule and all responses of a model file."""
    text = RESPONSE.replace('"availability", "after"', '"trust", "later"').replace(
        '"positive", (0.03', '"above 0", (0.03'
    )
    path = written(tmp_path, '["my_responses.py:COMFORT", "my_responses.py:OTHER", "absent.py:ONE"]', text)
    path.write_text(path.read_text().replace('"rescorla_wagner"', '"guesses"'))
    with pytest.raises(InputError) as caught:
        load_model(path)
    said = "\n".join(caught.value.problems)
    for words in ("no rule 'guesses'", "'trust'", "'later'", "'above 0'", "the name 'OTHER'", "absent.py"):
        assert words in said
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize("fault", ["", "1 / 0"])
def test_a_file_with_a_rule_and_responses_runs_once(tmp_path, fault):
    """Also where it fails: then the fault is said once."""
    count = f"with open({str(tmp_path / 'runs')!r}, 'a') as runs:\n    runs.write('x')\n{fault}\n"
    path = written(tmp_path, '["my_responses.py:COMFORT", "my_responses.py:COMES"]')
    (tmp_path / "my_responses.py").write_text(f"{RULE}{RESPONSE}\n{CHOICE.replace('Parameters', 'Lapses')}\n{count}")
    path.write_text(path.read_text().replace('"rescorla_wagner"', '"my_responses.py:RULE"'))
    if fault:
        with pytest.raises(InputError, match="ZeroDivisionError") as caught:
            load_model(path)
        assert len(caught.value.problems) == 1
    assert fault or list(load_model(path).responses) == ["comfort", "comes"]
    assert (tmp_path / "runs").read_text() == "x"
    assert set(python_files(path).values()) == {tmp_path / "my_responses.py"}


@pytest.fixture
def study(tmp_path):
    """A study with a table, simulated from its model; its response leaves a trace when it runs."""
    write_own_response(tmp_path)
    made = iwm("simulate", "model.toml", "--n-people", "4", "--sessions", "4", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path


def test_check_names_the_line_that_the_sampler_cannot_use(study):
    """What comes from `ops` passes; what NumPy does to arrays only is found without a fit."""
    right = iwm("check", "study.toml", "--trust", cwd=study)
    assert right.returncode == 0, right.stderr
    assert "4 participants" in " ".join(right.stdout.split())
    mistakes = {
        "log(sigma) - constant": "np.where(sigma > 0.0, np.log(sigma), 0.0) - constant",
        '"sigma": sqrt(p.noise**2 + 0.0004)': '"sigma": np.maximum(p.noise, 0.02)',
    }
    for old, new in mistakes.items():
        text = RESPONSE.replace(old, new)
        assert text != RESPONSE
        (study / "my_responses.py").write_text(text)
        done = iwm("check", "study.toml", "--trust", cwd=study)
        line = text[: text.index(new)].count("\n") + 1
        assert done.returncode == 1
        [problem] = done.stderr.splitlines()
        assert f"my_responses.py, line {line}: the sampler cannot use this response" in problem
        assert all(name in problem for name in (*ops.ELEMENTWISE, *ops.OF_DENSITIES))
