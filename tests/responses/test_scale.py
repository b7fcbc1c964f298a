"""The scale of ratings: the outcome's, or one of their own, as a study and a model file say."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit, polygamma, psi

from iwm_bayes.data.dataset import to_table
from iwm_bayes.data.study import StudySpec
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.estimands.security.rating_thresholds import (
    PRIOR_DRAWS,
    prior_rating_thresholds,
    rating_thresholds,
    scale_sentences,
)
from iwm_bayes.inference.fit import fit
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.load import load_data

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "{}"\nresponses = {}\n{}'
PLACE = {"intercept": 0.0, "slope": 1.0}
FRAME = pd.DataFrame({"person": ["a", "a", "b"], "session": [1, 2, 1], "outcome": 1})


def written(folder, responses, more="", rule="rescorla_wagner"):
    """Write a model file and return its path."""
    (folder / "own.toml").write_text(MODEL.format(rule, responses, more))
    return str(folder / "own.toml")


def study_of(folder, frame, model, **responses):
    """Return a study of a table; each response has a column of its own name, and these further keys."""
    frame.to_csv(folder / "table.csv", index=False)
    content = {"name": "n", "data": folder / "table.csv", "model": model}
    columns = {"person": "person", "session": "session", "outcome": {"column": "outcome"}}
    given = {name: {"column": name} | more for name, more in responses.items()}
    return StudySpec.model_validate(content | {"columns": columns, "responses": given})


def bound(folder, responses, more="", rule="rescorla_wagner", **keys):
    """Return a model as a study of ratings with these keys uses it."""
    path = written(folder, responses, more, rule)
    frame = FRAME.assign(**{name: 0.5 for name in keys})
    return load_data(study_of(folder, frame, path, **keys))


def scale_of(model, name):
    """Return what intercept and slope of a rating are fixed at, and how they are pooled where they are free."""
    declared = parameters(model)
    found = [declared[f"{name}_{leaf}"] for leaf in PLACE]
    return [parameter.fixed if parameter.fixed is not None else parameter.pooling for parameter in found]


@pytest.mark.parametrize("name", built_in_models())
def test_commensurable_ratings_leave_a_model_as_it_is(name, tmp_path):
    """Every parameter and prior of a built-in model is that of its file, and so is its density."""
    model = load_model(name)
    ratings = {given: {"commensurable": bool(response.scale)} for given, response in model.responses.items()}
    frame = FRAME.assign(**dict.fromkeys(ratings, 1))
    loaded, _ = load_data(study_of(tmp_path, frame, name, **ratings))
    assert parameters(loaded) == parameters(model)


def test_a_rating_has_a_scale_of_its_own_unless_the_study_says_otherwise(tmp_path):
    """Its intercept and slope are the same for all people, or they could not be told from initial beliefs."""
    ratings = ["availability_rating", "worth_rating"]
    model, _ = bound(tmp_path, ratings, availability_rating={}, worth_rating={"commensurable": True})
    assert scale_of(model, "availability_rating") == ["complete", "complete"]
    assert scale_of(model, "worth_rating") == [0.0, 1.0]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (True, True, [[0.0, 1.0], [0.0, 1.0]]),
        (True, False, [[0.0, 1.0], ["partial", "partial"]]),
        (False, True, [["partial", "partial"], [0.0, 1.0]]),
        (False, False, [["complete", "complete"], ["partial", "partial"]]),
    ],
)
def test_two_ratings_of_one_belief_have_the_scales_that_the_study_states(tmp_path, first, second, expected):
    """Without self-worth, availability and the expectation are one belief."""
    kinds = ["expected_rating", "availability_rating"]
    keys = {"expected_rating": {"commensurable": first}, "availability_rating": {"commensurable": second}}
    model, _ = bound(tmp_path, kinds, **keys)
    assert [scale_of(model, name) for name in kinds] == expected


def test_a_model_file_fixes_the_first_rating_of_each_belief_only(tmp_path):
    """With self-worth, an expectation of a response is a belief of its own."""
    kinds = ["expected_rating", "availability_rating"]
    model = load_model(written(tmp_path, kinds))
    assert [scale_of(model, name) for name in kinds] == [[0.0, 1.0], ["partial", "partial"]]
    both = load_model(written(tmp_path, [*kinds, "worth_rating"]))
    assert [scale_of(both, name) for name in (*kinds, "worth_rating")] == [[0.0, 1.0]] * 3


def test_what_a_model_file_states_of_a_scale_holds_in_every_study(tmp_path):
    """A slope that the file frees or fixes stays so, whether the rating is on the outcome's scale or not."""
    freed = "[parameters.availability_rating_slope]\nfixed = false\nprior_90 = [-0.2, 1.2]\n"
    stated = "[parameters.availability_rating_slope]\nfixed = 0.5\n"
    for commensurable, intercept in ((True, 0.0), (False, "complete")):
        keys = {"availability_rating": {"commensurable": commensurable}}
        model, _ = bound(tmp_path, ["availability_rating"], freed, **keys)
        assert scale_of(model, "availability_rating") == [intercept, "partial"]
        assert parameters(model)["availability_rating_slope"].prior_90 == (-0.2, 1.2)
        model, _ = bound(tmp_path, ["availability_rating"], stated, **keys)
        assert scale_of(model, "availability_rating") == [intercept, 0.5]


def test_only_ratings_can_be_commensurable(tmp_path):
    """A choice has no scale."""
    with pytest.raises(InputError, match=r"\[responses.approach\]: only ratings can be `commensurable`"):
        bound(tmp_path, ["approach"], approach={"commensurable": True})


TRUTH = {"availability_start": 0.35, "availability_rate": 0.15, "availability_rating_noise": 0.06}
SEEDS = range(8)


def people_with_a_scale_of_their_own(folder, path, seed):
    """Write the table of 40 people who rate .2 + .5 belief in 20 sessions of good care."""
    model, generator, people = load_model(path), np.random.default_rng(seed), 40
    values = {
        "availability_rating_intercept": np.full(people, -0.05),
        "availability_rating_slope": np.full(people, 0.5),
    }
    for name, median in TRUTH.items():
        link, unlink = LINKS[parameters(model)[name].support]
        values[name] = unlink(link(np.float64(median)) + 0.5 * generator.normal(size=people))
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 20)], values, generator)
    return to_table(data).drop(columns="figure")


def test_recovery_where_ratings_are_not_on_the_outcome_scale(tmp_path):
    """The 90% intervals of initial belief and learning rate hold the truth as often as they say; fixed, they never do.

    Eight intervals of 90% hold the truth fewer than five times with a probability of .005.
    """
    path, held = written(tmp_path, ["availability_rating"]), {True: [], False: []}
    for seed in SEEDS:
        frame = people_with_a_scale_of_their_own(tmp_path, path, seed)
        for commensurable, found in held.items():
            study = study_of(tmp_path, frame, path, availability_rating={"commensurable": commensurable})
            model, data = load_data(study)
            table = group_summary(model, fit(model, data, "laplace", random_seed=seed)).set_index("parameter")
            names = ["availability_start", "availability_rate"]
            truth = np.array([TRUTH[name] for name in names])
            found.append((table.loc[names, "ci90_low"] <= truth) & (truth <= table.loc[names, "ci90_high"]))
    least = int(stats.binom.ppf(0.01, len(SEEDS), 0.9))
    assert (np.sum(held[False], axis=0) >= least).all()
    assert (np.sum(held[True], axis=0) <= 1).all()


def test_thresholds_on_the_scale_of_the_rating(tmp_path):
    """A belief of .6 is 4.6 on 1 to 7, and 3.4 on the reversed item; with a scale of its own, a + b belief."""
    keys = {"availability_rating": {"scale": [1, 7], "commensurable": True}, "worth_rating": {"scale": [7, 1]}}
    path = written(tmp_path, [*keys])
    study = study_of(tmp_path, FRAME.assign(availability_rating=4, worth_rating=5), path, **keys)
    model, data = load_data(study)
    fixed_low, fixed_high, own_low, own_high = prior_rating_thresholds(model, data)
    assert (fixed_low.rating, fixed_high.rating) == pytest.approx((3.4, 4.6))
    assert (fixed_high.rating_ci90_low, fixed_high.rating_ci90_high) == pytest.approx((4.6, 4.6))
    # Normal priors: intercept 0 (-.3, .3), slope 1 (.5, 1.5), at .1 above the middle
    half_width = 6 * np.hypot(0.3, 0.1 * 0.5)
    assert own_high.rating == pytest.approx(3.4, abs=0.1)
    assert own_high.rating_ci90_low == pytest.approx(3.4 - half_width, abs=0.15)
    assert own_high.rating_ci90_high == pytest.approx(3.4 + half_width, abs=0.15)
    assert own_low.rating == pytest.approx(4.6, abs=0.1)
    stated, estimated = scale_sentences([fixed_low, fixed_high, own_low, own_high])
    assert "(1 to 7): taken to be on the outcome's scale. Beliefs of 0.4 and 0.6 are ratings of 3.4 and 4.6" in stated
    assert "(7 to 1): on a scale of its own, which is estimated" in estimated


def test_thresholds_of_an_ordinal_answer(tmp_path):
    """The median over the prior of the mean level at beliefs of .4 and .6, computed from the equations of the item.

    The tolerance is four standard errors of a median over the draws that are used.
    """
    path = written(tmp_path, ["availability_ordinal_5"])
    keys = {"availability_ordinal_5": {"levels": list("12345"), "commensurable": True}}
    model, data = load_data(study_of(tmp_path, FRAME.assign(availability_ordinal_5=3), path, **keys))
    found = prior_rating_thresholds(model, data)
    assert {(each.scale_low, each.scale_high, each.on_outcome_scale) for each in found} == {(1, 5, True)}
    generator, draws = np.random.default_rng(1), 100_000
    ends = np.log([5.0, 40.0])
    loading = np.exp(ends.mean() + np.diff(ends)[0] / (2 * stats.norm.ppf(0.95)) * generator.normal(size=draws))
    above = np.arange(4, 0, -1)
    mean, sd = psi(1) - psi(above), np.sqrt(polygamma(1, 1) + polygamma(1, above))
    shares = expit(mean + sd * generator.normal(size=(draws, 4)))
    at_least = np.cumprod(1.0 - shares, axis=1)  # P(answer >= k) at a belief of .5, k = 1 .. 4
    for threshold in found:
        shift = loading[:, None] * (threshold.threshold - 0.5)
        rating = 1.0 + expit(shift + logit(at_least)).sum(axis=1)
        error = np.sqrt(np.pi / 2) * rating.std() / np.sqrt(PRIOR_DRAWS)
        assert threshold.rating == pytest.approx(np.median(rating), abs=4 * error)


def test_thresholds_after_a_fit_lie_where_people_rate(tmp_path):
    """People who rate .2 + .5 belief rate a belief of .6 as .5."""
    path = written(tmp_path, ["availability_rating"])
    frame = people_with_a_scale_of_their_own(tmp_path, path, 1)
    model, data = load_data(study_of(tmp_path, frame, path, availability_rating={}))
    _, high = rating_thresholds(model, fit(model, data, "laplace", random_seed=1))
    assert high.rating_ci90_low < 0.5 < high.rating_ci90_high
    assert high.rating_ci90_high - high.rating_ci90_low < 0.05
