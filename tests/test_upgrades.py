"""The script that tries newest and lowest versions says what broke. Nothing is installed here, without network."""

import os
import re
import sys
import tomllib
from pathlib import Path

import pytest
import upgrades
from upgrades import Step

from iwm_bayes.filtering.engine.machine_code import cache_folder

PROJECT = tomllib.loads((upgrades.REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
FENCED = ("numba", "llvmlite", "nutpie", "pytensor", "pymc")  # the fast engine uses their inner parts
PYTEST_LOG = """
tests/data/test_a.py:3: in test_a
E   FutureWarning: x is deprecated
=========================== short test summary info ============================
FAILED tests/data/test_a.py::test_a - FutureWarning: x is deprecated
ERROR tests/data/test_b.py - ImportError: no name y
2 failed, 40 passed in 3.2s
ValueError: while the interpreter ended
"""
TRACEBACK_LOG = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise KeyError("first")
KeyError: 'first'
xarray.core.SomeError: second
1 more line
"""
UNSOLVED_LOG = """
  × No solution found when resolving dependencies:
  ╰─▶ Because only numba<=0.68 is available, your requirements are unsatisfiable.
"""
every_log = pytest.mark.parametrize(
    ("log", "lines"),
    [
        (
            PYTEST_LOG,
            (
                "FAILED tests/data/test_a.py::test_a - FutureWarning: x is deprecated",
                "ERROR tests/data/test_b.py - ImportError: no name y",
            ),
        ),
        (TRACEBACK_LOG, ("KeyError: 'first'", "xarray.core.SomeError: second")),
        (
            UNSOLVED_LOG,
            (
                "× No solution found when resolving dependencies:",
                "╰─▶ Because only numba<=0.68 is available, your requirements are unsatisfiable.",
            ),
        ),
        ("Fit\nNot converged\n\n", ("Not converged",)),
        ("", ("no output",)),
    ],
)


@every_log
def test_the_lines_that_name_what_broke_are_found(log, lines):
    """Failed tests come before errors, and errors before the last line."""
    assert upgrades.what_broke(log) == lines


def test_few_lines_of_a_long_log_are_shown():
    """A hundred failed tests do not fill the table."""
    log = "\n".join(f"FAILED tests/test_a.py::test_{number}" for number in range(100))
    assert len(upgrades.what_broke(log)) == upgrades.MAX_LINES


def test_a_warning_is_shown_once_where_a_command_passed():
    """Each chain warns again, from the same line of a library."""
    log = "a.py:43: UserWarning: not part of format 3\n  return cls()\n" * 4 + "b.py:1: DeprecationWarning: old\n"
    assert upgrades.what_warned(log) == ("UserWarning: not part of format 3", "DeprecationWarning: old")


@pytest.mark.parametrize(
    ("code", "passed", "lines"),
    [
        ("print('ok')", True, ()),
        ("raise ValueError('no')", False, ("ValueError: no",)),
        ("raise SystemExit(3)", False, ("no output",)),
    ],
)
def test_a_failing_command_is_a_failing_row(tmp_path, code, passed, lines):
    """Whatever the command printed, its exit status decides."""
    log = tmp_path / "log"
    step = upgrades.run_step("newest", "code", [sys.executable, "-c", code], log, tmp_path, os.environ)
    assert step == Step("newest", "code", passed, step.seconds, lines)
    assert ("FAILED" in upgrades.step_table([step])) == (not passed)


def test_a_resolution_that_cannot_be_made_is_a_row(tmp_path):
    """The commands are not tried without an environment; Python in the place of uv makes none."""
    steps, versions = upgrades.try_resolution(sys.executable, "lowest", tmp_path / "lowest", "3.12", [])
    assert [(step.resolution, step.command, step.passed) for step in steps] == [("lowest", "environment", False)]
    assert "can't open file" in steps[0].lines[0]
    assert versions == {}


@pytest.mark.parametrize(("lowest_passed", "code"), [(True, 0), (False, 1)])
def test_the_exit_status_says_whether_anything_broke(monkeypatch, tmp_path, capsys, lowest_passed, code):
    """One failing command of one resolution is enough; both tables are printed all the same."""

    def tried(uv, name, folder, python, tests):
        passed = lowest_passed or name != "lowest"
        return [Step(name, "iwm demo", passed, 1.0, () if passed else ("KeyError: x",))], {"numba": f"0.{len(name)}"}

    monkeypatch.setattr(upgrades, "try_resolution", tried)
    monkeypatch.setattr(upgrades.shutil, "which", lambda name: name)
    assert upgrades.main(["--folder", str(tmp_path), "--tests", "tests/data", "-n0"]) == code
    printed = capsys.readouterr().out
    assert re.search(r"library +newest +lowest", printed)
    assert re.search(r"lowest +iwm demo +FAILED +1 +KeyError: x", printed) is not None or code == 0


def test_everything_after_tests_goes_to_pytest():
    """The default is what the README says: pytest without arguments, with newest and lowest versions."""
    assert upgrades.parsed_arguments(["--tests", "tests/data", "-n0"]).tests == ["tests/data", "-n0"]
    default = upgrades.parsed_arguments([])
    assert (default.tests, tuple(default.only)) == ([], ("newest", "lowest"))


def test_the_commands_are_those_of_the_readme():
    """Both are run as the README has them."""
    readme = (upgrades.REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "uv run iwm demo" in readme
    assert "`uv run pytest`" in readme


def test_the_newest_versions_are_not_held_back_by_a_date():
    """pyproject.toml leaves out what is newer than a date; the option of the newest resolution lies after it."""
    date = dict([upgrades.RESOLUTIONS["newest"]])["--exclude-newer"]
    assert date > PROJECT["tool"]["uv"]["exclude-newer"] < "2999"
    assert upgrades.RESOLUTIONS["lowest"] == ("--resolution", "lowest-direct")


def test_the_extras_and_the_group_exist():
    """The tests need what the extras need."""
    assert set(upgrades.EXTRAS.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    assert upgrades.GROUP in PROJECT["dependency-groups"]


@pytest.mark.parametrize("library", FENCED)
def test_libraries_with_used_inner_parts_are_bounded_on_both_sides(library):
    """Another version may have other inner parts: the fast engine calls them by address."""
    (line,) = (line for line in PROJECT["project"]["dependencies"] if re.match(rf"{library}\b", line))
    assert re.fullmatch(rf"{library}>=[\d.]+,<[\d.]+", line)


def test_versions_are_shown_for_every_library_of_the_program():
    """Those of the extras too, and nothing of the development group."""
    libraries = upgrades.declared_libraries(PROJECT)
    assert {"numba", "python-calamine", "werkzeug"} <= set(libraries)
    assert "pytest" not in libraries
    lines = upgrades.version_table(["numba"], {"newest": {"numba": "0.68.0"}, "lowest": {}}).splitlines()
    assert [line.split() for line in lines] == [["library", "newest", "lowest"], ["numba", "0.68.0", "-"]]


def test_compiled_code_is_not_shared(monkeypatch, tmp_path):
    """Machine code of one version may not be found by another."""
    monkeypatch.setenv("PYTHONPATH", "src")
    monkeypatch.setenv("IWM_ENGINE", "plain")
    variables = upgrades.own_variables(tmp_path)
    assert {"PYTHONPATH", "IWM_ENGINE"}.isdisjoint(variables)
    assert variables["PYTENSOR_FLAGS"] == f"base_compiledir={tmp_path / 'compiled'}"
    assert Path(variables["NUMBA_CACHE_DIR"]).is_relative_to(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", variables["XDG_CACHE_HOME"])
    cache_folder.cache_clear()  # the folder of this process
    try:
        assert sys.platform != "linux" or cache_folder().is_relative_to(tmp_path)
    finally:
        cache_folder.cache_clear()
