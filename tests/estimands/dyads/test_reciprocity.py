"""Who becomes secure in closed loop, where it is known: members who do not learn, and members who always respond."""

import numpy as np
import pytest
import xarray as xr
from prior_dyads import couple, ended_early, known_fit, simulated_fit, therapy, values_of

from iwm_bayes.data.dyads.coupling import coupled
from iwm_bayes.estimands.dyads.closed_loop import Played, from_end, is_secure, run
from iwm_bayes.estimands.dyads.reciprocity import (
    BOTH,
    LOOPS,
    ONE_ONLY,
    first_held,
    horizon_of,
    loop_summary,
    reciprocity,
    reciprocity_table,
)
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.simulation.dyad_loop import first_sides, simulate_exchanges
from iwm_bayes.simulation.dyads import empty_dyads, simulate_dyads
from iwm_bayes.types import named_leaves

START, END, NEW = LOOPS
ALWAYS = {"support_bias": 40.0, "support_sensitivity": 1e-12}  # an act at every exchange


def couple_of(exchanges, wife, husband, dyads=3):
    """A model of couples of known values, with simulated exchanges."""
    model = couple()
    values = values_of(model, wife=wife, husband=husband)
    everybody = {name: np.full(dyads, value) for name, value in values.items()}
    return model, known_fit(model, simulate_dyads(model, exchanges, everybody, 2), values)


def test_members_who_do_not_learn_stay_as_they_are():
    """The wife is secure and the husband is not, at every exchange; one is and both never are."""
    still = {"availability_rate": 1e-9}
    model, fit = couple_of(15, still | {"availability_start": 0.8}, still | {"availability_start": 0.5})
    these = reciprocity(model, fit).sel(dyads=[START, END])
    for who, expected in {"wife": 1.0, "husband": 0.0, BOTH: 0.0}.items():
        np.testing.assert_array_equal(these["probability"].sel(who=who), expected)
        np.testing.assert_array_equal(these["reached"].sel(outcome=who), expected)
    np.testing.assert_array_equal(these["reached"].sel(outcome=ONE_ONLY), 1.0)
    np.testing.assert_array_equal(these["exchanges"].sel(who="wife"), 1.0)
    assert np.isinf(these["exchanges"].sel(who="husband")).all()


def exchange_of_security(start, rate):
    """The exchange after which a belief that moves towards 1 is secure, and an unresponsive one leaves it resilient."""
    needed = max(0.6, 0.5 / (1.0 - rate))
    return int(np.ceil(np.log((1.0 - needed) / (1.0 - start)) / np.log(1.0 - rate)))


def test_where_both_always_respond_the_exchange_of_security_is_known():
    """The belief after t responsive acts is 1 - (1 - start) (1 - rate)^t; both are secure when the slower one is."""
    wife, husband = (
        {"availability_start": 0.3, "availability_rate": 0.3},
        {
            "availability_start": 0.2,
            "availability_rate": 0.1,
        },
    )
    model, fit = couple_of(12, wife | ALWAYS, husband | ALWAYS)
    found = reciprocity(model, fit).sel(dyads=START)
    fast, slow = (exchange_of_security(one["availability_start"], one["availability_rate"]) for one in (wife, husband))
    assert 1 < fast < slow < 12
    np.testing.assert_array_equal(found["exchanges"].sel(who="wife"), fast)
    np.testing.assert_array_equal(found["exchanges"].sel(who="husband"), slow)
    np.testing.assert_array_equal(found["exchanges"].sel(who=BOTH), slow)
    by_exchange = found["probability"].sel(who=BOTH).isel(chain=0, draw=0)
    np.testing.assert_array_equal(by_exchange, found["exchange"] >= slow)


def test_answers_end_at_the_last_exchange_of_the_study():
    """Nothing is said of an exchange that no dyad had; the longest dyad counts."""
    model, fit = couple_of(4, {}, {})
    assert horizon_of(fit) == 4
    data = ended_early(model, fit["constant_data"].to_dataset(), 1, 2)
    assert horizon_of(fit.assign(constant_data=xr.DataTree(data))) == 4


def test_what_follows_the_last_exchange_continues_the_data():
    """States, acts and the share of bids after the last exchange are those of the simulation that made the data."""
    model, dyads = therapy(), 5
    values = values_of(model, therapist={"pull": 1.5})
    everybody = {name: np.full(dyads, value) for name, value in values.items()}
    rng = np.random.default_rng(8)
    turns = list(simulate_exchanges(model, first_sides(model, everybody), 6, rng))
    data = empty_dyads(model, 6, dyads)
    for index, both in enumerate(turns):
        for role, turn in both.items():
            for name, answer in turn.answers.items():
                data[f"answer_{role}_{name}"][index] = answer
    data = coupled(model, data)
    for exchanges in (3, 6):
        until = data.isel(event=slice(exchanges))
        loop = from_end(model, everybody, event_array(until), until, 1)
        for role in model.members:
            pairs = zip(leaves(loop.sides[role].s), leaves(turns[exchanges - 1][role].filtered.after), strict=True)
            for found, expected in pairs:
                np.testing.assert_allclose(found, expected, atol=1e-12)
    assert loop.earlier is not None
    care = turns[-1]["therapist"].answers["care"]
    np.testing.assert_array_equal(loop.earlier["patient"], care)
    bids = np.array([both["patient"].answers["bid"] for both in turns])
    share = np.full(dyads, 0.5)
    for bid in bids:
        share = share + 0.3 * (bid - share)
    np.testing.assert_allclose(loop.sides["therapist"].share, share, atol=1e-12)


def test_a_dyad_that_ended_early_continues_from_its_own_last_exchange():
    """Beliefs, acts and the share of bids are those after its last exchange, and not after that of the others."""
    model = therapy()
    values = values_of(model, therapist={"pull": 1.5})
    everybody = {name: np.full(3, value) for name, value in values.items()}
    data = simulate_dyads(model, 6, everybody, 4)
    short, early = data.isel(event=slice(3)), ended_early(model, data, 1, 3)
    expected, found = (from_end(model, everybody, event_array(own), own, 1) for own in (short, early))
    for role in model.members:
        one, other = (loop.sides[role] for loop in (expected, found))
        assert one.share[1] == pytest.approx(other.share[1])
        for at_end, early_end in zip(leaves(one.s), leaves(other.s), strict=True):
            np.testing.assert_allclose(early_end[..., 1], at_end[..., 1], atol=1e-12)
        assert expected.earlier[role][1] == found.earlier[role][1]


def leaves(s):
    """The numbers of a state, one array each."""
    return [leaf for _, leaf in named_leaves(s)]


def test_security_at_an_exchange_needs_both_beliefs_and_resilience():
    """At the thresholds and just below."""
    lowest, later = np.array([[0.6, 0.6, 0.59]]), np.array([[0.5, 0.49, 0.9]])
    path = Played(lowest, lowest, later, lowest)
    np.testing.assert_array_equal(is_secure(path, DEFAULT_CRITERION), [[True, False, False]])


def test_both_are_secure_at_once_or_never():
    """Two members who take turns are each secure for the duration, and never together."""
    high, low = np.full((7, 1), 0.9), np.full((7, 1), 0.1)
    one = np.concatenate([high, low])
    played = {
        "one": Played(one, one, one, one),
        "other": Played(*[one[::-1]] * 4),
    }
    found = loop_summary(played, 1, 9, DEFAULT_CRITERION)
    np.testing.assert_array_equal(found["reached"][:, 0], [1.0, 1.0, 0.0, 1.0])
    np.testing.assert_array_equal(found["exchanges"][:, 0], [1.0, 8.0, np.inf])


@pytest.mark.parametrize(("exchanges", "expected"), [(5, np.inf), (6, 3.0), (9, 3.0)])
def test_security_counts_from_the_first_exchange_of_a_hold(exchanges, expected):
    """Six exchanges in a row from the third on, or five, which are too few."""
    secure = np.zeros((12, 1), dtype=bool)
    secure[2 : 2 + exchanges] = True
    assert first_held(secure, 6)[0] == expected


def test_the_table_has_a_line_for_every_outcome():
    """Three kinds of dyads, and four outcomes each; shares of both are at most those of one."""
    found = reciprocity(couple(), simulated_fit(couple()))
    table = reciprocity_table(found)
    assert len(table) == 12
    both, wife = (found["reached"].sel(outcome=who) for who in (BOTH, "wife"))
    assert (both <= wife).all()
    total = found["reached"].sel(outcome=BOTH) + found["reached"].sel(outcome=ONE_ONLY)
    assert (total <= 1.0 + 1e-12).all()


def test_run_gives_what_was_done():
    """Acts are those of members who always respond."""
    model = couple()
    values = values_of(model, wife=ALWAYS, husband=ALWAYS)
    everybody = {name: np.full(4, value) for name, value in values.items()}
    data = simulate_dyads(model, 3, everybody, 1)
    played = run(model, from_end(model, everybody, event_array(data), data, 1), 5, np.random.default_rng(1))
    for path in played.values():
        np.testing.assert_array_equal(path.act, np.ones((5, 4)))
