"""People who left: the sessions that they did not have.

Leaving is rarely random. Where a model has a response about it, people with low trust leave earlier, and to censor them
would count them as if they were like those who stayed. So each person who left continues with the sessions of somebody
who stayed longer, of the same arm where the study has arms, and the model says what they would come to believe (a hot
deck: Andridge & Little, 2010, doi:10.1111/j.1751-5823.2010.00103.x). The answer is then about everybody, had all
stayed. It assumes that care does not depend on who leaves.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.estimands.belief_paths import BeliefPaths, belief_path_batches, belief_paths, posterior_batches
from iwm_bayes.estimands.by_arm import person_arms
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people
from iwm_bayes.types import ModelSpec

MIN_BATCHES = 20  # each continues the people who left with the sessions of others


def people_who_left(model: ModelSpec, data: xr.Dataset) -> np.ndarray:
    """Return who left, (person,), by the responses about leaving; nobody in a model without such a response."""
    left = np.zeros(data.sizes["person"], dtype=bool)
    for name, response in model.responses.items():
        if response.effect == "leaves":
            left |= (data[f"answer_{name}"] == 1).any("event").values
    return left


def possible_donors(data: xr.Dataset, left: np.ndarray) -> list[np.ndarray]:
    """Return for each person who left those who stayed and had more sessions, in their arm if there are arms."""
    arms = person_arms(data).to_numpy()
    sessions = session_index(data).max(axis=0)
    in_arm = arms[:, None] == arms if len(arms) else np.ones((len(left), len(left)), dtype=bool)
    return [np.flatnonzero(in_arm[person] & ~left & (sessions > sessions[person])) for person in np.flatnonzero(left)]


def continue_leavers(model: ModelSpec, data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Return the data with the sessions of a random donor after the last session of each person who left.

    People without a donor stay as they are, and so does the number of events; nobody answers in the added sessions.
    """
    left, session, present = people_who_left(model, data), session_index(data), data["present"].values
    source = np.tile(np.arange(data.sizes["person"]), (data.sizes["event"], 1))
    event = np.tile(np.arange(data.sizes["event"])[:, None], (1, data.sizes["person"]))
    for person, donors in zip(np.flatnonzero(left), possible_donors(data, left), strict=True):
        if len(donors):
            donor, first = generator.choice(donors), int(present[:, person].sum())
            added = np.flatnonzero(session[:, donor] > session[:, person].max())[: len(present) - first]
            rows = slice(first, first + len(added))
            event[rows, person], source[rows, person] = added, donor
    own = source == np.arange(data.sizes["person"])
    by_event = [name for name, values in data.items() if values.dims == ("event", "person")]
    completed = {name: (("event", "person"), data[name].values[event, source]) for name in by_event}
    answers = {
        name: (("event", "person"), np.where(own, data[name].values, np.nan))
        for name in by_event
        if str(name).startswith("answer_")
    }
    return data.assign(completed | answers)


def completed_path_batches(
    model: ModelSpec, fit: xr.DataTree, draws: int, figure: str | None, generator: np.random.Generator
) -> Iterator[BeliefPaths]:
    """Yield about `draws` draws in batches; people who left continue, with other donors in each batch."""
    data, posterior = fit["data"].to_dataset(), fit["posterior"].to_dataset()
    if not people_who_left(model, data).any():
        yield from belief_path_batches(model, fit, draws, figure)
        return
    people, figures = data.sizes["person"], figure_names(data)
    for batch in posterior_batches(posterior, draws, people, MIN_BATCHES):
        values = draws_as_people(model, batch, figures, people)
        yield belief_paths(model, continue_leavers(model, data, generator), values, figure)
