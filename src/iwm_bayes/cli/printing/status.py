"""The status of a fit in three lines: convergence, model fit, and learning; or what is wrong and what to try."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from iwm_bayes.cli.printing.layout import Line, labelled, paragraph
from iwm_bayes.diagnostics.convergence_checks import MAX_R_HAT
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.diagnostics.predictive_checks import largest_discrepancy, reproduced
from iwm_bayes.report.text import fit_status

GOOD, DOUBTFUL, BAD, NEUTRAL = "✓ ", "! ", "✗ ", "  "  # marks in front of a status
STYLES = {GOOD: "green", DOUBTFUL: "yellow", BAD: "red", NEUTRAL: ""}
LABEL = 17  # columns of the mark and the name of a status
OF_LEARNING = {"shown": GOOD, "not shown": DOUBTFUL, "unclear": DOUBTFUL}


def status_lines(mark: str, name: str, text: str, width: int) -> list[Line]:
    """Return the line of a status, behind its mark."""
    return labelled(f"{mark}{name}", text, width, LABEL, STYLES[mark])


def diagnostics_text(values: Mapping[str, float]) -> str:
    """Return the worst diagnostics of group-level, derived and person-level quantities.

    The limits of person-level quantities are wider. Their R-hat is named where it is above the limit of the others.
    """
    group = max(values["group_r_hat"], values.get("derived_r_hat", 1.0))
    worst = max(group, values["person_r_hat"])
    r_hat = f"{worst:.3f}" if worst <= MAX_R_HAT else f"{group:.3f} ({values['person_r_hat']:.3f} of people)"
    ess = min(values["group_ess"], values.get("derived_ess", float("inf")), values["person_ess"])
    divergences = f"{values['divergences']:.0f} divergence{'' if values['divergences'] == 1 else 's'}"
    return f"max R-hat {r_hat}, min ESS {ess:,.0f}, {divergences}, E-BFMI {values['bfmi']:.2f}"


def convergence_lines(facts: Mapping[str, Any], width: int) -> list[Line]:
    """Return the status of convergence, from the manifest of a run."""
    if facts["partial"]:
        return status_lines(BAD, "Partial", f"{facts['partial']}: do not use these numbers", width)
    if not facts["exact"]:
        confirm = "intervals may be too narrow; confirm important results with --method nuts"
        return status_lines(DOUBTFUL, "Approximate", f"method {facts['method']}: {confirm}", width)
    return status_lines(GOOD, "Converged", diagnostics_text(facts["convergence"]), width)


def model_fit_lines(checks: pd.DataFrame | None, mark_of_fit: str, width: int) -> list[Line]:
    """Return the result of the posterior predictive checks, with the mark of an approximate fit."""
    if checks is None or checks.empty:
        return status_lines(NEUTRAL, "Model fit", "no test statistic varies, so none can be checked", width)
    outside, smallest = checks[checks["status"] != ""], checks["p_joint"].min()
    counts = f"{len(outside)} of {len(checks)} predictive checks outside the 95% interval ({0.05 * len(checks):.0f} expected)"
    if reproduced(checks):
        return status_lines(GOOD, "Model fit", f"{counts}{mark_of_fit}", width)
    furthest = largest_discrepancy(outside if len(outside) else checks, 1)
    text = f"{counts}{mark_of_fit}; more than expected (joint p = {smallest:.2g}), most of all in {furthest}"
    return status_lines(DOUBTFUL, "Model fit", text, width)


def learning_lines(test: PermutationTest | None, width: int) -> list[Line]:
    """Return the result of the outcome-permutation test."""
    if test is None:
        return status_lines(NEUTRAL, "Learning", "permutation test not run (--permutation-test)", width)
    if not test.n_permutations:
        return status_lines(NEUTRAL, "Learning", "cannot be tested: nobody's outcomes can be exchanged", width)
    how = f"outcome-permutation test: p = {test.p:.2g}, {test.n_permutations} permutations"
    return status_lines(OF_LEARNING[test.verdict], "Learning", f"{test.verdict} ({how})", width)


def fit_mark(facts: Mapping[str, Any]) -> str:
    """Return what marks every number of a fit that is an approximation or has not converged; empty for others."""
    status = fit_status(facts)
    return "" if status == "converged" else f" [{status}]"


def is_usable(facts: Mapping[str, Any]) -> bool:
    """Return whether the numbers of a run may be shown as its result."""
    return bool(facts["converged"]) and not facts["partial"]


def three_lines(
    facts: Mapping[str, Any], checks: pd.DataFrame | None, test: PermutationTest | None, width: int
) -> list[Line]:
    """Return the status of a usable fit: convergence, model fit, and learning."""
    return [
        *convergence_lines(facts, width),
        *model_fit_lines(checks, fit_mark(facts), width),
        *learning_lines(test, width),
    ]


def problem_lines(facts: Mapping[str, Any], width: int) -> list[Line]:
    """Return what is wrong with a fit that cannot be used, and what to try, in place of its result."""
    name = "Partial" if facts["partial"] else "Not converged"
    lines = status_lines(BAD, name, "do not use the numbers of this fit", width)
    for title, sentences in (("What is wrong", facts["reasons"]), ("What to try", facts["advice"])):
        lines += [Line(""), Line("", title, "bold")] if sentences else []
        lines += [line for sentence in sentences for line in bullet(f"{sentence[:1].upper()}{sentence[1:]}.", width)]
    return lines


def bullet(text: str, width: int) -> list[Line]:
    """Return an entry of a list."""
    first, *others = paragraph(text, width, 4)
    return [first._replace(text=f"  - {first.text[4:]}"), *others]
