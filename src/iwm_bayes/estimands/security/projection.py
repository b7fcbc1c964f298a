"""What a model and its fit imply about sessions that did not happen: projections, and limits of resilience.

Every number is computed in every draw.
"""

import numpy as np
import xarray as xr

from iwm_bayes.data.waves import one_course
from iwm_bayes.estimands.security.belief_paths import belief_path_batches
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion, by_draw_and_person, joined, judge
from iwm_bayes.estimands.security.survival import incidence_until, last_assessable
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.care import Care
from iwm_bayes.types import ModelSpec

N_DRAWS = 100  # of posteriors that are run through many sessions
SESSIONS_UNTIL_COMPLETE = 200  # of full responsiveness, until trust is taken to be complete


def project(
    model: ModelSpec,
    fit: xr.DataTree,
    care: Care,
    sessions: int,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 200,
    seed: int = 1,
) -> xr.DataArray:
    """Project the share of people who are earned secure by each further session under a scenario.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    care
        The scenario: the care of the figure in the further sessions.
    sessions
        The horizon: the number of further sessions, as far apart as sessions usually are in the study.
    figure
        The figure of the further sessions; None is a new figure.
    criterion
        What counts as earned security.
    draws
        About how many draws are used.
    seed
        Of the simulated outcomes and responses.

    Returns
    -------
    xr.DataArray
        Shares (sample, session), among people with a belief at or below `criterion.insecure_at_or_below` when the
        scenario begins; NaN in draws in which there are none, and everywhere if there are too few (`survival`).

    Raises
    ------
    InputError
        If beliefs restart in waves.
    """
    one_course(fit["constant_data"].to_dataset())
    generator, people = np.random.default_rng(seed), fit["constant_data"].sizes["person"]
    simulated = sessions + criterion.duration - 1  # so that the duration criterion can begin at each of them
    judged = joined(
        by_draw_and_person(judge(batch.forecast(care, simulated, generator), criterion), people)
        for batch in belief_path_batches(model, fit, draws, figure)
    )
    until = last_assessable(judged, np.arange(1, sessions + 1))
    shares = incidence_until(judged, sessions, until)
    return xr.DataArray(shares, {"session": np.arange(1, sessions + 1)}, ("sample", "session"))


def never_resilient(
    model: ModelSpec, fit: xr.DataTree, figure: str | None = None, criterion: Criterion = DEFAULT_CRITERION
) -> float:
    """Return the share of people who would lose even complete trust after one unresponsive session.

    Trust is complete after many sessions that are all fully responsive. In Rescorla-Wagner these are people with a
    learning rate above 1 - `resilient_at_or_above`.
    """
    figure = figure or figure_names(fit["constant_data"].to_dataset())[0]
    lowest = []
    for batch in belief_path_batches(model, fit, N_DRAWS, figure):
        path = batch.constant_outcome(1.0, SESSIONS_UNTIL_COMPLETE)
        lowest.append(np.minimum(path.availability_after_unresponsive, path.worth_after_unresponsive)[-1])
    return float((np.concatenate(lowest) < criterion.resilient_at_or_above).mean())


def generalises(model: ModelSpec, fit: xr.DataTree) -> bool:
    """Return whether beliefs about a new figure can be estimated.

    The rule must carry what people learn from one figure over to another. Somebody must have met two figures, or have
    answered about nobody in particular: otherwise only the prior says how much is carried over.
    """
    data = fit["constant_data"].to_dataset()
    present, figure = data["present"].values, data["figure_index"].values
    met = [((figure == index) & present).any(axis=0) for index in range(len(figure_names(data)))]
    if not (np.sum(met, axis=0) > 1).any():
        return False
    path = next(belief_path_batches(model, fit, 1, None)).observed_path()
    return not np.allclose(path.availability, path.availability_before[0])
