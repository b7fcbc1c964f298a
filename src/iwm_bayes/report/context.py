"""The run that a report is about, and what the reader asked to see of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.registry import registered
from iwm_bayes.diagnostics.results import Results, result_tables
from iwm_bayes.estimands import trajectories
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.model.priors import figure_names
from iwm_bayes.report import text
from iwm_bayes.report.elements import Table, make_table
from iwm_bayes.report.labels import table_title
from iwm_bayes.types import GENERALISED, ModelSpec
from iwm_bayes.viz.palette import STYLE_CORNERS
from iwm_bayes.workflow.analysis import permutation_test_of


class ReportOptions(NamedTuple):
    """What a report shows on request."""

    person_table: bool = False  # a page on every person, under pseudonyms
    scenario: str = "constant:rate=0.8"  # care after the last session
    horizon: int = 12  # sessions under the scenario
    comparison: Path | None = None  # folder of a comparison that includes the model


class ReportContext(NamedTuple):
    """A run with everything that is derived from it."""

    folder: Path
    study: str
    model: ModelSpec
    fit: xr.DataTree
    facts: dict[str, Any]  # its manifest
    results: Results
    options: ReportOptions

    @property
    def data(self) -> xr.Dataset:
        """Return the data of the fit."""
        return self.fit["constant_data"].to_dataset()

    @property
    def security(self) -> Mapping[str, SecurityAnswer]:
        """Return earned security by figure; empty where the study leaves it out."""
        return self.results.security

    @property
    def permutation_test(self) -> PermutationTest | None:
        """Return the permutation test that the fit keeps, if there is one."""
        return permutation_test_of(self.fit)

    @property
    def status(self) -> str:
        """Return the status of the fit."""
        return text.fit_status(self.facts)

    @property
    def mark(self) -> str:
        """Return the text that marks every plot of a fit that has not converged; empty if it has."""
        return "" if self.status == "converged" else self.status

    @property
    def has_worth(self) -> bool:
        """Return whether the model has self-worth."""
        return any("style_share" in answer.security for answer in self.security.values())

    @property
    def styles(self) -> Mapping[str, tuple[float, float]]:
        """Return the corners of the attachment styles in plots; empty where the study leaves styles out."""
        return STYLE_CORNERS if wants(self.data, "styles") else {}

    @property
    def figures(self) -> list[str]:
        """Return the figures that were met in sessions, the most frequent first."""
        data = self.data
        counts = {name: int(session_mask(data, name).sum()) for name in figure_names(data) if name != GENERALISED}
        return sorted((name for name in counts if counts[name]), key=counts.__getitem__, reverse=True)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the results by name, with the status of the fit where it belongs."""
        return result_tables(self.results, self.status)

    def section_tables(self, section: str) -> list[Table]:
        """Return the tables of a section with their titles and what they are about, in the order of the registry."""
        known = registered()
        return [
            make_table(table, table_title(name), name, self.status, known[name].glossary)
            for name, table in self.tables.items()
            if known[name].section == section
        ]


class Trajectory(NamedTuple):
    """What the plots of one figure's sessions are made of."""

    beliefs: xr.DataArray
    events: xr.Dataset
    responses: xr.Dataset


def figure_trajectory(run: ReportContext, figure: str) -> Trajectory:
    """Compute the beliefs, events and responses of one figure's sessions."""
    return Trajectory(
        trajectories.person_beliefs(run.model, run.fit, figure),
        trajectories.session_events(run.data, figure),
        trajectories.answers_and_predictions(run.model, run.fit, figure),
    )


def change_sentence(course: xr.Dataset) -> str:
    """Return where each belief begins and ends, in words."""
    beliefs = map(str, course["belief"].values)
    medians = {name: course["middle"].sel(belief=name).dropna("session").values for name in beliefs}
    changes = [f"{name} from {path[0]:.2f} to {path[-1]:.2f}" for name, path in medians.items()]
    sessions = max(len(path) for path in medians.values()) - 1
    return f"{' and '.join(changes)} in {sessions} sessions"
