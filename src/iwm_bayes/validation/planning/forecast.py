"""How soon can a person's session of earned security be forecast? People are fitted after some sessions.

The forecast is judged for people who are insecure at baseline and not yet earned secure, in truth and in their draws. A
person all of whose draws are earned secure has no forecast, which counts as wrong. In the forecast and in truth, the
sessions with the judged figure alone continue, with the care of the forecast: the therapist, or a study's first figure.

The forecast is the session, counted from the first, from which on a person is earned secure. People who are not earned
secure by the last session are beyond it, and such a forecast is right if it comes true. Between a forecast beyond the
last session and one before it no distance is known, so that it counts as wrong.

Future outcomes are random. So each share has a counterpart: what it would be if people's parameters were known.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.security.belief_paths import BeliefPaths, belief_path_batches, belief_paths, session_mask
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, judge
from iwm_bayes.filtering.arrays import true_innovations
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.simulation.care import Care, parse_care
from iwm_bayes.types import ModelSpec, map_tree
from iwm_bayes.validation.compile_cache import compile_cached
from iwm_bayes.validation.planning.assurance import CONVERGED, Counts, design_of
from iwm_bayes.validation.sweep import Condition

WITHIN_SESSIONS = 5
N_DRAWS = 200  # of each person, for the forecast
CORRECT = f"forecast within {WITHIN_SESSIONS} sessions"
CORRECT_IF_KNOWN = f"{CORRECT}, parameters known"
CORRECT_IF_REACHED = f"{CORRECT}, if reached"
CORRECT_IF_KNOWN_AND_REACHED = f"{CORRECT_IF_REACHED}, parameters known"
LOST_TO_UNCERTAINTY = "lost because parameters are unknown"  # the share with known parameters minus the share
INTERVAL_COVERS = "90% interval contains the session"
INTERVAL_NARROW = f"90% interval at most {2 * WITHIN_SESSIONS} sessions wide"
REACHED = "earned security reached"
OUTCOMES_ASKED = [CORRECT, CORRECT_IF_REACHED, CORRECT_IF_KNOWN]


class TimeToSecurity(NamedTuple):
    """When people are earned secure, (draw, person)."""

    session: np.ndarray  # counted from the first; the last session + 1 for people who are not earned secure
    at_risk: np.ndarray  # insecure at baseline, and not yet earned secure at the time of the forecast


class Forecast(NamedTuple):
    """The forecast session of earned security, (person,); NaN where there is no forecast."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def time_to_security(
    paths: BeliefPaths, care: Care, horizon: int, people: int, generator: np.random.Generator
) -> TimeToSecurity:
    """Judge observed and future sessions together; a person's future follows their own last session."""
    observed, future = paths.observed_path(), paths.forecast(care, horizon, generator)
    both = map_tree(lambda *parts: np.concatenate(parts), observed, future)
    order = np.argsort(~both.is_session, axis=0, kind="stable")
    judged = judge(map_tree(lambda values: np.take_along_axis(values, order, axis=0), both), DEFAULT_CRITERION)
    at_risk = judged.insecure & ~judge(observed, DEFAULT_CRITERION).earned
    return TimeToSecurity(judged.sessions.reshape(-1, people), at_risk.reshape(-1, people))


def forecast_sessions(draws: TimeToSecurity) -> Forecast:
    """Return medians and 90% intervals, in whole sessions, over the draws in which a person is still at risk."""
    nobody = ~draws.at_risk.any(axis=0)
    sessions = np.where(draws.at_risk | nobody, draws.session, np.nan)
    quantiles = np.nanquantile(sessions, [0.05, 0.5, 0.95], axis=0, method="inverted_cdf")
    return Forecast(*np.where(nobody, np.nan, quantiles))


def within_sessions(one: np.ndarray, other: np.ndarray, distance: float, last: np.ndarray | int) -> np.ndarray:
    """Return whether two sessions differ by at most a distance, or are both beyond the last, (person,)."""
    beyond = (one > last, other > last)
    return (beyond[0] & beyond[1]) | (~beyond[0] & ~beyond[1] & (np.abs(one - other) <= distance))


def count_forecasts(truth: TimeToSecurity, forecast: Forecast, if_known: Forecast, last: np.ndarray | int) -> Counts:
    """Count correct forecasts among people who are truly at risk.

    `truth` has one draw. `last` is the last session of the forecast, (person,) or the same for everybody.
    """
    session, at_risk = truth.session[0], truth.at_risk[0]
    reached = at_risk & (session <= last)
    correct, possible = (within_sessions(one.median, session, WITHIN_SESSIONS, last) for one in (forecast, if_known))
    outcomes = {
        CORRECT: (correct, at_risk),
        CORRECT_IF_KNOWN: (possible, at_risk),
        CORRECT_IF_REACHED: (correct, reached),
        CORRECT_IF_KNOWN_AND_REACHED: (possible, reached),
        INTERVAL_NARROW: (within_sessions(forecast.low, forecast.high, 2 * WITHIN_SESSIONS, last), at_risk),
        INTERVAL_COVERS: ((forecast.low <= session) & (session <= forecast.high), at_risk),
        REACHED: (reached, at_risk),
    }
    counts = {outcome: [int((hit & of).sum()), int(of.sum())] for outcome, (hit, of) in outcomes.items()}
    lost = counts[CORRECT_IF_KNOWN][0] - counts[CORRECT][0]
    return counts | {LOST_TO_UNCERTAINTY: [lost, counts[CORRECT_IF_KNOWN][1]]}


def forecast_from_fit(
    model: ModelSpec, fit: xr.DataTree, figure: str | None, care: Care, horizon: int, generator: np.random.Generator
) -> Forecast:
    """Forecast the session of earned security of each person toward a figure from the draws of a fit."""
    people = fit["constant_data"].sizes["person"]
    batches = [
        time_to_security(paths, care, horizon, people, generator)
        for paths in belief_path_batches(model, fit, N_DRAWS, figure)
    ]
    return forecast_sessions(TimeToSecurity(*(np.concatenate(leaf) for leaf in zip(*batches, strict=True))))


def forecast_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one study. The condition has "at model", "method", "care", "horizon" and the design of the study."""
    method, horizon = str(condition["method"]), int(condition["horizon"])
    design, care = design_of(condition), parse_care(str(condition["care"]))
    compiled = compile_cached(str(condition["at model"]), design.for_compilation(), method)
    model, (population, data, figure) = compiled.model, design.draw(compiled.model, generator)
    people, truth = data.sizes["person"], population.values
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    repeated = {name: np.tile(value, N_DRAWS) for name, value in truth.items()}
    innovations = true_innovations(model.rule, data)
    true_times, known_times = (
        time_to_security(
            belief_paths(model, data, values, figure, innovations=np.tile(innovations, (1, 1, repeats))),
            care,
            horizon,
            people,
            generator,
        )
        for values, repeats in ((truth, 1), (repeated, N_DRAWS))
    )
    forecast = forecast_from_fit(model, fit, figure, care, horizon, generator)
    last = session_mask(data, figure).sum(axis=0) + horizon
    counts = count_forecasts(true_times, forecast, forecast_sessions(known_times), last)
    checks = check_convergence(fit)
    return {"counts": counts | {CONVERGED: [int(checks.converged), 1]}, "reasons": checks.reasons}
