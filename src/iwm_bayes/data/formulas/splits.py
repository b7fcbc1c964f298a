"""Split a covariate that changes from session to session: the person's mean, and the deviation from it.

    between(x)[person]        = mean of x over the person's sessions
    within(x)[event, person]  = x[event, person] - between(x)[person]

A person's mean, and how far a session is from it, can have different effects. People may learn more at sessions before
which they did more homework than usual (within). And people who do more homework may learn faster at every session
(between). One coefficient of `x` mixes the two. Raudenbush & Bryk (2002), Hierarchical Linear Models, ch. 5; Wang &
Maxwell (2015), doi:10.1037/met0000030.

The mean is over all sessions, so that it changes with each session of a person who is still in therapy. A prediction of
the next session (`comparison`, lfo) thus knows it from later ones, too. The deviations of a person have a mean of 0: an
average "at every session" at another value of within(x) is one of sessions, and of nobody's whole therapy.

In a formula the two are functions of one column. They are made from the table of sessions before a design is evaluated,
and are columns with names of their own there: `within(mood)`.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

SPLITS = ("between", "within")
SPLIT_CALL = re.compile(r"`[^`]*`|\b(between|within)\s*\(\s*(?:`([^`]*)`|([^()`,=\s]+))\s*\)")
SPLIT_NAME = re.compile(r"(between|within)\((.*)\)")


def with_split_names(formula: str) -> str:
    """Return a formula in which `within` and `between` of a column are names of columns, in backquotes."""

    def as_name(match: re.Match[str]) -> str:
        part, quoted, plain = match.groups()
        return f"`{part}({quoted or plain})`" if part else match.group()

    return SPLIT_CALL.sub(as_name, formula)


def split_of(name: str) -> tuple[str, str] | None:
    """Return the part and the column of "within(mood)"; None for any other name."""
    found = SPLIT_NAME.fullmatch(name)
    return (found.group(1), found.group(2)) if found else None


def split_values(part: str, values: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Return a part of a covariate, (row,) as `values` and the `person` of each row; NaN where a value is missing.

    A person without any value has no mean.
    """
    code = np.unique(person, return_inverse=True)[1]
    recorded = ~np.isnan(values)
    counts = np.bincount(code, recorded)
    with np.errstate(invalid="ignore"):
        mean = (np.bincount(code, np.where(recorded, values, 0.0)) / counts)[code]
    return mean if part == "between" else values - mean


def base_columns(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return names of covariates with the column of the table in place of a part of it, as mood for within(mood)."""
    return {split[1] if (split := split_of(name)) else name: value for name, value in names.items()}
