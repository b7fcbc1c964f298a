"""What an estimand is to the rest of the program: how it is computed, shown, explained, and left out.

`registry` lists all of them. Whoever adds an estimand writes one file with an `Estimand` in it, and one line there.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.types import GENERALISED, ModelSpec

CI90 = "90% credible interval"  # words that the explanations of several tables share
LINK_SCALE = "the link scale (log-odds of a parameter in 0–1, logarithm of a parameter above 0)"
GENERALISED_MEANING: Mapping[str, str] = {
    GENERALISED: "beliefs that the model implies about a new attachment figure; not measured"
}


class Shared(NamedTuple):
    """Results that several estimands are made from, computed once for each fit."""

    security: Mapping[str, SecurityAnswer]  # by figure; empty where the study wants nothing that is made from it
    datasets: Mapping[str, xr.Dataset] = {}  # of estimands that were computed before, by name


class Estimand(NamedTuple):
    """A quantity that answers a question of a study, with everything that is said about it."""

    name: str  # of its table's file
    title: str
    compute: Callable[[ModelSpec, xr.DataTree, Shared], xr.Dataset | None]  # None: this study or model has none
    table: Callable[[xr.Dataset], pd.DataFrame]  # numbers, and columns of labels; without a line: not shown
    glossary: str  # what it is, in a sentence or two
    columns: Mapping[str, str] = {}  # what columns of the table, and words in it, mean
    section: Literal["answer", "parameters", "file"] = "answer"  # of terminal and report; "file": in the folder only
    plot: str = ""  # "module:function" of a function of the dataset that returns plots by name; a file for each
    part: str = ""  # the name in a study's `estimands` that asks for it; without one, it is always computed
    on_request: bool = False  # only by an option of `iwm fit`
    about: Literal["people", "dyads", "both"] = "people"  # "people": of a dyad, computed for each member
    answers: Callable[[xr.Dataset], Mapping[str, xr.DataArray]] | None = None  # of its table, in words, (chain, draw)


def as_lines(table: pd.DataFrame) -> xr.Dataset | None:
    """Return a table as a Dataset over the dim `line`, one variable per column; None if it has no line."""
    if not len(table):
        return None
    return xr.Dataset({str(name): ("line", column.to_numpy()) for name, column in table.items()})


def line_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Return a Dataset over the dim `line` as a table, as `as_lines` was given it."""
    return pd.DataFrame({str(name): variable.values for name, variable in dataset.data_vars.items()})
