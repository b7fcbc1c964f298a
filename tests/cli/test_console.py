"""How tables and answers are printed: nothing is cut off, and words are explained."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from iwm_bayes.cli import console
from iwm_bayes.cli.models import print_model
from iwm_bayes.comparison.elpd import Elpd, elpd_table
from iwm_bayes.estimands.person_summary import person_summary
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.report.formatting import format_cells, format_value
from iwm_bayes.report.labels import explained_words, group_summary_title, legend, table_meanings, table_title
from iwm_bayes.types import GENERALISED, parameters


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-7253.52, "−7254"),
        (-3, "−3"),
        (-1.2e-5, "−1.2e-05"),
        (1.23456, "1.23"),
        (0.00012345, "0.000123"),
        (2.5e7, "2.5e+07"),
        (np.nan, ""),
        (12, "12"),
    ],
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


def test_a_table_that_is_too_wide_is_printed_in_two_halves(monkeypatch):
    """With the columns of a bias, at the least width: every name and every number is there, in full."""
    out = Console(file=io.StringIO(), width=console.MIN_WIDTH)
    monkeypatch.setattr(console, "out", out)
    numbers = {f"column{index}": [10.0 + index / 100] for index in range(13)}
    console.print_table(pd.DataFrame({"parameter": ["availability_impression_slope"], **numbers}), "Title")
    printed = out.file.getvalue()
    assert all(f"{value:.3g}" in printed for [value] in numbers.values())
    assert "".join(line.split()[0] for line in printed.splitlines() if "avail" in line).startswith("availability")
    assert "Title, continued" in printed


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_word_of_a_table_with_a_long_text_is_cut_off(width, monkeypatch):
    """A built-in model's parameters: a wide name, and a meaning of many words in the last column."""
    out = Console(file=io.StringIO(), width=width)
    monkeypatch.setattr(console, "out", out)
    print_model(load_model("rescorla_wagner"))
    printed = " ".join(out.file.getvalue().split())
    for label, declared in parameters(load_model("rescorla_wagner")).items():
        assert {label, *declared.meaning.split()} <= set(printed.split())
    assert max(map(len, out.file.getvalue().splitlines())) <= width


def test_shares_of_models_have_two_decimals():
    """A weight that an optimiser leaves just above zero is zero; an ELPD keeps three digits."""
    table = pd.DataFrame({"model": ["a", "b"], "elpd": [303.2, 0.00123], "weight": [1.0, 5.55e-17]})
    assert format_cells(table) == [["a", "303", "1.00"], ["b", "0.00123", "0.00"]]


def test_a_legend_explains_the_words_of_its_table_and_no_others():
    """Columns are explained if the table has them; statistics and statuses if they occur in its cells."""
    summary = pd.DataFrame({"parameter": ["rate"], "contraction": [0.5], "person_contraction": [0.2]})
    assert "posterior variance" in legend("group_summary", summary)
    assert "bias" not in legend("group_summary", summary)
    assert "bias sd:" in legend("group_summary", summary.assign(bias_sd=0.1))
    checks = pd.DataFrame({"statistic": ["reversals"], "status": ["outside 95%"]})
    assert legend("ppc", checks).startswith("outside 95%: the observed value")
    assert "posterior" not in legend("ppc", checks.assign(median=0.1, pi95_low=0.0, p_joint=0.5))  # prior checks, too
    assert "bimodality" not in legend("ppc", checks)
    assert legend("of no name", summary) == ""


def test_every_explained_word_can_occur_in_its_table(made):
    """A column that was renamed leaves no explanation behind."""
    _, _, analysis = made
    only_sometimes = {"bias", "bias_sd", "bias_sd_between", "outside 95%", "outside 99%", GENERALISED}
    meanings = table_meanings()
    for name in ("group_summary", "time_to_security", "sensitivity", "styles", "ppc"):
        assert set(meanings[name]) <= {*explained_words(analysis.tables[name]), *only_sometimes}
    assert set(meanings["person_summary"]) <= set(person_summary(analysis.model, analysis.fit))
    assert set(meanings["beliefs"]) - {"NAME_sd"} <= set(analysis.tables["beliefs"])
    ranking = elpd_table({"a": Elpd(np.zeros(2), np.zeros(2)), "b": Elpd(np.ones(2), np.ones(2))})
    assert set(meanings["elpd"]) <= set(ranking)


def test_every_table_of_a_run_has_a_title_and_a_legend(made):
    """Arms are compared in this run, so it has every table except those of formulas."""
    _, _, analysis = made
    assert all(table_title(name) != name for name in analysis.tables)
    assert all(legend(name, table) for name, table in analysis.tables.items())


def test_a_table_is_printed_with_its_legend(monkeypatch):
    out = Console(file=io.StringIO(), width=console.MIN_WIDTH)
    monkeypatch.setattr(console, "out", out)
    table = pd.DataFrame({"figure": ["generalised expectation"], "insecure_at_baseline": [0.89]})
    console.print_table(table, "Title", "time_to_security")
    printed = " ".join(out.file.getvalue().split())
    assert printed.index("89%") < printed.index("insecure_at_baseline: share of people")
    assert printed.endswith("beliefs that the model implies about a new attachment figure; not measured.")


def test_column_names_of_a_wide_table_are_broken(monkeypatch):
    """Otherwise the names of parameters would lose their column."""
    numbers = {"contraction": 0.99, "shift_prior_sd": 0.1, "person_contraction": 0.9, "bias_sd_between": 0.1}
    frame = pd.DataFrame({"parameter": ["availability_start"], **numbers, "sd_between": 0.5, "ci90_low": 0.3})
    cells = format_cells(frame)
    for width, header in ((100, "person_\ncontraction"), (200, "person_contraction")):
        monkeypatch.setattr(console, "out", Console(width=width))
        assert console.column_headers(frame, cells)[3] == header


def test_group_medians_are_those_of_the_reference_where_there_are_covariates():
    assert group_summary_title(False).startswith("Group medians of the parameters (90% CrI)")
    assert "at the reference levels and mean values of the covariates" in group_summary_title(True)
