"""The wheel is complete: it has the built-in models, and needs nothing from the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
BUILT_IN = sorted(path.stem for path in (REPOSITORY / "models").glob("*.toml"))
LOAD_EVERY_MODEL = """
from iwm_bayes import load_model
from iwm_bayes.model.specification.model_file import built_in_models, model_library
print(model_library())
for name in built_in_models():
    print(load_model(name).name)
"""
PREDICTIONS = "from iwm_bayes.cli.main import main; import sys; sys.argv = ['iwm', 'predictions']; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without network."""
    built = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with nothing but the unpacked wheel, as a pure Python package is installed."""
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def run_installed(installed, folder, code):
    """Run Python with the unpacked wheel in a process of its own, outside the repository."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


def test_every_built_in_model_loads_from_the_wheel(installed, tmp_path):
    """The models are those of the repository, read from the wheel."""
    done = run_installed(installed, tmp_path, LOAD_EVERY_MODEL)
    assert done.returncode == 0, done.stderr
    library, *loaded = done.stdout.splitlines()
    assert Path(library) == installed / "iwm_bayes" / "models"
    assert loaded == BUILT_IN


def test_the_wheel_carries_every_file_of_the_package(installed):
    """No module and no example is left behind."""
    source = REPOSITORY / "src" / "iwm_bayes"
    files = {path.relative_to(source) for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    carried = {path.relative_to(installed / "iwm_bayes") for path in (installed / "iwm_bayes").rglob("*")}
    assert files <= carried


def test_the_experiments_are_not_in_the_wheel(installed, tmp_path):
    """`iwm predictions` needs a checkout of the repository, and its error message says so."""
    assert not list(installed.rglob("experiments"))
    done = run_installed(installed, tmp_path, PREDICTIONS)
    assert done.returncode == 1
    assert "the experiments are not installed" in done.stderr


def test_the_explorer_is_an_extra(installed):
    """Plotly and Werkzeug are required by `iwm-bayes[explorer]` only."""
    (metadata,) = installed.glob("*.dist-info/METADATA")
    lines = metadata.read_text(encoding="utf-8").splitlines()
    extra = "; extra == 'explorer'"
    requires = [line for line in lines if line.startswith(("Requires-Dist: plotly", "Requires-Dist: werkzeug"))]
    assert "Provides-Extra: explorer" in lines
    assert len(requires) == 2
    assert all(line.endswith(extra) for line in requires)


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_outside_the_repository_and_without_a_compiler(wheel, tmp_path):
    """A new environment gets the wheel and its libraries from the package index; no compiler is in reach."""
    environment, folder = tmp_path / "environment", tmp_path / "elsewhere"
    folder.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", str(wheel)]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    reachable = {**os.environ, "HOME": str(tmp_path), "PATH": str(programs), "PYTHONPATH": "", "PYTENSOR_FLAGS": ""}
    assert shutil.which("g++", path=reachable["PATH"]) is None
    done = subprocess.run([str(programs / "iwm"), "demo"], cwd=folder, env=reachable, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr  # 3 would be a fit that did not converge
    assert (folder / "runs" / "demo" / "report.html").is_file()
