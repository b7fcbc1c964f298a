"""The table of kinds of fault names tests that exist."""

from pathlib import Path

import pytest
from kinds_of_fault import KINDS

TESTS = Path(__file__).parent


@pytest.mark.parametrize("label", KINDS)
def test_every_kind_has_a_test(label):
    """A test that is renamed is renamed in the table, too."""
    assert KINDS[label].tests
    for test in KINDS[label].tests:
        file, _, name = test.partition("::")
        assert f"def {name or 'test_'}" in (TESTS / file).read_text(encoding="utf-8")
