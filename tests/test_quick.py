"""The quick circle is what `tests/quick.py` says, has tests of every package, and compiles nothing."""

import ast
from pathlib import Path

import numba
import pytest
from quick import LONGER, is_longer
from source import FOLDER

TESTS = Path(__file__).parent
PACKAGES = sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))
FUNCTIONS = [
    f"{path.relative_to(TESTS).as_posix()}::{node.name}"
    for path in sorted(TESTS.rglob("test_*.py"))
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]


@pytest.mark.parametrize("name", LONGER)
def test_what_is_listed_as_longer_exists(name):
    assert any(function == name or function.startswith(f"{name}::") for function in FUNCTIONS)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_quick_tests(package):
    quick = [name for name in FUNCTIONS if name.startswith(f"{package}/") and not is_longer(name)]
    assert len(quick) >= 2


def test_a_quick_test_cannot_compile(request):
    """As this one, which is quick."""
    assert request.node.get_closest_marker("quick")
    with pytest.raises(AssertionError, match="this test compiles"):
        numba.njit(lambda x: x + 1.0)(1.0)
