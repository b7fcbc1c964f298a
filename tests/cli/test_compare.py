"""`iwm compare` end to end: theories of a study, runs that are kept, and what is refused."""

import json

import pandas as pd
import pytest
from command import iwm

from iwm_bayes.data.dataset import to_table
from iwm_bayes.model import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

STUDY = """
schema = 2
name   = "clinic"
data   = "sessions.csv"
model = ["learning.toml", "blind.toml"]
[columns]
person  = "person"
session = "session"
figure  = "figure"
outcome = { column = "outcome", missing = "unseen" }
[responses.availability_rating]
column = "availability_rating"
[people]
data   = "people.csv"
person = "person"
"""
THEORY = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
FAST = ("--method", "laplace", "--no-mixture", "--draws", "150", "--quiet")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """25 people who learn, and a study that compares learning with growing."""
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "study.toml").write_text(STUDY)
    for name, rule in (("learning", "rescorla_wagner"), ("blind", "growth")):
        (folder / f"{name}.toml").write_text(THEORY.format(rule))
    with (folder / "blind.toml").open("a") as file:
        file.write("[parameters.availability_pace]\nfixed = 0.1\n")
    data = simulate(
        model_file.load_model(folder / "learning.toml"),
        [Phase({"friend": constant_care(0.5)}, 16, assessed=True)],
        25,
        2,
    )
    to_table(data).to_csv(folder / "sessions.csv", index=False)
    arms = pd.DataFrame({"person": data["person"].values, "arm": ["waiting", *["therapy", "waiting"] * 12], "site": ""})
    arms.to_csv(folder / "people.csv", index=False)
    done = iwm("compare", "study.toml", *FAST, "--people", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_it_says_who_foretells_best(clinic):
    folder, done = clinic
    assert "learning foretells best" in done.stdout
    ranking = pd.read_csv(folder / "runs" / "comparison" / "future 1.csv")
    assert ranking["theory"].tolist() == ["learning", "blind"]
    assert json.loads((folder / "runs" / "comparison" / "manifest.json").read_text())["says"] in done.stdout


def test_it_writes_everything(clinic):
    folder, _ = clinic
    kept = {path.name for path in (folder / "runs" / "comparison").iterdir()}
    assert {f"{unit}.csv" for unit in ("future 1", "future 4", "person", "event", "frequencies", "people")} <= kept
    assert {"checks learning.csv", "checks blind.csv", "cannot make.csv", "checks.svg"} <= kept
    people = pd.read_csv(folder / "runs" / "comparison" / "people.csv")
    assert people["person"].str.fullmatch(r"person \d+").all()
    assert people[["learning", "blind"]].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_a_fit_that_still_holds_is_not_made_again(clinic):
    """Until its theory changes: then it alone is."""
    folder, _ = clinic
    runs = [folder / "runs" / f"clinic-{name}" / "fit.nc" for name in ("learning", "blind")]
    before = [run.stat().st_mtime_ns for run in runs]
    again = iwm("compare", "study.toml", *FAST, cwd=folder)
    assert again.stderr.count("still holds") == 2
    assert [run.stat().st_mtime_ns for run in runs] == before
    text = (folder / "blind.toml").read_text()
    (folder / "blind.toml").write_text(text.replace("0.1", "0.2"))
    refused = iwm("compare", "runs/clinic-learning", "runs/clinic-blind", *FAST, cwd=folder)
    assert refused.returncode == 1
    assert "blind.toml has changed since" in " ".join(refused.stderr.split())
    changed = iwm("compare", "study.toml", *FAST, cwd=folder)
    assert changed.stderr.count("still holds") == 1
    (folder / "blind.toml").write_text(text)


def test_scores_are_kept_beside_the_fit(clinic):
    """As long as they hold: from another seed, or of another fit, they are made anew, and are not the same."""
    folder, _ = clinic
    iwm("compare", "study.toml", *FAST, cwd=folder)
    files = [folder / "runs" / f"clinic-{name}" / "scores.json" for name in ("learning", "blind")]
    table = folder / "runs" / "comparison" / "future 1.csv"
    before, ranking = [file.read_bytes() for file in files], table.read_bytes()
    written = [file.stat().st_mtime_ns for file in files]
    iwm("compare", "study.toml", *FAST, cwd=folder)
    assert [file.stat().st_mtime_ns for file in files] == written
    assert table.read_bytes() == ranking
    iwm("compare", "runs/clinic-learning", "runs/clinic-blind", *FAST, "--seed", "2", cwd=folder)
    assert all(file.read_bytes() != old for file, old in zip(files, before, strict=True))
    assert table.read_bytes() != ranking
    moved = folder / "runs" / "clinic-blind" / "scores.json"
    files[0].replace(moved)
    strange = moved.read_bytes()
    iwm("compare", "runs/clinic-learning", "runs/clinic-blind", *FAST, "--seed", "2", cwd=folder)
    assert moved.read_bytes() != strange


def test_runs_are_compared_without_a_study(clinic):
    folder, _ = clinic
    iwm("compare", "study.toml", *FAST, cwd=folder)
    done = iwm("compare", "runs/clinic-blind", "runs/clinic-learning", *FAST, "--unit", "person", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.index("somebody new answers") < done.stdout.index("next session")


def test_one_theory_is_no_comparison(clinic):
    folder, _ = clinic
    done = iwm("compare", "study.toml", "--theory", "learning.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "two theories or more" in done.stderr


def test_a_folder_without_a_run(clinic):
    folder, _ = clinic
    done = iwm("compare", ".", "runs/clinic-blind", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "is no run" in done.stderr


def test_families_and_groups(clinic):
    """All 25 learn in both arms: one family has them all, and the arms do not differ."""
    folder, _ = clinic
    asked = ("--family", "learners=learning", "--family", "others=blind", "--groups", "arm")
    done = iwm("compare", "study.toml", *FAST, *asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert next(line for line in lines if line[:1] == ["learners"])[-1] == "25"
    assert (
        sorted(line[-1] for line in lines if line[-1:] in (["therapy"], ["waiting"]))
        == ["therapy"] * 2 + ["waiting"] * 2
    )
    _, _, alike = " ".join(done.stdout.split()).partition("groups do not differ: ")
    assert float(alike.split(")")[0]) > 0.5


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--family", "learning"), "write NAME=THEORY,THEORY"),
        (("--family", "learners=learning"), "blind"),
        (("--groups", "ward"), "ward"),
        (("--groups", "site"), "nothing about p001"),
    ],
)
def test_families_and_groups_that_are_not_there(clinic, asked, said):
    folder, _ = clinic
    done = iwm("compare", "study.toml", *FAST, *asked, cwd=folder)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())


def test_what_is_wrong_under_any_theory_is_told_before_one_is_fitted(clinic):
    """A formula on a parameter that a rival lacks: which theory, what it has, and what to do."""
    folder, _ = clinic
    (folder / "other.toml").write_text(STUDY.replace("clinic", "other") + '[formulas]\navailability_rate = "arm"\n')
    done = iwm("compare", "other.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "`formulas.availability_rate`: the theory blind has no such parameter" in said
    assert "availability_plateau" in said
    assert "compare without blind, or in a study without this formula" in said
    assert not (folder / "runs" / "other-learning").exists()


@pytest.mark.slow
def test_a_rival_may_lack_what_was_not_asked(clinic):
    """`without` names a response of one theory; the other never had it, and both are compared."""
    folder, _ = clinic
    (folder / "whole.toml").write_text(THEORY.format("rescorla_wagner").replace('g"]', 'g", "approach"]'))
    text = STUDY.replace("learning.toml", "whole.toml").replace(
        'name   = "clinic"', 'name = "w"\nwithout = ["approach"]'
    )
    (folder / "without.toml").write_text(text)
    done = iwm("compare", "without.toml", *FAST, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "whole foretells best" in done.stdout
    facts = json.loads((folder / "runs" / "w-whole" / "manifest.json").read_text())
    assert facts["without"] == ["approach"]
