"""Ranking of models by ELPD, the expected log predictive density of responses that were left out.

The unit of cross-validation says what is left out:

    loo     one event of a person whose other responses, later ones too, are known (leave-one-out, by PSIS)
    loso    all responses of a person (leave-one-person-out)
    lfo_1   the next session of a person with at least four known sessions (leave-future-out); lfo_4: the fourth to come

ELPD is kept by person, because people are independent of each other and their sessions are not. The standard error of
a difference (dse) is that of a sum over people. Two models are distinguishable if their ELPD differs by at least 4 and
by at least 2 standard errors.
Vehtari, Gelman & Gabry (2017), doi:10.1007/s11222-016-9696-4; Sivula et al. (2025), doi:10.1214/25-BA1569.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.comparison.leave_future_out import HORIZONS, leave_future_out
from iwm_bayes.comparison.leave_one_person_out import LeftOutPeople
from iwm_bayes.comparison.pointwise import PointwiseLikelihood
from iwm_bayes.lazy import lazy_module

optimize = lazy_module("scipy.optimize")

MIN_DIFFERENCE, MIN_STANDARD_ERRORS = 4.0, 2.0  # of a difference in ELPD, from which models are distinguishable
MAX_PARETO_K = 0.7  # Pareto's k up to which a leave-one-out weight is reliable
BEST, DISTINGUISHABLE, NOT_DISTINGUISHABLE = "best", "distinguishable", "not distinguishable"


class Elpd(NamedTuple):
    """The ELPD of a model by person, for N people."""

    by_person: np.ndarray  # (N,)
    variance: np.ndarray  # (N,) Monte Carlo variance
    pareto_k: np.ndarray = np.empty(0)  # of events or people

    @property
    def total(self) -> float:
        return float(self.by_person.sum())

    @property
    def mcse(self) -> float:
        """Return the Monte Carlo standard error of the total."""
        return float(np.sqrt(self.variance.sum()))


def elpd_of_part(left_out: LeftOutPeople, likelihood: PointwiseLikelihood, seed: int) -> dict[str, Elpd]:
    """Estimate the ELPD of some left-out people, by unit of cross-validation."""
    by_horizon = zip(HORIZONS, *leave_future_out(left_out, likelihood, seed), strict=True)
    whole = {"loso": Elpd(left_out.elpd, left_out.variance, left_out.pareto_k)}
    return whole | {f"lfo_{horizon}": Elpd(elpd, variance, left_out.pareto_k) for horizon, elpd, variance in by_horizon}


def elpd_by_person(parts: Sequence[LeftOutPeople], likelihood: PointwiseLikelihood, seed: int) -> dict[str, Elpd]:
    """Estimate the ELPD of all people, by unit of cross-validation; each person is in exactly one of the parts."""
    order = np.argsort(np.concatenate([part.people for part in parts]))
    by_part = [elpd_of_part(part, likelihood, seed + index) for index, part in enumerate(parts)]

    def join(unit: str) -> Elpd:
        leaves = zip(*(part[unit] for part in by_part), strict=True)
        return Elpd(*(np.concatenate(leaf)[order] for leaf in leaves))

    return {unit: join(unit) for unit in by_part[0]}


def stacking_weights(elpd: np.ndarray) -> np.ndarray:
    """Compute stacking weights, (model,): the mixture of predictions with the highest ELPD, from ELPD (person, model).

    Yao et al. (2018), doi:10.1214/17-BA1091.
    """
    count = elpd.shape[1]
    relative = np.exp(elpd - elpd.max(axis=1, keepdims=True))

    def loss(weight: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = relative @ weight
        return -float(np.log(mixed).mean()), -(relative / mixed[:, None]).mean(axis=0)

    sums_to_one = optimize.LinearConstraint(np.ones(count), 1.0, 1.0)
    begin = np.full(count, 1.0 / count)
    bounds, options = [(0.0, 1.0)] * count, {"ftol": 1e-12, "maxiter": 1000}
    best = optimize.minimize(
        loss, begin, jac=True, bounds=bounds, constraints=sums_to_one, method="SLSQP", options=options
    )
    weight = np.clip(best.x, 0.0, 1.0)
    return weight / weight.sum()


def distinguishable(difference: float, error: float) -> bool:
    """Return whether a difference in ELPD, with its standard error, distinguishes two models."""
    return abs(difference) >= MIN_DIFFERENCE and abs(difference) >= MIN_STANDARD_ERRORS * error


def elpd_table(by_model: Mapping[str, Elpd]) -> pd.DataFrame:
    """Rank models, the best first: one line per model.

    `elpd_diff` is the ELPD minus that of the best model, `dse` its standard error, `weight` the stacking weight, and
    `mcse` the Monte Carlo standard error of the ELPD. `n_bad_k` counts values of Pareto's k above 0.7.
    """
    by_person = np.array([elpd.by_person for elpd in by_model.values()]).T
    weights, totals = stacking_weights(by_person), by_person.sum(axis=0)
    best = int(totals.argmax())
    lines = []
    for index, (name, elpd) in enumerate(by_model.items()):
        pointwise = by_person[:, index] - by_person[:, best]
        difference, error = float(pointwise.sum()), float(pointwise.std(ddof=1) * np.sqrt(len(pointwise)))
        distinct = DISTINGUISHABLE if distinguishable(difference, error) else NOT_DISTINGUISHABLE
        lines.append(
            {
                "model": name,
                "elpd": elpd.total,
                "elpd_diff": difference,
                "dse": error,
                "weight": weights[index],
                "mcse": elpd.mcse,
                "n_bad_k": int((elpd.pareto_k > MAX_PARETO_K).sum()),
                "decision": BEST if index == best else distinct,
            }
        )
    return pd.DataFrame(lines).sort_values("elpd", ascending=False, ignore_index=True)


def elpd_sentence(table: pd.DataFrame) -> str:
    """Return the result of a ranking in words, without the full stop at the end.

    It says where Pareto's k is too large, and where fits are approximate.
    """
    first, others = table.iloc[0], table.iloc[1:]
    close, second = others.loc[others["decision"] == NOT_DISTINGUISHABLE, "model"].tolist(), others.iloc[0]
    difference = f"{-second['elpd_diff']:.1f} (SE {second['dse']:.1f})"
    sentences = [
        f"these data do not distinguish {first['model']} from {', '.join(close)}"
        if close
        else f"{first['model']} has the highest ELPD, by {difference} over {second['model']}"
    ]
    if (bad := table[table["n_bad_k"] > 0]).size:
        counts = " and ".join(f"{line.n_bad_k} terms of {line.model}" for line in bad.itertuples())
        sentences.append(f"Pareto k is above {MAX_PARETO_K:g} for {counts}, whose ELPD may be too high")
    if "status" in table and table["status"].str.startswith("approximate").any():
        sentences.append("Fits by an approximation give an approximate ELPD")
    if "status" in table and (unconverged := table.loc[table["status"] == "not converged", "model"].tolist()):
        sentences.append(f"Do not rely on it: the fits of {', '.join(unconverged)} have not converged")
    return ". ".join(sentences)
