"""What is installed is whole: the wheel carries its theories and needs nothing of the repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SHELVED = sorted(path.stem for path in (REPOSITORY / "models").glob("*.toml"))
LOAD_EVERYTHING = """
from iwm_bayes import matrix, theory
print(matrix.home(), sum(1 for _ in matrix.predictions()))
print(theory.shelf())
for name in theory.theories():
    print(theory.load(name).name)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with nothing but the unpacked wheel, which is how pure Python is installed; built without network."""
    built, target = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_every_theory_loads_from_the_wheel(installed, tmp_path):
    """In a process of its own, far from the repository, every theory of the wheel loads, and every experiment."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", LOAD_EVERYTHING]
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    experiments, shelf, *loaded = done.stdout.splitlines()
    assert experiments == f"{installed / 'iwm_bayes' / 'experiments'} 15"
    assert Path(shelf) == installed / "iwm_bayes" / "models"
    assert loaded == SHELVED


def test_the_wheel_carries_every_file_of_the_package(installed):
    """No module and no example is left behind."""
    source = REPOSITORY / "src" / "iwm_bayes"
    files = {path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    carried = {path.relative_to(installed / "iwm_bayes") for path in (installed / "iwm_bayes").rglob("*")}
    assert files <= carried
