"""Prior and posterior predictive distributions: the answers of simulated people along the observed events."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import (
    event_array,
    session_begins,
    true_innovations,
    with_innovations,
    with_true_innovations,
)
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import GENERALISED, ModelSpec


def answered_events(data: xr.Dataset, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return where the data have an answer, (event, person) by response."""
    return {name: data[f"answer_{name}"].notnull().values for name in names}


def blank_where_unanswered(data: xr.Dataset, name: str, answers: np.ndarray) -> np.ndarray:
    """Set replicated answers (..., event, person) to NaN where the data have no answer."""
    return np.where(data[f"answer_{name}"].notnull().values, answers, np.nan)


def replicated_answers(
    model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset, draws: int, seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """Replicate the answers of people in about `draws` link-scale draws, evenly spaced and in batches.

    Innovations are those of the draws, or new ones where the draws have none.

    By response, (replication, event, person); NaN where the data have no answer.
    """
    generator = np.random.default_rng(seed)
    figures, people = figure_names(data), data.sizes["person"]
    others = sum(name != GENERALISED for name in figures)
    events, answered = event_array(data), answered_events(data, model.responses)
    begins = session_begins(data)
    for batch in posterior_batches(posterior, draws, people):
        samples = batch.sizes["sample"]
        values, repeated = (
            draws_as_people(model, batch, figures, people),
            events_as_people(model, batch, events, generator),
        )
        given = {name: np.tile(where, (1, samples)) for name, where in answered.items()}
        replicated = simulate_open_loop(
            model, values, repeated, len(figures), others, generator, given, np.tile(begins, (1, samples))
        )
        yield {
            name: blank_where_unanswered(
                data, name, answers.reshape(len(answers), -1, people).swapaxes(0, 1).astype(float)
            )
            for name, answers in replicated.items()
        }


def along_events(
    model: ModelSpec, data: xr.Dataset, people: Mapping[str, np.ndarray], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Simulate the answers of people with natural-scale values `people`, (event, person) by response, in open loop.

    There is an answer where the data have one, and NaN elsewhere.
    """
    figures, answered = figure_names(data), answered_events(data, model.responses)
    others = sum(name != GENERALISED for name in figures)
    if "true_innovation" not in data:
        data = with_true_innovations(model.rule, data, generator)
    events = with_innovations(event_array(data), true_innovations(model.rule, data))
    simulated = simulate_open_loop(
        model, people, events, len(figures), others, generator, answered, session_begins(data)
    )
    return {name: blank_where_unanswered(data, name, answers.astype(float)) for name, answers in simulated.items()}


def prior_predictive(model: ModelSpec, data: xr.Dataset, draws: int, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Simulate the answers of as many people from the prior, one population for each draw."""
    generator, figures = np.random.default_rng(seed), figure_names(data)
    for _ in range(draws):
        people = draw_people(model, figures, data.sizes["person"], generator)
        yield {name: answers[None] for name, answers in along_events(model, data, people, generator).items()}
