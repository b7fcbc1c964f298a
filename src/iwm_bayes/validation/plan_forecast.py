"""How soon can it be foretold when somebody will be earned secure? People are fitted after some sessions.

Judged of those who started insecure and are not yet across, in truth and in the draws by which they are foretold: a
person all of whose draws are across has no forecast, which counts as wrong. Draws and truth live on with the therapist
alone, under the care that goes on. What is foretold is the session, counted from the first, from which on a person is
earned secure; whoever is not by the last is beyond it, and a forecast of that is right where it comes true. Between a
forecast beyond the last session and one that is not, no distance is known: that counts as wrong.

Outcomes to come are chance: beside every share stands what it would be were people's parameters known.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.belief_paths import BeliefPaths, belief_path_batches, belief_paths
from iwm_bayes.estimands.earned_security import DEFAULT_CRITERION, judge
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import Care, parse_care
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import map_tree
from iwm_bayes.validation.plan import JUDGED_FIGURE, Counts, StudyDesign, design_of, thin_ratings, without_leaving
from iwm_bayes.validation.sweep import Condition

WITHIN_SESSIONS = 5  # sessions
N_DRAWS = 200  # of everyone, by which they are foretold
CORRECT, CORRECT_IF_CROSSING = (
    f"forecast within {WITHIN_SESSIONS}",
    f"forecast within {WITHIN_SESSIONS}, of those who cross",
)
CORRECT_IF_KNOWN, CORRECT_IF_KNOWN_AND_CROSSING = (
    f"{CORRECT}, were people known",
    f"{CORRECT_IF_CROSSING}, were they known",
)
LOST_TO_UNCERTAINTY = "lost because people are not known"  # the second share less the first
INTERVAL_COVERS, INTERVAL_NARROW, CROSSES = (
    "90 % interval holds the session",
    f"90 % interval within {WITHIN_SESSIONS} of its middle",
    "will cross",
)
OUTCOMES_ASKED = [CORRECT, CORRECT_IF_CROSSING, CORRECT_IF_KNOWN]


class Crossing(NamedTuple):
    """When people are earned secure, (draw, person), a draw of a person being a person."""

    session: np.ndarray  # from the first on; one more than there are for whoever is not
    waiting: np.ndarray  # who started insecure, and is not across when it is foretold


class Forecast(NamedTuple):
    """The session from which each person will be secure, (person,); NaN where there is no forecast."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def time_to_crossing(
    part: BeliefPaths, care: Care, further: int, people: int, generator: np.random.Generator
) -> Crossing:
    """What was and what comes, judged as one life."""
    past, future = part.remembered(), part.projected(care, further, generator)
    judged = judge(map_tree(lambda *parts: np.concatenate(parts), past, future), DEFAULT_CRITERION)
    waiting = judged.insecure & ~judge(past, DEFAULT_CRITERION).earned
    return Crossing(judged.sessions.reshape(-1, people), waiting.reshape(-1, people))


def forecast_sessions(drawn: Crossing) -> Forecast:
    """Medians and 90 % intervals, in whole sessions, over the draws in which a person is still waiting."""
    nobody = ~drawn.waiting.any(axis=0)
    kept = np.where(drawn.waiting | nobody, drawn.session, np.nan)
    quantiles = np.nanquantile(kept, [0.05, 0.5, 0.95], axis=0, method="inverted_cdf")
    return Forecast(*np.where(nobody, np.nan, quantiles))


def within_sessions(one: np.ndarray, other: np.ndarray, apart: float, last: int) -> np.ndarray:
    """Whether two sessions are at most so far apart, or both beyond the last."""
    beyond = (one > last, other > last)
    return (beyond[0] & beyond[1]) | (~beyond[0] & ~beyond[1] & (np.abs(one - other) <= apart))


def count_forecasts(truth: Crossing, forecast: Forecast, known: Forecast, last: int) -> Counts:
    """What forecasts are worth, over those who truly wait; `truth` has one draw."""
    session, waiting = truth.session[0], truth.waiting[0]
    cross = waiting & (session <= last)
    right, best = (within_sessions(one.median, session, WITHIN_SESSIONS, last) for one in (forecast, known))
    found = {
        CORRECT: (right, waiting),
        CORRECT_IF_KNOWN: (best, waiting),
        CORRECT_IF_CROSSING: (right, cross),
        CORRECT_IF_KNOWN_AND_CROSSING: (best, cross),
        INTERVAL_NARROW: (within_sessions(forecast.low, forecast.high, 2 * WITHIN_SESSIONS, last), waiting),
        INTERVAL_COVERS: ((forecast.low <= session) & (session <= forecast.high), waiting),
        CROSSES: (cross, waiting),
    }
    counts = {what: [int((hit & of).sum()), int(of.sum())] for what, (hit, of) in found.items()}
    return counts | {
        LOST_TO_UNCERTAINTY: [counts[CORRECT_IF_KNOWN][0] - counts[CORRECT][0], counts[CORRECT_IF_KNOWN][1]]
    }


@cache
def compile_cached(theory: str, size: StudyDesign, method: str) -> CompiledModel:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = without_leaving(load_model(theory))
    return METHODS[method].compile(model, simulate(model, size.plan(parse_care("steady")), size.people, 0))


def forecast_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at theory", "method", "care", "further"} and its size. For `sweep.sweep`.

    `further` is how many sessions are looked ahead.
    """
    theory, method, further = str(cell["at theory"]), str(cell["method"]), int(cell["further"])
    size, care = design_of(cell), parse_care(str(cell["care"]))
    compiled = compile_cached(theory, size._replace(sessions=1, every=1), method)
    model, people = compiled.model, size.people
    truth = draw_population(model, size.names, people, generator)
    data = thin_ratings(model, simulate(model, size.plan(care), truth.values, generator), size.every)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    repeated = {name: np.tile(value, N_DRAWS) for name, value in truth.values.items()}
    lived, known, *drawn = (
        time_to_crossing(part, care, further, people, generator)
        for part in (
            belief_paths(model, data, truth.values, JUDGED_FIGURE),
            belief_paths(model, data, repeated, JUDGED_FIGURE),
            *belief_path_batches(model, fit, N_DRAWS, JUDGED_FIGURE),
        )
    )
    everyone = Crossing(*(np.concatenate(leaf) for leaf in zip(*drawn, strict=True)))
    verdict = check_convergence(fit)
    counts = count_forecasts(lived, forecast_sessions(everyone), forecast_sessions(known), size.sessions + further)
    return {"counts": counts | {"gate passed": [int(verdict.passed), 1]}, "reasons": verdict.reasons}
