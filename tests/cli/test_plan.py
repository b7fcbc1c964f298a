"""`iwm plan` end to end, on models small enough to be fitted in seconds."""

import json

import pandas as pd
import pytest
from command import iwm

from iwm_bayes.cli.sweeps.given import Given, models_or_study
from iwm_bayes.data.study import read_study_file
from iwm_bayes.types import InputError
from iwm_bayes.validation.planning.compare import DECISIVE_FOR_GENERATING
from iwm_bayes.validation.planning.forecast import (
    CORRECT,
    CORRECT_IF_KNOWN,
    CORRECT_IF_REACHED,
    INTERVAL_COVERS,
    REACHED,
)

MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
MODEL += "[parameters.availability_start]\nprior_90 = [0.15, 0.35]\n"  # most are insecure at baseline
FAST = ("--n-people", "12", "--studies", "4", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models, in which people learn and do not; and a study of both."""
    found = tmp_path_factory.mktemp("models")
    for name, rule in (("learning", "rescorla_wagner"), ("constant", "static")):
        (found / f"{name}.toml").write_text(MODEL.format(rule))
    lines = [f"p{person},{session},1,0.5" for person in range(7) for session in range(9)]
    (found / "sessions.csv").write_text("\n".join(["person,session,outcome,rating", *lines]))
    (found / "study.toml").write_text(
        'schema = 2\nname = "clinic"\ndata = "sessions.csv"\nmodel = ["learning.toml", "constant.toml"]\n'
        '[columns]\nperson = "person"\nsession = "session"\noutcome = { column = "outcome" }\n'
        '[responses.availability_rating]\ncolumn = "rating"\ncommensurable = true\n'
    )
    (found / "pairs.toml").write_text(
        'schema = 2\nname = "pairs"\nquestion = "Do people learn?"\ndesign = "Good care, or bad care after a gap."\n'
        'models = ["learning.toml", "constant.toml"]\nresponses = ["availability_rating"]\npeople = 8\n'
        '[[arms]]\nname = "good"\nphases = [{ care = { friend = "constant:rate=1" }, sessions = 3 }]\n'
        '[[arms]]\nname = "bad"\nphases = [{ care = { friend = "constant:rate=0" }, sessions = 2, gap = 5 }]\n'
    )
    return found


def shares_of(folder, name):
    return pd.read_csv(folder / "runs" / name / "tables" / "assurance.csv").set_index(["outcome", "sessions"])


def test_later_sessions_are_forecast(folder):
    """Deterministic care is forecast without error for people whose parameters are known. A rerun does nothing."""
    care = ("--care", "rupture_and_repair:rate=1,every=6", "--sessions", "6", "--horizon", "30")
    done = iwm("plan", "forecast", "learning.toml", *FAST, *care, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "plan-forecast-learning")
    assert table.loc[(CORRECT_IF_KNOWN, 6), "share"] == 1.0
    assert 0.0 < table.loc[(CORRECT, 6), "share"] < 1.0
    assert table.loc[(CORRECT_IF_REACHED, 6), "of"] == round(
        table.loc[(REACHED, 6), "share"] * table.loc[(REACHED, 6), "of"]
    )
    assert table.loc[(INTERVAL_COVERS, 6), "share"] > 0.9 - 4.0 * table.loc[(INTERVAL_COVERS, 6), "se"]
    out = folder / "runs" / "plan-forecast-learning"
    assert {"planning_curve.svg", "planning_curve.pdf"} <= {file.name for file in (out / "plots").iterdir()}
    facts = json.loads((out / "manifest.json").read_text())
    assert len(facts["answers"]) == 3
    assert facts["answers"][0].split("'")[2].strip() in " ".join(done.stdout.split())
    before = {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()}
    again = iwm("plan", "forecast", "learning.toml", *FAST, *care, cwd=folder)
    assert again.stdout == done.stdout
    assert {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()} == before


@pytest.mark.slow
def test_two_models_by_number_of_sessions(folder):
    """32 sessions distinguish learning from none more often than one does."""
    sizes = ("--n-people", "6", "--studies", "8", "--sessions", "1", "--sessions", "32", "--quiet")
    done = iwm("plan", "compare", "learning.toml", "constant.toml", *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "plan-compare-learning-constant").set_index("generating", append=True)["share"]
    assert table[DECISIVE_FOR_GENERATING, 32, "learning"] > table[DECISIVE_FOR_GENERATING, 1, "learning"]


@pytest.mark.slow
def test_more_people_find_a_difference_more_often(folder):
    sizes = ("--n-people", "8", "--n-people", "60", "--sessions", "6", "--studies", "8", "--quiet")
    done = iwm("plan", "group", "learning.toml", "--parameter", "rate", "--effect", "0.1", *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = shares_of(folder, "plan-group-learning").set_index("n_people", append=True)["share"]
    assert table["decisive", 6, 60] > table["decisive", 6, 8]


def test_the_size_of_a_study_is_taken_from_its_file(folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = models_or_study(["study.toml"])
    assert [path.rpartition("/")[2] for path in found.models] == ["learning.toml", "constant.toml"]
    assert (found.study["study"], found.people, found.sessions) == ("clinic", 7, 9)
    assert models_or_study(["learning.toml"]) == Given(["learning.toml"], {})
    assert models_or_study(["kalman", "growth"]) == Given(["kalman", "growth"], {})


def test_a_plan_from_a_study_file_simulates_the_study(folder):
    """For each number of people; the question is then how many people are needed, not how many sessions."""
    sizes = ("--n-people", "6", "--n-people", "40", "--studies", "4", "--quiet", "--out-dir", "as-planned")
    done = iwm("plan", "group", "study.toml", "--parameter", "rate", "--effect", "0.3", *sizes, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    table = pd.read_csv(folder / "as-planned" / "tables" / "assurance.csv")
    assert "figures" not in table
    assert set(table["n_people"]) == {6, 40}
    assert set(table["sessions"]) == {9}
    assert "people" in json.loads((folder / "as-planned" / "manifest.json").read_text())["answers"][0]


def test_a_design_file_gives_models_people_and_sessions(folder):
    """As a study file does; its models are found in its own folder."""
    given = models_or_study([str(folder / "pairs.toml")])
    assert given.models == [str(folder / "learning.toml"), str(folder / "constant.toml")]
    assert (given.people, given.sessions, given.design, given.study["design"]) == (8, 3, "pairs", "pairs")


def test_a_design_file_is_simulated_as_a_table(folder):
    """With the arm of each person and the time of each session; options that the file states are refused."""
    done = iwm("simulate", "pairs.toml", "--n-people", "4", "--out-file", "pairs.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "pairs.csv").groupby("arm")[["person", "outcome", "time"]].agg(list)
    assert table.loc["good"].to_list() == [["p001"] * 3 + ["p002"] * 3, [1.0] * 6, [1, 2, 3] * 2]
    assert table.loc["bad"].to_list() == [["p003"] * 2 + ["p004"] * 2, [0.0] * 4, [6, 7] * 2]
    refused = iwm("simulate", "pairs.toml", "--sessions", "4", "--distress", "0.5", "--out-file", "no.csv", cwd=folder)
    assert refused.returncode == 1
    assert "--sessions, --distress: the design file says so" in refused.stderr
    assert "arm good has 2 people, arm bad has 2 people" in done.stdout


def test_a_design_file_is_refused_with_a_reason(folder):
    """Where one of its models does not exist, in all commands; and in place of a study file, which has data."""
    text = (folder / "pairs.toml").read_text()
    (folder / "typo.toml").write_text(text.replace("constant.toml", "constnt.toml"))
    refused = iwm("simulate", "typo.toml", "--out-file", "no.csv", cwd=folder)
    assert refused.returncode == 1
    assert "constnt.toml: there is no such file" in refused.stderr
    with pytest.raises(InputError, match="this is a design file, without data"):
        read_study_file(folder / "pairs.toml")


@pytest.mark.slow
def test_a_design_file_is_planned(folder):
    """Both models simulate its arms, and the folder of the results has the name of the design."""
    done = iwm("plan", "compare", "pairs.toml", "--studies", "2", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "runs" / "plan-compare-pairs" / "tables" / "assurance.csv")
    assert set(table["generating"]) == {"learning", "constant"}
    assert (set(table["n_people"]), set(table["sessions"])) == ({8}, {3})


@pytest.mark.slow
@pytest.mark.parametrize("question", ["forecast", "compare"])
def test_other_plans_from_a_study_file(folder, question):
    options = ("--sessions", "4", "--sessions", "8", "--studies", "3", "--quiet", "--out-dir", f"planned-{question}")
    done = iwm("plan", question, "study.toml", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / f"planned-{question}" / "tables" / "assurance.csv")
    assert set(table["sessions"]) == {4, 8}
    assert (table["studies"] == 3).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["group", "learning.toml", "--parameter", "velocity"], "no such parameter"),
        (["group", "learning.toml", "--parameter", "rate", "--effect", "2"], "is impossible"),
        (["forecast", "learning.toml", "--care", "kindly"], "no care 'kindly'"),
        (["forecast", "learning.toml", "--method", "guess"], "no method 'guess'"),
        (["compare", "learning.toml"], "name two models"),
        (["compare", "learning.toml", "kalman"], "Give them the same"),
        (["compare", "pairs.toml", "--figures", "2"], "--figures: simulated studies have"),
        (["compare", "pairs.toml", "--sessions", "4"], "nobody there has more than 3 sessions"),
        (["group", "study.toml", "--parameter", "rate", "--sessions", "12"], "nobody there has more than 9 sessions"),
        (["group", "study.toml", "--parameter", "rate", "--figures", "2"], "--figures: simulated studies have"),
        (["compare", "study.toml", "--care", "constant", "--rated-every", "3"], "--rated-every, --care: simulated"),
    ],
)
def test_an_impossible_plan_is_refused_before_anything_is_done(folder, arguments, message):
    done = iwm("plan", *arguments, "--out-dir", "nothing", cwd=folder)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())
    assert not (folder / "nothing").exists()
