"""What data cannot identify of a trend, and of belief noise."""

import numpy as np
import pytest
import xarray as xr
from helpers import random_data

from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.weak_parameters.moving_beliefs import residual_share
from iwm_bayes.model.specification.model_file import load_model


def sentences(name: str, data: xr.Dataset, without: tuple[str, ...] = ("approach",)) -> list[str]:
    """Return what is said of data because of what a name adds to a model."""
    base = name.partition("+")[0]
    plain = identifiability(load_model(base, without), data)
    return [one for one in identifiability(load_model(name, without), data) if one not in plain]


def data_with(outcome: np.ndarray, sessions: int = 20, people: int = 6) -> xr.Dataset:
    """Return data of people with as many sessions each, and these outcomes (session, person)."""
    data = random_data(1, people * 4, sessions, unobserved=0.0)
    data = data.isel(person=[0] * people).assign_coords(person=[f"p{index}" for index in range(people)])
    return data.assign(outcome=(("event", "person"), np.clip(outcome, 0, 1)))


GENERATOR = np.random.default_rng(1)
COURSE = np.linspace(0.2, 0.8, 20)[:, None] + np.zeros((20, 6))
LEVEL = np.linspace(-0.1, 0.1, 6)
NOISE = GENERATOR.normal(0, 0.15, (20, 6))


def test_the_residual_share_is_that_of_a_two_way_analysis() -> None:
    """With all sessions of all people, it is the residual sum of squares after rows and columns, over the total."""
    outcome = np.clip(COURSE + LEVEL + NOISE, 0, 1)
    residual = outcome - outcome.mean(axis=0) - outcome.mean(axis=1, keepdims=True) + outcome.mean()
    assert residual_share(data_with(outcome)) == pytest.approx(residual.var() / outcome.var(), rel=1e-12)
    assert residual_share(data_with(COURSE + LEVEL)) == pytest.approx(0.0, abs=1e-12)
    assert residual_share(data_with(0.0 * COURSE)) == 0.0


def test_a_trend_needs_outcomes_that_differ_and_enough_sessions() -> None:
    """One course for everybody, or few sessions, are named; deviations of their own are enough."""
    assert sentences("rescorla_wagner+trend", data_with(COURSE + LEVEL + NOISE)) == []
    [alike] = sentences("rescorla_wagner+trend", data_with(COURSE + LEVEL))
    assert "same course for everybody" in alike
    assert "100% of the variance" in alike
    [few] = sentences("rescorla_wagner+trend", data_with((COURSE + NOISE)[:6], sessions=6))
    assert "has 6 sessions" in few


def test_a_rule_that_moves_with_time_cannot_be_distinguished_from_the_trend() -> None:
    no_rate, own = sentences("prototype+trend", data_with(COURSE + LEVEL + NOISE))
    assert "availability_pull, worth_pull are not identified together" in own
    assert "no learning rate that could be 0" in no_rate
    assert sentences("static+trend", data_with(COURSE + LEVEL + NOISE)) == []


def test_what_distinguishes_belief_noise() -> None:
    """One rating at a time is named with what distinguishes the two noises; choices alone are not enough."""
    data = data_with(COURSE + LEVEL + NOISE)
    availability, worth = sentences("rescorla_wagner+belief_noise", data)
    assert "only what lasts from one rating to the next" in availability
    assert "worth_belief_noise and worth_rating_noise" in worth
    [choices] = sentences("rescorla_wagner+belief_noise", data, ("availability_rating", "worth_rating"))
    assert "no rating is about availability" in choices
    lasting = sentences("autoregressive+belief_noise", data)
    assert all("make deviations that last" in one for one in lasting)
    assert len(lasting) == 2


def test_self_worth_that_nobody_rates_has_no_trend_of_its_own() -> None:
    """A rule that always has self-worth moves it, too, and only their sum shows."""
    found = sentences("compensatory+trend", data_with(COURSE + LEVEL + NOISE), ("approach", "worth_rating"))
    assert any("worth_plateau" in one for one in found)
