"""What data of several waves can and cannot say about reliability, before any sampling.

How much one person's sessions say about the change of a parameter follows from the expected information of the answers
at the prior means: the mean over simulated answers of the squared slopes of their log density (Fisher information).

    contraction = 1 - var(change | a person's answers) / var(change),     with the prior SDs between people

Innovations of the model (`filtering.arrays`) are unknown, too: the variance is that with all of them integrated out.
"""

from collections.abc import Iterator, Sequence
from itertools import batched

import numpy as np
import xarray as xr

from iwm_bayes.data.waves import supposed_gap, waves_of
from iwm_bayes.estimands.reliability import parameters_with_waves, people_by_waves
from iwm_bayes.filtering.arrays import (
    event_array,
    response_array,
    session_index,
    true_innovations,
    with_innovations,
    with_true_innovations,
)
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.types import ModelSpec

FEW_PEOPLE = 30  # a reliability of .6 is then known to about +-.2, were everybody's parameters known
FEW_SESSIONS = 8  # in a wave, of the median person
UNEQUAL = 1.5  # times as many sessions in one wave as in another
HARDLY = 0.2  # contraction of a person's change, below which its SD follows the prior
MAX_PEOPLE, REPLICATIONS = 8, 24  # of an average; simulated answers of everybody: with 4, contractions are .03 too low
STEP, MAX_COLUMNS = 1e-4, 4000  # of a derivative; people times moves at once


def wave_sentences(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield one sentence for each thing that waves of these data cannot tell; none in a study without waves."""
    waves = waves_of(data)
    if waves is None:
        return
    several = int((people_by_waves(data) > 1).sum())
    if several < FEW_PEOPLE:
        yield (
            f"reliability is weakly identified: {several} people have sessions in two waves. With fewer than "
            f"{FEW_PEOPLE}, a reliability of .6 is known to within .2 at best, however many sessions they have"
        )
    counts = {name: sessions_in_wave(data, wave) for wave, name in enumerate(waves.names)}
    listed = ", ".join(f"{name} {count:g}" for name, count in counts.items())
    if min(counts.values()) < FEW_SESSIONS:
        yield (
            f"a wave has fewer than {FEW_SESSIONS} sessions (of the median person: {listed}), so a person's parameters "
            "in it are hardly known, and the reliability rests on the prior. `iwm plan reliability` says how many help"
        )
    if max(counts.values()) > UNEQUAL * min(counts.values()):
        yield (
            f"waves have different numbers of sessions (of the median person: {listed}). The shortest wave limits what "
            "is known about change. Where people change with practice in different ways, a parameter looks less "
            "reliable"
        )
    if waves.beliefs == "restarted":
        yield (
            "earned security is not computed, because beliefs restart in every wave: there is no single course of "
            'beliefs that could be followed. Write beliefs = "carried" where people go on where they ended'
        )
    if supposed_gap(data):
        yield (
            "the time between waves is not known, because session numbers begin anew in every wave. Beliefs go on as "
            "if the next session followed the last one. Name a column of times, or number sessions over all waves"
        )
    yield from untold_changes(model, data)


def sessions_in_wave(data: xr.Dataset, wave: int) -> float:
    """Return the median number of sessions in a wave, of people who have any."""
    session, own = session_index(data), data["present"].values & (data["wave_index"].values == wave)
    counts = np.array([len(np.unique(session[here, person])) for person, here in enumerate(own.T) if here.any()])
    return float(np.median(counts)) if len(counts) else 0.0


def untold_changes(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield a sentence about parameters whose change one person's sessions hardly determine."""
    found = change_contraction(model, data)
    hardly = [f"{name} ({value:.2f})" for name, value in found.items() if value < HARDLY]
    if hardly:
        yield (
            "the reliability of some parameters cannot be told by these sessions, because one person's change between "
            f"waves is hardly determined (expected contraction in brackets): {', '.join(hardly)}. Name the other "
            "parameters as `parameters` of the wave, or record more sessions in each wave"
        )


def change_contraction(
    model: ModelSpec, data: xr.Dataset, seed: int = 1, replications: int = REPLICATIONS
) -> dict[str, float]:
    """Return how much a person's answers are expected to say about each parameter's change, by its label.

    It is the mean over changes and over people with two waves or more. Innovations of the model are as unknown as the
    person's parameters: the information has a row for each. Answers are simulated `replications` times for everybody.
    """
    [several] = np.nonzero(people_by_waves(data) > 1)
    if not len(several):
        return {}
    data = data.isel(person=np.tile(several[:MAX_PEOPLE], replications))
    free = free_parameters(model, figure_names(data))
    theta, answers = simulated_people(model, data, np.random.default_rng(seed))
    partial = [index for index, one in enumerate(free) if one.parameter.pooling == "partial"]
    rows = [*partial, *range(len(free), len(theta))]
    slopes = density_slopes(model, data, theta, response_array(model, answers), rows)
    by_person = (
        slopes.reshape(*slopes.shape[:2], replications, -1)
        .transpose(3, 2, 0, 1)
        .reshape(-1, replications * len(slopes), len(rows))
    )
    information = by_person.swapaxes(1, 2) @ by_person / replications
    sds = np.array([free[index].parameter.prior_between_sd for index in partial])
    precision = np.concatenate([sds**-2.0, np.ones(len(rows) - len(partial))])  # innovations have SD 1
    posterior = np.diagonal(np.linalg.inv(information + np.diag(precision)), axis1=1, axis2=2)[:, : len(partial)]
    contraction = 1.0 - posterior.mean(axis=0) / sds**2
    by_label = dict(zip((free[index].label for index in partial), contraction, strict=True))
    return {
        mean.label: float(np.mean([by_label[change.label] for change in changes]))
        for mean, changes in parameters_with_waves(model, data)
        if mean.label in by_label
    }


def simulated_people(
    model: ModelSpec, data: xr.Dataset, generator: np.random.Generator
) -> tuple[np.ndarray, xr.Dataset]:
    """Return people with the prior means and innovations of their own, (row, person), and data with their answers."""
    figures, shape = figure_names(data), data["outcome"].shape
    free = free_parameters(model, figures)
    data = with_true_innovations(model.rule, data, generator)
    innovations = true_innovations(model.rule, data)
    theta = np.concatenate(
        [np.tile([[one.prior_mean] for one in free], (1, shape[1])), innovations.reshape(-1, shape[1])]
    )
    people = natural_values(model, dict(zip((one.label for one in free), theta, strict=False)), figures, shape[1])
    drawn = along_events(model, data, people, generator)
    return theta, data.assign({f"answer_{name}": (("event", "person"), answer) for name, answer in drawn.items()})


def density_slopes(
    model: ModelSpec, data: xr.Dataset, theta: np.ndarray, responses: np.ndarray, rows: Sequence[int]
) -> np.ndarray:
    """Return the slopes of everybody's log density along rows of theta, (event, row, person), by central differences.

    `theta` (row, person) has the parameters, then the innovations of each event: row n + k * events + event.
    """
    events, people, found = event_array(data), theta.shape[1], []
    for part in batched(rows, max(1, MAX_COLUMNS // (2 * people))):
        step = STEP * np.eye(len(theta))[:, list(part)]
        moved = np.stack([theta[:, None] + sign * step[:, :, None] for sign in (1.0, -1.0)], axis=1)
        repeated = (np.tile(array, (1, 1, 2 * len(part))) for array in (events, responses))
        density = log_density(model, figure_names(data), moved.reshape(len(theta), -1), *repeated)
        up, down = density.reshape(len(events), 2, len(part), people).swapaxes(0, 1)
        found.append((up - down) / (2.0 * STEP))
    return np.concatenate(found, axis=1)


def log_density(
    model: ModelSpec, figures: list[str], theta: np.ndarray, events: np.ndarray, responses: np.ndarray
) -> np.ndarray:
    """Return the log density of all answers at every event, (event, person), of link-scale values (row, person)."""
    free, people = free_parameters(model, figures), theta.shape[1]
    values = natural_values(model, dict(zip((one.label for one in free), theta, strict=False)), figures, people)
    events = with_innovations(events, theta[len(free) :].reshape(-1, len(events), people))
    total = np.zeros((len(events), people))
    for name, arguments, value, recorded in likelihood_terms(model, figures, values, events, responses):
        total += response_log_density(model.responses[name].family, arguments, value, recorded)
    return total
