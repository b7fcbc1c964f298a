"""Whether an answer may be trusted: convergence, model fit, sensitivity, learning and comparison, each in one line."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.comparison.elpd import BEST, NOT_DISTINGUISHABLE
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.predictive_checks import reproduced
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.report.answer.words import count_of, listed

CONVERGED, FAILED = "converged", ("not converged", "partial")  # statuses of the fits of a ranking
DIAGNOSED = ("group", "derived", "person")  # whose R-hat and ESS are among the values of convergence checks
UNKNOWN_ERRORS = {"laplace": "group-level error"}  # see `text.APPROXIMATION_NOTES`

type State = Literal["good", "notice", "bad", "none"]  # "none": there is nothing to judge, or no limit


class Chip(NamedTuple):
    """One check of an answer, in a word and a line."""

    kind: str  # "convergence", "model fit", "sensitivity", "learning" or "comparison"
    name: str  # its first word or words on the page
    detail: str
    state: State

    @property
    def text(self) -> str:
        """Return the chip in one line."""
        return f"{self.name}: {self.detail}"

    @property
    def short_detail(self) -> str:
        """Return the detail for a page, on which no command can be typed."""
        return self.detail.partition(" (--")[0].partition(" (iwm")[0]


def convergence_chip(checks: ConvergenceChecks) -> Chip:
    """Return whether the fit has converged, with its worst diagnostics."""
    if checks.partial:
        return Chip("convergence", "Interrupted", checks.partial, "bad")
    if checks.approximate and checks.converged:
        error = UNKNOWN_ERRORS.get(checks.approximate, "error")
        method = f"{checks.approximate}: {error} not known; confirm with --method nuts"
        return Chip("convergence", "Approximate", method, "notice")
    if not checks.values:
        return Chip("convergence", "Not converged", "; ".join(checks.reasons), "bad")
    values = checks.values
    r_hat = max(values.get(f"{kind}_r_hat", 1.0) for kind in DIAGNOSED)
    ess = min(values.get(f"{kind}_ess", np.inf) for kind in DIAGNOSED)
    divergences = f"{values['divergences']:.0f} divergence{'' if values['divergences'] == 1 else 's'}"
    detail = f"max R-hat {r_hat:.3f}, min ESS {ess:,.0f}, {divergences}, E-BFMI {values['bfmi']:.2f}"
    if not checks.converged:
        return Chip("convergence", "Not converged", detail, "bad")
    return Chip("convergence", "Converged", detail, "good")


def ppc_chip(checks: pd.DataFrame, mark: str = "") -> Chip:
    """Return how many posterior predictive checks are outside their 95% interval, and whether these are too many."""
    if checks.empty:
        return Chip("model fit", "Model fit", "no test statistic varies, so none can be checked", "none")
    outside, count = int((checks["status"] != "").sum()), len(checks)
    expected = 0.05 * count
    number = f"{expected:.1f}" if expected < 1.95 else f"{expected:.0f}"
    state: State = "good" if reproduced(checks) else "bad" if outside > 2 * expected else "notice"
    how = "more" if outside > float(number) else "farther outside"  # as the numbers are shown
    more = "" if state == "good" else f"; {how} than expected, joint p = {checks['p_joint'].min():.2g}"
    detail = f"{outside} of {count} posterior predictive checks outside the 95% interval ({number} expected{more})"
    return Chip("model fit", "Model fit", with_mark(detail, mark), state)


def sensitivity_chip(answer: SecurityAnswer | None, noun: str, mark: str = "") -> Chip:
    """Return the range of the share that is earned secure over the definitions around the chosen one.

    It is about the people of the study, which is said where the answer is about new people of each arm.
    """
    shares = answer.security["sensitivity"].values.ravel() if answer else np.array([])
    known = shares[np.isfinite(shares)]
    if answer is None or not len(known):
        return Chip("sensitivity", "Sensitivity", "cannot be assessed", "none")
    low, high = f"{known.min():.0%}", f"{known.max():.0%}"
    span = low if low == high else f"{low.removesuffix('%')}–{high}"
    over = f"{len(known)} definitions" if len(known) == len(shares) else f"{len(known)} of {len(shares)} definitions"
    turns = known.min() < 0.5 <= known.max()  # whether half of the people are secure then depends on the definition
    of_arms = f"(these {count_of(answer.security.sizes['person'], noun)}, all arms)"
    whose = of_arms if answer.curves.sizes["arm"] > 1 else "of earned security"
    detail = with_mark(f"{span} across {over} {whose}", mark)
    return Chip("sensitivity", "Sensitivity", detail, "notice" if turns else "none")


def learning_chip(test: PermutationTest | None, mark: str = "") -> Chip:
    """Return whether learning from outcomes is shown by the outcome-permutation test."""
    if test is None:
        return Chip("learning", "Learning", "permutation test not run (--permutation-test)", "none")
    if not test.n_permutations:
        return Chip("learning", "Learning", "cannot be tested: no outcomes can be exchanged", "none")
    detail = f"{test.verdict} (permutation test: p = {test.p:.2g}, {test.n_permutations} permutations)"
    return Chip("learning", "Learning", with_mark(detail, mark), "good" if test.verdict == "shown" else "notice")


def comparison_chip(model: str, ranking: pd.DataFrame | None, mark: str = "") -> Chip:
    """Return how the model ranks among others; every rank depends on the fits of all of them."""
    kind, name = "comparison", "Model comparison"
    if ranking is None or not len(ranking):
        return Chip(kind, name, "not run (iwm compare)", "none")
    status = ranking["status"] if "status" in ranking else pd.Series(CONVERGED, index=ranking.index)
    marks = dict.fromkeys([*([mark] if mark else []), *(one for one in status if one not in (CONVERGED, *FAILED))])
    detail, state = rank_text(model, ranking)
    if failed := list(map(str, ranking.loc[status.isin(FAILED), "model"])):
        fits = f"the fit{'s' if len(failed) > 1 else ''} of {listed(failed)} {'have' if len(failed) > 1 else 'has'}"
        detail, state = f"{detail}; do not rely on it: {fits} not converged", "bad"
    return Chip(kind, name, with_mark(detail, ", ".join(marks)), state)


def rank_text(model: str, ranking: pd.DataFrame) -> tuple[str, State]:
    """Return the rank of a model in words, and whether another one predicts better."""
    own, best = ranking.loc[ranking["model"] == model].iloc[0], ranking.iloc[0]
    difference = f"ELPD difference {abs(own['elpd_diff']):.1f}, SE {own['dse']:.1f}"
    if own["decision"] == BEST:
        close = int((ranking["decision"] == NOT_DISTINGUISHABLE).sum())
        also = f"; {close} not distinguishable from it" if close else ""
        return f"highest ELPD of {len(ranking)} models{also}", "good"
    if own["decision"] == NOT_DISTINGUISHABLE:
        return f"not distinguishable from {best['model']} ({difference})", "good"
    return f"{best['model']} predicts better ({difference})", "notice"


def with_mark(detail: str, mark: str) -> str:
    """Return a detail with the status of an approximation."""
    return f"{detail} [{mark}]" if mark else detail
