"""Earned security of new people: others of the same population, under the care that the people of a study received.

The people of a study are a sample, and so is their care. A claim about a treatment is about those to come. In every
draw, new people are drawn from the population around somebody of the study: their covariates and groups, but
parameters of their own. They go through this person's sessions, with the outcomes that these had. A Bayesian bootstrap
draws who is taken, so that it counts that the sessions are a sample, too (Rubin, 1981, doi:10.1214/aos/1176345338). The
comparison of arms is then g-computation (Robins, 1986, doi:10.1016/0270-0255(86)90088-6) under the arms' own care.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.belief_paths import BeliefPaths, belief_paths
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion, by_draw_and_person, joined, judge
from iwm_bayes.estimands.security.follow_up import continued_events
from iwm_bayes.estimands.security.places import outcomes_at_places
from iwm_bayes.filtering.arrays import new_innovations
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.draws import new_people, posterior_batches, thin_draws
from iwm_bayes.types import GENERALISED, ModelSpec, named_leaves

N_DRAWS = 400
N_PEOPLE = 1000  # in each draw: a share of all of them has an SD of at most .016, one of half of them of .022


def draw_twins(people: int, draws: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw for each of `count` new people the person whose covariates and sessions they have, (draw, new person).

    In every draw, people are taken in proportion to weights from Dirichlet(1, ..., 1), by systematic resampling.
    """
    ends = generator.dirichlet(np.ones(people), draws).cumsum(axis=1)
    points = (np.arange(count) + generator.random((draws, 1))) / count
    taken = [np.searchsorted(row, point) for row, point in zip(ends, points, strict=True)]
    return np.array(taken).clip(max=people - 1)


def draw_new_people(
    model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset, twins: np.ndarray, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw people around others of the study, whose covariates and groups they have.

    Parameters
    ----------
    posterior
        Draws with dim `sample`.
    twins
        Index of the person whose place each new person takes, (sample, new person).

    Returns
    -------
    dict
        Natural-scale values by parameter, with (sample, new person) along their last axis.
    """
    figures = figure_names(data)
    partial = [free.label for free in free_parameters(model, figures) if free.parameter.pooling == "partial"]
    centre = {}
    if partial:
        by_person = person_centres(posterior, model, data).sel(parameter=partial)
        if "person" not in by_person.dims:
            by_person = by_person.expand_dims(person=data.sizes["person"])
        values = by_person.transpose("parameter", "sample", "person").values
        centre = dict(zip(partial, np.take_along_axis(values, twins[None], axis=2), strict=True))
    return new_people(model, posterior, figures, twins.shape[1], generator, centre)


def new_people_batches(
    model: ModelSpec, fit: xr.DataTree, draws: int, count: int, figure: str | None, generator: np.random.Generator
) -> Iterator[tuple[np.ndarray, BeliefPaths]]:
    """Yield batches of draws of new people: their twins (draw, new person), and their paths."""
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    for batch in posterior_batches(posterior, draws, count):
        twins = draw_twins(data.sizes["person"], batch.sizes["sample"], count, generator)
        values = draw_new_people(model, batch, data, twins, generator)
        places = continued_events(model, data, twins.ravel(), generator)
        innovations = new_innovations(model.rule, places.event.shape, generator)
        outcomes = outcomes_at_places(model, batch, data, places)
        yield twins, belief_paths(model, data, values, figure, places, innovations, outcomes)


def earned_security_of_new_people(
    model: ModelSpec,
    fit: xr.DataTree,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = N_DRAWS,
    count: int = N_PEOPLE,
    seed: int = 1,
) -> xr.Dataset:
    """Judge new people of the same population under the care of the study, in every draw.

    Parameters are as in `time_to_security.earned_security`; `count` is the number of new people in each draw.

    Returns
    -------
    xr.Dataset
        - insecure, sessions, earned, tested, held_from, corrective, repairs, horizon, followed (chain, draw, person):
          as in `Judgement`; dim `person` has the new people
        - twin (chain, draw, person): index of the person of the study whose covariates and sessions they have

    Raises
    ------
    InputError
        If the data have no such figure.
    """
    sample = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    generator = np.random.default_rng(seed)
    judgements, all_twins, sessions = [], [], 1
    for twins, paths in new_people_batches(model, fit, draws, count, figure, generator):
        path = paths.observed_path()
        judgements.append(by_draw_and_person(judge(path, criterion), count))
        all_twins.append(twins)
        sessions = max(sessions, len(path.is_session))
    variables = dict(named_leaves(joined(judgements))) | {"twin": np.concatenate(all_twins)}
    security = xr.Dataset({name: (("sample", "person"), leaf) for name, leaf in variables.items()})
    security = security.assign_coords(sample.coords).unstack("sample").transpose("chain", "draw", ...)
    security = security.assign_coords(session=np.arange(1, sessions + 1))
    return security.assign_attrs({"figure": figure or GENERALISED} | criterion._asdict())
