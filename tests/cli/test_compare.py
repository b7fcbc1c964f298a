"""`iwm compare` end to end: models of a study, runs that are kept, and what is refused."""

import json
import shutil

import pandas as pd
import pytest
from command import iwm
from numeric_tables import words_in_numbers

from iwm_bayes.comparison.mixture.graph import build_mixture
from iwm_bayes.data.dataset import to_table
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import parameters
from iwm_bayes.workflow.fits import fit_of_run, with_distinct_names

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
commensurable = true
[people]
data   = "people.csv"
person = "person"
"""
MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
FAST = ("--method", "laplace", "--no-mixture", "--draws", "150", "--quiet")


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """25 people who learn, and a study that compares learning with growth."""
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "study.toml").write_text(STUDY)
    for name, rule in (("learning", "rescorla_wagner"), ("blind", "growth")):
        (folder / f"{name}.toml").write_text(MODEL.format(rule))
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
    done = iwm("compare", "study.toml", *FAST, "--person-table", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_model_with_the_highest_elpd(clinic):
    folder, done = clinic
    assert "learning has the highest ELPD" in " ".join(done.stdout.split())
    ranking = pd.read_csv(folder / "runs" / "comparison" / "tables" / "elpd_lfo_1.csv")
    assert ranking["model"].tolist() == ["learning", "blind"]
    summary = json.loads((folder / "runs" / "comparison" / "manifest.json").read_text())["summary"]
    assert summary in " ".join(done.stdout.split())


def test_it_writes_everything(clinic):
    folder, _ = clinic
    tables, plots = (folder / "runs" / "comparison" / name for name in ("tables", "plots"))
    units = {f"elpd_{unit}.csv" for unit in ("lfo_1", "lfo_4", "loso", "loo")}
    checks = {"ppc_learning.csv", "ppc_blind.csv", "ppc_failures.csv"}
    assert {path.name for path in tables.iterdir()} == units | checks | {"model_frequencies.csv", "attribution.csv"}
    assert {path.name for path in plots.iterdir()} == {
        f"{name}.{ending}"
        for name in ("attribution", "comparison", "predictive_checks")
        for ending in ("svg", "pdf", "png")
    }
    people = pd.read_csv(tables / "attribution.csv")
    assert people["person"].str.fullmatch(r"person \d+").all()
    assert people[["learning", "blind"]].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_its_tables_hold_numbers(clinic):
    """Those of the comparison, and those of the runs that were compared."""
    folder, _ = clinic
    for name in ("comparison", "clinic-learning", "clinic-blind"):
        assert words_in_numbers(folder / "runs" / name) == []


def test_a_current_fit_is_not_made_again(clinic):
    """Until its model file changes: then its run stays as it is, unless somebody asks for another with --overwrite."""
    folder, _ = clinic
    runs = [folder / "runs" / f"clinic-{name}" / "fit.nc" for name in ("learning", "blind")]
    before = [run.stat().st_mtime_ns for run in runs]
    again = iwm("compare", "study.toml", *FAST[:-1], cwd=folder)
    assert again.stderr.count("is current") == 2
    assert [run.stat().st_mtime_ns for run in runs] == before
    assert "current" not in iwm("compare", "study.toml", *FAST, cwd=folder).stderr
    text = (folder / "blind.toml").read_text()
    (folder / "blind.toml").write_text(text.replace("0.1", "0.2"))
    refused = iwm("compare", "runs/clinic-learning", "runs/clinic-blind", *FAST, cwd=folder)
    assert refused.returncode == 1
    assert "model file" in refused.stderr
    assert "blind.toml has changed since" in " ".join(refused.stderr.split())
    kept = iwm("compare", "study.toml", *FAST, cwd=folder)
    assert kept.returncode == 1
    assert "clinic-blind: holds a run that differs in: model file" in " ".join(kept.stderr.split())
    assert [run.stat().st_mtime_ns for run in runs] == before
    changed = iwm("compare", "study.toml", *FAST[:-1], "--overwrite", cwd=folder)
    assert changed.stderr.count("is current") == 1
    assert [run.stat().st_mtime_ns == time for run, time in zip(runs, before, strict=True)] == [True, False]
    (folder / "blind.toml").write_text(text)
    assert iwm("compare", "study.toml", *FAST, "--overwrite", cwd=folder).returncode == 0


def test_learning_a_trend_and_both_are_compared(clinic):
    """One option fits the first model, time in place of its learning, and both; each has a run that can be read."""
    folder, _ = clinic
    done = iwm("compare", "study.toml", "--trend", *FAST, "--out-dir", "runs/trend", cwd=folder)
    assert done.returncode == 0, done.stderr
    ranking = pd.read_csv(folder / "runs" / "trend" / "tables" / "elpd_lfo_1.csv")
    assert set(ranking["model"]) == {"learning", "learning+trend_alone", "learning+trend"}
    assert ranking["model"].iloc[-1] == "learning+trend_alone"
    fitted = fit_of_run(folder / "runs" / "clinic-learning+trend")
    assert fitted.model.name == "learning+trend"
    assert {"availability_rate", "availability_pace"} <= set(parameters(fitted.model))
    alone = fit_of_run(folder / "runs" / "clinic-learning+trend_alone")
    assert "availability_rate" not in parameters(alone.model)
    shares = pd.read_csv(folder / "runs" / "clinic-learning+trend" / "tables" / "learned_share.csv")
    assert shares["belief"].tolist() == ["availability of friend"]
    assert shares["learned_share_ci90_low"].item() > 0.05
    runs = [f"runs/clinic-learning{added}" for added in ("", "+trend")]
    assert "needs a study file" in iwm("compare", *runs, "--trend", *FAST, cwd=folder).stderr


def test_the_elpd_is_kept_with_the_fit(clinic):
    """It is computed again, and differs, for another seed and for another fit."""
    folder, _ = clinic
    iwm("compare", "study.toml", *FAST, cwd=folder)
    files = [folder / "runs" / f"clinic-{name}" / "scores.json" for name in ("learning", "blind")]
    table = folder / "runs" / "comparison" / "tables" / "elpd_lfo_1.csv"
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
    done = iwm("compare", "runs/clinic-blind", "runs/clinic-learning", *FAST, "--cv", "loso", "--verbose", cwd=folder)
    assert done.returncode == 0
    printed = " ".join(done.stdout.split())
    assert printed.index("all responses of a new person") < printed.index("the next session")


def test_a_fit_that_was_sampled_otherwise_is_used(clinic):
    """A fit of `iwm fit` with more draws and another seed holds: its report and its table of people stay."""
    folder, _ = clinic
    kept = folder / "kept"
    options = ("--method", "laplace", "--draws", "200", "--target-accept", "0.95", "--seed", "3", "--person-table")
    iwm("fit", "study.toml", *options, "--out-dir", "kept/clinic-learning", "--quiet", cwd=folder)
    shutil.copytree(folder / "runs" / "clinic-blind", kept / "clinic-blind")
    files = [path for path in kept.rglob("*") if path.is_file() and path.name not in ("manifest.json", "scores.json")]
    assert kept / "clinic-learning" / "tables" / "person_summary.csv" in files
    before = [path.read_bytes() for path in files]
    for more in ((), ("--overwrite",)):
        done = iwm(
            "compare", "study.toml", *FAST[:-1], *more, "--runs", "kept", "--out-dir", "kept/comparison", cwd=folder
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("is current") == 2
        assert [path.read_bytes() for path in files] == before
    asked = iwm(
        "compare", "study.toml", *FAST, "--draws", "300", "--runs", "kept", "--out-dir", "kept/more", cwd=folder
    )
    assert asked.returncode == 1
    assert "clinic-learning: holds a run that differs in: number of draws" in " ".join(asked.stderr.split())
    assert not (kept / "more").exists()


def test_runs_of_one_model_are_compared_under_names_of_their_own(clinic):
    """A run and its copy predict equally well; in a mixture each has parameters of its own."""
    folder, _ = clinic
    shutil.copytree(folder / "runs" / "clinic-learning", folder / "runs" / "again")
    runs = ("runs/clinic-learning", "runs/again")
    done = iwm("compare", *runs, *FAST, "--out-dir", "runs/twice", "--ids", "own", "--person-table", cwd=folder)
    assert done.returncode == 0, done.stderr
    names = ["learning@clinic-learning", "learning@again"]
    table = pd.read_csv(folder / "runs" / "twice" / "tables" / "elpd_loso.csv").set_index("model")
    assert sorted(table.index) == sorted(names)
    assert table.loc[names[0], "elpd"] == table.loc[names[1], "elpd"]
    people = pd.read_csv(folder / "runs" / "twice" / "tables" / "attribution.csv")
    assert people["person"].tolist() == pd.read_csv(folder / "people.csv")["person"].tolist()
    mixture = build_mixture(with_distinct_names([fit_of_run(folder / run) for run in runs]))
    free = {str(variable.name) for variable in mixture.free_RVs}
    assert all(any(name.startswith(f"{model}::") for name in free) for model in names)


def test_a_comparison_of_other_runs_is_not_replaced(clinic):
    folder, _ = clinic
    shutil.copytree(folder / "runs" / "clinic-learning", folder / "runs" / "third", dirs_exist_ok=True)
    before = (folder / "runs" / "comparison" / "manifest.json").read_bytes()
    done = iwm("compare", "runs/third", "runs/clinic-blind", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "holds a comparison of" in " ".join(done.stderr.split())
    assert (folder / "runs" / "comparison" / "manifest.json").read_bytes() == before


def test_one_model_is_no_comparison(clinic):
    folder, _ = clinic
    done = iwm("compare", "study.toml", "--model", "learning.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "two models or more" in done.stderr


def test_a_folder_without_a_run(clinic):
    folder, _ = clinic
    done = iwm("compare", ".", "runs/clinic-blind", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "holds no run" in done.stderr


def test_families_and_groups(clinic):
    """All 25 learn in both arms: one family has them all, and the arms do not differ."""
    folder, _ = clinic
    options = ("--family", "learners=learning", "--family", "others=blind", "--groups", "arm")
    done = iwm("compare", "study.toml", *FAST, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert next(line for line in lines if line[:1] == ["learners"])[-1] == "~25"
    assert (
        sorted(line[-1] for line in lines if line[-1:] in (["therapy"], ["waiting"]))
        == ["therapy"] * 2 + ["waiting"] * 2
    )
    _, _, same = " ".join(done.stdout.split()).partition("equal frequencies in all groups: ")
    assert float(same.split(")")[0]) > 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--family", "learning"), "write NAME=MODEL,MODEL"),
        (("--family", "learners=learning"), "blind"),
        (("--groups", "ward"), "ward"),
        (("--groups", "site"), "blank for p001"),
    ],
)
def test_families_and_groups_that_are_not_there(clinic, options, message):
    folder, _ = clinic
    done = iwm("compare", "study.toml", *FAST, *options, cwd=folder)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split())


def test_faults_under_any_model_are_reported_before_a_fit(clinic):
    """A formula on a parameter that one model lacks: which model, what it has, and what to do."""
    folder, _ = clinic
    (folder / "other.toml").write_text(STUDY.replace("clinic", "other") + '[formulas]\navailability_rate = "arm"\n')
    done = iwm("compare", "other.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    message = " ".join(done.stderr.split())
    assert "`formulas.availability_rate`: the model blind has no such parameter" in message
    assert "availability_plateau" in message
    assert "compare without blind, or in a study without this formula" in message
    assert not (folder / "runs" / "other-learning").exists()


@pytest.mark.slow
def test_a_model_may_lack_a_response_that_was_not_measured(clinic):
    """The study does not map a response of one model; the other never had it, and both are compared."""
    folder, _ = clinic
    (folder / "whole.toml").write_text(MODEL.format("rescorla_wagner").replace('g"]', 'g", "approach"]'))
    text = STUDY.replace("learning.toml", "whole.toml").replace('name   = "clinic"', 'name = "w"')
    (folder / "without.toml").write_text(text)
    done = iwm("compare", "without.toml", *FAST, "--out-dir", "runs/whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "whole has the highest ELPD" in " ".join(done.stdout.split())
    facts = json.loads((folder / "runs" / "w-whole" / "manifest.json").read_text())
    assert facts["without"] == ["approach"]
