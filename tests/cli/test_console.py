"""How tables are written: nothing is cut off, and a number shows what it says."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from iwm_bayes.cli import console, fit
from iwm_bayes.comparison.elpd import Elpd, elpd_table
from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.report import text
from iwm_bayes.report.formatting import format_cells, format_value
from iwm_bayes.report.labels import LEGENDS, explained_words, group_summary_title, legend
from iwm_bayes.types import figure_label
from iwm_bayes.workflow import run_folder


@pytest.mark.parametrize(
    ("value", "text"),
    [(-7253.52, "-7254"), (1.23456, "1.23"), (0.00012345, "0.000123"), (2.5e7, "2.5e+07"), (np.nan, ""), (12, "12")],
)
def test_numbers(value, text):
    assert format_value(value) == text


def test_a_table_in_a_narrow_terminal_keeps_its_names(monkeypatch):
    """At the least width a table of eight columns still has names of more than a few letters on a line."""
    out = Console(file=io.StringIO(), width=console.MIN_WIDTH)
    monkeypatch.setattr(console, "out", out)
    numbers = {f"number {index}": [0.123] for index in range(6)}
    console.print_table(
        pd.DataFrame({"parameter": ["availability_impression_slope"], **numbers, "note": [""]}), "Title"
    )
    lines = [line.split()[0] for line in out.file.getvalue().splitlines() if "0.123" in line]
    assert len(lines[0]) > 12
    assert console.WIDTH >= console.MIN_WIDTH


def test_shares_of_theories_have_two_digits():
    """What an optimiser leaves of a weight of nothing is nothing; a score keeps three digits."""
    table = pd.DataFrame({"theory": ["a", "b"], "score": [303.2, 0.00123], "weight": [1.0, 5.55e-17]})
    assert format_cells(table) == [["a", "303", "1.00"], ["b", "0.00123", "0.00"]]


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
        assert set(LEGENDS[name]) <= {
            *explained_words(getattr(analysis, "groups" if name == "summary" else name)),
            *may_have,
        }
    assert set(LEGENDS["people"]) <= set(person_summary(analysis.model, analysis.fit))
    assert set(LEGENDS["ranking"]) <= set(
        elpd_table({"a": Elpd(np.zeros(2), np.zeros(2)), "b": Elpd(np.ones(2), np.ones(2))})
    )


def test_a_table_is_printed_with_its_legend(monkeypatch):
    out = Console(file=io.StringIO(), width=console.MIN_WIDTH)
    monkeypatch.setattr(console, "out", out)
    console.print_table(pd.DataFrame({"figure": ["someone new"], "start insecure": ["89%"]}), "Title", "answers")
    printed = " ".join(out.file.getvalue().split())
    assert printed.index("89%") < printed.index("start insecure: share of people") < printed.index("nobody was asked")


def test_the_average_person_is_that_of_the_reference_where_arms_are_compared():
    assert group_summary_title(False).startswith("The average person (90 %")
    assert "of the reference, at average covariates" in group_summary_title(True)


@pytest.fixture
def printed(made, monkeypatch):
    """What `iwm fit` prints of the run that was made, on one line."""
    folder, _, analysis = made
    out = Console(file=io.StringIO(), width=console.MIN_WIDTH, highlight=False)
    for module in (console, fit):
        monkeypatch.setattr(module, "out", out)
    monkeypatch.setattr(run_folder, "write", lambda *_: None)
    fit.print_and_write(analysis, folder, {})
    fit.print_status_and_exit(analysis, folder, folder / "report.html")
    return " ".join(out.file.getvalue().split())


def test_the_answer_is_said_in_the_words_of_the_report(made, printed):
    """One sentence toward each figure and one in general, below the table of answers."""
    _, found, analysis = made
    for security in analysis.security.values():
        assert text.answer_sentence(incidence_by_arm(security, person_arms(found.data))) in printed
    failed = analysis._replace(verdict=analysis.verdict._replace(passed=False))
    assert all(sentence.endswith("[FAILED]") for sentence in fit.answer_sentences(failed))
    assert (
        printed.index("earned secure: share")
        < printed.index("of people start insecure toward")
        < printed.index("by threshold and hold")
    )


def test_what_the_gate_looked_at_stands_beside_its_verdict(made, printed):
    """The worst of the group and of what is derived, and of people."""
    worst = "Largest R-hat 1.020 (of people 1.030), least effective sample size 500 (of people 250), 1 divergent"
    figures = {"group_rhat": 1.001, "derived_rhat": 1.02, "person_rhat": 1.03, "group_ess": 500.0, "derived_ess": 900.0}
    said = fit.convergence_line(figures | {"person_ess": 250.0, "divergences": 1.0})
    assert said.startswith(worst)
    assert "The gate passed. (Fitting took" in printed
    assert fit.convergence_line(made[2].verdict.figures) in printed


def test_the_only_figure_has_a_name_that_reads():
    assert [figure_label(name) for name in ("figure", "therapist")] == ["the other person", "therapist"]
    assert format_cells(pd.DataFrame({"figure": ["figure"], "arms": ["figure"]})) == [["the other person", "figure"]]
