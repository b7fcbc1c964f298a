"""Follow-up: the sessions that people did not have, because they left or because the study ended for them.

A person whose sessions end early is not like the others. Where people leave with low trust, to censor them would count
them as if they had the beliefs of those who stayed. Here a person continues with the sessions of somebody who had more
of them, a donor, of the same arm where the study has arms. The model says what they would come to believe. This is a
hot deck (Andridge & Little, 2010, doi:10.1111/j.1751-5823.2010.00103.x), with other donors in each draw. The answer is
then about everybody, had all been followed for as long as the longest. It assumes that care does not depend on how long
people stay.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.estimands.belief_paths import BeliefPaths, Places, belief_paths, posterior_batches
from iwm_bayes.estimands.by_arm import person_arms
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people
from iwm_bayes.types import ModelSpec


def people_who_left(model: ModelSpec, data: xr.Dataset) -> np.ndarray:
    """Return who left, (person,), by the responses about leaving; nobody in a model without such a response."""
    left = np.zeros(data.sizes["person"], dtype=bool)
    for name, response in model.responses.items():
        if response.effect == "leaves":
            left |= (data[f"answer_{name}"] == 1).any("event").values
    return left


def possible_donors(data: xr.Dataset, left: np.ndarray) -> np.ndarray:
    """Return who can stand in for a person, (person, donor): those of the same arm who did not leave."""
    arms = person_arms(data).to_numpy()
    in_arm = arms[:, None] == arms if len(arms) else np.ones((len(left), len(left)), dtype=bool)
    return in_arm & ~left


def continued_events(model: ModelSpec, data: xr.Dataset, who: np.ndarray, generator: np.random.Generator) -> Places:
    """Draw the events that people experience if they continue with the sessions of donors.

    Parameters
    ----------
    data
        The study.
    who
        Index of the person in each place, (place,).
    generator
        The source of random numbers.

    Returns
    -------
    Places
        Which event of which person it is, (event, place) each: the person's own as long as they have one. No place has
        more events than the person with the most.
    """
    session, n_events = session_index(data), data["present"].values.sum(axis=0)
    n_sessions, donors = session.max(axis=0) + 1, possible_donors(data, people_who_left(model, data))
    event, person = np.tile(np.arange(len(session))[:, None], (1, len(who))), np.tile(who, (len(session), 1))
    waiting = [(i, np.flatnonzero(who == i), int(n_sessions[i]), int(n_events[i])) for i in np.unique(who)]
    while waiting:
        first, places, sessions, events = waiting.pop()
        chosen = generator.permutation(np.flatnonzero(donors[first] & (n_sessions > sessions)))
        if not len(chosen) or events >= len(session):
            continue
        drawn = generator.choice(chosen, len(places))
        for donor in np.unique(drawn):
            added = np.flatnonzero(session[:, donor] >= sessions)[: len(session) - events]
            here, rows = places[drawn == donor], slice(events, events + len(added))
            event[rows, here], person[rows, here] = added[:, None], donor
            waiting.append((first, here, int(n_sessions[donor]), events + len(added)))
    return Places(event, person)


def continued_path_batches(
    model: ModelSpec, fit: xr.DataTree, draws: int, figure: str | None, generator: np.random.Generator
) -> Iterator[BeliefPaths]:
    """Yield about `draws` draws of a fit in batches; people whose sessions end early continue, by other donors each."""
    data = fit["data"].to_dataset()
    people, figures = data.sizes["person"], figure_names(data)
    for batch in posterior_batches(fit["posterior"].to_dataset(), draws, people):
        who = np.tile(np.arange(people), batch.sizes["sample"])
        places = continued_events(model, data, who, generator)
        yield belief_paths(model, data, draws_as_people(model, batch, figures, people), figure, places)
