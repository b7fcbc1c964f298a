"""Parameters that the data of a study do not identify under a model, found before any sampling.

Each check looks for one case and yields a sentence for each time that it occurs. `identifiability` runs all of them.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.binding import wants
from iwm_bayes.data.raters import PATIENT, anchors, outcome_ratings, response_of
from iwm_bayes.data.unrecorded import replaced_outcomes, unrecorded_outcomes
from iwm_bayes.diagnostics.weak_parameters.dyads import doubts_of_table, of_members, pull_and_containment
from iwm_bayes.diagnostics.weak_parameters.leaving import leaving_problems
from iwm_bayes.diagnostics.weak_parameters.moving_beliefs import movement_sentences
from iwm_bayes.diagnostics.weak_parameters.ruptures import strain_problems
from iwm_bayes.diagnostics.weak_parameters.session_covariates import session_covariate_problems
from iwm_bayes.diagnostics.weak_parameters.symptoms import symptom_problems
from iwm_bayes.diagnostics.weak_parameters.wave_checks import wave_sentences
from iwm_bayes.responses.scale import rated_belief
from iwm_bayes.types import ModelSpec, Parameter, named_leaves, parameters

MIN_SHARED = 10  # sessions that two raters rated, for a line through them; a choice
BELIEF_LABELS = {"availability": "availability", "worth": "self-worth"}


class Case(NamedTuple):
    """A model and data, with what several checks need."""

    model: ModelSpec
    data: xr.Dataset
    declared: dict[str, Parameter]
    free: set[str]  # names of free parameters
    about: set[str]  # what responses are about: availability, worth ...

    @property
    def ratings(self) -> dict[str, list[str]]:
        """Return the ratings of availability and of self-worth; without self-worth, an expectation is availability."""
        rated = {
            name: rated_belief(self.model.rule, response)
            for name, response in self.model.responses.items()
            if response.scale
        }
        return {belief: [name for name, about in rated.items() if about == belief] for belief in BELIEF_LABELS}

    def scale_parameters(self, response: str) -> set[str]:
        """Return the parameters that, if fixed, fix the scale of a belief."""
        return {f"{response}_{leaf}" for leaf in self.model.responses[response].scale}


def no_self_worth_rating(case: Case) -> Iterator[str]:
    """Check availability and self-worth where no response is about self-worth."""
    has_worth = any(name == "worth_start" for name, _ in named_leaves(case.model.rule.parameters))
    if not has_worth or "worth" in case.about:
        return
    if case.data.sizes["figure"] == 1:
        yield (
            "availability and self-worth are not identified, only their sum: there is one attachment figure and no "
            "rating of self-worth. Add ratings of both beliefs, or a second figure"
        )
    else:
        yield (
            "availability and self-worth are weakly identified: there is no rating of self-worth. Only differences "
            "between attachment figures separate the two beliefs. Add a rating of self-worth"
        )


def no_anchored_scale(case: Case) -> Iterator[str]:
    """Check initial beliefs that differ between people where the use of the rating's scale differs as well."""
    personal = {name for name in case.free if case.declared[name].pooling != "complete"}
    for belief, ratings in case.ratings.items():
        measured = bool(ratings) or belief in case.about
        if (
            measured
            and f"{belief}_start" in personal
            and all(case.scale_parameters(name) & personal for name in ratings)
        ):
            yield (
                f"{belief}_start is weakly identified: no rating of {BELIEF_LABELS[belief]} has a fixed scale, so a "
                "person's initial belief is hardly distinguishable from the person's use of the scale. Fix intercept "
                f'and slope of one rating, or set `pooling = "complete"` for {belief}_start'
            )


def no_rating_on_the_outcome_scale(case: Case) -> Iterator[str]:
    """Check beliefs of which no rating is stated to be on the outcome's scale."""
    wants_security = wants(case.data, "earned_security")
    follow = ", and with it the thresholds of earned security, therefore follow" if wants_security else " follows"
    for belief, ratings in case.ratings.items():
        if ratings and all(case.scale_parameters(name) <= case.free for name in ratings):
            yield (
                f"{BELIEF_LABELS[belief]}: no rating of this belief is stated to be on the outcome's scale "
                f"({', '.join(ratings)}). Its scale{follow} from how "
                "ratings change with outcomes, and from the priors of intercept and slope (or of item "
                "thresholds). If people rated the outcome on its own scale, write `commensurable = true` for that "
                "rating in the study file"
            )


def other_rater_anchors(case: Case) -> Iterator[str]:
    """Check ratings by somebody else that fix the scale of the patient's belief."""
    for name, response in case.model.responses.items():
        rater = case.data.attrs.get(f"rater of {name}", "patient")
        is_belief = response.scale and name not in outcome_ratings(case.model)
        if rater != "patient" and is_belief and not case.scale_parameters(name) & case.free:
            yield (
                f"the patient's own belief is not identified by {name}: this is the {rater}'s rating, and it fixes the "
                "scale of the patient's belief. If the patient also gave a rating, name that rating first in the model"
            )


def covariate_never_observed(case: Case) -> Iterator[str]:
    """Check parameters that depend on distress or threat where neither is recorded."""
    for field, leaf in (("distress", "activation"), ("distress", "arousal"), ("threat", "fearfulness")):
        dependent = sorted(name for name in case.free if name.endswith(leaf))
        if dependent and not case.data[field].values.any():
            yield (
                f"not identified, because no {field} is recorded: {', '.join(dependent)}. Fix the parameter, or "
                f"name the column of {field} in the study file"
            )


def one_rater(case: Case) -> Iterator[str]:
    """Check the outcome where a single person rates it, and the expectancy bias where this is the patient."""
    ratings = outcome_ratings(case.model)
    if len(ratings) != 1:
        return
    [name] = ratings
    yield (
        f"the error of {name} is hardly identified: one person rated the outcome, so that an error of a rating and a "
        f"difference between sessions are separated by changes of beliefs alone. Add a rater, or fix {name}_noise"
    )
    if name == response_of(PATIENT):
        yield (
            "the expectancy bias is not identified, and fixed at 0: patients alone rated the outcome, and their "
            "ratings partly reflect what they expected. Compare the results under other expectancy biases: "
            "`iwm fit --expectancy-bias`"
        )


def raters_of_other_sessions(case: Case) -> Iterator[str]:
    """Check the scale and the expectancy bias of raters who hardly rated a session that the anchor rated."""
    ratings, anchor = outcome_ratings(case.model), anchors(case.model)
    rated = {name: case.data[f"answer_{name}"].notnull().values for name in ratings}
    for name in ratings:
        free = [f"{name}_{leaf}" for leaf in ("bias", "slope", "lean") if f"{name}_{leaf}" in case.free]
        shared = int((rated[name] & rated[anchor[0]]).sum()) if anchor else 0
        if free and shared < MIN_SHARED:
            yield (
                f"not identified beyond their priors: {', '.join(free)}. {shared} sessions were rated by {name} and by "
                f"{', '.join(anchor)}, whose scale is that of the outcome"
            )


def choices_only(case: Case) -> Iterator[str]:
    """Check parameters by figure where choices are the only responses."""
    by_figure = {name for name in case.free if case.declared[name].by == "figure"}
    if case.about & {"availability", "worth"} or not by_figure:
        return
    if {"approach_sensitivity", "approach_bias"} <= case.free:
        yield (
            f"not identified together, because choices are the only responses: {', '.join(sorted(by_figure))}, "
            "approach_bias and approach_sensitivity. Fix one of them"
        )


def graded_outcomes(case: Case) -> Iterator[str]:
    """Check graded outcomes under a learning rule for binary ones."""
    outcome = case.data["outcome"].values[case.data["observed"].values & ~unrecorded_outcomes(case.data)]
    if case.model.rule.outcomes == "binary" and ((outcome > 0) & (outcome < 1)).any():
        yield (
            "outcomes are graded, but the learning rule is for outcomes of 0 or 1. The rule therefore uses a tempered "
            "likelihood"
        )


def doubtful_cells(case: Case) -> Iterator[str]:
    """Check cells of the table that could be read in two ways."""
    yield from doubts_of_table(case.data)


def scale_on_thresholds(case: Case) -> Iterator[str]:
    """Check beliefs whose scale is fixed by ordinal answers only."""
    for belief in sorted(case.about):
        scaled = [
            name for name, response in case.model.responses.items() if response.about == belief and response.scale
        ]
        fixed = [name for name in scaled if not case.scale_parameters(name) & case.free]
        if fixed and all(case.model.responses[name].family.discrete for name in fixed):
            yield (
                f"the scale of {BELIEF_LABELS.get(belief, belief)} rests on the thresholds of {', '.join(fixed)}, "
                "which are estimated. What a level means as a belief follows from the changes after outcomes, and from "
                "the prior. Initial beliefs are therefore less certain than with a rating on the scale of the outcome"
            )


def unused_levels(case: Case) -> Iterator[str]:
    """Check ordinal answers for levels that nobody used."""
    ordinal = {name: r.family.levels for name, r in case.model.responses.items() if r.family.discrete and r.scale}
    for name, count in ordinal.items():
        answers = case.data[f"answer_{name}"].values
        unused = sorted(set(range(count)) - set(answers[~np.isnan(answers)].astype(int).tolist()))
        if unused:
            levels = f"level{'s' * (len(unused) > 1)} {', '.join(str(level + 1) for level in unused)}"
            yield (
                f"{name}: nobody used {levels} of {count} (the lowest is 1). The thresholds around an "
                "unused level are estimated to lie together, and the answers are those of an item without it"
            )


def outcomes_without_a_form(case: Case) -> Iterator[str]:
    """Check outcomes that are replaced by means."""
    unrecorded, observed = replaced_outcomes(case.data).sum(), case.data["observed"].values.sum()
    if unrecorded:
        yield (
            f"{unrecorded} of {observed} observed outcomes were not recorded and are replaced by a mean of recorded "
            "ones. A mean is never a rupture: response SDs are estimated too large, and people's intervals are too "
            "narrow. Where forms are missing after bad sessions, care looks better than it was, and learning rates are "
            "estimated too low"
        )


CHECKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    no_self_worth_rating,
    no_anchored_scale,
    no_rating_on_the_outcome_scale,
    other_rater_anchors,
    covariate_never_observed,
    one_rater,
    raters_of_other_sessions,
    choices_only,
    graded_outcomes,
    doubtful_cells,
    scale_on_thresholds,
    unused_levels,
    outcomes_without_a_form,
    lambda case: movement_sentences(case.model, case.data, case.free),
    lambda case: wave_sentences(case.model, case.data),
    lambda case: symptom_problems(case.model, case.data),
    lambda case: leaving_problems(case.model, case.data),
    lambda case: session_covariate_problems(case.model, case.data),
    lambda case: strain_problems(case.model, case.data, case.free),
    lambda case: pull_and_containment(case.model),
)


def identifiability(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return one sentence for each case in which data do not identify a parameter of a model.

    Parameters
    ----------
    model
        A model, with the responses that the data have.
    data
        Data with dims (event, person).
    """
    if model.members:
        return [*doubts_of_table(data), *of_members(identifiability, model, data)]
    declared = parameters(model)
    free = {name for name, parameter in declared.items() if parameter.fixed is None}
    case = Case(model, data, declared, free, {response.about for response in model.responses.values()})
    return [sentence for check in CHECKS for sentence in check(case)]
