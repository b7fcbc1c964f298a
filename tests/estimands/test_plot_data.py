"""What plots show equals the numbers of the fit: counted and averaged here, one by one, from its groups."""

import numpy as np
import pandas as pd
import pytest
import runs
import xarray as xr
from scipy.special import expit

from iwm_bayes.estimands.attachment_space import attachment_space_data
from iwm_bayes.estimands.beliefs import belief_summary
from iwm_bayes.estimands.forest import forest_data, learning_parameters
from iwm_bayes.estimands.group_difference import group_difference_data
from iwm_bayes.estimands.learning_curves import individual_fits_data, learning_curves_data
from iwm_bayes.estimands.person_summary import pseudonym_number, pseudonyms, shrinkage_data
from iwm_bayes.estimands.security.by_arm import EVERYONE, incidence_by_arm, person_arms
from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.estimands.security.time_to_security import earned_security
from iwm_bayes.inference.predicted_answers import predicted_answers
from iwm_bayes.types import InputError

DRAWS, FIGURE = 40, runs.NASTY
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]


@pytest.fixture(scope="module")
def found():
    """A fit with stored predictions and beliefs, of people who missed some sessions and answers."""
    known = runs.known()
    data = known.data.copy(deep=True)
    answers = data["answer_availability_rating"].values
    answers[::5, 3] = np.nan
    fit = xr.DataTree.from_dict(
        {name: group.to_dataset() for name, group in known.fit.children.items()} | {"constant_data": data}
    )
    posterior = fit["unconstrained_posterior"].to_dataset()
    groups = {
        "posterior_predictive": predicted_answers(known.model, data, posterior, DRAWS, 1),
        "belief_summary": belief_summary(known.model, fit, DRAWS),
    }
    parts = {name: group.to_dataset() for name, group in fit.children.items()} | groups
    return known._replace(data=data, fit=xr.DataTree.from_dict(parts))


def sessions_of(data, person):
    """The events of one person that are sessions with the figure, in order."""
    figure = list(data["figure"].values).index(FIGURE)
    own = data.isel(person=person)
    is_session = own["present"] & ~own["assessment"] & (own["figure_index"] == figure)
    return [event for event in range(data.sizes["event"]) if is_session[event]]


def stored(found, response):
    """Predicted answers of the fit by person and event, {(person, event): draws}."""
    recorded = np.argwhere(found.data[f"answer_{response}"].notnull().values)
    group = found.fit["posterior_predictive"][response].stack(sample=("chain", "draw")).transpose(..., "sample").values
    return {(person, event): draws for (event, person), draws in zip(recorded, group, strict=True)}


def in_table_order(data):
    """Positions of people in the data, in the order of the numbers of their pseudonyms."""
    names = pseudonyms([str(person) for person in data["person"].values])
    return sorted(range(len(names)), key=lambda index: pseudonym_number(names[index]))


@pytest.mark.parametrize("session", [1, 6, 18])
@pytest.mark.parametrize("response", ["availability_rating", "approach"])
def test_bands_are_quantiles_of_the_stored_predictions(found, response, session):
    """Of single answers for a rating, and of the proportion for a choice of yes or no."""
    shown = learning_curves_data(found.model, found.fit, FIGURE).sel(response=response, session=session)
    predictions, answers = stored(found, response), found.data[f"answer_{response}"].values
    keys = [(person, sessions_of(found.data, person)[session - 1]) for person in range(found.data.sizes["person"])]
    draws = np.array([predictions[key] for key in keys if key in predictions])
    observed = [answers[event, person] for person, event in keys if (person, event) in predictions]
    assert shown["observed_mean"] == pytest.approx(np.mean(observed))
    assert shown["predicted_mean"] == pytest.approx(np.median(draws.mean(axis=0)))
    assert bool(shown["is_proportion"]) == (response == "approach")
    pooled = draws.mean(axis=0) if response == "approach" else draws
    np.testing.assert_allclose(shown["predicted"], np.quantile(pooled, LEVELS))
    by_person = shown["observed"].values
    expected = [answers[keys[person][1], person] for person in in_table_order(found.data)]
    np.testing.assert_array_equal(by_person, expected)


def test_a_rupture_is_common_where_nearly_everyone_has_one(found):
    shown = learning_curves_data(found.model, found.fit, FIGURE)
    outcome, observed = found.data["outcome"].values, found.data["observed"].values
    for session in (1, 5, 10):
        at = [(sessions_of(found.data, person)[session - 1], person) for person in range(found.data.sizes["person"])]
        known = [outcome[place] for place in at if observed[place]]
        assert shown["rupture_share"].sel(session=session) == pytest.approx(np.mean(np.array(known) < 0.5))
    assert (shown["rupture_share"] > 0.8).any()  # ruptures are scheduled


def test_individual_fits_are_those_of_the_stored_predictions(found):
    """In the order of pseudonyms; the quantiles and the correlation are computed here for each person."""
    shown = individual_fits_data(found.model, found.fit, FIGURE, people=5)
    predictions, answers = stored(found, "availability_rating"), found.data["answer_availability_rating"].values
    assert shown.attrs["people"] == runs.PEOPLE
    assert list(shown["person"].values) == [f"person {number}" for number in range(1, 6)]
    for column, person in enumerate(in_table_order(found.data)[:5]):
        events = sessions_of(found.data, person)
        own = shown.isel(person=column)
        medians = np.full(len(events), np.nan)
        for row, event in enumerate(events):
            if (person, event) in predictions:
                low, medians[row], high = np.quantile(predictions[person, event], [0.05, 0.5, 0.95])
                assert (own["low"][row], own["high"][row]) == (pytest.approx(low), pytest.approx(high))
        np.testing.assert_allclose(own["median"], medians)
        np.testing.assert_array_equal(own["observed"], answers[events, person])
        rating = pd.Series(answers[events, person])
        assert own["r"] == pytest.approx(rating.corr(pd.Series(medians)))


def test_people_are_chosen_by_the_ids_of_the_study(found):
    """They have pseudonyms all the same; every unknown id is named."""
    ids = list(found.data["person"].values.astype(str))
    shown = individual_fits_data(found.model, found.fit, FIGURE, "approach", [ids[7], ids[2]])
    names = pseudonyms(ids)
    assert sorted(shown["person"].values) == sorted([names[7], names[2]])
    with pytest.raises(InputError) as raised:
        individual_fits_data(found.model, found.fit, FIGURE, people=["nobody", ids[0], "else"])
    assert [problem.split("'")[1] for problem in raised.value.problems] == ["nobody", "else"]
    with pytest.raises(InputError, match="no response 'mood'"):
        individual_fits_data(found.model, found.fit, FIGURE, "mood")


def test_people_in_the_attachment_space_are_the_stored_means(found):
    """After the first and the last session of each; earned secure where most draws say so."""
    security = earned_security(found.model, found.fit, FIGURE, draws=DRAWS)
    people = attachment_space_data(found.model, found.fit, FIGURE, security)
    summary, arms = found.fit["belief_summary"].to_dataset(), person_arms(found.data)
    by_person = security.stack(sample=("chain", "draw")).transpose("person", ...)
    insecure = by_person["insecure"].values
    draws = by_person["earned"].values & insecure
    for row, person in enumerate(in_table_order(found.data)):
        events, own = sessions_of(found.data, person), people.isel(person=row)
        for name in ("availability", "self_worth"):
            expected = summary[f"{name}_mean"].isel(person=person).values[[events[0], events[-1]]]
            np.testing.assert_array_equal(own[name], expected)
        by_then = draws[person] & (by_person["sessions"].values[person] <= len(events))
        assert bool(own["earned_secure"]) == (by_then.mean() >= 0.5)
        assert bool(own["insecure"]) == (insecure[person].mean() >= 0.5)
        assert own["arm"] == arms[person]
    assert 0 < people["earned_secure"].sum() < people.sizes["person"]  # otherwise nothing is tested


def test_nobody_is_filled_for_sessions_that_others_had(found):
    """Who becomes secure only in the sessions of a donor, after their own last one, is not yet earned secure."""
    security = earned_security(found.model, found.fit, FIGURE, draws=DRAWS)
    before = attachment_space_data(found.model, found.fit, FIGURE, security)["earned_secure"]
    later = security.assign(sessions=security["sessions"] + security["followed"])  # all beyond their own
    assert before.any()
    assert not attachment_space_data(found.model, found.fit, FIGURE, later)["earned_secure"].any()


def test_curves_are_quantiles_over_draws_of_each_arm(found):
    """Of the arms where there are some, and of everyone where there are none; nothing where nothing is assessed."""
    security = earned_security(found.model, found.fit, FIGURE, draws=DRAWS)
    arms = person_arms(found.data)
    curves = incidence_by_arm(security, arms)
    shown = time_to_security_data(curves)
    assert list(shown["arm"].values) == sorted(set(arms))
    for arm in shown["arm"].values:
        last = int(curves["last"].sel(arm=arm))
        shares = curves["probability"].sel(arm=arm, session=last).values
        for level, name in ((0.05, "low"), (0.5, "median"), (0.95, "high")):
            assert shown[name].sel(arm=arm, session=last) == pytest.approx(np.nanquantile(shares, level))
        assert shown["median"].sel(arm=arm, session=slice(last + 1, None)).isnull().all()
        np.testing.assert_array_equal(shown["at_risk"].sel(arm=arm), curves["at_risk"].sel(arm=arm))
    np.testing.assert_array_equal(shown["chance_level"], curves["chance_level"])
    everyone = incidence_by_arm(security, pd.Series(dtype=str))
    assert list(time_to_security_data(everyone)["arm"].values) == [EVERYONE]
    assert not time_to_security_data(everyone.assign(last=everyone["last"] * 0))
    too_few = curves.assign(last=curves["last"].where(curves["arm"] == EVERYONE, 0))  # in every arm, but not in all
    assert list(time_to_security_data(too_few)["arm"].values) == [EVERYONE]


def test_a_forest_has_the_quantiles_of_every_person(found):
    """In the order of pseudonyms, with true values of the same people."""
    order = in_table_order(found.data)
    truth = {"worth_rate": np.arange(runs.PEOPLE) / 100}
    table = forest_data(found.model, found.fit, ["worth_rate", "approach_bias"], truth)
    theta = found.fit["unconstrained_posterior"]["theta"].sel(parameter="worth_rate").transpose("person", ...).values
    rates = 1 / (1 + np.exp(-theta.reshape(runs.PEOPLE, -1)))[order]
    own = table[table["parameter"] == "worth_rate"]
    for level, name in ((5, "ci90_low"), (25, "ci50_low"), (50, "median"), (75, "ci50_high"), (95, "ci90_high")):
        np.testing.assert_allclose(own[name], np.percentile(rates, level, axis=1), rtol=2e-3)
    np.testing.assert_array_equal(own["true"], truth["worth_rate"][order])
    assert table.loc[table["parameter"] == "approach_bias", "true"].isna().all()
    assert [pseudonym_number(name) for name in own["person"]] == sorted(map(pseudonym_number, own["person"]))
    assert learning_parameters(found.model, found.data) == ["availability_rate", "worth_rate"]
    with pytest.raises(InputError, match="no person-level parameter 'pace'"):
        forest_data(found.model, found.fit, ["pace"])


def in_arms(found, shift):
    """The same posterior with a formula of the first arm: it is `shift` higher in the availability rate, link scale."""
    arms = person_arms(found.data)
    first = (arms == sorted(arms.unique())[0]).to_numpy(float)
    label = "availability_rate: arm"
    data = found.data.assign(design=(("person", "coefficient"), first[:, None])).assign_coords(coefficient=[label])
    posterior = found.fit["unconstrained_posterior"].to_dataset()
    beta = xr.DataArray(np.full((runs.CHAINS, runs.DRAWS, 1), shift), dims=("chain", "draw", "coefficient"))
    fit = xr.DataTree.from_dict(
        {
            "constant_data": data,
            "unconstrained_posterior": posterior.assign(beta=beta.assign_coords(coefficient=[label])),
        }
    )
    return fit, arms.to_numpy()


def test_the_group_of_a_forest_is_the_arm_of_each_person(found):
    """By arm, the median person is that of the posterior, shifted by the formula; so are people's group medians."""
    fit, arms = in_arms(found, 0.8)
    table = forest_data(found.model, fit, ["availability_rate", "worth_rate"])
    mu = found.fit["unconstrained_posterior"]["mu"]
    order = in_table_order(found.data)
    for parameter, shift in (("availability_rate", 0.8), ("worth_rate", 0.0)):
        own = table[table["parameter"] == parameter]
        assert list(own["arm"]) == list(arms[order])
        for arm in sorted(set(arms)):
            levels = np.quantile(mu.sel(parameter=parameter), [0.5, 0.05, 0.95])
            expected = expit(levels + shift * (arm == sorted(set(arms))[0]))
            of_arm = own.loc[own["arm"] == arm, ["group_median", "group_ci90_low", "group_ci90_high"]]
            np.testing.assert_allclose(of_arm, np.broadcast_to(expected, of_arm.shape), rtol=1e-3)
    shrunk = shrinkage_data(found.model, fit)
    own = shrunk[shrunk["parameter"] == "availability_rate"]
    assert list(own["arm"]) == list(arms[order])
    assert own.groupby("arm")["group_median"].nunique().eq(1).all()
    assert own["group_median"].nunique() == 2


def test_people_without_arms_have_one_group(found):
    alone = found.fit.copy()
    alone["constant_data"] = xr.DataTree(found.data.drop_vars("covariate_arm"))
    table = forest_data(found.model, alone, ["worth_rate"])
    rate = expit(found.fit["unconstrained_posterior"]["mu"].sel(parameter="worth_rate"))
    assert (table["arm"] == "").all()
    assert (shrinkage_data(found.model, alone)["arm"] == "").all()
    np.testing.assert_allclose(table["group_median"], float(rate.median()), rtol=1e-3)


def test_what_cannot_be_plotted_is_empty(found):
    """Without formulas there is no difference, without a session with the figure no curve."""
    assert not group_difference_data(found.model, found.fit)
    assert shrinkage_data(found.model, found.fit)["shrinkage"].between(0, 1).all()
    alone = found.fit.copy()
    data = found.data.assign(assessment=xr.full_like(found.data["assessment"], True))
    alone["constant_data"] = xr.DataTree(data)
    assert not learning_curves_data(found.model, alone, FIGURE)
    assert not individual_fits_data(found.model, alone, FIGURE)
    assert not attachment_space_data(found.model, alone, FIGURE)
