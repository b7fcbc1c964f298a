"""What theories predict: experiments on people who do not exist yet.

A prediction names the theories that must show an effect and rivals that must not, and the smallest effect that counts.
Average people are drawn from a theory's priors and live through the experiment; the *share* of them who show the effect
is how much of its parameter space the theory predicts it with (parameter-space partitioning: Pitt et al., 2006,
doi:10.1037/0033-295X.113.1.57). A prediction is decided where that share is at least .9 for every theory that claims it
and at most .6 for every rival. Nothing is fitted, and nothing is tuned.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.types import ModelSpec, rule_values

MIN_SHARE_CLAIMED, MAX_SHARE_RIVAL = 0.9, 0.6
N_DRAWS = 2000  # at full scale: a share is known to .011 (one standard error) or better

type People = Mapping[str, np.ndarray]  # natural-scale values by name, see `population.values`


class Prediction(NamedTuple):
    """An effect, who claims it, and how it is measured."""

    name: str
    question: str
    shows: tuple[str, ...]  # theories that must show it: names on the shelf, or files
    rivals: tuple[str, ...]  # theories that must not
    smallest: float  # the effect that counts, in `unit`
    unit: str
    effect: Callable[[ModelSpec, int, np.random.Generator], np.ndarray]  # (theory, draws, generator) -> (draws,)


class ScriptedEvent(NamedTuple):
    """One event: what a figure did (a number or one per person; None where nothing was seen), who, after how long."""

    outcome: float | np.ndarray | None
    figure: int = 0
    gap: float = 1.0


class BeliefCourse(NamedTuple):
    """Beliefs around every event, (event, person) each."""

    outcome: np.ndarray
    expected: np.ndarray  # before the outcome
    availability_before: np.ndarray
    availability: np.ndarray  # after it
    worth_before: np.ndarray
    worth: np.ndarray

    def gain(self, events: slice) -> np.ndarray:
        """What of the surprise moved availability, over some events, (person,)."""
        moved = np.abs(self.availability - self.availability_before)[events].sum(axis=0)
        return moved / np.abs(self.outcome - self.expected)[events].sum(axis=0)


def median_people(model: ModelSpec, draws: int, rng: np.random.Generator, figures: int = 1) -> dict[str, np.ndarray]:
    """So many average people, each of another population that the theory's priors make likely."""
    named = [f"figure {index}" for index in range(figures)]
    levels = {row.label: rng.normal(row.prior_mean, row.prior_sd, draws) for row in free_parameters(model, named)}
    return natural_values(model, levels, named, draws)


def with_initial_beliefs(people: People, **starts: float) -> dict[str, np.ndarray]:
    """The same people with other beliefs before the first event."""
    given = {f"{belief}_start": value for belief, value in starts.items()}
    return dict(people) | {name: np.full_like(people[name], value) for name, value in given.items() if name in people}


def event_array_of(acts: Sequence[ScriptedEvent], figures: int, people: int) -> np.ndarray:
    """A course, (event, field, person): see `filtering`."""
    found = np.zeros((len(acts), len(EVENT_FIELDS) + 2 * figures, people))
    clock, last = 0.0, dict.fromkeys(range(figures), -1.0)
    for row, act in zip(found, acts, strict=True):
        clock += act.gap
        given = {
            "outcome": 0.0 if act.outcome is None else act.outcome,
            "seen": float(act.outcome is not None),
            "since_figure": 1.0 if last[act.figure] < 0 else clock - last[act.figure],
            "since_any": act.gap,
        }
        for name, value in given.items():
            row[EVENT_FIELDS.index(name)] = value
        row[len(EVENT_FIELDS) + act.figure] = 1.0
        for figure in range(figures):
            row[len(EVENT_FIELDS) + figures + figure] = float(last[figure] >= 0)
        last[act.figure] = clock
    return found


def simulate_beliefs(
    model: ModelSpec, people: People, acts: Sequence[ScriptedEvent], figures: int = 1, of: int | None = None
) -> BeliefCourse:
    """What people believe as they live through acts, of the figure that acts, or of figure `of`."""
    count = max(value.shape[-1] for value in people.values())
    course = event_array_of(acts, figures, count)
    wanted = [
        Readout("expected", "before", of),
        *(Readout(about, when, of) for about in ("availability", "worth") for when in ("before", "after")),
    ]
    return BeliefCourse(course[:, 0], *filter_readouts(model.rule, rule_values(model, people), course, figures, wanted))


def random_care(
    chance: float, sessions: int, people: int, rng: np.random.Generator, figure: int = 0
) -> list[ScriptedEvent]:
    """Sessions in which a figure responds with a chance, to each person by themselves."""
    return [ScriptedEvent((rng.random(people) < chance).astype(float), figure) for _ in range(sessions)]


def prediction_share(prediction: Prediction, model: ModelSpec, draws: int) -> dict[str, float]:
    """Share of a theory's prior that shows an effect, its Monte-Carlo error, and the median effect."""
    seed = zlib.crc32(f"{prediction.name} {model.name}".encode())
    effect = prediction.effect(model, draws, np.random.default_rng(seed))
    share = float(np.mean(effect >= prediction.smallest))
    return {"share": share, "se": np.sqrt(share * (1.0 - share) / draws), "median": float(np.median(effect))}


def prediction_lines(prediction: Prediction, load: Callable[[str], ModelSpec], draws: int) -> pd.DataFrame:
    """One line per theory that a prediction names, with whether it keeps what is claimed of it."""
    lines = []
    for claims, theories in (("shows", prediction.shows), ("does not", prediction.rivals)):
        for name in theories:
            model = load(name)
            found = prediction_share(prediction, model, draws)
            kept = found["share"] >= MIN_SHARE_CLAIMED if claims == "shows" else found["share"] <= MAX_SHARE_RIVAL
            line = {"prediction": prediction.name, "theory": model.name, "claim": claims}
            lines.append(line | found | {"kept": bool(kept)})
    return pd.DataFrame(lines)


def decision_sentence(table: pd.DataFrame) -> str:
    """Whether a prediction is decided, in words."""
    broken = table.loc[~table["kept"], "theory"]
    if broken.empty:
        return "decided: every theory that claims it shows it, and no rival does"
    return f"undecided: {', '.join(broken)} {'does' if len(broken) == 1 else 'do'} not keep to it"
