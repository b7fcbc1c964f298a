"""Tables of dyads: long and wide, in any order, and back; acts become outcomes; members of many dyads are groups."""

import json

import dyads
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import iwm_bayes as iwm
from iwm_bayes.data.dataset import dataset_hash, to_table
from iwm_bayes.data.dyads.coupling import member_data
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.workflow.load import load_data

LONG_COUPLE = f"""{dyads.COUPLES}
role = "partner"
members.wife = {{ model = "partner", outcome = "support", word = "1" }}
members.husband = {{ model = "partner", outcome = "support", word = "2" }}
[responses.support]
column = "support"
[responses.security]
column = "security"
"""


def read(folder, name, table=None, changes=(), **size):
    """The model and the data of a study of dyads."""
    return load_data(read_study_file(dyads.write_dyads(folder, name, table, changes, **size)))


def as_long(wide):
    """A wide table of couples as a long one, with codes for the partners."""
    parts = [
        wide[["couple", "day"]].assign(partner=code, support=wide[f"{role}_support"], security=wide[f"{role}_security"])
        for code, role in ((1, "wife"), (2, "husband"))
    ]
    return pd.concat(parts, ignore_index=True)


def with_blanks(wide):
    """A wide table in which one partner forgot a day, and one act is missing."""
    table = wide.copy()
    table.loc[3, ["wife_support", "wife_security"]] = np.nan
    table.loc[8, "husband_support"] = np.nan
    return table


def test_a_long_and_a_wide_table_of_the_same_exchanges_give_the_same_data(tmp_path):
    """With roles as codes, and with days that one partner forgot."""
    wide = with_blanks(dyads.couple_table())
    model, data = read(tmp_path, "couple", wide)
    as_long(wide).to_csv(tmp_path / "couples.csv", index=False)
    (tmp_path / "long.toml").write_text(LONG_COUPLE, encoding="utf-8")
    other, from_long = load_data(read_study_file(tmp_path / "long.toml"))
    assert other.name == model.name
    assert from_long.attrs["rows_left_out"] == 1  # of the wife, who forgot it; a wide row has her husband, too
    assert dataset_hash(from_long.assign_attrs(rows_left_out=0)) == dataset_hash(data)
    (doubt,) = json.loads(data.attrs["doubts"])
    assert "at 1 of 30 exchanges there is nothing of the wife" in doubt


@pytest.mark.parametrize("name", dyads.STUDIES)
def test_the_order_of_rows_does_not_matter(tmp_path, name):
    """A table whose rows are shuffled is the same table."""
    table = dyads.STUDIES[name][2]()
    _, data = read(tmp_path, name, table)
    _, again = read(tmp_path, name, dyads.shuffled(table))
    xr.testing.assert_identical(again, data)


@pytest.mark.parametrize("name", ["therapy", "couple"])
def test_a_table_that_is_written_reads_back(tmp_path, name):
    """`to_table` is long, in the program's units, with ids, distress and blanks."""
    table = dyads.STUDIES[name][2]()
    table.loc[2, table.columns[-2]] = np.nan
    model, data = read(tmp_path, name, table)
    spec = read_study_file(tmp_path / "study.toml")
    roles = {
        role: {
            **member.model_dump(exclude={"responses", "person", "distress", "threat", "word"}),
            "responses": {own: {"column": own} for own in model.members[role].model.responses},
            **({"person": "person"} if member.person else {}),
            **({"distress": "distress"} if member.distress else {}),
        }
        for role, member in spec.dyad.members.items()
    }
    written = StudySpec.model_validate(
        {
            "name": "written",
            "data": "written.csv",
            "columns": {"session": "session"},
            "dyad": {"column": "dyad", "role": "role", "correlated": False, "members": roles},
        }
    )
    _, again = load_data(written, sessions=to_table(data))
    xr.testing.assert_equal(again, data)


def test_the_act_of_one_is_the_outcome_of_the_other(tmp_path):
    """By hand: care in words is 0 and 1, openness of 1 to 7 is 0 to 1; bids are known at once."""
    table = pd.DataFrame(
        {
            "dyad": ["x"] * 6 + ["y"] * 6,
            "role": ["patient", "therapist"] * 6,
            "session": [1, 1, 2, 2, 3, 3] * 2,
            "bid": [1, None, 0, None, 1, None] * 2,
            "openness": [1, None, 4, None, 7, None] * 2,
            "care": [None, "yes", None, "no", None, "yes"] * 2,
            "felt_pull": [None, 0.5, None, 0.6, None, 0.5] * 2,
            "distress": [0.2, None, 0.4, None, 0.6, None] * 2,
            "therapist": ["T", "T"] * 3 + ["U", "U"] * 3,
        }
    )
    model, data = read(tmp_path, "therapy", table)
    patient, therapist = (member_data(model, data, role) for role in ("patient", "therapist"))
    assert patient["outcome"].values[:, 0].tolist() == [1, 0, 1]
    assert therapist["outcome"].values[:, 0].tolist() == [0, 0.5, 1]
    assert patient["distress"].values[:, 0].tolist() == [0.2, 0.4, 0.6]
    assert therapist["distress"].values[:, 0].tolist() == [0, 0, 0]
    bids = therapist["event_terms"].sel(event_term="bids").values[:, 0]
    share, expected = 0.5, []
    for bid in (1, 0, 1):
        share += 0.3 * (bid - share)  # theory.md: seven tenths of the share are kept
        expected.append(share)
    np.testing.assert_allclose(bids, expected)
    assert data["person_therapist"].values.tolist() == ["T", "U"]


def test_an_act_that_only_the_other_recorded_is_taken_from_there(tmp_path):
    """The therapist's rows of one exchange are gone, and the patient's row says that care was given."""
    table = dyads.therapy_table()
    _, whole = read(tmp_path, "therapy", table)
    care = table["care"].where(table["role"] == "therapist").groupby([table["dyad"], table["session"]]).transform("max")
    reported = table.assign(care=care)
    gone = (reported["role"] == "therapist") & (reported["dyad"] == "d002") & (reported["session"] == 4.0)
    _, data = read(tmp_path, "therapy", reported[~gone])
    xr.testing.assert_equal(data["answer_therapist_care"], whole["answer_therapist_care"])
    xr.testing.assert_equal(data["event_terms"], whole["event_terms"])
    assert np.isnan(data["answer_therapist_felt_pull"].values[3, 1])


def test_the_outcome_may_follow_at_the_next_exchange(tmp_path):
    """At the first exchange there is none; a blank act is no outcome."""
    table = with_blanks(dyads.couple_table())
    changes = (('outcome = "support"\nresponses', 'outcome = "support"\nexchange = "next"\nresponses'),)
    model, data = read(tmp_path, "couple", table, changes)
    husband = member_data(model, data, "husband")
    acts = table["wife_support"].to_numpy().reshape(5, 6).T
    assert not husband["observed"].values[0].any()
    np.testing.assert_array_equal(husband["observed"].values[1:], ~np.isnan(acts[:-1]))
    np.testing.assert_array_equal(husband["outcome"].values[1:], np.nan_to_num(acts[:-1]))


def test_a_member_of_many_dyads_is_a_group_on_each_of_its_parameters(tmp_path):
    """Six dyads of three therapists: `(1|therapist)`, unless a formula has a group of its own."""
    added = ("[dyad]", '[formulas]\ntherapist_pull = "experience"\ntherapist_care_bias = "1 + (1|clinic)"\n[dyad]')
    table = dyads.therapy_table()
    number = table["dyad"].str[1:].astype(int)
    table = table.assign(experience=(number - 1) // 2 + 0.5 * (number > 4), clinic=np.where(number > 3, "a", "b"))
    _, data = read(tmp_path, "therapy", table, (added,))
    formulas = json.loads(data.attrs["formulas"])
    assert formulas["therapist_pull"] == "experience + (1|therapist)"
    assert formulas["therapist_care_bias"] == "1 + (1|clinic)"
    assert formulas["therapist_availability_rate"] == "1 + (1|therapist)"
    assert not any(name.startswith("patient") for name in formulas)
    own = data["membership"].sel(group_level=[f"therapist_pull: 1|therapist[T{one}]" for one in (1, 2, 3)])
    assert own.values.tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]


def test_a_covariate_of_one_member_is_the_column_in_its_rows(tmp_path):
    """In a long table `wife_age` is `age` where the row is about the wife."""
    long = as_long(dyads.couple_table())
    couple = long["couple"].str[1:].astype(int)
    long = long.assign(age=30.0 + couple**2 + 10 * (long["partner"] == 2))
    long.to_csv(tmp_path / "couples.csv", index=False)
    text = LONG_COUPLE + '[formulas]\nhusband_support_bias = "wife_age"\n'
    (tmp_path / "long.toml").write_text(text, encoding="utf-8")
    _, data = load_data(read_study_file(tmp_path / "long.toml"))
    assert data["covariate_wife_age"].values.tolist() == [31, 34, 39, 46, 55]


def test_friends_without_roles_are_people_with_the_act_of_the_other_as_outcome(tmp_path):
    """The same exchanges as those of a couple: the outcomes are those of its members, and the two are a group."""
    wide = with_blanks(dyads.couple_table())
    (tmp_path / "friends").mkdir()
    long = as_long(wide).assign(friend=lambda table: table["couple"] + table["partner"].map({1: "a", 2: "b"}))
    forgotten = long[["support", "security"]].isna().all(axis=1)  # a day that somebody forgot is no row
    long = long[~forgotten].rename(columns={"couple": "pair"})
    model, data = read(tmp_path / "friends", "friends", long)
    assert forgotten.sum() == 1
    assert "at 1 exchanges one member has no row" in data.attrs["doubts"]
    couple, coupled = read(tmp_path, "couple", wide)
    for role, letter in (("wife", "a"), ("husband", "b")):
        own = member_data(couple, coupled, role)
        mine = data.sel(person=[f"{name}{letter}" for name in own["person"].values])
        for name in ("outcome", "observed", "answer_support", "answer_security"):
            np.testing.assert_array_equal(mine[name].values, own[name].values)
    formulas = json.loads(data.attrs["formulas"])
    assert set(formulas.values()) == {"1 + (1|dyad)"}
    assert data["membership"].sel(group_level="availability_rate: 1|dyad[d002]").values.sum() == 2
    assert not model.members


def test_a_study_in_python_is_that_of_a_study_file(tmp_path):
    """A `Dyad` with two `DyadMember` says what `[dyad]` says."""
    spec = read_study_file(dyads.write_dyads(tmp_path, "therapy"))
    patient = iwm.DyadMember(
        "seeker",
        "care",
        {"bid": "bid", "openness": iwm.Column("openness", scale=(1, 7))},
        distress="distress",
    )
    therapist = iwm.DyadMember(
        "carer",
        "openness",
        {"care": iwm.Column("care", levels=("no", "yes")), "felt_pull": "felt_pull"},
        bids="bid",
        person="therapist",
        dyads="many",
    )
    both = iwm.Dyad("dyad", {"patient": patient, "therapist": therapist}, role="role", correlated=False)
    study = iwm.Study(tmp_path / "therapies.csv", session="session", dyad=both, name="therapies")
    assert study.spec == spec
    model = iwm.Model(None, study)
    xr.testing.assert_identical(model.data, load_data(spec)[1])


def test_only_rows_that_asked_count_in_python_too(tmp_path):
    """`where` of a `Column` is words, and not columns."""
    study = iwm.Study(
        pd.DataFrame({"who": ["a"], "n": [1], "helped": [1], "said": [0.5], "question": ["close"]}),
        person="who",
        session="n",
        outcome="helped",
        responses={"availability_rating": iwm.Column("said", where={"question": "close"})},
    )
    assert study.spec.responses["availability_rating"].where == {"question": "close"}


def test_a_row_that_formulas_of_sessions_need_is_asked_for(tmp_path):
    """Nobody knows how stressed a friend was on a day without a row, so that the program cannot add it."""
    table = dyads.friends_table()
    table = table.assign(stress=np.arange(len(table)) % 7).drop(index=4)
    added = ("[dyad]", '[formulas]\navailability_rate = "stress"\n[dyad]')
    _, data = read(tmp_path, "friends", table, (added,))
    assert int(data["present"].sum()) == len(table)
    assert "Add these rows with stress, which the formulas need" in data.attrs["doubts"]
