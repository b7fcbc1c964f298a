"""Simulated studies of dyads: of a design file, and with the exchanges of a real table; and what a plan counts."""

import numpy as np
import pytest
from dyads import write_dyads

from iwm_bayes.cli.sweeps.given import models_or_study
from iwm_bayes.data.dyads.coupling import coupled
from iwm_bayes.estimands.dyads.actor_partner import true_effects
from iwm_bayes.types import InputError
from iwm_bayes.validation.planning.effect import asked_effects, count_decisions, effect_draws, truth_as_fit
from iwm_bayes.validation.planning.group import assign_arms, with_people
from iwm_bayes.validation.study_design import file_design

DESIGN = """
schema = 2
name = "therapies"
people = 12
exchanges = 6
[dyad.members.patient]
model = "seeker"
outcome = "care"
[dyad.members.therapist]
model = "carer"
outcome = "openness"
bids = "bid"
dyads = 3
medians = { pull = 1.5 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A design of therapies, and a study of therapies whose table has missing answers."""
    found = tmp_path_factory.mktemp("dyads")
    (found / "design.toml").write_text(DESIGN)
    write_dyads(found, "therapy", exchanges=7)
    return found


def condition_of(path, **size):
    """What a command says of a file of dyads, with its size."""
    given = models_or_study([str(path)])
    return given.condition() | given.study | {"n_people": given.people, "sessions": given.sessions} | size


def drawn(path, seed=1, **size):
    """The model, the design and one study of a file."""
    condition = condition_of(path, **size)
    design = file_design(condition)
    model = design.load(condition["at model"])
    return model, design, design.draw(model, np.random.default_rng(seed))


def test_a_study_of_a_design_has_its_size(folder):
    """Twelve dyads of four therapists; with two dyads of each, and more of them, ten therapists."""
    _, _, study = drawn(folder / "design.toml")
    assert (study.data.sizes["person"], study.data.sizes["event"], study.figure) == (12, 6, None)
    assert len(set(study.data["person_therapist"].values)) == 4
    assert set(study.truth.sigma_u) == {str(label).split("[")[0] for label in study.data["group_level"].values}
    _, design, study = drawn(folder / "design.toml", n_people=20, sessions=9, dyads_each=2)
    assert (study.data.sizes["person"], study.data.sizes["event"]) == (20, 9)
    assert len(set(study.data["person_therapist"].values)) == 10
    assert design.for_compilation().draw(design.load(design.design_file), np.random.default_rng(0)).data.sizes == {
        **study.data.sizes,
        "event": 1,
    }


def test_a_design_that_changes_is_refused(folder, tmp_path):
    """A sweep goes on only with the file with which it began."""
    path = tmp_path / "design.toml"
    path.write_text(DESIGN)
    condition = condition_of(path)
    path.write_text(DESIGN.replace("1.5", "2.5"))
    with pytest.raises(InputError, match="has changed since its simulation began"):
        file_design(condition).load(condition["at model"])


def test_dyads_of_a_table_act_anew_at_its_exchanges(folder):
    """Answers are where the table has them, and everybody experiences what the other now does."""
    model, design, study = drawn(folder / "study.toml")
    table = design.events(model)
    assert study.truth.sigma_u
    for name in model.responses:
        found, given = study.data[f"answer_{name}"].values, table[f"answer_{name}"].values
        np.testing.assert_array_equal(np.isnan(found), np.isnan(given))
        assert not np.array_equal(found[~np.isnan(found)], given[~np.isnan(given)]), name
    again = coupled(model, study.data)
    np.testing.assert_array_equal(study.data["event_terms"], again["event_terms"])
    care = study.data["answer_therapist_care"].values
    experienced = study.data["event_terms"].sel(event_term="patient outcome").transpose("event", "person").values
    np.testing.assert_array_equal(experienced[~np.isnan(care)], care[~np.isnan(care)])


def test_a_study_with_fewer_exchanges_has_the_first_ones(folder):
    """And with more dyads, each has the places of answers of a dyad of the table."""
    _, _, study = drawn(folder / "study.toml", n_people=9, sessions=4)
    assert (study.data.sizes["person"], int(study.data["present"].sum("event").max())) == (9, 4)


def test_all_dyads_of_a_person_are_in_one_arm_of_a_plan(folder):
    """Where the arms differ in what the therapist is like; patients of one therapist may be in different arms."""
    _, design, study = drawn(folder / "design.toml", n_people=24)
    therapist = study.data["person_therapist"].values
    treated = assign_arms(design, "therapist_care_bias", np.random.default_rng(2))
    assert treated.sum() == 12
    assert all(len(set(treated[therapist == one])) == 1 for one in therapist)
    of_patients = assign_arms(design, "patient_bid_bias", np.random.default_rng(2))
    assert of_patients.sum() == 12
    assert any(len(set(of_patients[therapist == one])) == 2 for one in therapist)


@pytest.mark.parametrize("dyads", [None, 30])
def test_patients_of_a_therapist_in_a_table_are_in_one_arm_of_a_plan(folder, dyads):
    """Also where more dyads than the table has are drawn from it; those who are drawn are those who are simulated."""
    condition = condition_of(folder / "study.toml", **({"n_people": dyads} if dyads else {}))
    generator = np.random.default_rng(4)
    design = with_people(file_design(condition), generator)
    study = design.draw(design.load(condition["at model"]), generator)
    therapist = study.data["person_therapist"].values
    treated = assign_arms(design, "therapist_care_bias", np.random.default_rng(2))
    assert len(treated) == len(therapist) == design.n_people
    assert 0 < treated.sum() < len(treated)
    assert all(len(set(treated[therapist == one])) == 1 for one in therapist)
    of_patients = assign_arms(design, "patient_bid_bias", np.random.default_rng(2))
    assert any(len(set(of_patients[therapist == one])) == 2 for one in therapist)


def test_the_true_effects_of_a_study_are_those_of_its_parameters(folder):
    """As if the truth were a posterior with one draw: medians that are stated, and effects along the true beliefs."""
    model, _, study = drawn(folder / "design.toml")
    found = effect_draws(model, truth_as_fit(model, study.truth, study.data))
    assert found["therapist_pull"] == pytest.approx(1.5)
    contained = 1.0 - study.truth.values["therapist_care_containment"]
    acted_out = (contained * study.truth.values["therapist_pull"]).mean()
    assert found["acted-out pull of the therapist"] == pytest.approx(acted_out)
    true = true_effects(model, study.data, study.truth.values)
    for effect in ("actor", "partner"):
        expected = float(true.sel(role="patient", effect=effect).mean())
        assert found[f"{effect} effect of the patient"] == pytest.approx(expected), effect


def test_effects_that_models_assume_need_a_smallest_one(folder):
    """An interval of a partner effect always excludes 0; a pull, and what it does, may be on either side."""
    condition = condition_of(folder / "design.toml")
    asked = (condition["at model"], file_design(condition))
    chosen = asked_effects(*asked, [], 0.0)
    by_bids = "partner by bids effect of the patient"  # whose sign is that of the pull
    assert {"therapist_pull", "acted-out pull of the therapist", by_bids} <= set(chosen)
    assert asked_effects(*asked, [by_bids], 0.0) == [by_bids]
    assert not any(name.startswith(("actor effect", "partner effect")) for name in chosen)
    partner = ["partner effect of the patient"]
    assert asked_effects(*asked, partner, 0.05) == partner
    with pytest.raises(InputError, match="Give --smallest"):
        asked_effects(*asked, partner, 0.0)
    with pytest.raises(InputError, match="has no effect 'velocity'"):
        asked_effects(*asked, ["velocity"], 0.0)


@pytest.mark.parametrize(
    ("centre", "truth", "smallest", "expected"),
    [(0.5, 0.4, 0.0, (1, 0, 1)), (0.5, -0.1, 0.0, (1, 1, 0)), (0.5, 0.4, 0.3, (0, 0, 1)), (-0.5, -0.4, 0.2, (1, 0, 1))],
)
def test_decisions_are_counted(centre, truth, smallest, expected):
    """A uniform posterior of width 0.5 has a 90% interval of width 0.45 around its centre."""
    draws = centre + np.linspace(-0.25, 0.25, 2001)
    counts = count_decisions("pull", draws, truth, smallest)
    assert tuple(number for number, _ in counts.values()) == expected
    assert [of for _, of in counts.values()] == [1, 1, 1]
