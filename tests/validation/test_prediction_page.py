"""The page of the predictions: its parts from made-up results by hand, and the committed page against the code."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markdown.extensions.toc import slugify

from iwm_bayes.model.specification import model_file
from iwm_bayes.types import InputError
from iwm_bayes.validation import prediction_matrix
from iwm_bayes.validation.prediction_page import (
    GROUPS,
    IN_REPOSITORY,
    Place,
    anchor,
    answer_table,
    grouped,
    others_text,
    prediction_section,
    predictions_page,
    rows_without_near_rival,
    withdrawn_text,
)
from iwm_bayes.validation.prediction_results import (
    Answer,
    Explanation,
    Results,
    check_verdicts,
    explanation_of,
    load_answers,
    load_results,
    status,
)
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result

COMMITTED = Path(__file__).parents[2] / "experiments" / "predictions"
DOCSTRING = """Relapse after abrupt change.

Is an abrupt gain
lost again? People receive care.

Gershman et al. (2013).

Before: one gap. Now: three gaps, because one confounds two things.
"""
PREDICTION = Prediction(
    "relapse",
    "Relapse: after abrupt, and after gradual change",
    shows=("latent_cause",),
    rivals=("kalman", "rescorla_wagner"),
    smallest=0.05,
    unit="availability lost",
    experiment=lambda _model, draws, _generator: Result(np.zeros(draws), Curve(np.zeros(1), np.zeros((1, draws)))),
    axes=("session", "availability"),
    withdrawn={"prototype": "Its beliefs drift back after any change."},
)
ANSWER = Answer(verdict="decided", answer="Yes, it is.", reading="The old belief was kept.")
PLACE = Place("../", lambda name: f"<{name}>", lambda name: f"pictures/{name}.svg")


def shares(share):
    """Return the shares of the three models."""
    lines = [("latent_cause", "shows", share), ("kalman", "does not", 0.1), ("rescorla_wagner", "does not", 0.0)]
    table = pd.DataFrame(lines, columns=["model", "claim", "share"])
    return table.assign(prediction="relapse", se=0.01, median=0.2, kept=[share >= 0.9, True, True])


def results(share=0.95, verdict="decided: all as claimed"):
    """Return a run of one prediction, and a run before it of a claimant that was withdrawn since, and of one rival."""
    before = pd.DataFrame({"prediction": "relapse", "model": ["prototype", "kalman"], "share": [0.25, 0.125]})
    verdicts = pd.DataFrame([{"prediction": "relapse", "question": PREDICTION.question, "verdict": verdict}])
    curves = pd.DataFrame({"prediction": ["relapse"], "x": [0.0]})
    others = pd.DataFrame({"prediction": "relapse", "model": ["hgf", "noisy_and"], "share": [0.1, 0.8]})
    now = prediction_matrix.Matrix(shares(share), curves, others, verdicts)
    return Results(now, before, verdicts, {"relapse": ANSWER}, "iwm")


def section(place=PLACE, **changes):
    """Return the section of the prediction."""
    explained = explanation_of("relapse", DOCSTRING)
    return prediction_section(PREDICTION, explained, results(**changes), model_file.load_model, place)


def test_models_without_a_claim_are_listed_where_they_show_the_effect():
    others = results().now.others
    some, none, everyone = (
        others_text(others.assign(share=shares), PLACE) for shares in ([0.1, 0.8], [0.1, 0.6], [0.7, 0.8])
    )
    assert some in section()
    assert some.endswith("Of 2 other models, these show it in more than 0.6 of their prior: <noisy_and> (0.80).")
    assert none.endswith("None of 2 other models shows it in more than 0.6 of its prior.")
    assert everyone.endswith("All 2 other models show it in more than 0.6 of their prior.")


def test_rows_without_a_near_rival_are_counted():
    now = results().now
    assert rows_without_near_rival(now) == 0  # kalman shows it in 0.1
    assert rows_without_near_rival(now._replace(shares=now.shares.replace(0.1, 0.05))) == 1


def test_a_docstring_is_question_measure_and_changes():
    assert explanation_of("relapse", DOCSTRING) == Explanation(
        "Is an abrupt gain lost again?",
        "People receive care.\n\nGershman et al. (2013).",
        "Before: one gap. Now: three gaps, because one confounds two things.",
    )
    with pytest.raises(InputError, match=r"relapse: .* must begin with a question"):
        explanation_of("relapse", "Relapse.\n\nPeople receive care.")


def test_answers_that_are_not_written_are_one_clear_error(tmp_path):
    """A row that is missing, one without a reading, and a blank answer; written ones are read as they are."""
    path = tmp_path / "answers.toml"
    first = '[a]\nverdict = "decided"\nanswer = "Yes."\nreading = " So. "\n'
    path.write_text(first)
    assert load_answers(path, ["a"]) == {"a": Answer(verdict="decided", answer="Yes.", reading="So.")}
    path.write_text(
        f'{first}[b]\nverdict = "decided"\nanswer = "No."\n[c]\nverdict = "withdrawn"\nanswer = " "\nreading = "So."\n'
    )
    with pytest.raises(InputError) as error:
        load_answers(path, ["a", "b", "c", "d"])
    assert len(error.value.problems) == 1
    assert "not written yet: b: reading, c: answer, d: verdict, d: answer, d: reading. Write" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('relapse = "x"', "key `relapse`"),
        ('[relapse]\nverdict = "decided"\nanswer = 3\nreading = "So."', "key `relapse.answer`"),
        ('[relapse]\nverdict = "likely"\nanswer = "Yes."\nreading = "So."', "key `relapse.verdict`"),
        ('[relapse]\nverdict = "decided"\nanswer = "Yes."\nreading = "So."\nanswers = ""', "unknown key"),
        ('[relapse]\nverdict = "decided"\nanswer = "Yes."\nreading = "So."\n[former]\n', "key `former`: unknown key"),
        ("[relapse", "not a TOML file"),
    ],
)
def test_a_fault_in_the_answers_is_named(tmp_path, text, said):
    (tmp_path / "answers.toml").write_text(text)
    with pytest.raises(InputError) as error:
        load_answers(tmp_path / "answers.toml", ["relapse"])
    assert "answers.toml" in str(error.value)
    assert said in str(error.value)


def test_an_answer_holds_for_the_verdict_that_it_was_written_for():
    """Otherwise the page would say yes about a prediction that has become undecided."""
    verdicts = results(verdict="undecided: not as claimed in kalman").now.verdicts
    check_verdicts(Path("answers.toml"), {"relapse": ANSWER}, results().now.verdicts)
    with pytest.raises(InputError, match=r"answer to relapse was written for .*'decided', and the run has 'un"):
        check_verdicts(Path("answers.toml"), {"relapse": ANSWER}, verdicts)


def test_a_folder_without_its_tables_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match=r"matrix.csv, verdicts.csv is not there"):
        load_results(tmp_path)


def test_a_section_goes_from_the_question_to_the_answer_and_folds_the_rest():
    order = [
        "### Relapse: after abrupt, and after gradual change",
        "*Is an abrupt gain lost again?*",
        "(pictures/relapse.svg)",
        "**Yes, it is.** (decided)",
        "The old belief was kept.",
        "Models that predict the effect (solid lines): <code>latent_cause</code> (",
        "Rivals (dashed lines): <code>kalman</code> (learning is weighted by uncertainty); <code>",
        "<details",
        "| <latent_cause> | ",
        "It counts from 0.05.",
        "**What changed.** Before: one gap. Now: three gaps",
        "**Withdrawn claims.**",
        "</details>",
    ]
    text = section()
    places = [text.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "svg" not in section(place=PLACE._replace(picture=lambda _: ""))


def test_old_shares_are_next_to_new_ones():
    """A model that was not asked before has none, and a claim that was withdrawn keeps its own."""
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ")[2:4] for row in re.findall(r"^\| <.*$", section(), re.M)}
    assert cells == {
        "<latent_cause>": ["0.950 (0.010)", ""],
        "<kalman>": ["0.100 (0.010)", "0.125"],
        "<rescorla_wagner>": ["0.000 (0.010)", ""],
    }
    assert "- <prototype> (share before: 0.250): Its beliefs drift back after any change." in section()
    assert "0.500 (0.010) **not as claimed** |" in section(
        share=0.5, verdict="undecided: not as claimed in latent_cause"
    )


def test_a_claim_of_a_model_file_that_was_withdrawn_keeps_its_share():
    """It is found by the name of the model, which is that of its file."""
    text = withdrawn_text({"studies/affect_pulse.model.toml": "It was reversed."}, {"affect_pulse": 0.61}, PLACE)
    assert text.splitlines()[-1] == "- <affect_pulse> (share before: 0.610): It was reversed."


def test_the_table_of_answers_leads_to_the_headings():
    """Each line has its question, its answer and the first word of its verdict, below its own heading."""
    table = answer_table(grouped(["relapse"]), {"relapse": "Is it lost?"}, results()).splitlines()
    link = "#relapse-after-abrupt-and-after-gradual-change"
    assert table[2:] == ["| **Persistence and relapse** |  |  |", f"| [Is it lost?]({link}) | Yes, it is. | decided |"]


@pytest.mark.parametrize("title", ["Relapse: after abrupt, and after gradual change", "State -- and trait (1)", "A  b"])
def test_an_anchor_is_that_of_the_documentation(title):
    assert anchor(title) == slugify(title, "-")


def test_a_verdict_has_a_status():
    verdicts = ("decided: all", "undecided: not as claimed in a, b", "withdrawn: no model is left")
    assert [status(verdict) for verdict in verdicts] == ["decided", "undecided", "withdrawn"]


def test_every_prediction_is_under_one_heading():
    names = [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(prediction_matrix.PREDICTION_ORDER)
    with pytest.raises(InputError, match="no_such_one: under no heading"):
        grouped(["relapse", "no_such_one"])


def test_the_committed_page_is_made_from_the_committed_results():
    """No number of the page is typed by hand, and every prediction of the scripts is in it."""
    found = load_results(COMMITTED)
    assert tuple(found.now.verdicts["prediction"]) == prediction_matrix.PREDICTION_ORDER
    assert set(found.now.curves["prediction"]) == set(prediction_matrix.PREDICTION_ORDER)
    assert (COMMITTED / "README.md").read_text(encoding="utf-8") == predictions_page(found, IN_REPOSITORY)


def test_links_within_the_committed_page_lead_to_its_headings():
    page = (COMMITTED / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(#([^)]+)\)", page)
    headings = {slugify(title, "-") for title in re.findall(r"^#+ (.+)$", page, re.M)}
    assert len(links) == len(prediction_matrix.PREDICTION_ORDER)
    assert set(links) <= headings


def test_answers_are_single_sentences_and_readings_short():
    """One sentence of at most 25 words, and two to four sentences that explain it."""
    written = load_answers(COMMITTED / "answers.toml", prediction_matrix.PREDICTION_ORDER)
    for name, own in written.items():
        answer, reading = own.answer, own.reading
        assert answer.endswith("."), name
        assert answer.count(". ") == 0, name
        assert len(answer.split()) <= 25, name
        assert 2 <= len(re.findall(r"[.?!](?= |$)", " ".join(reading.split()))) <= 4, name
