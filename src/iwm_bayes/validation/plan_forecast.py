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

from iwm_bayes.diagnostics.convergence_checks import gate
from iwm_bayes.estimands.belief_paths import Lives, in_parts, lives
from iwm_bayes.estimands.earned_security import STRICT, judge
from iwm_bayes.inference.base import Compiled
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load
from iwm_bayes.simulation.care import Care, parse
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import each
from iwm_bayes.validation.plan import JUDGED, Counts, Size, rated, size_of, staying
from iwm_bayes.validation.sweep import Cell

NEAR = 5  # sessions
DRAWS = 200  # of everyone, by which they are foretold
RIGHT, RIGHT_OF_CROSSING = f"forecast within {NEAR}", f"forecast within {NEAR}, of those who cross"
KNOWN, KNOWN_OF_CROSSING = f"{RIGHT}, were people known", f"{RIGHT_OF_CROSSING}, were they known"
LOST = "lost because people are not known"  # the second share less the first
HOLDS, NARROW, CROSS = "90 % interval holds the session", f"90 % interval within {NEAR} of its middle", "will cross"
ASKED = [RIGHT, RIGHT_OF_CROSSING, KNOWN]


class Crossing(NamedTuple):
    """When people are earned secure, (draw, person), a draw of a person being a person."""

    session: np.ndarray  # from the first on; one more than there are for whoever is not
    waiting: np.ndarray  # who started insecure, and is not across when it is foretold


class Forecast(NamedTuple):
    """The session from which each person will be secure, (person,); NaN where there is no forecast."""

    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray


def crossing(part: Lives, care: Care, further: int, people: int, generator: np.random.Generator) -> Crossing:
    """What was and what comes, judged as one life."""
    past, future = part.remembered(), part.projected(care, further, generator)
    judged = judge(each(lambda *parts: np.concatenate(parts), past, future), STRICT)
    waiting = judged.insecure & ~judge(past, STRICT).earned
    return Crossing(judged.sessions.reshape(-1, people), waiting.reshape(-1, people))


def foretold(drawn: Crossing) -> Forecast:
    """Medians and 90 % intervals, in whole sessions, over the draws in which a person is still waiting."""
    nobody = ~drawn.waiting.any(axis=0)
    kept = np.where(drawn.waiting | nobody, drawn.session, np.nan)
    quantiles = np.nanquantile(kept, [0.05, 0.5, 0.95], axis=0, method="inverted_cdf")
    return Forecast(*np.where(nobody, np.nan, quantiles))


def near(one: np.ndarray, other: np.ndarray, apart: float, last: int) -> np.ndarray:
    """Whether two sessions are at most so far apart, or both beyond the last."""
    beyond = (one > last, other > last)
    return (beyond[0] & beyond[1]) | (~beyond[0] & ~beyond[1] & (np.abs(one - other) <= apart))


def counted(truth: Crossing, forecast: Forecast, known: Forecast, last: int) -> Counts:
    """What forecasts are worth, over those who truly wait; `truth` has one draw."""
    session, waiting = truth.session[0], truth.waiting[0]
    cross = waiting & (session <= last)
    right, best = (near(one.middle, session, NEAR, last) for one in (forecast, known))
    found = {
        RIGHT: (right, waiting),
        KNOWN: (best, waiting),
        RIGHT_OF_CROSSING: (right, cross),
        KNOWN_OF_CROSSING: (best, cross),
        NARROW: (near(forecast.low, forecast.high, 2 * NEAR, last), waiting),
        HOLDS: ((forecast.low <= session) & (session <= forecast.high), waiting),
        CROSS: (cross, waiting),
    }
    counts = {what: [int((hit & of).sum()), int(of.sum())] for what, (hit, of) in found.items()}
    return counts | {LOST: [counts[KNOWN][0] - counts[RIGHT][0], counts[KNOWN][1]]}


@cache
def ready(theory: str, size: Size, method: str) -> Compiled:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = staying(load(theory))
    return METHODS[method].compile(model, simulate(model, size.plan(parse("steady")), size.people, 0))


def study(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at theory", "method", "care", "further"} and its size. For `sweep.sweep`.

    `further` is how many sessions are looked ahead.
    """
    theory, method, further = str(cell["at theory"]), str(cell["method"]), int(cell["further"])
    size, care = size_of(cell), parse(str(cell["care"]))
    compiled = ready(theory, size._replace(sessions=1, every=1), method)
    model, people = compiled.model, size.people
    truth = draw_population(model, size.names, people, generator)
    data = rated(model, simulate(model, size.plan(care), truth.values, generator), size.every)
    fit = METHODS[method].fit(compiled, data, Settings(seed=int(generator.integers(2**31))))
    repeated = {name: np.tile(value, DRAWS) for name, value in truth.values.items()}
    lived, known, *drawn = (
        crossing(part, care, further, people, generator)
        for part in (
            lives(model, data, truth.values, JUDGED),
            lives(model, data, repeated, JUDGED),
            *in_parts(model, fit, DRAWS, JUDGED),
        )
    )
    everyone = Crossing(*(np.concatenate(leaf) for leaf in zip(*drawn, strict=True)))
    verdict = gate(fit)
    counts = counted(lived, foretold(everyone), foretold(known), size.sessions + further)
    return {"counts": counts | {"gate passed": [int(verdict.passed), 1]}, "reasons": verdict.reasons}
