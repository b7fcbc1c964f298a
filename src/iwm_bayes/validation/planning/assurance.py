"""Sample-size planning: how large must a study be for a decisive answer?

Studies of many sizes are simulated and fitted, and decisive studies are counted. *Assurance* is the probability of a
decisive study over populations from a model's priors: O'Hagan, Stevens & Campbell (2005), doi:10.1002/pst.175. Each
question has a module of its own: `group`, `forecast`, `compare` and `reliability`. A study returns counts by outcome,
{outcome: [number, out of]}. Fits that have not converged are included, and their share is an outcome, too.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.population import NO_SHIFT, Shift, draw_population, shifted
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.compile_cache import SimulatedStudy
from iwm_bayes.validation.study_design import FileDesign, file_design, is_of_file
from iwm_bayes.validation.sweep import Condition

JUDGED_FIGURE = "therapist"  # the figure whose sessions count
SIZE_COLUMNS = ("n_people", "figures", "rated_every", "sessions")
CONDITIONS = ("generating", *SIZE_COLUMNS, "dyads_each")  # columns of a table of assurance
MIN_STANDARD_ERRORS = 2.0  # above the target, from which a share reaches it
CONVERGED = "converged"  # the outcome that counts fits that have converged
MIN_CONVERGED = 0.9  # share of studies below which a plan warns
REACHES, MAY_REACH, BELOW = "reaches", "may reach", "below"

type Counts = dict[str, list[int]]


class StudyDesign(NamedTuple):
    """The size of a study, and its care."""

    n_people: int
    n_figures: int
    rated_every: int  # ratings are asked for in every so many-th session, and before the first
    sessions: int  # with each figure
    care: str = "constant"  # by every figure

    @property
    def figures(self) -> list[str]:
        """Return the names of the figures; the first is the one whose sessions count."""
        return [JUDGED_FIGURE, *(f"figure {index}" for index in range(2, self.n_figures + 1))]

    def phases(self) -> list[Phase]:
        """Return the phases of a study: each figure is rated, then met in every session, with the same care."""
        return [Phase(dict.fromkeys(self.figures, parse_care(self.care)), self.sessions, assessed=True)]

    def for_compilation(self) -> Self:
        """Return the smallest design for which a compiled model is the same: it serves any number of sessions."""
        return self._replace(rated_every=1, sessions=1, care="constant")

    def load(self, name: str) -> ModelSpec:
        """Load a model without leaving."""
        return without_leaving(load_model(name))

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people from the priors of a model, move them by `shift`, and simulate a study of this size."""
        truth = shifted(model, draw_population(model, self.figures, self.n_people, generator), self.figures, shift)
        data = simulate(model, self.phases(), truth.values, generator)
        return SimulatedStudy(truth, thin_ratings(model, data, self.rated_every), JUDGED_FIGURE)


def design_of(condition: Condition) -> StudyDesign | FileDesign:
    """Return the design of a condition: that of a file, or a size."""
    if is_of_file(condition):
        return file_design(condition)
    n_people, figures, rated_every, sessions = (int(condition[name]) for name in SIZE_COLUMNS)
    return StudyDesign(n_people, figures, rated_every, sessions, str(condition["care"]))


def without_leaving(model: ModelSpec) -> ModelSpec:
    """Return the model without dropout and without a choice of figure; people may withdraw, which hides an outcome."""
    return model._replace(
        responses={name: r for name, r in model.responses.items() if r.effect in ("none", "withdraws")}
    )


def thin_ratings(model: ModelSpec, data: xr.Dataset, every: int) -> xr.Dataset:
    """Return simulated data with ratings in every so many-th session only; choices are always recorded."""
    session = data["session_of_wave" if "session_of_wave" in data else "session"]
    asked = (session - 1) % every == 0  # session 1 is the assessment
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


def planning_curve_data(table: pd.DataFrame, target: float, asked: Sequence[str] = ()) -> pd.DataFrame:
    """Return an assurance table with a `decision` about a target, and its conditions as the attribute `conditions`.

    `table` is what `assurance_table` returns, or its file `tables/assurance.csv`. `asked` names the outcomes that are
    to reach the target; others have no decision. A decision that the table has already is kept.
    """
    conditions = [name for name in CONDITIONS if name in table]
    if "decision" not in table:
        table = table.assign(decision=np.where(table["outcome"].isin(asked), decisions(table, target), ""))
    found = table.copy()
    found.attrs["conditions"] = conditions
    return found


def decisions(table: pd.DataFrame, target: float) -> np.ndarray:
    """Return whether each line reaches a target by two standard errors, may reach it, or is below it."""
    above = (table["share"] - target) / table["se"]
    return np.select(
        [above.isna(), above >= MIN_STANDARD_ERRORS, above > -MIN_STANDARD_ERRORS],
        ["", REACHES, MAY_REACH],
        BELOW,
    )


def answer_column(table: pd.DataFrame) -> str:
    """Return the size that a plan asks about: the number of sessions where it varies, otherwise of people."""
    return "sessions" if table["sessions"].nunique() > 1 else "n_people"


def size_sentence(own: pd.DataFrame, target: float, size: str = "sessions") -> str:
    """Return the least number of `size` that reaches a target; if none does, the highest share.

    It also names the numbers that may reach the target.
    """
    known, noun = own.dropna(subset="share").sort_values(size), size.removeprefix("n_")
    if known.empty:
        return "no result, because nobody was counted"
    decision = decisions(known, target)
    reaching, possible = known[decision == REACHES], known.loc[decision == MAY_REACH, size]
    best = known.iloc[int(np.argmax(known["share"]))] if reaching.empty else reaching.iloc[0]
    share = f"{best['share']:.2f} (SE {best['se']:.2f})"
    also = f"; {', '.join(map(str, possible))} may reach it" if len(possible) else ""
    if reaching.empty:
        surely, more = ("surely ", ". Add --studies to know") if also else ("", "")
        return (
            f"no number of {noun} {surely}reaches {target:g}, highest share {share} at {best[size]} {noun}{also}{more}"
        )
    return f"{best[size]} {noun} reach {target:g}, with {share}{also}"


def convergence_sentence(table: pd.DataFrame) -> str:
    """Return a warning where too few fits converged for a plan to be more than a first guess; empty otherwise."""
    shares = table.loc[table["outcome"] == CONVERGED, "share"]
    if shares.empty or shares.min() >= MIN_CONVERGED:
        return ""
    return (
        f"WARNING: in the size with the fewest, only {shares.min():.0%} of studies converged. Results of fits that did "
        "not converge count with the rest: take the answer as a first guess"
    )


def assurance_sentences(
    table: pd.DataFrame, columns: Sequence[str], outcomes: Sequence[str], target: float
) -> list[str]:
    """Return how large a study must be: one sentence per outcome and combination of the other columns."""
    size = answer_column(table)
    others = [name for name in columns if name != size]
    return [
        f"{', '.join(f'{name} = {value}' for name, value in zip(others, condition, strict=True))}: "
        f"{outcome!r}: {size_sentence(own, target, size)}"
        for outcome in outcomes
        for condition, own in table[table["outcome"] == outcome].groupby(others)
    ]
