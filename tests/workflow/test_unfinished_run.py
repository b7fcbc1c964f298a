"""A run that is stopped loses nothing: killed, interrupted, or begun twice."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from command import iwm
from filelock import FileLock
from small_study import MODEL, STUDY

import iwm_bayes
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference import nutpie_store
from iwm_bayes.inference.base import Settings
from iwm_bayes.workflow import analysis
from iwm_bayes.workflow.fit_file import read_fit

DRAWS = 600
LONG = 2000  # draws that take seconds, although there is little to fit
FIT = ("fit", "study.toml", "--quiet", "--draws", str(DRAWS), "--out-dir", "run")


@pytest.fixture
def folder(tmp_path) -> Path:
    """The shipped example, which converges."""
    return Path(shutil.copytree(Path(iwm_bayes.__file__).parent / "example", tmp_path / "kept"))


@pytest.fixture
def small(tmp_path) -> Path:
    """A study of eight people who rate one belief, which is compiled and fitted soon."""
    (tmp_path / "model.toml").write_text(MODEL)
    (tmp_path / "study.toml").write_text(STUDY.replace('"rating"', '"availability_rating"'))
    size = ("--n-people", "8", "--sessions", "10")
    made = iwm("simulate", "model.toml", *size, "--care", "therapist=constant", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path


def stores(folder: Path) -> list[Path]:
    return [nutpie_store.chain_folder(folder / "run.unfinished", chain) for chain in range(4)]


def started(folder: Path, *more: str) -> subprocess.Popen:
    """The program in a process of its own."""
    command = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", *FIT, *more]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def killed(process: subprocess.Popen, reached) -> None:
    """Kill a process, with no time to tidy, as soon as something is true."""
    deadline = time.monotonic() + 300.0
    while not reached():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def on_disk(folder: Path) -> list[xr.Dataset | None]:
    """What is there of every chain."""
    found = [nutpie_store.read_chain(store) for store in stores(folder)]
    return [None if drawn is None else drawn["posterior"].to_dataset() for drawn in found]


@pytest.mark.slow
def test_killed_at_three_moments_nothing_that_was_drawn_is_lost(folder):
    """Before the first draw, within the first chains, and when some chains are whole."""

    def count(store: Path) -> int:
        try:
            return nutpie_store.count_draws(store)
        except FileNotFoundError:
            return 0  # the chain starts again at this moment: its store is being removed

    def counts() -> list[int]:
        return [count(store) for store in stores(folder)]

    killed(started(folder), (folder / "run.unfinished" / "request.json").exists)
    assert on_disk(folder) == [None] * 4

    killed(started(folder), lambda: max(counts()) > 0)
    early = on_disk(folder)
    assert any(drawn is not None and drawn.sizes["draw"] < DRAWS for drawn in early)

    refused = iwm(*FIT, cwd=folder)
    assert refused.returncode == 1
    assert "Continue it with --resume" in " ".join(refused.stderr.split())

    killed(started(folder, "--resume"), lambda: max(counts()) == DRAWS)
    late = on_disk(folder)
    whole = [store / "zarr.json" for store, done in zip(stores(folder), counts(), strict=True) if done == DRAWS]
    assert 0 < len(whole) < 4
    written = [file.stat().st_mtime_ns for file in whole]

    seen = []
    process = started(folder, "--resume")
    while process.poll() is None:
        seen = [file.stat().st_mtime_ns for file in whole if file.exists()] or seen
        time.sleep(0.05)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert seen == written
    assert not (folder / "run.unfinished").exists()
    fit = read_fit(folder / "run" / "fit.nc")
    assert check_convergence(fit).converged
    assert fit["unconstrained_posterior"].sizes["draw"] == DRAWS
    for before in (early, late):
        for chain, drawn in enumerate(before):
            if drawn is not None:
                mu = fit["unconstrained_posterior"]["mu"].isel(chain=chain, draw=slice(drawn.sizes["draw"])).values
                np.testing.assert_array_equal(drawn["mu"].isel(chain=0).values, mu)


def test_interrupted_a_run_is_whole_but_marked(small, monkeypatch):
    """Ctrl-C when two chains have something to say; the same command with --resume then ends the run."""
    sleep = time.sleep

    def interrupt(seconds: float) -> None:
        sleep(seconds)
        place = small / "stopped.unfinished"
        if (
            min(nutpie_store.count_draws(nutpie_store.chain_folder(place, chain)) for chain in range(2))
            >= nutpie_store.MIN_DRAWS
        ):
            raise KeyboardInterrupt

    told = [*FIT[:-1], "stopped", "--draws", str(LONG)]
    with monkeypatch.context() as patched:
        patched.setattr(nutpie_store.time, "sleep", interrupt)
        patched.setattr(nutpie_store, "POLL_SECONDS", 0.01)
        stopped = iwm(*told, cwd=small)
    assert stopped.returncode == 130
    assert "Interrupted" in stopped.stdout
    assert "there is no result" in stopped.stdout
    facts = json.loads((small / "stopped" / "manifest.json").read_text())
    assert facts["partial"].startswith("interrupted: ")
    assert not facts["converged"]
    assert "partial" in (small / "stopped" / "tables" / "time_to_security.csv").read_text()
    assert (small / "stopped.unfinished").exists()

    iwm(*told, "--resume", cwd=small)
    assert json.loads((small / "stopped" / "manifest.json").read_text())["partial"] == ""
    assert read_fit(small / "stopped" / "fit.nc")["unconstrained_posterior"].sizes["draw"] == LONG
    assert not (small / "stopped.unfinished").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--backend", "numpyro"], "No draws are kept. To start again, enter the same command"),
        (["--method", "laplace"], "No draws are kept. To start again, enter the same command"),
        ([], "The draws are kept. To continue, add --resume to the same command"),
    ],
)
def test_an_interruption_promises_only_what_is_kept(folder, monkeypatch, options, said):
    """NumPyro and the approximations have nothing on the disk before they end."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "fit", interrupted)
    stopped = iwm(*FIT, *options, cwd=folder)
    assert stopped.returncode == 130
    assert " ".join(stopped.stderr.split()).endswith(f"interrupted. {said}")


def test_a_backend_that_keeps_no_draws_cannot_resume(folder):
    """It would start again from the first draw."""
    refused = iwm(*FIT, "--backend", "numpyro", "--resume", cwd=folder)
    assert refused.returncode == 1
    assert "the backend numpyro keeps no draws while it samples" in " ".join(refused.stderr.split())
    assert not (folder / "run.unfinished").exists()


def test_a_run_is_extended(small):
    """Its draws stay as they are and new ones follow; nothing is refitted, and what cannot be extended is refused."""
    short = ["fit", "study.toml", "--quiet", "--out-dir", "run", "--tune", "200", "--chains", "2"]
    missing = iwm(*short, "--draws", "100", "--extend", cwd=small)
    assert "holds no run that could be extended" in " ".join(missing.stderr.split())
    iwm(*short, "--draws", "100", cwd=small)
    before = read_fit(small / "run" / "fit.nc")["unconstrained_posterior"]["mu"].values
    done = iwm(*short, "--draws", "150", "--extend", cwd=small)
    assert done.returncode in (0, 3), done.stderr
    after = read_fit(small / "run" / "fit.nc")
    mu = after["unconstrained_posterior"]["mu"].values
    assert mu.shape[:2] == (2, 150)
    np.testing.assert_array_equal(mu[:, :100], before)
    assert not np.isin(mu[:, 100:], before).any()
    assert after["log_likelihood"].sizes["draw"] == after["sample_stats"].sizes["draw"] == 150
    assert json.loads((small / "run" / "manifest.json").read_text())["settings"]["draws"] == 150
    enough = iwm(*short, "--draws", "150", "--extend", cwd=small)
    assert "has 150 draws in each chain already" in " ".join(enough.stderr.split())
    (small / "sessions.csv").write_text((small / "sessions.csv").read_text().replace(",0.", ",0.0", 1))
    changed = iwm(*short, "--draws", "200", "--extend", cwd=small)
    assert "differs in: session table" in " ".join(changed.stderr.split())


def test_two_runs_cannot_write_into_one_folder(folder):
    place = folder / "taken.unfinished"
    place.mkdir()
    with FileLock(place / "lock"):
        refused = iwm(*FIT[:-1], "taken", cwd=folder)
    assert refused.returncode == 1
    assert "another run is writing there" in " ".join(refused.stderr.split())


def test_what_was_drawn_of_something_else_is_not_gone_on_with(folder):
    place = folder / "other.unfinished"
    nutpie_store.chain_folder(place, 0).mkdir(parents=True)
    (place / "request.json").write_text("{}")
    refused = iwm(*FIT[:-1], "other", "--resume", cwd=folder)
    assert refused.returncode == 1
    assert "session table" in " ".join(refused.stderr.split())


def test_chains_of_unequal_length_become_as_many_draws_as_can_be():
    """Of 100, 90 and 10 draws, two chains of 90; one chain alone is never enough."""
    chains = [
        xr.DataTree.from_dict(
            {name: xr.Dataset({"x": (("chain", "draw"), np.zeros((1, length)))}) for name in nutpie_store.STORED_GROUPS}
        )
        for length in (10, 100, 90)
    ]
    kept = nutpie_store.longest_chains(chains)
    assert [chain["posterior"].sizes["draw"] for chain in kept] == [100, 90]
    assert dict(nutpie_store.combine_chains(kept)["posterior"].sizes) == {"chain": 2, "draw": 90}


def test_too_little_to_say_anything_is_an_interruption(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        nutpie_store.read_store(tmp_path, Settings())
