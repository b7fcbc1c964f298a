"""A run with what a report is asked to show of it."""

from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.belief_paths import session_mask
from iwm_bayes.estimands.time_to_security import earned_security
from iwm_bayes.report import text
from iwm_bayes.report.tables import Table, make_table
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import GENERALISED, ModelSpec
from iwm_bayes.viz import trajectories


class ReportOptions(NamedTuple):
    """What a report is to show besides."""

    people: bool = False  # a page on everyone, under pseudonyms
    plan: str = "steady:rate=0.8"  # of care, for what comes after the last session
    ahead: int = 12  # sessions
    comparison: Path | None = None  # folder of a comparison in which this theory stands


class ReportContext(NamedTuple):
    """A run with what is derived of it."""

    folder: Path
    study: str
    model: ModelSpec
    fit: xr.DataTree
    facts: dict[str, Any]
    security: dict[str, xr.Dataset]
    asked: ReportOptions

    @property
    def data(self) -> xr.Dataset:
        return self.fit["data"].to_dataset()

    @property
    def word(self) -> str:
        return text.status_word(self.facts)

    @property
    def mark(self) -> str:
        """What stands in every picture of a fit that is not to be used as it is."""
        return "" if self.word == "passed" else self.word

    @property
    def figures(self) -> list[str]:
        """Those who were met in sessions, whoever was met most often first."""
        data = self.data
        often = {name: int(session_mask(data, name).sum()) for name in names(data) if name != GENERALISED}
        return sorted((name for name in often if often[name]), key=often.__getitem__, reverse=True)

    def table(self, name: str, title: str) -> list[Table]:
        """A table of the run's folder, if it is there."""
        path = self.folder / f"{name}.csv"
        return [make_table(pd.read_csv(path), title, name, self.word)] if path.exists() else []


class FigureCourse(NamedTuple):
    """What pictures of one figure's sessions are made of."""

    held: xr.DataArray
    lived: xr.Dataset
    told: xr.Dataset


def figure_course(run: ReportContext, figure: str) -> FigureCourse:
    """What is needed of one figure's sessions."""
    return FigureCourse(
        trajectories.person_beliefs(run.model, run.fit, figure),
        trajectories.session_events(run.data, figure),
        trajectories.answers_and_predictions(run.model, run.fit, figure),
    )


def security_by_figure(model: ModelSpec, fit: xr.DataTree) -> dict[str, xr.Dataset]:
    """Earned security toward every figure and in general, as `analysis.analyse` has it."""
    views = [*(name for name in names(fit["data"].to_dataset()) if name != GENERALISED), None]
    return {view or GENERALISED: earned_security(model, fit, view) for view in views}


def change_sentence(course: xr.Dataset) -> str:
    """Where beliefs begin and end, in words."""
    ends = [(str(name), course["middle"].sel(belief=name).dropna("session").values) for name in course["belief"].values]
    return "; ".join(f"{name} goes from {way[0]:.2f} to {way[-1]:.2f} in {len(way) - 1} sessions" for name, way in ends)
