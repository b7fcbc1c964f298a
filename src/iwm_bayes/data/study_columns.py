"""The columns of a study: what a study file says of its table, key by key."""

from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from iwm_bayes.data.table import normalise_levels
from iwm_bayes.data.toml import Name, Strict

MAX_LAG = 100  # sessions


def two_ends(scale: tuple[float, float]) -> tuple[float, float]:
    """Return the scale if its ends are two different finite numbers; ValueError if they are not."""
    if not (abs(scale[0]) < float("inf") and abs(scale[1]) < float("inf") and scale[0] != scale[1]):
        raise ValueError("give two different finite numbers")
    return scale


def two_or_more_levels(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the levels if there are two or more, each once and none blank; ValueError if not.

    Levels are compared as they are in the table: 1 and 1.0 are one answer.
    """
    distinct = set(normalise_levels(pd.Series(levels, dtype=str)))
    if "" in distinct:
        raise ValueError("a blank cell is no answer. Write a word into the table, and name it here")
    if len(distinct) < max(len(levels), 2):
        raise ValueError("name two answers or more, each once, the lowest first")
    return levels


def a_word(text: str) -> str:
    """Return the text if it is not blank; ValueError if it is."""
    if not text.strip():
        raise ValueError("a blank cell is no answer. Name a word")
    return text


def as_column(given: Any) -> Any:
    """Return one text as a column, and everything else as it is."""
    return {"column": given} if isinstance(given, str) else given


Scale = Annotated[tuple[float, float], AfterValidator(two_ends)]
Lag = Annotated[int, Field(ge=0, le=MAX_LAG)]
Levels = Annotated[tuple[Annotated[str, Field(coerce_numbers_to_str=True)], ...], AfterValidator(two_or_more_levels)]


class Rater(Strict):
    """The column in which one rater says how responsive the figure was, with the two ends of its scale."""

    column: str
    scale: Scale = (0.0, 1.0)


class Outcome(Strict):
    """Responsiveness: one column in which it was observed, or the columns of several people who rated it.

    A blank is `unseen` (nothing happened) or `unrecorded` (a form is missing). With raters it is a session that nobody
    rated.
    """

    column: str | None = None
    raters: dict[Name, Annotated[Rater, BeforeValidator(as_column)]] = Field(default_factory=dict)
    anchor: str | None = None  # the rater whose bias is 0 and whose slope is 1
    scale: Scale = (0.0, 1.0)
    levels: Levels | None = None  # words in place of a scale, at equal distances, no response first: ["no", "yes"]
    missing: Literal["unseen", "unrecorded"] | None = None
    cut: float | None = None  # in the table's units: a value at or beyond it counts as 1, one before it as 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, or the columns of all raters."""
        return tuple(rater.column for rater in self.raters.values()) if self.column is None else (self.column,)

    @model_validator(mode="after")
    def column_or_raters(self) -> "Outcome":
        """Refuse both or neither of `column` and `raters`, and what belongs to a column alone."""
        if (self.column is None) == (not self.raters):
            raise ValueError("name one `column`, or the `raters` who each have a column of their own")
        if self.raters and {"scale", "levels", "cut"} & self.model_fields_set:
            raise ValueError("`scale` belongs to each of the `raters`; `levels` and `cut` do not go with raters")
        if self.anchor is not None and self.anchor not in self.raters:
            raise ValueError("`anchor` is one of the `raters`")
        return self

    @model_validator(mode="after")
    def words_or_numbers(self) -> "Outcome":
        """Refuse `levels` together with `scale` or `cut`."""
        if self.levels is not None and ("scale" in self.model_fields_set or self.cut is not None):
            raise ValueError("`levels` are for words, `scale` and `cut` for numbers. Keep one kind")
        return self

    @model_validator(mode="after")
    def cut_on_the_scale(self) -> "Outcome":
        """Refuse a `cut` that would make every outcome the same."""
        low, high = self.scale
        if self.cut is not None and not 0 < (self.cut - low) / (high - low) <= 1:
            raise ValueError(f"`cut` is a value on the scale, after its first end {low:g} and up to {high:g}")
        return self


class ScaledColumn(Strict):
    """A number on a stated scale; the first end becomes 0, the second 1."""

    column: str
    scale: Scale = (0.0, 1.0)


class ResponseColumn(Strict):
    """The column of one response: a number on a scale, one of several answers, or the mean of several items."""

    column: str | None = None
    items: tuple[str, ...] = ()  # columns whose mean is the answer, in place of one column
    reliability: float | None = Field(default=None, gt=0, lt=1)  # of that mean: fixes the SD of the rating
    scale: Scale | None = None
    levels: Levels | None = None  # the answers in order, the lowest first
    where: dict[str, str] = Field(default_factory=dict)  # column = word: the rows in which this was asked
    nobody: Annotated[str, AfterValidator(a_word)] = "nobody"  # of a choice of figure: the word for none
    scope: Literal["event", "session"] = "event"  # given after this event, or about the session when it is over
    timing: Literal["before", "after"] | None = None  # before or after the outcome of its row; else as in the model
    lag: Lag | None = None  # of a symptom: by how many sessions it follows the beliefs; 0 is the same session
    rater: Literal["patient", "therapist", "observer"] = "patient"
    commensurable: bool = False  # asks about the outcome on the outcome's scale; if not, intercept and slope are free

    @model_validator(mode="after")
    def column_or_items(self) -> "ResponseColumn":
        """Refuse both or neither of `column` and `items`, and a `reliability` without `items`."""
        if (self.column is None) == (not self.items):
            raise ValueError("name one `column`, or several `items` whose mean is the answer")
        if self.reliability is not None and not self.items:
            raise ValueError("`reliability` belongs to the mean of several `items`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, or the columns of all items."""
        return self.items if self.column is None else (self.column,)


class WaveColumn(Strict):
    """The column of the wave to which a session belongs; session numbers may begin anew in each wave."""

    column: str
    order: Levels | None = None  # the waves in order; by default by their numbers, or as they appear
    beliefs: Literal["restarted", "carried"] = "restarted"  # whether beliefs start anew in each wave
    parameters: tuple[str, ...] | None = None  # those that differ between waves; by default all partially pooled ones


class Columns(Strict):
    """The table's names for the program's words."""

    person: str
    session: str
    wave: Annotated[WaveColumn | None, BeforeValidator(as_column)] = None
    figure: str | None = None
    time: str | None = None
    outcome: Outcome
    distress: ScaledColumn | None = None
    threat: ScaledColumn | None = None
