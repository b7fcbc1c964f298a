"""Every response in a model: likelihood, gradient, and simulated answers, with and without missing answers."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from helpers import arguments, evaluate, textbook_log_density
from pymc.model.transform.conditioning import remove_value_transforms
from scipy import stats

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import StudySpec
from iwm_bayes.model import priors
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess, constant_care, frightening
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import GENERALISED, named_leaves, unflatten

FIGURES = ["mother", "therapist"]
DISTRESS = DistressProcess(rate=0.3)
PHASES = [
    Phase({"mother": frightening(0.5, 0.4)}, 5, assessed=True, distress=DISTRESS),
    Phase({"mother": frightening(0.5, 0.4), "therapist": constant_care(0.9)}, 4, distress=DISTRESS),
]
KINDS = {
    "beta rating": ["availability_beta_rating"],
    "impression": ["availability_impression"],
    "contrast": ["availability_contrast"],
    "ordinal": ["worth_ordinal_5"],
    "second item": ["worth_ordinal_4", "worth_ordinal_7"],
    "level": ["worth_level"],
    "pulse": ["worth_pulse"],
    "trend": ["worth_trend"],
    "bid": ["bid"],
    "seek": ["seek"],
    "invest": ["invest_6"],
    "dropout": ["dropout"],
    "leaving": ["leaving"],
    "symptom": ["symptom"],
}
every_response = pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)


def model_with(folder, kinds, **parameters):
    """Write and load a model with these responses and a rating of availability; parameters by name."""
    lines = [f"[parameters.{name}]\n{text}\n" for name, text in parameters.items()]
    names = [*kinds, *([] if "availability_beta_rating" in kinds else ["availability_rating"])]
    head = f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = {names}\n'
    (folder / "own.toml").write_text(head + "".join(lines), encoding="utf-8")
    return load_model(folder / "own.toml")


def freed(model):
    """Free all parameters that responses fix by default, with one value per figure."""
    responses = {}
    for name, response in model.responses.items():
        free = (p._replace(fixed=None, pooling="partial", by="figure") for _, p in named_leaves(response.parameters))
        responses[name] = response._replace(parameters=unflatten(response.parameters, free))
    return model._replace(responses=responses)


def unpooled(model):
    """Return the model without pooling."""

    def of(part):
        declared = (p._replace(pooling="none") for _, p in named_leaves(part.parameters))
        return part._replace(parameters=unflatten(part.parameters, declared))

    return model._replace(rule=of(model.rule), responses={name: of(r) for name, r in model.responses.items()})


def loop_likelihood(model, data, theta):
    """Compute the log likelihood of each response from the loop over arrays and textbook densities."""
    people = priors.natural_values(model, theta, list(data["figure"].values), data.sizes["person"])
    log_likelihoods = []
    for name, given in arguments(model, people, data).items():
        answers = data[f"answer_{name}"].values
        density = textbook_log_density(model.responses[name].family, given, np.nan_to_num(answers))
        log_likelihoods.append(density[~np.isnan(answers)].sum())
    return log_likelihoods


def with_missing(data, share, generator):
    """Return the data with a share of all answers missing."""
    answers = [name for name in data if str(name).startswith("answer_")]
    return data.assign({name: data[name].where(generator.random(data[name].shape) >= share) for name in answers})


def with_one_answer(data, name):
    """Return the data with only one answer of a response."""
    kept = np.zeros(data[name].shape, dtype=bool)
    kept[tuple(np.argwhere(data[name].notnull().values)[0])] = True
    return data.assign({name: data[name].where(kept)})


@every_response
@pytest.mark.parametrize("free", [False, True], ids=["as declared", "all free and by figure"])
def test_likelihood_is_that_of_the_loop(tmp_path, kinds, free):
    """Log likelihood at a random point agrees for swapped data with none, some, most or all answers missing."""
    model = model_with(tmp_path, kinds)
    data = simulate(model, PHASES, people=4, seed=1)
    other = simulate(model, PHASES, people=4, seed=2)
    events = min(data.sizes["event"], other.sizes["event"])
    data, other = data.isel(event=slice(events)), other.isel(event=slice(events))
    model = freed(model) if free else model
    model = unpooled(model)
    built, generator = remove_value_transforms(build(model, data)), np.random.default_rng(3)
    theta = built.rvs_to_values[built["theta"]]
    point = generator.normal(0.2, 0.5, tuple(len(built.coords[dim]) for dim in ("parameter_person", "person")))
    graphs = built.logp(vars=[built[response] for response in model.responses], sum=False)
    gradient = pt.grad(built.logp(), theta)
    likelihoods = evaluate([theta], [*(graph.sum() for graph in graphs), gradient], "stabilize")
    figures = list(data["figure"].values)
    by_label = {free.label: point[index] for index, free in enumerate(priors.free_parameters(model, figures))}
    name = f"answer_{kinds[0]}"
    nothing = other.assign({name: other[name].where(False)})
    for given in (data, other, with_missing(other, 0.4, generator), with_one_answer(other, name), nothing):
        with built:
            pm.set_data(model_data(model, given))
        *found, slope = likelihoods(point)
        np.testing.assert_allclose(found, loop_likelihood(model, given, by_label), rtol=1e-7, atol=1e-9)
        assert np.isfinite(slope).all()


@every_response
def test_answers_follow_the_filtered_beliefs(tmp_path, kinds):
    """Filtering the simulated events again gives answers the probability with which they were drawn.

    The score of a discrete answer is standardised to mean 0 and variance 1. The probability integral transform of a
    continuous answer is uniform. The tolerance is four Monte Carlo errors.
    """
    model = freed(model_with(tmp_path, kinds))
    figures = [*FIGURES, *([GENERALISED] if "seek" in kinds else [])]
    people = draw_people(model, figures, 400, np.random.default_rng(2), sigma=0.3)
    data = simulate(model, PHASES, people, seed=3)
    found = arguments(model, people, data)
    for name in kinds:
        given, answers = found[name], data[f"answer_{name}"].values
        recorded = ~np.isnan(answers)
        assert recorded.sum() > 400
        if "p" in given:
            whole = np.arange(given["p"].shape[-1])
            mean, square = given["p"] @ whole, given["p"] @ whole**2
            variance = square - mean**2
            usable = recorded & (variance > 0.02)  # a rarer answer has no usable variance
            score = (answers - mean)[usable] / np.sqrt(variance[usable])
        elif "logit_p" in given:
            p = 1 / (1 + np.exp(-given["logit_p"]))
            score = ((answers - p) / np.sqrt(p * (1 - p)))[recorded & (p > 0.02) & (p < 0.98)]
        elif "nu" in given:
            quantile = stats.beta(given["mu"] * given["nu"], (1 - given["mu"]) * given["nu"]).cdf(answers)
            score = np.sqrt(12) * (quantile[recorded] - 0.5)
        else:
            mean, sd = np.broadcast_arrays(given["mu"], given["sigma"])
            inside = recorded & (mean > 5 * sd) & (mean < 1 - 5 * sd)  # where the bounds do not matter
            score = ((answers - mean) / sd)[inside]
        assert abs(score.mean()) < 4 * score.std() / np.sqrt(score.size)
        assert abs((score**2).mean() - 1) < 4 * (score**2).std() / np.sqrt(score.size)


@every_response
def test_simulated_data_survive_writing_and_reading(tmp_path, kinds):
    """A simulation that is written as a table and read again is the same Dataset."""
    model = model_with(tmp_path, kinds)
    data = simulate(model, PHASES, people=6, seed=1)
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    columns = {"person": "person", "session": "session", "figure": "figure"}
    columns |= {name: {"column": name} for name in ("distress", "threat")}
    outcome = {"column": "outcome", "missing": "unseen"}
    content = {"name": "n", "data": tmp_path / "sessions.csv", "model": ["own"]}
    responses = {name: {"column": name} for name in model.responses}
    study = StudySpec.model_validate(content | {"columns": columns | {"outcome": outcome}, "responses": responses})
    again = read_data(study, model)
    xr.testing.assert_equal(again, data)


def test_an_outcome_is_contrasted_with_all_experienced_outcomes(tmp_path):
    """By hand, for outcomes 1, 1, one that is not observed, and 0.

    The adaptation level is .5 / 2, 1 / 3 and .5 / 4 above the middle of the scale. The third outcome has no contrast.
    """
    model = model_with(tmp_path, ["availability_contrast"])
    data = simulate(model, [Phase({"mother": constant_care(0.5)}, 4)], people=1, seed=1)
    outcomes, observed = [1.0, 1.0, 0.77, 0.0], [True, True, False, True]
    data = data.assign(outcome=(("event", "person"), np.c_[outcomes]), observed=(("event", "person"), np.c_[observed]))
    people = draw_people(model, ["mother"], 1, np.random.default_rng(2), sigma=0.0)
    people |= {f"availability_contrast_{name}": np.full(1, x) for name, x in (("slope", 0.0), ("intercept", 0.0))}
    people |= {"availability_contrast_contrast": np.full(1, 0.4)}
    mu = arguments(model, people, data)["availability_contrast"]["mu"][:, 0]
    np.testing.assert_allclose(mu, 0.5 + 0.4 * np.array([1 / 4, 1 / 6, 0, -5 / 8]), rtol=1e-12)
