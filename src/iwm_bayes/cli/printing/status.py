"""The status of a fit in three lines: convergence, model fit, and learning; or what is wrong and what to try."""

from collections.abc import Mapping, Sequence
from typing import Any

from iwm_bayes.cli.printing.layout import Line, labelled, paragraph
from iwm_bayes.report.answer.checks import Chip
from iwm_bayes.report.answer.words import sentence_case
from iwm_bayes.report.key_result import KeyResult

GOOD, DOUBTFUL, BAD, NEUTRAL = "✓ ", "! ", "✗ ", "  "  # marks in front of a status
STYLES = {GOOD: "green", DOUBTFUL: "yellow", BAD: "red", NEUTRAL: ""}
MARKS = {"good": GOOD, "notice": DOUBTFUL, "bad": BAD, "none": NEUTRAL}  # by state of a chip
LABEL = 16  # columns of the mark and the name of a status
KINDS = ("convergence", "model fit", "learning")  # of chips, in this order


def status_lines(mark: str, name: str, text: str, width: int) -> list[Line]:
    """Return the line of a status, behind its mark."""
    return labelled(f"{mark}{name}", text, width, LABEL, STYLES[mark])


def chip_lines(chip: Chip, width: int) -> list[Line]:
    """Return the line of one check of an answer."""
    return status_lines(MARKS[chip.state], chip.name, chip.detail.replace("posterior predictive", "predictive"), width)


def three_lines(key: KeyResult, width: int) -> list[Line]:
    """Return the status of a usable fit: convergence, model fit, and learning, which is not tested in dyads."""
    chips = [chip for kind in KINDS for chip in key.chips if chip.kind == kind]
    return [line for chip in chips for line in chip_lines(chip, width)]


def problem_lines(key: KeyResult, width: int) -> list[Line]:
    """Return what is wrong with a fit that cannot be used, and what to try, in place of its result."""
    return problems(key.chip("convergence").name, key.reasons, key.remedies, width)


def problems(name: str, reasons: Sequence[str], remedies: Sequence[str], width: int) -> list[Line]:
    """Return the status of a fit that cannot be used, the reasons, and what to try."""
    lines = status_lines(BAD, name, "there is no result; do not use the numbers of this fit", width)
    for title, sentences in (("What is wrong", reasons), ("What to try", remedies)):
        lines += [Line(""), Line("", title, "bold")] if sentences else []
        lines += [line for sentence in sentences for line in bullet(sentence, width)]
    return lines


def problems_of_run(facts: Mapping[str, Any], width: int) -> list[Line]:
    """Return the same of a run that is read from its folder."""
    name = "Interrupted" if facts["partial"] else "Not converged"
    reasons, remedies = (
        [f"{sentence_case(sentence)}." for sentence in facts.get(key, [])] for key in ("reasons", "advice")
    )
    return problems(name, reasons, remedies, width)


def bullet(text: str, width: int) -> list[Line]:
    """Return an entry of a list."""
    first, *others = paragraph(text, width, 4)
    return [first._replace(text=f"  - {first.text[4:]}"), *others]
