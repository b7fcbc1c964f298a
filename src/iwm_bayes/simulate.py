"""People live through sessions: beliefs move, responses are given, and what is done decides what is seen.

The loop is closed: who withdraws at an event does not see its outcome. A simulation returns the Dataset
that `data.read` returns, so that recovery is `fit(model, simulate(model, ...))`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.answers import Echo, heard, silence
from iwm_bayes.care import Care
from iwm_bayes.core import READS, Beliefs, Event, InputError, Model, State, carried, each, response_values, rule_values
from iwm_bayes.data import arrange
from iwm_bayes.filtering import Moment, course, step, unpack
from iwm_bayes.ops import over_figures
from iwm_bayes.population import place, rows, values


class Phase(NamedTuple):
    """A stretch of sessions in each of which every figure of `care` is met once, in order."""

    care: Mapping[str, Care]
    sessions: int
    assessed: bool = False  # begins with an assessment of each figure, before any outcome


def schedule(phases: Sequence[Phase]) -> pd.DataFrame:
    """One row per event in order: session, figure, chance of a responsive act (NaN at an assessment)."""
    found: list[tuple[int, str, float]] = []
    session = 0
    for phase in phases:
        if phase.sessions < 1 or not phase.care:
            raise InputError(["a phase needs at least one session and one figure"])
        if phase.assessed:
            session += 1
            found += [(session, figure, np.nan) for figure in phase.care]
        chances = {figure: care(phase.sessions) for figure, care in phase.care.items()}
        for index in range(phase.sessions):
            session += 1
            found += [(session, figure, chances[figure][index]) for figure in phase.care]
    return pd.DataFrame(found, columns=["session", "figure", "chance"])


def draw_people(
    model: Model, figures: Sequence[str], people: int, generator: np.random.Generator, spread: float | None = None
) -> dict[str, np.ndarray]:
    """A population from the theory's priors: natural-scale values by name, (person,) or (figure, person).

    `spread`, if given, is the between-person sd on the link scale in place of one drawn from the prior.
    """
    levels = {}
    for row in rows(model, figures):
        centre = generator.normal(row.middle, row.width)
        if row.parameter.pooling == "shared":
            levels[row.label] = np.full(people, centre)
            continue
        between = abs(generator.normal(0, row.parameter.spread)) if spread is None else spread
        levels[row.label] = place(centre, between, generator.normal(size=people))
    return values(model, levels, figures, people)


def answers(
    model: Model,
    people: Mapping[str, np.ndarray],
    moment: str,
    held: Beliefs,
    event: Event,
    echoes: dict[str, Echo],
    generator: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Each response that belongs to a moment, drawn for every person; what it leaves is added to `echoes`."""
    found = {}
    for name, response in model.responses.items():
        if response.moment != moment:
            continue
        p = response_values(model, name, people)
        p = each(lambda leaf: over_figures(event.figure * leaf) if leaf.ndim == 2 else leaf, p)
        given = response.given(p, READS[response.about](held))
        last, since = (over_figures(event.figure * leaf) for leaf in echoes[name])
        found[name] = response.family.draw(generator, **carried(response, p, given, last, since))
        if response.carry is not None:
            everyone = 1.0 if response.about == "worth" else event.figure
            echoes[name] = heard(echoes[name], everyone, found[name] - given["mu"])
    return found


def live(
    model: Model,
    people: Mapping[str, np.ndarray],
    course: np.ndarray,
    chance: np.ndarray,
    figures: int,
    s: State,
    generator: np.random.Generator,
) -> Iterator[tuple[Moment, dict[str, np.ndarray]]]:
    """Every event from state `s` on, with the answers given at it, in closed loop.

    `course` (event, field, person) says who is met when, `chance` (event, person) how likely the figure is
    to respond: NaN where nothing can be experienced. Outcomes are 0 or 1.
    """
    p = rule_values(model, people)
    echoes = dict.fromkeys(model.responses, silence(figures, chance.shape[1]))
    for row, likely in zip(course, chance, strict=True):
        event, _ = unpack(row, figures)
        before = model.rule.drift(p, s, event)
        echoes = {name: echo._replace(since=echo.since + event.since_any) for name, echo in echoes.items()}
        given = answers(model, people, "before", model.rule.beliefs(p, before, event), event, echoes, generator)
        seen = ~np.isnan(likely)
        for name, response in model.responses.items():
            if response.effect == "withdraws":
                given[name] = np.where(np.isnan(likely), np.nan, given[name])
                seen = seen & (given[name] > 0)
        responded = generator.random(likely.shape) < np.nan_to_num(likely)
        event = event._replace(outcome=np.where(seen & responded, 1.0, 0.0))
        before, s = step(model.rule, p, s, event, seen)
        given |= answers(model, people, "after", model.rule.beliefs(p, s, event), event, echoes, generator)
        yield Moment(event, seen, before, s), given


def simulate(
    model: Model,
    phases: Sequence[Phase],
    people: int | Mapping[str, np.ndarray],
    seed: int | np.random.Generator,
) -> xr.Dataset:
    """Simulated sessions. `people` is how many to draw from the theory's priors, or their values by name."""
    generator = np.random.default_rng(seed)
    plan = schedule(phases)
    figures = list(pd.unique(plan["figure"]))
    drawn = draw_people(model, figures, people, generator) if isinstance(people, int) else dict(people)
    count = max(value.shape[-1] for value in drawn.values())
    frame = plan.merge(pd.DataFrame({"person": [f"p{index + 1:03d}" for index in range(count)]}), how="cross")
    frame = frame.assign(time=frame["session"].astype(float), outcome=0.0, seen=False, distress=0.0, threat=0.0)
    frame = frame.assign(assessment=frame["chance"].isna())
    frame = frame.assign(**{f"answer_{name}": np.nan for name in model.responses})
    data = arrange(frame.sort_values(["person", "session"], kind="stable"), model.responses, "session")
    chance = np.tile(plan["chance"].to_numpy()[:, None], count)
    start = model.rule.start(rule_values(model, drawn), len(figures))
    lived = live(model, drawn, course(data), chance, len(figures), start, generator)
    for index, (moment, given) in enumerate(lived):
        data["outcome"][index], data["seen"][index] = moment.event.outcome, moment.seen
        for name, value in given.items():
            data[f"answer_{name}"][index] = value
    return data
