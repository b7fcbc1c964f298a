"""Actor and partner effects by hand; without learning or sensitivity there is no partner effect."""

import numpy as np
import pytest
import xarray as xr
from prior_dyads import couple, ended_early, known_fit, therapy, values_of
from scipy.special import expit, logit, ndtri

from iwm_bayes.estimands.dyads.actor_partner import actor_partner, effect_table, true_effects
from iwm_bayes.estimands.dyads.prior_effects import above_0_by_assumption
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.simulation.dyads import simulate_dyads
from iwm_bayes.types import parameters, with_parameters

WIFE = {"availability_start": 0.4, "availability_rate": 0.2, "support_bias": 0.3, "support_sensitivity": 1.5}
HUSBAND = {"availability_start": 0.7, "availability_rate": 0.35, "support_bias": -0.2, "support_sensitivity": 0.8}


def effects_of(model, exchanges=2, **by_role):
    """Return both effects by role, (role, effect), for dyads of known values that are simulated."""
    values = values_of(model, **by_role)
    data = simulate_dyads(model, exchanges, values | {next(iter(values)): np.full(3, next(iter(values.values())))}, 4)
    return actor_partner(model, known_fit(model, data, values))


def mean_of(found, role, effect):
    """The mean effect, which is the same in both draws."""
    one, two = found["mean_effect"].sel(role=role, effect=effect).values.ravel()
    assert one == two
    return one


def chance(own, belief):
    """The probability of an act by hand: an expectation counts as no more certain than 1 in 1,000."""
    return expit(own["support_bias"] + own["support_sensitivity"] * logit(0.001 + 0.998 * belief))


def test_effects_of_constant_learning_rates_are_products_by_hand():
    """At the first of two exchanges: own slope, times what the act changes in the belief, times the other's slope.

    The second exchange has an actor effect and nobody acts after it, so that one exchange alone counts for the partner.
    """
    found = effects_of(couple(), exchanges=2, wife=WIFE, husband=HUSBAND)
    start = WIFE["availability_start"]
    p = chance(WIFE, start)
    x = 0.001 + 0.998 * start
    slope = p * (1 - p) * WIFE["support_sensitivity"] * 0.998 / (x * (1 - x))
    his, rate = HUSBAND["availability_start"], HUSBAND["availability_rate"]
    difference = chance(HUSBAND, his + rate * (1 - his)) - chance(HUSBAND, his - rate * his)
    assert mean_of(found, "wife", "partner") == pytest.approx(slope * difference, rel=1e-4)
    first = effects_of(couple(), exchanges=1, wife=WIFE, husband=HUSBAND)
    assert mean_of(first, "wife", "actor") == pytest.approx(slope, rel=1e-4)
    assert np.isnan(first["mean_effect"].sel(effect=["partner", "partner by bids"])).all()


def test_a_small_partner_effect_is_the_product_of_three_derivatives():
    """With a small learning rate: dP/dbelief of the one, the learning rate, and dP/dbelief of the other."""
    slow = HUSBAND | {"availability_rate": 1e-3}
    found = effects_of(couple(), wife=WIFE, husband=slow)

    def slope(own):
        step = 1e-6
        start = own["availability_start"]
        return (chance(own, start + step) - chance(own, start - step)) / (2 * step)

    expected = slope(WIFE) * slow["availability_rate"] * slope(slow)
    assert mean_of(found, "wife", "partner") == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("role", "change"),
    [("wife", {"support_sensitivity": 1e-12}), ("husband", {"availability_rate": 1e-12})],
    ids=["no sensitivity", "the other learns nothing"],
)
def test_without_a_link_there_is_no_partner_effect(role, change):
    """An act that does not follow the belief, or teaches nothing, changes nothing in the other."""
    given = {"wife": WIFE, "husband": HUSBAND}
    found = effects_of(couple(), exchanges=6, **given | {role: given[role] | change})
    assert abs(mean_of(found, "wife", "partner")) < 1e-9
    assert mean_of(found, "husband", "actor") > 0.1


def test_acts_of_the_exchange_before_are_learned_from_one_exchange_later():
    """Letters: the answer to a letter comes two exchanges after the belief, and with two exchanges there is none."""
    two = effects_of(couple(exchange="next"), exchanges=2, wife=WIFE, husband=HUSBAND)
    assert np.isnan(two["mean_effect"].sel(effect="partner")).all()
    three = effects_of(couple(exchange="next"), exchanges=3, wife=WIFE, husband=HUSBAND)
    assert mean_of(three, "wife", "partner") > 0.0


def test_a_graded_act_is_integrated_over_its_distribution():
    """Openness is a censored rating: the care that follows it, by a hundred thousand quantiles of the rating."""
    patient = {"availability_start": 0.55, "availability_rate": 0.3, "openness_noise": 0.2}
    therapist = {"availability_start": 0.6, "availability_rate": 0.4, "care_bias": 0.1, "care_sensitivity": 1.2}
    model = therapy()
    values = values_of(model, patient=patient, therapist=therapist | {"pull": 0.0})
    data = simulate_dyads(model, 2, values | {"patient_openness_noise": np.full(3, 0.2)}, 4)
    found = actor_partner(model, known_fit(model, data, values))
    care = data["answer_therapist_care"].values[0]  # which the patient has experienced when giving the rating
    belief = 0.55 + 0.3 * (care - 0.55)
    z, step = ndtri((np.arange(100_000) + 0.5) / 100_000)[:, None], 1e-3

    def openness(b):
        latent = 0.5 + values["patient_openness_intercept"] + values["patient_openness_slope"] * (b - 0.5)
        return np.clip(latent + np.sqrt(0.2**2 + 0.02**2) * z, 0.0, 1.0)

    def next_care(act):
        learned = 0.6 + 0.4 * (act - 0.6)
        return expit(0.1 + 1.2 * logit(0.001 + 0.998 * learned))

    def slope(function):
        return ((function(openness(belief + step)) - function(openness(belief - step))) / (2 * step)).mean(axis=0)

    of_dyad = found["effect_of_dyad"].sel(role="patient").isel(chain=0, draw=0)
    np.testing.assert_allclose(of_dyad.sel(effect="partner"), slope(next_care), rtol=2e-3)
    one = actor_partner(model, known_fit(model, data.isel(event=[0]), values))["effect_of_dyad"]
    np.testing.assert_allclose(
        one.sel(role="patient", effect="actor").isel(chain=0, draw=0), slope(lambda act: act), rtol=2e-3
    )


PULLED = {"pull": 1.6, "care_containment": 0.25, "care_bias": 0.2, "care_sensitivity": 1e-12}
ASKING = {"availability_start": 0.45, "bid_bias": -0.1, "bid_sensitivity": 1.4}


@pytest.mark.parametrize("pull", [1.6, -1.6])
def test_a_bid_pulls_the_carer_at_the_same_exchange(pull):
    """At the first exchange the share of bids is .65 with a bid and .35 without; a quarter of the pull is contained."""
    found = effects_of(therapy(), exchanges=1, patient=ASKING, therapist=PULLED | {"pull": pull})
    x = 0.001 + 0.998 * 0.45
    p = expit(-0.1 + 1.4 * logit(x))
    slope = p * (1 - p) * 1.4 * 0.998 / (x * (1 - x))
    with_bid, without = (expit(0.2 + 0.75 * pull * (share - 0.5)) for share in (0.65, 0.35))
    assert mean_of(found, "patient", "partner by bids") == pytest.approx(slope * (with_bid - without), rel=1e-4)
    assert np.isnan(found["mean_effect"].sel(role="therapist", effect="partner by bids")).all()


@pytest.mark.parametrize("change", [{"pull": 0.0}, {"care_containment": 1.0 - 1e-12}], ids=["no pull", "contained"])
def test_without_a_pull_that_is_acted_out_bids_do_nothing(change):
    """Neither without a pull nor where all of it is contained."""
    none = effects_of(therapy(), exchanges=5, patient=ASKING, therapist=PULLED | change)
    assert abs(mean_of(none, "patient", "partner by bids")) < 1e-9


def test_the_table_has_a_line_for_every_effect():
    """It says whose act follows whose belief; nobody in a couple has a pull, and there is no line for it."""
    table = effect_table(effects_of(couple(), exchanges=3, wife=WIFE, husband=HUSBAND))
    assert list(table["effect"]) == ["actor", "partner"] * 2
    assert list(table["of"]) == ["wife", "husband", "husband", "wife"]
    np.testing.assert_allclose(table["per_tenth"], table["per_unit"] / 10)


def test_effects_that_the_supports_leave_no_other_sign_are_assumed():
    """Sensitivities are above 0 and a pull is not; a rating may fall with the belief where its slope is free."""
    model = therapy()
    data = simulate_dyads(model, 4, 6, 2)
    above = above_0_by_assumption(model, data)
    assert above.sel(effect=["actor", "partner"]).all()
    assert not above.sel(effect="partner by bids").any()
    known, name = parameters(model), "patient_openness_slope"
    free = with_parameters(model, known | {name: known[name]._replace(fixed=None)})
    own = above_0_by_assumption(free, data)
    assert not own.sel(role="patient", effect=["actor", "partner"]).any()
    assert own.sel(role="therapist", effect="actor")


def test_the_table_says_how_large_effects_are_under_the_prior():
    """Of prior draws as those of a fit, the interval is that of the fit; nothing is said of a sign that is assumed."""
    model = therapy()
    data = simulate_dyads(model, 4, 6, 2)
    posterior = prior_draws(model, data, 200, 1)
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": data})
    table = effect_table(actor_partner(model, fit))
    for end in ("ci90_low", "ci90_high"):
        np.testing.assert_allclose(table[f"prior_per_unit_{end}"], table[f"per_unit_{end}"])
    assert list(table["p_above_0"].isna()) == [effect != "partner by bids" for effect in table["effect"]]


def test_a_dyad_that_ends_early_has_the_effects_of_its_own_exchanges():
    """Those of data that end for all when it does; the others have those of all their exchanges."""
    model = therapy()
    values = values_of(model, patient=ASKING, therapist=PULLED | {"care_sensitivity": 1.2})
    data = simulate_dyads(model, 6, {name: np.full(3, value) for name, value in values.items()}, 9)
    whole, short, early = (
        actor_partner(model, known_fit(model, own, values))["effect_of_dyad"]
        for own in (data, data.isel(event=slice(3)), ended_early(model, data, 1, 3))
    )
    np.testing.assert_allclose(early.isel(person=1), short.isel(person=1), atol=1e-12)
    np.testing.assert_allclose(early.isel(person=[0, 2]), whole.isel(person=[0, 2]), atol=1e-12)
    assert (np.abs(whole - short) > 1e-4).any()


def test_true_effects_are_those_of_a_fit_without_uncertainty():
    """Of dyads that all have the same values, which are known."""
    model = couple()
    values = values_of(model, wife=WIFE, husband=HUSBAND)
    everybody = {name: np.full(3, value) for name, value in values.items()}
    data = simulate_dyads(model, 5, everybody, 4)
    found = actor_partner(model, known_fit(model, data, values))["effect_of_dyad"].isel(chain=0, draw=0)
    np.testing.assert_allclose(true_effects(model, data, everybody), found, atol=1e-10)
