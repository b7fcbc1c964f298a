"""Design files: arms as they are written, and every fault of a file in words."""

import numpy as np
import pytest
import xarray as xr

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import StudySpec
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.design_file import as_asked, people_by_arm, read_design_file, simulate_design
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, rule_values

HEAD = 'schema = 2\nname = "break"\nquestion = "Do gains last?"\ndesign = "Care, then a break."\n'
HEAD += 'models = ["prototype", "kalman"]\nresponses = ["availability_rating"]\n'
GOOD, BAD = '{ therapist = "constant:rate=1" }', '{ therapist = "constant:rate=0" }'
LONG = f'[[arms]]\nname = "long"\nphases = [{{ care = {GOOD}, sessions = 4, assessed = true, rated_every = 2 }}, '
LONG += f"{{ care = {BAD}, sessions = 1, rated_every = 0 }}, {{ care = {GOOD}, assessed = true, gap = 24 }}]\n"
SHORT = f'[[arms]]\nname = "short"\nphases = [{{ care = {BAD}, sessions = 2 }}]\n'


def design(folder, text=HEAD + LONG + SHORT):
    """Write a design file, and read it."""
    path = folder / "break.toml"
    path.write_text(text)
    return read_design_file(path)


@pytest.fixture
def simulated(tmp_path):
    """Return the design, its first model, seven people and their data."""
    read = design(tmp_path)
    model, generator = as_asked(load_model("prototype"), read), np.random.default_rng(1)
    people = draw_people(model, read.figures, 7, generator)
    return read, model, people, simulate_design(model, read, people, generator)


def test_sessions_are_those_of_the_file(simulated):
    """Four people have two good pairs, a rupture and an assessment after the gap; three have two ruptures."""
    read, _, _, (data, arm) = simulated
    assert arm == ["long"] * 4 + ["short"] * 3
    assert (read.sessions, data.sizes["event"]) == (7, 7)
    nan = np.nan
    for column, outcomes, times in (
        (0, [nan, 1, 1, 1, 1, 0, nan], [1, 2, 3, 4, 5, 6, 31]),
        (6, [0, 0, nan, nan, nan, nan, nan], [1, 2, nan, nan, nan, nan, nan]),
    ):
        one = data.isel(person=column)
        np.testing.assert_array_equal(one["outcome"].where(one["observed"]), outcomes)
        np.testing.assert_array_equal(one["time"], times)
        np.testing.assert_array_equal(one["present"], ~np.isnan(times))
    np.testing.assert_array_equal(data["since_any"].isel(person=0), [1, 1, 1, 1, 1, 1, 25])


def test_ratings_are_where_the_file_asks_for_them(simulated):
    """The assessments, every second good session, not after the rupture; and every session of the other arm."""
    answers = simulated[3].data["answer_availability_rating"].notnull()
    np.testing.assert_array_equal(answers.isel(person=0), [True, False, True, False, True, False, True])
    np.testing.assert_array_equal(answers.isel(person=6), [True, True, False, False, False, False, False])


def test_one_arm_is_a_simulation_of_its_phases(tmp_path):
    """The same people and random numbers give the same data as `simulate`."""
    text = HEAD + '[[arms]]\nname = "all"\nphases = [{ care = { therapist = "constant:rate=0.6" }, sessions = 9 }]\n'
    read = design(tmp_path, text)
    model = as_asked(load_model("kalman"), read)
    people = draw_people(model, read.figures, 5, np.random.default_rng(2))
    found = simulate_design(model, read, people, np.random.default_rng(3)).data
    expected = simulate(model, [Phase({"therapist": constant_care(0.6)}, 9)], people, np.random.default_rng(3))
    xr.testing.assert_equal(found, expected)
    assert set(expected.data_vars) == set(found.data_vars)


def test_events_that_are_added_to_a_short_arm_change_no_belief(simulated):
    """The last belief of people with two sessions is that after their second, in the data of both arms together."""
    _, model, people, (data, _) = simulated
    own = {name: value[..., 4:] for name, value in people.items()}
    after = [Readout("availability", "after")]
    [together] = filter_readouts(model.rule, rule_values(model, people), event_array(data), 1, after)
    short = data.isel(person=slice(4, None), event=slice(2))
    [alone] = filter_readouts(model.rule, rule_values(model, own), event_array(short), 1, after)
    np.testing.assert_allclose(together[1, 4:], alone[-1])


def test_a_table_with_a_gap_is_read_as_it_was_simulated(simulated, tmp_path):
    """The gap is in a column of time, which a study file can name; without a gap there is no such column."""
    _, model, _, (data, _) = simulated
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    columns = {"person": "person", "session": "session", "figure": "figure", "time": "time"}
    columns |= {"outcome": {"column": "outcome", "missing": "unseen"}}
    content = {"name": "simulated", "data": tmp_path / "sessions.csv", "model": [model.name], "columns": columns}
    study = StudySpec.model_validate(
        content | {"responses": {"availability_rating": {"column": "availability_rating"}}}
    )
    again = read_data(study, model)
    for name in ("outcome", "observed", "present", "since_any", "since_figure", "answer_availability_rating"):
        np.testing.assert_array_equal(again[name], data[name], name)
    no_gap = simulate(model, [Phase({"therapist": constant_care()}, 3)], 2, 1)
    assert "time" not in to_table(no_gap)


def test_people_are_divided_in_equal_parts(tmp_path):
    read = design(tmp_path, HEAD + LONG + SHORT + SHORT.replace('"short"', '"third"'))
    assert [len(part) for part in people_by_arm(read, 8)] == [3, 3, 2]
    with pytest.raises(InputError, match="2 people in 3 arms: an arm has nobody"):
        people_by_arm(read, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + LONG + LONG, "give each arm a name of its own"),
        (HEAD + LONG + SHORT.replace("therapist", "mother"), "everybody meets the same figures"),
        (
            HEAD + LONG + SHORT.replace("therapist", "mother"),
            "in the same order, and arm long meets therapist; arm short meets mother",
        ),
        (HEAD + SHORT + "n_people = 15", "belongs to the whole study, and arms get equal parts. Write people = 30"),
        ("n_people = 15\n" + HEAD + SHORT, 'Did you mean "people"?'),
        (HEAD + LONG.replace("gap = 24", "gap = inf"), "finite number"),
        (HEAD + SHORT.replace("[[arms]]", "[arms]"), "write [[arms]], in two pairs of brackets"),
        (HEAD + SHORT.replace('"constant:rate=0"', "constant:rate=0"), "Words stand in quotes"),
        (HEAD.replace('["availability_rating"]', '["approach", "approach"]') + SHORT, "name approach once"),
        (HEAD + SHORT.replace("constant:", "kindly:"), "there is no care 'kindly'"),
        (HEAD + SHORT.replace("sessions = 2", "sessions = 0"), "a phase needs at least one session"),
        (HEAD + "arms = []\n", "name one or more, each with phases"),
        (HEAD + SHORT.replace("sessions = 2", "session = 2"), 'Did you mean "sessions"'),
        (HEAD.replace("question", "answer") + SHORT, "key `question`: this line is missing"),
    ],
)
def test_faults_of_a_file_are_named_with_the_file(tmp_path, text, message):
    with pytest.raises(InputError) as error:
        design(tmp_path, text)
    assert "break.toml" in str(error.value)
    assert message in str(error.value)


def test_a_response_that_a_model_does_not_have_is_named(tmp_path):
    read = design(tmp_path, (HEAD + SHORT).replace('["availability_rating"]', '["symptom", "aproach"]'))
    with pytest.raises(InputError) as error:
        as_asked(load_model("kalman"), read)
    assert "design break, key `responses`: kalman has no response symptom; it has availability_" in str(error.value)
    assert 'no response aproach; it has availability_rating, worth_rating, approach. Did you mean "approach"?' in str(
        error.value
    )


def test_a_study_in_which_nobody_is_rated_is_refused(tmp_path):
    """Choices need no rating: they are recorded at every session."""
    never = SHORT.replace("sessions = 2", "sessions = 2, rated_every = 0")
    with pytest.raises(InputError, match="no session is rated"):
        as_asked(load_model("kalman"), design(tmp_path, HEAD + never))
    choices = (HEAD + never).replace('["availability_rating"]', '["approach"]')
    assert list(as_asked(load_model("kalman"), design(tmp_path, choices)).responses) == ["approach"]


def test_arms_without_a_common_last_rating_are_named(tmp_path):
    """Six sessions in one phase are rated at 2, 4 and 6; one and five sessions at 2 and 4 of the five."""
    one = SHORT.replace("sessions = 2", "sessions = 6, rated_every = 2")
    two = one.replace('"short"', '"parts"').replace("sessions = 6", "sessions = 5")
    assert design(tmp_path, HEAD + one).last_ratings() == ""
    warning = design(tmp_path, HEAD + one + two).last_ratings()
    assert "the last session is rated in short, and not in parts" in warning
    assert "counts anew in each phase" in warning
