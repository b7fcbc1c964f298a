"""`iwm design` end to end, on theories small enough to be fitted in seconds."""

import json

import pandas as pd
import pytest
from command import iwm

from iwm_bayes.cli.options import StudySize, models_and_size
from iwm_bayes.validation.plan_compare import DECISIVE_FOR_GENERATING as FOR_THE_MAKER
from iwm_bayes.validation.plan_forecast import CORRECT, CORRECT_IF_CROSSING, CORRECT_IF_KNOWN, CROSSES, INTERVAL_COVERS

THEORY = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
THEORY += "[parameters.availability_start]\ntypical = [0.15, 0.35]\n"  # most start insecure
FAST = ("--people", "12", "--studies", "4", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two theories, that people learn and that they do not; and a study of both."""
    found = tmp_path_factory.mktemp("shelf")
    for name, rule in (("learning", "rescorla_wagner"), ("constant", "static")):
        (found / f"{name}.toml").write_text(THEORY.format(rule))
    lines = [f"p{person},{session},1,0.5" for person in range(7) for session in range(9)]
    (found / "sessions.csv").write_text("\n".join(["person,session,outcome,rating", *lines]))
    (found / "study.toml").write_text(
        'schema = 2\nname = "clinic"\ndata = "sessions.csv"\nmodel = ["learning.toml", "constant.toml"]\n'
        '[columns]\nperson = "person"\nsession = "session"\noutcome = { column = "outcome" }\n'
        '[responses.availability_rating]\ncolumn = "rating"\n'
    )
    return found


def shares_of(folder, name):
    return pd.read_csv(folder / "runs" / name / "design.csv").set_index(["what", "sessions"])


def test_sessions_to_come_are_foretold(folder):
    """Care in which nothing is left to chance is foretold without fault of people who are known. Once is enough."""
    care = ("--care", "rupture_and_repair:rate=1,every=6", "--sessions", "6", "--further", "30")
    done = iwm("design", "forecast", "learning.toml", *FAST, *care, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "design-forecast-learning")
    assert table.loc[(CORRECT_IF_KNOWN, 6), "share"] == 1.0
    assert 0.0 < table.loc[(CORRECT, 6), "share"] < 1.0
    assert table.loc[(CORRECT_IF_CROSSING, 6), "of"] == round(
        table.loc[(CROSSES, 6), "share"] * table.loc[(CROSSES, 6), "of"]
    )
    assert table.loc[(INTERVAL_COVERS, 6), "share"] > 0.9 - 4.0 * table.loc[(INTERVAL_COVERS, 6), "se"]
    out = folder / "runs" / "design-forecast-learning"
    assert {"design.svg", "design.pdf", "manifest.json"} <= {file.name for file in out.iterdir()}
    facts = json.loads((out / "manifest.json").read_text())
    assert len(facts["answers"]) == 3
    assert facts["answers"][0].split("'")[2].strip() in " ".join(done.stdout.split())
    before = {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()}
    again = iwm("design", "forecast", "learning.toml", *FAST, *care, cwd=folder)
    assert again.stdout == done.stdout
    assert {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()} == before


@pytest.mark.slow
def test_two_theories_by_number_of_sessions(folder):
    """A study file stands for its theories; 32 sessions tell learning from none more often than one does."""
    sizes = ("--people", "6", "--studies", "8", "--sessions", "1", "--sessions", "32", "--quiet")
    done = iwm("design", "compare", "study.toml", *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "design-compare-learning-constant").set_index("maker", append=True)["share"]
    assert table[FOR_THE_MAKER, 32, "learning"] > table[FOR_THE_MAKER, 1, "learning"]


@pytest.mark.slow
def test_more_people_find_a_difference_sooner(folder):
    sizes = ("--people", "8", "--people", "60", "--sessions", "6", "--studies", "8", "--quiet")
    done = iwm("design", "group", "learning.toml", "--parameter", "rate", "--effect", "0.1", *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "design-group-learning").set_index("people", append=True)["share"]
    assert table["decisive", 6, 60] > table["decisive", 6, 8]


def test_a_study_says_how_large_it_is(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = models_and_size(["study.toml"])
    assert [path.rpartition("/")[2] for path in found.theories] == ["learning.toml", "constant.toml"]
    assert found[1:] == (7, 1, 9)
    assert models_and_size(["learning.toml"]) == StudySize(["learning.toml"])
    assert models_and_size(["kalman", "growth"]) == StudySize(["kalman", "growth"])


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (["group", "learning.toml", "--parameter", "velocity"], "no such parameter"),
        (["group", "learning.toml", "--parameter", "rate", "--effect", "2"], "is impossible"),
        (["forecast", "learning.toml", "--care", "kindly"], "no care 'kindly'"),
        (["forecast", "learning.toml", "--method", "guess"], "no method 'guess'"),
        (["compare", "learning.toml"], "name two theories"),
        (["compare", "learning.toml", "kalman"], "Give them the same"),
    ],
)
def test_what_cannot_be_designed_is_said_before_anything_is_done(folder, told, says):
    done = iwm("design", *told, "--out", "nothing", cwd=folder)
    assert done.returncode == 1
    assert says in " ".join(done.stderr.split())
    assert not (folder / "nothing").exists()
