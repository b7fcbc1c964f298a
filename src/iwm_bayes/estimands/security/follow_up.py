"""Follow-up: the sessions that people did not have, because they left or because the study ended for them.

A person whose sessions end early is not like the others. Where people leave with low trust, to censor them would count
them as if they had the beliefs of those who stayed. Here a person continues with the sessions of somebody who had more
of them, a donor, of the same arm where the study has arms. The sessions have the outcomes that they had for the donor.
The model says what the person would come to believe. This is a hot deck (Andridge & Little, 2010,
doi:10.1111/j.1751-5823.2010.00103.x), with other donors in each draw. The answer is then about everybody, had all been
followed for as long as the longest. It assumes that care does not depend on how long people stay.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.belief_paths import BeliefPaths, belief_paths
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.estimands.security.places import Places, outcomes_at_places
from iwm_bayes.filtering.arrays import new_innovations, session_index
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people, innovations_as_people, posterior_batches
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
    done, filled = n_sessions[who], n_events[who]  # sessions and events of each place so far
    for sessions in range(int(done.min()), int(n_sessions.max())):
        [waiting] = np.nonzero(done == sessions)
        donor, found = draw_donors(donors[who[waiting]] & (n_sessions > sessions), generator)
        places, donor = waiting[found], donor[found]
        first = (session[:, donor] < sessions).sum(axis=0) - (session[:, donor] < 0).sum(axis=0)
        for step in range(len(session)):
            added = (first + step < n_events[donor]) & (filled[places] + step < len(session))
            rows, here = (filled[places] + step)[added], places[added]
            event[rows, here], person[rows, here] = (first + step)[added], donor[added]
        filled[places] = np.minimum(filled[places] + n_events[donor] - first, len(session))
        done[places] = n_sessions[donor]
    return Places(event, person)


def draw_donors(possible: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a donor for each place among those that are possible, (place, donor), and return whether there is one."""
    count = possible.sum(axis=1)
    order = np.floor(generator.random(len(possible)) * count) + 1  # its number among the possible donors
    return (possible.cumsum(axis=1) < order[:, None]).sum(axis=1).clip(max=possible.shape[1] - 1), count > 0


def continued_path_batches(
    model: ModelSpec, fit: xr.DataTree, draws: int, figure: str | None, generator: np.random.Generator
) -> Iterator[BeliefPaths]:
    """Yield about `draws` draws of a fit in batches; people whose sessions end early continue, by other donors each."""
    data = fit["constant_data"].to_dataset()
    people, figures = data.sizes["person"], figure_names(data)
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        who = np.tile(np.arange(people), batch.sizes["sample"])
        places = continued_events(model, data, who, generator)
        values, own = draws_as_people(model, batch, figures, people), innovations_as_people(model, batch)
        innovations = np.where(places.is_own, own, new_innovations(model.rule, places.event.shape, generator))
        outcomes = outcomes_at_places(model, batch, data, places)
        yield belief_paths(model, data, values, figure, places, innovations, outcomes)
