"""What `iwm check` says about covariates that change from session to session."""

import numpy as np
import pandas as pd
import pytest
from command import iwm
from session_study import sessions_table, write_study

from iwm_bayes.data.study import read_study_file
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.diagnostics.weak_parameters.session_covariates import share_between, within_person_correlation
from iwm_bayes.workflow.load import load_data


def said_about(folder, formula, table):
    model, data = load_data(read_study_file(write_study(folder, formula, table)))
    return [sentence for sentence in identifiability(model, data) if "effect" in sentence]


def few_people(table):
    return table.assign(mood=table["mood"].where(table["patient"] < "p04", 5.0))


def nearly_constant(table):
    level = table.groupby("patient")["mood"].transform("mean")
    return table.assign(mood=level + 0.01 * (table["mood"] - level))


def like_time(table):
    return table.assign(mood=table["visit"] + 0.1 * table["mood"])


def alike(table):
    return table.assign(sleep=table["mood"] + 0.05 * np.arange(len(table)) % 0.3)


@pytest.mark.parametrize(
    ("formula", "change", "expected"),
    [
        ("within(mood)", lambda table: table, []),
        ("mood", lambda table: table, ["mixes what holds within a person and what holds between people"]),
        ("within(mood)", few_people, ["rests on 3 of 12 people"]),
        ("mood", nearly_constant, ["of its variance is between people. Use between(mood)"]),
        ("within(mood)", like_time, ["within(mood) changes with the number of the session"]),
        ("within(mood) + within(sleep)", alike, ["within(mood) and within(sleep) on availability_rate are hardly"]),
        ("arm", lambda table: table, []),
    ],
)
def test_what_data_cannot_say_is_said(tmp_path, formula, change, expected):
    """Each case by itself, with its remedy; and nothing where there is nothing to say."""
    said = said_about(tmp_path, formula, change(sessions_table()))
    assert len(said) == len(expected)
    assert [part for part, sentence in zip(expected, said, strict=True) if part not in sentence] == []


def test_the_share_between_people_is_that_of_variances():
    """True variances of 4 between and 1 within people: a share of .8."""
    generator = np.random.default_rng(1)
    values = generator.normal(generator.normal(0.0, 2.0, (5000, 1)), 1.0, (5000, 8))
    index = pd.MultiIndex.from_product([range(5000), range(8)], names=["person", "event"])
    assert share_between(pd.DataFrame({"x": values.ravel()}, index)) == pytest.approx(0.8, abs=0.02)
    noise = pd.DataFrame({"x": generator.normal(size=40000)}, index)
    assert share_between(noise) < 0.02


def test_correlation_within_people_ignores_their_means():
    """Two variables that rise together in each person, while people with more of one have less of the other."""
    person = np.repeat([0, 1], 3)
    one, other = np.array([1.0, 2, 3, 11, 12, 13]), np.array([11.0, 12, 13, 1, 2, 3])
    assert within_person_correlation(one, other, person) == pytest.approx(1.0)
    assert np.corrcoef(one, other)[0, 1] < 0
    assert within_person_correlation(one, np.ones(6), person) == 0.0


def test_check_describes_covariates_of_sessions(tmp_path):
    """In how many people they change, with their values."""
    table = sessions_table()
    write_study(tmp_path, "arm * homework + within(mood)", table)
    said = " ".join(iwm("check", "study.toml", cwd=tmp_path).stdout.split())
    counts = table["homework"].value_counts()
    assert (
        "homework: changes from session to session in 12 of 12 people; events by category: "
        f"no {counts['no']} (reference), partly {counts['partly']}, yes {counts['yes']}"
    ) in said
    deviation = table["mood"] - table.groupby("patient")["mood"].transform("mean")
    assert "within(mood): changes from session to session in 12 of 12 people; mean " in said
    assert f", SD {deviation.std():.3g} over events" in said
    assert "arm: people by category: cbt 6 (reference), tau 6" in said
