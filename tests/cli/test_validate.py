"""`iwm recover` and `iwm confuse` end to end, on theories small enough to be fitted in seconds."""

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

from iwm_bayes.cli.options import deferred_interrupt

THEORY = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
FAST = ("--people", "12", "--sessions", "8", "--studies", "4", "--quiet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two theories: that people learn, and that they do not."""
    found = tmp_path_factory.mktemp("shelf")
    for name, rule in (("learning", "rescorla_wagner"), ("constant", "static")):
        (found / f"{name}.toml").write_text(THEORY.format(rule))
    return found


def test_who_learns_is_told_from_who_does_not(folder):
    """From 12 people x 16 acts, in most studies; each loses to the maker on average. A rerun does nothing again."""
    done = iwm("confuse", "learning.toml", "constant.toml", *FAST, cwd=folder)
    assert done.returncode == 0, done.stderr
    out = folder / "runs" / "confusion"
    for table in ("confusion", "inversion"):
        shares = pd.read_csv(out / f"{table}.csv", index_col=0)
        assert min(shares.loc[name, name] for name in ("learning", "constant")) > 0.5
    differences = pd.read_csv(out / "differences.csv", index_col=0)
    evidence = pd.read_csv(out / "evidence.csv").groupby("made by").mean()
    lost = evidence.loc["learning", "learning"] - evidence.loc["learning", "constant"]
    assert differences.loc["learning", "constant"] == pytest.approx(lost)
    assert min(lost, differences.loc["constant", "learning"]) > 0.0
    before = {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()}
    assert len(before) == 8 + 1
    again = iwm("confuse", "learning.toml", "constant.toml", *FAST, cwd=folder)
    assert again.stdout == done.stdout
    assert {file: file.stat().st_mtime_ns for file in (out / "studies").iterdir()} == before


def test_theories_with_other_answers_are_not_confused(folder):
    other = THEORY.format("static").replace("availability", "worth")
    (folder / "other.toml").write_text(other)
    done = iwm("confuse", "learning.toml", "other.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    assert "Give them the same" in " ".join(done.stderr.split())


def test_recovery_by_number_of_sessions(folder):
    """More sessions say more of a rate; what is said of noise and starts is right nine times of ten."""
    done = iwm("recover", "learning.toml", *FAST[:2], "--sessions", "2", "--sessions", "32", *FAST[4:], cwd=folder)
    assert done.returncode == 0, done.stderr
    out = folder / "runs" / "recovery-learning"
    table = pd.read_csv(out / "recovery.csv").set_index(["parameter", "sessions"])
    assert table.loc[("availability_rate", 32), "contraction"] > table.loc[("availability_rate", 2), "contraction"]
    coverage, error = table["coverage"], np.sqrt(0.9 * 0.1 / (12 * 4)) * 3.0
    assert (np.abs(coverage - 0.9) < error).all()
    assert {"recovery.svg", "recovery.pdf", "manifest.json"} <= {file.name for file in out.iterdir()}
    assert json.loads((out / "manifest.json").read_text())["studies"] == 4


def test_every_study_failing_is_an_error(folder):
    """A figure that a theory cannot be fitted to by `laplace` is told once, with the number of studies."""
    (folder / "together.toml").write_text(THEORY.format("rescorla_wagner") + "correlated = true\n")
    done = iwm("recover", "together.toml", *FAST, cwd=folder)
    assert done.returncode == 1
    told = " ".join(done.stderr.split())
    assert "4 of 4 studies failed" in told
    assert "no study could be done" in told


def test_interrupted_it_says_that_nothing_is_lost(folder):
    """After the first study, as Ctrl-C does; the same command then goes on."""
    told = ("recover", "learning.toml", *FAST, "--studies", "400", "--out", "interrupted")
    program = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", *told]
    process = subprocess.Popen(program, cwd=folder, stderr=subprocess.PIPE, text=True)
    studies, deadline = folder / "interrupted" / "studies", time.monotonic() + 300.0
    while len(list(studies.glob("*.json"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300.0)
    assert process.returncode == 130
    assert "run the same command to go on" in " ".join(said.split())
    assert not list(studies.glob("*.part"))


def test_an_interruption_that_is_lost_is_heeded_later():
    """As where compiled code calls back: what is raised there is printed, and ignored."""
    with deferred_interrupt() as heed:
        heed()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heed()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
