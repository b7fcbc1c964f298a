"""Every response in a theory: likelihood, gradient, and answers that come from what was held, whatever is missing."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from helpers import arguments, evaluate, textbook_log_density
from pymc.model.transform.conditioning import remove_value_transforms
from scipy import stats

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import Study
from iwm_bayes.model import priors
from iwm_bayes.model.build import build, model_data
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import DistressProcess, constant_care, frightening
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import GENERALISED, named_leaves, unflatten

FIGURES = ["mother", "therapist"]
STRAINED = DistressProcess(rate=0.3)
PHASES = [
    Phase({"mother": frightening(0.5, 0.4)}, 5, assessed=True, strain=STRAINED),
    Phase({"mother": frightening(0.5, 0.4), "therapist": constant_care(0.9)}, 4, strain=STRAINED),
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
}
every_kind = pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)


def theory_of(folder, kinds, **parameters):
    """A theory with these responses beside a rating of availability; parameters by name."""
    lines = [f"[parameters.{name}]\n{text}\n" for name, text in parameters.items()]
    names = [*kinds, *([] if "availability_beta_rating" in kinds else ["availability_rating"])]
    head = f'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = {names}\n'
    (folder / "own.toml").write_text(head + "".join(lines), encoding="utf-8")
    return load_model(folder / "own.toml")


def freed(model):
    """The model with everything free that a response fixes by default, and all of it by figure."""
    responses = {}
    for name, response in model.responses.items():
        free = (p._replace(fixed=None, pooling="partial", by="figure") for _, p in named_leaves(response.parameters))
        responses[name] = response._replace(parameters=unflatten(response.parameters, free))
    return model._replace(responses=responses)


def unpooled(model):
    """The model with people who share nothing."""

    def of(part):
        declared = (p._replace(pooling="none") for _, p in named_leaves(part.parameters))
        return part._replace(parameters=unflatten(part.parameters, declared))

    return model._replace(rule=of(model.rule), responses={name: of(r) for name, r in model.responses.items()})


def in_the_loop(model, data, levels):
    """Log likelihood of each response from the loop over arrays and textbook densities."""
    people = priors.natural_values(model, levels, list(data["figure"].values), data.sizes["person"])
    found = []
    for name, given in arguments(model, people, data).items():
        answers = data[f"answer_{name}"].values
        density = textbook_log_density(model.responses[name].family, given, np.nan_to_num(answers))
        found.append(density[~np.isnan(answers)].sum())
    return found


def with_missing(data, share, generator):
    """The same data with a share of all answers missing."""
    answers = [name for name in data if str(name).startswith("answer_")]
    return data.assign({name: data[name].where(generator.random(data[name].shape) >= share) for name in answers})


def with_one(data, name):
    """The same data with one answer of a response."""
    kept = np.zeros(data[name].shape, dtype=bool)
    kept[tuple(np.argwhere(data[name].notnull().values)[0])] = True
    return data.assign({name: data[name].where(kept)})


@every_kind
@pytest.mark.parametrize("free", [False, True], ids=["as declared", "all free and by figure"])
def test_likelihood_is_that_of_the_loop(tmp_path, kinds, free):
    """Log likelihood at a random point, for data that are swapped in: none, one, some, all of the answers missing."""
    model = theory_of(tmp_path, kinds)
    data = simulate(model, PHASES, people=4, seed=1)
    other = simulate(model, PHASES, people=4, seed=2)
    events = min(data.sizes["event"], other.sizes["event"])
    data, other = data.isel(event=slice(events)), other.isel(event=slice(events))
    model = freed(model) if free else model
    separate = {
        name: r._replace(
            parameters=unflatten(r.parameters, (p._replace(pooling="none") for _, p in named_leaves(r.parameters)))
        )
        for name, r in model.responses.items()
    }
    declared = (p._replace(pooling="none") for _, p in named_leaves(model.rule.parameters))
    rule = model.rule._replace(parameters=unflatten(model.rule.parameters, declared))
    model = model._replace(rule=rule, responses=separate)
    built, generator = remove_value_transforms(build(model, data)), np.random.default_rng(3)
    level = built.rvs_to_values[built["level"]]
    point = generator.normal(0.2, 0.5, tuple(len(built.coords[dim]) for dim in ("personal", "person")))
    graphs = built.logp(vars=[built[response] for response in model.responses], sum=False)
    gradient = pt.grad(built.logp(), level)
    likelihoods = evaluate([level], [*(graph.sum() for graph in graphs), gradient], "stabilize")
    figures = list(data["figure"].values)
    levels = {row.label: point[index] for index, row in enumerate(priors.free_parameters(model, figures))}
    name = f"answer_{kinds[0]}"
    nothing = other.assign({name: other[name].where(False)})
    for given in (data, other, with_missing(other, 0.4, generator), with_one(other, name), nothing):
        with built:
            pm.set_data(model_data(model, given))
        *found, slope = likelihoods(point)
        np.testing.assert_allclose(found, in_the_loop(model, given, levels), rtol=1e-7, atol=1e-9)
        assert np.isfinite(slope).all()


@every_kind
def test_answers_come_from_what_was_held(tmp_path, kinds):
    """Filtered again, what people lived through gives their answers the probability with which they gave them.

    For a discrete answer the score is standardised, mean 0 and variance 1; a continuous one's place in its
    distribution is uniform. Four Monte-Carlo errors.
    """
    model = freed(theory_of(tmp_path, kinds))
    figures = [*FIGURES, *([GENERALISED] if "seek" in kinds else [])]
    people = draw_people(model, figures, 400, np.random.default_rng(2), sigma=0.3)
    data = simulate(model, PHASES, people, seed=3)
    found = arguments(model, people, data)
    for name in kinds:
        given, answers = found[name], data[f"answer_{name}"].values
        there = ~np.isnan(answers)
        assert there.sum() > 400
        if "p" in given:
            whole = np.arange(given["p"].shape[-1])
            mean, square = given["p"] @ whole, given["p"] @ whole**2
            variance = square - mean**2
            usable = there & (variance > 0.02)  # a rarer answer has no usable variance
            score = (answers - mean)[usable] / np.sqrt(variance[usable])
        elif "logit_p" in given:
            p = 1 / (1 + np.exp(-given["logit_p"]))
            score = ((answers - p) / np.sqrt(p * (1 - p)))[there & (p > 0.02) & (p < 0.98)]
        elif "nu" in given:
            place = stats.beta(given["mu"] * given["nu"], (1 - given["mu"]) * given["nu"]).cdf(answers)
            score = np.sqrt(12) * (place[there] - 0.5)
        else:
            mean, sd = np.broadcast_arrays(given["mu"], given["sigma"])
            inside = there & (mean > 5 * sd) & (mean < 1 - 5 * sd)  # where the bounds do not matter
            score = ((answers - mean) / sd)[inside]
        assert abs(score.mean()) < 4 * score.std() / np.sqrt(score.size)
        assert abs((score**2).mean() - 1) < 4 * (score**2).std() / np.sqrt(score.size)


@every_kind
def test_simulated_data_are_those_read_from_their_table(tmp_path, kinds):
    """Written as a table and read again, a simulation is the same Dataset."""
    model = theory_of(tmp_path, kinds)
    data = simulate(model, PHASES, people=6, seed=1)
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    columns = {"person": "person", "session": "session", "figure": "figure"}
    columns |= {name: {"column": name} for name in ("distress", "threat")}
    outcome = {"column": "outcome", "missing": "unseen"}
    content = {"name": "n", "data": tmp_path / "sessions.csv", "model": ["own"]}
    responses = {name: {"column": name} for name in model.responses}
    study = Study.model_validate(content | {"columns": columns | {"outcome": outcome}, "responses": responses})
    again = read_data(study, model)
    xr.testing.assert_equal(again, data)


def test_an_act_is_held_against_all_that_was_experienced(tmp_path):
    """By hand, for outcomes 1, 1, one that is not seen, and 0.

    The usual is .5 / 2, 1 / 3 and .5 / 4 above the middle of the scale; the unseen act is held against nothing.
    """
    model = theory_of(tmp_path, ["availability_contrast"])
    data = simulate(model, [Phase({"mother": constant_care(0.5)}, 4)], people=1, seed=1)
    outcomes, seen = [1.0, 1.0, 0.77, 0.0], [True, True, False, True]
    data = data.assign(outcome=(("event", "person"), np.c_[outcomes]), seen=(("event", "person"), np.c_[seen]))
    people = draw_people(model, ["mother"], 1, np.random.default_rng(2), sigma=0.0)
    people |= {f"availability_contrast_{name}": np.full(1, x) for name, x in (("slope", 0.0), ("intercept", 0.0))}
    people |= {"availability_contrast_contrast": np.full(1, 0.4)}
    mu = arguments(model, people, data)["availability_contrast"]["mu"][:, 0]
    np.testing.assert_allclose(mu, 0.5 + 0.4 * np.array([1 / 4, 1 / 6, 0, -5 / 8]), rtol=1e-12)
