"""The menu of studies: its designs are those of predictions, and its sizes follow from the committed counts."""

import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.design_file import as_asked, read_design_file
from iwm_bayes.validation.prediction_matrix import load_named_model, load_predictions
from iwm_bayes.validation.scripted_events import RUPTURE_ARMS

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DESIGNS = sorted((EXPERIMENTS / "menu").glob("*.toml"))
PREDICTIONS = {prediction.name: prediction for prediction in load_predictions()}


def script(path):
    """Return a script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


menu = script(EXPERIMENTS / "menu.py")
page = script(EXPERIMENTS.parent / "docs" / "hooks" / "results.py")


@pytest.mark.parametrize("path", DESIGNS, ids=[path.stem for path in DESIGNS])
def test_a_design_sets_a_model_that_makes_the_claim_against_a_rival(path):
    """It has the name of its prediction, and its models have the responses that it asks for."""
    design, prediction = read_design_file(path), PREDICTIONS[path.stem]
    claimant, rival = (as_asked(load_model(name), design) for name in design.models)
    assert design.name == path.stem
    assert claimant.name in {load_named_model(name).name for name in prediction.shows}
    assert rival.name in {load_named_model(name).name for name in prediction.rivals}


def outcomes_of(arm):
    """Return the chance of every session of an arm, and whether it is the outcome itself."""
    cares = [(phase.care["therapist"], phase.sessions) for phase in arm.all_phases()]
    return np.concatenate([care(sessions) for care, sessions in cares]), {care.graded for care, _ in cares}


def test_care_in_the_study_of_relapse_is_that_of_its_experiment():
    """Graded: 20 poor sessions, then 12 fully responsive ones, or 20 in which care grows."""
    design, experiment = read_design_file(EXPERIMENTS / "menu" / "relapse.toml"), script(EXPERIMENTS / "relapse.py")
    for arm, change in zip(design.arms, (experiment.ABRUPT, experiment.GRADUAL), strict=True):
        care, graded = outcomes_of(arm)
        np.testing.assert_allclose(care, [event.outcome for event in experiment.POOR + change], atol=5e-4)
        assert graded == {True}


def test_the_study_of_ruptures_has_the_arms_of_its_experiment():
    """After twelve good sessions: smooth care, a rupture that is repaired, and one that is repaired late."""
    for arm in read_design_file(EXPERIMENTS / "menu" / "rupture_repair.toml").arms:
        care, _ = outcomes_of(arm)
        assert care.tolist() == [1.0] * 12 + [event.outcome for event in RUPTURE_ARMS[arm.name]]


def lines(right, studies=20):
    """Return the counts of one size, for the two generating models."""
    return pd.DataFrame({"studies": [studies, studies], "right": right})


def test_a_size_is_lost_when_more_than_a_fifth_of_twenty_studies_cannot_be_right():
    assert not menu.is_lost(lines([16, 20]))
    assert menu.is_lost(lines([20, 15]))
    assert not menu.is_lost(lines([1, 5], studies=5))
    assert menu.is_lost(lines([0, 5], studies=5))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({10: [16, 15], 20: [16, 18]}, "**20**<br>(16 and 18 of 20)"),
        ({10: [0, 5], 20: [20, 15], 40: [9, 9], 80: [12, 20]}, "more than 80"),
        ({}, "not simulated"),
    ],
)
def test_the_page_has_the_smallest_size_at_which_either_model_is_found_in_four_of_five_studies(sizes, expected):
    rows = [{"n_people": people, "right": right} for people, both in sizes.items() for right in both]
    assert page.smallest_size(pd.DataFrame(rows, columns=["n_people", "right"])) == expected
    assert (page.MENU_STUDIES, page.MENU_TARGET) == (menu.STUDIES, menu.TARGET)


def test_the_page_says_how_many_fits_converged():
    """Those of the size that decides, which is the last one that was tried."""
    sizes = pd.DataFrame({"n_people": [10, 10, 20, 20], "converged": [1, 2, 3, 18], "studies": [5, 5, 20, 20]})
    assert page.converged(sizes) == "3 of 20 and 18 of 20"
    assert page.converged(sizes[:0]) == "-"


def test_studies_are_counted_by_the_model_that_generated_them():
    """Right beyond 3, wrong beyond -3, undecided between; a study that failed counts as none of them."""
    results = pd.DataFrame(
        {
            "design": "pairs",
            "generating": ["a", "a", "b", "b", "b"],
            "rival": ["b", "b", "a", "a", "a"],
            "n_people": 10,
            "sessions": 4,
            "failed": ["", "", "", "", "ValueError: no"],
            "difference": [3.5, 2.5, -3.5, 9.0, float("nan")],
            "counts": [*({menu.DECISIVE_FOR_GENERATING: [one, 1], "converged": [1, 1]} for one in (0, 0, 0, 1)), None],
        }
    )
    found = menu.count_studies(results).set_index("generating")
    assert found.loc["a", ["studies", "right", "wrong", "decisive", "converged"]].to_list() == [2, 1, 0, 0, 2]
    assert found.loc["b", ["studies", "right", "wrong", "decisive", "converged"]].to_list() == [3, 1, 1, 1, 2]


def test_conditions_are_those_of_the_command():
    """So `iwm plan compare FILE --n-people 10` simulates the same studies, with either model generating them."""
    given = menu.models_of_design(DESIGNS[0])
    one, other = menu.conditions(given, 10)
    assert (one["n_people"], one["sessions"], one["design"]) == (10, given.sessions, DESIGNS[0].stem)
    assert (one["generating"], one["rival"]) == (other["rival"], other["generating"])
    assert set(one) == set(other)
    assert one["care"] == menu.DEFAULT_CARE["care"]


def test_committed_sizes_are_those_of_the_designs():
    """Each was studied with the models and sessions of its file, from the smallest size on, until one decided."""
    sizes = pd.read_csv(EXPERIMENTS / "menu" / "sizes.csv")
    assert set(sizes["design"]) == {path.stem for path in DESIGNS}
    for path in DESIGNS:
        design, own = read_design_file(path), sizes[sizes["design"] == path.stem]
        names = [load_model(name).name for name in design.models]
        assert set(own["sessions"]) == {design.sessions}, path.stem
        by_size = list(own.groupby("n_people"))
        assert [people for people, _ in by_size] == list(menu.SIZES[: len(by_size)]), path.stem
        for people, counts in by_size:
            assert sorted(counts["generating"]) == sorted(names), path.stem
            assert menu.is_lost(counts) == (people != by_size[-1][0]) or people == menu.SIZES[-1], path.stem


def test_a_design_says_its_question_and_itself_in_a_sentence():
    """The page of the menu has nothing else to say what a study is."""
    for path in DESIGNS:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        assert content["question"].endswith("?"), path.stem
        assert content["design"].endswith("."), path.stem
