"""What data cannot identify of a trend, and of belief noise, found before any sampling.

Data distinguish learning from a trend by outcomes that are neither the same throughout for a person, nor the same for
all people at a session: by the residual of outcome ~ person + session. They distinguish belief noise from the noise of
answers by what lasts: a belief that has moved stays where it is, and an error of an answer is gone at the next.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.unrecorded import unrecorded_outcomes
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.types import ModelSpec, named_leaves

MIN_RESIDUAL_SHARE = 0.1  # of the variance of outcomes, below which learning and trend are hardly distinguishable
MIN_SESSIONS = 10  # of the median person, below which a curve is hardly a curve
NOT_OF_LEARNING = ("_start", "_plateau", "_pace", "_belief_noise")
RETURNS = ("pull", "leak", "fading")  # last words of parameters by which rules themselves move beliefs with time
NOUNS = {"availability": "availability", "worth": "self-worth"}
READ_AS = {"availability": {"availability", "expected"}, "worth": {"worth", "worth_change"}}


def residual_share(data: xr.Dataset) -> float:
    """Return the share of the variance of recorded outcomes that person and session leave; 0 where none varies."""
    known = data["observed"].values & data["present"].values & ~unrecorded_outcomes(data)
    session, person = session_index(data)[known], np.nonzero(known)[1]
    outcome = pd.Series(data["outcome"].values[known])
    total, residual = float(outcome.var(ddof=0)) if len(outcome) else 0.0, outcome - outcome.mean()
    for _ in range(20):  # both means are taken out in turn, because not everybody has every session
        residual = residual - residual.groupby(person).transform("mean")
        residual = residual - residual.groupby(session).transform("mean")
    return float(residual.var(ddof=0)) / total if total > 1e-12 else 0.0


def median_sessions(data: xr.Dataset) -> int:
    """Return the number of sessions of the median person."""
    return int(np.median(session_index(data).max(axis=0) + 1))


def trend_sentences(model: ModelSpec, data: xr.Dataset, free: set[str]) -> Iterator[str]:
    """Yield what these data cannot identify of a trend."""
    share, sessions = residual_share(data), median_sessions(data)
    if share < MIN_RESIDUAL_SHARE:
        yield (
            f"learning and trend are weakly identified: person and session explain {1 - share:.0%} of the variance of "
            "outcomes, so outcomes take nearly the same course for everybody. Beliefs that follow them look like "
            "beliefs that follow time. How much was learned rests on the priors"
        )
    if sessions < MIN_SESSIONS:
        yield (
            f"plateau and pace of the trend are weakly identified: the median person has {sessions} sessions. A slow "
            "approach to a far plateau looks like a fast approach to a near one. Do not interpret one without the other"
        )
    of_learning = [name for name, _ in named_leaves(model.rule.parameters) if not name.endswith(NOT_OF_LEARNING)]
    if of_learning and not any(name.endswith("_rate") for name in of_learning):
        yield (
            "that nobody learns is hardly possible under the priors of this learning rule, because it has no learning "
            "rate that could be 0. Whether people learn is a question for `iwm compare --trend`, or for the trend with "
            "a rule that has a rate, such as rescorla_wagner"
        )
    if own := sorted(name for name in free if name.split("_")[-1] in RETURNS):
        yield (
            f"the trend and {', '.join(own)} are not identified together, because both move beliefs with time. Fix "
            f"{own[0]}, or take the trend out"
        )


def belief_noise_sentences(model: ModelSpec, data: xr.Dataset, free: set[str]) -> Iterator[str]:
    """Yield what these data cannot identify of belief noise."""
    sessions = median_sessions(data)
    for belief in (belief for belief in NOUNS if f"{belief}_belief_noise" in free):
        about = {name: own for name, own in model.responses.items() if own.about in READ_AS[belief]}
        graded = [name for name, own in about.items() if not own.family.discrete]
        lasting = [name for name, own in about.items() if own.carry is not None]
        if not graded:
            yield (
                f"{belief}_belief_noise is weakly identified: no rating is about {NOUNS[belief]}. Choices among few "
                "answers hardly show small moves of a belief. Fix it, or add a rating"
            )
        elif lasting:
            yield (
                f"{belief}_belief_noise and the persistence of {', '.join(lasting)} are weakly identified: both make "
                "deviations that last. Use a response without persistence, or take the belief noise out"
            )
        elif len(graded) == 1 and f"{graded[0]}_noise" in free:
            few = f" With {sessions} sessions of the median person, that is little." if sessions < MIN_SESSIONS else ""
            yield (
                f"{belief}_belief_noise and {graded[0]}_noise: there is one rating of {NOUNS[belief]} at a time, so "
                f"only what lasts from one rating to the next distinguishes them.{few} A second rating in each "
                "session, or a stated `reliability`, separates them"
            )


def movement_sentences(model: ModelSpec, data: xr.Dataset, free: set[str]) -> Iterator[str]:
    """Yield what these data cannot identify of all that moves beliefs in addition to learning."""
    if "trend" in model.rule.movements:
        yield from trend_sentences(model, data, free)
    if "belief_noise" in model.rule.movements:
        yield from belief_noise_sentences(model, data, free)
    unseen = [
        name
        for name in sorted(free)
        if name in ("worth_plateau", "worth_belief_noise")
        and not any(own.about in READ_AS["worth"] for own in model.responses.values())
    ]
    if unseen and model.rule.movements:
        yield (
            f"not identified apart from the same of availability, because no response is about self-worth: "
            f"{', '.join(unseen)}. Add a rating of self-worth, or fix them"
        )
