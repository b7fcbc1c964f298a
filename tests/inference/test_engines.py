"""The two engines have the same density, gradient and likelihoods, and the plain one replaces the fast one."""

import re
import runpy
import tomllib
import warnings
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate, interpreted
from pymc.pytensorf import rewrite_pregrad
from pymc_start import pymc_start

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.data.formulas.effects import bound_to_events
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.filtering import engine_choice
from iwm_bayes.filtering.engine.kernels import EventKernel, PersonKernel
from iwm_bayes.filtering.engine_choice import (
    PlainEngineWarning,
    engine_name,
    release,
    using_engine,
    versions_outside,
    with_fallback,
)
from iwm_bayes.inference.engines import ENGINES, Engine, event_likelihood, person_likelihood
from iwm_bayes.inference.fit import Settings, compile_likelihood, compile_model, laplace, nuts
from iwm_bayes.inference.fit import fit as sample
from iwm_bayes.inference.pilot import neutral_transform
from iwm_bayes.inference.plain import jax_graph
from iwm_bayes.model.build import build, model_data
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

PEOPLE = 4
density_by_address = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "gradients.py"))["density"]
PHASES = [
    Phase({"mother": constant_care(0.4)}, 2, assessed=True),
    Phase({"mother": constant_care(0.4), "therapist": constant_care(0.9)}, 2, assessed=True),
]
HEAD = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
CORRELATED = f"{HEAD}correlated = true\n"
COMPLETE = f'{HEAD}[parameters.availability_rating_noise]\npooling = "complete"\n'
OF_SESSIONS = {"availability_rate": "arm * mood", "availability_rating_noise": "place"}
FORMULAS = {"availability_start": "arm + (1|ward)", "availability_rate": "(1 + age|ward)"}
CASES = {  # a built-in model or the text of a model file, and formulas
    **{name: (name, {}) for name in ("rescorla_wagner", "kalman", "hgf", "compensatory", "latent_cause", "leaky_beta")},
    "correlated": (CORRELATED, {}),
    "covariates and groups": (COMPLETE, FORMULAS),
    "covariates of sessions": (HEAD, OF_SESSIONS),
}


def with_gaps(model, data, generator):
    """Leave out a third of the answers, and let a quarter of those that remain lie at an end of the scale."""
    for name, response in model.responses.items():
        answers = data[f"answer_{name}"]
        kept = answers.where(generator.random(answers.shape) > 1 / 3)
        at_end = (generator.random(answers.shape) < 1 / 4) & (response.family.bounds is not None)
        data[f"answer_{name}"] = kept.where(~at_end | kept.isnull(), kept.round())
    return data


def case(name, folder):
    """Return the model and its data: two figures, missing answers, and with formulas an arm, an age and wards."""
    text, formulas = CASES[name]
    if "\n" in text:
        (folder / "own.toml").write_text(text, encoding="utf-8")
        text = folder / "own.toml"
    model, generator = load_model(text), np.random.default_rng(1)
    data = with_gaps(model, simulate(model, PHASES, PEOPLE, 1), generator)
    if formulas:
        people = {"arm": ["a", "b", "a", "b"], "age": generator.normal(size=PEOPLE), "ward": ["x", "x", "y", "y"]}
        if formulas is OF_SESSIONS:
            place = generator.choice(["clinic", "video"], data["present"].shape)
            mood = data["outcome"].copy(data=generator.normal(size=place.shape))
            data = data.assign(session_covariate_mood=mood, session_covariate_place=mood.copy(data=place))
        data = join_covariates(data, pd.DataFrame(people), model, formulas)
    return bound_to_events(model, data), data


def random_transform(model, data, generator):
    """Return arrays in which people are described by random Gaussians, and group levels by a random share and unit."""
    neutral = neutral_transform(model, data)
    return {str(name): generator.uniform(0.2, 0.8, values.shape) for name, values in neutral.items()}


def density_of_graph(model, data, arrays):
    """Return log density, gradient and the point near where chains begin at which they are, by the plain graph."""
    move = np.random.default_rng(3)
    with using_engine("plain"):
        graph = build(model, data)
        with graph:
            pm.set_data(arrays)
        begin = pymc_start(graph)
        variables = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
        log_density = rewrite_pregrad(graph.logp())
        function = evaluate(variables, [log_density, *pt.grad(log_density, variables)], "stabilize")
    point = [start + move.normal(0.0, 0.4, start.shape) for start in begin]
    value, *slopes = function(*point)
    return float(value), *(np.concatenate([array.ravel() for array in arrays]) for arrays in (slopes, point))


def with_arrays(transform, arrays):
    """Return a transform with other values."""
    return transform.assign({name: transform[name].copy(data=array) for name, array in arrays.items()})


@pytest.mark.parametrize("name", CASES)
def test_engines_have_the_same_density_and_gradient(name, tmp_path):
    """To ten digits, of two figures, several responses, missing answers and answers at an end of the scale."""
    model, data = case(name, tmp_path)
    arrays = random_transform(model, data, np.random.default_rng(2))
    plain, plain_gradient, point = density_of_graph(model, data, arrays)
    ready = ENGINES["fast"].sampler(model, data).with_data(data, with_arrays(neutral_transform(model, data), arrays))
    fast, fast_gradient = ready.log_density(point)
    assert density_by_address(ready)(point)[0] == fast
    assert fast == pytest.approx(plain, rel=1e-10)
    np.testing.assert_allclose(fast_gradient, plain_gradient, rtol=1e-10, atol=1e-12 * np.abs(plain_gradient).max())
    assert (plain_gradient != 0).mean() > 0.9


@pytest.fixture
def graphs_are_walked():
    """Likelihoods are evaluated a few times, so they are not compiled."""
    with interpreted():
        yield


def likelihoods(build, model, data):
    """Return the likelihood of each engine, the arrays of the data, and random values of people (parameter, person)."""
    figures, found = figure_names(data), {}
    for engine in ENGINES:
        with using_engine(engine):
            found[engine] = build(model, figures)
    assert isinstance(found["fast"], PersonKernel | EventKernel)  # else the plain one would be compared with itself
    inputs = model_data(model, data)
    theta = np.random.default_rng(4).normal(-0.5, 0.4, (len(free_parameters(model, figures)), PEOPLE))
    return found, (inputs["event_array"], inputs["response_array"], theta)


@pytest.mark.usefixtures("graphs_are_walked")
def test_engines_have_the_same_likelihood_of_people(tmp_path):
    """Each person's log likelihood and its gradient."""
    found, arrays = likelihoods(person_likelihood, *case("rescorla_wagner", tmp_path))
    (fast, fast_gradient), (plain, plain_gradient) = (likelihood(*arrays) for likelihood in found.values())
    np.testing.assert_allclose(fast, plain, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(fast_gradient, plain_gradient, rtol=1e-10, atol=1e-12 * np.abs(plain_gradient).max())
    assert (plain_gradient != 0).mean() > 0.9


@pytest.mark.usefixtures("graphs_are_walked")
def test_likelihoods_serve_any_number_of_people_and_events(tmp_path):
    """Of the first two people without their last event, by event; the sum over events is that of the person."""
    model, data = case("rescorla_wagner", tmp_path)
    found, (events, responses, theta) = likelihoods(event_likelihood, model, data)
    fast, plain = (likelihood(events, responses, theta) for likelihood in found.values())
    np.testing.assert_allclose(fast, plain, rtol=1e-10, atol=1e-12)
    for likelihood in found.values():
        fewer = likelihood(*map(np.ascontiguousarray, (events[:-1, :, :2], responses[:, :-1, :2], theta[:, :2])))
        np.testing.assert_allclose(fewer, plain[:-1, :2], rtol=1e-10, atol=1e-12)
    by_person, arrays = likelihoods(person_likelihood, model, data)
    np.testing.assert_allclose(by_person["plain"](*arrays)[0], plain.sum(axis=0), rtol=1e-10)


@pytest.fixture
def no_choice(monkeypatch):
    """Nobody has chosen an engine."""
    monkeypatch.setenv(engine_choice.VARIABLE, "")
    monkeypatch.delenv(engine_choice.VARIABLE)
    monkeypatch.setattr(engine_choice, "reasons_given", set())


@pytest.mark.usefixtures("no_choice")
def test_engine_is_the_fast_one_unless_another_is_chosen(monkeypatch):
    """With the versions that are installed here; another name is an error that lists both."""
    assert versions_outside() == []
    assert engine_name() == "fast"
    monkeypatch.setenv("IWM_ENGINE", "plain")
    assert engine_name() == "plain"
    monkeypatch.setenv("IWM_ENGINE", "quick")
    with pytest.raises(InputError, match="IWM_ENGINE=quick: there is no such engine; choose from fast, plain"):
        engine_name()


def test_versions_are_compared_by_their_numbers():
    """Version 0.9 is below 0.10, and a release candidate counts as its release."""
    assert release("0.9.1") < release("0.10")
    assert release("0.68.0rc1") == (0, 68, 0)
    assert versions_outside({"numpy": ("0.1", "0.2"), "no_such_library": ("1", "2")})[1:] == [
        "no_such_library is missing (1 to below 2)"
    ]


@pytest.mark.usefixtures("no_choice", "graphs_are_walked")
def test_fit_runs_to_its_end_without_the_fast_engine(monkeypatch, tmp_path):
    """With another version of numba, one sentence says so, and results are those of the plain engine."""
    (tmp_path / "own.toml").write_text(HEAD.replace("rescorla_wagner", "static"), encoding="utf-8")
    model = load_model(tmp_path / "own.toml")
    data = simulate(model, PHASES, 5, 1)

    def fitted():
        return laplace(compile_likelihood(model, data), data, Settings(draws=20))["unconstrained_posterior"]

    with using_engine("plain"):
        expected = fitted()
    installed = engine_choice.installed_version
    monkeypatch.setattr(engine_choice, "installed_version", lambda name: "99.1" if name == "numba" else installed(name))
    with pytest.warns(PlainEngineWarning, match="cannot be built") as said:
        found = fitted()  # which builds a likelihood, asks for the engine at many places, and warns at the first
    tried = " to below ".join(engine_choice.FENCE["numba"])
    said_of_numba = f"the fast engine cannot be built (it has not been tried with numba 99.1 ({tried}))"
    assert [str(one.message) for one in said] == [
        f"{said_of_numba}, so the plain one is used: slower, with the same results"
    ]
    assert engine_name() == "plain"
    monkeypatch.setenv("IWM_ENGINE", "fast")
    assert engine_name() == "fast"  # asked for by name, it is tried
    assert found.to_dataset().identical(expected.to_dataset())


def broken(*_):
    """Fail as a compiler does."""
    raise TypeError("no such type\nand more")


@pytest.mark.usefixtures("no_choice")
def test_plain_engine_replaces_one_that_fails_to_build(monkeypatch):
    """The sentence has the first line of the error, and is said once; other models have the fast engine."""
    engines = {"fast": Engine(*[broken] * len(Engine._fields)), "plain": ENGINES["plain"]}
    engines["plain"] = engines["plain"]._replace(person_likelihood=lambda *_: engine_name())
    monkeypatch.setattr("iwm_bayes.inference.engines.ENGINES", engines)
    with pytest.warns(PlainEngineWarning, match=r"cannot be built \(TypeError: no such type\), so") as said:
        assert [person_likelihood(None, []) for _ in range(2)] == ["plain", "plain"]
    assert len(said) == 1
    assert engine_name() == "fast"


@pytest.mark.usefixtures("no_choice")
def test_an_engine_that_is_asked_for_is_not_replaced(monkeypatch):
    """Its error is raised as it is."""
    monkeypatch.setenv("IWM_ENGINE", "fast")
    with pytest.raises(TypeError, match="no such type"):
        with_fallback({"fast": broken, "plain": lambda: "plain"})


def test_the_fence_is_that_of_the_projects_file():
    """Every library whose inner parts the fast engine uses has the same bounds where it is installed from."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.match(r"[a-z]+", line).group(): line for line in project["dependencies"]}
    for library, (lowest, beyond) in engine_choice.FENCE.items():
        assert declared[library] == f"{library}>={lowest},<{beyond}"


@pytest.mark.usefixtures("no_choice")
@pytest.mark.parametrize("error", [InputError(["no such figure"]), TypeError("a rule of one's own")])
def test_error_of_the_model_is_no_fault_of_the_engine(error):
    """What both engines cannot build is reported as it is, without a warning, and the engine stays."""

    def fails():
        raise error

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(type(error)) as raised:
            with_fallback({"fast": fails, "plain": broken})
    assert raised.value is error
    assert engine_name() == "fast"


STATIC = HEAD.replace("rescorla_wagner", "static")
ALL_ALIKE = "".join(f'[parameters.availability_{name}]\npooling = "complete"\n' for name in ("start", "rating_noise"))


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        pytest.param(STATIC + ALL_ALIKE, {"mu"}, id="all alike"),
        pytest.param(STATIC, {"mu", "sigma", "theta"}, id="hierarchy", marks=pytest.mark.slow),
    ],
)
def test_plain_engine_samples(tmp_path, text, variables):
    """By nutpie's public function: its density is that of the graph, and a fit has every part of a posterior."""
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    model = load_model(tmp_path / "own.toml")
    first, data = (simulate(model, PHASES, PEOPLE, seed) for seed in (1, 2))
    with using_engine("plain"):
        compiled = compile_model(model, first)
        fit = nuts(compiled, data, Settings(draws=50, tune=100, chains=2))["unconstrained_posterior"].to_dataset()
    assert {name: values.shape[:2] for name, values in fit.items()} == dict.fromkeys(variables, (2, 50))
    arrays = random_transform(model, data, np.random.default_rng(2))
    expected, slope, point = density_of_graph(model, data, arrays)
    transform = with_arrays(neutral_transform(model, data), arrays)
    value, gradient = density_by_address(compiled.engine.sampler.with_data(data, transform))(point)
    assert value == pytest.approx(expected, rel=1e-10)
    np.testing.assert_allclose(gradient, slope, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("backend", ["nutpie-jax", "numpyro"])
def test_backends_need_their_extra(monkeypatch, tmp_path, backend):
    """Without JAX, one sentence says what to install."""
    (tmp_path / "own.toml").write_text(STATIC, encoding="utf-8")
    model = load_model(tmp_path / "own.toml")
    monkeypatch.setattr(jax_graph, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=rf"{backend} needs jax.* Install the extra: pip install 'iwm-bayes\[jax\]'"):
        sample(model, simulate(model, PHASES, PEOPLE, 1), backend=backend)


def test_unknown_backends_are_refused(tmp_path):
    """The message lists those that there are; an approximation has none."""
    (tmp_path / "own.toml").write_text(STATIC, encoding="utf-8")
    model = load_model(tmp_path / "own.toml")
    data = simulate(model, PHASES, PEOPLE, 1)
    with pytest.raises(InputError, match="no backend 'stan'; choose from nutpie, nutpie-jax, numpyro"):
        sample(model, data, backend="stan")
    with pytest.raises(InputError, match="the method laplace has no backend"):
        sample(model, data, method="laplace", backend="numpyro")


@pytest.mark.parametrize("backend", ["nutpie-jax", "numpyro"])
def test_backends_on_jax_have_the_posterior_of_the_default(tmp_path, backend):
    """Means of the group and of people within four Monte-Carlo errors, of fits that converge."""
    pytest.importorskip("jax")
    pytest.importorskip("numpyro")
    (tmp_path / "own.toml").write_text(HEAD, encoding="utf-8")
    model = load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 10, assessed=True)], 12, 1)
    fits = [sample(model, data, draws=1000, backend=name) for name in ("nutpie", backend)]
    one, other = (fit["unconstrained_posterior"].to_dataset()[["mu", "sigma", "theta"]] for fit in fits)
    assert {name: values.dims for name, values in one.items()} == {name: x.dims for name, x in other.items()}
    assert [check_convergence(fit).reasons for fit in fits] == [[], []]
    error = np.sqrt(az.mcse(one) ** 2 + az.mcse(other) ** 2)
    distance = np.abs(one.mean(("chain", "draw")) - other.mean(("chain", "draw"))) / error
    assert float(distance.max().to_array().max()) < 4.0
