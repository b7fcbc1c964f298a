"""Designs of dyads: what their arms are like, who has several dyads, and every fault of a file in words."""

import numpy as np
import pytest
from scipy.special import logit

from iwm_bayes.data.dataset import to_table
from iwm_bayes.model.inputs import model_data
from iwm_bayes.simulation.dyad_design import (
    allocate,
    draw_dyads,
    persons_with_several,
    read_dyad_design_file,
    simulate_dyad_design,
)
from iwm_bayes.simulation.dyad_study_file import study_of_design
from iwm_bayes.types import InputError
from iwm_bayes.workflow.load import load_study_and_data

HEAD = 'schema = 2\nname = "therapies"\npeople = 12\nexchanges = 4\n'
PATIENT = '[dyad.members.patient]\nmodel = "seeker"\noutcome = "care"\n'
THERAPIST = '[dyad.members.therapist]\nmodel = "carer"\noutcome = "openness"\nbids = "bid"\ndyads = 3\n'
ARMS = '[[arms]]\nname = "as they are"\n[[arms]]\nname = "secure"\n'
ARMS += "values.therapist = { availability_start = 0.8 }\nmedians.patient = { availability_start = 0.3 }\n"
TEXT = HEAD + PATIENT + THERAPIST + ARMS


def design(folder, text=TEXT):
    """Write a design file, and read it."""
    path = folder / "therapies.toml"
    path.write_text(text)
    return read_dyad_design_file(path)


def test_persons_with_several_dyads_are_in_one_arm(tmp_path):
    """Four therapists with three patients each: two therapists in each arm. Ten dyads: the last has one."""
    read = design(tmp_path)
    np.testing.assert_array_equal(allocate(read, 12).arm, [0] * 6 + [1] * 6)
    names = [f"therapist {number:03d}" for number in (1, 1, 1, 2, 2, 2, 3, 3, 3, 4)]
    assert persons_with_several(read, 10).tolist() == names
    with pytest.raises(InputError, match="1 persons who are the therapist in 2 arms"):
        allocate(read, 3)


def test_arms_have_their_values_and_their_medians(tmp_path):
    """Everybody of the second arm has the value; dyads differ around the median, by the SD that they have anyway.

    The SD of the population is that of all dyads, because a fit without the arms finds this one.
    """
    alike, read = (design(tmp_path, text.replace("dyads = 3\n", "")) for text in (HEAD + PATIENT + THERAPIST, TEXT))
    model, dyads = read.model(), 4000
    name = "patient_availability_start"
    people = draw_dyads(read, model, dyads, np.random.default_rng(1))
    first, second = (slice(dyads // 2), slice(dyads // 2, None))
    assert np.ptp(people.values["therapist_availability_start"][first]) > 0
    np.testing.assert_allclose(people.values["therapist_availability_start"][second], 0.8)
    sd, own = draw_dyads(alike, model, dyads, np.random.default_rng(1)).sigma[name], people.theta[name]
    error = 4 * sd / np.sqrt(dyads / 2)
    assert own[second].mean() == pytest.approx(logit(0.3), abs=error)
    assert own[second].std() == pytest.approx(sd, abs=error)
    assert own[first].std() == pytest.approx(sd, abs=error)
    assert people.sigma[name] == pytest.approx(own.std(), abs=error)
    assert people.sigma[name] > sd + 5 * error  # so that the assertion above tells the two apart


def test_an_arm_of_persons_adds_to_the_sd_between_persons(tmp_path):
    """Two medians that are 4 apart add 2 squared to the variance between therapists; that of their dyads stays."""
    medians = {"pushed": -2.0, "drawn": 2.0}
    arms = "".join(f'[[arms]]\nname = "{arm}"\nmedians.therapist.pull = {pull}\n' for arm, pull in medians.items())
    text = HEAD + PATIENT + THERAPIST + "between = { pull = 1.5 }\n"
    alike, apart = (
        draw_dyads(read, read.model(), 12, np.random.default_rng(2))
        for read in (design(tmp_path, text), design(tmp_path, text + arms))
    )
    assert apart.sigma_u["therapist_pull: 1|therapist"] == pytest.approx(2.5)
    assert apart.sigma["therapist_pull"] == alike.sigma["therapist_pull"]


def test_persons_differ_by_the_sd_that_is_stated(tmp_path):
    """The variance of therapists' means is that between therapists, and a share of that between the dyads of each."""
    text = HEAD + PATIENT + THERAPIST.replace("dyads = 3", "dyads = 50") + "between = { pull = 2.0 }\n"
    read, persons = design(tmp_path, text), 400
    model = read.model()
    people = draw_dyads(read, model, 50 * persons, np.random.default_rng(2))
    assert people.sigma_u == {"therapist_pull: 1|therapist": 2.0}
    means = people.theta["therapist_pull"].reshape(persons, 50).mean(axis=1)
    expected = np.sqrt(2.0**2 + people.sigma["therapist_pull"] ** 2 / 50)
    assert means.std() == pytest.approx(expected, abs=4 * expected / np.sqrt(2 * persons))


def test_the_study_file_reads_the_table_as_it_was_simulated(tmp_path):
    """Acts, experiences, groups and distress are those of the simulation; the model is that of the design."""
    read = design(tmp_path, TEXT.replace('outcome = "care"\n', 'outcome = "care"\ndistress = 0.5\n'))
    model, generator = read.model(), np.random.default_rng(3)
    population = draw_dyads(read, model, 12, generator)
    data, arm = simulate_dyad_design(read, model, population, 4, generator)
    to_table(data).to_csv(tmp_path / "table.csv", index=False)
    (tmp_path / "study.toml").write_text(study_of_design(read, model, "table.csv"))
    again = load_study_and_data(tmp_path / "study.toml", None)
    assert arm == ["as they are"] * 6 + ["secure"] * 6
    assert list(again.model.responses) == list(model.responses)
    for name, response in model.responses.items():
        assert response.parameters == again.model.responses[name].parameters, name
        np.testing.assert_allclose(again.data[f"answer_{name}"], data[f"answer_{name}"], err_msg=name)
    np.testing.assert_allclose(again.data["event_terms"], data["event_terms"])
    np.testing.assert_array_equal(again.data["person_therapist"], data["person_therapist"])
    np.testing.assert_array_equal(again.data["group_level"], data["group_level"])
    np.testing.assert_allclose(model_data(model, again.data)["membership"], model_data(model, data)["membership"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("availability_start = 0.8", "availability_stat = 0.8", 'Did you mean "availability_start"?'),
        ("availability_start = 0.8", "availability_start = 1.8", "is outside its range"),
        ("dyads = 3\n", "between = { pull = 1.0 }\n", "`between` is for a member with several `dyads`"),
        ("dyads = 3\n", "dyads = 3\nbetween = { care_sensitivity = 1.0 }\n", "is the same for everybody"),
        ('outcome = "care"\n', 'outcome = "care"\ndyads = 3\n', "one of the two can have several `dyads`"),
        ('outcome = "care"\n', 'outcome = "care"\nresponses = ["bid", "symptom"]\n', "has no response symptom"),
        ("values.therapist", "values.doctor", "there is no doctor"),
        ('"secure"', '"as they are"', "a name of its own"),
        ('model = "seeker"', 'model = "seker"', "seker"),
    ],
)
def test_faults_of_a_design_are_named(tmp_path, old, new, message):
    """In words, with the place and the remedy."""
    assert old in TEXT
    with pytest.raises(InputError) as error:
        design(tmp_path, TEXT.replace(old, new, 1)).model()
    assert message in str(error.value)
