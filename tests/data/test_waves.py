"""The wave of a session: order of waves, numbers of sessions and times that begin anew, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from two_waves import RESPONSES, two_waves, wave_study

from iwm_bayes.data.dataset import to_table
from iwm_bayes.data.study import read_study_file
from iwm_bayes.data.waves import supposed_gap, waves_of
from iwm_bayes.filtering.arrays import event_array, event_fields, session_index
from iwm_bayes.types import InputError
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.study import Study, Wave

ONLY = {"availability_rating": RESPONSES["availability_rating"]}


def data_of(table: pd.DataFrame, wave: Wave, **words) -> xr.Dataset:
    return Model("rescorla_wagner", wave_study(table, ONLY, wave, **words)).data


def problems_of(table: pd.DataFrame, wave: Wave, **words) -> str:
    with pytest.raises(InputError) as error:
        data_of(table, wave, **words)
    return str(error.value)


def one_figure(**words) -> pd.DataFrame:
    """Sessions with one figure."""
    table = two_waves(**words)
    return table[table["figure"] == "mother"].reset_index(drop=True)


def test_sessions_count_on_and_time_begins_anew():
    """By hand, for sessions 1 to 3 in both waves: they become 1 to 6, and nobody was met before the second wave."""
    data = data_of(one_figure(people=2, sessions=3), Wave("wave"))
    assert data["session"].values[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert data["session_of_wave"].values[:, 0].tolist() == [1, 2, 3, 1, 2, 3]
    assert data["wave_index"].values[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    fields = event_fields(["mother"], ("wave second", "restart of beliefs"))
    events = dict(zip(fields, event_array(data)[:, :, 0].T.tolist(), strict=True))
    assert events["met mother"] == [0, 1, 1, 0, 1, 1]
    assert events["wave second"] == [0, 0, 0, 1, 1, 1]
    assert events["restart of beliefs"] == [0, 0, 0, 1, 0, 0]
    assert events["since_any"] == [1] * 6


@pytest.mark.parametrize("first", [0.0, -2.0, 1.0, 5.0, 0.5])
def test_a_wave_follows_the_last_session_whatever_its_first_number(first):
    """Numbers from 0, below 0 or with decimals: six sessions stay six, one unit apart, and begin with the first."""
    table = one_figure(people=2, sessions=3)
    data = data_of(table.assign(session=table["session"] - 1 + first), Wave("wave", beliefs="carried"))
    np.testing.assert_array_equal(data["session"].values[:, 0], first + np.arange(6.0))
    np.testing.assert_array_equal(session_index(data)[:, 0], np.arange(6))
    np.testing.assert_array_equal(data["since_any"].values, 1.0)


def test_nobody_waits_for_the_sessions_of_others():
    """Two of five sessions, then the next wave from its second session on: one session passes, and one is missed."""
    table = one_figure(people=3, sessions=5)
    first, session = table["wave"] == "first", table["session"]
    table = table[(table["person"] != "p1") | (first & (session <= 2)) | (~first & (session >= 2))]
    data = data_of(table, Wave("wave", beliefs="carried"))
    assert data["since_any"].sel(person="p1").values[:6].tolist() == [1, 1, 2, 1, 1, 1]
    assert data["since_any"].sel(person="p0").values.tolist() == [1] * 10


def test_a_gap_whose_length_is_not_known_is_said():
    """Numbers that begin anew without a time hide how long beliefs were carried; other studies know it."""
    table = one_figure(people=2, sessions=3)
    rising = table.assign(session=table["session"] + 10 * (table["wave"] == "second"))
    assert supposed_gap(data_of(table, Wave("wave", beliefs="carried")))
    assert not supposed_gap(data_of(table, Wave("wave")))
    assert not supposed_gap(data_of(rising, Wave("wave", beliefs="carried")))
    timed = rising.assign(day=rising["session"] * 1.0, session=table["session"])
    assert not supposed_gap(data_of(timed, Wave("wave", beliefs="carried"), time="day"))


def test_numbers_that_rise_over_the_waves_stay():
    """A study that counts on by itself keeps its numbers, and a carried belief waits for the time between."""
    table = one_figure(people=2, sessions=3)
    table["session"] += 10 * (table["wave"] == "second")
    data = data_of(table, Wave("wave", beliefs="carried"))
    assert data["session"].values[:, 0].tolist() == [1, 2, 3, 11, 12, 13]
    assert data["since_any"].values[:, 0].tolist() == [1, 1, 1, 8, 1, 1]
    assert [str(name) for name in data["event_term"].values] == ["wave second"]


def test_a_person_with_one_wave_contributes():
    """Whoever has the second wave alone begins there, with its initial beliefs."""
    table = one_figure(people=3, sessions=3)
    table = table[~((table["person"] == "p2") & (table["wave"] == "first"))]
    data = data_of(table, Wave("wave"))
    terms = data["event_terms"].sel(person="p2")
    assert terms.sel(event_term="wave second").values.tolist() == [1, 1, 1, 0, 0, 0]
    assert terms.sel(event_term="restart of beliefs").values.tolist() == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("names", "order", "expected"),
    [
        (("t2", "t1"), None, ("t1", "t2")),
        (("wave 10", "wave 9"), None, ("wave 9", "wave 10")),
        (("pre", "post"), None, ("pre", "post")),
        (("post", "pre"), ("pre", "post"), ("pre", "post")),
    ],
)
def test_waves_are_in_order(names, order, expected):
    """By number where names differ in one, as they appear where they do not, and as stated."""
    data = data_of(one_figure(names=names), Wave("wave", order=order))
    assert waves_of(data).names == expected
    assert ("in the order in which they appear" in data.attrs["doubts"]) == (names == ("pre", "post"))


def test_a_table_is_read_as_it_was_written():
    """Sessions and waves of the table come back."""
    table = one_figure(people=2, sessions=3)
    again = to_table(data_of(table, Wave("wave")))
    expected = table.sort_values(["person", "wave", "session"], ignore_index=True)
    for name in ("person", "wave", "session", "outcome"):
        assert again[name].tolist() == expected[name].tolist()


def test_times_that_begin_anew_need_a_restart():
    """With carried beliefs a time that runs backwards is a fault, and with restarted ones it is not."""
    table = one_figure(people=2, sessions=3).assign(minute=lambda own: own["session"] * 2.0)
    assert data_of(table, Wave("wave"), time="minute")["since_any"].values[:, 0].tolist() == [1, 2, 2, 1, 2, 2]
    assert "time runs backwards" in problems_of(table, Wave("wave", beliefs="carried"), time="minute")


def test_dates_of_waves_must_rise():
    """Dates that lie before those of an earlier wave show that waves are in a wrong order."""
    table = one_figure(people=2, sessions=2)
    days = np.where(table["wave"] == "first", 200, 100) + table["session"]
    table["day"] = (pd.Timestamp("2025-01-01") + pd.to_timedelta(days, "D")).dt.strftime("%Y-%m-%d")
    assert "check that waves are in order" in problems_of(table, Wave("wave"), time="day")
    assert waves_of(data_of(table, Wave("wave", order=("second", "first")), time="day")).names[0] == "second"


def test_what_cannot_be_waves_is_refused():
    """Sessions that are there twice, one wave only, nobody in two waves, a blank, and a wave out of order."""
    table = one_figure(people=2, sessions=2)
    assert "wave, session and figure more than once" in problems_of(table.assign(session=1), Wave("wave"))
    assert "one wave only" in problems_of(table.assign(wave="t1", session=range(len(table))), Wave("wave"))
    alone = table[(table["person"] == "p0") == (table["wave"] == "first")]
    assert "nobody has sessions in two waves" in problems_of(alone, Wave("wave"))
    assert 'column "wave": blank' in problems_of(table.assign(wave=table["wave"].replace("second", "")), Wave("wave"))
    assert "second: not in the `order`" in problems_of(table, Wave("wave", order=("first", "third")))
    many = one_figure(people=2, sessions=1, names=[f"t{number}" for number in range(8)])
    assert "8 waves, of at most 6" in problems_of(many, Wave("wave"))


def test_an_unknown_option_is_refused():
    """What beliefs do between waves is one of two words."""
    with pytest.raises(InputError, match=r"beliefs.*'restarted' or 'carried'"):
        wave_study(two_waves(), wave=Wave("wave", beliefs="kept"))


def test_a_study_file_says_the_same(tmp_path):
    """A column alone, or a column with what happens between waves."""
    text = """
    schema = 2
    name = "retest"
    data = "sessions.csv"
    model = "rescorla_wagner"
    [columns]
    person = "person"
    session = "session"
    outcome = "outcome"
    wave = %s
    [responses.availability_rating]
    column = "closeness"
    """.replace('"outcome"', '{ column = "outcome" }')
    for number, line in enumerate(('"wave"', '{ column = "wave", beliefs = "carried", order = [2, 1] }')):
        path = tmp_path / f"{number}.toml"
        path.write_text(text % line)
        given = read_study_file(path).columns.wave
        assert (given.column, given.beliefs, given.order) == [
            ("wave", "restarted", None),
            ("wave", "carried", ("2", "1")),
        ][number]
        assert Study.from_spec(read_study_file(path)).spec.columns.wave == given
