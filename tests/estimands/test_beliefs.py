"""Beliefs at every event, against textbook recursions that are written out here."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from clinic import frame, read_study, spoil, write
from helpers import names, random_data
from scipy.special import expit, logit

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.estimands.beliefs import belief_summary, belief_table, beliefs, beliefs_by_row
from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.simulation import draws as draws_module
from iwm_bayes.types import ModelSpec

CHAINS, DRAWS = 2, 6


def fit_around(model, data, seed=3):
    """A fit whose draws are anywhere, and the natural-scale value of every parameter, (chain, draw, person)."""
    generator, figures = np.random.default_rng(seed), figure_names(data)
    free = free_parameters(model, figures)
    shape = (CHAINS, DRAWS, data.sizes["person"])
    theta = {one.label: one.prior_mean + 0.4 * generator.normal(size=shape) for one in free}
    for one in free:
        if one.parameter.pooling == "complete":
            theta[one.label][...] = theta[one.label][..., :1]
    natural = {one.label: LINKS[one.parameter.support][1](theta[one.label]) for one in free}
    labels = [*theta]
    posterior = xr.Dataset(
        {
            "mu": (("chain", "draw", "parameter"), np.stack([theta[name][..., 0] for name in labels], axis=-1)),
            "theta": (("chain", "draw", "parameter", "person"), np.stack([theta[name] for name in labels], axis=2)),
        },
        {"parameter": labels, "person": data["person"].values, "chain": range(CHAINS), "draw": range(DRAWS)},
    )
    return xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data}), natural


@pytest.fixture
def data():
    """Two figures, graded outcomes, some of them not observed, sequences of different lengths."""
    return random_data(figures=2, people=4, events=12, unobserved=0.3)


def rows_of(data, person):
    """Every event of a person in order: figure, outcome (NaN if not observed), time since the figure was last met."""
    one = data.isel(person=person)
    for event in range(int(one["present"].sum())):
        now = one.isel(event=event)
        outcome = float(now["outcome"]) if bool(now["observed"]) else np.nan
        yield event, int(now["figure_index"]), outcome, float(now["since_figure"]), float(now["since_any"])


def gap_of(data, figure):
    """The median time between two sessions with a figure, from a table."""
    table = data[["time", "figure_index", "present"]].to_dataframe().reset_index()
    own = table[table["present"] & (table["figure_index"] == figure)]
    return own.sort_values("time").groupby("person")["time"].diff().median()


def test_the_delta_rule_in_closed_form(data):
    """The learning rate is the parameter, the error is outcome - belief, one more failure takes the rate's share."""
    model = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    fit, natural = fit_around(model, data)
    found = beliefs(model, fit, CHAINS * DRAWS)
    assert found["expected"].dims == ("chain", "draw", "event", "person")
    for person in range(data.sizes["person"]):
        values = {name: natural[name][..., person] for name in natural}
        rate, worth_rate = values["availability_rate"], values["worth_rate"]
        value, worth = {figure: values["availability_start"] for figure in (0, 1)}, values["worth_start"]
        for event, figure, outcome, _, _ in rows_of(data, person):
            here = found.isel(event=event, person=person)
            np.testing.assert_allclose(here["expected"], value[figure], rtol=1e-9)
            if np.isnan(outcome):
                assert here[["prediction_error", "learning_rate"]].isnull().all().to_array().all()
            else:
                np.testing.assert_allclose(here["prediction_error"], outcome - value[figure], rtol=1e-9)
                np.testing.assert_allclose(here["learning_rate"], rate, rtol=1e-6)
                value[figure] = (1 - rate) * value[figure] + rate * outcome
                worth = (1 - worth_rate) * worth + worth_rate * outcome
            np.testing.assert_allclose(here["availability"], value[figure], rtol=1e-9)
            np.testing.assert_allclose(here["self_worth"], worth, rtol=1e-9)
            np.testing.assert_allclose(here["availability_after_unresponsive"], (1 - rate) * value[figure], rtol=1e-9)
            np.testing.assert_allclose(here["self_worth_after_unresponsive"], (1 - worth_rate) * worth, rtol=1e-9)
        absent = ~data["present"].isel(person=person).values
        assert found.isel(event=absent, person=person).isnull().all().to_array().all()


def test_the_learning_rate_of_the_kalman_filter_is_its_gain(data):
    """Also of one more unresponsive session, before which uncertainty grows for one median gap of that figure."""
    model = ModelSpec("mine", lift_learner(RULES["kalman"], worth=False), {})
    fit, natural = fit_around(model, data)
    found, noise = beliefs(model, fit, CHAINS * DRAWS), 0.25
    assert "self_worth" not in found
    assert "self_worth_after_unresponsive" not in found
    for person in range(data.sizes["person"]):
        values = {name: natural[name][..., person] for name in natural}
        mean = {figure: values["availability_start"] for figure in (0, 1)}
        variance = {figure: values["availability_start_variance"] for figure in (0, 1)}
        for event, figure, outcome, elapsed, _ in rows_of(data, person):
            here = found.isel(event=event, person=person)
            variance[figure] = variance[figure] + values["availability_diffusion"] * elapsed
            np.testing.assert_allclose(here["expected"], mean[figure], rtol=1e-9)
            if not np.isnan(outcome):
                gain = variance[figure] / (variance[figure] + noise)
                np.testing.assert_allclose(here["learning_rate"], gain, rtol=1e-6)
                mean[figure] = mean[figure] + gain * (outcome - mean[figure])
                variance[figure] = (1 - gain) * variance[figure]
            later = variance[figure] + values["availability_diffusion"] * gap_of(data, figure)
            lowered = mean[figure] * (1 - later / (later + noise))
            np.testing.assert_allclose(here["availability_after_unresponsive"], lowered, rtol=1e-9)


def test_earned_security_asks_about_the_same_beliefs():
    """The paths that are judged have these beliefs, also with a rule that carries over to new figures."""
    data = random_data(figures=2, people=4, events=12)
    model = ModelSpec("mine", lift_learner(RULES["kalman"], transfer=True), {})
    fit, natural = fit_around(model, data)
    found = beliefs(model, fit, CHAINS * DRAWS).stack(sample=("chain", "draw"))
    declared = {free.label for free in free_parameters(model, names(2))}
    assert declared == {*natural}
    people = {name: values.reshape(-1) for name, values in natural.items()}
    size = len(next(iter(people.values())))
    people |= {name: np.full(size, 0.25) for name in ("availability_noise", "worth_noise")}
    path = belief_paths(model, data, people, "figure 1").observed_path()
    is_session = (data["present"] & (data["figure_index"] == 1)).values
    for name, judged in (
        ("availability", path.availability),
        ("self_worth", path.worth),
        ("availability_after_unresponsive", path.availability_after_unresponsive),
        ("self_worth_after_unresponsive", path.worth_after_unresponsive),
        ("expected", path.expected),
    ):
        by_draw = judged.reshape(len(judged), -1, data.sizes["person"])
        for person in range(data.sizes["person"]):
            events = np.nonzero(is_session[:, person])[0]
            own = found[name].isel(person=person, event=events).transpose("event", "sample").values
            np.testing.assert_allclose(own, by_draw[: len(events), :, person], rtol=1e-9)


def test_mean_and_sd_are_those_of_the_draws(data, monkeypatch):
    """In batches of any size, over the draws in which a quantity is defined."""
    model = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    fit, _ = fit_around(model, data)
    monkeypatch.setattr(draws_module, "MAX_PEOPLE_AT_ONCE", 5 * data.sizes["person"])
    every, found = beliefs(model, fit, CHAINS * DRAWS), belief_summary(model, fit)
    for name in every.data_vars:
        draws = every[name].stack(sample=("chain", "draw"))
        np.testing.assert_allclose(found[f"{name}_mean"], draws.mean("sample"), rtol=1e-12)
        squares, n_draws = ((draws - draws.mean("sample")) ** 2).sum("sample", min_count=2), draws.count("sample")
        np.testing.assert_allclose(found[f"{name}_sd"], np.sqrt(squares / (n_draws - 1)), rtol=1e-9)
        assert every[name].attrs["units"]
        assert found[f"{name}_sd"].attrs["long_name"] == f"posterior SD: {every[name].attrs['long_name']}"


def test_draws_are_thinned_evenly_and_are_the_same_again(data):
    model = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    fit, _ = fit_around(model, data)
    found = beliefs(model, fit, 6)
    assert found.identical(beliefs(model, fit, 6))
    assert list(found["draw"].values) == [0, 2, 4]
    xr.testing.assert_equal(found, beliefs(model, fit, CHAINS * DRAWS).sel(draw=[0, 2, 4]))


def test_the_table_has_a_line_for_every_row_of_the_study(tmp_path):
    """By person and session, with the study's own ids; an answer about a whole session adds no line."""
    folder = write(tmp_path)
    spoil(folder, "sessions.csv", "ann,3,mum,2026-01-22,,1,yes,0", "ann,2,mum,2026-01-08,,1,yes,0")
    spoil(folder, "study.toml", "scale  = [7, 1]", 'scale  = [7, 1]\nscope = "session"')
    spoil(folder, "sessions.csv", "ann,2,dad,2026-01-08,4,4,yes,5", "ann,2,dad,2026-01-08,4,1,yes,5")
    data, model = read_study(folder), load_model(folder / "model.toml")
    fit, _ = fit_around(model, data)
    table, own = belief_table(beliefs_by_row(model, fit)), frame(folder)
    assert int(data["present"].sum()) > len(own)  # an event of its own for the answer about the session
    by_row = own.merge(table, left_on=["patient_id", "visit", "who"], right_on=["person", "session", "figure"])
    assert len(by_row) == len(own) == len(table)
    scaled = (by_row["responsive"] - 1) / 6
    pd.testing.assert_series_equal(by_row["outcome"], scaled, check_names=False)
    np.testing.assert_allclose(by_row["prediction_error"], scaled - by_row["expected"], atol=1e-12)
    assert by_row["learning_rate"].notna().equals(scaled.notna())
    assert table["session"].dtype.kind == "i"
    assert [*table][:5] == ["person", "session", "figure", "time", "outcome"]
    assert {f"{name}_sd" for name in [*table][5::2]} == {*[*table][6::2]}
    for _, person in table.groupby("person"):
        assert person["time"].is_monotonic_increasing


def test_an_outcome_that_was_not_recorded_has_no_prediction_error(data):
    """In its place is a mean of other outcomes, which nobody observed."""
    model = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    lost = data["observed"] & (data["event"] == 2)
    fit, _ = fit_around(model, data.assign(unrecorded=lost))
    error = belief_summary(model, fit)["prediction_error_mean"]
    np.testing.assert_array_equal(error.notnull(), data["observed"] & ~lost)
    assert belief_table(beliefs_by_row(model, fit)).shape[0] == int(data["present"].sum())


def test_a_latent_outcome_is_that_which_was_learned_from(data):
    """Its posterior mean and SD; nothing where nobody rated it; the error is this outcome minus what was expected."""
    plain = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    model = model_with_raters(plain, raters(["patient", "therapist"]))
    rated, lost = data["observed"].values, (data["observed"] & (data["event"] == 2)).values
    data = data.assign(rated=data["observed"].astype(float), unrecorded=(("event", "person"), lost))
    fit, natural = fit_around(model, data)
    z = np.random.default_rng(4).normal(size=(CHAINS, DRAWS, 1, *data["outcome"].shape))
    dims = ("chain", "draw", "innovation_name", "event", "person")
    posterior = fit["unconstrained_posterior"].to_dataset().assign(innovation=(dims, z))
    fit["unconstrained_posterior"] = posterior.assign_coords(innovation_name=list(model.rule.innovations))
    own, variation = (natural[name][:, :, None] for name in ("responsiveness", "responsiveness_variation"))
    outcome = expit(logit(own) + variation * z[:, :, 0])
    table, known = belief_table(beliefs_by_row(model, fit)), (rated & ~lost).T[data["present"].values.T]
    for name, expected in (("outcome", outcome.mean((0, 1))), ("outcome_sd", outcome.std((0, 1)) * np.sqrt(12 / 11))):
        np.testing.assert_allclose(table[name][known], expected.T[data["present"].values.T][known], rtol=1e-9)
        assert table[name][~known].isna().all()
    error = table["prediction_error"][known]
    np.testing.assert_allclose(error, (table["outcome"] - table["expected"])[known], atol=1e-12)


def test_an_error_of_zero_has_no_learning_rate():
    """Somebody who expects what happens cannot show how much they would have learned."""
    model = ModelSpec("mine", lift_learner(RULES["rescorla_wagner"]), {})
    data = random_data(figures=1, people=2, events=6, unobserved=0.0)
    fit, natural = fit_around(model, data)
    first = natural["availability_start"][0, 0]
    outcome = data["outcome"].values.copy()
    outcome[0] = first
    fit, _ = fit_around(model, data.assign(outcome=(("event", "person"), outcome)))
    found = beliefs(model, fit, CHAINS * DRAWS).isel(event=0)
    np.testing.assert_allclose(found["prediction_error"].isel(chain=0, draw=0), 0.0, atol=1e-9)
    assert found["learning_rate"].isel(chain=0, draw=0).isnull().all()
    assert found["learning_rate"].isel(chain=1).notnull().all()
