"""A study has words of its own for its question and its people. Its data carry them; they change no number."""

import clinic
import pytest

import iwm_bayes as iwm
from iwm_bayes.data.binding import participants_noun, study_question
from iwm_bayes.data.study import read_study_file
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_data

QUESTION = "Do <b>couples</b> & friends feel safe?"


def data_of(folder):
    """The data of the study file in a folder."""
    return load_data(read_study_file(folder / "study.toml"), str(folder / "model.toml"))[1]


def test_the_data_carry_the_words_of_the_study(tmp_path):
    """As they are written, without blanks at their ends; without them there is no question, and people have a noun."""
    plain = data_of(clinic.write(tmp_path))
    assert (study_question(plain), participants_noun(plain)) == ("", "participants")
    clinic.spoil(
        tmp_path, "study.toml", "schema = 2", f'schema = 2\nquestion = " {QUESTION} "\nparticipants = "patients"'
    )
    worded = data_of(tmp_path)
    assert (study_question(worded), participants_noun(worded)) == (QUESTION, "patients")
    assert worded.drop_attrs().identical(plain.drop_attrs())


def test_a_study_in_python_has_the_same_words(tmp_path):
    clinic.write(tmp_path)
    study = iwm.Study(
        clinic.frame(tmp_path),
        person="patient_id",
        session="visit",
        outcome="responsive",
        responses={"approach": "reached_out"},
        question=QUESTION,
        participants="patients",
    )
    assert (study.spec.question, study.spec.participants) == (QUESTION, "patients")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('question = " "', "key `question`: is blank"),
        ('question = "one\\ntwo"', "key `question`: write one line"),
        ('participants = ""', "key `participants`: is blank"),
        (f'participants = "{"a" * 41}"', "key `participants`: has 41 letters. Use at most 40"),
    ],
)
def test_words_that_no_title_can_have_are_refused(tmp_path, line, message):
    clinic.write(tmp_path)
    clinic.spoil(tmp_path, "study.toml", "schema = 2", f"schema = 2\n{line}")
    with pytest.raises(InputError, match=message):
        read_study_file(tmp_path / "study.toml")
