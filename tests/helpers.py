"""Shared functions of tests: all rules, random data, textbook densities, and graphs that compile quickly."""

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
from uncompiled import kernels_in_python

from iwm_bayes.data.dataset import events_to_dataset
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.filter import accumulated_readouts, filter_readouts
from iwm_bayes.filtering.readouts import Readout, required_readouts
from iwm_bayes.model import priors
from iwm_bayes.responses import families
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.trend import with_trend
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
    """A choice among several, by probabilities along the last axis: a multinomial of one draw."""

    p: np.ndarray

    def logpmf(self, answers: np.ndarray) -> np.ndarray:
        chosen = np.arange(self.p.shape[-1]) == np.asarray(answers)[..., None]
        return stats.multinomial.logpmf(chosen, 1, self.p / self.p.sum(axis=-1, keepdims=True))

    def mean(self) -> np.ndarray:
        return self.p @ np.arange(self.p.shape[-1])

    def std(self) -> np.ndarray:
        return np.sqrt(self.p @ np.arange(self.p.shape[-1]) ** 2 - self.mean() ** 2)


class Answer(NamedTuple):
    """A Bernoulli by its log-odds; SciPy's takes a probability, which loses digits near 1."""

    logit_p: np.ndarray

    def logpmf(self, answers: np.ndarray) -> np.ndarray:
        return special.log_expit(np.where(np.asarray(answers) > 0, self.logit_p, -self.logit_p))

    def mean(self) -> np.ndarray:
        return special.expit(self.logit_p)

    def std(self) -> np.ndarray:
        return np.sqrt(special.expit(self.logit_p) * special.expit(-self.logit_p))


TEXTBOOK = {  # the distributions of responses, from SciPy, by how the program scores them
    families.normal_log_density: lambda mu, sigma: stats.norm(mu, sigma),
    families.bernoulli_log_density: lambda logit_p: Answer(logit_p),
    families.beta_log_density: lambda mu, nu: stats.beta(mu * nu, (1 - mu) * nu),
    families.categorical_log_density: lambda p: Choice(p),
}
READOUTS = [Readout(about, timing) for about in ("expected", "availability", "worth") for timing in ("before", "after")]
AFTER = [Readout("availability", "after")]


def lifted_rules() -> dict[str, Rule]:
    """Return every rule, with learners applied to both beliefs.

    Transfer is written once for all states. Here it has states of one and two leaves, in `test_limits` all learners.
    """
    found = {name: lift_learner(rule) if isinstance(rule, Learner) else rule for name, rule in RULES.items()}
    for name in ("rescorla_wagner", "kalman"):
        found[f"{name} with transfer"] = lift_learner(RULES[name], transfer=True)
    for name in ("kalman", "hgf"):  # a trend is added alike on each of the two scales
        found[f"{name} with trend"] = with_trend(found[name])
    return found


def differing_by_figure(rule: Rule) -> Rule:
    """Return the rule with one value per figure of every parameter that may differ by figure."""
    declared = named_leaves(rule.parameters)
    changed = (p._replace(by="figure", fixed=None) if name in rule.by_figure else p for name, p in declared)
    return rule._replace(parameters=unflatten(rule.parameters, changed))


def names(figures: int) -> list[str]:
    return [f"figure {index}" for index in range(figures)]


def random_data(
    figures: int = 3, people: int = 5, events: int = 12, unobserved: float = 0.2, seed: int = 1
) -> xr.Dataset:
    """Simulate events: between half of `events` and all, graded outcomes, random figures and times, some unobserved."""
    generator = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        length = events if person == 0 else generator.integers(events // 2, events + 1)
        met = np.where(np.arange(length) < figures, np.arange(length), generator.integers(0, figures, length))
        observed = generator.random(length) >= unobserved
        rows.append(
            pd.DataFrame(
                {
                    "person": f"person {person}",
                    "session": np.arange(length),
                    "figure": np.array(names(figures))[met],
                    "time": np.cumsum(generator.exponential(1.0, length)),
                    "outcome": np.where(observed, generator.random(length), 0.0),
                    "observed": observed,
                    "distress": generator.random(length),
                    "threat": generator.random(length),
                    "rated": 0.0,
                    "assessment": False,
                }
            )
        )
    return events_to_dataset(pd.concat(rows, ignore_index=True), {}, "session")


def draw_theta(rule: Rule, figures: int, people: int, seed: int = 2) -> np.ndarray:
    """Draw link-scale values (parameter, person) of the free parameters from the prior of the median person."""
    generator = np.random.default_rng(seed)
    free = priors.free_parameters(ModelSpec("", rule, {}), names(figures))
    return np.array([generator.normal(one.prior_mean, one.prior_sd, people) for one in free])


def natural_parameters(rule: Rule, theta: Any, figures: int, people: int) -> Params:
    """Convert link-scale values, arrays or a graph, to the rule's parameters on the natural scale."""
    model = ModelSpec("", rule, {})
    by_label = {free.label: theta[index] for index, free in enumerate(priors.free_parameters(model, names(figures)))}
    return rule_values(model, priors.natural_values(model, by_label, names(figures), people))


def readouts_on_arrays(rule: Rule, theta: np.ndarray, events: np.ndarray, figures: int) -> np.ndarray:
    """Compute every readout at every event, (readout, event, person), by the loop over arrays."""
    p = natural_parameters(rule, theta, figures, theta.shape[1])
    return np.stack(filter_readouts(rule, p, events, figures, READOUTS))


def constants(rule: Rule, people: int = 1, **values: float | Sequence[float]) -> Params:
    """Fill the rule's parameters by full name: one number for all people, or one per person."""
    return unflatten(rule.parameters, (np.zeros(people) + values[name] for name, _ in named_leaves(rule.parameters)))


def one_person_events(outcomes: Sequence[float], figure: Sequence[int] | None = None, figures: int = 1) -> np.ndarray:
    """Return events of one person, one unit of time apart, with all outcomes observed; `figure` numbers the figures."""
    met = [0] * len(outcomes) if figure is None else figure
    index = np.arange(len(outcomes))
    frame = pd.DataFrame({"person": "p", "session": index, "time": index.astype(float), "outcome": outcomes})
    frame = frame.assign(
        figure=np.array(names(figures))[met], observed=True, distress=0.0, threat=0.0, rated=0.0, assessment=False
    )
    data = events_to_dataset(frame, {}, "session").drop_vars("figure")
    return event_array(data.assign_coords(figure=names(figures)))


def belief_path(
    name: str, outcomes: Sequence[float], distress: float | np.ndarray = 0.0, **values: float
) -> np.ndarray:
    """Return one person's belief about one figure after each outcome, by a learner without self-worth."""
    rule = lift_learner(RULES[name], worth=False)
    p = constants(rule, **{f"availability_{key}": value for key, value in values.items()})
    events = one_person_events(outcomes)
    events[:, EVENT_FIELDS.index("distress"), 0] = distress
    return filter_readouts(rule, p, events, 1, AFTER)[0][:, 0]


def with_last_residual(
    response: Response, p: Params, given: Mapping[str, Any], data: xr.Dataset, name: str
) -> Mapping[str, Any]:
    """Add what is left of the last residual to the family's mean, person by person and event by event."""
    if response.carry is None:
        return given
    expected, answers, time = given["mu"].copy(), data[f"answer_{name}"].values, data["since_any"].values.cumsum(axis=0)
    persistence = np.broadcast_to(p.persistence, expected.shape)  # it may differ by figure
    for person in range(expected.shape[1]):
        last = {}
        for event, figure in enumerate(data["figure_index"].values[:, person]):
            about = "self" if response.carries_across_figures else figure
            if about in last:
                residual, then = last[about]
                expected[event, person] += persistence[event, person] ** (time[event, person] - then) * residual
            if not np.isnan(answers[event, person]):
                last[about] = answers[event, person] - given["mu"][event, person], time[event, person]
    return {**given, "mu": expected}


def arguments(model: ModelSpec, people: Mapping[str, np.ndarray], data: xr.Dataset) -> dict[str, Mapping[str, Any]]:
    """Compute the arguments of every response's family at every event, by the loop over arrays."""
    figure, person, figures = data["figure_index"].values, np.arange(data.sizes["person"]), data.sizes["figure"]
    others = int((data["figure"].values != GENERALISED).sum())
    required = [readout for response in model.responses.values() for readout in required_readouts(response, others)]
    values = filter_readouts(model.rule, rule_values(model, people), event_array(data), figures, required)
    readouts, found = dict(zip(required, values, strict=True)), {}
    for name, response in model.responses.items():
        p, of_each = response_values(model, name, people), response.figure_scope == "each"
        p = map_tree(lambda x, of_each=of_each: (x[:others] if of_each else x[figure, person]) if x.ndim == 2 else x, p)
        own = accumulated_readouts(response, p, readouts, data["since_any"].values, others)
        inputs = [own[readout] for readout in required_readouts(response, others)]
        if of_each:
            inputs = [np.stack(inputs[:others], axis=-2), *inputs[others:]]
        found[name] = with_last_residual(response, p, response.arguments(p, *inputs), data, name)
    return found


def evaluate(inputs: list[Any], outputs: Any, rewriting: str | None = None) -> Any:
    """Compile a function that is quick to compile and slow to run: no C, and no rewrites unless named."""
    with pytensor.config.change_flags(cxx=""):
        return pytensor.function(inputs, outputs, mode=Mode("py", rewriting), on_unused_input="ignore")


@contextmanager
def interpreted() -> Iterator[None]:
    """Make the program compile its functions as `evaluate` does: quick to compile, slow to run."""
    slow = Mode("py", "stabilize")
    with kernels_in_python(), pytensor.config.change_flags(cxx="", mode=slow), patch.dict(predefined_modes, NUMBA=slow):
        yield


def textbook_log_density(family: Family, given: Mapping[str, Any], answers: np.ndarray) -> np.ndarray:
    """Compute the log density of answers by closed forms; at a bound it is the probability of the tail."""
    textbook = TEXTBOOK[family.log_density](**given)
    answers = answers if family.clip_range is None else np.clip(answers, *family.clip_range)
    density = textbook.logpmf(answers) if family.discrete else textbook.logpdf(answers)
    if family.bounds is None:
        return density
    low, high = family.bounds
    return np.select([answers <= low, answers >= high], [textbook.logcdf(low), textbook.logsf(high)], density)


def in_own_terms(built: Any, point: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[Any]]:
    """Untransform a point of a model's value variables; return it by random variable, and the value variables."""
    variables = [variable for variable in built.free_RVs if built.rvs_to_values[variable].name in point]
    moved = [built.rvs_to_values[variable] for variable in built.free_RVs]
    values = evaluate(moved, built.replace_rvs_by_values(variables))(*(point[variable.name] for variable in moved))
    return {variable.name: value for variable, value in zip(variables, values, strict=True)}, moved
