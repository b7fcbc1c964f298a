"""Plans of studies with waves: people with a stated reliability, and what is counted of their study."""

from pathlib import Path

import numpy as np
import pytest

from iwm_bayes.estimands.reliability import reliability_of
from iwm_bayes.rules.modifiers.waves import wave_contrasts
from iwm_bayes.types import InputError
from iwm_bayes.validation.planning.assurance import CONVERGED, StudyDesign
from iwm_bayes.validation.planning.reliability import (
    WaveDesign,
    asked_parameters,
    coordinate_sds,
    draw_retested,
    outcome_estimates,
    outcome_known,
    reliability_study,
)

MODEL = str(Path(__file__).parents[2] / "experiments" / "models" / "one_belief.toml")
RATE = "availability_rate"


def design(waves=2, people=4000, true=0.7):
    """A design of so many people."""
    return WaveDesign(StudyDesign(people, 1, 1, 6), waves, true)


@pytest.mark.parametrize("waves", [2, 3, 4])
@pytest.mark.parametrize("true", [0.0, 0.5, 0.9])
def test_people_have_the_stated_reliability(waves, true):
    """The SDs are those of which the estimand makes this reliability, and every wave has the stated SD."""
    mean, *changes = coordinate_sds(0.8, true, waves)
    np.testing.assert_allclose(reliability_of(np.array(mean), np.array(changes)), true, atol=1e-12)
    by_wave = mean**2 + wave_contrasts(waves) ** 2 @ np.square(changes)
    np.testing.assert_allclose(by_wave, 0.8**2)


def test_drawn_people_correlate_between_waves():
    """The correlation of the values of two waves is the reliability."""
    own = design()
    truth = draw_retested(own.load(MODEL), own, np.random.default_rng(1)).theta
    mean, change = truth[RATE], truth[f"{RATE}_change"]
    np.testing.assert_allclose(np.corrcoef(mean - change / 2, mean + change / 2)[0, 1], 0.7, atol=0.03)


def test_a_plan_asks_about_the_learning_rule_unless_parameters_are_named():
    """An unknown name is refused, with those that there are."""
    own = design()
    model = own.load(MODEL)
    assert asked_parameters(model, own, ()) == ["availability_start", RATE]
    assert asked_parameters(model, own, ["availability_rating_noise"]) == ["availability_rating_noise"]
    with pytest.raises(InputError, match="Those with a reliability are availability_start"):
        asked_parameters(model, own, ["worth_rate"])


def test_ratings_are_thinned_in_every_wave():
    """Every second session of a wave is rated, from its assessment on."""
    own = design(people=3)._replace(study=StudyDesign(3, 1, 2, 5))
    data = own.draw(own.load(MODEL), np.random.default_rng(1)).data
    rated = data["answer_availability_rating"].notnull().values[:, 0]
    assert rated.tolist() == [True, False, True, False, True, False] * 2


def test_one_study_of_a_plan():
    """It counts each outcome once, and says that 30 people are too few for an interval of .1 to either side."""
    condition = {"at model": MODEL, "method": "laplace", "parameters": RATE, "waves": 2, "reliability": 0.7}
    condition |= {"precision": 0.1, "n_people": 30, "figures": 1, "rated_every": 1, "sessions": 10, "care": "constant"}
    found = reliability_study(condition, np.random.default_rng(1))["counts"]
    assert set(found) == {
        outcome_known(RATE, 0.1),
        outcome_estimates(RATE, 0.7),
        f"{RATE}: 90% interval covers",
        CONVERGED,
    }
    assert all(of == 1 for _, of in found.values())
    assert found[outcome_known(RATE, 0.1)] == [0, 1]  # with 30 people not even known parameters could do it
