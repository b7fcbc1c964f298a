"""How tables are written: nothing is cut off, and a number shows what it says."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from iwm_bayes import console
from iwm_bayes.compare import Score, ranked
from iwm_bayes.individuals import person_table
from iwm_bayes.legends import LEGENDS, called, legend, words_of
from iwm_bayes.written import cells, written


@pytest.mark.parametrize(
    ("value", "text"),
    [(-7253.52, "-7254"), (1.23456, "1.23"), (0.00012345, "0.000123"), (2.5e7, "2.5e+07"), (np.nan, ""), (12, "12")],
)
def test_numbers(value, text):
    assert written(value) == text


def test_a_table_in_a_narrow_terminal_keeps_its_names(monkeypatch):
    """At the least width a table of eight columns still has names of more than a few letters on a line."""
    out = Console(file=io.StringIO(), width=console.NARROWEST)
    monkeypatch.setattr(console, "out", out)
    numbers = {f"number {index}": [0.123] for index in range(6)}
    console.show(pd.DataFrame({"parameter": ["availability_impression_slope"], **numbers, "note": [""]}), "Title")
    lines = [line.split()[0] for line in out.file.getvalue().splitlines() if "0.123" in line]
    assert len(lines[0]) > 12
    assert console.WIDTH >= console.NARROWEST


def test_shares_of_theories_have_two_digits():
    """What an optimiser leaves of a weight of nothing is nothing; a score keeps three digits."""
    table = pd.DataFrame({"theory": ["a", "b"], "score": [303.2, 0.00123], "weight": [1.0, 5.55e-17]})
    assert cells(table) == [["a", "303", "1.00"], ["b", "0.00123", "0.00"]]


def test_a_legend_explains_what_stands_in_a_table_and_nothing_else():
    """Of a fit without a measured bias no bias is explained; effects are by what stands in their cells."""
    summary = pd.DataFrame({"parameter": ["rate"], "informed": [0.5], "people": [0.2]})
    assert "contraction" in legend("summary", summary)
    assert "bias" not in legend("summary", summary)
    assert "bias_sds:" in legend("summary", summary.assign(bias_sds=0.1))
    checks = pd.DataFrame({"effect": ["turns"], "note": ["missed"]})
    assert legend("checks", checks).startswith("missed: outside 95 %")
    assert "bimodality" not in legend("checks", checks)
    assert legend("of no name", summary) == ""


def test_every_legend_is_of_words_that_a_table_can_have(made):
    """A column that was renamed leaves no word behind: every word of these legends stands in the run's tables."""
    _, _, analysis = made
    for name in ("summary", "answers", "sensitivity", "styles", "checks"):
        may_have = {"bias", "bias_sds", "bias_between", "missed", "cannot be made"}
        assert set(LEGENDS[name]) <= {*words_of(getattr(analysis, "groups" if name == "summary" else name)), *may_have}
    assert set(LEGENDS["people"]) <= set(person_table(analysis.model, analysis.fit))
    assert set(LEGENDS["ranking"]) <= set(
        ranked({"a": Score(np.zeros(2), np.zeros(2)), "b": Score(np.ones(2), np.ones(2))})
    )


def test_a_table_is_printed_with_its_legend(monkeypatch):
    out = Console(file=io.StringIO(), width=console.NARROWEST)
    monkeypatch.setattr(console, "out", out)
    console.show(pd.DataFrame({"figure": ["someone new"], "start insecure": ["89%"]}), "Title", "answers")
    printed = " ".join(out.file.getvalue().split())
    assert printed.index("89%") < printed.index("start insecure: share of people") < printed.index("nobody was asked")


def test_the_only_figure_has_a_name_that_reads():
    assert [called(name) for name in ("figure", "therapist")] == ["the other person", "therapist"]
    assert cells(pd.DataFrame({"figure": ["figure"], "arms": ["figure"]})) == [["the other person", "figure"]]
