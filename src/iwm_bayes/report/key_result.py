"""The key result of a fit, from which report and terminal read: question, answer, facts, and whether to trust it.

A fit that has not converged has no answer: the key result then says what to do, and holds no number of the answer. In
an approximation every sentence with a number ends with its status.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.data.binding import participants_noun, study_question, wants
from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.estimand import line_table
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.report.answer.arms import arm_answer
from iwm_bayes.report.answer.beliefs import belief_answer, most_met_figure
from iwm_bayes.report.answer.checks import (
    Chip,
    comparison_chip,
    convergence_chip,
    learning_chip,
    ppc_chip,
    sensitivity_chip,
    with_mark,
)
from iwm_bayes.report.answer.learned_share import learned_share_sentences
from iwm_bayes.report.answer.outcomes import outcome_sentences
from iwm_bayes.report.answer.reliability import reliability_answer
from iwm_bayes.report.answer.security import (
    Answer,
    Fact,
    figure_order,
    not_assessed,
    other_figure,
    security_answer,
)
from iwm_bayes.report.answer.words import count_of, is_role, sentence_case
from iwm_bayes.report.dyads.answer import dyad_answer, dyad_question
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow.analysis import permutation_test_of

MAX_OTHER_FIGURES = 3  # with a sentence of their own; a table has all
NUMBERING = "Sessions are numbered for each person, from the first session with this attachment figure."


class KeyResult(NamedTuple):
    """What a study asked, what the fit answers, and whether the answer may be trusted."""

    question: str
    usable: bool  # False where the fit has not converged: then there is no answer, and `remedies` say what to do
    mark: str  # the status of an approximation, which ends every sentence with a number; empty in a converged fit
    about: str  # a title of the answer, such as "Time to earned security with the therapist"
    figure: str  # that the answer is about; empty where it is about none in particular
    statement: str  # the answer in one sentence: its first part ...
    uncertainty: str  # ... and the rest, with the interval
    facts: tuple[Fact, ...]  # two to four numbers; `value` and `meaning` read as one sentence
    chips: tuple[Chip, ...]  # convergence, model fit, sensitivity, learning, comparison
    sentences: tuple[str, ...]  # further answers: what cannot be assessed, other figures, whether targets agree
    remedies: tuple[str, ...]  # what to do about a fit that has not converged
    reasons: tuple[str, ...]  # why it has not

    @property
    def headline(self) -> str:
        """Return the answer as one sentence."""
        return f"{self.statement}{self.uncertainty}"

    def chip(self, kind: str) -> Chip:
        """Return the chip of one kind: "convergence", "model fit", "sensitivity", "learning" or "comparison"."""
        return next(chip for chip in self.chips if chip.kind == kind)


def default_question(
    noun: str, figure: str, has_arms: bool, asks_security: bool, asks_reliability: bool = False
) -> str:
    """Return the question of a study that states none, made from the figure that its answer is about."""
    if asks_reliability:
        return f"How reliable are the parameters of {noun} from wave to wave?"
    if not asks_security:
        return f"How do the beliefs of {noun} change from session to session?"
    about = f" with their {figure}" if is_role(figure) else ""
    return f"How many sessions until {noun} feel secure{about}{', and do groups differ' if has_arms else ''}?"


def not_usable(convergence: ConvergenceChecks, advice: Sequence[str], question: str) -> KeyResult:
    """Return the key result of a fit that has not converged, or was interrupted: what to do, and no number of it."""
    statement = (
        "This run was interrupted, so there is no result yet."
        if convergence.partial
        else "This fit has not converged, so there is no result yet."
    )
    remedies = [f"{sentence_case(sentence)}." for sentence in advice]
    return KeyResult(
        question=question,
        usable=False,
        mark=convergence.status,
        about="No result",
        figure="",
        statement=statement,
        uncertainty=" Its numbers must not be used.",
        facts=(),
        chips=(convergence_chip(convergence),),
        sentences=(),
        remedies=tuple(remedies) or ("Fit again, with more draws (--draws).",),
        reasons=tuple(f"{sentence_case(reason)}." for reason in convergence.reasons),
    )


class Assessed(NamedTuple):
    """The answers of a study toward figures that can be assessed, and why the others cannot."""

    answers: tuple[SecurityAnswer, ...]  # that of the most frequent figure in front
    why_not: tuple[str, ...]  # sentences

    @property
    def first(self) -> SecurityAnswer | None:
        """Return the answer that the key result is about."""
        return self.answers[0] if self.answers else None

    @property
    def figure(self) -> str:
        """Return the figure that the key result is about; empty where none can be assessed."""
        return str(self.first.curves.attrs["figure"]) if self.first else ""


def assessed_figures(data: xr.Dataset, security: Mapping[str, SecurityAnswer]) -> Assessed:
    """Return which figures can be assessed, and why others cannot."""
    noun, ordered = participants_noun(data), [security[figure] for figure in figure_order(data, security)]
    reasons = [not_assessed(answer, noun) for answer in ordered]
    can = [answer for answer, reason in zip(ordered, reasons, strict=True) if not reason]
    return Assessed(tuple(can), tuple(reason for reason in reasons if reason))


def has_several_arms(answer: SecurityAnswer) -> bool:
    """Return whether a study has arms: the first is everyone."""
    return answer.curves.sizes["arm"] > 1


def study_answer(
    model: ModelSpec, fit: xr.DataTree, found: Assessed, noun: str, waves: xr.Dataset | None = None
) -> Answer:
    """Return the answer of a study, with all sentences that go with it; `waves` is the reliability of its waves."""
    data, first = fit["constant_data"].to_dataset(), found.first
    people, reliability = data.sizes["person"], waves and reliability_answer(model, waves, noun)
    if first is None:
        answer = reliability or belief_answer(model, fit, noun)
    elif has_several_arms(first):
        answer = arm_answer(first, data, noun)
    else:
        answer = security_answer(first, people, noun, names_figure=len(found.answers) > 1)
    others = [other_figure(other, people, noun) for other in found.answers[1:]]
    sentences = [*answer.sentences, *others, *found.why_not]
    sentences += [reliability.headline] if first and reliability else []
    numbering = [NUMBERING] if first else []
    shown = [*shortened(sentences, len(answer.sentences) + MAX_OTHER_FIGURES), *numbering]
    return answer._replace(sentences=tuple(shown))


def key_result(
    model: ModelSpec,
    fit: xr.DataTree,
    results: Results,
    convergence: ConvergenceChecks,
    advice: Sequence[str] = (),
    ranking: pd.DataFrame | None = None,
) -> KeyResult:
    """Return the key result of a fit.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    results
        What `compute_results` returns for them.
    convergence
        What `check_convergence` returns, with the medians of time to earned security.
    advice
        What to try, where the fit has not converged.
    ranking
        The first ranking of a comparison that includes the model.
    """
    data = fit["constant_data"].to_dataset()
    noun, found = participants_noun(data), assessed_figures(data, results.security)
    first = found.first
    asks_security = wants(data, "earned_security") and not model.members  # of a dyad its members have reports
    question = study_question(data) or (
        dyad_question(model)
        if model.members
        else default_question(
            noun,
            found.figure or most_met_figure(data),
            first is not None and has_several_arms(first),
            asks_security,
            first is None and "reliability" in results.datasets,
        )
    )
    if not convergence.converged:
        return not_usable(convergence, advice, question)
    if model.members:
        answer = dyad_answer(model, results)
    else:
        answer = study_answer(model, fit, found, noun, results.datasets.get("reliability"))
        further = [*outcome_sentences(model, fit, results)]
        if "learned_share" in results.datasets:
            further += learned_share_sentences(model, results.datasets["learned_share"])
        answer = answer._replace(sentences=(*answer.sentences, *further))
    mark = convergence.status if convergence.approximate else ""
    return KeyResult(
        question=question,
        usable=True,
        mark=mark,
        about=answer.about,
        figure=found.figure,
        statement=answer.statement,
        uncertainty=with_mark(answer.uncertainty, mark),
        facts=tuple(fact._replace(meaning=with_mark(fact.meaning, mark)) for fact in answer.facts),
        chips=(
            convergence_chip(convergence),
            ppc_chip(check_lines(results), mark),
            *([sensitivity_chip(first, noun, mark)] if asks_security else []),
            *([] if model.members else [learning_chip(permutation_test_of(fit), mark)]),
            comparison_chip(model.name, ranking, mark),
        ),
        sentences=tuple(with_mark(one, mark if has_number(one) else "") for one in answer.sentences),
        remedies=(),
        reasons=(),
    )


def check_lines(results: Results) -> pd.DataFrame:
    """Return the posterior predictive checks; an empty table where there are none."""
    return line_table(results.datasets["ppc"]) if "ppc" in results.datasets else pd.DataFrame()


def has_number(sentence: str) -> bool:
    """Return whether a sentence has a number, which a status must mark."""
    return any(sign.isdigit() for sign in sentence)


def shortened(sentences: Sequence[str], longest: int) -> list[str]:
    """Return the first sentences, and how many more there are."""
    if len(sentences) <= longest + 1:
        return list(sentences)
    more = count_of(len(sentences) - longest, "figures")
    return [*sentences[:longest], f"{more} more: see the table of time to earned security."]
