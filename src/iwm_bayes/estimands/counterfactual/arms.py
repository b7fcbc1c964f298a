"""The people of a study as they would be in another arm: their parameters, and the sessions that they would have.

    theta(arm) = theta + (design(arm) - design) beta          on the link scale, by the formulas of the study

A person's own deviation stays, and so do their innovations: how beliefs moved by themselves. Care belongs to the arm:
in another arm, people have the sessions of somebody of that arm, with the outcomes that these had. Donors are drawn
anew in each draw, each about equally often. People whose sessions end early continue, as in `security.follow_up`.
"""

import json

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas.design import common_design, standardised_covariates
from iwm_bayes.estimands.security.belief_paths import BeliefPaths, belief_paths
from iwm_bayes.estimands.security.by_arm import person_arms
from iwm_bayes.estimands.security.follow_up import continued_events
from iwm_bayes.estimands.security.places import outcomes_at_places
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.draws import draws_as_people, innovations_as_people
from iwm_bayes.types import ModelSpec


def arm_names(data: xr.Dataset) -> list[str]:
    """Return the arms of a study in the order of the alphabet; empty if it has none."""
    return sorted(map(str, person_arms(data).unique()))


def shift_to_arm(model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset, arm: str) -> dict[str, np.ndarray]:
    """Return what is added to link-scale values if everybody is in an arm, (sample, person) by parameter.

    Only parameters with a formula are there. `posterior` has the dim `sample`. Interactions of the arm with other
    covariates are counted.
    """
    formulas, frame = json.loads(data.attrs["formulas"]), standardised_covariates(data)
    everybody = frame.assign(**{str(person_arms(data).name): arm})
    labels = [str(label) for label in data["coefficient"].values] if "coefficient" in data.dims else []
    shifts = {}
    for name in {free.name for free in free_parameters(model, figure_names(data))} & set(formulas):
        own, other = (common_design(formulas[name], frame, given) for given in (frame, everybody))
        wanted = [f"{name}: {term}" for term in own]
        if set(wanted) <= set(labels) and wanted:
            beta = posterior["beta"].sel(coefficient=wanted).transpose("sample", "coefficient").values
            shifts[name] = beta @ (other.to_numpy(float) - own.to_numpy(float)).T
    return shifts


def people_in_arm(model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset, arm: str) -> dict[str, np.ndarray]:
    """Return natural-scale values of everybody in an arm, with (sample, person) along their last axis."""
    figures, people, shifts = figure_names(data), data.sizes["person"], shift_to_arm(model, posterior, data, arm)
    if not shifts:
        return draws_as_people(model, posterior, figures, people)
    dims = ("parameter", "sample", "person")
    theta, labels = posterior["theta"].transpose(*dims).values.copy(), list(posterior["parameter"].values)
    for free in free_parameters(model, figures):
        if free.name in shifts:
            theta[labels.index(free.label)] += shifts[free.name]
    return draws_as_people(model, posterior.assign(theta=(dims, theta)), figures, people)


def donors_of_arm(arms: pd.Series, arm: str, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Return whose sessions people have in an arm, (sample * person,): their own if it is theirs, else a donor's."""
    [inside], [outside] = (np.nonzero(mask) for mask in ((arms == arm).to_numpy(), (arms != arm).to_numpy()))
    who = np.tile(np.arange(len(arms)), (samples, 1))
    rounds = -(-len(outside) // len(inside))  # so many times everybody gives their sessions, at most
    for row in who:
        row[outside] = np.concatenate([generator.permutation(inside) for _ in range(rounds)])[: len(outside)]
    return who.ravel()


def paths_in_arm(
    model: ModelSpec,
    posterior: xr.Dataset,
    values: dict[str, np.ndarray],
    data: xr.Dataset,
    arm: str,
    figure: str,
    generator: np.random.Generator,
) -> BeliefPaths:
    """Lay draws of all people along one axis, with the sessions that they would have in an arm.

    `values` are those in the arm of the draws of `posterior`, which has the dim `sample`.
    """
    who = donors_of_arm(person_arms(data), arm, posterior.sizes["sample"], generator)
    places = continued_events(model, data, who, generator)
    outcomes = outcomes_at_places(model, posterior, data, places)
    return belief_paths(model, data, values, figure, places, innovations_as_people(model, posterior), outcomes)
