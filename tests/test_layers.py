"""The house has rooms in an order: imports go down only, and each heavy library enters by its own door."""

import ast

import pytest
from source import MODULES

ROOMS = (  # from the ground up; a room may import from those before it, and from itself
    "ops, types, io, progress, rules, responses, filtering, data, model, simulation, inference, estimands, diagnostics",
    "comparison, validation, large_scale, viz, workflow, report, explorer, cli",
)
DOORS = {  # heavy libraries, and the modules by which they enter
    "pytensor": {"ops", "filtering.engine.*", "filtering.graph", "model.*", "comparison.mixture_model"},
    "pymc": {"model.*", "inference.*", "comparison.mixture_model"},
    "nutpie": {"inference.nutpie_numba", "inference.nuts", "inference.nutpie_store"},
    "numba": {"inference.nutpie_numba"},
    "matplotlib": {"viz.*"},
    "formulae": {"data.formulas"},
    "plotly": {"viz.plotly.base"},
    "jinja2": {"report.page"},
    "dash": {"explorer.app", "explorer.page"},
    "dask": {"validation.executors"},
    "distributed": {"validation.executors"},
}
ORDER = [name.strip() for line in ROOMS for name in line.split(",")]


every_module = pytest.mark.parametrize("module", MODULES)


def imports(module):
    """Everything that a module imports, at its head or later, by full name."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                yield within if within.removeprefix("iwm_bayes.") in MODULES else node.module


def room(module):
    """The room in which a module is: `data.formulas` is in data."""
    return module.split(".")[0]


def imported_rooms():
    """Every room with those that it imports from, the ground first."""
    found = {name: set() for name in ORDER}
    for module in MODULES:
        within = {room(name.partition(".")[2]) for name in imports(module) if name.split(".")[0] == "iwm_bayes"}
        if module != "__init__":
            found[room(module)] |= within - {room(module)}
    return found


def test_imports_go_down_only():
    """No room knows of one above it. The list is printed: `pytest -s -k imports_go_down`."""
    found = imported_rooms()
    for name, others in found.items():
        print(f"{name}: {', '.join(sorted(others, key=ORDER.index)) or 'nothing'}")
    upwards = {(name, other) for name, others in found.items() for other in others if above(other, name)}
    assert upwards == set()


def above(one, other):
    """Whether a room lies above another."""
    return ORDER.index(one) > ORDER.index(other)


@every_module
def test_heavy_libraries_enter_by_their_doors(module):
    """Whoever reads the simulator needs no sampler, and whoever changes the sampler knows where to look."""
    libraries = {name.split(".")[0] for name in imports(module)}
    folders = {f"{'.'.join(module.split('.')[:depth])}.*" for depth in range(1, module.count(".") + 1)}
    assert {library for library in libraries & DOORS.keys() if not ({module} | folders) & DOORS[library]} == set()


@every_module
def test_every_module_says_what_it_is(module):
    """A module begins with a docstring."""
    assert ast.get_docstring(MODULES[module])
