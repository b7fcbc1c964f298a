"""The answer of a study with arms: what new people of each arm reach, and the difference, which is the claim.

A difference between the people of the study is about this sample; one between new people is about the treatments. The
answer is about new people, and says so where these people differ (see `estimands.security.by_arm`).
"""

from typing import Literal, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.by_arm import person_arms, risk_differences
from iwm_bayes.report.answer.security import (
    Answer,
    Fact,
    baseline_fact,
    half_text,
    qualifications,
    security_answer,
    security_title,
    share_fact,
)
from iwm_bayes.report.answer.words import Quantity, listed, probability, quantity, share


def arm_answer(answer: SecurityAnswer, data: xr.Dataset, noun: str) -> Answer:
    """Return the answer of a study with arms, toward a figure that can be assessed.

    Where one arm cannot be assessed, arms are not compared, and the answer is that of a study without arms.
    """
    people, arm_word = data.sizes["person"], str(person_arms(data).name)
    new, own = risk_differences(answer.new_curves), risk_differences(answer.curves)
    last = int(new["session"])
    if not last or not new.notnull().any():
        whole = security_answer(answer, people, noun, False)
        short = [str(arm) for arm in answer.curves["arm"].values[1:] if not int(answer.curves["last"].sel(arm=arm))]
        return whole._replace(sentences=(*whole.sentences, not_compared(short, arm_word)))
    names = [str(arm) for arm in answer.curves["arm"].values[1:]]
    probability_by = answer.new_curves["probability"].sel(session=last)
    medians = [share(probability_by.isel(arm=index + 1).values).median for index in range(len(names))]
    statement = arm_statement(last, medians, [f"{arm_word} {name}" for name in names], noun)
    facts = [
        arm_fact(answer.new_curves, index + 1, last, f"{arm_word} {name}", noun) for index, name in enumerate(names)
    ]
    uncertainty = "."
    if len(names) == 2:
        contrast = higher_first(new.isel(arm=0).values, (names[1], names[0]))
        difference = points(contrast.draws)
        shown = f" more in {contrast.arms[0]}" if direction(contrast.draws) != "not shown" else ""
        so = "" if shown else ", so it is not shown that groups differ"
        uncertainty = f": {difference.median} percentage points{shown or ' apart'} ({difference.interval}){so}."
        facts += [difference_fact(contrast), baseline_fact(answer.curves, people, noun)]
    sentences = [f"New {noun} are others of the same population, who receive the care of their group."]
    for index, arm in enumerate(names[1:]):
        contrast = higher_first(new.isel(arm=index).values, (arm, names[0]))
        sign = 1.0 if contrast.arms[0] == arm else -1.0
        sentences.append(comparison_sentence(contrast, sign * own.isel(arm=index).values, people, noun))
    extra = (*sentences, *qualifications(answer, noun))
    return Answer(security_title(answer.curves.attrs["figure"]), statement, uncertainty, tuple(facts), extra)


def arm_statement(last: int, medians: list[str], arms: list[str], noun: str) -> str:
    """Return who reaches earned security by which session, with the share of each arm."""
    (first, *others), (first_arm, *other_arms) = medians, arms
    begin = f"{first} of new {noun} who were insecure at baseline reach earned security in {first_arm}"
    more = [f"{median} in {arm}" for median, arm in zip(others, other_arms, strict=True)]
    return f"By session {last}, {listed([begin, *more])}"


class Contrast(NamedTuple):
    """A difference of shares between two arms, in the direction in which its median is not below 0."""

    arms: tuple[str, str]  # the first minus the second
    draws: np.ndarray


def higher_first(draws: np.ndarray, arms: tuple[str, str]) -> Contrast:
    """Return a difference between two arms in the direction in which its median is not below 0."""
    return Contrast(arms, draws) if median_ci90(draws)[0] >= 0 else Contrast((arms[1], arms[0]), -draws)


def points(draws: np.ndarray) -> Quantity:
    """Return draws of a difference of shares as text, in percentage points."""
    return quantity(100.0 * draws, "{:.0f}")


def not_compared(short: list[str], arm_word: str) -> str:
    """Return that arms are not compared, and in which too few people are observed."""
    where = f" in {arm_word} {listed(short)}" if short else ""
    return f"The groups cannot be compared: too few people{where} are observed for long enough."


def arm_fact(curves: xr.Dataset, arm: int, last: int, name: str, noun: str) -> Fact:
    """Return the share of new people of an arm who reach earned security, and when half of them do."""
    draws = curves["probability"].isel(arm=arm).sel(session=last).values
    half = half_text(curves, arm)
    when = f"; median: session {half.text}" if half else "; median not reached"
    fact = share_fact(draws, f"of these new {noun} in {name} reach it by session {last}")
    return fact._replace(meaning=f"{fact.meaning}{when}")


def difference_fact(contrast: Contrast) -> Fact:
    """Return the difference between two arms, with its interval and the probability that it is above 0."""
    number, (one, other) = points(contrast.draws), contrast.arms
    above = f"probability that it is above 0: {probability(contrast.draws)}"
    return Fact(number.median, f"percentage points: {one} minus {other} ({number.interval}; {above})")


def direction(draws: np.ndarray) -> Literal["higher", "lower", "not shown"]:
    """Return what the 90% interval of a difference shows."""
    _, low, high = median_ci90(draws)
    return "higher" if low > 0 else "lower" if high < 0 else "not shown"


def comparison_sentence(contrast: Contrast, own: np.ndarray, people: int, noun: str) -> str:
    """Return the difference among the people of the study, and whether that among new people agrees.

    `own` is the difference among the people of the study, in the direction of `contrast`, which is about new people.
    """
    one, other = contrast.arms
    ours, theirs = direction(own), direction(contrast.draws)
    number = points(own)
    who = f"those of these {people} {noun} who were insecure at baseline"
    begin = f"Among {who}, {one} minus {other} is {number.median} percentage points"
    begin = f"{begin} ({number.interval})."
    if ours == theirs:
        return begin
    words = {"higher": f"higher in {one}", "lower": f"lower in {one}", "not shown": "not shown to differ"}
    return (
        f"{begin} The two answers differ: the share is {words[ours]} among these {noun}, and {words[theirs]} among new "
        f"{noun}. A claim about treatments is about new {noun}."
    )
