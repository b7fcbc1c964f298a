"""The shipped example is what its script simulates, and has what a reader should see: differences and irregularity."""

import importlib.util
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pages import REPOSITORY

from iwm_bayes.data.dataset import read_data
from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.estimands.security.criterion import STYLES, styles_at_end
from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.workflow.load import load_study_and_data

FOLDER = Path(str(resources.files("iwm_bayes"))) / "example"
ARMS = ["care as usual", "repair-focused"]


@pytest.fixture(scope="module")
def example():
    """Return the study as it is loaded, the sessions had all stayed, and the true values of people."""
    loaded = load_study_and_data(FOLDER / "study.toml", None)
    complete = read_data(loaded.study, loaded.model, FOLDER / "complete_sessions.csv")
    return loaded, complete, {name: column.to_numpy() for name, column in pd.read_csv(FOLDER / "truth.csv").items()}


def test_the_files_are_those_of_the_script(tmp_path):
    """Nothing was changed by hand."""
    spec = importlib.util.spec_from_file_location("example", REPOSITORY / "experiments" / "example_sessions.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path, script.SEED)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}


def test_people_differ_and_end_in_every_style(example):
    """The two beliefs differ, each style occurs at the end, and some are insecure and do not become secure."""
    loaded, complete, truth = example
    for name in ("availability_start", "worth_start", "availability_rate", "worth_rate"):
        assert np.quantile(truth[name], 0.9) > 2 * np.quantile(truth[name], 0.1), name
    medians = {name: np.median(values) for name, values in truth.items()}
    assert medians["availability_start"] - medians["worth_start"] > 0.1
    path = belief_paths(loaded.model, complete, truth, "therapist").observed_path()
    assert {STYLES[style] for style in styles_at_end(path)} == {*STYLES}
    known = true_security(loaded.model, complete, truth, "therapist")
    assert 5 <= (known.insecure & ~known.earned).sum() < known.insecure.sum() / 2


def test_two_arms_of_equal_size_differ_in_repair(example):
    """In the second arm ruptures are as frequent to begin with, and more of them are repaired in the next session."""
    data, arms = example[1], person_arms(example[1]).to_numpy()
    assert [int((arms == arm).sum()) for arm in ARMS] == [20, 20]
    therapist = (data["figure_index"] == 1).values & data["present"].values & data["observed"].values
    repaired = {arm: [] for arm in ARMS}
    for person, arm in enumerate(arms):
        outcomes = data["outcome"].values[therapist[:, person], person]
        repaired[arm] += list(outcomes[1:][outcomes[:-1] == 0])
    assert np.mean(repaired[ARMS[1]]) - np.mean(repaired[ARMS[0]]) > 0.3


def test_sessions_are_irregular(example):
    """Ruptures come at other sessions for each person; weeks are missed, some end early, and ratings are blank."""
    table = pd.read_csv(FOLDER / "sessions.csv").merge(pd.read_csv(FOLDER / "people.csv"))
    therapy = table[(table["figure"] == "therapist") & table["outcome"].notna()]
    ruptures = therapy[therapy["outcome"] == 0].groupby("person")["session"].agg(tuple)
    assert ruptures.nunique() > 30
    lengths = table.groupby("person")["session"].max()
    assert (lengths.max(), (lengths < lengths.max()).sum()) == (34, 6)
    gaps = table.groupby("person")["week"].diff()
    assert {1, 2, 3} <= set(gaps.dropna())
    blank = table[["availability_rating", "worth_rating"]].isna().mean()
    assert ((blank > 0.01) & (blank < 0.05)).all()
    complete = pd.read_csv(FOLDER / "complete_sessions.csv").merge(
        table.groupby("person")["session"].max(), on="person"
    )
    own = complete[complete["session_x"] <= complete["session_y"]]
    assert own["outcome"].fillna(-1).tolist() == table["outcome"].fillna(-1).tolist()


def test_the_study_asks_its_question(example):
    """The report's title, and what people are called."""
    study = example[0].study
    assert (
        study.question
        == "How many sessions until patients feel secure with their therapist, and does repair-focused care help?"
    )
    assert study.participants == "patients"
