"""The look ahead: what it tells of people, and that they go along with what everyone shares."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate
from scipy import special, stats

from iwm_bayes.inference.base import compiled_model, with_model_data
from iwm_bayes.inference.fit import compile_likelihood
from iwm_bayes.inference.laplace.empirical_bayes import em_then_bfgs, newton_mode
from iwm_bayes.inference.laplace.hierarchy import initial_group, person_means
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.person_posteriors import fit_person_gaussians
from iwm_bayes.inference.pilot import (
    MIN_PRECISION,
    answer_gaussian_slopes,
    answer_gaussians,
    answer_gaussians_at,
    informed_transform,
    neutral_transform,
    pilot_fit,
)
from iwm_bayes.model import model_file
from iwm_bayes.model.build import build
from iwm_bayes.model.hierarchy import parameters_pooled
from iwm_bayes.model.local_gaussian import declare_local_gaussian
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

STEP = 0.05  # of what everyone shares, link scale
pytestmark = pytest.mark.usefixtures("slow_graphs")  # asked a few hundred times, of few people

THEORY = """
schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = ["availability_rating"]
[parameters.availability_rate]
pooling = "complete"
[parameters.availability_rating_noise]
pooling = "complete"
[parameters.availability_rating_slope]
fixed = false
typical = [0.5, 1.5]
"""


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """People who differ in their start and in how they use the scale, and share rate and noise; near the top."""
    file = tmp_path_factory.mktemp("theory") / "own.toml"
    file.write_text(THEORY, encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 30, 1)
    likelihood = compile_likelihood(model, data)
    problem = pose_problem(likelihood, data)
    begin = initial_group(problem.shape)
    return likelihood, data, problem, *em_then_bfgs(problem, begin, person_means(problem.shape, begin.beta))


def test_what_answers_say_is_followed_to_the_first_order(ready):
    """Half as far from where everyone was, what is left of root and slope is a quarter, people having moved on."""
    _, _, problem, group, people = ready
    root, slope = answer_gaussians_at(problem, group, people)
    root_by, slope_by = answer_gaussian_slopes(problem, group, people, np.full(2, STEP / 5.0))
    left = []
    for far in (4.0 * STEP, 2.0 * STEP):
        away = far * np.array([1.0, -1.0])
        there = answer_gaussians_at(problem, group._replace(shared=group.shared + away), people)
        by_line = root + np.einsum("desn,s->den", root_by, away), slope + np.einsum("dsn,s->dn", slope_by, away)
        left.append([np.abs(exact - line).mean() for exact, line in zip(there, by_line, strict=True)])
    np.testing.assert_allclose(np.divide(*left), 4.0, rtol=0.15)  # but for the third order


def test_what_answers_say_is_that_of_where_people_have_moved_to(ready):
    """The Gaussian that is told of another rate and noise has its top where everyone's answers have theirs there."""
    _, _, problem, group, people = ready
    there = group._replace(shared=group.shared + STEP)
    root, slope = answer_gaussians_at(problem, there, people)
    moved = fit_person_gaussians(problem, there, people.x, people.variance)
    exact, at = answer_gaussians(problem, there, moved)
    tops = [
        x + np.linalg.solve(np.einsum("ikn,jkn->nij", r, r), s.T[..., None])[..., 0].T
        for x, r, s in ((people.x, root, slope), (moved.x, exact, at))
    ]
    np.testing.assert_allclose(*tops, rtol=1e-9)
    assert np.abs(moved.x - people.x).max() > 0.01


def test_people_go_along_with_what_everyone_shares(ready):
    """A step of rate or of noise alone pulls at people a tenth as hard as where they are held in place."""
    likelihood, data, _, group, _ = ready
    empty = compiled_model(likelihood.model, build(likelihood.model, data), None, data)
    slope, point = empty.graph.compile_dlogp(), empty.graph.initial_point()
    rows = list(empty.graph.coords["row"])
    common = [rows.index(label) for label in empty.graph.coords["common"]]
    apart = [index for index in range(len(rows)) if index not in common]
    point["centre"][common], point["centre"][apart] = group.shared, group.beta
    spread = empty.graph["spread"]
    transform = empty.graph.rvs_to_transforms[spread]
    point["spread_quantile__"] = transform.forward(group.spread, *spread.owner.inputs).eval()
    point["level_relative__"] = np.zeros((len(apart), 30))
    before_people = point["centre"].size + point["spread_quantile__"].size

    def pull(index):
        step = 1e-4 * (np.arange(len(rows)) == index)
        ahead, behind = (slope(point | {"centre": point["centre"] + way})[before_people:] for way in (step, -step))
        return np.square((ahead - behind) / 2e-4).sum()

    sampled_as = pilot_fit(likelihood, data)
    with_model_data(empty, data, sampled_as)
    along = [pull(index) for index in common]
    with_model_data(
        empty,
        data,
        sampled_as.assign(
            {name: 0.0 * sampled_as[name] for name in ("local_root_by_complete", "local_gradient_by_complete")}
        ),
    )
    held = [pull(index) for index in common]
    assert (np.divide(along, held) < 0.1).all()


def test_people_go_along_only_as_far_as_that_can_be_trusted(ready):
    """Near where it was taken the root is on its line; however far everyone's rate and noise are, it has an end."""
    _, _, problem, group, people = ready
    known = informed_transform(problem, group, people)
    with pm.Model():
        shared = pt.dvector()
        precision, _ = declare_local_gaussian(*known["local_mode"].shape, [shared[0], shared[1]])
        pm.set_data({name: x for name, x in known.items() if name in pm.modelcontext(None)})
    function = evaluate([shared], precision)

    def by_line(away):
        root = known["local_root"] + np.einsum("desn,s->den", known["local_root_by_complete"], away)
        return np.einsum("ijn,kjn->ikn", root, root)

    width, place = known["complete_width"], known["complete_mode"]
    near = 0.01 * width
    np.testing.assert_allclose(function(place + near), by_line(near), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(function(place - 1e3 * width), by_line(-width), rtol=1e-9, atol=1e-9)


def test_a_width_is_three_sds_of_what_everyone_shares(ready):
    """By the slope of the score at the top; products of 30 people's slopes know an sd within 1 / sqrt(2 * 30)."""
    _, _, problem, group, people = ready
    sds = np.sqrt(np.diag(newton_mode(problem, group, people).covariance))[-2:]
    np.testing.assert_allclose(
        informed_transform(problem, group, people)["complete_width"], 3.0 * sds, rtol=4.0 / np.sqrt(60.0)
    )


def test_next_to_nothing_is_told_of_whom_nothing_can_be_computed(ready):
    """One person's likelihood has no slope: of them the group's hundredth, and of everyone else as before."""
    _, _, problem, group, people = ready
    one = np.arange(30) == 7

    def broken(level):
        value, slope = problem.likelihood(level)
        return value, np.where(one, np.nan, slope)

    found = informed_transform(problem._replace(likelihood=broken), group, people)
    for name, array in informed_transform(problem, group, people).items():
        if not name.startswith("common_"):
            np.testing.assert_allclose(found[name][..., ~one], array[..., ~one], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(found["local_root"][..., 7], np.diag(np.sqrt(MIN_PRECISION) / group.spread), atol=1e-12)
    for name in ("local_gradient", "local_gradient_by_complete", "local_root_by_complete"):
        np.testing.assert_allclose(found[name][..., 7], 0.0, atol=1e-12)


def test_nothing_is_told_before_a_look_ahead(ready):
    """All that a graph can be told of people is there, and says nothing: a width alone may not be 0."""
    likelihood, data, *_ = ready
    found = neutral_transform(likelihood.model, data)
    assert set(found) == {name for name in pilot_fit(likelihood, data) if not name.startswith("start_")}
    assert all((values == (name == "complete_width")).all() for name, values in found.items())


def test_chains_begin_where_the_look_ahead_ended(ready):
    """Group at its top, people where group and answers say; told nothing, all in the middle of their priors."""
    likelihood, data, problem, group, people = ready
    empty = compiled_model(likelihood.model, build(likelihood.model, data), None, data)
    graph, rows = empty.graph, list(empty.graph.coords["row"])
    begins = graph.initial_point()
    np.testing.assert_allclose(
        begins["centre"], [row.prior_mean for row in parameters_pooled(empty.model, [], "partial", "complete")]
    )
    with_model_data(empty, data, pilot_fit(likelihood, data))
    begins = graph.initial_point()
    common = [rows.index(label) for label in graph.coords["common"]]
    np.testing.assert_allclose(begins["centre"][common], group.shared)
    np.testing.assert_allclose(np.delete(begins["centre"], common), group.beta)
    spread = special.ndtri(stats.halfnorm.cdf(group.spread, scale=problem.shape.spread))
    np.testing.assert_allclose(begins["spread_quantile__"], spread)
    np.testing.assert_allclose(begins["level_relative__"], 0.0, atol=1e-9)
    [level] = graph.replace_rvs_by_values([graph["level"]])
    found = level.eval({variable: begins[variable.name] for variable in graph.value_vars})
    far = np.abs(found - people.x) / np.sqrt(np.diagonal(people.variance, axis1=1, axis2=2).T)
    assert far.max() < 0.2  # in their own sds
