"""Time to earned security from a posterior: its chance level, its projection under a care schedule, and half-lives.

Every number is computed in every draw. `earned_security` has the criterion, `belief_paths` the paths of beliefs.
"""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.belief_paths import belief_path_batches, belief_paths
from iwm_bayes.estimands.criterion import (
    DEFAULT_CRITERION,
    STYLES,
    BeliefPath,
    Criterion,
    Judgement,
    judge,
    styles_at_end,
)
from iwm_bayes.estimands.survival import incidence_by_session, median_corrective, median_sessions
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.care import Care, constant_care
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import GENERALISED, ModelSpec, named_leaves

UNINFORMATIVE = 0.5  # probability of a responsive session under uninformative care


def median_over_draws(shares: np.ndarray) -> np.ndarray:
    """Compute the median over draws (the last axis) in which somebody is at risk; NaN if there is none."""
    never = np.isnan(shares).all(axis=-1)
    return np.where(never, np.nan, np.nanmedian(np.where(never[..., None], 0.0, shares), axis=-1))


def sensitivity_grid(criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    """Return three thresholds and three durations around those of a criterion."""
    thresholds = (criterion.secure_at_or_above + np.array([-0.05, 0.0, 0.05])).round(3)
    return thresholds, criterion.duration + np.array([-2, 0, 2])


def by_draw_and_person(judged: Judgement, people: int) -> Judgement:
    """Reshape a judgement of (draw * person,) to (draw, person)."""
    return Judgement._make(leaf.reshape(-1, people) for leaf in judged)


def security_by_draw(observed: BeliefPath, uninformative: BeliefPath, criterion: Criterion, people: int) -> xr.Dataset:
    """Apply a criterion to some draws, with dim `sample` for draws; see `earned_security`."""
    last = len(observed.is_session)

    def judged(path: BeliefPath, criterion: Criterion) -> Judgement:
        return by_draw_and_person(judge(path, criterion), people)

    def final_share(path: BeliefPath, criterion: Criterion) -> np.ndarray:
        return incidence_by_session(judged(path, criterion), last)[:, -1]

    own = judged(observed, criterion)
    thresholds, durations = sensitivity_grid(criterion)
    sensitivity = [
        [
            final_share(observed, criterion._replace(secure_at_or_above=threshold, duration=duration))
            for duration in durations
        ]
        for threshold in thresholds
    ]
    has_style = styles_at_end(observed).reshape(-1, people, 1) == np.arange(len(STYLES))
    return xr.Dataset(
        {name: (("sample", "person"), leaf) for name, leaf in named_leaves(own)}
        | {
            "median_sessions": ("sample", median_sessions(own, last)),
            "median_corrective": ("sample", median_corrective(own, last)),
            "probability": (("sample", "session"), incidence_by_session(own, last)),
            "chance_level": ("sample", final_share(uninformative, criterion)),
            "style_share": (("sample", "style"), has_style.mean(axis=1)),
            "sensitivity": (("threshold", "duration", "sample"), sensitivity),
        },
        {
            "session": np.arange(1, last + 1),
            "style": list(STYLES),
            "threshold": thresholds,
            "duration": durations,
        },
    )


def earned_security(
    model: ModelSpec,
    fit: xr.DataTree,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 1000,
    seed: int = 1,
) -> xr.Dataset:
    """Compute sessions and corrective experiences until earned security, in every draw.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    figure
        The figure whose sessions are counted. None is the generalised expectation: self-worth, and the availability
        that a person would expect of a new figure.
    criterion
        What counts as earned security; it is stored in the attributes.
    draws
        About how many draws are used.
    seed
        Of the outcomes under uninformative care.

    Returns
    -------
    xr.Dataset
        Shares and medians are NaN in draws in which nobody is at risk at the first session. `survival` explains them
        where people are observed for different numbers of sessions.

        - insecure, sessions, earned, corrective, repairs, followed (chain, draw, person): as in `Judgement`
        - median_sessions, median_corrective (chain, draw): until half of them are earned secure; last + 1 if fewer are
        - probability (chain, draw, session): share earned secure by each session, among people insecure at baseline
        - chance_level (chain, draw): share by the last session under uninformative care
        - sensitivity (threshold, duration): share by the last session under other criteria, median over draws
        - style_share (chain, draw, style): share of people in each attachment style at their last session

    Raises
    ------
    InputError
        If the data have no such figure.
    """
    sample = thin_draws(fit["posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    people, generator = fit["data"].sizes["person"], np.random.default_rng(seed)
    care = constant_care(UNINFORMATIVE)
    batches = [
        security_by_draw(batch.observed_path(), batch.counterfactual(care, generator), criterion, people)
        for batch in belief_path_batches(model, fit, draws, figure)
    ]
    security = xr.concat(batches, "sample", data_vars="all").assign_coords(sample.coords).unstack("sample")
    security = security.transpose("chain", "draw", ...).assign_coords(person=fit["data"]["person"].values)
    sensitivity = median_over_draws(security["sensitivity"].stack(sample=("chain", "draw")).values)
    security["sensitivity"] = (("threshold", "duration"), sensitivity)
    return security.assign_attrs({"figure": figure or GENERALISED} | criterion._asdict())


def true_security(
    model: ModelSpec,
    data: xr.Dataset,
    people: dict[str, np.ndarray],
    figure: str | None,
    criterion: Criterion = DEFAULT_CRITERION,
) -> Judgement:
    """Apply a criterion to people whose parameters are known, (person,)."""
    return judge(belief_paths(model, data, people, figure).observed_path(), criterion)


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
        The horizon: the number of further sessions, one unit of time apart.
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
        scenario begins; NaN in draws in which there are none.
    """
    generator = np.random.default_rng(seed)
    people = fit["data"].sizes["person"]
    shares = [
        incidence_by_session(
            by_draw_and_person(judge(batch.forecast(care, sessions, generator), criterion), people), sessions
        )
        for batch in belief_path_batches(model, fit, draws, figure)
    ]
    return xr.DataArray(np.concatenate(shares), {"session": np.arange(1, sessions + 1)}, ("sample", "session"))


def half_life(model: ModelSpec, fit: xr.DataTree, figure: str | None = None, draws: int = 100) -> xr.Dataset:
    """Compute the sessions, all with an outcome of 0.8, after which a belief has covered half of its change.

    The change is that from the initial belief to the belief after 500 sessions. Variables are `availability` and
    `worth`, (sample, person); NaN if the change is below 0.05.
    """
    figure = figure or figure_names(fit["data"].to_dataset())[0]
    people = fit["data"].sizes["person"]
    availability, worth = [], []
    for batch in belief_path_batches(model, fit, draws, figure):
        path = batch.constant_outcome(0.8, 500)
        availability.append(half_way_session(path.availability_before[0], path.availability).reshape(-1, people))
        worth.append(half_way_session(path.worth_before[0], path.worth).reshape(-1, people))
    sessions = {"availability": np.concatenate(availability), "worth": np.concatenate(worth)}
    return xr.Dataset({name: (("sample", "person"), values) for name, values in sessions.items()})


def half_way_session(start: np.ndarray, belief: np.ndarray) -> np.ndarray:
    """Return the first session at which half of the change to the last belief is covered; NaN if it is below 0.05."""
    change = belief[-1] - start
    with np.errstate(invalid="ignore"):
        covered = np.abs(belief - start) >= np.abs(change) / 2
        return np.where(np.abs(change) >= 0.05, covered.argmax(axis=0) + 1.0, np.nan)
