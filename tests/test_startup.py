"""What each command imports: a library that takes a second to import is imported only by what needs it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clinic import write
from runs import without_drawing
from source import MODULES, imports_at_start

import iwm_bayes
from iwm_bayes.report.context import ReportOptions
from iwm_bayes.report.page import write_report

SAMPLER = ("pymc", "pytensor", "nutpie")
NUMERICAL = (
    *SAMPLER,
    "numba",
    "arviz",
    "arviz_stats",
    "scipy.stats",
    "scipy.optimize",
    "formulae",
    "matplotlib",
    "zarr",
)
TABLES = (*NUMERICAL, "pandas", "xarray", "scipy", "pyarrow", "jinja2")
CALLED = "import sys; sys.argv[0] = 'iwm'; from iwm_bayes.cli.main import main; main()"
FORBIDDEN = {  # libraries that are not imported, by what is run in an empty process
    "import iwm_bayes; dir(iwm_bayes)": (*TABLES, "numpy", "rich", "typer"),
    "from iwm_bayes import load_study; load_study('study.toml')": NUMERICAL,
    "from iwm_bayes import Model, fit, compare, earned_security, load_fit, simulate": (
        *SAMPLER,
        "numba",
        "arviz",
        "matplotlib",
    ),
    "iwm --version": TABLES,
    "iwm --help": TABLES,
    "iwm fit --help": TABLES,
    "iwm plan group --help": TABLES,
    "iwm models kalman": NUMERICAL,
    "iwm check study.toml": NUMERICAL,
}
LOADED = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=open("modules.json", "w")))
"""


def modules_after(what, folder):
    """Every module that a process of its own has imported, by its full name."""
    is_command = what.startswith("iwm ")
    arguments = what.split()[1:] if is_command else []
    program = [sys.executable, "-c", LOADED + (CALLED if is_command else what), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(iwm_bayes.__file__).parents[1])}
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads((folder / "modules.json").read_text()))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_takes_long_to_import_is_imported_where_it_is_needed(what, tmp_path):
    assert modules_after(what, write(tmp_path)) & {*FORBIDDEN[what]} == set()


GRAPH_MODULES = {  # the only ones that import PyMC or PyTensor as soon as they are imported: they build graphs
    "comparison.mixture.graph",
    "filtering.graph",
    "model.build",
    "model.hierarchy",
    "model.likelihood",
    "model.local_gaussian",
    "model.noncentering",
    "model.own_graph",
    "model.person_step",
    "model.pymc_model",
}


def sampler_modules():
    """Our own modules that import a library of the sampler as soon as they are imported."""
    imported = {name: {one.split(".")[0] for one in imports_at_start(name)} for name in MODULES}
    return {name for name, libraries in imported.items() if libraries & {*SAMPLER}}


def test_only_what_builds_a_graph_imports_the_sampler_at_once():
    """So data, simulation, estimands and reports start without it; the engines have folders of their own."""
    folders = ("filtering.engine.", "inference.engine.", "inference.plain.")
    assert {name for name in sampler_modules() if not name.startswith(folders)} <= GRAPH_MODULES


def test_a_report_is_written_without_a_sampler(made, monkeypatch, tmp_path):
    """No module of the sampler can be imported while a report is made of a fit."""
    folder, found, analysis = made
    without_drawing(monkeypatch)
    for name in (*SAMPLER, *(f"iwm_bayes.{module}" for module in sampler_modules())):
        monkeypatch.setitem(sys.modules, name, None)
    options = ReportOptions(person_table=True)
    path = write_report(folder / "run", "clinic", found.model, found.fit, options, analysis.results, tmp_path)
    assert "availability" in path.read_text(encoding="utf-8")


def test_editors_know_the_verbs_and_where_each_is():
    """The types of the package name the same verbs in the same modules as the table that imports them."""
    tree = ast.parse(Path(iwm_bayes.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    imported = [(node.module, alias) for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {alias.asname: module for module, alias in imported} == {
        verb: f"iwm_bayes.{module}" for verb, module in iwm_bayes.VERBS.items()
    }
    assert all(alias.name == alias.asname for _, alias in imported)
