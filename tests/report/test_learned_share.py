"""The sentence on how much of a change was learned."""

import pandas as pd

from iwm_bayes.estimands.estimand import as_lines
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.report.answer.learned_share import learned_share_sentences


def test_each_belief_has_a_sentence_with_share_and_interval():
    """It names what else moved beliefs, as the model has it."""
    table = pd.DataFrame(
        {
            "belief": ["availability of therapist", "self-worth"],
            "learned_share": [0.374, 0.051],
            "learned_share_ci90_low": [0.32, 0.004],
            "learned_share_ci90_high": [0.42, 0.12],
        }
    )
    found = as_lines(table)
    assert list(learned_share_sentences(load_model("kalman+trend"), found)) == [
        "Of the change in availability of therapist, 37% (90% CrI 32–42%) was learned from outcomes; the rest came "
        "with time.",
        "Of the change in self-worth, 5% (90% CrI 0–12%) was learned from outcomes; the rest came with time.",
    ]
    [first, _] = learned_share_sentences(load_model("kalman+trend+belief_noise"), found)
    assert first.endswith("the rest came with time or by itself.")
