"""The long tables of a run and of a comparison, which are printed with --verbose."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from iwm_bayes.cli.console import LongTable
from iwm_bayes.comparison.compare import CV_UNITS
from iwm_bayes.diagnostics.power_scaling import power_scaling_sentence
from iwm_bayes.diagnostics.predictive_checks import PPC_COLUMNS, posterior_ppc_sentence, rounded_ratings
from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.report.context import ReportContext
from iwm_bayes.report.labels import group_summary_title, table_title
from iwm_bayes.report.text import answer_sentence

SECTIONS = ("parameters", "answer")  # of the registry, in the order in which they are printed
N_PREVIEW = 6  # lines of the table of people


def run_tables(run: ReportContext, mark: str) -> Iterator[LongTable]:
    """Yield the tables of a run in the order of the registry, with sentences where they belong.

    `mark` is at the end of every sentence of a fit that is an approximation or has not converged.
    """
    known, tables = registered(), run.tables
    for section in SECTIONS:
        for name in (name for name in tables if known[name].section == section):
            yield LongTable(tables[name], title_of(name, tables), name, sentences_of(run, name, mark))
    if "person_summary" in tables:
        table, file = tables["person_summary"], run.folder / "tables" / "person_summary.csv"
        title = f"Person-level parameters, under pseudonyms: {N_PREVIEW} of {len(table)} rows (all rows: {file})"
        yield LongTable(table.head(N_PREVIEW), title, "person_summary")
    checks = tables.get("ppc", pd.DataFrame(columns=PPC_COLUMNS))
    sentence = posterior_ppc_sentence(checks, rounded_ratings(run.model, run.data)) + mark
    outside = checks[checks["status"] != ""]
    test = run.permutation_test
    prior = power_scaling_sentence(tables.get("power_scaling", pd.DataFrame()))
    sentences = [sentence, *([test.sentence] if test else []), *([prior + mark] if prior else [])]
    yield LongTable(outside, "Test statistics outside the 95% predictive interval", "ppc", sentences)


def title_of(name: str, tables: Any) -> str:
    """Return the title of a table of a run."""
    return group_summary_title("marginal_effects" in tables) if name == "group_summary" else table_title(name)


def sentences_of(run: ReportContext, name: str, mark: str) -> list[str]:
    """Return the answer in sentences below the table of times; nothing below others."""
    if name != "time_to_security":
        return []
    return [answer_sentence(answer) + mark for answer in run.security.values()]


def comparison_tables(comparison: Any, attributions: list[LongTable]) -> Iterator[LongTable]:
    """Yield the rankings by every unit of cross-validation, model attributions, and failed predictive checks."""
    for unit, table in comparison.rankings.items():
        yield LongTable(table, f"ELPD ({unit}): {CV_UNITS[unit]}", "elpd")
    yield from attributions
    yield LongTable(comparison.ppc_failures, table_title("ppc_failures"), "ppc_failures")
