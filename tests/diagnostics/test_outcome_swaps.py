"""Exchanged outcomes: who is given whose, and what stays."""

import numpy as np
import pytest
from helpers import random_data

from iwm_bayes.diagnostics.outcome_swaps import exchangeable, own_trends, reorder_deviations

GENERATOR = np.random.default_rng


def sequences(data, figure):
    """Everyone's observed outcomes with a figure, in order."""
    met = data["observed"].values & (data["figure_index"].values == figure)
    return [tuple(data["outcome"].values[met[:, person], person]) for person in range(data.sizes["person"])]


@pytest.fixture(scope="module")
def alike():
    """Twelve people in two arms, with one figure and eight outcomes each."""
    data = random_data(1, 40, 12, 0.0, 3)
    lengths = data["present"].sum("event").values
    chosen = np.flatnonzero(lengths == np.bincount(lengths).argmax())
    return data.isel(person=chosen).assign(covariate_arm=("person", np.array(["a", "b"])[np.arange(len(chosen)) % 2]))


def test_whole_sequences_are_swapped_within_arms(alike):
    """Each arm keeps its sequences, whole and in order; events, and people's other columns, stay."""
    outcomes = exchangeable(alike)
    other = outcomes.exchange(GENERATOR(1))
    assert (outcomes.way, outcomes.n_exchanged) == ("outcomes", alike.sizes["person"])
    arms = alike["covariate_arm"].values
    for arm in np.unique(arms):
        before, after = (
            [own for own, here in zip(sequences(x, 0), arms, strict=True) if here == arm] for x in (alike, other)
        )
        assert sorted(before) == sorted(after)
        assert before != after
    changed = ["outcome", "rated"]
    assert other.drop_vars(changed).identical(alike.drop_vars(changed))


def test_ratings_are_swapped_with_their_outcome(alike):
    """What raters say of an outcome goes where the outcome goes."""
    rating = alike["outcome"].where(alike["observed"]).assign_attrs(rates_outcome=1)
    other = exchangeable(alike.assign(answer_outcome_patient=rating)).exchange(GENERATOR(1))
    there = other["observed"].values
    np.testing.assert_array_equal(other["answer_outcome_patient"].values[there], other["outcome"].values[there])


def test_people_with_about_as_many_outcomes_with_each_figure_are_swapped():
    """Nobody is given another number of outcomes with a figure; the last outcomes of longer sequences stay."""
    data = random_data(2, 60, 12, 0.2, 5)
    outcomes = exchangeable(data)
    other = outcomes.exchange(GENERATOR(2))
    assert outcomes.way == "outcomes"
    assert 0 < outcomes.n_exchanged <= outcomes.n_people == 60
    for figure in range(2):
        before, after = sequences(data, figure), sequences(other, figure)
        assert [len(own) for own in before] == [len(own) for own in after]
        assert sorted(sum(before, ())) == sorted(sum(after, ()))
        starts = {own[:2] for own in before if len(own) > 1}
        assert all(own[:2] in starts for own in after if len(own) > 1)
    np.testing.assert_array_equal(data["outcome"].where(~data["observed"]), other["outcome"].where(~data["observed"]))


def test_deviations_are_swapped_where_nobody_shares_a_group(alike):
    """Everybody keeps a trend of their own: with the deviations of another, the fitted trend is the same."""
    data = alike.assign(
        covariate_arm=("person", [f"group {i}" for i in range(alike.sizes["person"])]),
        outcome=alike["outcome"] * 0.2 + 0.4,  # far from 0 and 1
    )
    outcomes = exchangeable(data)
    other = outcomes.exchange(GENERATOR(1))
    assert outcomes.way == "deviations"
    assert (other["outcome"] != data["outcome"]).any()
    before, after = own_trends(data), own_trends(other)
    np.testing.assert_allclose(after.trend, before.trend, atol=1e-12)
    np.testing.assert_allclose(np.sort(after.deviation.ravel()), np.sort(before.deviation.ravel()), atol=1e-12)


def test_deviations_get_another_order_where_everybody_has_the_same_outcomes(alike):
    """Trend and SD of a sequence stay; everybody still has the same outcomes."""
    same = alike["outcome"].values[:, :1] * 0.2 + 0.4
    data = alike.assign(outcome=(("event", "person"), np.where(alike["observed"].values, same, 0.0)))
    assert exchangeable(data).way == "own order"
    other = reorder_deviations(data, {"outcome": own_trends(data)}, GENERATOR(1))
    assert len(set(sequences(other, 0))) == 1
    assert sequences(other, 0) != sequences(data, 0)
    before, after = own_trends(data), own_trends(other)
    np.testing.assert_allclose(after.trend, before.trend, atol=1e-12)
    np.testing.assert_allclose((after.deviation**2).sum(axis=0), (before.deviation**2).sum(axis=0))


@pytest.mark.parametrize("way", ["deviations", "own order"])
def test_ratings_deviate_as_their_outcome_does(alike, way):
    """A rater who sees the outcome keeps seeing it; one who sees a line of it, that line; blanks go with the others."""
    observed, people = alike["observed"].values, alike.sizes["person"]
    outcome = alike["outcome"] * 0.2 + 0.4 if way == "deviations" else 0.2 * alike["outcome"].values[:, :1] + 0.4
    data = alike.assign(
        covariate_arm=("person", [f"group {i}" for i in range(people)]),
        outcome=(("event", "person"), np.where(observed, outcome, 0.0)),
    )
    rating = data["outcome"].where(observed).assign_attrs(rates_outcome=1)
    first = np.cumsum(observed, axis=0) == 1
    data = data.assign(
        answer_outcome_therapist=rating,
        answer_outcome_patient=(0.1 + 0.5 * rating).assign_attrs(rates_outcome=1),
        answer_outcome_observer=rating.where(~first).assign_attrs(rates_outcome=1),
    )
    exchange = exchangeable(data)
    other = exchange.exchange(GENERATOR(1))
    assert exchange.way == way
    now = other["outcome"].values[observed]
    assert (now != data["outcome"].values[observed]).mean() > 0.5
    np.testing.assert_allclose(other["answer_outcome_therapist"].values[observed], now, atol=1e-12)
    np.testing.assert_allclose(other["answer_outcome_patient"].values[observed], 0.1 + 0.5 * now, atol=1e-12)
    blank = np.isnan(other["answer_outcome_observer"].values) & observed
    np.testing.assert_array_equal(blank.sum(axis=0), 1)
    np.testing.assert_array_equal(blank, first if way == "deviations" else blank[:, :1] & observed)
    assert np.isnan(other["answer_outcome_patient"].values[~observed]).all()
    assert other["answer_outcome_patient"].attrs["rates_outcome"] == 1


def test_numbers_divide_people_only_where_there_are_two(alike):
    """An arm written as 0 and 1 separates people; an age does not."""
    people = alike.sizes["person"]
    age = alike.drop_vars("covariate_arm").assign(covariate_age=("person", np.linspace(20.0, 60.0, people)))
    assert exchangeable(age).way == "outcomes"
    arm = age.assign(covariate_arm=("person", (np.arange(people) == 0).astype(float)))
    assert exchangeable(arm).n_exchanged == people - 1
