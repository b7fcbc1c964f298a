"""Packages have an order: imports go down only, and each heavy library is imported in few places.

Also: every library that is imported is declared, and no package and no file grows too large to be read.
"""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from source import FOLDER, MODULES

import iwm_bayes

ROOMS = (  # from the ground up; a package may import from those before it, and from itself
    "lazy, ops, types, io, progress, rules, responses, filtering, data, model, simulation, inference, estimands",
    "diagnostics, comparison, validation, large_scale, viz, workflow, report, explorer, cli",
)
DOORS = {  # heavy libraries, and the modules by which they enter
    "pytensor": {
        "ops",
        "filtering.engine.*",
        "filtering.graph",
        "model.*",
        "inference.plain.*",
        "comparison.mixture.graph",
    },
    "pymc": {"model.*", "inference.*", "comparison.mixture.graph"},
    "nutpie": {
        "inference.plain.*",
        "inference.nuts",
        "inference.nutpie_store",
        "inference.engine.sampler",
    },
    "numba": {"filtering.engine.*", "inference.engine.*"},
    "matplotlib": {"viz.*", "workflow.plots.*", "workflow.run_folder", "workflow.comparison_folder"},
    "formulae": {"data.formulas.design", "data.formulas.language", "data.formulas.evaluation"},
    "plotly": set(),  # its script is read by the explorer, and nothing of it is imported
    "jinja2": {"report.page", "explorer.page"},
    "werkzeug": {"explorer.app"},
    "dask": {"validation.executors"},
    "distributed": {"validation.executors"},
}
ORDER = [name.strip() for line in ROOMS for name in line.split(",")]


every_module = pytest.mark.parametrize("module", MODULES)


def lazily_imported(node):
    """The module that `lazy_module("...")` stands for, if a node is that."""
    calls = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lazy_module"
    return [ast.literal_eval(node.args[0])] if calls else []


def imports(module):
    """Everything that a module imports, at its head or later, by full name."""
    for node in ast.walk(MODULES[module]):
        yield from lazily_imported(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                yield within if within.removeprefix("iwm_bayes.") in MODULES else node.module


def room(module):
    """The package of a module at the top level: that of `data.formulas.design` is data."""
    return module.split(".")[0]


def imported_rooms():
    """Every package with those that it imports from, the ground first."""
    found = {name: set() for name in ORDER}
    for module in MODULES:
        within = {room(name.partition(".")[2]) for name in imports(module) if name.split(".")[0] == "iwm_bayes"}
        if module != "__init__":
            found[room(module)] |= within - {room(module)}
    return found


def test_imports_go_down_only():
    """No package imports one above it. The list is printed: `pytest -s -k imports_go_down`."""
    found = imported_rooms()
    for name, others in found.items():
        print(f"{name}: {', '.join(sorted(others, key=ORDER.index)) or 'nothing'}")
    upwards = {(name, other) for name, others in found.items() for other in others if above(other, name)}
    assert upwards == set()


def above(one, other):
    """Whether a package lies above another."""
    return ORDER.index(one) > ORDER.index(other)


@every_module
def test_heavy_libraries_enter_by_their_doors(module):
    """The simulator needs no sampler, and a change of the sampler has one place."""
    libraries = {name.split(".")[0] for name in imports(module)}
    folders = {f"{'.'.join(module.split('.')[:depth])}.*" for depth in range(1, module.count(".") + 1)}
    assert {library for library in libraries & DOORS.keys() if not ({module} | folders) & DOORS[library]} == set()


@pytest.mark.parametrize("verb", iwm_bayes.__all__)
def test_every_verb_is_a_function_of_its_module(verb):
    """It is defined where the program looks for it."""
    assert getattr(iwm_bayes, verb).__module__ == f"iwm_bayes.{iwm_bayes.VERBS[verb]}"


@every_module
def test_every_module_has_a_docstring(module):
    """The first statement of a module says what it is for."""
    assert ast.get_docstring(MODULES[module])


MAX_TOP_MODULES, MIN_MODULES, MAX_MODULES, MAX_LINES = 6, 4, 14, 300
CATALOGUES = {"rules", "responses", "rules/modifiers"}  # one file per learning rule, and per kind of response


def modules_by_package():
    """Every package with the files of its modules, without __init__; the top level is "."."""
    found = {}
    for path in FOLDER.rglob("*.py"):
        if path.name != "__init__.py":
            found.setdefault(str(path.parent.relative_to(FOLDER)), []).append(path)
    return found


def test_packages_have_few_modules():
    """Few at the top level, and four to fourteen in every package."""
    counts = {package: len(files) for package, files in modules_by_package().items() if package not in CATALOGUES}
    assert counts.pop(".") <= MAX_TOP_MODULES
    assert {package: count for package, count in counts.items() if not MIN_MODULES <= count <= MAX_MODULES} == {}


def test_files_are_short():
    """No module is longer than what can be read in one sitting."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FOLDER.rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > MAX_LINES} == {}


def declared_libraries():
    """Everything that pyproject.toml asks for to run the program, by the name of its package."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    return {re.match(r"[\w-]+", line).group().lower().replace("-", "_") for line in wanted}


def test_everything_imported_is_declared():
    """A library that is imported only because another one brings it may be gone tomorrow."""
    imported = {name.split(".")[0] for module in MODULES for name in imports(module)}
    assert imported - set(sys.stdlib_module_names) - {"iwm_bayes"} - declared_libraries() == set()
