"""Predictions of models from their priors, in simulated experiments.

A prediction names the models that must show an effect, the rivals that must not, and the smallest effect that counts.
Median people of populations from a model's priors experience the events of the experiment. The *share* of prior draws
that show the effect is the share of the model's parameter space that predicts it (parameter-space partitioning: Pitt et
al., 2006, doi:10.1037/0033-295X.113.1.57). A prediction is decided if this share is at least 0.9 for every model that
claims the effect, and at most 0.6 for every rival. Nothing is fitted, and nothing is tuned.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.types import InputError, ModelSpec, parameters, rule_values

MIN_SHARE_CLAIMED, MAX_SHARE_RIVAL = 0.9, 0.6
QUARTILES = (0.25, 0.5, 0.75)
N_DRAWS = 2000  # prior draws per model, for which a share has a standard error of at most 0.011

type People = Mapping[str, np.ndarray]  # natural-scale values by parameter name


class Curve(NamedTuple):
    """What the picture of an experiment shows of one model, such as a difference between arms by session."""

    x: np.ndarray  # (point,)
    y: np.ndarray  # (point, draw)


class Result(NamedTuple):
    """What one model predicts in an experiment."""

    effect: np.ndarray  # (draw,)
    curve: Curve


class Prediction(NamedTuple):
    """An effect, the models that claim it and their rivals, and how it is measured."""

    name: str
    question: str
    shows: tuple[str, ...]  # models that must show the effect: built-in names, or files
    rivals: tuple[str, ...]  # models that must not
    smallest: float  # the smallest effect that counts, in `unit`
    unit: str
    experiment: Callable[[ModelSpec, int, np.random.Generator], Result]  # (model, draws, generator)
    axes: tuple[str, str]  # what the curve is over, and what it shows
    takes_part: Callable[[ModelSpec], bool] = lambda _: True  # whether a model has what the experiment measures
    withdrawn: Mapping[str, str] = MappingProxyType(
        {}
    )  # models that claimed the effect before, and why they no longer do


class ScriptedEvent(NamedTuple):
    """One event of an experiment."""

    outcome: float | np.ndarray | None  # a number, or one per person; None where no outcome is observed
    figure: int = 0
    gap: float = 1.0  # time since the last event


class BeliefTrajectory(NamedTuple):
    """Outcomes, and beliefs before and after every event, (event, person) each."""

    outcome: np.ndarray
    expected: np.ndarray  # before the outcome
    availability_before: np.ndarray
    availability: np.ndarray  # after the outcome
    worth_before: np.ndarray
    worth: np.ndarray

    def gain(self, events: slice) -> np.ndarray:
        """Return the share of prediction errors by which availability changed, over some events, (person,).

        It is NaN for a person who had no prediction error.
        """
        change = np.abs(self.availability - self.availability_before)[events].sum(axis=0)
        error = np.abs(self.outcome - self.expected)[events].sum(axis=0)
        return np.divide(change, error, out=np.full_like(change, np.nan), where=error > 0.0)


def median_people(
    model: ModelSpec, draws: int, generator: np.random.Generator, figures: int = 1
) -> dict[str, np.ndarray]:
    """Draw median people, each of another population from the model's priors: natural-scale values by name."""
    names = [f"figure {index}" for index in range(figures)]
    theta = {
        free.label: generator.normal(free.prior_mean, free.prior_sd, draws) for free in free_parameters(model, names)
    }
    return natural_values(model, theta, names, draws)


def with_initial_beliefs(people: People, **beliefs: float) -> dict[str, np.ndarray]:
    """Return the same people with other initial beliefs, as far as the model has parameters for them.

    Where a belief is made of parts, the parameter is one of them, and the belief is not the number that is given: in
    `strain_test` the probability that a figure is reliable, in `contingent` the expectation in calm, and in `splitting`
    the probability that the all-good model is true.
    """
    starts = {f"{belief}_start": value for belief, value in beliefs.items()}
    return dict(people) | {name: np.full_like(people[name], value) for name, value in starts.items() if name in people}


def with_steps(model: ModelSpec, people: People, steps: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Return the same people with some parameters moved by steps on their link scales, such as log-odds."""
    links = {name: LINKS[parameters(model)[name].support] for name in steps}
    return dict(people) | {name: links[name][1](links[name][0](people[name]) + step) for name, step in steps.items()}


def people_alike(people: People, size: int) -> dict[str, np.ndarray]:
    """Return groups of `size` people with the same parameters, one group per draw, next to each other."""
    return {name: np.repeat(value, size, axis=-1) for name, value in people.items()}


def group_means(values: np.ndarray, size: int) -> np.ndarray:
    """Return the means of groups of people alike, (event, draw), of values (event, person)."""
    return values.reshape(len(values), -1, size).mean(axis=-1)


def event_array_of(events: Sequence[ScriptedEvent], figures: int, people: int) -> np.ndarray:
    """Return scripted events as an event array, (event, field, person), as in `filtering.arrays`."""
    array = np.zeros((len(events), len(EVENT_FIELDS) + 2 * figures, people))
    time, last_met = 0.0, dict.fromkeys(range(figures), -1.0)
    for row, event in zip(array, events, strict=True):
        time += event.gap
        met = last_met[event.figure] >= 0
        fields = {
            "outcome": 0.0 if event.outcome is None else event.outcome,
            "observed": float(event.outcome is not None),
            "since_figure": time - last_met[event.figure] if met else 1.0,
            "since_any": event.gap,
        }
        for name, value in fields.items():
            row[EVENT_FIELDS.index(name)] = value
        row[len(EVENT_FIELDS) + event.figure] = 1.0
        for figure in range(figures):
            row[len(EVENT_FIELDS) + figures + figure] = float(last_met[figure] >= 0)
        last_met[event.figure] = time
    return array


def simulate_beliefs(
    model: ModelSpec, people: People, events: Sequence[ScriptedEvent], figures: int = 1, of: int | None = None
) -> BeliefTrajectory:
    """Compute the beliefs of people along scripted events, about the figure met, or about the figure `of`."""
    count = max(value.shape[-1] for value in people.values())
    array = event_array_of(events, figures, count)
    readouts = [
        Readout("expected", "before", of),
        *(Readout(about, timing, of) for about in ("availability", "worth") for timing in ("before", "after")),
    ]
    beliefs = filter_readouts(model.rule, rule_values(model, people), array, figures, readouts)
    return BeliefTrajectory(array[:, 0], *beliefs)


def holds_variance(model: ModelSpec) -> bool:
    """Return whether the belief about a figure has a variance."""
    p = rule_values(model, median_people(model, 1, np.random.default_rng(0)))
    [only] = filter_events(model.rule, p, event_array_of([ScriptedEvent(None)], 1, 1), 1)
    return model.rule.beliefs(p, only.after, only.event).availability.variance is not None


def expected_answers(
    model: ModelSpec, people: People, event_array: np.ndarray, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Compute answers without response noise, (event, person) by response, with one figure.

    All responses of the model must be normal around a mean.
    """
    exact = {
        name: response._replace(family=response.family._replace(draw=lambda _, mu, **__: mu))
        for name, response in model.responses.items()
    }
    return simulate_open_loop(model._replace(responses=exact), people, event_array, 1, 1, generator)


def random_care(
    rate: float, sessions: int, people: int, generator: np.random.Generator, figure: int = 0
) -> list[ScriptedEvent]:
    """Return sessions in which a figure responds to each person with probability `rate`."""
    return [ScriptedEvent((generator.random(people) < rate).astype(float), figure) for _ in range(sessions)]


def predict(prediction: Prediction, model: ModelSpec, draws: int) -> Result:
    """Run the experiment of a prediction for one model, each with its own seed; InputError if it cannot take part."""
    if not prediction.takes_part(model):
        raise InputError(
            [f"{model.name} does not have what the prediction {prediction.name} measures: {prediction.unit}"]
        )
    seed = zlib.crc32(f"{prediction.name} {model.name}".encode())
    return prediction.experiment(model, draws, np.random.default_rng(seed))


def effect_share(effect: np.ndarray, smallest: float) -> dict[str, float]:
    """Compute the share of draws that show an effect, its Monte Carlo error, and the median effect.

    `undefined` is the share of draws in which there is no such effect to measure (NaN).
    """
    defined = effect[~np.isnan(effect)]
    share, median = float(np.mean(effect >= smallest)), float(np.median(defined)) if len(defined) else np.nan
    error = np.sqrt(share * (1.0 - share) / len(effect))
    return {"share": share, "se": error, "median": median, "undefined": 1.0 - len(defined) / len(effect)}


def curve_lines(curve: Curve) -> pd.DataFrame:
    """Return the median and the middle half of a curve over draws, one line per point; NaN in a draw is left out."""
    low, median, high = np.nanquantile(curve.y, QUARTILES, axis=1)
    return pd.DataFrame({"x": curve.x, "low": low, "median": median, "high": high})


def claims(prediction: Prediction) -> list[tuple[str, str]]:
    """Return each model of a prediction with its claim: "shows" or "does not"."""
    return [(name, "shows") for name in prediction.shows] + [(name, "does not") for name in prediction.rivals]


def is_kept(claim: str, share: Mapping[str, float]) -> bool:
    """Return whether a model does as claimed; draws in which the effect is undefined count against it."""
    if claim == "shows":
        return share["share"] >= MIN_SHARE_CLAIMED
    return share["share"] + share["undefined"] <= MAX_SHARE_RIVAL


def prediction_lines(
    prediction: Prediction, load: Callable[[str], ModelSpec], draws: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one line per model, with `kept`: whether it does as claimed; and one line per point of its curve."""
    lines, curves = [], []
    for name, claim in claims(prediction):
        model = load(name)
        result = predict(prediction, model, draws)
        of_model = {"prediction": prediction.name, "model": model.name, "claim": claim}
        share = effect_share(result.effect, prediction.smallest)
        lines.append(of_model | share | {"kept": is_kept(claim, share)})
        curves.append(curve_lines(result.curve).assign(**of_model))
    table = pd.concat(curves, ignore_index=True)
    return pd.DataFrame(lines), table[["prediction", "model", "claim", "x", "low", "median", "high"]]


def other_lines(prediction: Prediction, models: Sequence[ModelSpec], draws: int) -> pd.DataFrame:
    """Return one line per model that makes no claim about the effect, and that the experiment can measure."""
    lines = []
    for model in filter(prediction.takes_part, models):
        share = effect_share(predict(prediction, model, draws).effect, prediction.smallest)
        lines.append({"prediction": prediction.name, "model": model.name} | share)
    return pd.DataFrame(lines)


def decision_sentence(table: pd.DataFrame) -> str:
    """Return whether a prediction is decided, in words; `table` has one line per model that still has a claim."""
    if not {"shows", "does not"} <= set(table["claim"]):
        return "withdrawn: no model is left that claims the effect, or no rival"
    not_kept = table.loc[~table["kept"], "model"]
    if not not_kept.empty:
        return f"undecided: not as claimed in {', '.join(not_kept)}"
    nearest = table[table["claim"] == "does not"].sort_values("share").to_dict("records")[-1]
    return (
        "decided: every model that claims the effect shows it; the nearest rival, "
        f"{nearest['model']}, shows it in {nearest['share']:.2f} of its prior"
    )
