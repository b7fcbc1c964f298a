"""What takes long to make and serves many tests: a run with its report, and a browser to look at it.

The browser is Debian's own Chromium, found or installed, never downloaded from elsewhere.
"""

import os
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock
from quick import is_quick, without_compilers

# Tests compile much and run it little: a lower level of optimisation takes two thirds of the time. That code is kept
# apart from what a user's fits find again. Nor is it traced where every node of a graph was made.
COMPILED = Path(__file__).parents[1] / ".pytest_cache" / "compiled"
os.environ.setdefault("NUMBA_OPT", "1")
os.environ.setdefault("PYTENSOR_FLAGS", f"base_compiledir={COMPILED},traceback__limit=0")

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (("apt-get", "update"), ("apt-get", "install", "--yes", "--no-install-recommends", "chromium"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of the quick circle, before those that are asked for are chosen by their marks.

    Modules with longer tests come first, so that no worker begins one when the other has nothing left to do.
    """
    for item in filter(is_quick, items):
        item.add_marker(pytest.mark.quick)
    marks = {item: {mark.name for mark in item.iter_markers()} for item in items}
    longer = {item.path for item in items if marks[item].isdisjoint({"quick", "slow"})}
    items.sort(key=lambda item: item.path not in longer)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Let nothing be compiled by a quick test, nor by a fixture that is made for it."""
    with without_compilers() if item.get_closest_marker("quick") else nullcontext():
        return (yield)


def found():
    """The browser on this machine, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def installed(place):
    """The browser, installed if it must be and can be, and what was tried."""
    tried = [f"looked for {', '.join(NAMES)} on PATH"]
    with FileLock(place / "chromium.lock"):  # several workers, one installation
        if found() is None and shutil.which("apt-get") and os.geteuid() == 0:
            for command in INSTALL:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                tried.append(f"`{' '.join(command)}` ended with {done.returncode} {done.stderr.strip()[-300:]}")
        elif found() is None:
            tried.append("did not install it: that needs apt-get and root")
    return found(), "; ".join(tried)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window. Without one, tests are skipped and say why; in CI they fail."""
    from playwright.sync_api import sync_playwright

    program, tried = installed(Path(tmp_path_factory.getbasetemp()).parent)
    if program is None:
        said = f"there is no Chromium to test pages in: {tried}. Install it (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A run in its folder, with what is known of it and its analysis."""
    from runs import known, written

    folder, found = tmp_path_factory.mktemp("made"), known()
    with pytest.MonkeyPatch.context() as patch:
        return folder, found, written(folder, patch, found)


@pytest.fixture(scope="session")
def reported(made):
    """The report of that run, which has converged, with everybody and a comparison."""
    from comparisons import written_comparison

    from iwm_bayes.report.context import ReportOptions
    from iwm_bayes.report.page import write_report

    folder, found, analysis = made
    options = ReportOptions(person_table=True, comparison=written_comparison(folder / "comparison"))
    return write_report(folder / "run", "clinic", found.model, found.fit, options, analysis.results)


@pytest.fixture(scope="module")
def slow_graphs():
    """Graphs are walked through instead of compiled, for all tests of a module that says so."""
    from helpers import interpreted

    with interpreted():
        yield
