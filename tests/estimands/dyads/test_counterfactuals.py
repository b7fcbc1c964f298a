"""Counterfactual dyads where it is known what becomes of them."""

import numpy as np
from prior_dyads import couple, known_fit, simulated_fit, therapy, values_of

from iwm_bayes.estimands.dyads.closed_loop import from_start, run
from iwm_bayes.estimands.dyads.counterfactuals import (
    AS_THEY_ARE,
    CONTAINED,
    counterfactual_dyads,
    counterfactual_table,
    with_containment,
    with_secure_member,
)
from iwm_bayes.simulation.dyads import simulate_dyads

STRONG = {"pull": 2.5, "care_containment": 0.1}


def therapy_of(patient=None, therapist=None, dyads=6):
    """A model of therapies, and known values, by draw of a dyad."""
    model = therapy()
    values = values_of(model, patient=patient or {}, therapist=therapist or {})
    return model, values, {name: np.full(dyads, value) for name, value in values.items()}


def known(model, values, everybody, exchanges=10):
    """The counterfactuals of dyads that were simulated."""
    return counterfactual_dyads(model, known_fit(model, simulate_dyads(model, exchanges, everybody, 2), values))


def test_full_containment_is_no_pull():
    """The same closed loop, act by act, as with a pull of 0; and another than with the pull as it is."""
    model, _, everybody = therapy_of(therapist=STRONG)
    without = everybody | {"therapist_pull": np.zeros(6)}

    def played(values):
        return run(model, from_start(model, values, 1.0, 6), 30, np.random.default_rng(3))

    contained, no_pull, as_it_is = (
        played(values) for values in (with_containment(model, everybody), without, everybody)
    )
    for role in model.members:
        np.testing.assert_array_equal(contained[role].act, no_pull[role].act)
        np.testing.assert_array_equal(contained[role].availability, no_pull[role].availability)
    assert (contained["therapist"].act != as_it_is["therapist"].act).any()


def test_without_a_pull_containment_changes_nothing():
    """With the same random numbers the difference is exactly 0."""
    found = known(*therapy_of(therapist={"pull": 0.0}))
    np.testing.assert_array_equal(found["difference"].sel(counterfactual=CONTAINED), 0.0)


def test_containment_of_a_carer_who_rescues_lowers_care_for_patients_who_always_ask():
    """And raises it where the carer is repelled: the sign is that of the pull."""
    always = {"bid_bias": 40.0, "bid_sensitivity": 1e-12}
    for pull, sign in ((2.5, -1.0), (-2.5, 1.0)):
        found = known(*therapy_of(always, {"pull": pull, "care_containment": 0.1, "care_bias": 0.0}, dyads=60))
        care = found["difference"].sel(counterfactual=CONTAINED, quantity="mean act of the therapist")
        assert (sign * care > 0.05).all()


def test_secure_members_stay_as_they_are():
    """Who begins at .7 or above, and has no pull, is the same: the difference is exactly 0."""
    found = known(*therapy_of({"availability_start": 0.75}, {"availability_start": 0.4}))
    np.testing.assert_array_equal(found["difference"].sel(counterfactual="patient secure"), 0.0)
    raised = found["difference"].sel(counterfactual="therapist secure", quantity="belief of the therapist at the end")
    assert (raised > 0.0).all()


def test_a_secure_member_who_does_not_learn_is_at_the_secure_belief():
    """The initial belief of .7 stays; nobody else begins otherwise."""
    still = {"availability_start": 0.2, "availability_rate": 1e-12}
    found = known(*therapy_of(still, still))
    by_arm = found["value"].sel(quantity="belief of the patient at the end")
    np.testing.assert_allclose(by_arm.sel(arm="patient secure"), 0.7, atol=1e-9)
    np.testing.assert_allclose(by_arm.sel(arm=[AS_THEY_ARE, "therapist secure"]), 0.2, atol=1e-9)


def test_only_the_member_that_is_named_becomes_secure():
    """All other values are those of the dyad."""
    _, _, everybody = therapy_of(therapist=STRONG | {"availability_start": 0.2})
    changed = with_secure_member(everybody, "therapist")
    different = {name for name in everybody if (changed[name] != everybody[name]).any()}
    assert different == {"therapist_availability_start", "therapist_pull"}
    assert set(changed) == set(everybody)


def test_couples_without_a_pull_have_no_containment():
    """Their counterfactuals are those of secure members, with a line for every quantity."""
    found = counterfactual_dyads(couple(), simulated_fit(couple()))
    assert list(found["counterfactual"].values) == ["wife secure", "husband secure"]
    table = counterfactual_table(found)
    assert len(table) == 2 * 7
    assert table["difference"].notna().all()
