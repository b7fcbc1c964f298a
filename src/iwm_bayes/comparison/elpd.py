"""Theories beside each other, by how probable they made answers that they had not seen.

A score is a log predictive density, always of a named unit: what was held out, and therefore what is claimed.

    event     one answer of a person whose other answers, later ones too, are known (leave one out, by PSIS)
    person    everything that somebody new answers
    future 1  the next session of somebody new, of whom at least four are known; future 4: the fourth session to come

Scores are kept by person, because people are independent of each other and their sessions are not: the standard error
of a difference is that of a sum over people. Two theories are told apart if they differ by 4 and by 2 standard errors.
Vehtari, Gelman & Gabry (2017), doi:10.1007/s11222-016-9696-4; Sivula et al. (2025), doi:10.1214/25-BA1569.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import LinearConstraint, minimize
from scipy.special import logsumexp

from iwm_bayes.comparison.draws import PosteriorArrays, parameter_matrix
from iwm_bayes.comparison.leave_future_out import HORIZONS, leave_future_out
from iwm_bayes.comparison.leave_one_person_out import LeftOutPeople, mcse_variance, psis_weights
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_event

MIN_DIFFERENCE, MIN_STANDARD_ERRORS = 4.0, 2.0  # difference, and in standard errors, from which theories are told apart
MAX_PARETO_K = 0.7  # Pareto's k up to which a leave-one-out weight is


class Elpd(NamedTuple):
    """What a theory foretells of each of N people, in log density."""

    by_person: np.ndarray  # (N,)
    variance: np.ndarray  # (N,) by simulation
    k: np.ndarray = np.empty(0)  # Pareto's k, of answers or people

    @property
    def total(self) -> float:
        return float(self.by_person.sum())

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of the total."""
        return float(np.sqrt(self.variance.sum()))


def elpd_by_event(at: PosteriorArrays, ready: PointwiseLikelihood) -> Elpd:
    """Every answer left out in turn; those of one event together."""
    everyone = np.arange(ready.turn.shape[1])
    draws = zip(at.level, at.shared, strict=True)
    log_p = np.array(
        [
            log_likelihood_by_event(ready, parameter_matrix(at, x, shared[:, None]), everyone)[ready.answered]
            for x, shared in draws
        ]
    )
    weight, k = psis_weights(log_p)
    whose = np.broadcast_to(everyone, ready.answered.shape)[ready.answered]
    value = np.bincount(whose, logsumexp(log_p + weight, axis=0), len(everyone))
    variance = np.bincount(whose, mcse_variance(weight), len(everyone))
    return Elpd(value, variance, k)


def elpd_of_part(seen: LeftOutPeople, ready: PointwiseLikelihood, seed: int) -> dict[str, Elpd]:
    """Scores of some people left out in turn, by unit."""
    values, variances = leave_future_out(seen, ready, seed)
    found = {"person": Elpd(seen.score, seen.variance, seen.k)}
    ahead = (f"future {sessions}" for sessions in HORIZONS)
    by_unit = zip(ahead, values, variances, strict=True)
    return found | {unit: Elpd(value, variance, seen.k) for unit, value, variance in by_unit}


def elpd_by_person(parts: Sequence[LeftOutPeople], ready: PointwiseLikelihood, seed: int) -> dict[str, Elpd]:
    """Scores of everyone left out in turn, by unit; the parts hold each person once."""
    order = np.argsort(np.concatenate([part.who for part in parts]))
    found = [elpd_of_part(part, ready, seed + index) for index, part in enumerate(parts)]

    def together(unit: str) -> Elpd:
        value, variance, k = (np.concatenate(leaf)[order] for leaf in zip(*(one[unit] for one in found), strict=True))
        return Elpd(value, variance, k)

    return {unit: together(unit) for unit in found[0]}


def stacking_weights(scores: np.ndarray) -> np.ndarray:
    """Weights (theory,) whose mixture of predictions scores best, of scores (person, theory).

    Yao et al. (2018), doi:10.1214/17-BA1091.
    """
    count = scores.shape[1]
    relative = np.exp(scores - scores.max(axis=1, keepdims=True))

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = relative @ weight
        return -float(np.log(mixed).mean()), -(relative / mixed[:, None]).mean(axis=0)

    sums_to_one = LinearConstraint(np.ones(count), 1.0, 1.0)
    begin = np.full(count, 1.0 / count)
    bounds, options = [(0.0, 1.0)] * count, {"ftol": 1e-12, "maxiter": 1000}
    best = minimize(loss, begin, jac=True, bounds=bounds, constraints=sums_to_one, method="SLSQP", options=options)
    weight = np.clip(best.x, 0.0, 1.0)
    return weight / weight.sum()


def distinguishable(difference: float, error: float) -> bool:
    """Whether two theories differ by enough to say so."""
    return abs(difference) >= MIN_DIFFERENCE and abs(difference) >= MIN_STANDARD_ERRORS * error


def elpd_table(scores: Mapping[str, Elpd]) -> pd.DataFrame:
    """One line per theory, the best first: score, difference from the best with its standard error, weight, words.

    `simulation` is the Monte-Carlo standard error of the score; `k > .7` counts Pareto's k above it.
    """
    values = np.array([score.by_person for score in scores.values()]).T
    weights, totals = stacking_weights(values), values.sum(axis=0)
    best = int(totals.argmax())
    lines = []
    for index, (name, score) in enumerate(scores.items()):
        apart = values[:, index] - values[:, best]
        difference, error = float(apart.sum()), float(apart.std(ddof=1) * np.sqrt(len(apart)))
        lines.append(
            {
                "theory": name,
                "score": score.total,
                "difference": difference,
                "se": error,
                "weight": weights[index],
                "simulation": score.error,
                "k > .7": int((score.k > MAX_PARETO_K).sum()),
                "says": "best"
                if index == best
                else "worse"
                if distinguishable(difference, error)
                else "not told apart",
            }
        )
    return pd.DataFrame(lines).sort_values("score", ascending=False, ignore_index=True)


def elpd_sentence(table: pd.DataFrame) -> str:
    """What a ranking says, in words."""
    first, others = table.iloc[0], table.iloc[1:]
    close = others.loc[others["says"] == "not told apart", "theory"].tolist()
    if close:
        return f"These data do not tell {first['theory']} from {', '.join(close)}"
    second = others.iloc[0]
    by = f"{-second['difference']:.1f} (se {second['se']:.1f})"
    return f"{first['theory']} foretells best, by {by} before {second['theory']}"
