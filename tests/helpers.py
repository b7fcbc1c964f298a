"""What several tests need: every plug-in as a rule, random lives, graphs compiled for a few evaluations."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytensor
import xarray as xr
from pytensor.compile.mode import Mode, predefined_modes
from scipy import special, stats

from iwm_bayes.data.dataset import to_dataset
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import accumulated_readouts, filter_readouts
from iwm_bayes.filtering.readouts import Readout, required_readouts
from iwm_bayes.model import priors
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.types import (
    GENERALISED,
    Family,
    Learner,
    ModelSpec,
    Params,
    Response,
    Rule,
    map_tree,
    named_leaves,
    response_values,
    rule_values,
    unflatten,
)


class Choice(NamedTuple):
    """One of several, by probabilities along the last axis: a multinomial of one draw."""

    p: np.ndarray

    def logpmf(self, answers: np.ndarray) -> np.ndarray:
        chosen = np.arange(self.p.shape[-1]) == np.asarray(answers)[..., None]
        return stats.multinomial.logpmf(chosen, 1, self.p / self.p.sum(axis=-1, keepdims=True))

    def mean(self) -> np.ndarray:
        return self.p @ np.arange(self.p.shape[-1])

    def std(self) -> np.ndarray:
        return np.sqrt(self.p @ np.arange(self.p.shape[-1]) ** 2 - self.mean() ** 2)


class Answer(NamedTuple):
    """A yes or a no by its log odds; scipy's takes a chance, next to 1 of which digits are lost."""

    logit_p: np.ndarray

    def logpmf(self, answers: np.ndarray) -> np.ndarray:
        return special.log_expit(np.where(np.asarray(answers) > 0, self.logit_p, -self.logit_p))

    def mean(self) -> np.ndarray:
        return special.expit(self.logit_p)

    def std(self) -> np.ndarray:
        return np.sqrt(special.expit(self.logit_p) * special.expit(-self.logit_p))


TEXTBOOK = {  # the families that responses are built of, from another library
    "Normal": lambda mu, sigma: stats.norm(mu, sigma),
    "Bernoulli": lambda logit_p: Answer(logit_p),
    "Beta": lambda mu, nu: stats.beta(mu * nu, (1 - mu) * nu),
    "Categorical": lambda p: Choice(p),
}
READINGS = [Readout(about, moment) for about in ("expected", "availability", "worth") for moment in ("before", "after")]


def lifted_rules() -> dict[str, Rule]:
    """Every plug-in as a rule with both beliefs.

    Transfer is written once, for any state: here with one and with two leaves, in the limits with every learner.
    """
    found = {name: lift_learner(rule) if isinstance(rule, Learner) else rule for name, rule in RULES.items()}
    for name in ("rescorla_wagner", "kalman"):
        found[f"{name} with transfer"] = lift_learner(RULES[name], transfer=True)
    return found


def differing_by_figure(rule: Rule) -> Rule:
    """The rule with every parameter that may differ by figure doing so."""
    declared = named_leaves(rule.parameters)
    changed = (p._replace(by="figure", fixed=None) if name in rule.by_figure else p for name, p in declared)
    return rule._replace(parameters=unflatten(rule.parameters, changed))


def names(figures: int) -> list[str]:
    return [f"figure {index}" for index in range(figures)]


def lived(figures: int = 3, people: int = 5, events: int = 12, unseen: float = 0.2, seed: int = 1) -> xr.Dataset:
    """Random lives: lengths from half of `events` to all, graded outcomes, random figures, times and blanks."""
    generator = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        length = events if person == 0 else generator.integers(events // 2, events + 1)
        met = np.where(np.arange(length) < figures, np.arange(length), generator.integers(0, figures, length))
        seen = generator.random(length) >= unseen
        rows.append(
            pd.DataFrame(
                {
                    "person": f"person {person}",
                    "session": np.arange(length),
                    "figure": np.array(names(figures))[met],
                    "time": np.cumsum(generator.exponential(1.0, length)),
                    "outcome": np.where(seen, generator.random(length), 0.0),
                    "seen": seen,
                    "distress": generator.random(length),
                    "threat": generator.random(length),
                    "reported": 0.0,
                    "assessment": False,
                }
            )
        )
    return to_dataset(pd.concat(rows, ignore_index=True), {}, "session")


def draw_levels(rule: Rule, figures: int, people: int, seed: int = 2) -> np.ndarray:
    """Link-scale values (row, person) of the free parameters, spread as the average person's prior is."""
    generator = np.random.default_rng(seed)
    rows = priors.free_parameters(ModelSpec("", rule, {}), names(figures))
    return np.array([generator.normal(row.prior_mean, row.prior_sd, people) for row in rows])


def from_levels(rule: Rule, levels: Any, figures: int, people: int) -> Params:
    """The rule's parameters on the natural scale from link-scale values, arrays or a graph."""
    model = ModelSpec("", rule, {})
    by_label = {row.label: levels[index] for index, row in enumerate(priors.free_parameters(model, names(figures)))}
    return rule_values(model, priors.natural_values(model, by_label, names(figures), people))


def on_arrays(rule: Rule, levels: np.ndarray, course: np.ndarray, figures: int) -> np.ndarray:
    """Every reading at every event, (reading, event, person), by the loop over arrays."""
    p = from_levels(rule, levels, figures, levels.shape[1])
    return np.stack(filter_readouts(rule, p, course, figures, READINGS))


def constants(rule: Rule, people: int = 1, **values: float | Sequence[float]) -> Params:
    """The rule's parameters by full name: numbers for everyone, or one number per person."""
    return unflatten(rule.parameters, (np.zeros(people) + values[name] for name, _ in named_leaves(rule.parameters)))


def course_of(outcomes: Sequence[float], figure: Sequence[int] | None = None, figures: int = 1) -> np.ndarray:
    """The course of one person who sees every outcome, one unit of time apart; figures count in the order met."""
    met = [0] * len(outcomes) if figure is None else figure
    index = np.arange(len(outcomes))
    frame = pd.DataFrame({"person": "p", "session": index, "time": index.astype(float), "outcome": outcomes})
    frame = frame.assign(
        figure=np.array(names(figures))[met], seen=True, distress=0.0, threat=0.0, reported=0.0, assessment=False
    )
    data = to_dataset(frame, {}, "session").drop_vars("figure")
    return event_array(data.assign_coords(figure=names(figures)))


def echoed(response: Response, p: Params, given: Mapping[str, Any], data: xr.Dataset, name: str) -> Mapping[str, Any]:
    """The family's arguments with what the last answer left over, person by person and event by event."""
    if response.carry is None:
        return given
    expected, answers, time = given["mu"].copy(), data[f"answer_{name}"].values, data["since_any"].values.cumsum(axis=0)
    for person, persistence in enumerate(p.persistence):
        last = {}
        for event, figure in enumerate(data["figure_index"].values[:, person]):
            about = "me" if response.about == "worth" else figure
            if about in last:
                surprise, then = last[about]
                expected[event, person] += persistence ** (time[event, person] - then) * surprise
            if not np.isnan(answers[event, person]):
                last[about] = answers[event, person] - given["mu"][event, person], time[event, person]
    return {**given, "mu": expected}


def arguments(model: ModelSpec, people: Mapping[str, np.ndarray], data: xr.Dataset) -> dict[str, Mapping[str, Any]]:
    """The arguments of every response's family at every event, from the loop over arrays."""
    met, person, figures = data["figure_index"].values, np.arange(data.sizes["person"]), data.sizes["figure"]
    others = int((data["figure"].values != GENERALISED).sum())
    wanted = [reading for response in model.responses.values() for reading in required_readouts(response, others)]
    seen = filter_readouts(model.rule, rule_values(model, people), event_array(data), figures, wanted)
    read, found = dict(zip(wanted, seen, strict=True)), {}
    for name, response in model.responses.items():
        p, each_one = response_values(model, name, people), response.figure_scope == "each"
        p = map_tree(lambda x, whole=each_one: (x[:others] if whole else x[met, person]) if x.ndim == 2 else x, p)
        kept = accumulated_readouts(response, p, read, data["since_any"].values, others)
        held = [kept[reading] for reading in required_readouts(response, others)]
        if each_one:
            held = [np.stack(held[:others], axis=-2), *held[others:]]
        found[name] = echoed(response, p, response.arguments(p, *held), data, name)
    return found


def evaluate(inputs: list[Any], outputs: Any, rewriting: str | None = None) -> Any:
    """A function of a graph that is cheap to compile and slow to run: no C, and no rewriting unless named."""
    with pytensor.config.change_flags(cxx=""):
        return pytensor.function(inputs, outputs, mode=Mode("py", rewriting), on_unused_input="ignore")


@contextmanager
def interpreted() -> Iterator[None]:
    """Functions of graphs are cheap to make and slow to run, as in `evaluate`, wherever the program makes them."""
    slow = Mode("py", "stabilize")
    with pytensor.config.change_flags(cxx="", mode=slow), patch.dict(predefined_modes, NUMBA=slow):
        yield


def textbook_log_density(family: Family, given: Mapping[str, Any], answers: np.ndarray) -> np.ndarray:
    """Log density of answers by closed forms: at a bound, the probability of everything beyond it."""
    textbook = TEXTBOOK[family.distribution](**given)
    answers = answers if family.inside is None else np.clip(answers, *family.inside)
    density = textbook.logpmf(answers) if family.whole else textbook.logpdf(answers)
    if family.bounds is None:
        return density
    low, high = family.bounds
    return np.select([answers <= low, answers >= high], [textbook.logcdf(low), textbook.logsf(high)], density)


def in_own_terms(built: Any, point: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[Any]]:
    """A point of a model's moved variables by the names of its random variables, untransformed; the moved variables."""
    variables = [variable for variable in built.free_RVs if built.rvs_to_values[variable].name in point]
    moved = [built.rvs_to_values[variable] for variable in built.free_RVs]
    values = evaluate(moved, built.replace_rvs_by_values(variables))(*(point[variable.name] for variable in moved))
    return {variable.name: value for variable, value in zip(variables, values, strict=True)}, moved
