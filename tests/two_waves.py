"""A study of two waves as a table, what each wave alone would be, and the likelihood on arrays."""

import numpy as np
import pandas as pd

from iwm_bayes.filtering.arrays import event_array, response_array, with_innovations
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.rules.modifiers.waves import change_names, wave_contrasts
from iwm_bayes.types import parameters
from iwm_bayes.workflow.study import Column, Study, Wave

PEOPLE = 4
RESPONSES = {
    "availability_rating": Column("closeness", commensurable=True),
    "worth_rating": Column("worth", commensurable=True),
    "approach": Column("came", levels=("no", "yes")),
}


def two_waves(people: int = PEOPLE, sessions: int = 5, names=("first", "second"), seed: int = 1) -> pd.DataFrame:
    """Return sessions of people in waves, with two figures; session numbers begin anew in each wave."""
    generator = np.random.default_rng(seed)
    rows = [
        {"person": f"p{person}", "wave": wave, "session": session + 1, "figure": figure}
        for wave in names
        for person in range(people)
        for session in range(sessions)
        for figure in ("mother", "therapist")
    ]
    table = pd.DataFrame(rows)
    table["outcome"] = (generator.random(len(table)) < 0.7).astype(float)
    table["closeness"], table["worth"] = generator.uniform(0.1, 0.9, (2, len(table)))
    table["came"] = np.where(table["outcome"] > 0, "yes", generator.choice(["no", "yes"], len(table)))
    return table


def wave_study(table: pd.DataFrame, responses=RESPONSES, wave: Wave | None = None, **words) -> Study:
    """Return the study of a table; of a table without waves with `wave=None`."""
    return Study(
        table,
        person="person",
        session="session",
        figure="figure",
        responses=responses,
        **({"wave": wave} if wave else {}),
        **{"outcome": "outcome"} | words,
    )


def log_likelihood(model, data, values, innovations=()):
    """Return everyone's log likelihood on arrays, (person,); `innovations` are (innovation, event, person)."""
    figures, total = figure_names(data), np.zeros(data.sizes["person"])
    events = with_innovations(event_array(data), innovations)
    for name, arguments, value, recorded in likelihood_terms(
        model, figures, values, events, response_array(model, data)
    ):
        total += response_log_density(model.responses[name].family, arguments, value, recorded).sum(axis=0)
    return total


def drawn_theta(bound, seed=3):
    """Draw link-scale values (parameter, person) of a bound model."""
    generator, free = np.random.default_rng(seed), free_parameters(bound.spec, figure_names(bound.data))
    return free, np.array([generator.normal(one.prior_mean, 0.7 * one.prior_sd, PEOPLE) for one in free])


def natural(bound, free, theta):
    """Return natural-scale values by parameter."""
    by_label = {one.label: row for one, row in zip(free, theta, strict=True)}
    return natural_values(bound.spec, by_label, figure_names(bound.data), PEOPLE)


def of_wave(bound, values, wave, waves):
    """Return the natural-scale values of one wave, by the definition on the link scale."""
    known, own = parameters(bound.spec), {}
    for name in (name for name in known if "_change" not in name):
        changes = [values[change] for change in change_names(name, waves) if change in values]
        link, unlink = LINKS[known[name].support]
        shift = wave_contrasts(waves)[wave] @ np.array(changes) if changes else 0.0
        own[name] = unlink(link(values[name]) + shift)
    return own
