"""Time to earned security toward one figure, in the words and numbers of a key result.

The people of the study are the target, unless a sentence says "new".
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.estimands.security.projection import SESSIONS_UNTIL_COMPLETE
from iwm_bayes.estimands.security.survival import MIN_AT_RISK
from iwm_bayes.report.answer.words import (
    Quantity,
    count_of,
    quantity,
    sentence_case,
    share,
    singular,
    the_figure,
    with_figure,
)
from iwm_bayes.types import GENERALISED

NOTABLE_SHARE = 0.01  # of people: a smaller share is not mentioned


class Fact(NamedTuple):
    """A number of the answer, and what it means; both together read as a sentence."""

    value: str
    meaning: str


class SecondFact(Fact):
    """A fact that is said together with the one in front of it, or not at all."""


class Answer(NamedTuple):
    """The parts of a key result that answer the question."""

    about: str
    statement: str
    uncertainty: str
    facts: tuple[Fact, ...]
    sentences: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """Return the answer as one sentence."""
        return f"{self.statement}{self.uncertainty}"


def figure_order(data: xr.Dataset, security: Mapping[str, SecurityAnswer]) -> list[str]:
    """Return the figures of the answers: the most frequent first, and the generalised expectation last."""
    met = {name: int(session_mask(data, name).sum()) for name in security if name != GENERALISED}
    frequent = sorted(met, key=met.__getitem__, reverse=True)
    return [*frequent, *(name for name in security if name == GENERALISED)]


def insecure_count(curves: xr.Dataset, people: int) -> Quantity:
    """Return the number of people who are insecure at baseline as text."""
    return quantity(np.round(curves["insecure"].isel(arm=0).values * people), "{:.0f}")


def final_shares(curves: xr.Dataset, arm: int = 0) -> np.ndarray:
    """Return the share of an arm that is earned secure by its last session that can be assessed, (chain, draw)."""
    own = curves.isel(arm=arm)
    return own["probability"].sel(session=int(own["last"])).values


def not_assessed(answer: SecurityAnswer, noun: str) -> str:
    """Return in a sentence why earned security cannot be assessed; empty where it can."""
    curves, figure = answer.curves, answer.curves.attrs["figure"]
    last, duration, sessions = int(curves["last"][0]), int(curves.attrs["duration"]), curves.sizes["session"]
    place = sentence_case(with_figure(figure))
    if not curves["insecure"].isel(arm=0).values.any():
        return f"{place}, no {singular(noun)} was insecure at baseline, so nobody could become earned secure."
    too_few = f"{place}, {count_of(sessions, 'sessions')} {'is' if sessions == 1 else 'are'} too few to assess earned "
    if sessions < duration:
        return f"{too_few}security: it takes secure beliefs in {duration} sessions in a row."
    if not last:
        enough = f"at least {MIN_AT_RISK} {noun} who were insecure at baseline must be observed for long enough"
        return f"{place}, earned security cannot be assessed: {enough}."
    if last < duration and not np.nan_to_num(final_shares(curves)).any():
        if sessions - duration + 1 != last:  # there are sessions enough, but not people
            few = f"too few {noun} are observed after session {last}"
            return f"{place}, earned security cannot be assessed: {few}."
        first = "session" if last == 1 else f"{last} sessions"
        return f"{too_few}security: {duration} secure sessions in a row could begin only in the first {first}."
    return ""


def half_text(curves: xr.Dataset, arm: int = 0) -> Quantity | None:
    """Return the session by which half of an arm is earned secure, as text; None where fewer than half are."""
    draws, last = curves["median_sessions"].isel(arm=arm).values, int(curves["last"][arm])
    return quantity(draws, "{:.0f}", f"more than {last}") if np.isfinite(median_ci90(draws)[0]) else None


def corrective_text(curves: xr.Dataset) -> str:
    """Return the corrective experiences until half of the people are earned secure; empty where that is not known."""
    draws = curves["median_corrective"].isel(arm=0).values
    if not np.isfinite(median_ci90(draws)[0]):
        return ""
    number = quantity(draws, "{:.0f}", "more than observed")
    return f", after {count_of(int(number.median), 'corrective experiences')} ({number.ends})"


def share_words(draws: np.ndarray) -> str:
    """Return a share with its interval, or without one where every draw has the same; "none" for 0, "all" for 1."""
    known = draws[~np.isnan(draws)]
    if len(known) and (known == known[0]).all():
        return {0.0: "none", 1.0: "all"}.get(float(known[0]), f"{known[0]:.0%}")
    return share(draws).text


def security_answer(answer: SecurityAnswer, people: int, noun: str, names_figure: bool) -> Answer:
    """Return the answer about a study without arms, toward a figure that can be assessed."""
    curves, figure = answer.curves, answer.curves.attrs["figure"]
    last, half = int(curves["last"][0]), half_text(curves)
    there = f" {with_figure(figure)}" if names_figure else ""
    who = f"the {noun} who were insecure at baseline"
    if half is not None:
        statement = f"Half of {who} had reached earned security{there} by session {half.median}"
        uncertainty = f" ({half.interval}){corrective_text(curves)}."
    else:
        statement = f"Fewer than half of {who} had reached earned security{there} by session {last}"
        reached = share_words(final_shares(curves))
        uncertainty = f", the last session that can be assessed: {reached}."
    facts, sentences = security_facts(answer, people, noun), qualifications(answer, noun)
    return Answer(security_title(figure), statement, uncertainty, facts, tuple(sentences))


def baseline_fact(curves: xr.Dataset, people: int, noun: str) -> Fact:
    """Return how many people were insecure at baseline."""
    insecure = insecure_count(curves, people)
    were = "was" if people == 1 else "were"
    return Fact(
        f"{insecure.median} of {people}",
        f"{singular(noun) if people == 1 else noun} {were} insecure at baseline ({insecure.interval})",
    )


def share_fact(draws: np.ndarray, meaning: str) -> Fact:
    """Return a share with what it means and its interval, which is left out where it is the same in every draw."""
    words = share_words(draws)
    if "CrI" not in words:
        return Fact(sentence_case(words), meaning)
    number = share(draws)
    return Fact(number.median, f"{meaning} ({number.interval})")


def security_facts(answer: SecurityAnswer, people: int, noun: str) -> tuple[Fact, ...]:
    """Return four facts: insecure at baseline, earned secure by the last session, new people, and chance level."""
    curves, last = answer.curves, int(answer.curves["last"][0])
    chance = float(curves["chance_level"].sel(session=last))
    return (
        baseline_fact(curves, people, noun),
        share_fact(
            final_shares(curves), f"of them were earned secure by session {last}, the last that can be assessed"
        ),
        share_fact(
            answer.new_curves["probability"].isel(arm=0).sel(session=last).values,
            f"of new {noun} who are insecure at baseline would be, under the same care",
        ),
        Fact(f"{chance:.0%}", "would be under uninformative care (chance level)"),
    )


def other_figure(answer: SecurityAnswer, people: int, noun: str) -> str:
    """Return the answer toward one more figure in a sentence."""
    curves, last, half = answer.curves, int(answer.curves["last"][0]), half_text(answer.curves)
    figure = curves.attrs["figure"]
    place = "In their generalised expectation (implied by the model, not measured)"
    place = place if figure == GENERALISED else sentence_case(with_figure(figure))
    insecure = insecure_count(curves, people)
    by_half = f"Half of them had reached earned security by session {half.text}; " if half else ""
    by_the_end = f"by session {last}, {share_words(final_shares(curves))} had"
    return (
        f"{place}, {insecure.median} of {people} {noun} were insecure at baseline. "
        f"{by_half}{by_the_end if half else sentence_case(by_the_end) + ' reached earned security'}."
    )


def qualifications(answer: SecurityAnswer, noun: str) -> list[str]:
    """Return what must be said with an answer: sessions that end early, and people who could never be resilient."""
    sentences = []
    if answer.never_resilient >= NOTABLE_SHARE:
        sentences.append(
            f"{answer.never_resilient:.0%} of {noun} would not keep secure beliefs through one unresponsive session, "
            f"even after {SESSIONS_UNTIL_COMPLETE} responsive ones."
        )
    if answer.continued:
        sentences.append(
            f"{count_of(answer.continued, noun)} {'has' if answer.continued == 1 else 'have'} fewer sessions than "
            "others, and continue with sessions of these: the answer is about everyone, had all had as many."
        )
    return sentences


def hold_sentences(answer: SecurityAnswer) -> list[str]:
    """Return how many of those who are earned secure were tested by a rupture, and who holds without resilience."""
    tested, held_only = (float(answer.security[name].mean()) for name in ("tested_share", "held_only_share"))
    sentences = []
    if np.isfinite(tested):
        sentences.append(f"Of those who are earned secure, {tested:.0%} are tested: their hold included a rupture.")
    if held_only >= NOTABLE_SHARE:
        sentences.append(
            f"A further {held_only:.0%} hold their beliefs, but would lose them by one unresponsive session."
        )
    return sentences


def security_title(figure: str) -> str:
    """Return the title of the answer about a figure."""
    if figure == GENERALISED:
        return "Time to earned security in general"
    return f"Time to earned security with {the_figure(figure)}"
