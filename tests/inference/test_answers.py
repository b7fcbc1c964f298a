"""Answers in a fit and in the model for researchers: recorded ones only, whatever the lengths of people."""

import arviz as az
import numpy as np
import pymc as pm
import pytest
import xarray as xr
from helpers import arguments, interpreted, textbook_log_density

from iwm_bayes.inference.answers import log_likelihood, observed_answers
from iwm_bayes.inference.fit import Settings, compile_likelihood, laplace
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.model.pymc_model import pymc_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

PEOPLE = 8
PHASES = [
    Phase({"mother": constant_care(0.6)}, 6, assessed=True),
    Phase({"mother": constant_care(0.4), "therapist": constant_care(0.9)}, 3),
]
RESPONSES = {"rated": "availability_rating", "near": "availability_ordinal_5", "came": "approach"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A censored rating, an ordinal item and a choice."""
    path = tmp_path_factory.mktemp("model") / "own.toml"
    wanted = ", ".join(f'{name} = "{kind}"' for name, kind in RESPONSES.items())
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\n'
    path.write_text(f"{head}responses = {{ {wanted} }}\n", encoding="utf-8")
    return load_model(path)


def unequal_people(model, seed):
    """Each person stops after another number of events, and a fifth of the answers are blank."""
    generator = np.random.default_rng(seed)
    data = simulate(model, PHASES, PEOPLE, seed)
    last = generator.integers(3, data.sizes["event"] + 1, PEOPLE)
    last[0] = data.sizes["event"]
    present = np.arange(data.sizes["event"])[:, None] < last
    blank = {name: generator.random(present.shape) < 0.2 for name in RESPONSES}
    answers = {f"answer_{name}": data[f"answer_{name}"].where(present & ~blank[name]) for name in RESPONSES}
    padded = {
        name: data[name].where(present, 0).astype(data[name].dtype) for name in ("outcome", "observed", "present")
    }
    return data.assign(answers | padded)


@pytest.fixture(scope="module")
def data(model):
    return unequal_people(model, 1)


@pytest.fixture(scope="module")
def fit(model, data):
    return laplace(compile_likelihood(model, data), data, Settings(draws=25))


def log_densities_by_hand(model, data, theta):
    """The log density of each recorded answer, from the loop over arrays and textbook densities."""
    people = natural_values(model, theta, list(data["figure"].values), data.sizes["person"])
    found = {}
    for name, given in arguments(model, people, data).items():
        answers = data[f"answer_{name}"].values
        density = textbook_log_density(model.responses[name].family, given, np.nan_to_num(answers))
        found[name] = density[~np.isnan(answers)]
    return found


def test_a_fit_holds_recorded_answers_only(model, data, fit):
    """Each answer once, with its person, session and figure; their number is that of recorded answers."""
    for group in (observed_answers(model, data), fit["observed_data"].to_dataset()):
        for name in RESPONSES:
            answers = data[f"answer_{name}"]
            assert group[name].dims == (f"{name}_obs",)
            assert group.sizes[f"{name}_obs"] == int(answers.notnull().sum())
            for number in (0, 7, -1):
                one = group[name][number]
                with_figure = data["figure"].values[data["figure_index"].values] == str(one[f"{name}_figure"].values)
                where = (data["person"] == one[f"{name}_person"]) & (data["session"] == one[f"{name}_session"])
                where = where.transpose("event", "person") & with_figure
                assert float(answers.where(where).max()) == float(one)


def test_the_log_likelihood_is_that_of_recorded_answers(model, data, fit):
    """At every draw, by textbook densities; and its sum is what leave-one-out cross-validation gets."""
    group, posterior = log_likelihood(model, fit), fit["unconstrained_posterior"].to_dataset()
    for draw in (0, 3):
        at = posterior.isel(chain=0, draw=draw)
        values = at["theta"].fillna(at["mu"])
        labels = [free.label for free in free_parameters(model, list(data["figure"].values))]
        expected = log_densities_by_hand(model, data, {label: values.sel(parameter=label).values for label in labels})
        for name in RESPONSES:
            np.testing.assert_allclose(group[name][0, draw], expected[name], rtol=1e-7, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto")  # of a hundred draws; only counts are asked
def test_loo_counts_answers(model, data, fit):
    whole = fit.copy()
    whole["log_likelihood"] = xr.DataTree(log_likelihood(model, fit))
    for name in RESPONSES:
        found = az.loo(whole, var_name=name, reff=1.0)
        assert found.n_data_points == int(data[f"answer_{name}"].notnull().sum())
        assert np.isfinite(found.elpd)


def test_tools_of_pymc_work_on_the_model_for_researchers(model, data):
    """`compute_log_likelihood` gives textbook densities; predictive answers are as many as recorded ones."""
    with interpreted():
        graph = pymc_model(model, data)
        with graph:
            prior = pm.sample_prior_predictive(2, random_seed=1)["prior"].to_dataset()
            trace = xr.DataTree.from_dict({"posterior": prior})
            densities = pm.compute_log_likelihood(trace, extend_inferencedata=False, progressbar=False)
            drawn = pm.sample_posterior_predictive(trace, random_seed=1, progressbar=False)
    predicted = drawn["posterior_predictive"]
    at = prior.isel(chain=0, draw=1)
    theta = {
        label: np.repeat(value, PEOPLE) for label, value in zip(graph.coords["parameter"], at["mu"].values, strict=True)
    }
    theta |= dict(zip(graph.coords["parameter_person"], at["theta"].values, strict=True))
    expected = log_densities_by_hand(model, data, theta)
    for name in RESPONSES:
        np.testing.assert_allclose(densities[name][0, 1], expected[name], rtol=1e-7, atol=1e-9)
        assert predicted[name].shape == (1, 2, len(expected[name]))
        assert set(predicted[name].values.ravel()) <= {0.0, 1.0} or name != "came"
