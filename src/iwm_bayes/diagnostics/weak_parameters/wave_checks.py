"""What data of several waves can and cannot say about reliability, before any sampling.

How much one person's sessions say about the change of a parameter follows from the expected information of the answers
at the prior means: the mean over simulated answers of the squared slopes of their log density (Fisher information).

    contraction = 1 - var(change | a person's answers) / var(change),     with the prior SDs between people
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.data.waves import supposed_gap, waves_of
from iwm_bayes.estimands.reliability import parameters_with_waves, people_by_waves
from iwm_bayes.filtering.arrays import event_array, new_innovations, response_array, session_index, with_innovations
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.types import ModelSpec

FEW_PEOPLE = 30  # a reliability of .6 is then known to about +-.2, were everybody's parameters known
FEW_SESSIONS = 8  # in a wave, of the median person
UNEQUAL = 1.5  # times as many sessions in one wave as in another
HARDLY = 0.2  # contraction of a person's change, below which its SD follows the prior
REPLICATIONS, STEP, MAX_PEOPLE = 4, 1e-4, 40  # simulated answers of everybody; of a derivative; of an average


def wave_sentences(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield one sentence for each thing that waves of these data cannot tell; none in a study without waves."""
    waves = waves_of(data)
    if waves is None:
        return
    several = int((people_by_waves(data) > 1).sum())
    if several < FEW_PEOPLE:
        yield (
            f"reliability is weakly identified: {several} people have sessions in two waves. With fewer than "
            f"{FEW_PEOPLE}, a reliability of .6 is not known to within .2, however many sessions they have"
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
            "is known about change, and a parameter that itself changes with practice looks less reliable"
        )
    if waves.beliefs == "restarted":
        yield (
            "earned security is not computed, because beliefs restart in every wave: there is no single course of "
            'beliefs that could be followed. Write beliefs = "carried" where people go on where they ended'
        )
    if supposed_gap(data):
        yield (
            "the time between waves is not known, because session numbers begin anew in every wave. Beliefs go on as if "
            "the next session followed the last one. Name the column `time`, or number sessions over all waves"
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


def change_contraction(model: ModelSpec, data: xr.Dataset, seed: int = 1) -> dict[str, float]:
    """Return how much a person's answers are expected to say about each parameter's change, by its label.

    It is the mean over changes and over people with two waves or more; innovations of the model are drawn and known.
    """
    [several] = np.nonzero(people_by_waves(data) > 1)
    if not len(several):
        return {}
    data = data.isel(person=np.tile(several[:MAX_PEOPLE], REPLICATIONS))
    figures, people = figure_names(data), data.sizes["person"]
    free = free_parameters(model, figures)
    partial = [index for index, one in enumerate(free) if one.parameter.pooling == "partial"]
    moves = np.array([sign * STEP * (np.arange(len(free)) == index) for index in partial for sign in (1.0, -1.0)])
    means, generator = np.array([one.prior_mean for one in free]), np.random.default_rng(seed)

    def values(moved: np.ndarray) -> dict[str, np.ndarray]:
        theta = np.repeat(moved, people, axis=0).T  # (parameter, move * person)
        by_label = dict(zip((one.label for one in free), theta, strict=True))
        return natural_values(model, by_label, figures, theta.shape[1])

    drawn = along_events(model, data, values(means[None]), generator)
    answers = data.assign({f"answer_{name}": (("event", "person"), answer) for name, answer in drawn.items()})
    innovations = new_innovations(model.rule, (data.sizes["event"], people), generator)
    arrays = with_innovations(event_array(data), innovations), response_array(model, answers)
    repeated = [np.tile(array, (1, 1, len(moves))) for array in arrays]
    density = log_density(model, figures, values(means + moves), *repeated).reshape(data.sizes["event"], -1, 2, people)
    slopes = (density[:, :, 0] - density[:, :, 1]) / (2.0 * STEP)  # (event, parameter, replication * person)
    information = np.einsum("ekp,elp->pkl", slopes, slopes).reshape(REPLICATIONS, -1, *2 * [len(partial)]).mean(axis=0)
    sds = np.array([free[index].parameter.prior_between_sd for index in partial])
    posterior = np.linalg.inv(information + np.diag(sds**-2.0))
    told = 1.0 - np.diagonal(posterior, axis1=1, axis2=2).mean(axis=0) / sds**2
    by_label = dict(zip((free[index].label for index in partial), told, strict=True))
    return {
        mean.label: float(np.mean([by_label[change.label] for change in changes]))
        for mean, changes in parameters_with_waves(model, data)
        if mean.label in by_label
    }


def log_density(
    model: ModelSpec, figures: list[str], values: dict[str, np.ndarray], events: np.ndarray, responses: np.ndarray
) -> np.ndarray:
    """Return the log density of all answers at every event, (event, person)."""
    total = np.zeros((len(events), events.shape[2]))
    for name, arguments, value, recorded in likelihood_terms(model, figures, values, events, responses):
        total += response_log_density(model.responses[name].family, arguments, value, recorded)
    return total
