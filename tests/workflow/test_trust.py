"""A Python file that another file names runs only with trust; one that the user names runs."""

import json
import shutil
from pathlib import Path

import pytest
from command import iwm
from own_response import write_own_response
from own_rule import has_run, write_own_rule
from small_study import TABLE

from iwm_bayes.data.study import read_study_file
from iwm_bayes.model.specification.additions import with_added
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError
from iwm_bayes.workflow.fits import run_differences
from iwm_bayes.workflow.load import file_hashes, load_data, load_study_and_data
from iwm_bayes.workflow.run_folder import copy_inputs

FAST = ("--method", "laplace", "--draws", "150", "--quiet")
RECEIVED = {  # commands that read a study, or the run of one, and name no model
    "check": ("check", "study.toml"),
    "fit": ("fit", "study.toml", *FAST),
    "compare": ("compare", "study.toml", *FAST),
    "fit-large": ("fit-large", "study.toml", "--quiet"),
    "sbc": ("validate", "sbc", "study.toml", "--quiet"),
    "recovery": ("validate", "recovery", "study.toml", "--quiet"),
    "confusion": ("validate", "confusion", "study.toml", "--quiet"),
    "plan group": ("plan", "group", "study.toml", "--parameter", "availability_rate", "--quiet"),
    "plan forecast": ("plan", "forecast", "study.toml", "--quiet"),
    "plan compare": ("plan", "compare", "study.toml", "--quiet"),
}


@pytest.fixture
def received(tmp_path) -> Path:
    """A study folder as it was received: its model names a rule file. One model more, so that some can be compared."""
    write_own_rule(tmp_path)
    study = (tmp_path / "study.toml").read_text()
    (tmp_path / "study.toml").write_text(study.replace('"model.toml"', '["model.toml", "growth"]'))
    (tmp_path / "sessions.csv").write_text(TABLE.replace("rating", "availability_rating"))
    return tmp_path


@pytest.mark.parametrize("command", RECEIVED)
def test_a_study_runs_no_code_without_trust(received, command):
    """The file that would run is named, with what to do; nothing ran, and nothing was written."""
    before = sorted(received.iterdir())
    done = iwm(*RECEIVED[command], cwd=received)
    said = " ".join(done.stderr.split())
    assert done.returncode == 1, done.stdout
    assert "mine.py, which would run on this computer" in said
    assert "--trust" in said
    assert not has_run(received)
    assert sorted(received.iterdir()) == before


def test_with_trust_or_with_the_model_named_it_runs(received):
    for options in (("--trust",), ("--model", "model.toml")):
        done = iwm("check", "study.toml", *options, cwd=received)
        assert done.returncode == 0, done.stderr
        assert has_run(received)
    assert iwm("models", "model.toml", cwd=received).returncode == 0
    assert has_run(received)


def test_from_python_a_model_that_is_named_is_trusted_and_one_of_a_study_is_not(received):
    load_model(received / "model.toml")
    assert has_run(received)
    with pytest.raises(InputError, match="trust=True"):
        load_model(received / "model.toml", trust=False)
    study = read_study_file(received / "study.toml")
    with pytest.raises(InputError, match="trust=True"):
        load_data(study)
    assert not has_run(received)
    load_data(study, trust=True)
    assert has_run(received)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The run of a study with a rule of one's own."""
    folder = write_own_rule(tmp_path_factory.mktemp("own"))
    made = iwm("simulate", "model.toml", "--n-people", "8", "--sessions", "8", cwd=folder)
    assert made.returncode == 0, made.stderr
    done = iwm("fit", "study.toml", "--trust", "--out-dir", "run", *FAST, cwd=folder)
    assert (folder / "run" / "fit.nc").exists(), done.stderr
    has_run(folder)
    return folder


def test_a_run_that_was_received_runs_no_code_without_trust(run, tmp_path):
    """The folder alone, elsewhere: with trust it has all that a report needs."""
    shutil.copytree(run / "run", tmp_path / "run")
    refused = iwm("report", "run", cwd=tmp_path)
    assert refused.returncode == 1
    assert "run/inputs/mine.py, which would run" in " ".join(refused.stderr.split())
    other = iwm("compare", "run", "run", *FAST, cwd=tmp_path)
    assert other.returncode == 1
    assert not has_run(run)
    done = iwm("report", "run", "--trust", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert has_run(run)


def test_a_manifest_that_names_another_file_runs_nothing(run, tmp_path):
    """A manifest can be made up: no path in it leads to code without trust, nor is a file outside removed."""
    folder = Path(shutil.copytree(run / "run", tmp_path / "run"))
    facts = json.loads((folder / "manifest.json").read_text())
    for name in ("model", "rule"):
        facts["files"][name].pop("copy")
        facts["files"][name]["place"] = str(run / f"{name}.toml" if name == "model" else run / "mine.py")
    facts["written"] = {**facts["written"], "../precious.csv": "0" * 64}
    (tmp_path / "precious.csv").write_text("mine")
    (folder / "manifest.json").write_text(json.dumps(facts))
    done = iwm("report", "run", cwd=tmp_path)
    assert done.returncode == 1
    assert not has_run(run)
    assert (tmp_path / "precious.csv").read_text() == "mine"


def test_the_run_of_a_built_in_rule_needs_no_trust_and_no_other_file(run, tmp_path):
    """A report of the run folder alone says that the table is not there, and shows the run as it was fitted."""
    study = (run / "study.toml").read_text().replace("model.toml", "built_in.toml").replace('"clinic"', '"built"')
    (run / "built.toml").write_text(study)
    (run / "built_in.toml").write_text((run / "model.toml").read_text().replace("mine.py:RULE", "rescorla_wagner"))
    done = iwm("fit", "built.toml", "--out-dir", "built", *FAST, cwd=run)
    assert (run / "built" / "fit.nc").exists(), done.stderr
    shutil.move(run / "built", tmp_path / "received")
    report = iwm("report", "received", cwd=tmp_path)
    assert report.returncode == 0, report.stderr
    assert "session table sessions.csv is not where it was" in " ".join(report.stderr.split())
    assert not has_run(run)


@pytest.fixture(scope="module")
def run_with_own_response(tmp_path_factory) -> Path:
    """The run of a study with a response of one's own, and a rule of the program."""
    folder = write_own_response(tmp_path_factory.mktemp("own"))
    made = iwm("simulate", "model.toml", "--n-people", "8", "--sessions", "8", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert has_run(folder)
    for command in (("check", "study.toml"), ("fit", "study.toml", *FAST)):
        refused = iwm(*command, cwd=folder)
        assert refused.returncode == 1
        assert "key `responses`: names the Python file" in said(refused)
        assert "my_responses.py, which would run" in said(refused)
        assert "--trust" in said(refused)
        assert not has_run(folder)
    done = iwm("fit", "study.toml", "--trust", "--out-dir", "run", *FAST, cwd=folder)
    assert (folder / "run" / "fit.nc").exists(), done.stderr
    assert has_run(folder)
    return folder


def said(done) -> str:
    """What a command wrote as its problems, on one line."""
    return " ".join(done.stderr.split())


def test_a_response_runs_with_trust_only_from_a_study_and_from_a_run(run_with_own_response, tmp_path):
    """The run folder has a copy, which is what runs: the folder alone has all that a report needs."""
    folder = run_with_own_response
    text = (folder / "my_responses.py").read_text()
    assert (folder / "run" / "inputs" / "my_responses.py").read_text() == text
    shutil.copytree(folder / "run", tmp_path / "run")
    refused = iwm("report", "run", cwd=tmp_path)
    assert refused.returncode == 1
    assert "run/inputs/my_responses.py, which would run" in said(refused)
    assert not has_run(folder)
    done = iwm("report", "run", "--trust", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert has_run(folder)
    (folder / "my_responses.py").write_text(text.replace("(0.03, 0.3)", "(0.03, 0.4)"))
    changed = iwm("report", "run", "--trust", cwd=folder)
    (folder / "my_responses.py").write_text(text)
    assert changed.returncode == 1
    assert f"the response file {folder / 'my_responses.py'} has changed since" in said(changed)


def test_another_response_is_another_run(run_with_own_response):
    """As another rule is: what a run depends on includes the content of its response file."""
    folder = run_with_own_response
    loaded = load_study_and_data(folder / "study.toml", None, trust=True)
    assert list(loaded.files) == ["study", "data", "model", "response file my_responses.py"]
    facts = json.loads((folder / "run" / "manifest.json").read_text())
    settings = {name: value for name, value in facts["settings"].items() if name != "progressbar"}
    assert run_differences(folder / "run", loaded, "laplace", settings) == []
    with_trend = loaded._replace(model=with_added(loaded.model, ["trend"]))
    assert run_differences(folder / "run", with_trend, "laplace", settings) == ["addition to the model"]
    text = (folder / "my_responses.py").read_text()
    (folder / "my_responses.py").write_text("")
    assert run_differences(folder / "run", loaded, "laplace", settings) == ["response file my_responses.py"]
    (folder / "my_responses.py").write_text(text)


def test_files_of_one_name_in_two_folders_are_both_copied(tmp_path):
    files = {"rule": tmp_path / "a" / "mine.py", "response file b/mine.py": tmp_path / "b" / "mine.py"}
    for file in files.values():
        file.parent.mkdir()
        file.write_text(file.parent.name)
    found = copy_inputs(tmp_path, tmp_path, files, file_hashes(files))
    assert [(tmp_path / one["copy"]).read_text() for one in found.values()] == ["a", "b"]
