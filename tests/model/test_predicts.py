"""Every sentence under `predicts` of a built-in model is what its own prior shows, in at least nine of ten people."""

import numpy as np
import pytest
from measures import (
    BAD,
    DRAWS,
    GAP,
    GOOD,
    IRREGULAR,
    NULL_MODELS,
    Measure,
    all_steps,
    along,
    bias,
    bias_lasts,
    doubted_falls_further,
    fall_after_two_ruptures,
    first_belief_fades,
    first_belief_remains,
    integration_softens_the_fall,
    large_and_small_surprise,
    less_certain_moves_further,
    log_odds_rate,
    longer_gap_fades_more,
    lost,
    mixture,
    most_in_the_middle,
    new_figure_like_the_first,
    old_and_new_figure,
    rate,
    rate_after_gap,
    rate_falls,
    rate_settles,
    row,
    step,
    strongest_after_rupture,
)

from iwm_bayes.model.specification.model_file import built_in_models, load_model
from iwm_bayes.validation.prior_predictions import MIN_SHARE_CLAIMED
from iwm_bayes.validation.scripted_events import ScriptedEvent, median_people, simulate_beliefs

AFTER_REPAIR = [GOOD] * 12 + [BAD] + [GOOD] * 31
OTHER_BELIEF_ALONE = along([ScriptedEvent(0.5)], lambda b: np.abs(step(b, 0)) > 1e-6, availability=0.5, worth=0.2)
EQUAL_SURPRISE = ("An equal surprise moves ratings less, the more sessions came before.", rate_falls)
REPAIRED = (
    "A rupture that is repaired raises availability above what the same number of smooth sessions would.",
    row("rupture_repair"),
)
LESS_CERTAIN = (
    "A surprise moves the less certain of the two beliefs further, in log-odds.",
    less_certain_moves_further,
)
AFTER_GAP = ("Sessions after a long gap move ratings more than other sessions.", rate_after_gap)

MEASURES: dict[str, list[tuple[str, Measure]]] = {
    "change_point": [("Ratings follow a large surprise more closely than a small one.", large_and_small_surprise)],
    "compensatory": [LESS_CERTAIN],
    "compensatory_strict": [
        LESS_CERTAIN,
        (
            "Good care by a new figure also raises, and less, the rating of an earlier figure who was not there.",
            row("generalising"),
        ),
    ],
    "confirmation": [
        (
            "The difference between learning from ruptures and from repairs reverses with the belief, in either "
            "direction.",
            lambda model, people: bias(model, people, 0.2) * bias(model, people, 0.8) < 0.0,
        )
    ],
    "confirmation_strict": [
        (
            "People who are insecure at baseline learn more from ruptures than from repairs.",
            lambda model, people: bias(model, people, 0.2) < 0.0,
        ),
        (
            "People who are secure at baseline learn more from repairs.",
            lambda model, people: bias(model, people, 0.8) > 0.0,
        ),
    ],
    "conjugate_beta": [
        EQUAL_SURPRISE,
        (
            "A long gap changes nothing.",
            along([*[GOOD] * 6, GAP], lambda b: np.isclose(b.availability[5], b.availability[6])),
        ),
    ],
    "contingent": [
        REPAIRED,
        (
            "Good care in calm raises ratings by less than half of the way to full trust, however long it lasts.",
            along(
                [GOOD] * 200,
                lambda b: b.availability[-1] - b.availability_before[0] < 0.5 * (1 - b.availability_before[0]),
            ),
        ),
        (
            "The session after a rupture moves ratings more than a session in calm.",
            along([GOOD] * 12 + [BAD, GOOD], lambda b: np.abs(step(b, 13)) > np.abs(step(b, 11))),
        ),
    ],
    "dual_rate": [
        ("Ruptures move ratings further than repairs, or the reverse.", bias_lasts),
        ("This bias stays however long care lasts.", bias_lasts),
    ],
    "dual_rate_strict": [
        (
            "One rupture takes a larger share of trust than a good session adds of what is missing.",
            row("mistrust"),
        ),
        ("This bias stays however long care lasts.", bias_lasts),
    ],
    "ehgf": [
        (
            "After a reversal, single outcomes move ratings more for a while.",
            along(IRREGULAR + [BAD] * 4, lambda b: rate(b, 23) > rate(b, 18)),
        ),
        (
            "They move ratings less again once care is constant.",
            along(IRREGULAR + [BAD] * 4 + [GOOD] * 40, lambda b: rate(b, 63) < rate(b, 25)),
        ),
    ],
    "figures_apart": [
        (
            "A new figure is at first rated as the first figure was at first.",
            new_figure_like_the_first,
        )
    ],
    "hgf": [
        ("Prediction errors have most weight where ratings are around the middle of the scale.", most_in_the_middle),
        ("Their weight settles and does not vanish: late in care, single outcomes still move ratings.", rate_settles),
    ],
    "kalman": [AFTER_GAP],
    "kalman_strict": [
        ("Early sessions move ratings more than late ones.", row("diminishing_returns")),
        ("After a long history, the same care moves ratings less than after a short one.", row("entrenchment")),
        AFTER_GAP,
    ],
    "latent_cause": [
        ("After poor and then abruptly good care, the belief is a mixture of two.", mixture),
        ("One rupture then takes back a part of the gain.", lost(0.15, BAD)),
    ],
    "latent_cause_strict": [
        (
            "Abrupt, fully responsive care raises ratings fast, but a part of the gain is lost again after a long gap.",
            lost(0.1, GAP),
        ),
        (
            "Gains from the same amount of care that grew gradually are lost, too, but less of them.",
            row("relapse"),
        ),
        (
            "A new figure is met at first like the old one, and care by a new figure changes the rating of an old one.",
            old_and_new_figure,
        ),
    ],
    "leaky_beta": [
        (
            "Without sessions, ratings fade towards where they began, and further the longer the gap.",
            longer_gap_fades_more,
        )
    ],
    "leaky_beta_strict": [
        EQUAL_SURPRISE,
        (
            "After a long insecure history, the same care moves ratings less than after a short one.",
            row("entrenchment"),
        ),
    ],
    "noisy_and": [
        (
            "After a rejection, people who think poorly of themselves rate their self-worth lower still.",
            doubted_falls_further("worth", "availability"),
        ),
        (
            "People who think poorly of others rate availability lower still.",
            doubted_falls_further("availability", "worth"),
        ),
        ("People who think poorly of both change least.", row("fearful")),
    ],
    "pearce_hall": [
        (
            "In people who expect care, a rupture makes the next sessions move ratings more.",
            along([GOOD] * 12 + [BAD, GOOD], lambda b: rate(b, 13) > rate(b, 11), availability=0.8),
        )
    ],
    "prototype": [
        ("Gains fade between sessions, and more so after long gaps.", longer_gap_fades_more),
        ("Late ratings still correlate with the first ones.", first_belief_remains),
    ],
    "reflective": [
        (
            "With little reflection, a rejection changes the beliefs about the figure and about oneself equally, even "
            "where a person is certain about one of them.",
            row("reflection"),
        )
    ],
    "rescorla_wagner": [
        (
            "A rupture moves ratings as far in the twentieth session as in the first.",
            lambda model, people: np.isclose(
                *(rate(simulate_beliefs(model, people, [ScriptedEvent(0.5)] * n + [BAD]), n) for n in (0, 19))
            ),
        ),
        (
            "Its effect fades at the same pace.",
            lambda model, people: np.isclose(
                *(rate(simulate_beliefs(model, people, [ScriptedEvent(0.5)] * n + [BAD, GOOD]), n + 1) for n in (0, 19))
            ),
        ),
    ],
    "revisionist": [
        (
            "Gains last over long gaps.",
            along([*[GOOD] * 12, GAP], lambda b: np.isclose(b.availability[11], b.availability[12])),
        ),
        ("Late ratings correlate less and less with the first ones.", first_belief_fades),
    ],
    "self_other_leak": [
        ("A session that contradicts one belief alone moves the rating of the other, too.", OTHER_BELIEF_ALONE)
    ],
    "splitting": [
        (
            "Ratings fall after two ruptures, however long care was good before.",
            along([GOOD] * 40 + [BAD] * 2, lambda b: fall_after_two_ruptures(b) >= 0.1),
        ),
        ("The less people integrate good and bad, the further they fall.", integration_softens_the_fall),
    ],
    "splitting_strict": [
        (
            "After moderately good care, ratings are better than the figure has ever been; after moderately poor care, "
            "worse.",
            row("splitting_modes"),
        ),
        (
            "They fall from one to the other after two ruptures, however long care was good before.",
            along([GOOD] * 40 + [BAD] * 2, lambda b: fall_after_two_ruptures(b) >= 0.3),
        ),
    ],
    "strain_test": [
        REPAIRED,
        (
            "The first session after a rupture moves ratings most, upwards if it repairs the rupture and downwards if "
            "it does not.",
            strongest_after_rupture,
        ),
        (
            "Smooth care teaches nothing: it leaves early ratings as they are, and trust that a repair has won fades "
            "under it.",
            lambda model, people: (
                along([GOOD] * 30, all_steps(lambda steps: (np.abs(steps) < 1e-9).all(axis=0)))(model, people)
                & along(AFTER_REPAIR, lambda b: b.availability[-1] < b.availability[13])(model, people)
            ),
        ),
    ],
    "trust_gate": [
        (
            "After a repair, ratings follow every outcome more closely than before.",
            along([GOOD] * 6 + [BAD, GOOD, GOOD], lambda b: rate(b, 8) > rate(b, 5)),
        ),
        (
            "After care without ruptures they do not.",
            along([GOOD] * 9, lambda b: np.isclose(rate(b, 8), rate(b, 5))),
        ),
        ("After many ruptures that were not repaired, good care moves them less.", row("entrenchment")),
    ],
    "volatile_kalman": [
        (
            "After a reversal, outcomes move ratings more than before, and not only where beliefs are near 0.5.",
            along(
                IRREGULAR + [BAD] * 4,
                lambda b: (rate(b, 23) > rate(b, 18)) & (log_odds_rate(b, 23) > log_odds_rate(b, 18)),
            ),
        )
    ],
}


def test_every_sentence_of_every_model_is_measured():
    """The sentences here, joined, are the text of the model files; null models predict that nothing matters."""
    for name in set(built_in_models()) - set(NULL_MODELS):
        assert " ".join(sentence for sentence, _ in MEASURES[name]) == load_model(name).predicts.strip()
    assert set(MEASURES) | set(NULL_MODELS) == set(built_in_models())


@pytest.mark.parametrize("name", NULL_MODELS)
def test_outcomes_do_not_matter_in_a_null_model(name):
    model = load_model(name)
    people = median_people(model, 20, np.random.default_rng(1))
    good, bad = (simulate_beliefs(model, people, [event] * 12).availability for event in (GOOD, BAD))
    np.testing.assert_array_equal(good, bad)


@pytest.mark.parametrize(
    ("name", "sentence"), [(name, sentence) for name, measures in MEASURES.items() for sentence, _ in measures]
)
def test_a_model_shows_what_it_predicts(name, sentence):
    model = load_model(name)
    people = median_people(model, DRAWS, np.random.default_rng(1), figures=2 if "new figure" in sentence else 1)
    shows = dict(MEASURES[name])[sentence](model, people)
    assert shows.shape == (DRAWS,)
    assert np.mean(shows) >= MIN_SHARE_CLAIMED
