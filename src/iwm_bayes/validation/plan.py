"""How large must a study be? Studies of many sizes are simulated and fitted, and it is counted how many are decisive.

*Assurance* is the probability of that over populations drawn from a theory's priors: O'Hagan, Stevens & Campbell
(2005), doi:10.1002/pst.175. What is asked of a study has a file each: `design_group`, `design_forecast`,
`design_compare`. A study answers in counts, {what: [how many, of how many]}; fits whose gate failed stay in, and are
counted too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.simulation.care import Care
from iwm_bayes.simulation.simulate import Phase
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.sweep import Condition

JUDGED_FIGURE = "therapist"  # whose sessions are counted
SIZE_COLUMNS = ("people", "figures", "rated every", "sessions")
MIN_STANDARD_ERRORS = 2.0  # standard errors

type Counts = dict[str, list[int]]


class StudyDesign(NamedTuple):
    """How much there is of a study."""

    people: int
    figures: int
    every: int  # ratings are asked for in every so many-th session, and before the first
    sessions: int  # with each figure

    @property
    def names(self) -> list[str]:
        """The figures; the first is the one whose sessions are counted."""
        return [JUDGED_FIGURE, *(f"figure {index}" for index in range(2, self.figures + 1))]

    def plan(self, care: Care) -> list[Phase]:
        """Every figure is rated, then met in every session, with the same care."""
        return [Phase(dict.fromkeys(self.names, care), self.sessions, assessed=True)]


def design_of(cell: Condition) -> StudyDesign:
    """The size that a cell names."""
    return StudyDesign(*(int(cell[name]) for name in SIZE_COLUMNS))


def without_leaving(model: ModelSpec) -> ModelSpec:
    """A theory whose people neither leave nor choose whom they meet; they may withdraw, and then see no outcome."""
    return model._replace(
        responses={name: r for name, r in model.responses.items() if r.effect in ("none", "withdraws")}
    )


def thin_ratings(model: ModelSpec, data: xr.Dataset, every: int) -> xr.Dataset:
    """Simulated data with ratings in every so many-th session only; acts are always on record."""
    asked = (data["session"] - 1) % every == 0  # the first is the assessment
    asking = [f"answer_{name}" for name, response in model.responses.items() if response.effect == "none"]
    return data.assign({name: data[name].where(asked).assign_attrs(data[name].attrs) for name in asking})


def share_with_error(counts: np.ndarray) -> tuple[float, float]:
    """The share in all studies together, of counts (study, 2), and its Monte-Carlo error over studies.

    The error is that of a ratio of sums (Cochran, 1977, Sampling Techniques, 6.3), of these studies and two more of
    half their size, all right and all wrong, so that no share is without an error. NaN where nobody was counted.
    """
    hits, of = counts.astype(float).T
    if not of.sum():
        return np.nan, np.nan
    found = hits.sum() / of.sum()
    apart = np.concatenate([hits - found * of, np.array([1.0 - found, -found]) * of.mean() / 2.0])
    return float(found), float(np.sqrt((apart**2).sum()) / of.sum())


def assurance_table(studies: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """One line per condition and what was counted: "share", "se", "of" so many in so many "studies"."""
    lines: list[dict[str, Any]] = []
    for condition, own in studies.groupby(list(conditions)):
        for what in own["counts"].iloc[0]:
            counts = np.array([one[what] for one in own["counts"]])
            found, error = share_with_error(counts)
            about = dict(zip(conditions, condition, strict=True)) | {"what": what}
            lines.append(about | {"share": found, "se": error, "of": int(counts[:, 1].sum()), "studies": len(own)})
    return pd.DataFrame(lines)


def decisions(table: pd.DataFrame, target: float) -> np.ndarray:
    """What each line says of a target: it "reaches" it by two standard errors, "may reach" it, or "falls short"."""
    above = (table["share"] - target) / table["se"]
    return np.select(
        [above.isna(), above >= MIN_STANDARD_ERRORS, above > -MIN_STANDARD_ERRORS],
        ["", "reaches", "may reach"],
        "falls short",
    )


def sessions_sentence(own: pd.DataFrame, target: float) -> str:
    """The least number of sessions whose share surely reaches a target; else the largest share, and where it may."""
    found = own.dropna(subset="share").sort_values("sessions").assign(says=lambda table: decisions(table, target))
    if found.empty:
        return "says nothing, because nobody was counted"
    sure, maybe = found[found["says"] == "reaches"], found.loc[found["says"] == "may reach", "sessions"]
    best = found.iloc[int(np.argmax(found["share"]))] if sure.empty else sure.iloc[0]
    verdict = f"never surely reaches {target:g}, at most" if sure.empty else f"surely reaches {target:g}, with"
    within = f"; within its error of {target:g} at {', '.join(map(str, maybe))}" if len(maybe) else ""
    return f"{verdict} {best['share']:.2f} (se {best['se']:.2f}) at {best['sessions']} sessions{within}"


def assurance_sentences(
    table: pd.DataFrame, conditions: Sequence[str], asked: Sequence[str], target: float
) -> list[str]:
    """How many sessions are needed, in words: one sentence for each question and each of the other conditions."""
    others = [name for name in conditions if name != "sessions"]
    return [
        f"{', '.join(f'{name} {value}' for name, value in zip(others, condition, strict=True))}: "
        f"{what!r} {sessions_sentence(own, target)}"
        for what in asked
        for condition, own in table[table["what"] == what].groupby(others)
    ]
