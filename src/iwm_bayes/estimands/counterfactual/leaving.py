"""Sensitivity to leaving: what if those who left changed less, or more, than the model says?

    belief(session) = projected(session) + delta,    kept in 0..1,    at every session after a person left

The model says what people who left would have come to believe, in sessions like those of others (`security.follow_up`).
That assumes that leaving tells nothing more about them than their answers do. No data can show this. Here availability
and self-worth of those who left, and what they expect, are moved by `delta` from the first session that they missed:
a pattern-mixture analysis (Little, 1993, doi:10.1080/01621459.1993.10594302; delta adjustment: Rubin, 1977,
doi:10.1080/01621459.1977.10480610). So is each belief after one more unresponsive session, by which resilience is
judged. Beliefs in sessions that took place stay, and so do all other people. The answers are then read as before: the
share that is earned secure, the sessions until half are, and the difference between arms. The turning point is the
delta at which the conclusion is another one.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.counterfactual.turning import difference_margin, half_margin, turning_points
from iwm_bayes.estimands.estimand import CI90, Estimand, Shared, as_lines, line_table
from iwm_bayes.estimands.security.belief_paths import BeliefPaths
from iwm_bayes.estimands.security.by_arm import EVERYONE, incidence_by_arm, person_arms, risk_differences
from iwm_bayes.estimands.security.criterion import (
    DEFAULT_CRITERION,
    BeliefPath,
    Criterion,
    Judgement,
    by_draw_and_person,
    joined,
    judge,
)
from iwm_bayes.estimands.security.follow_up import continued_path_batches, people_who_left
from iwm_bayes.estimands.security.population import new_people_batches
from iwm_bayes.estimands.security.tables import NEW_PEOPLE, THESE_PEOPLE, interval_columns
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import GENERALISED, InputError, ModelSpec, named_leaves

DELTAS = np.round(np.arange(-0.3, 0.301, 0.05), 2) + 0.0
N_DRAWS, N_DRAWS_NEW, N_PEOPLE_NEW = 400, 200, 400
MOVED = (  # of a `BeliefPath`
    *("availability", "worth", "availability_before", "worth_before"),
    *("availability_after_unresponsive", "worth_after_unresponsive", "expected"),
)
HOLDS = ("at least half", "arms differ")  # conclusions: of a share, and of a difference
SHARE, SESSIONS = "share earned secure", "sessions until half are"  # answers; a difference has the names of its arms


def moved_path(path: BeliefPath, left: np.ndarray, delta: float) -> BeliefPath:
    """Return a path whose beliefs after the last own session of people who left, (person,), are moved by `delta`."""
    missed = left & ~path.is_own & path.is_session

    def moved(belief: np.ndarray) -> np.ndarray:
        return np.where(missed & np.isfinite(belief), np.clip(belief + delta, 0.0, 1.0), belief)

    return path._replace(**{name: moved(getattr(path, name)) for name in MOVED}) if delta else path


def security_of(judged: Judgement, sample: xr.DataArray, twins: np.ndarray | None, sessions: int) -> xr.Dataset:
    """Return judgements (draw, person) as `incidence_by_arm` takes them."""
    variables = dict(named_leaves(judged)) | ({} if twins is None else {"twin": twins})
    security = xr.Dataset({name: (("sample", "person"), leaf) for name, leaf in variables.items()})
    security = security.assign_coords(sample.coords).unstack("sample").transpose("chain", "draw", ...)
    return security.assign_coords(session=np.arange(1, sessions + 1))


def judgements_by_delta(
    batches: Iterator[tuple[BeliefPaths, np.ndarray, int]],
    deltas: Sequence[float],
    criterion: Criterion,
) -> tuple[list[Judgement], int]:
    """Judge everybody under each shift; return the judgements (draw, person), and the number of sessions.

    A batch comes with who left, (draw * person,), and with the number of people.
    """
    by_delta: list[list[Judgement]] = [[] for _ in deltas]
    sessions = 1
    for paths, left, people in batches:
        path = paths.observed_path()
        sessions = max(sessions, len(path.is_session))
        for found, delta in zip(by_delta, deltas, strict=True):
            found.append(by_draw_and_person(judge(moved_path(path, left, delta), criterion), people))
    return [joined(parts) for parts in by_delta], sessions


def curves_by_delta(
    judged: Sequence[Judgement],
    sample: xr.DataArray,
    twins: np.ndarray | None,
    sessions: int,
    arms: pd.Series,
    lasts: xr.DataArray | None,
) -> list[xr.Dataset]:
    """Return the curves of `incidence_by_arm` for each shift, read until the same session."""
    return [incidence_by_arm(security_of(one, sample, twins, sessions), arms, lasts) for one in judged]


def final(curves: xr.Dataset, variable: str) -> xr.DataArray:
    """Return the share at the last session that can be read, or the median sessions, of everyone, (chain, draw)."""
    own, last = curves.sel(arm=EVERYONE, drop=True), int(curves["last"].sel(arm=EVERYONE))
    if variable == SESSIONS:
        return own["median_sessions"]
    return own["probability"].sel(session=max(last, 1), drop=True).where(last > 0)


def answers_of(curves: xr.Dataset, with_people: bool) -> dict[str, xr.DataArray]:
    """Return the answers of some curves by name, (chain, draw) each: shares and sessions, or differences of arms."""
    if with_people:
        return {SHARE: final(curves, SHARE), SESSIONS: final(curves, SESSIONS)}
    if curves.sizes["arm"] == 1:
        return {}
    differences, first = risk_differences(curves), str(curves["arm"].values[1])
    return {f"{arm} - {first}": differences.sel(arm=arm, drop=True) for arm in map(str, differences["arm"].values)}


def check_deltas(deltas: Sequence[float]) -> int:
    """Return the position of no shift among rising shifts; InputError if they do not rise, or 0 is not there."""
    if 0.0 not in deltas or (np.diff(deltas) <= 0).any():
        found = ", ".join(f"{delta!r}" for delta in map(float, deltas))
        raise InputError(
            [f"deltas must rise and have 0 among them, and are {found}. Write 0 itself, not a sum near it"]
        )
    return list(deltas).index(0.0)


def leaving_sensitivity(
    model: ModelSpec,
    fit: xr.DataTree,
    figure: str | None = None,
    criterion: Criterion = DEFAULT_CRITERION,
    deltas: Sequence[float] = tuple(DELTAS),
    draws: int = N_DRAWS,
    seed: int = 1,
) -> xr.Dataset:
    """Recompute the answers on earned security with the beliefs of those who left moved by each of `deltas`.

    Parameters
    ----------
    model, fit
        A model with a response about leaving, and its fit by any method.
    figure
        The figure whose sessions are counted; None is the generalised expectation.
    criterion
        What counts as earned security.
    deltas
        Shifts on the scale of beliefs, rising, with 0 among them.
    draws
        About how many draws are used; half of them for new people, as in `population`.
    seed
        Of donors and of new people.

    Returns
    -------
    xr.Dataset
        One variable per answer, (delta, chain, draw): the share that is earned secure, and the median sessions, of the
        people of the study; risk differences of arms, of new people. The attribute `by_session` of each is the last
        session that can be read, and `about` says which people it is about. NaN where nothing can be assessed.

    Raises
    ------
    InputError
        If the deltas do not rise, or 0 is not among them.
    """
    origin = check_deltas(deltas)
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    left, people, arms = people_who_left(model, data), data.sizes["person"], person_arms(data)
    generator = np.random.default_rng(seed)

    def these() -> Iterator[tuple[BeliefPaths, np.ndarray, int]]:
        for paths in continued_path_batches(model, fit, draws, figure, generator):
            yield paths, np.tile(left, paths.event_array.shape[2] // people), people

    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))["sample"]
    judged, sessions = judgements_by_delta(these(), deltas, criterion)
    at_zero = incidence_by_arm(security_of(judged[origin], sample, None, sessions), arms)
    of_these = curves_by_delta(judged, sample, None, sessions, arms, at_zero["last"])
    found = as_answers(of_these, THESE_PEOPLE, deltas)
    if at_zero.sizes["arm"] == 1:
        return found
    twins: list[np.ndarray] = []

    def new() -> Iterator[tuple[BeliefPaths, np.ndarray, int]]:
        for own, paths in new_people_batches(model, fit, draws // 2, N_PEOPLE_NEW, figure, generator):
            twins.append(own)
            yield paths, left[own.ravel()], N_PEOPLE_NEW

    sample = thin_draws(posterior, draws // 2).stack(sample=("chain", "draw"))["sample"]
    judged, sessions = judgements_by_delta(new(), deltas, criterion)
    of_new = curves_by_delta(judged, sample, np.concatenate(twins), sessions, arms, at_zero["last"])
    return xr.merge([found, as_answers(of_new, NEW_PEOPLE, deltas)], join="outer", compat="equals")


def as_answers(curves: Sequence[xr.Dataset], about: str, deltas: Sequence[float]) -> xr.Dataset:
    """Return the answers of curves at each shift, as `leaving_sensitivity` does."""
    by_delta = [answers_of(own, about == THESE_PEOPLE) for own in curves]
    everyone = int(curves[0]["last"].sel(arm=EVERYONE))
    last = everyone if about == THESE_PEOPLE else int(curves[0]["last"].isel(arm=slice(1, None)).min())
    index = pd.Index(list(deltas), name="delta")
    return xr.Dataset(
        {
            name: xr.concat([own[name].drop_vars("session", errors="ignore") for own in by_delta], index).assign_attrs(
                about=about, by_session=last
            )
            for name in by_delta[0]
        }
    )


def margins_of(name: str, answer: xr.DataArray) -> np.ndarray:
    """Return the margin of the conclusion of an answer at each shift, (delta,)."""
    margin = half_margin if name == SHARE else difference_margin
    return np.array([margin(answer.isel(delta=index).values) for index in range(answer.sizes["delta"])])


def conclusion(name: str, margin: float) -> str:
    """Return in words what an answer concludes."""
    if np.isnan(margin):
        return "not assessed"
    holds, fails = (HOLDS[0], "fewer than half") if name == SHARE else (HOLDS[1], "no difference shown")
    return holds if margin >= 0 else fails


def answer_lines(name: str, answer: xr.DataArray, figure: str) -> list[dict[str, object]]:
    """Make one line for each tenth of a shift of one answer; that of a shift of 0 has the turning points as well."""
    deltas = answer["delta"].values
    concludes = name != SESSIONS
    margins = margins_of(name, answer) if concludes else np.full(len(deltas), np.nan)
    below, above = turning_points(deltas, margins)
    lines = []
    for index, (delta, margin) in enumerate(zip(deltas, margins, strict=True)):
        if not np.isclose(10.0 * delta, round(10.0 * delta)):
            continue  # a point of the grid between two lines
        line: dict[str, object] = {"figure": figure, "about": answer.attrs["about"], "answer": name}
        line |= {"by_session": answer.attrs["by_session"], "delta": float(delta)}
        line |= interval_columns("estimate", answer.isel(delta=index).values)
        line["conclusion"] = conclusion(name, float(margin)) if concludes else ""
        turns = (below, above) if delta == 0 else (np.nan, np.nan)
        lines.append(line | dict(zip(("turns_below", "turns_above"), turns, strict=True)))
    return lines


def sensitivity_by_figure(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Compute `leaving_sensitivity` toward every figure, over the dim `line` of a table; None where nobody left."""
    data = fit["constant_data"].to_dataset()
    if not shared.security or not people_who_left(model, data).any():
        return None
    found: Mapping[str, xr.Dataset] = {
        figure: leaving_sensitivity(model, fit, None if figure == GENERALISED else figure) for figure in shared.security
    }
    table = pd.DataFrame(
        [
            line
            for figure, answers in found.items()
            for name, answer in answers.data_vars.items()
            if answer.attrs["by_session"]
            for line in answer_lines(str(name), answer, figure)
        ]
    )
    return as_lines(table)


LEAVING_SENSITIVITY = Estimand(
    "leaving_sensitivity",
    "Sensitivity to leaving: answers if those who left believed less, or more",
    sensitivity_by_figure,
    line_table,
    "The answers if the beliefs of people who left had been lower or higher, by delta, than the model projects for the "
    "sessions that they missed.",
    {
        "answer": "share earned secure by the session `by_session`, median sessions until half are, or the difference "
        "of this share between two arms (first minus second)",
        "delta": "shift of availability and self-worth (0–1) in all sessions after a person left; 0: the model's own",
        "estimate": f"posterior median, with its {CI90}",
        "conclusion": "of the median share: at least half, or fewer; of a difference: whether its interval excludes 0",
        "turns_below": "in the line of delta 0: the nearest delta below at which the conclusion is another; blank if "
        "there is none to the end of the grid; turns_above is that above 0",
    },
    part="earned_security",
)
