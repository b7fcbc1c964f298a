"""How long trust takes, from a posterior: earned security, its chance level and projection, and half-lives.

Every number is computed draw by draw; see `earned` for the definition and `lives` for the machinery.
"""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.belief_paths import belief_path_batches, belief_paths
from iwm_bayes.estimands.earned_security import (
    DEFAULT_CRITERION,
    STYLES,
    BeliefPath,
    Criterion,
    Judgement,
    judge,
    styles_at_end,
)
from iwm_bayes.estimands.survival import incidence_by_session, median_corrective, median_sessions
from iwm_bayes.simulation.care import Care, constant_care
from iwm_bayes.simulation.draws import names, thin_draws
from iwm_bayes.types import GENERALISED, ModelSpec, named_leaves


def median_over_draws(shares: np.ndarray) -> np.ndarray:
    """Median over draws (the last axis) in which somebody is at risk; NaN where there is none."""
    nowhere = np.isnan(shares).all(axis=-1)
    return np.where(nowhere, np.nan, np.nanmedian(np.where(nowhere[..., None], 0.0, shares), axis=-1))


def sensitivity_grid(criterion: Criterion) -> tuple[np.ndarray, np.ndarray]:
    """Thresholds and holds around a criterion, three each."""
    return (criterion.secure + np.array([-0.05, 0.0, 0.05])).round(3), criterion.hold + np.array([-2, 0, 2])


def by_draw_and_person(judged: Judgement, people: int) -> Judgement:
    """A judgement of draws of people (draw x person,) as (draw, person)."""
    return Judgement._make(leaf.reshape(-1, people) for leaf in judged)


def security_by_draw(lived: BeliefPath, by_chance: BeliefPath, criterion: Criterion, people: int) -> xr.Dataset:
    """What some draws say of earned security, with dim `sample` for draws; see `earned_security`."""
    judged, last = by_draw_and_person(judge(lived, criterion), people), len(lived.counts)
    secures, holds = sensitivity_grid(criterion)
    others = [[judge(lived, criterion._replace(secure=secure, hold=hold)) for hold in holds] for secure in secures]
    by_the_end = [
        [incidence_by_session(by_draw_and_person(other, people), last)[:, -1] for other in line] for line in others
    ]
    in_style = styles_at_end(lived).reshape(-1, people, 1) == np.arange(len(STYLES))
    chance = by_draw_and_person(judge(by_chance, criterion), people)
    return xr.Dataset(
        {name: (("sample", "person"), leaf) for name, leaf in named_leaves(judged)}
        | {
            "median_sessions": ("sample", median_sessions(judged, last)),
            "median_corrective": ("sample", median_corrective(judged, last)),
            "probability": (("sample", "session"), incidence_by_session(judged, last)),
            "chance": ("sample", incidence_by_session(chance, last)[:, -1]),
            "in_style": (("sample", "style"), in_style.mean(axis=1)),
            "sensitivity": (("secure", "hold", "sample"), by_the_end),
        },
        {"session": np.arange(1, last + 1), "style": list(STYLES), "secure": secures, "hold": holds},
    )


def earned_security(
    model: ModelSpec,
    fit: xr.DataTree,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = 1000,
    seed: int = 1,
) -> xr.Dataset:
    """Sessions and corrective experiences until earned security, draw by draw, by `earned.Criterion`.

    `figure` names whose sessions are counted; None is the general model: worth, and what would be expected
    of someone new. Variables, NaN in draws in which nobody is at risk at the first session; see `incidence` for shares
    and medians where people are followed for unequal times:

        insecure, sessions, earned, corrective, repairs, followed   (chain, draw, person); as `earned.Judgement`
        median_sessions, median_corrective                (chain, draw), until half are; last + 1 if they are not
        probability    (chain, draw, session)             share earned secure by each session, of who starts insecure
        chance         (chain, draw)                      the share by the last session under care of .5
        sensitivity    (secure, hold)                     the share under other thresholds and holds
        in_style       (chain, draw, style)               share of people in each style at their last session
    """
    sample = thin_draws(fit["posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    people, generator = fit["data"].sizes["person"], np.random.default_rng(seed)
    parts = [
        security_by_draw(part.remembered(), part.relived(constant_care(0.5), generator), criterion, people)
        for part in belief_path_batches(model, fit, draws, figure)
    ]
    found = xr.concat(parts, "sample", data_vars="all").assign_coords(sample.coords).unstack("sample")
    found = found.transpose("chain", "draw", ...).assign_coords(person=fit["data"]["person"].values)
    sensitivity = median_over_draws(found["sensitivity"].stack(sample=("chain", "draw")).values)
    found["sensitivity"] = (("secure", "hold"), sensitivity)
    return found.assign_attrs({"figure": figure or GENERALISED} | criterion._asdict())


def true_security(
    model: ModelSpec,
    data: xr.Dataset,
    people: dict[str, np.ndarray],
    figure: str | None,
    criterion: Criterion = DEFAULT_CRITERION,
) -> Judgement:
    """Earned security of people whose parameters are known, (person,) each."""
    return judge(belief_paths(model, data, people, figure).remembered(), criterion)


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
    """Share of people earned secure by each further session under a plan of care, (sample, session).

    Of those with a belief at or below `criterion.insecure` when the plan begins.
    """
    generator = np.random.default_rng(seed)
    people = fit["data"].sizes["person"]
    shares = [
        incidence_by_session(
            by_draw_and_person(judge(part.projected(care, sessions, generator), criterion), people), sessions
        )
        for part in belief_path_batches(model, fit, draws, figure)
    ]
    return xr.DataArray(np.concatenate(shares), {"session": np.arange(1, sessions + 1)}, ("sample", "session"))


def half_life(model: ModelSpec, fit: xr.DataTree, figure: str | None = None, draws: int = 100) -> xr.Dataset:
    """Sessions under steady care of .8 until half the way to the belief after 500 sessions is covered.

    (sample, person) for availability and worth, from the start of the theory; NaN ("none") where that way is < .05.
    """
    figure = figure or names(fit["data"].to_dataset())[0]
    people = fit["data"].sizes["person"]
    found: list[dict[str, np.ndarray]] = []
    for part in belief_path_batches(model, fit, draws, figure):
        lived = part.steadily(0.8, 500)
        found.append(
            {
                "availability": half_way_session(lived.availability_before[0], lived.availability).reshape(-1, people),
                "worth": half_way_session(lived.worth_before[0], lived.worth).reshape(-1, people),
            }
        )
    return xr.Dataset(
        {name: (("sample", "person"), np.concatenate([part[name] for part in found])) for name in found[0]}
    )


def half_way_session(start: np.ndarray, belief: np.ndarray) -> np.ndarray:
    """The first session at which half of the way to the last is covered; NaN where that way is below .05."""
    way = belief[-1] - start
    with np.errstate(invalid="ignore"):
        covered = np.abs(belief - start) >= np.abs(way) / 2
        return np.where(np.abs(way) >= 0.05, covered.argmax(axis=0) + 1.0, np.nan)
