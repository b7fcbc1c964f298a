"""What data can say about the effect of a covariate that changes from session to session.

An effect on a parameter from session to session is learned from sessions of one person with different values. It is
weakly identified where few people have several values, where a value hardly changes within people, and where it changes
as time does. Where people also differ in their mean, one coefficient for both is not the effect within people.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.event_design import event_frame, session_covariates
from iwm_bayes.data.formulas.splits import split_of
from iwm_bayes.types import ModelSpec

FEW_PEOPLE = 10  # who have several values of a covariate: an effect rests on fewer people than a t-test would
MUCH_BETWEEN = 0.2  # share of the variance between people, from which one coefficient is a mixture
NEARLY_ALL_BETWEEN = 0.95  # the SD within people is then less than a quarter of the SD between them
LIKE_TIME, LIKE_OTHER = 0.8, 0.9  # correlations within people: with .8, variances of estimates are almost threefold


def numeric_columns(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a covariate as numbers: itself, or 0 and 1 for each of its categories."""
    values = frame[name].dropna()
    return values.to_frame() if values.dtype.kind == "f" else pd.get_dummies(values).astype(float)


def share_between(columns: pd.DataFrame) -> float:
    """Return the share of the variance of a covariate that is between people: ICC(1), by analysis of variance.

    Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420, with the mean number of values for people who have
    different numbers. Several columns count together.
    """
    by_person = columns.groupby(level="person")
    count, people = len(columns), by_person.ngroups
    within = float(((columns - by_person.transform("mean")) ** 2).sum().sum()) / max(count - people, 1)
    between = float(((by_person.transform("mean") - columns.mean()) ** 2).sum().sum()) / max(people - 1, 1)
    total = between + (count / people - 1.0) * within
    return max(0.0, (between - within) / total) if total > 0.0 else 0.0


def within_person_correlation(one: np.ndarray, other: np.ndarray, person: np.ndarray) -> float:
    """Return the correlation of the deviations of two variables from the means of each person; 0 where one is 0."""
    both = pd.DataFrame({"one": one, "other": other})
    deviation = (both - both.groupby(person).transform("mean")).to_numpy()
    size = np.sqrt((deviation**2).sum(axis=0).prod())
    return float(deviation.prod(axis=1).sum() / size) if size > 0.0 else 0.0


def change_problems(data: xr.Dataset) -> Iterator[str]:
    """Yield which covariates change in few people, hardly at all, or differ between people as well."""
    frame, people = event_frame(data), data.sizes["person"]
    for name in session_covariates(data):
        columns = numeric_columns(frame, name)
        changing = int((columns.groupby(level="person").nunique() > 1).any(axis=1).sum())
        between = share_between(columns)
        if changing < min(FEW_PEOPLE, people):
            yield (
                f"the effect of {name} from session to session rests on {changing} of {people} people, who "
                "have several values of it. If this is a mistake in the table, correct it. If not, compare more people"
            )
        elif between > NEARLY_ALL_BETWEEN:
            yield (
                f"the effect of {name} from session to session is weakly identified: {between:.0%} of its variance "
                f"is between people. Use between({name}), or a table of people"
            )
        elif split_of(name) is None and len(columns.columns) == 1 and between > MUCH_BETWEEN:
            yield (
                f"the effect of {name} mixes what holds within a person and what holds between people: "
                f"{between:.0%} of its variance is between people. Write within({name}) + between({name}) for both"
            )


def correlated_terms(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield which event terms of a parameter change as time does, or as each other."""
    event, person = np.nonzero(data["present"].values)
    values = data["event_terms"].values[:, event, person]
    by_term = dict(zip(map(str, data["event_term"].values), values, strict=True))
    session = data["session"].values[event, person]
    for term in dict.fromkeys(each.term for each in model.event_effects):
        r = within_person_correlation(by_term[term], session, person)
        if abs(r) > LIKE_TIME:
            moved = ", ".join(each.parameter for each in model.event_effects if each.term == term)
            yield (
                f"{term} changes with the number of the session (r = {r:.2f} within people): its effect on {moved} is "
                "hardly distinguishable from a change over time. Compare with a formula that names the session's number"
            )
    for parameter in dict.fromkeys(each.parameter for each in model.event_effects):
        own = [each.term for each in model.event_effects if each.parameter == parameter]
        for one, other in combinations(own, 2):
            r = within_person_correlation(by_term[one], by_term[other], person)
            if abs(r) > LIKE_OTHER:
                yield (
                    f"the effects of {one} and {other} on {parameter} are hardly distinguishable: r = {r:.2f} within "
                    "people. Take one of them out"
                )


def session_covariate_problems(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield what the data cannot say about effects of covariates from session to session."""
    if model.event_effects:
        yield from change_problems(data)
        yield from correlated_terms(model, data)
