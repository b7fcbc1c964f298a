"""Faults of dyads: all are named together, each with its rows and what to do."""

import dyads
import numpy as np
import pandas as pd
import pytest

from iwm_bayes.data.study import read_study_file
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_data


def problems(folder, name, table=None, changes=()):
    """What is wrong with a study of dyads."""
    with pytest.raises(InputError) as caught:
        load_data(read_study_file(dyads.write_dyads(folder, name, table, changes)))
    assert len(set(caught.value.problems)) == len(caught.value.problems)
    return caught.value.problems


def rows(table, **cells):
    """Which rows of a table have these cells."""
    return np.all([table[name] == cell for name, cell in cells.items()], axis=0)


def changed(table, where, column, value):
    """A table with another value in some cells of a column."""
    return table.assign(**{column: table[column].astype(object).where(~where, value)})


OF_ROLE = (("wife", "hers"), ("husband", "his"))
THERAPY, FRIENDS = dyads.therapy_table(), dyads.friends_table()
FIRST = rows(THERAPY, dyad="d001", session=1.0)
OF_PATIENT, OF_THERAPIST = THERAPY["role"] == "patient", THERAPY["role"] == "therapist"
CARE = "yes" if THERAPY["care"][FIRST & OF_THERAPIST].item() == "no" else "no"
ONE = (('dyads = "many"\n', ""),)
SAME_COLUMN = (
    ('person = "therapist"', 'person = "who"'),
    ('distress = "distress"', 'distress = "distress"\nperson = "who"'),
)
WHO = THERAPY.assign(who=THERAPY["therapist"].where(OF_THERAPIST, "P" + THERAPY["dyad"]))
COUPLE = dyads.couple_table()
WITH_IDS = COUPLE.assign(hers="w-" + COUPLE["couple"], his="h-" + COUPLE["couple"])
IDS = tuple((f"[dyad.members.{role}]", f'[dyad.members.{role}]\nperson = "{column}"') for role, column in OF_ROLE)
FAULTS = {  # by name: the study, its table, changes of the study file, and words of the message
    "acts that disagree": (
        "therapy",
        changed(THERAPY, FIRST & OF_PATIENT, "care", CARE),
        (),
        ["row 2", '"care"', "acts of one exchange that disagree", "care of the therapist", "rows of the patient"],
    ),
    "off the scale": (
        "therapy",
        changed(THERAPY, FIRST & OF_THERAPIST, "care", "perhaps"),
        (),
        ["row 3", '"care" of the therapist: neither'],
    ),
    "a column that another key has": (
        "therapy",
        THERAPY.rename(columns={"dyad": "couple", "role": "partner"}),
        (('column = "dyad"', 'column = "couple"'),),
        ['no column "role"', "The table has: "],
    ),
    "one side missing": (
        "therapy",
        THERAPY[~(rows(THERAPY, dyad="d003") & OF_THERAPIST)],
        (),
        ['"dyad"', "one side is missing: nothing of the therapist in d003", "Add this one"],
    ),
    "a role that is not named": (
        "therapy",
        changed(THERAPY, FIRST & OF_PATIENT, "role", "mother"),
        (),
        ["row 2", '"role"', 'a role that is not named: "mother" (1)', '"patient", "therapist"', "`word`"],
    ),
    "three in a dyad": (
        "therapy",
        pd.concat([THERAPY, THERAPY[FIRST & OF_PATIENT]]),
        (),
        ["rows 2, 74", '"session"', "the same patient, dyad and exchange more than once", "every pair a dyad"],
    ),
    "several therapists of one dyad": (
        "therapy",
        changed(THERAPY, FIRST & OF_THERAPIST, "therapist", "T9"),
        (),
        ['"therapist"', "several people are the therapist of one dyad: d001", "every pair a dyad of its own"],
    ),
    "nobody is named": (
        "therapy",
        changed(THERAPY, rows(THERAPY, dyad="d002"), "therapist", ""),
        (),
        ['"therapist"', "nobody is named as the therapist in d002"],
    ),
    "a person in two dyads": (
        "therapy",
        THERAPY,
        ONE,
        ['"therapist"', "one person in several dyads at the same time: T1, T2, T3", 'dyads = "many"'],
    ),
    "a person in two roles": (
        "therapy",
        changed(WHO, rows(WHO, dyad="d004") & OF_PATIENT, "who", "T1"),
        SAME_COLUMN,
        ['"who"', "one person in two roles at the same time: T1"],
    ),
    "a person on both sides": (
        "couple",
        WITH_IDS.assign(his=WITH_IDS["his"].where(WITH_IDS["couple"] != "d002", "w-d002")),
        IDS,
        ['"hers" and "his"', "one person on both sides of a dyad: w-d002"],
    ),
    "a wife who is a husband": (
        "couple",
        WITH_IDS.assign(his=WITH_IDS["his"].where(WITH_IDS["couple"] != "d002", "w-d001")),
        IDS,
        ['"hers" and "his"', "one person in two roles at the same time: w-d001"],
    ),
    "one friend": (
        "friends",
        FRIENDS[FRIENDS["friend"] != "d002b"],
        (),
        ['"pair"', "one member only: d002", "Add the other"],
    ),
    "three friends": (
        "friends",
        changed(FRIENDS, rows(FRIENDS, friend="d002b", day=3.0), "friend", "zoe"),
        (),
        ['"pair"', "more than two members: d002", "every pair a dyad of its own"],
    ),
    "a friend of two": (
        "friends",
        changed(FRIENDS, FRIENDS["friend"] == "d002b", "friend", "d001a"),
        (),
        ['"friend"', "one person in several dyads: d001a", "need roles"],
    ),
    "no role of this name": (
        "therapy",
        THERAPY.assign(role=THERAPY["role"].str.upper()),
        (),
        ['"role"', "a role that is not named", '"PATIENT" (36), "THERAPIST" (36)'],
    ),
}


@pytest.mark.parametrize(("name", "table", "changes", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_rows_and_remedy(tmp_path, name, table, changes, words):
    """One message has the file, the rows, the column, the fault and what to do."""
    found = [one for one in problems(tmp_path, name, table, changes) if all(word in one for word in words)]
    assert len(found) == 1, problems(tmp_path, name, table, changes)
    assert found[0].startswith(dyads.STUDIES[name][1])


def test_faults_of_rows_are_named_together(tmp_path):
    """Four faults and a number off its scale: five messages at once."""
    table = changed(THERAPY, FIRST & OF_PATIENT, "care", CARE)
    table = changed(table, rows(table, dyad="d006", session=2.0) & OF_PATIENT, "openness", 9.0)
    table = changed(table, rows(table, dyad="d005", session=1.0) & OF_THERAPIST, "therapist", "T9")
    table = changed(table, rows(table, dyad="d004", session=6.0) & OF_PATIENT, "role", "mother")
    table = table[~(rows(table, dyad="d003") & OF_THERAPIST)]
    said = problems(tmp_path, "therapy", table)
    faults = ("disagree", "off the scale 1..7", "several people", "not named", "one side is missing")
    assert [sum(fault in one for one in said) for fault in faults] == [1] * 5
    assert len(said) == 5


STUDY_FAULTS = {
    "three members": (
        "therapy",
        (
            (
                "[dyad.members.therapist]",
                '[dyad.members.nurse]\nmodel = "carer"\noutcome = "x"\n[dyad.members.therapist]',
            ),
        ),
        "a dyad has two members",
    ),
    "an outcome in columns": (
        "couple",
        (('session = "day"', 'session = "day"\noutcome = "wife_support"'),),
        "in a dyad the act of the other is the outcome",
    ),
    "waves": ("couple", (('session = "day"', 'session = "day"\nwave = "wave"'),), "waves of dyads"),
    "figures": ("couple", (('session = "day"', 'session = "day"\nfigure = "who"'),), "the figure of each member"),
    "a person in columns": ("couple", (('session = "day"', 'session = "day"\nperson = "w"'),), "who is who"),
    "a model at the top": (
        "couple",
        (('name = "couples"', 'name = "couples"\nmodel = "kalman"'),),
        "`model` of its own",
    ),
    "no person of many": ("therapy", (('person = "therapist"\n', ""),), 'dyads = "many" needs `person`'),
    "an act without a column": (
        "therapy",
        (('responses.care = { column = "care", levels = ["no", "yes"] }\n', ""),),
        "[dyad.members.therapist.responses.care]",
    ),
    "a response that the model has not": (
        "therapy",
        (("responses.felt_pull", "responses.felt_pul"),),
        'Did you mean "felt_pull"?',
    ),
    "one column for both in a wide table": (
        "couple",
        (('column = "husband_support"', 'column = "wife_support"'),),
        'the column "wife_support" is support of the wife and support of the husband',
    ),
    "no column of roles": (
        "therapy",
        (('role = "role"\n', ""),),
        "Where a row is about one member, name the column that says which: `role`",
    ),
    "no outcome of a member": ("couple", (('outcome = "support"\n', ""),), 'Add outcome = "support", the response'),
    "a misspelt model": ("couple", (('model = "partner"', 'model = "parner"'),), 'Did you mean "partner"?'),
    "no outcome of friends": ("friends", (('outcome = "support"\n', ""),), "who are the two?"),
    "a role of friends": ("friends", (('column = "pair"', 'column = "pair"\nrole = "who"'),), "for members with roles"),
    "an act that friends have not": ("friends", (('outcome = "support"', 'outcome = "help"'),), "no response 'help'"),
    "an unknown key": ("therapy", (('bids = "bid"', 'bid = "bid"'),), 'Did you mean "bids"?'),
    "a misspelt column": ("therapy", (('column = "bid"', 'column = "bids"'),), 'Did you mean "bid"?'),
    "a parameter without its role": (
        "couple",
        (("[dyad]", '[formulas]\navailability_rate = "wife_security"\n[dyad]'),),
        "has no such parameter",
    ),
}


@pytest.mark.parametrize(("name", "changes", "words"), STUDY_FAULTS.values(), ids=STUDY_FAULTS)
def test_a_fault_of_the_study_file_is_explained(tmp_path, name, changes, words):
    """The message names the key or the role, and says what to write."""
    assert any(words in one for one in problems(tmp_path, name, changes=changes))


@pytest.mark.parametrize(
    ("name", "column"), [("therapy", "dyad"), ("couple", "couple"), ("friends", "pair"), ("friends", "friend")]
)
def test_a_blank_name_is_one_fault(tmp_path, name, column):
    """A row without its dyad or its person is no dyad with one side, and nobody is a third member."""
    table = dyads.STUDIES[name][2]()
    (problem,) = problems(tmp_path, name, changed(table, table.index == 5, column, ""))
    assert "row 7" in problem
    assert "blank" in problem


def test_two_times_of_one_exchange_are_a_doubt(tmp_path):
    """Diaries are not written at the same hour: the exchange has their mean, and the order must not turn round."""
    table = THERAPY.assign(hour=24.0 * THERAPY["session"] + 2.0 * OF_THERAPIST)
    changes = (('session = "session"', 'session = "session"\ntime = "hour"'),)
    _, data = load_data(read_study_file(dyads.write_dyads(tmp_path, "therapy", table, changes)))
    assert "two times of one exchange, at 36 of 36 exchanges. Their mean is taken" in data.attrs["doubts"]
    assert data["time"].values[:, 0].tolist() == [25, 49, 73, 97, 121, 145]
    turned = table.assign(hour=table["hour"].where(table["session"] != 3.0, 1.0))
    assert any("time runs backwards" in one for one in problems(tmp_path, "therapy", turned, changes))


@pytest.mark.parametrize(("column", "words"), [("hers", "several dyads"), ("his", "two roles")])
def test_a_person_in_one_dyad_after_the_other_is_a_doubt(tmp_path, column, words):
    """A wife of the first couple is a wife, or a husband, again in the second, whose days come after those."""
    second = WITH_IDS["couple"] == "d002"
    table = WITH_IDS.assign(day=WITH_IDS["day"] + 100.0 * second)
    table = table.assign(**{column: table[column].where(~second, "w-d001")})
    _, data = load_data(read_study_file(dyads.write_dyads(tmp_path, "couple", table, IDS)))
    assert f"one person in {words}, in one dyad after the other: w-d001. Nothing" in data.attrs["doubts"]


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("therapy", (), True),  # the therapist counts bids
        ("couple", (), False),
        ("couple", (('outcome = "support"', 'outcome = "support"\nexchange = "next"'),), True),
        ("friends", (('outcome = "support"', 'outcome = "support"\nexchange = "next"'),), True),
    ],
)
def test_gaps_between_exchanges_are_counted_where_the_exchange_before_matters(tmp_path, name, changes, said):
    """Numbers 1, 2, 6, 7, 8, 9 in two dyads have a gap each."""
    table = dyads.STUDIES[name][2]()
    number, dyad = ("session", "dyad") if name == "therapy" else ("day", "couple" if name == "couple" else "pair")
    later = table[dyad].isin(["d001", "d003"]) & (table[number] > 2)
    table = table.assign(**{number: table[number] + 3.0 * later})
    _, data = load_data(read_study_file(dyads.write_dyads(tmp_path, name, table, changes)))
    sentence = f"the numbers of exchanges leave 2 gaps, in 2 of {table[dyad].nunique()} dyads"
    assert (sentence in data.attrs["doubts"]) == said
