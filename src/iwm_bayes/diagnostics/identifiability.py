"""What data cannot tell apart under a theory, said before anything is sampled.

Each function looks for one thing and gives a sentence for each time that it finds it; `identifiability` asks them all.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.types import ModelSpec, Parameter, Response, named_leaves, parameters


class Case(NamedTuple):
    """A theory and data, and what is asked of them more than once."""

    model: ModelSpec
    data: xr.Dataset
    declared: dict[str, Parameter]
    free: set[str]  # names of free parameters
    about: set[str]  # what responses read

    def scales(self, response: str) -> set[str]:
        """The parameters that fix the scale of a belief where they are fixed."""
        return {f"{response}_{leaf}" for leaf in self.model.responses[response].scale}


def no_self_worth_rating(case: Case) -> Iterator[str]:
    """Availability and worth, where nothing reads worth."""
    holds_worth = any(name == "worth_start" for name, _ in named_leaves(case.model.rule.parameters))
    if not holds_worth or "worth" in case.about:
        return
    if case.data.sizes["figure"] == 1:
        yield (
            "one figure and no rating of worth: only the sum of availability and worth is known. "
            "Add ratings of both, or a second figure"
        )
    else:
        yield "no rating of worth: availability and worth are told apart by figures alone, weakly"


def no_anchored_scale(case: Case) -> Iterator[str]:
    """A start of one's own beside a scale of one's own."""
    personal = {name for name in case.free if case.declared[name].pooling != "complete"}
    for belief in sorted(case.about & {"availability", "worth"}):
        scaled = [name for name, r in case.model.responses.items() if r.about == belief and r.scale]
        if f"{belief}_start" in personal and all(case.scales(name) & case.free for name in scaled):
            yield (
                f"no rating of {belief} has a scale that is fixed: where a person starts and how they use the scale "
                f"are hardly told apart. Fix intercept and slope of one, or share {belief}_start"
            )


def other_rater_anchors(case: Case) -> Iterator[str]:
    """Somebody else's rating as the measure of what a patient believes."""
    for name, response in case.model.responses.items():
        rater = case.data.attrs.get(f"rater of {name}", "patient")
        if rater != "patient" and response.scale and not case.scales(name) & case.free:
            yield (
                f"{name} is the {rater}'s, and fixes the scale of what a patient believes. "
                f"Name a rating of the patient's own first in the theory, if there is one"
            )


def covariate_never_observed(case: Case) -> Iterator[str]:
    """Parameters of distress or threat without either."""
    for field, leaf in (("distress", "activation"), ("distress", "arousal"), ("threat", "fearfulness")):
        found = sorted(name for name in case.free if name.endswith(leaf))
        if found and not case.data[field].values.any():
            yield f"no {field} is on record, which {', '.join(found)} acts on: fix it, or name the column"


def self_reported_outcomes(case: Case) -> Iterator[str]:
    """Outcomes that are people's own reports."""
    own = case.data["outcome"].values[case.data["reported"].values > 0]
    if not own.size:
        return

    def compared(name: str, response: Response) -> bool:
        return response.about == "perceived" and bool(case.data[f"answer_{name}"].notnull().any())

    if np.isin(own, (0.0, 1.0)).all():
        yield "outcomes are the person's own report of yes or no: how far they are expectations cannot be told"
    elif "expectancy_bias" not in case.declared:
        yield (
            "outcomes are the person's own report, which is partly what they expected: see rates at other assimilations"
        )
    elif "expectancy_bias" in case.free and not any(compared(*each) for each in case.model.responses.items()):
        yield (
            "how far reports are expectations is known from the prior alone: no outcome was recorded by somebody else "
            "and reported too. Fix assimilation, or add the response perceived_rating"
        )


def choices_only(case: Case) -> Iterator[str]:
    """More than choices can tell."""
    by_figure = {name for name in case.free if case.declared[name].by == "figure"}
    if case.about & {"availability", "worth"} or not by_figure:
        return
    if {"approach_sensitivity", "approach_bias"} <= case.free:
        yield "choices alone cannot identify a start or bias by figure, a bias and a sensitivity together. Fix one"


def graded_outcomes(case: Case) -> Iterator[str]:
    """Graded outcomes for a binary rule."""
    outcome = case.data["outcome"].values[case.data["seen"].values]
    if case.model.rule.outcomes == "binary" and ((outcome > 0) & (outcome < 1)).any():
        yield "outcomes are graded and the rule is binary: they enter as a tempered likelihood"


QUESTIONS: tuple[Callable[[Case], Iterator[str]], ...] = (
    no_self_worth_rating,
    no_anchored_scale,
    other_rater_anchors,
    covariate_never_observed,
    self_reported_outcomes,
    choices_only,
    graded_outcomes,
)


def identifiability(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """What these data cannot tell apart under this theory, one sentence each."""
    declared = parameters(model)
    free = {name for name, parameter in declared.items() if parameter.fixed is None}
    case = Case(model, data, declared, free, {response.about for response in model.responses.values()})
    return [sentence for question in QUESTIONS for sentence in question(case)]
