"""The log likelihood of every answer at every draw, computed on arrays, is that of the graph: for all responses.

So is that of the fast engine, by event and by person, with its gradient.
"""

import numpy as np
import pandas as pd
import pytensor.tensor as pt
import pytest
import xarray as xr
from helpers import evaluate, random_data

from iwm_bayes.data.event_terms import with_event_terms
from iwm_bayes.data.study import StudySpec
from iwm_bayes.filtering.filter import decaying_sum
from iwm_bayes.inference.answers import log_likelihood
from iwm_bayes.inference.plain.likelihood import likelihood_graph
from iwm_bayes.model import likelihood_terms
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.person_step import event_kernel, person_kernel
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.pull import BIDS, with_pull
from iwm_bayes.simulation import draws
from iwm_bayes.types import GENERALISED, ModelSpec, named_leaves, unflatten
from iwm_bayes.workflow.load import load_data

CHAINS, DRAWS = 2, 3
LATER = RESPONSES["symptom"]._replace(lag=2)
EVERY = {**RESPONSES, "later_symptom": LATER}


def random_fit(model, data, seed=1):
    """A fit with draws from the prior, in the form of every method's posterior: `theta` NaN where all are alike."""
    generator, free = np.random.default_rng(seed), free_parameters(model, figure_names(data))
    mean, sd = (np.array([getattr(one, field) for one in free]) for field in ("prior_mean", "prior_sd"))
    mu = mean + 0.5 * sd * generator.normal(size=(CHAINS, DRAWS, len(free)))
    theta = mu[..., None] + 0.3 * generator.normal(size=(*mu.shape, data.sizes["person"]))
    pooled = np.array([one.parameter.pooling == "complete" for one in free])
    theta[:, :, pooled] = np.nan
    mu[:, :, [one.parameter.pooling == "none" for one in free]] = np.nan
    posterior = xr.Dataset(
        {"mu": (("chain", "draw", "parameter"), mu), "theta": (("chain", "draw", "parameter", "person"), theta)},
        {"chain": range(CHAINS), "draw": range(DRAWS), "parameter": [one.label for one in free]},
    )
    return xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": posterior})


def arrays_of(model, data):
    """The event array and the response array."""
    return [model_data(model, data)[name] for name in ("event_array", "response_array")]


def assert_agrees_with_the_graph(model, fit):
    """Every response's log likelihood at two draws, from the graph of the plain engine."""
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    found = log_likelihood(model, fit)
    inputs, terms = likelihood_graph(model, figure_names(data))
    function = evaluate(inputs, terms, "stabilize")
    arrays = arrays_of(model, data)
    for chain, draw in ((0, 1), (1, 2)):
        at = posterior.isel(chain=chain, draw=draw)
        theta = at["theta"].fillna(at["mu"]).transpose("parameter", "person").values
        for name, expected in zip(model.responses, function(*arrays, theta), strict=True):
            answered = data[f"answer_{name}"].notnull().values
            assert found[name].dims == ("chain", "draw", f"{name}_obs")
            assert np.isfinite(found[name]).all()
            np.testing.assert_allclose(
                found[name][chain, draw], expected[answered], rtol=1e-9, atol=1e-12, err_msg=name
            )


def with_random_answers(data, responses, seed=3):
    """Data with answers to every response, a third of them blank, and some at the ends of the scale."""
    generator, present = np.random.default_rng(seed), data["present"].values
    for name, response in responses.items():
        levels = data.sizes["figure"] if response.effect == "chooses" else response.family.levels
        graded = np.clip(generator.normal(0.5, 0.4, present.shape), 0.0, 1.0)
        answers = generator.integers(0, levels, present.shape) if response.family.discrete else graded
        given = present & (generator.random(present.shape) > 1 / 3)
        data[f"answer_{name}"] = (("event", "person"), np.where(given, answers, np.nan))
    return data


def differing(response, name):
    """A response whose first parameter differs by figure, for every second response about a figure."""
    if len(name) % 2 or response.about == "worth":
        return response
    first, *others = (parameter for _, parameter in named_leaves(response.parameters))
    return response._replace(parameters=unflatten(response.parameters, iter([first._replace(by="figure"), *others])))


@pytest.mark.parametrize("timing", ["before", "after"])
def test_every_kind_of_response_agrees_with_the_graph(timing, monkeypatch):
    """With several figures, one of them nobody met; parameters by figure; a last batch with fewer draws."""
    monkeypatch.setattr(draws, "MAX_PEOPLE_AT_ONCE", 20)  # four of six draws of five people
    rule = with_pull(lift_learner(RULES["kalman"]))
    responses = {name: differing(response, name)._replace(timing=timing) for name, response in EVERY.items()}
    data = with_random_answers(random_data(figures=3), responses)
    bids = np.random.default_rng(5).uniform(size=data["outcome"].shape)
    data = with_event_terms(data, {BIDS: bids})
    data = data.assign_coords(figure=[*data["figure"].values[:2], GENERALISED])
    model = ModelSpec("all", rule, responses)
    assert_agrees_with_the_graph(model, random_fit(model, data))


KINDS = (  # one of each kind: censored, carried over, bounded, ordinal, a choice, summed over events, yes or no
    "availability_rating",
    "autoregressive_worth_rating",
    "expected_beta_rating",
    "worth_ordinal_3",
    "seek",
    "invest_3",
    "worth_pulse",
    "worth_trend",
    "availability_contrast",
    "bid",
    "dropout",
    "leaving",
    "symptom",
    "later_symptom",
)


def test_machine_code_of_every_kind_of_response_agrees_with_the_graph():
    """By event, and by person with the gradient; every second response is before the outcome."""
    responses = {
        name: differing(EVERY[name], name)._replace(timing=("before", "after")[index % 2])
        for index, name in enumerate(KINDS)
    }
    data = with_random_answers(random_data(figures=3), responses)
    data = data.assign_coords(figure=[*data["figure"].values[:2], GENERALISED])
    model, figures = ModelSpec("kinds", lift_learner(RULES["kalman"]), responses), figure_names(data)
    posterior = random_fit(model, data)["unconstrained_posterior"].to_dataset().isel(chain=0, draw=0)
    theta = posterior["theta"].fillna(posterior["mu"]).transpose("parameter", "person").values
    inputs, terms = likelihood_graph(model, figures)
    total = sum(terms)
    slope = pt.grad(total.sum(), inputs[-1], disconnected_inputs="ignore")
    at = (*arrays_of(model, data), theta)
    expected, expected_slope = evaluate(inputs, [total, slope], "stabilize")(*at)
    by_person, gradient = person_kernel(model, figures)(*at)
    np.testing.assert_allclose(event_kernel(model, figures)(*at), expected, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(by_person, expected.sum(axis=0), rtol=1e-10)
    np.testing.assert_allclose(gradient, expected_slope, rtol=1e-9, atol=1e-10 * np.abs(expected_slope).max())


def table(people=4, sessions=5):
    """Sessions with two figures each, with blanks in outcomes and answers."""
    generator, rows = np.random.default_rng(8), []
    for person in range(people):
        for session in range(sessions):
            for figure in ("mother", "therapist"):
                outcome, near, item = generator.random(3)
                rows.append((f"p{person}", session, figure, outcome, near, round(4 * item) + 1, near))
    frame = pd.DataFrame(rows, columns=["person", "session", "figure", "outcome", "near", "item", "self"])
    for column in ("outcome", "near", "item", "self"):
        frame.loc[generator.random(len(frame)) < 0.2, column] = np.nan
    return frame


def test_a_study_with_all_that_studies_have_agrees_with_the_graph(tmp_path):
    """Outcomes that were not recorded, answers about a session, answers before the outcome, carryover, no pooling."""
    (tmp_path / "own.toml").write_text(
        'schema = 2\nclaim = "c"\nreference = "r"\nrule = "compensatory"\nresponses = {near = '
        '"autoregressive_availability_rating", item = "availability_ordinal_5", self = "autoregressive_worth_rating"}\n'
        '[parameters]\nnear_noise = { pooling = "none" }\n'
    )
    table().to_csv(tmp_path / "table.csv", index=False)
    columns = {"person": "person", "session": "session", "figure": "figure"}
    study = {
        "name": "n",
        "data": tmp_path / "table.csv",
        "model": str(tmp_path / "own.toml"),
        "columns": columns | {"outcome": {"column": "outcome", "missing": "unrecorded"}},
        "responses": {
            "near": {"column": "near", "commensurable": True, "timing": "before"},
            "item": {"column": "item", "scale": [1, 5], "commensurable": False},
            "self": {"column": "self", "scope": "session"},
        },
    }
    model, data = load_data(StudySpec.model_validate(study))
    assert data["unrecorded"].values.any()
    assert data.sizes["event"] > 10  # answers about a session are events of their own
    assert_agrees_with_the_graph(model, random_fit(model, data))


def test_a_sum_that_is_not_computed_is_seen(monkeypatch):
    """The comparison above would see a fault in one of the two loops."""
    responses = {"worth_pulse": RESPONSES["worth_pulse"]}
    model = ModelSpec("one", lift_learner(RULES["kalman"]), responses)
    fit = random_fit(model, with_random_answers(random_data(figures=2), responses))
    monkeypatch.setattr(
        likelihood_terms.likelihood_terms,
        "__defaults__",
        (likelihood_terms.OVER_ARRAYS._replace(decaying_sum=lambda share, values: decaying_sum(0.9 * share, values)),),
    )
    with pytest.raises(AssertionError, match="worth_pulse"):
        assert_agrees_with_the_graph(model, fit)
