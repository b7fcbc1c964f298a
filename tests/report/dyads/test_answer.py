"""The key result of dyads and the sentences that go with it, against made-up draws whose numbers are known."""

import re

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.cli.printing.result import fact_sentences
from iwm_bayes.data.binding import PEOPLE_NOUN
from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.model.dyad import dyad_model
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.report.dyads.answer import dyad_answer, dyad_question, security_terms
from iwm_bayes.report.dyads.carers import follower_sentences, pull_sentences, variation_sentences
from iwm_bayes.report.dyads.changes import change_sentences, containment_sentences
from iwm_bayes.report.dyads.effects import effect_sentences, partner_sentences
from iwm_bayes.report.dyads.words import noun_of, points_text, signed_text
from iwm_bayes.report.methods import dyads_statement
from iwm_bayes.types import Member

DRAWS = 101  # so that quantiles are draws
SPREAD = np.linspace(-1.0, 1.0, DRAWS)[None]  # (chain, draw): the 90% interval is that of ±0.9
COUPLE = dyad_model({role: Member(load_model("partner"), "support") for role in ("wife", "husband")}, False)
DYADS = ["these dyads, from the first exchange", "these dyads, after the last exchange", "new dyads"]
WHO = ["wife", "husband", "both"]


def draws_around(value, half_width=0.0):
    """Draws of a number, (chain, draw), whose 90% interval is the value and as much on both sides."""
    return value + half_width / 0.9 * SPREAD


def reciprocity(exchanges=10.0, both=0.6):
    """What `reciprocity` returns, of a horizon of 30 exchanges."""
    reached = np.array([[0.7, 0.8, both, 0.15], [0.9, 0.9, 0.9, 0.0], [0.6, 0.7, 0.5, 0.2]])
    halves = np.full((3, 3, 1, DRAWS), np.inf)
    halves[0, 2] = exchanges if np.isinf(exchanges) else draws_around(exchanges, 3.0)
    coordinates = {"dyads": DYADS, "who": WHO, "outcome": [*WHO, "one but never both"]}
    return xr.Dataset(
        {
            "reached": (("dyads", "outcome", "chain", "draw"), reached[..., None, None] + 0.05 / 0.9 * SPREAD),
            "exchanges": (("dyads", "who", "chain", "draw"), halves),
        },
        coordinates,
        DEFAULT_CRITERION._asdict() | {"horizon": 30},
    )


def effects(partner, above_0=False):
    """What `actor_partner` returns, with an effect of the wife on the husband; partner effects may be above 0."""
    values = np.array([[draws_around(0.8, 0.1), draws_around(partner, 0.1)], [draws_around(0.5, 0.1)] * 2])
    dims = ("role", "effect")
    words = {
        "belief": (dims, [["expected"] * 2, ["worth"] * 2]),
        "act": (dims, [["support"] * 2] * 2),
        "whose_act": (dims, [["wife", "husband"], ["husband", "wife"]]),
        "above_0": (dims, [[False, above_0]] * 2),
    }
    effect = {"mean_effect": ((*dims, "chain", "draw"), values)}
    return xr.Dataset(effect | words, {"role": ["wife", "husband"], "effect": ["actor", "partner"]})


def changes():
    """What `counterfactual_dyads` returns: one change that is shown, one that is not, and one that does nothing."""
    quantity = "both secure at the end"
    values = np.array([[draws_around(0.2, 0.05)], [draws_around(-0.02, 0.05)], [np.zeros((1, DRAWS))]])
    names = ["full containment", "wife secure", "husband secure"]
    return xr.Dataset(
        {"difference": (("counterfactual", "quantity", "chain", "draw"), values)},
        {"counterfactual": names, "quantity": [quantity]},
        {"horizon": 30},
    )


def answer(**datasets):
    """The answer of results that have some Datasets."""
    return dyad_answer(COUPLE, Results({}, datasets))


def test_the_answer_is_when_both_are_secure():
    """In half of the dyads, with the interval; and in how many dyads both, each, and both in new dyads."""
    found = answer(reciprocity=reciprocity())
    assert found.headline == "In half of these dyads both members are secure by exchange 10 (90% CrI 7–13)."
    assert [fact.value for fact in found.facts] == ["60%", "70%", "80%", "50%"]
    assert found.facts[0].meaning == "of these dyads have two secure members by exchange 30 (90% CrI 55–65%)"
    assert "In 15% (90% CrI 10–20%) of these dyads one member becomes secure" in found.sentences[0]
    assert "simulation of both members under the fit" in found.sentences[-1]


def test_fewer_than_half_are_a_share_and_no_number_of_exchanges():
    """Where half of the dyads do not get there by the horizon."""
    found = answer(reciprocity=reciprocity(exchanges=np.inf, both=0.3))
    assert found.headline == (
        "In fewer than half of these dyads both members are secure by exchange 30: 30% (90% CrI 25–35%)."
    )


def test_without_a_simulation_the_answer_is_what_else_is_known():
    """The first partner effect; or that both members have reports."""
    found = answer(actor_partner=effects(0.3))
    assert found.statement.startswith("Partner effect: if the wife's belief that the husband will")
    assert answer().statement == "Both members are described in reports of their own."


def test_effects_are_changes_for_a_tenth_of_a_belief():
    """On own acts and on those of the other, with their interval; one whose interval holds 0 is not clear."""
    shown = effect_sentences(effects(0.3))
    assert shown[0] == (
        "Actor effect: if the wife's belief that the husband will respond is 0.1 higher, this member's own support "
        "changes by +0.080 (90% CrI +0.070 to +0.090), on a scale of 0–1."
    )
    assert shown[2].startswith(
        "Partner effect: if the wife's belief that the husband will respond is 0.1 higher, the next support of the "
        "husband changes by +0.030"
    )
    assert "the husband's self-worth is 0.1 higher" in shown[1]
    assert "does not clearly change: +0.0050 (90% CrI −0.0050 to +0.015)" in partner_sentences(effects(0.05))[0]
    assert len(shown) == 4
    (of_both,) = partner_sentences(effects(0.3))
    assert "if the wife's belief" in of_both
    assert "; if the husband's self-worth is 0.1 higher, the next support of the wife" in of_both


def test_what_is_said_of_one_member_is_said_of_the_other():
    """However little room there is: the secure wife and the secure husband are one text in the terminal."""
    both, each, new = fact_sentences(answer(reciprocity=reciprocity()).facts)
    assert re.match(r"70% have a secure wife .*\. 80% have a secure husband", each)
    assert both.startswith("60%")
    assert new.startswith("50%")


def test_an_effect_above_0_by_assumption_is_no_finding():
    """It has a size, and one sentence says what is assumed; the sentence names no effect that may be below 0."""
    (*_, last) = found = effect_sentences(effects(0.3, above_0=True))
    assert len(found) == 5
    assert last == "By the model's assumptions, partner effects are above 0: the question is how large they are."
    assert partner_sentences(effects(0.3, above_0=True))[-1] == last


def test_an_effect_by_bids_is_named():
    """It reaches the other through a pull, and not through learning."""
    by_bids = effects(0.3).sel(effect=["partner"]).assign_coords(effect=["partner by bids"])
    assert partner_sentences(by_bids)[0].startswith("Partner effect by bids: if the wife's belief")


def test_an_effect_that_no_act_has_is_left_out():
    """As where the act of a member follows no belief."""
    found = effects(0.3)
    found["mean_effect"].loc[{"role": "husband"}] = np.nan
    assert len(effect_sentences(found)) == 2


def test_a_pull_is_said_with_its_direction():
    """Above 0, below 0, or neither."""
    for value, words in ((1.0, "is drawn by"), (-1.0, "is pushed away by"), (0.1, "is not clearly moved by")):
        pull = np.broadcast_to(draws_around(value, 0.5), (1, 3, 1, DRAWS))
        found = xr.Dataset({"acted_out_pull": (("role", "person", "chain", "draw"), pull)}, {"role": ["wife"]})
        (sentence,) = pull_sentences(found)
        assert f"The wife {words} the other's bids" in sentence
    assert pull_sentences(xr.Dataset()) == []


def test_what_follows_most_from_the_other_is_said_first():
    """With the prior median where correlations are those of the population; else that they are shrunk."""
    draws = np.stack([draws_around(0.1, 0.05), draws_around(0.6, 0.1), draws_around(0.3, 0.05)])
    labels = ["wife_availability_rate", "husband_support_bias", "husband_availability_rate"]
    coordinates = {"follower": labels, "follower_role": ("follower", ["wife", "husband", "husband"])}
    found = xr.Dataset({"r_squared": (("follower", "chain", "draw"), draws)}, coordinates, {"source": "these dyads"})
    first, second, last, style = follower_sentences(found)
    assert style.startswith("A style is")
    assert "below 0 means less than chance" in last
    assert "support bias of the husband, given the other's style: 0.60 (90% CrI 0.50–0.70)." in first.replace(
        "Support", "support"
    )
    assert "0.30" in second
    assert "shrunk towards 0" in last
    population = found.assign(prior_r_squared=("follower", [0.2, 0.3, 0.4])).assign_attrs(source="population")
    assert [one.partition("; ")[2] for one in follower_sentences(population)[:-1]] == [
        "prior median 0.30.",
        "prior median 0.40.",
    ]


def test_a_change_is_a_difference_in_points():
    """One that is shown, one that is not, and one that does nothing."""
    contained, wife, husband = change_sentences(changes())
    assert contained == (
        "With full containment, the share of dyads in which both are secure at exchange 30 would change by +20 points "
        "(90% CrI +15 to +25 points)."
    )
    assert wife.startswith("Had the wife begun secure, the share")
    assert "would not clearly change: −2 points" in wife
    assert husband.endswith("would not change.")
    assert containment_sentences(changes()) == [contained]
    assert containment_sentences(changes().drop_sel(counterfactual="full containment")) == []


def test_a_person_with_several_dyads_is_described_by_its_parameters():
    """How much lies between persons, as a therapist effect does, and between the dyads of one person."""
    found = xr.Dataset(
        {"share": (("parameter", "chain", "draw"), draws_around(0.7, 0.1)[None])}
        | {"role": ("parameter", ["husband"]), "group": ("parameter", ["clinic"])},
        {"parameter": ["husband_support_bias"]},
    )
    (sentence,) = variation_sentences(found)
    assert "of the variance, 30% (90% CrI 20–40%) lies between one clinic and another" in sentence
    assert sentence.endswith("and 70% (90% CrI 60–80%) between the dyads of one clinic.")


def test_methods_say_what_is_taken_together():
    """Whose act is whose outcome, that both were fitted at once, and whether correlations were estimated."""
    text = dyads_statement(COUPLE)
    assert "support of the husband was the outcome of the wife and support of the wife" in text
    assert "Both were fitted together" in text
    assert text.endswith("were not estimated.")
    assert dyads_statement(COUPLE._replace(correlated=True)).endswith("were estimated.")
    assert dyads_statement(load_model("partner")) == ""


def test_questions_terms_and_nouns():
    """Made from the roles; a study's own noun for its dyads is kept."""
    assert dyad_question(COUPLE) == "When are the wife and the husband both secure with each other?"
    for has_worth, beliefs in ((True, "both beliefs"), (False, "availability")):
        assert security_terms(reciprocity(), has_worth).startswith(f"Secure: {beliefs} at 0.6 or above")
    assert noun_of(COUPLE, xr.Dataset()) == "dyads"
    assert noun_of(COUPLE, xr.Dataset(attrs={PEOPLE_NOUN: "couples"})) == "couples"
    assert noun_of(load_model("partner"), xr.Dataset()) == "participants"


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (0.5, 0.25, "+0.50 (90% CrI +0.25 to +0.75)"),
        (-0.5, 0.25, "−0.50 (90% CrI −0.75 to −0.25)"),
        (0.0, 1.0, "0 (90% CrI −1.0 to +1.0)"),
    ],
)
def test_signs_are_written(value, width, text):
    """A minus is a minus, and a plus is written."""
    assert signed_text(draws_around(value, width)) == text
    assert points_text(draws_around(value / 100, width / 100)).startswith(("+", "−", "0"))
