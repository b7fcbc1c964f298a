"""`iwm validate recovery` and `iwm validate confusion` end to end, on models small enough to be fitted in seconds."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from command import iwm

from iwm_bayes.cli.sweeps.running import deferred_interrupt

MODEL = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
FAST = ("--n-people", "12", "--sessions", "8", "--studies", "4", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models, in which people learn and do not."""
    found = tmp_path_factory.mktemp("models")
    for name, rule in (("learning", "rescorla_wagner"), ("constant", "static")):
        (found / f"{name}.toml").write_text(MODEL.format(rule))
    return found


def test_learning_is_distinguished_from_none(folder):
    """From 12 people x 16 outcomes, in most studies; the generating model wins on average. A rerun does nothing."""
    done = iwm("validate", "confusion", "learning.toml", "constant.toml", *FAST, cwd=folder)
    assert done.returncode == 0, done.stderr
    out = folder / "runs" / "confusion"
    for table in ("confusion", "inversion"):
        shares = pd.read_csv(out / "tables" / f"{table}.csv", index_col=0)
        assert min(shares.loc[name, name] for name in ("learning", "constant")) > 0.5
    differences = pd.read_csv(out / "tables" / "evidence_differences.csv", index_col=0)
    evidence = pd.read_csv(out / "tables" / "evidence.csv").groupby("generating").mean()
    lost = evidence.loc["learning", "learning"] - evidence.loc["learning", "constant"]
    assert differences.loc["learning", "constant"] == pytest.approx(lost)
    assert min(lost, differences.loc["constant", "learning"]) > 0.0
    before = {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()}
    assert len(before) == 8 + 1
    again = iwm("validate", "confusion", "learning.toml", "constant.toml", *FAST, cwd=folder)
    assert again.stdout == done.stdout
    assert {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()} == before


def test_models_of_different_responses_are_refused(folder):
    other = MODEL.format("static").replace("availability", "worth")
    (folder / "other.toml").write_text(other)
    done = iwm("validate", "confusion", "learning.toml", "other.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "Give them the same" in " ".join(done.stderr.split())


def test_recovery_by_number_of_sessions(folder):
    """More sessions determine a learning rate better; 90% intervals contain nine of ten true values."""
    size = (*FAST[:2], "--sessions", "2", "--sessions", "32", *FAST[4:])
    done = iwm("validate", "recovery", "learning.toml", *size, cwd=folder)
    assert done.returncode == 0, done.stderr
    out = folder / "runs" / "recovery-learning"
    table = pd.read_csv(out / "tables" / "recovery.csv").set_index(["parameter", "sessions"])
    assert table.loc[("availability_rate", 32), "contraction"] > table.loc[("availability_rate", 2), "contraction"]
    coverage, error = table["coverage"], np.sqrt(0.9 * 0.1 / (12 * 4)) * 3.0
    assert (np.abs(coverage - 0.9) < error).all()
    plots = {f"{name}.{ending}" for name in ("recovery", "recovery_by_size") for ending in ("svg", "pdf")}
    assert plots <= {file.name for file in (out / "plots").iterdir()}
    people = pd.read_csv(out / "tables" / "recovery_people.csv")
    inside = (people["low"] <= people["truth"]) & (people["truth"] <= people["high"])
    by_size = inside.groupby([people["parameter"], people["sessions"]]).mean()
    np.testing.assert_allclose(by_size.loc[table.index], table["coverage"])
    assert json.loads((out / "manifest.json").read_text())["studies"] == 4


@pytest.mark.slow
def test_models_of_a_study_are_distinguished_in_its_own_events(folder):
    """Ten people rate after 16 outcomes that differ: enough to tell learning from none."""
    outcomes = np.random.default_rng(1).integers(0, 2, (10, 16))
    lines = [f"p{person},{event},{outcomes[person, event]},0.5" for person in range(10) for event in range(16)]
    (folder / "sessions.csv").write_text("\n".join(["person,session,outcome,rating", *lines]))
    (folder / "study.toml").write_text(
        'schema = 2\nname = "clinic"\ndata = "sessions.csv"\nmodel = ["learning.toml", "constant.toml"]\n'
        '[columns]\nperson = "person"\nsession = "session"\noutcome = { column = "outcome" }\n'
        '[responses.availability_rating]\ncolumn = "rating"\ncommensurable = true\n'
    )
    done = iwm("validate", "confusion", "study.toml", "--studies", "4", "--quiet", "--out-dir", "own", cwd=folder)
    assert done.returncode == 0, done.stderr
    shares = pd.read_csv(folder / "own" / "tables" / "confusion.csv", index_col=0)
    assert min(shares.loc[name, name] for name in ("learning", "constant")) > 0.5
    [condition, _] = json.loads((folder / "own" / "manifest.json").read_text())["conditions"]
    assert (condition["study"], condition["n_people"], condition["sessions"]) == ("clinic", 10, 16)


def test_every_study_failing_is_an_error(folder):
    """A model that `laplace` cannot fit is reported once, with the number of studies."""
    (folder / "together.toml").write_text(MODEL.format("rescorla_wagner") + "correlated = true\n")
    done = iwm("validate", "recovery", "together.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    message = " ".join(done.stderr.split())
    assert "4 of 4 studies failed" in message
    assert "every study failed" in message


def test_an_interruption_says_how_to_continue(folder):
    """After the first study, as Ctrl-C does; the same command then goes on."""
    arguments = ("validate", "recovery", "learning.toml", *FAST, "--studies", "400", "--out-dir", "interrupted")
    program = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", *arguments]
    process = subprocess.Popen(program, cwd=folder, stderr=subprocess.PIPE, text=True)
    studies, deadline = folder / "interrupted" / "studies", time.monotonic() + 300.0
    while len(list(studies.glob("*.json"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=300.0)
    assert process.returncode == 130
    assert "enter the same command again" in " ".join(message.split())
    assert not list(studies.glob("*.part"))


def test_an_interruption_in_compiled_code_takes_effect_later():
    """As where compiled code calls back: what is raised there is printed, and ignored."""
    with deferred_interrupt() as heed:
        heed()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heed()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
