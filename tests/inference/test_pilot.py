"""The pilot fit: its Gaussians of people, how they follow completely pooled parameters, and where chains begin."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate
from scipy import special, stats

from iwm_bayes.inference.base import set_model_data
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
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import parameters_pooled
from iwm_bayes.model.local_gaussian import declare_local_gaussian
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

STEP = 0.05  # of completely pooled parameters, link scale
pytestmark = pytest.mark.usefixtures("slow_graphs")  # graphs are evaluated a few hundred times, for few people

MODEL = """
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
prior_90 = [0.5, 1.5]
"""


@pytest.fixture(scope="module")
def near_mode(tmp_path_factory):
    """Likelihood, data and problem of 30 people with two completely pooled parameters; a group near its mode, people.

    People differ in their initial belief and in how they use the scale, and share learning rate and noise.
    """
    file = tmp_path_factory.mktemp("model") / "own.toml"
    file.write_text(MODEL, encoding="utf-8")
    model = model_file.load_model(file)
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 12, True)], 30, 1)
    likelihood = compile_likelihood(model, data)
    problem = pose_problem(likelihood, data)
    start = initial_group(problem.population)
    return likelihood, data, problem, *em_then_bfgs(problem, start, person_means(problem.population, start.beta))


def test_slopes_are_right_to_the_first_order(near_mode):
    """At half the distance, the error of root and gradient is a quarter, with people at their new values."""
    _, _, problem, group, people = near_mode
    root, gradient = answer_gaussians_at(problem, group, people)
    root_slope, gradient_slope = answer_gaussian_slopes(problem, group, people, np.full(2, STEP / 5.0))
    errors = []
    for distance in (4.0 * STEP, 2.0 * STEP):
        shift = distance * np.array([1.0, -1.0])
        exact = answer_gaussians_at(problem, group._replace(complete=group.complete + shift), people)
        linear = (
            root + np.einsum("desn,s->den", root_slope, shift),
            gradient + np.einsum("dsn,s->dn", gradient_slope, shift),
        )
        errors.append([np.abs(one - other).mean() for one, other in zip(exact, linear, strict=True)])
    np.testing.assert_allclose(np.divide(*errors), 4.0, rtol=0.15)  # but for the third order


def test_gaussians_at_another_group_have_their_mode_where_people_moved(near_mode):
    """With another rate and noise, the mode of a Gaussian is the same from a person's old and from the new mean."""
    _, _, problem, group, people = near_mode
    other = group._replace(complete=group.complete + STEP)
    root, gradient = answer_gaussians_at(problem, other, people)
    moved = fit_person_gaussians(problem, other, people.mean, people.covariance)
    moved_root, moved_gradient = answer_gaussians(problem, other, moved)
    modes = [
        mean + np.linalg.solve(np.einsum("ikn,jkn->nij", r, r), g.T[..., None])[..., 0].T
        for mean, r, g in ((people.mean, root, gradient), (moved.mean, moved_root, moved_gradient))
    ]
    np.testing.assert_allclose(*modes, rtol=1e-9)
    assert np.abs(moved.mean - people.mean).max() > 0.01


def test_people_follow_completely_pooled_parameters(near_mode):
    """A step of the rate or the noise changes the gradient of people a tenth as much as without the slopes."""
    likelihood, data, _, group, _ = near_mode
    graph = build(likelihood.model, data)
    gradient, point = graph.compile_dlogp(), graph.initial_point()
    labels = list(graph.coords["parameter"])
    complete = [labels.index(label) for label in graph.coords["parameter_complete"]]
    partial = [index for index in range(len(labels)) if index not in complete]
    point["mu"][complete], point["mu"][partial] = group.complete, group.beta
    sigma = graph["sigma"]
    transform = graph.rvs_to_transforms[sigma]
    point["sigma_quantile__"] = transform.forward(group.sigma, *sigma.owner.inputs).eval()
    point["theta_relative__"] = np.zeros((len(partial), 30))
    first_of_people = point["mu"].size + point["sigma_quantile__"].size

    def change(index):
        step = 1e-4 * (np.arange(len(labels)) == index)
        up, down = (gradient(point | {"mu": point["mu"] + shift})[first_of_people:] for shift in (step, -step))
        return np.square((up - down) / 2e-4).sum()

    informed = pilot_fit(likelihood, data)
    set_model_data(graph, likelihood.model, data, informed)
    following = [change(index) for index in complete]
    slopes = ("local_root_by_complete", "local_gradient_by_complete")
    set_model_data(graph, likelihood.model, data, informed.assign({name: 0.0 * informed[name] for name in slopes}))
    fixed = [change(index) for index in complete]
    assert (np.divide(following, fixed) < 0.1).all()


def test_people_follow_no_farther_than_the_width(near_mode):
    """Near its mode, the root is linear in rate and noise; at any distance, it is not beyond the width."""
    _, _, problem, group, people = near_mode
    arrays = informed_transform(problem, group, people)
    with pm.Model():
        complete = pt.dvector()
        precision, _ = declare_local_gaussian(*arrays["local_mode"].shape, [complete[0], complete[1]])
        pm.set_data({name: values for name, values in arrays.items() if name in pm.modelcontext(None)})
    function = evaluate([complete], precision)

    def linear(shift):
        root = arrays["local_root"] + np.einsum("desn,s->den", arrays["local_root_by_complete"], shift)
        return np.einsum("ijn,kjn->ikn", root, root)

    width, mode = arrays["complete_width"], arrays["complete_mode"]
    near = 0.01 * width
    np.testing.assert_allclose(function(mode + near), linear(near), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(function(mode - 1e3 * width), linear(-width), rtol=1e-9, atol=1e-9)


def test_width_is_three_sds_of_completely_pooled_parameters(near_mode):
    """By the slope of the score at the mode; products of 30 people's scores know an SD within 1 / sqrt(2 * 30)."""
    _, _, problem, group, people = near_mode
    sds = np.sqrt(np.diag(newton_mode(problem, group, people).covariance))[-2:]
    width = informed_transform(problem, group, people)["complete_width"]
    np.testing.assert_allclose(width, 3.0 * sds, rtol=4.0 / np.sqrt(60.0))


def test_person_whose_likelihood_cannot_be_computed(near_mode):
    """One person's likelihood has no gradient: they get a hundredth of the group's precision, the others no change."""
    _, _, problem, group, people = near_mode
    broken = np.arange(30) == 7

    def likelihood(theta):
        value, gradient = problem.likelihood(theta)
        return value, np.where(broken, np.nan, gradient)

    arrays = informed_transform(problem._replace(likelihood=likelihood), group, people)
    for name, values in informed_transform(problem, group, people).items():
        if not name.startswith("complete_"):
            np.testing.assert_allclose(arrays[name][..., ~broken], values[..., ~broken], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(arrays["local_root"][..., 7], np.diag(np.sqrt(MIN_PRECISION) / group.sigma), atol=1e-12)
    for name in ("local_gradient", "local_gradient_by_complete", "local_root_by_complete"):
        np.testing.assert_allclose(arrays[name][..., 7], 0.0, atol=1e-12)


def test_neutral_transform_has_all_variables(near_mode):
    """They are those of the informed one, without information: all are 0 but the width, which may not be 0."""
    likelihood, data, *_ = near_mode
    neutral = neutral_transform(likelihood.model, data)
    assert set(neutral) == {name for name in pilot_fit(likelihood, data) if not name.startswith("start_")}
    assert all((values == (name == "complete_width")).all() for name, values in neutral.items())


def test_chains_begin_at_the_mode(near_mode):
    """The group begins at its mode, and people at theirs; without a pilot fit, all begin at their prior means."""
    likelihood, data, problem, group, people = near_mode
    graph = build(likelihood.model, data)
    labels = list(graph.coords["parameter"])
    prior_means = [free.prior_mean for free in parameters_pooled(likelihood.model, [], "partial", "complete")]
    np.testing.assert_allclose(graph.initial_point()["mu"], prior_means)
    set_model_data(graph, likelihood.model, data, pilot_fit(likelihood, data))
    point = graph.initial_point()
    complete = [labels.index(label) for label in graph.coords["parameter_complete"]]
    np.testing.assert_allclose(point["mu"][complete], group.complete)
    np.testing.assert_allclose(np.delete(point["mu"], complete), group.beta)
    quantile = special.ndtri(stats.halfnorm.cdf(group.sigma, scale=problem.population.sigma_scale))
    np.testing.assert_allclose(point["sigma_quantile__"], quantile)
    np.testing.assert_allclose(point["theta_relative__"], 0.0, atol=1e-9)
    [theta] = graph.replace_rvs_by_values([graph["theta"]])
    values = theta.eval({variable: point[variable.name] for variable in graph.value_vars})
    distance = np.abs(values - people.mean) / np.sqrt(np.diagonal(people.covariance, axis1=1, axis2=2).T)
    assert distance.max() < 0.2  # in their own SDs
