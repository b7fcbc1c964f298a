"""Machine code made by another process is read by this one, and nobody waits for that process."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import iwm_bayes
from iwm_bayes.workflow.precompile import precompile

COMPILE = """
from pathlib import Path
from iwm_bayes.workflow.precompile import compile_for_study
compile_for_study(Path('study.toml'), 'static')
"""


def made(folder: Path, *command: str) -> set[Path]:
    """Everything in a cache of its own after a command has run."""
    cache = folder / "cache"
    own = os.environ | {"PYTENSOR_FLAGS": f"base_compiledir={cache}"}
    subprocess.run([sys.executable, *command], cwd=folder, env=own, check=True)
    return {path for path in cache.rglob("*.nb*")}


@pytest.mark.slow
def test_what_another_process_has_made_is_not_made_again(tmp_path):
    """The code that `precompile` runs, then the same likelihood in a third process."""
    folder = Path(shutil.copytree(Path(iwm_bayes.__file__).parent / "example", tmp_path / "kept"))
    first = made(folder, "-c", COMPILE)
    assert first
    assert made(folder, "-c", COMPILE) == first


def test_the_other_process_gets_the_study_and_ends_with_the_block(tmp_path, monkeypatch):
    told = tmp_path / "told"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\necho "$@" > {told}.part; mv {told}.part {told}; exec sleep 600\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    began = time.monotonic()
    with precompile(Path("study.toml"), "kalman"):
        while not told.exists():
            assert time.monotonic() - began < 60.0
            time.sleep(0.01)
    assert time.monotonic() - began < 120.0  # and not 600
    assert "compile_for_study(Path('study.toml'), 'kalman', False)" in told.read_text()
