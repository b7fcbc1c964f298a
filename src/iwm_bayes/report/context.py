"""The run that a report is about, and what the reader asked to see of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.diagnostics.results import Results, result_tables
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.model.priors import figure_names
from iwm_bayes.report import text
from iwm_bayes.report.dyads.words import noun_of
from iwm_bayes.report.elements import Table, make_table
from iwm_bayes.report.key_result import KeyResult, key_result
from iwm_bayes.report.labels import table_title
from iwm_bayes.types import GENERALISED, ModelSpec
from iwm_bayes.viz.palette import STYLE_CORNERS
from iwm_bayes.workflow.analysis import permutation_test_of
from iwm_bayes.workflow.comparison_folder import StoredComparison, read_comparison


class ReportOptions(NamedTuple):
    """What a report shows on request."""

    person_table: bool = False  # every person, under pseudonyms
    scenario: str = "constant:rate=0.8"  # care after the last session
    horizon: int = 12  # sessions under the scenario
    comparison: Path | None = None  # folder of a comparison that includes the model


@dataclass(frozen=True)
class ReportContext:
    """A run with everything that is derived from it, each computed once."""

    folder: Path
    study: str
    model: ModelSpec
    fit: xr.DataTree
    facts: dict[str, Any]  # its manifest
    results: Results
    options: ReportOptions

    @cached_property
    def data(self) -> xr.Dataset:
        """Return the data of the fit."""
        return self.fit["constant_data"].to_dataset()

    @property
    def security(self) -> Mapping[str, SecurityAnswer]:
        """Return earned security by figure; empty where the study leaves it out."""
        return self.results.security

    @property
    def noun(self) -> str:
        """Return what the study calls its people."""
        return noun_of(self.model, self.data)

    @property
    def permutation_test(self) -> PermutationTest | None:
        """Return the permutation test that the fit keeps, if there is one."""
        return permutation_test_of(self.fit)

    @property
    def convergence(self) -> ConvergenceChecks:
        """Return the convergence checks, as the manifest has them."""
        facts, method = self.facts, "" if self.facts["exact"] else self.facts["method"]
        return ConvergenceChecks(facts["converged"], facts["reasons"], facts["convergence"], method, facts["partial"])

    @property
    def status(self) -> str:
        """Return the status of the fit."""
        return text.fit_status(self.facts)

    @property
    def mark(self) -> str:
        """Return the text that marks every number of a fit that has not converged; empty if it has."""
        return "" if self.status == "converged" else self.status

    @cached_property
    def comparison(self) -> StoredComparison | None:
        """Return the comparison that the reader named, if any; InputError if it does not include the model."""
        return read_comparison(self.options.comparison, self.model.name) if self.options.comparison else None

    @cached_property
    def key(self) -> KeyResult:
        """Return the key result."""
        ranking = next(iter(self.comparison.rankings.values())) if self.comparison else None
        return key_result(self.model, self.fit, self.results, self.convergence, self.facts["advice"], ranking)

    @property
    def has_worth(self) -> bool:
        """Return whether the model has self-worth."""
        return any("style_share" in answer.security for answer in self.security.values())

    @property
    def styles(self) -> Mapping[str, tuple[float, float]]:
        """Return the corners of the attachment styles in plots; empty where the study leaves styles out."""
        return STYLE_CORNERS if wants(self.data, "styles") else {}

    @cached_property
    def figures(self) -> list[str]:
        """Return the figures that were met in sessions: that of the key result, then the most frequent first."""
        data, first = self.data, self.key.figure
        counts = {name: int(session_mask(data, name).sum()) for name in figure_names(data) if name != GENERALISED}
        return sorted(
            (name for name in counts if counts[name]), key=lambda name: (name == first, counts[name]), reverse=True
        )

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the results by name, with the status of the fit where it belongs."""
        return result_tables(self.results, self.status)

    def table(self, name: str, title: str = "") -> Table | None:
        """Return a table of the results with its title and what it is about; None where there is none."""
        if name not in self.tables:
            return None
        return make_table(self.tables[name], title or table_title(name), name, self.status, registered()[name].glossary)
