"""Answers from a table: items, levels, choices of a figure, session ratings, generalised expectations."""

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.data.binding import with_stated_reliability
from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import StudySpec
from iwm_bayes.filtering.arrays import event_array, event_fields
from iwm_bayes.model.priors import figure_names
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import GENERALISED, InputError, parameters

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\n'
NAMED = {"person": "who", "session": "visit"}


def reading(folder, frame, responses, kinds, columns=None, outcome=None, more=""):
    """Return a study, a model with these kinds of responses, and the data that it reads from a table."""
    frame.to_csv(folder / "table.csv", index=False)
    wanted = ", ".join(f'{name} = "{kind}"' for name, kind in kinds.items())
    (folder / "own.toml").write_text(f"{MODEL}responses = {{ {wanted} }}\n{more}\n", encoding="utf-8")
    outcome = {"column": "acts", "missing": "unseen"} | (outcome or {})
    content = {"name": "n", "data": folder / "table.csv", "model": ["own"], "responses": responses}
    study = StudySpec.model_validate(content | {"columns": NAMED | (columns or {}) | {"outcome": outcome}})
    model = load_model(folder / "own.toml")
    return study, model, read_data(study, model)


def faults(*arguments, **more):
    with pytest.raises(InputError) as caught:
        reading(*arguments, **more)
    return str(caught.value)


def test_mean_of_items_with_its_reliability(tmp_path):
    """The mean of at least half of the items is the answer; the stated reliability fixes its SD."""
    frame = pd.DataFrame({"who": list("aabb"), "visit": [1, 2, 1, 2], "acts": [1, 0, 1, 1]})
    frame = frame.assign(i1=[1, 5, 3, None], i2=[3, 5, 4, None], i3=[2, None, 5, 1])
    responses = {"closeness": {"items": ["i1", "i2", "i3"], "scale": [1, 5], "reliability": 0.84}}
    study, model, data = reading(tmp_path, frame, responses, {"closeness": "availability_rating"})
    found = data["answer_closeness"].transpose("person", "event").values
    np.testing.assert_allclose(found, [[0.25, 1.0], [0.75, np.nan]])
    noise = parameters(with_stated_reliability(study, model, data))["closeness_noise"].fixed
    assert noise == pytest.approx(np.sqrt(0.16) * np.std([0.25, 0.75], ddof=1))


def test_an_unbounded_rating_keeps_its_numbers(tmp_path):
    """Its values must lie on a scale only where one is given; a censored rating always has a scale."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2], "acts": [1, 0], "said": [1.3, -0.2]})
    answer = {"said": {"column": "said"}}
    *_, data = reading(tmp_path, frame, answer, {"said": "availability_contrast"})
    np.testing.assert_array_equal(data["answer_said"].values[:, 0], [1.3, -0.2])
    assert "off the scale 0..1" in faults(tmp_path, frame, answer, {"said": "availability_rating"})
    scaled = {"said": {"column": "said", "scale": [0, 1]}}
    assert "off the scale 0..1" in faults(tmp_path, frame, scaled, {"said": "availability_contrast"})


def test_levels_count_from_the_first(tmp_path):
    """A Likert item by its numbers, reversed, and by its words."""
    frame = pd.DataFrame(
        {"who": "a", "visit": [1, 2, 3], "acts": 1, "far": [7, 1, None], "sure": ["no", "yes", "so-so"]}
    )
    responses = {
        "near": {"column": "far", "scale": [7, 1]},
        "sure": {"column": "sure", "levels": ["no", "so-so", "yes"]},
    }
    kinds = {"near": "availability_ordinal_7", "sure": "worth_ordinal_3"}
    _, _, data = reading(tmp_path, frame, responses, kinds)
    np.testing.assert_array_equal(data["answer_near"].values[:, 0], [0, 6, np.nan])
    np.testing.assert_array_equal(data["answer_sure"].values[:, 0], [0, 2, 1])


def test_levels_that_are_numbers_have_no_decimal_point(tmp_path):
    """A column of 0, 1 and blanks, as pandas writes it: 1.0."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2, 3], "acts": 1, "came": [1.0, np.nan, 0.0]})
    responses = {"approach": {"column": "came", "levels": ["0", "1"]}}
    _, _, data = reading(tmp_path, frame, responses, {"approach": "approach"})
    np.testing.assert_array_equal(data["answer_approach"].values[:, 0], [1, np.nan, 0])


def test_levels_may_be_written_as_numbers(tmp_path):
    """Without quotes, as they are in the table; for outcomes, too."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2, 3], "acts": [1, 3, 2], "came": [2, 1, 2]})
    responses, outcome = {"approach": {"column": "came", "levels": [1, 2]}}, {"levels": [1, 2, 3]}
    _, _, data = reading(tmp_path, frame, responses, {"approach": "approach"}, outcome=outcome)
    np.testing.assert_array_equal(data["answer_approach"].values[:, 0], [1, 0, 1])
    np.testing.assert_array_equal(data["outcome"].values[:, 0], [0, 1, 0.5])


def test_levels_that_do_not_fit_are_reported(tmp_path):
    """Too few levels, a scale of another length, and an answer between two levels, all at once."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2], "acts": 1, "far": [1.5, 1], "sure": ["no", "yes"]})
    responses = {"near": {"column": "far", "scale": [1, 5]}, "sure": {"column": "sure", "levels": ["no", "yes"]}}
    said = faults(tmp_path, frame, responses, {"near": "availability_ordinal_7", "sure": "worth_ordinal_3"})
    for part in ("[responses.near]: a scale of 7 levels has ends that differ by 6", "`levels` has 2 answers, not 3"):
        assert part in said
    said = faults(tmp_path, frame, {"near": {"column": "far", "scale": [1, 7]}}, {"near": "availability_ordinal_7"})
    assert "row 2" in said
    assert "between two levels" in said


SOUGHT = {"seek": {"column": "sought", "nobody": "none"}}
FIGURE = {"figure": "figure"}


def test_choices_of_a_figure(tmp_path):
    """Nobody is 0, and a row with nobody has no figure; figures count in the order of the data set."""
    frame = pd.DataFrame({"who": ["2", "2", "10", "1"], "visit": [1, 2, 1, 1], "figure": ["dad", "", "friend", "mum"]})
    frame = frame.assign(acts=[1, None, 0, 1], sought=["dad", "none", "friend", "mum"])
    _, _, data = reading(tmp_path, frame, SOUGHT, {"seek": "seek"}, columns=FIGURE)
    assert set(figure_names(data)) == {"mum", "dad", "friend", GENERALISED}
    words, found = ["nobody", *figure_names(data)], {}
    for place, who in enumerate(data["person"].values):
        here = data["present"].values[:, place]
        chosen, figure = (data[name].values[here, place].astype(int) for name in ("answer_seek", "figure_index"))
        found[str(who)] = [(words[k], figure_names(data)[f]) for k, f in zip(chosen, figure, strict=True)]
    assert found == {
        "1": [("mum", "mum")],
        "10": [("friend", "friend")],
        "2": [("dad", "dad"), ("nobody", GENERALISED)],
    }


def test_choices_that_contradict_their_row_are_reported(tmp_path):
    """An unknown figure; another figure than the one met; nobody, though something happened."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2, 3], "figure": ["mum", "dad", "mum"], "acts": [1, 0, 1]})
    for sought, row, said in (
        (["mum", "aunt", "mum"], "row 3", 'none of "none", "mum", "dad"'),
        (["mum", "mum", "mum"], "row 3", "another figure than the row is with"),
        (["mum", "dad", "none"], "row 4", "nobody was turned to, though something happened"),
    ):
        found = faults(tmp_path, frame.assign(sought=sought), SOUGHT, {"seek": "seek"}, columns=FIGURE)
        assert row in found
        assert said in found


def test_a_withdrawal_needs_a_figure(tmp_path):
    """A row without a bid needs its figure; a blank is reported."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2], "figure": ["mum", ""], "acts": [1, None], "bid": [1, 0]})
    found = faults(tmp_path, frame, {"approach": {"column": "bid"}}, {"approach": "approach"}, columns=FIGURE)
    assert "row 3" in found
    assert "blank, though something happened" in found


def test_keys_that_do_not_fit_a_response_are_reported(tmp_path):
    """Items of a Likert response, levels of a rating, a choice about a whole session."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 2], "acts": 1, "i1": [1, 2], "i2": [5, 5]})
    for given, kind, said in (
        ({"items": ["i1", "i2"]}, "availability_ordinal_5", "only ratings can be the mean"),
        ({"column": "i1", "levels": ["1", "2"]}, "availability_rating", "in place of `levels`"),
        ({"column": "i1", "scope": "session"}, "approach", "cannot be about a whole session"),
    ):
        assert said in faults(tmp_path, frame, {"x": given}, {"x": kind})


def test_a_row_without_a_figure_is_the_generalised_expectation(tmp_path):
    """A row without a figure in which nothing happened is about nobody in particular, and nobody is met."""
    frame = pd.DataFrame(
        {"who": "a", "visit": [1, 2, 3, 4], "figure": ["", "mum", "", ""], "acts": [None, 1, None, None]}
    )
    frame = frame.assign(rating=[0.2, 0.5, 0.4, 0.6])
    responses = {"trust": {"column": "rating"}}
    _, _, data = reading(tmp_path, frame, responses, {"trust": "availability_rating"}, columns={"figure": "figure"})
    assert figure_names(data) == ["mum", GENERALISED]
    np.testing.assert_array_equal(data["figure_index"].values[:, 0], [1, 0, 1, 1])
    met = event_array(data)[:, event_fields(figure_names(data)).index(f"met {GENERALISED}"), 0]
    np.testing.assert_array_equal(met, 0.0)
    given = {"column": "acts", "missing": "unrecorded"}
    _, _, forms = reading(tmp_path, frame, responses, {"trust": "availability_rating"}, FIGURE, given)
    np.testing.assert_array_equal(forms["observed"].values[:, 0], [False, True, False, False])
    frame["acts"] = [None, 1, None, 1]
    said = faults(tmp_path, frame, responses, {"trust": "availability_rating"}, columns={"figure": "figure"})
    assert "row 5" in said
    assert "though something happened" in said


def test_an_answer_about_a_session_is_an_event_at_its_end(tmp_path):
    """It becomes an event of its own at the session's end, about the same figure, and no time passes."""
    frame = pd.DataFrame({"who": "a", "visit": [1, 1, 2], "figure": ["mum", "dad", "mum"], "acts": [1, 0, 1]})
    frame = frame.assign(rating=[0.7, None, 0.9])
    responses = {"trust": {"column": "rating", "scope": "session"}}
    _, _, data = reading(tmp_path, frame, responses, {"trust": "availability_rating"}, columns={"figure": "figure"})
    np.testing.assert_array_equal(data["answer_trust"].values[:, 0], [np.nan, np.nan, 0.7, 0.9])
    np.testing.assert_array_equal(data["figure_index"].values[:, 0], [0, 1, 0, 0])
    np.testing.assert_array_equal(data["observed"].values[:, 0], [True, True, False, True])
    np.testing.assert_array_equal(data["since_any"].values[:, 0], [1, 0, 0, 1])


def test_a_session_after_leaving_is_reported(tmp_path):
    """A row after the one in which a person left is a fault."""
    frame = pd.DataFrame({"who": list("aab"), "visit": [1, 2, 1], "acts": 1, "left": [1, 0, 1]})
    said = faults(tmp_path, frame, {"dropout": {"column": "left"}}, {"dropout": "dropout"})
    assert "row 3" in said
    assert "after the person left" in said
    frame["left"] = [0, 1, 1]
    twice = pd.concat([frame, frame[1:2].assign(left=None)]).assign(figure=["mum", "mum", "mum", "dad"])
    session = {"dropout": {"column": "left", "scope": "session"}}
    _, _, data = reading(tmp_path, twice, session, {"dropout": "dropout"}, columns=FIGURE)
    np.testing.assert_array_equal(data["answer_dropout"].values[:, 0], [0, np.nan, np.nan, 1])


def test_an_answer_counts_where_it_was_asked(tmp_path):
    """Where several questions share a column, only the rows of one count; other rows need not be on its scale."""
    frame = pd.DataFrame(
        {"who": "a", "visit": [1, 2, 3], "acts": 1, "said": [5, 99, 3], "question": ["near", "age", "near"]}
    )
    responses = {"trust": {"column": "said", "scale": [1, 5], "where": {"question": "near"}}}
    _, _, data = reading(tmp_path, frame, responses, {"trust": "availability_rating"})
    np.testing.assert_array_equal(data["answer_trust"].values[:, 0], [1, np.nan, 0.5])
    responses["trust"]["where"] = {"question": "far"}
    said = faults(tmp_path, frame, responses, {"trust": "availability_rating"})
    assert 'no row has "far" in the column "question"' in said
