"""Simulated dyads of the explorer against recursions by hand, and the styles and presets by what they are called."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from iwm_bayes.explorer.dyads.members import SIDES, acts_of, can_be_member, dyad_of, shown_parameters
from iwm_bayes.explorer.dyads.presets import PRESETS, preset_values
from iwm_bayes.explorer.dyads.scenario import MemberChoice, secure_from, secure_shares, simulate_dyad
from iwm_bayes.explorer.dyads.sentences import dyad_sentences
from iwm_bayes.explorer.dyads.state import FIRST, read_dyad_state
from iwm_bayes.explorer.dyads.styles import style_values
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs, first_beliefs, with_initial_beliefs
from iwm_bayes.model.specification.model_file import built_in_models, load_model, models_of_members
from iwm_bayes.types import InputError

SPECS = {name: load_model(name) for name in (*models_of_members(), "kalman", "compensatory", "rescorla_wagner")}
NAMES = {"A": "one", "B": "other"}
EXPERIMENT = Path(__file__).parents[3] / "experiments" / "styles_of_dyads.py"


def styles_of_experiment():
    """The styles of the experiment on dyads of the four styles."""
    spec = importlib.util.spec_from_file_location("styles_of_dyads", EXPERIMENT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.STYLES


def couple(bias_a, bias_b, start=(0.5, 0.5), rates=(0.2, 0.1), exchanges=24):
    """Simulate partners who always, or never, give support, because of a large bias."""
    choices = {
        side: MemberChoice(InitialBeliefs(first), (("availability_rate", rate), ("support_bias", bias)))
        for side, first, rate, bias in zip(SIDES, start, rates, (bias_a, bias_b), strict=True)
    }
    return simulate_dyad(dyad_of(SPECS["partner"], SPECS["partner"]), choices, exchanges, n_dyads=3)


def result_of(key, **changed):
    """Simulate a preset, with some sliders changed."""
    preset = PRESETS[key]
    query = {name: str(value) for name, value in preset_values(preset, SPECS).items()}
    query |= {name.replace("__", "."): str(value) for name, value in changed.items()}
    state = read_dyad_state(query, SPECS, FIRST)
    assert state.notes == ()
    first, second = (SPECS[state.models[side]] for side in SIDES)
    return simulate_dyad(dyad_of(first, second), state.choices, state.exchanges, state.distress)


def test_what_one_does_is_what_the_other_learns_from():
    """A always gives support and B never does: by Rescorla and Wagner, B comes to trust and A to doubt."""
    result, exchange = couple(50.0, -50.0), np.arange(25)
    assert (result.acts["A"] == 1).all()
    assert (result.acts["B"] == 0).all()
    np.testing.assert_allclose(result.beliefs["A"][0].T, [0.5 * 0.8**exchange] * 3, rtol=0, atol=1e-6)
    np.testing.assert_allclose(result.beliefs["B"][0].T, [1 - 0.5 * 0.9**exchange] * 3, rtol=0, atol=1e-6)
    assert np.isnan(result.beliefs["A"][1]).all()  # these models have no self-worth


def test_members_are_secure_when_their_beliefs_are_and_both_when_the_later_one_is():
    """Secure at .6 or more if one unresponsive act would leave .5: by hand, for two who always support each other."""
    result = couple(50.0, 50.0)
    by_hand = []
    for rate in (0.2, 0.1):
        belief = 1 - 0.5 * (1 - rate) ** np.arange(1, 25)
        by_hand.append(1 + int(np.argmax((belief >= 0.6) & (belief * (1 - rate) >= 0.5))))
    assert [float(result.secure_from[side][0]) for side in SIDES] == by_hand
    shares = secure_shares(result)
    assert result.horizon == 19
    for name, first in {"A": by_hand[0], "B": by_hand[1], "both": max(by_hand)}.items():
        np.testing.assert_array_equal(shares[name], np.arange(1, 20) >= first)
    lines = dyad_sentences(NAMES, result, {NAMES.get(name, name): share for name, share in shares.items()})
    assert f"In half of the dyads both are by exchange {max(by_hand)}." in lines[-1]
    assert "one in 100% of dyads, other in 100%, both in 100%" in lines[-1]


def test_two_who_take_turns_are_never_both_secure():
    """A is secure in the first six of twelve exchanges, and B in the last six."""
    early = np.repeat([True, False], 6)[:, None]
    found = secure_from({"A": early, "B": ~early})
    assert {who: float(own[0]) for who, own in found.items()} == {"A": 1.0, "B": 7.0, "both": np.inf}
    assert float(secure_from({"A": early, "B": early})["both"][0]) == 1.0


def test_the_last_exchange_counts_no_security_that_cannot_be_assessed():
    """Of five exchanges none begins six, so the page says so."""
    result = couple(50.0, 50.0, exchanges=5)
    assert result.horizon == 0
    assert "Security cannot be assessed in 5 exchanges" in dyad_sentences(NAMES, result, secure_shares(result))[-1]


def test_acts_come_before_ratings_and_a_carer_knows_the_bids():
    """The carer's outcome is openness, and the bids are those of the seeker; others learn from what is done."""
    dyad = dyad_of(SPECS["seeker"], SPECS["carer"])
    patient, therapist = dyad.members["A"], dyad.members["B"]
    assert (patient.outcome, patient.bids) == ("care", None)
    assert (therapist.outcome, therapist.bids) == ("openness", "bid")
    assert set(patient.model.responses) == {"bid", "openness"}
    assert set(therapist.model.responses) == {"care"}  # what it says of the pull affects nobody
    assert acts_of(SPECS["kalman"], SPECS["carer"]).outcome == "approach"
    assert dyad_of(SPECS["compensatory"], SPECS["seeker"]).members["A"].outcome == "bid"  # it learns from yes and no


def test_every_model_can_be_that_of_a_member():
    """Two members who would wait for each other learn at the next exchange; a model without acts has no place."""
    assert all(can_be_member(load_model(name)) for name in [*built_in_models(), *models_of_members()])
    waiting = dyad_of(SPECS["seeker"], SPECS["seeker"])
    assert {member.exchange for member in waiting.members.values()} == {"next"}
    carers = dyad_of(SPECS["carer"], SPECS["carer"])  # each would react to the bid of the other
    assert {member.exchange for member in carers.members.values()} == {"next"}
    silent = SPECS["kalman"]._replace(responses={})
    assert not can_be_member(silent)
    with pytest.raises(InputError, match="kalman has no act"):
        dyad_of(silent, SPECS["seeker"])


def test_sliders_are_for_parameters_that_affect_the_dyad():
    """Pull and containment of a carer are among them; the noise of a rating that nobody meets is not."""
    seeker, carer = SPECS["seeker"], SPECS["carer"]
    assert list(shown_parameters(carer, acts_of(carer, seeker))) == [
        "availability_rate", "pull", "care_bias", "care_sensitivity", "care_containment"
    ]  # fmt: skip
    assert list(shown_parameters(seeker, acts_of(seeker, carer))) == [
        "availability_rate", "bid_bias", "bid_sensitivity", "openness_noise"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["kalman", "partner"])
def test_a_style_sets_beliefs_that_the_model_has(name):
    """Its own first beliefs are those of the style; without self-worth an anxious member doubts the other."""
    model = SPECS[name]
    values = style_values(model, acts_of(model, model))
    bias = f"{acts_of(model, model).bid}_bias"
    worth = name == "kalman"
    assert list(values) == ["secure", "anxious", "avoidant"] + ["fearful"] * worth
    wanted = {
        style: InitialBeliefs(own["initial_availability"], own.get("initial_worth", 0.5))
        for style, own in values.items()
    }
    held = {style: first_beliefs(model, with_initial_beliefs(model, {}, own)) for style, own in wanted.items()}
    availability = {style: round(float(own["availability"][0]), 3) for style, own in held.items()}
    assert availability == {style: own["initial_availability"] for style, own in values.items()}
    assert (availability["secure"], availability["avoidant"]) == (0.7, 0.3)
    assert availability["anxious"] == (0.7 if worth else 0.35)
    if worth:
        assert {style: round(float(own["worth"][0]), 3) for style, own in held.items()} == {
            "secure": 0.7, "anxious": 0.3, "avoidant": 0.7, "fearful": 0.3
        }  # fmt: skip
    assert [values[style][bias] for style in ("avoidant", "secure", "anxious")] == [-1.5, 0.0, 1.5]


def test_a_style_is_a_strategy_under_distress_and_a_pull_where_the_model_has_them():
    """As in the experiment on the four styles; the readiness to bid is then left alone."""
    model = SPECS["reciprocal"]
    values = style_values(model, acts_of(model, model))
    for style, own in styles_of_experiment().items():
        shared = {"bid_activation": own["bid_activation"], "pull": own["pull"]}
        beliefs = {"initial_availability": own["availability_start"], "initial_worth": own["worth_start"]}
        assert values[style] == beliefs | shared


def test_distress_makes_anxious_members_bid_more_and_avoidant_ones_less():
    """Two who hardly learn: the more distress, the further their bids are apart."""
    model, bids = SPECS["reciprocal"], {}
    dyad, styles = dyad_of(model, model), style_values(model, acts_of(model, model))
    for distress in (0.0, 1.0):
        choices = {}
        for side, style in zip(SIDES, ("anxious", "avoidant"), strict=True):
            own = {name: value for name, value in styles[style].items() if not name.startswith("initial")}
            quiet = {"total_variance": 0.3, "care_sensitivity": 0.3, "bid_sensitivity": 0.3, "pull": 0.0}
            choices[side] = MemberChoice(InitialBeliefs(), tuple((own | quiet).items()))
        result = simulate_dyad(dyad, choices, 10, distress, n_dyads=400)
        bids[distress] = [result.bids[side][0].mean() for side in SIDES]
    np.testing.assert_allclose(bids[0.0], 0.5, atol=3 * 0.5 / 20)  # three standard errors of a share of 400
    np.testing.assert_allclose(bids[1.0], [1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(1.5))], atol=3 * 0.39 / 20)


def more(one, other):
    """By how many standard errors the mean of dyads is higher; arrays are (exchange, dyad)."""
    first, second = one.mean(axis=0), other.mean(axis=0)
    return (first.mean() - second.mean()) / np.hypot(first.std(), second.std()) * np.sqrt(len(first))


def test_presets_are_what_they_are_called():
    """A therapist who rescues gives an anxious patient more care than one who contains, and an avoidant one less.

    By more than four standard errors, which happens once in 30,000 times where there is no difference.
    """
    results = {key: result_of(key) for key in PRESETS}
    care = {key: results[key].acts["B"] for key in PRESETS}
    assert more(care["rescue"], care["contained"]) > 4
    assert more(care["contained"], care["withdrawn"]) > 4
    anxious, pursue = results["anxious"], results["pursue"]
    assert more(anxious.acts["A"], pursue.acts["A"]) > 4  # two who are drawn by bids care for each other
    assert more(pursue.bids["A"], pursue.bids["B"]) > 4
    assert more(result_of("pursue", B__pull=0.0).acts["B"], care["pursue"]) > 4  # bids push B away
    assert secure_shares(pursue)["both"][-1] == 0.0
