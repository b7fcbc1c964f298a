"""How a report names people, figures and numbers: nouns with their counts, and quantities with their intervals."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.formatting import real_minus
from iwm_bayes.types import GENERALISED

IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "wives": "wife"}
ROLES = re.compile(  # names of figures that read well as "their ROLE"
    "attachment figure|caregiver|child|coach|counsell?or|dad|daughter|doctor|father|foster parent|friend|grandfather|"
    "grandmother|husband|keyworker|mentor|mom|mother|mum|nurse|parent|partner|psychotherapist|sibling|son|spouse|"
    "supervisor|teacher|therapist|trainer|wife",
    re.IGNORECASE,
)


def singular(noun: str) -> str:
    """Return the singular of a plural noun; a noun of no usual form stays as it is."""
    first, of, rest = noun.partition(" of ")
    if of:
        return f"{singular(first)}{of}{rest}"  # one of the dyads of therapists
    if noun.lower() in IRREGULAR:
        return IRREGULAR[noun.lower()]
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def count_of(number: int, noun: str) -> str:
    """Return a number with a noun in its right form, such as "1 patient" or "1,360 sessions"."""
    return f"{number:,} {singular(noun) if number == 1 else noun}"


def is_role(figure: str) -> bool:
    """Return whether a figure's name says what the figure is to people."""
    return ROLES.fullmatch(figure) is not None


def with_figure(figure: str) -> str:
    """Return a figure as the end of a phrase, such as "with their therapist"."""
    if figure == GENERALISED:
        return "in general"
    return f"with their {figure}" if is_role(figure) else f"with {figure}"


def the_figure(figure: str) -> str:
    """Return a figure as a title names it: "the therapist"; another name than that of a role as it is."""
    return f"the {figure}" if is_role(figure) else figure


def listed(items: Sequence[str]) -> str:
    """Return items as a list in a sentence: "a, b and c"."""
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def sentence_case(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def session_count(counts: np.ndarray) -> str:
    """Return how many sessions people have, such as "24 sessions", or "up to 24 sessions" where some have fewer."""
    return f"{'up to ' if np.ptp(counts) else ''}{count_of(int(counts.max()), 'sessions')}"


class Quantity(NamedTuple):
    """A posterior as text: the median, and the ends of its 90% credible interval."""

    median: str
    low: str
    high: str

    @property
    def ends(self) -> str:
        """Return the interval alone, such as "12–15" or "12 to more than 19"."""
        if any(not end[:1].isdigit() for end in (self.low, self.high)):
            return f"{self.low} to {self.high}"
        return f"{self.low.removesuffix('%')}–{self.high}"

    @property
    def interval(self) -> str:
        """Return the interval with its name."""
        return f"90% CrI {self.ends}"

    @property
    def text(self) -> str:
        """Return the median with its interval."""
        return f"{self.median} ({self.interval})"


def quantity(draws: Any, form: str = "{:g}", beyond: str = "not reached") -> Quantity:
    """Return draws as text; `beyond` is written in place of a number that is not finite."""
    numbers = median_ci90(np.asarray(draws, dtype=float))
    texts = (real_minus(form.format(number)) if np.isfinite(number) else beyond for number in numbers)
    return Quantity(*texts)


def share(draws: Any) -> Quantity:
    """Return draws of a share of people as text, in per cent."""
    return quantity(draws, "{:.0%}")


def probability(draws: Any) -> str:
    """Return the probability that a difference is above 0, as text; draws of exactly 0 count half."""
    numbers = np.asarray(draws, dtype=float)
    known = numbers[~np.isnan(numbers)]
    above = float((known > 0).mean() + (known == 0).mean() / 2)
    return ">0.99" if above > 0.995 else "<0.01" if above < 0.005 else f"{above:.2f}"
