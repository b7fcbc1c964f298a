"""How tables are written: nothing is cut off, and a number shows what it says."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from iwm_bayes import console


@pytest.mark.parametrize(
    ("value", "text"),
    [(-7253.52, "-7254"), (1.23456, "1.23"), (0.00012345, "0.000123"), (2.5e7, "2.5e+07"), (np.nan, ""), (12, "12")],
)
def test_numbers(value, text):
    assert console.written(value) == text


def test_a_table_in_a_narrow_terminal_keeps_its_names(monkeypatch):
    """At the least width a table of eight columns still has names of more than a few letters on a line."""
    out = Console(file=io.StringIO(), width=console.NARROWEST)
    monkeypatch.setattr(console, "out", out)
    numbers = {f"number {index}": [0.123] for index in range(6)}
    console.show(pd.DataFrame({"parameter": ["availability_impression_slope"], **numbers, "note": [""]}), "Title")
    lines = [line.split()[0] for line in out.file.getvalue().splitlines() if "0.123" in line]
    assert len(lines[0]) > 12
    assert console.WIDTH >= console.NARROWEST
