"""Time to earned security from a posterior, with its chance level and its sensitivity to the criterion.

Every number is computed in every draw. `criterion` says what earned security is, `belief_paths` has the paths of
beliefs, `survival` the shares.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.waves import one_course
from iwm_bayes.estimands.security.belief_paths import BeliefPaths, belief_paths
from iwm_bayes.estimands.security.criterion import (
    DEFAULT_CRITERION,
    STYLES,
    BeliefPath,
    Criterion,
    Judgement,
    by_draw_and_person,
    has_worth,
    joined,
    judge,
    styles_at_end,
)
from iwm_bayes.estimands.security.follow_up import continued_path_batches
from iwm_bayes.estimands.security.survival import (
    incidence_by_session,
    incidence_until,
    last_assessable,
    median_corrective,
    median_sessions,
)
from iwm_bayes.filtering.arrays import true_innovations
from iwm_bayes.simulation.care import constant_care
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
    return thresholds, np.maximum(criterion.duration + np.array([-2, 0, 2]), 1)


class SecurityDraws(NamedTuple):
    """Judgements of some draws, (draw, person)."""

    observed: Judgement
    uninformative: Judgement  # under uninformative care
    sensitivity: tuple[Judgement, ...]  # by the criteria of `sensitivity_grid`, in order
    styles: np.ndarray | None  # as an index into STYLES; None in a model without self-worth
    sessions: int  # of the person with the most


def judge_batch(batch: BeliefPaths, criterion: Criterion, people: int, generator: np.random.Generator) -> SecurityDraws:
    """Apply a criterion, and those around it, to a batch of draws."""

    def judged(path: BeliefPath, criterion: Criterion) -> Judgement:
        return by_draw_and_person(judge(path, criterion), people)

    observed = batch.observed_path()
    thresholds, durations = sensitivity_grid(criterion)
    around = tuple(
        judged(observed, criterion._replace(secure_at_or_above=threshold, duration=duration))
        for threshold in thresholds
        for duration in durations
    )
    chance = judged(batch.counterfactual(constant_care(UNINFORMATIVE), generator), criterion)
    styles = styles_at_end(observed).reshape(-1, people) if has_worth(observed) else None
    return SecurityDraws(judged(observed, criterion), chance, around, styles, len(observed.is_session))


def joined_batches(batches: Sequence[SecurityDraws]) -> SecurityDraws:
    """Join what several batches of draws say."""
    observed, uninformative, sensitivity, styles, sessions = zip(*batches, strict=True)
    around = tuple(joined(parts) for parts in zip(*sensitivity, strict=True))
    all_styles = None if styles[0] is None else np.concatenate(styles)
    return SecurityDraws(joined(observed), joined(uninformative), around, all_styles, max(sessions))


def final_share(judged: Judgement, until: int) -> np.ndarray:
    """Estimate the share that is earned secure by session `until`, (draw,); NaN if it is 0."""
    return incidence_by_session(judged, until)[..., -1] if until else np.full(judged.insecure.shape[:-1], np.nan)


def held_judgement(judged: Judgement) -> Judgement:
    """Return whose beliefs are secure for the duration, whether or not they are resilient, as if that were enough."""
    return judged._replace(sessions=judged.held_from, earned=judged.held_from <= judged.horizon)


def security_by_draw(draws: SecurityDraws, criterion: Criterion) -> xr.Dataset:
    """Summarise judgements of all draws, with dim `sample` for draws; see `earned_security`."""
    own, last = draws.observed, draws.sessions
    until = last_assessable(own, np.arange(1, last + 1))
    thresholds, durations = sensitivity_grid(criterion)
    lasts = [last_assessable(judged, np.arange(1, last + 1)) for judged in draws.sensitivity]
    common = min([until, *filter(None, lasts)])  # so that only the definition differs
    pairs = zip(draws.sensitivity, lasts, strict=True)
    around = np.array([final_share(judged, common if own_last else 0) for judged, own_last in pairs])
    earned = (own.insecure & own.earned & (own.sessions <= until)).sum(axis=-1)
    tested = (own.insecure & own.tested & (own.sessions <= until)).sum(axis=-1)
    held_only = final_share(held_judgement(own), until) - final_share(own, until)
    security = xr.Dataset(
        {name: (("sample", "person"), leaf) for name, leaf in named_leaves(own)}
        | {
            "median_sessions": ("sample", median_sessions(own, until)),
            "median_corrective": ("sample", median_corrective(own, until)),
            "probability": (("sample", "session"), incidence_until(own, last, until)),
            "chance_level": (("sample", "session"), incidence_until(draws.uninformative, last, until)),
            "tested_share": ("sample", np.where(earned > 0, tested / np.maximum(earned, 1), np.nan)),
            "held_only_share": ("sample", held_only),
            "sensitivity": (
                ("threshold", "duration", "sample"),
                around.reshape(len(thresholds), len(durations), -1),
            ),
        },
        {"session": np.arange(1, last + 1), "threshold": thresholds, "duration": durations},
    )
    if draws.styles is None:
        return security
    has_style = draws.styles[..., None] == np.arange(len(STYLES))
    return security.assign(style_share=(("sample", "style"), has_style.mean(axis=1))).assign_coords(style=list(STYLES))


def earned_security(
    model: ModelSpec,
    fit: xr.DataTree,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 1000,
    seed: int = 1,
) -> xr.Dataset:
    """Compute sessions and corrective experiences until earned security, in every draw.

    The answer is about the people of the fit. `population.earned_security_of_new_people` is about others like them.

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
        Of the outcomes under uninformative care, and of the donors whose sessions people continue with (`follow_up`).

    Returns
    -------
    xr.Dataset
        Shares are NaN after the last session that can be assessed, and in draws in which nobody is at risk at the
        first session. Medians are infinite if fewer than half are earned secure by then. `survival` explains both.

        - insecure, sessions, earned, tested, held_from, corrective, repairs, horizon, followed (chain, draw, person):
          as in `Judgement`
        - median_sessions, median_corrective (chain, draw): until half of them are earned secure
        - probability (chain, draw, session): share earned secure by each session, among people insecure at baseline
        - chance_level (chain, draw, session): the same share under uninformative care
        - tested_share (chain, draw): among people who are earned secure by the last session, those whose hold included
          a rupture
        - held_only_share (chain, draw): how much larger the share would be if beliefs need not be resilient
        - sensitivity (threshold, duration): share under other criteria by the last session at which all of them can be
          assessed, median over draws
        - style_share (chain, draw, style): share of people in each attachment style at their last session; only in a
          model with self-worth

    Raises
    ------
    InputError
        If the data have no such figure, or beliefs restart in waves.
    """
    one_course(fit["constant_data"].to_dataset())
    sample = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    people, generator = fit["constant_data"].sizes["person"], np.random.default_rng(seed)
    batches = [
        judge_batch(batch, criterion, people, generator)
        for batch in continued_path_batches(model, fit, draws, figure, generator)
    ]
    security = security_by_draw(joined_batches(batches), criterion).assign_coords(sample.coords).unstack("sample")
    security = security.transpose("chain", "draw", ...).assign_coords(person=fit["constant_data"]["person"].values)
    sensitivity_median = median_over_draws(security["sensitivity"].stack(sample=("chain", "draw")).values)
    security["sensitivity"] = (("threshold", "duration"), sensitivity_median)
    return security.assign_attrs({"figure": figure or GENERALISED} | criterion._asdict())


def true_security(
    model: ModelSpec,
    data: xr.Dataset,
    people: dict[str, np.ndarray],
    figure: str | None,
    criterion: Criterion = DEFAULT_CRITERION,
) -> Judgement:
    """Apply a criterion to people whose parameters are known, (person,).

    Nobody continues with the sessions of others. What `earned_security` estimates is true along the sessions that
    people would have had, had all stayed.
    """
    innovations = true_innovations(model.rule, data)
    return judge(belief_paths(model, data, people, figure, innovations=innovations).observed_path(), criterion)
