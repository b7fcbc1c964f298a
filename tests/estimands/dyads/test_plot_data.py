"""The numbers of the plots of dyads, against recursions and sums by hand."""

import numpy as np
import pytest
import xarray as xr
from prior_dyads import couple, known_fit, prior_fit, simulated_fit, therapy, values_of, with_clinicians

from iwm_bayes.estimands.dyads.actor_partner import actor_partner
from iwm_bayes.estimands.dyads.plot_data import (
    ACTED_OUT,
    actor_partner_data,
    carer_of_dyads,
    countertransference_data,
    dyad_data,
    reciprocity_data,
    values_of_dyads,
    within_draws,
)
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import InputError

RATES = {"wife": 0.3, "husband": 0.1}


@pytest.fixture(scope="module")
def partners():
    """A fit of two equal draws of couples, and their data: beliefs follow Rescorla and Wagner's recursion."""
    model = couple()
    values = values_of(
        model, **{role: {"availability_rate": rate, "availability_start": 0.4} for role, rate in RATES.items()}
    )
    data = simulate_dyads(model, 10, {name: np.full(5, value) for name, value in values.items()}, 2)
    return model, known_fit(model, data, values), data


@pytest.fixture(scope="module")
def therapies():
    """A fit of therapies, whose draws are from the prior, with clinicians who have several patients."""
    model = therapy()
    return model, prior_fit(model, with_clinicians(model, simulate_dyads(model, 8, 12, 3)))


def test_beliefs_of_both_members_follow_what_the_other_did(partners):
    """By hand, from the acts of the data; exchange 0 is before the first one."""
    model, fit, data = partners
    found = dyad_data(model, fit, ["d002", "d004"])
    order = [int(np.flatnonzero(data["person"].values == name)[0]) for name in ("d002", "d004")]
    acts = {role: data[f"answer_{role}_support"].values for role in RATES}
    by_name = sorted(found["dyad"].values)
    assert len(by_name) == 2
    for role, other in (("wife", "husband"), ("husband", "wife")):
        by_dyad = []
        for index in order:
            belief = [0.4]
            for act in acts[other][:, index]:
                belief.append(belief[-1] + RATES[role] * (act - belief[-1]))
            by_dyad.append(belief)
        middle = found["middle"].sel(role=role, belief="availability").transpose("dyad", "exchange").values
        np.testing.assert_allclose(np.sort(middle, axis=0), np.sort(by_dyad, axis=0), rtol=0, atol=1e-9)
        assert np.isnan(found["act"].sel(role=role, exchange=0)).all()
        shown = found["act"].sel(role=role).transpose("dyad", "exchange").values[:, 1:]
        assert {tuple(row) for row in shown} == {tuple(acts[role][:, index]) for index in order}
    np.testing.assert_allclose(found["low"], found["high"], rtol=0, atol=1e-9)  # both draws are equal


def test_dyads_have_pseudonyms_and_unknown_ones_are_named(partners):
    """As people have in other plots."""
    model, fit, _ = partners
    assert list(dyad_data(model, fit, 2)["dyad"].values) == ["dyad 1", "dyad 2"]
    with pytest.raises(InputError, match="there is no dyad 'd9'"):
        dyad_data(model, fit, ["d001", "d9"])


def test_actor_and_partner_effects_are_drawn_with_their_quantiles(therapies):
    """Those of the mean of the dyads over the draws, and the median of each dyad, per 0.1 of a belief."""
    model, fit = therapies
    effects = actor_partner(model, fit)
    found = actor_partner_data(effects)
    draws = effects["mean_effect"].sel(role="patient", effect="partner").values.ravel()
    shown = found.sel(role="patient", effect="partner")
    for name, level in {"ci90_low": 0.05, "ci50_low": 0.25, "median": 0.5, "ci90_high": 0.95}.items():
        assert float(shown[name]) == pytest.approx(0.1 * np.quantile(draws, level))
    of_dyad = np.median(effects["effect_of_dyad"].sel(role="patient", effect="partner").values.reshape(12, -1), axis=1)
    np.testing.assert_allclose(shown["of_dyad"], 0.1 * of_dyad)
    assert str(shown["whose_act"].values) == "therapist"


def test_dyads_of_one_clinician_have_one_carer_under_a_pseudonym(therapies):
    """Of twelve dyads, every third has the same clinician; without a group every dyad has a carer of its own."""
    _, fit = therapies
    data = fit["constant_data"].to_dataset()
    carers = carer_of_dyads(data, "therapist")
    assert len(set(carers)) == 3
    assert all(carers[index] == carers[index % 3] for index in range(12))
    assert all(name.startswith("therapist ") for name in carers)
    assert len(set(carer_of_dyads(data, "patient"))) == 12


def test_the_acted_out_pull_is_what_is_not_contained(therapies):
    """(1 - containment) pull, in every draw, over how readily the patient bids."""
    model, fit = therapies
    found, values = countertransference_data(model, fit), values_of_dyads(model, fit)
    pull = (1 - values["therapist_care_containment"]) * values["therapist_pull"]
    np.testing.assert_allclose(found["median"], np.median(pull, axis=0))
    np.testing.assert_allclose(found["style"], np.median(values["patient_bid_bias"], axis=0))
    np.testing.assert_allclose(values[f"therapist_{ACTED_OUT}"], pull)
    r = [np.corrcoef(one, other)[0, 1] for one, other in zip(pull, values["patient_bid_bias"], strict=True)]
    assert found.attrs["r"] == pytest.approx(np.median(r))
    assert found.attrs["parameter"] == "acted-out pull of the therapist"
    assert found.attrs["style"] == "bid bias of the patient"
    assert found.attrs["signed"] == 1


def test_other_parameters_are_chosen_by_name(therapies):
    """One of each member; an unknown name lists those that there are."""
    model, fit = therapies
    found = countertransference_data(model, fit, "patient_availability_rate", "therapist_care_bias")
    assert (found.attrs["role"], found.attrs["signed"]) == ("patient", 0)
    for names, words in {
        ("therapist_pull", "therapist_care_bias"): "both of the therapist",
        ("therapist_warmth", None): "there is no parameter 'therapist_warmth'; choose from",
        ("pull", None): "begins with no role",
    }.items():
        with pytest.raises(InputError, match=words):
            countertransference_data(model, fit, *names)


def test_couples_without_a_pull_show_what_they_learn_and_act_by():
    """The first parameter of the second member, over how readily the first one acts."""
    model = couple()
    found = countertransference_data(model, simulated_fit(model))
    assert found.attrs["parameter"] == "availability start of the husband"
    assert found.attrs["style"] == "support bias of the wife"


def test_a_constant_has_no_correlation():
    """NaN, and no division by 0."""
    r = within_draws(np.ones((1, 4)), np.array([[1.0, 2.0, 3.0, 4.0]]))
    assert np.isnan(r).all()


def test_reciprocity_is_drawn_with_its_interval():
    """The first kind of dyads by default."""
    draws = np.linspace(0.0, 1.0, 2 * 3 * 4 * 11).reshape(2, 3, 4, 1, 11)
    found = xr.Dataset(
        {"probability": (("dyads", "who", "exchange", "chain", "draw"), draws)},
        {"dyads": ["these", "new"], "who": ["wife", "husband", "both"], "exchange": np.arange(1, 5)},
    )
    shown = reciprocity_data(found, "new").sel(who="both", exchange=4)
    own = draws[1, 2, 3].ravel()
    assert [float(shown[name]) for name in ("low", "median", "high")] == pytest.approx(
        np.quantile(own, [0.05, 0.5, 0.95])
    )
    assert reciprocity_data(found).attrs["dyads"] == "these"
    with pytest.raises(InputError, match="there are no dyads 'old'; choose from these, new"):
        reciprocity_data(found, "old")
