"""How much of the change of a belief was learned from outcomes, and how much time and chance brought.

A belief b is followed from just before the outcome of a person's first event to just after that of the last, for
availability over the events with its figure, for self-worth over all. Every step of it has one cause:

    learned    sum over events of             b(after the outcome) - b(before it)
    time       sum over events but the first  b(before the outcome, had chance not moved it) - b(after the last event)
    chance     sum over events but the first  b(before the outcome) - b(before it, had chance not moved it)
    change     learned + time + chance                                                  (exactly, in every draw)
    share      |learned| / (|learned| + |time| + |chance|)
    of steps   the same share, where each of the three is the sum of absolute steps

In the share, steps in both directions cancel: it is about where beliefs went. A person who learns from good and bad
outcomes in turn has a small share, and a large one of all steps. Where beliefs restart in each wave, they are followed
within waves: sums are over all waves, and the restart is no step.

`time` is all that the rule does between events: the trend, and any drift of its own. `chance` is belief noise. All are
on the scale 0..1, (draw, person) each. The group has the mean of each part over people, which add up to the mean
change, and the medians of both shares over people. What was learned depends on what time did before, and the other way
round: the parts describe the path that beliefs took, and not what would have happened without one of them.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.filtering.arrays import event_array, restarts
from iwm_bayes.filtering.filter import FilteredEvent, about_figure, filter_events
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches, thin_draws
from iwm_bayes.types import GENERALISED, Beliefs, ModelSpec, Params, Rule, State, rule_values

N_DRAWS = 400
PARTS = ("learned", "time", "chance")
SHARES = ("learned_share", "learned_step_share")


class Followed(NamedTuple):
    """A belief that is followed over some events; (event, person) each."""

    name: str
    belief: Callable[[Beliefs], np.ndarray]
    figure: int | None  # None: whatever the figure of the event
    events: np.ndarray  # from the first to the last one that counts, in each wave where beliefs restart
    later: np.ndarray  # those of them that follow another one


def from_first_to_last(counts: np.ndarray, course: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return `Followed.events` and `Followed.later`.

    `counts` is whether an event counts, and `course` the number of restarts until then; (event, person) each.
    """
    inside = np.zeros_like(counts)
    for number in range(int(course.max(initial=0)) + 1):
        own = counts & (course == number)
        inside |= (np.cumsum(own, axis=0) > 0) & (np.cumsum(own[::-1], axis=0)[::-1] > 0)
    later = np.zeros_like(inside)
    later[1:] = inside[1:] & inside[:-1] & (course[1:] == course[:-1])
    return inside, later


def followed_beliefs(model: ModelSpec, data: xr.Dataset) -> list[Followed]:
    """Return the beliefs of a model: availability of each figure that has a name, and self-worth."""
    present, index, names = data["present"].values, data["figure_index"].values, figure_names(data)
    course = np.cumsum(restarts(data), axis=0)
    found = [
        Followed(
            f"availability of {name}",
            lambda beliefs: beliefs.availability.mean,
            figure,
            *from_first_to_last(present & (index == figure), course),
        )
        for figure, name in enumerate(names)
        if name != GENERALISED
    ]
    scale = model.rule.own_scale
    if scale is not None and "worth" in scale.beliefs:
        inside = from_first_to_last(present, course)
        found.append(Followed("self-worth", lambda beliefs: beliefs.worth.mean, None, *inside))  # type: ignore[union-attr]  # it has one
    return found


def parts_of_event(rule: Rule, p: Params, filtered: FilteredEvent, followed: Followed) -> list[np.ndarray]:
    """Return what outcome, time and chance do to a belief at one event, (person,) each."""
    event = filtered.event
    still = rule.drift(p, filtered.previous, event._replace(innovations={})) if rule.innovations else filtered.before
    asked = event if followed.figure is None else about_figure(event, followed.figure)

    def value(s: State) -> np.ndarray:
        return followed.belief(rule.beliefs(p, s, asked))

    previous, unmoved, before, after = map(value, (filtered.previous, still, filtered.before, filtered.after))
    return [after - before, unmoved - previous, before - unmoved]


def parts_of_change(
    model: ModelSpec, p: Params, events: np.ndarray, figures: int, beliefs: list[Followed]
) -> np.ndarray:
    """Return the parts of the change of each belief along an event array, (kind, belief, part, person).

    The first kind is sums of steps, and the second sums of absolute steps.
    """
    total = np.zeros((2, len(beliefs), len(PARTS), events.shape[2]))
    for index, filtered in enumerate(filter_events(model.rule, p, events, figures)):
        for belief, followed in enumerate(beliefs):
            here, later = followed.events[index], followed.later[index]
            learned, time, chance = parts_of_event(model.rule, p, filtered, followed)
            steps = np.stack([here * learned, later * time, later * chance])
            total[:, belief] += np.stack([steps, np.abs(steps)])
    return total


def change_batches(model: ModelSpec, fit: xr.DataTree, draws: int) -> Iterator[np.ndarray]:
    """Yield the parts of the change in batches of draws, (kind, belief, part, sample, person)."""
    data = fit["constant_data"].to_dataset()
    people, figures, events = data.sizes["person"], figure_names(data), event_array(data)
    beliefs = followed_beliefs(model, data)
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        samples = batch.sizes["sample"]
        p = rule_values(model, draws_as_people(model, batch, figures, people))
        repeated = [
            followed._replace(
                events=np.tile(followed.events, (1, samples)), later=np.tile(followed.later, (1, samples))
            )
            for followed in beliefs
        ]
        found = parts_of_change(model, p, events_as_people(model, batch, events), len(figures), repeated)
        yield found.reshape(*found.shape[:3], samples, people)


def share_of_first(sizes: np.ndarray) -> np.ndarray:
    """Return the first part relative to all of them, (belief, sample, person); NaN where all are 0.

    `sizes` are those of the parts, (belief, part, sample, person).
    """
    moved = sizes.sum(axis=1)
    return np.where(moved > 0, sizes[:, 0] / np.where(moved > 0, moved, 1.0), np.nan)


def learned_shares(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS) -> xr.Dataset:
    """Split the change of everybody's beliefs into what was learned, and what time and chance brought.

    Parameters
    ----------
    model, fit
        A model in which time or chance moves beliefs, and its fit by any method.
    draws
        About how many draws are used, evenly spaced within each chain.

    Returns
    -------
    xr.Dataset
        `learned`, `time`, `chance` and their sum `change`, `learned_share` and `learned_step_share`, (belief, sample,
        person). People with fewer than two events with a figure are NaN in what is about it.
    """
    data = fit["constant_data"].to_dataset()
    beliefs = followed_beliefs(model, data)
    again = np.array([followed.later.any(axis=0) for followed in beliefs])
    by_kind = np.concatenate(list(change_batches(model, fit, draws)), axis=3)
    parts, steps = np.where(again[None, :, None, None, :], by_kind, np.nan)
    dims = ("belief", "sample", "person")
    variables = {name: (dims, parts[:, index]) for index, name in enumerate(PARTS)}
    variables |= {"change": (dims, parts.sum(axis=1))}
    variables |= {
        "learned_share": (dims, share_of_first(np.abs(parts))),
        "learned_step_share": (dims, share_of_first(steps)),
    }
    sample = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    shares = xr.Dataset(variables, {"belief": [one.name for one in beliefs], "person": data["person"].values})
    return shares.assign_coords({name: ("sample", sample[name].values) for name in ("chain", "draw")})


def learned_share_table(shares: xr.Dataset) -> pd.DataFrame:
    """Make one line per belief: group means of change and its parts, and median shares, with 90% intervals."""
    lines = []
    for name in shares["belief"].values:
        own = shares.sel(belief=name).dropna("person", how="all")
        line: dict[str, object] = {"belief": str(name), "n_people": own.sizes["person"]}
        values = {part: own[part].mean("person") for part in ("change", *PARTS)}
        values |= {share: own[share].median("person") for share in SHARES}
        for column, by_draw in values.items():
            line[column], line[f"{column}_ci90_low"], line[f"{column}_ci90_high"] = median_ci90(by_draw.values)
        lines.append(line)
    return pd.DataFrame(lines)


def learned_share_answers(shares: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the median share of each belief at every draw."""
    medians = shares["learned_share"].median("person").set_index(sample=["chain", "draw"]).unstack("sample")
    names = map(str, medians["belief"].values)
    return {f"learned share ({name})": medians.sel(belief=name, drop=True) for name in names}


LEARNED_SHARE = Estimand(
    "learned_share",
    "Change that was learned, and change with time",
    lambda model, fit, _: learned_shares(model, fit) if model.rule.movements else None,
    learned_share_table,
    "How much of the change of beliefs between a person's first and last session followed outcomes, and how much came "
    "with time, or by itself.",
    {
        "change": f"mean change of the belief over people, with its {CI90}: the sum of the three parts",
        "learned": "change at outcomes",
        "time": "change between events with time: the trend, and what the learning rule itself does then",
        "chance": "change between events by itself: belief noise",
        "learned_share": "median over people of the size of the learned part, relative to the sizes of all parts; "
        "steps up and down cancel within a part",
        "learned_step_share": "the same of the sums of all steps, in which nothing cancels: how much of the movement "
        "followed outcomes, wherever it went",
    },
    section="answer",
    answers=learned_share_answers,
)
