"""Sample-size planning: how large must a study be for a decisive answer?

Studies of many sizes are simulated and fitted, and decisive studies are counted. *Assurance* is the probability of a
decisive study over populations from a model's priors: O'Hagan, Stevens & Campbell (2005), doi:10.1002/pst.175. Each
question has a module of its own: `plan_group`, `plan_forecast` and `plan_compare`. A study returns counts by outcome,
{outcome: [number, out of]}. Fits that have not converged are included, and their share is an outcome, too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.simulation.care import Care, parse_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.sweep import Condition

JUDGED_FIGURE = "therapist"  # the figure whose sessions count
SIZE_COLUMNS = ("n_people", "figures", "rated_every", "sessions")
MIN_STANDARD_ERRORS = 2.0  # above the target, from which a share reaches it
CONVERGED = "converged"  # the outcome that counts fits that have converged
REACHES, MAY_REACH, BELOW = "reaches", "may reach", "below"

type Counts = dict[str, list[int]]


class StudyDesign(NamedTuple):
    """The size of a study."""

    n_people: int
    n_figures: int
    rated_every: int  # ratings are asked for in every so many-th session, and before the first
    sessions: int  # with each figure

    @property
    def figures(self) -> list[str]:
        """Return the names of the figures; the first is the one whose sessions count."""
        return [JUDGED_FIGURE, *(f"figure {index}" for index in range(2, self.n_figures + 1))]

    def phases(self, care: Care) -> list[Phase]:
        """Return the phases of a study: each figure is rated, then met in every session, with the same care."""
        return [Phase(dict.fromkeys(self.figures, care), self.sessions, assessed=True)]

    def for_compilation(self) -> Self:
        """Return the smallest design for which a compiled model is the same: it serves any number of sessions."""
        return self._replace(rated_every=1, sessions=1)

    def example(self, model: ModelSpec) -> tuple[ModelSpec, xr.Dataset]:
        """Return the model without leaving, and simulated data of this size."""
        model = without_leaving(model)
        return model, simulate(model, self.phases(parse_care("constant")), self.n_people, 0)


def design_of(condition: Condition) -> StudyDesign:
    """Return the size of a study from its condition."""
    return StudyDesign(*(int(condition[name]) for name in SIZE_COLUMNS))


def without_leaving(model: ModelSpec) -> ModelSpec:
    """Return the model without dropout and without a choice of figure; people may withdraw, which hides an outcome."""
    return model._replace(
        responses={name: r for name, r in model.responses.items() if r.effect in ("none", "withdraws")}
    )


def thin_ratings(model: ModelSpec, data: xr.Dataset, every: int) -> xr.Dataset:
    """Return simulated data with ratings in every so many-th session only; choices are always recorded."""
    asked = (data["session"] - 1) % every == 0  # session 1 is the assessment
    ratings = [f"answer_{name}" for name, response in model.responses.items() if response.effect == "none"]
    return data.assign({name: data[name].where(asked).assign_attrs(data[name].attrs) for name in ratings})


def share_with_error(counts: np.ndarray) -> tuple[float, float]:
    """Compute the share in all studies together, from counts (study, 2), and its Monte Carlo standard error.

    The error is that of a ratio of sums over studies (Cochran, 1977, Sampling Techniques, 6.3). Two more studies of
    half the mean size are added, one all right and one all wrong, so that no error is 0. NaN where nobody was counted.
    """
    hits, of = counts.astype(float).T
    if not of.sum():
        return np.nan, np.nan
    share = hits.sum() / of.sum()
    residuals = np.concatenate([hits - share * of, np.array([1.0 - share, -share]) * of.mean() / 2.0])
    return float(share), float(np.sqrt((residuals**2).sum()) / of.sum())


def assurance_table(studies: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return one line per condition (its `columns`) and outcome: share, se, `of` how many, in how many studies."""
    lines: list[dict[str, Any]] = []
    for condition, own in studies.groupby(list(columns)):
        for outcome in own["counts"].iloc[0]:
            counts = np.array([one[outcome] for one in own["counts"]])
            share, error = share_with_error(counts)
            line = dict(zip(columns, condition, strict=True)) | {"outcome": outcome, "share": share, "se": error}
            lines.append(line | {"of": int(counts[:, 1].sum()), "studies": len(own)})
    return pd.DataFrame(lines)


def decisions(table: pd.DataFrame, target: float) -> np.ndarray:
    """Return whether each line reaches a target by two standard errors, may reach it, or is below it."""
    above = (table["share"] - target) / table["se"]
    return np.select(
        [above.isna(), above >= MIN_STANDARD_ERRORS, above > -MIN_STANDARD_ERRORS],
        ["", REACHES, MAY_REACH],
        BELOW,
    )


def sessions_sentence(own: pd.DataFrame, target: float) -> str:
    """Return the least number of sessions that reaches a target; if none does, the highest share.

    It also names the numbers of sessions that may reach the target.
    """
    known = own.dropna(subset="share").sort_values("sessions")
    if known.empty:
        return "no result, because nobody was counted"
    decision = decisions(known, target)
    reaching, possible = known[decision == REACHES], known.loc[decision == MAY_REACH, "sessions"]
    best = known.iloc[int(np.argmax(known["share"]))] if reaching.empty else reaching.iloc[0]
    share = f"{best['share']:.2f} (SE {best['se']:.2f})"
    also = f"; {', '.join(map(str, possible))} may reach it" if len(possible) else ""
    if reaching.empty:
        return f"no number of sessions reaches {target:g}, highest share {share} at {best['sessions']} sessions{also}"
    return f"{best['sessions']} sessions reach {target:g}, with {share}{also}"


def assurance_sentences(
    table: pd.DataFrame, columns: Sequence[str], outcomes: Sequence[str], target: float
) -> list[str]:
    """Return how many sessions are needed: one sentence per outcome and combination of the other columns."""
    others = [name for name in columns if name != "sessions"]
    return [
        f"{', '.join(f'{name} = {value}' for name, value in zip(others, condition, strict=True))}: "
        f"{outcome!r}: {sessions_sentence(own, target)}"
        for outcome in outcomes
        for condition, own in table[table["outcome"] == outcome].groupby(others)
    ]
