"""Guess how one column of answers is read: on which scale, or with which words.

The order of words is guessed only where it is sure (no, yes), because a wrong order turns answers round. What is not
sure has `is_sure` False, and is written as a comment.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.table import suggest_levels
from iwm_bayes.workflow.new_study.columns import Column

SCALES = (  # of which somebody used both ends
    *((0, 1), (1, 4), (0, 4), (1, 5), (0, 6), (1, 6), (1, 7), (1, 9), (0, 10), (1, 10)),
    *((0, 20), (0, 30), (10, 40), (0, 40), (0, 50), (0, 100), (1, 100)),
)
WIDE_SCALES = (  # of which the ends may be unused
    *((0, 1), (1, 5), (1, 7), (0, 10), (0, 100), (-3, 3), (-5, 5), (-10, 10), (-100, 100)),
)
MISSING_CODES = (-9, -99, -999, -9999, 99, 999, 9999)
MAX_LEVELS = 11  # words of one answer; more are free text


class Answer(NamedTuple):
    """A column of answers with the keys that say how to read it."""

    column: str
    why: str
    keys: Mapping[str, Any] = {}  # scale, levels, where, nobody
    others: tuple[Mapping[str, Any], ...] = ()  # keys that could be right in place of these
    is_sure: bool = True
    n_blank: int = 0


def all_numbers(column: Column) -> np.ndarray:
    """Return the distinct numbers of a column in order, without blanks; none where it has words."""
    if column.numbers is None:
        return np.array([])
    return np.unique(column.numbers[~np.isnan(column.numbers)])


def known_numbers(column: Column) -> np.ndarray:
    """Return the distinct numbers of a column without codes for what is missing: -99, or 999 far above others."""
    numbers = all_numbers(column)
    rest = numbers[~np.isin(numbers, MISSING_CODES)]
    if len(rest) == 0:
        return numbers
    far = (numbers > 3 * max(rest.max(), 10)) | (numbers < min(rest.min(), 0))
    return numbers[~(np.isin(numbers, MISSING_CODES) & far)]


def guess_scale(column: Column) -> tuple[dict[str, Any], tuple[dict[str, Any], ...], str]:
    """Return the scale of a column of numbers, others that would do, and what was seen.

    It is the one whose two ends were both used, or else the shortest common one that has room for all numbers.
    """
    numbers = known_numbers(column)
    low, high = float(numbers.min()), float(numbers.max())
    seen = f"values {low:g} to {high:g}"
    if len(numbers) < len(all_numbers(column)):
        seen += ", and a code for what is missing, which must be blank"
    roomy = [ends for ends in WIDE_SCALES if ends[0] <= low and high <= ends[1]]
    exact = [ends for ends in SCALES if ends == (low, high)]
    chosen = next(iter([*exact, *roomy]), None)
    if chosen is None:
        ends = (float(np.floor(low)), float(np.ceil(high)))
        return {"scale": ends}, (), f"{seen}; write the ends of the scale itself"
    longer = [ends for ends in WIDE_SCALES if ends[0] == chosen[0] and chosen[1] < ends[1] <= 2 * chosen[1]]
    as_seen = [(low, high)] if high - low < (chosen[1] - chosen[0]) / 2 else []  # a sum of items has ends of its own
    return {"scale": chosen}, tuple({"scale": ends} for ends in (*longer[:1], *as_seen)), seen


def guess_words(column: Column) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Return `levels` where the order of a column's words is sure; else nothing, and two words in both orders."""
    levels = tomllib.loads(suggest_levels(pd.Series(column.values)).replace("[...]", "[]"))["levels"]
    if levels:
        return {"levels": tuple(levels)}, ()
    words = tuple(sorted(column.values))
    return {}, (({"levels": words}, {"levels": words[::-1]}) if len(words) == 2 else ({"levels": words},))


def is_zero_one(column: Column) -> bool:
    """Return whether all answers are the numbers 0 and 1."""
    return column.numbers is not None and set(known_numbers(column)) <= {0.0, 1.0}


def guess_outcome(column: Column) -> Answer:
    """Return how to read a column as the outcome."""
    why, keys, others, is_sure = read_graded(column)
    return Answer(column.name, why, keys, others, is_sure, column.n_blank)


def read_graded(column: Column) -> tuple[str, dict[str, Any], tuple[dict[str, Any], ...], bool]:
    """Return why, keys, other keys and whether they are sure, for an answer between two ends: numbers or words."""
    if column.numbers is None:
        keys, others = guess_words(column)
        why = f"words in a known order: {quoted(column.values)}" if keys else f"words: {quoted(column.values)}"
        return (why if keys else f"{why}; put them in order, the lowest first"), keys, others, bool(keys)
    if is_zero_one(column):
        return "values 0 and 1", {"scale": (0, 1)}, (), True
    numbers = tuple(known_numbers(column))
    if len(numbers) == 2 and numbers[1] - numbers[0] == 1:  # 1 is yes and 2 is no in many a questionnaire
        others = ({"scale": numbers}, {"scale": numbers[::-1]})
        return f"values {numbers[0]:g} and {numbers[1]:g}, whose order is not known", {}, others, False
    keys, others, seen = guess_scale(column)
    return seen, keys, others, True


def quoted(values: Sequence[str], most: int = 4) -> str:
    """Return the first values in quotes."""
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(f'"{value[:40]}"' for value in values[:most]) + more
