"""Will a study find that two groups differ? Two arms of people differ in one parameter.

The fit has the formula `PARAMETER = "arm"`. A study is decisive where the 90 % interval of the difference excludes 0;
links rise, so it makes no difference whether that is said on the link scale, as here, or on the natural scale. Where no
effect is stated, each study has another, drawn from its prior; decisive studies are then the assurance proper.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas import formulas_of, join
from iwm_bayes.diagnostics.convergence_checks import gate
from iwm_bayes.inference.base import Compiled
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load
from iwm_bayes.model.priors import LINKS, WIDE, Row, rows, values
from iwm_bayes.simulation.care import parse
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError, Model
from iwm_bayes.validation.plan import JUDGED, Counts, Size, rated, size_of, staying
from iwm_bayes.validation.sweep import Cell

DECISIVE, WRONG, HOLDS = "decisive", "decisive in the wrong direction", "interval holds the difference"
INSIDE = {"unit": (0.0, 1.0), "positive": (0.0, np.inf), "real": (-np.inf, np.inf)}


def arms(people: int) -> np.ndarray:
    """Everyone's arm, in turn."""
    return np.resize(["control", "treated"], people)


def moved_row(model: Model, parameter: str) -> Row:
    """The parameter by its full name; InputError unless it is one that can differ between arms."""
    names = list(formulas_of({parameter: "arm"}, staying(model), "key `formulas"))
    if len(names) > 1:
        raise InputError([f"{parameter!r} stands for {' and '.join(names)}. Name one of them"])
    return next(row for row in rows(staying(model), [JUDGED]) if row.name == names[0])


def shift(row: Row, effect: float) -> float:
    """The difference on the link scale that is so large for the theory's average person on the natural scale."""
    link, unlink = LINKS[row.parameter.support]
    average = float(unlink(np.float64(row.middle)))
    low, high = INSIDE[row.parameter.support]
    if not low < average + effect < high:
        raise InputError(
            [f"an effect of {effect:g} on {row.name} is impossible: the average person has {average:.3g}. Choose less"]
        )
    return float(link(np.float64(average + effect))) - row.middle


def with_arms(model: Model, data: xr.Dataset, parameter: str) -> xr.Dataset:
    """Data with everyone's arm, and the formula that says what it moves."""
    frame = pd.DataFrame({"arm": arms(data.sizes["person"])}, index=data["person"].values)
    return join(data, frame, model, {parameter: "arm"})


@cache
def ready(theory: str, size: Size, method: str, parameter: str) -> Compiled:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = staying(load(theory))
    data = simulate(model, size.plan(parse("steady")), size.people, 0)
    return METHODS[method].compile(model, with_arms(model, data, parameter))


def apart(model: Model, truth: Population, parameter: str, difference: float, size: Size) -> dict[str, np.ndarray]:
    """The values of a population whose second arm is moved so far on the link scale."""
    treated = arms(size.people) == "treated"
    of = {row.label for row in rows(model, size.names) if row.name == parameter}
    moved = {label: level + difference * treated * (label in of) for label, level in truth.level.items()}
    return values(model, moved, size.names, size.people)


def decided(draws: np.ndarray, difference: float) -> Counts:
    """What draws of a difference say about it."""
    low, high = np.quantile(draws, [0.05, 0.95])
    above, below = low > 0.0, high < 0.0
    return {
        DECISIVE: [int(above or below), 1],
        WRONG: [int((above and difference <= 0.0) or (below and difference >= 0.0)), 1],
        HOLDS: [int(low <= difference <= high), 1],
    }


def study(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at theory", "method", "care", "parameter", "effect"} and its size.

    `effect` is a number on the natural scale, or "prior". For `sweep.sweep`.
    """
    theory, method, size = str(cell["at theory"]), str(cell["method"]), size_of(cell)
    row = moved_row(load(theory), str(cell["parameter"]))
    compiled = ready(theory, size._replace(sessions=1, every=1), method, row.name)
    model = compiled.model
    drawn = float(generator.normal(0.0, WIDE * row.parameter.spread))
    difference = drawn if cell["effect"] == "prior" else shift(row, float(cell["effect"]))
    truth = draw_population(model, size.names, size.people, generator)
    people = apart(model, truth, row.name, difference, size)
    lived = rated(model, simulate(model, size.plan(parse(str(cell["care"]))), people, generator), size.every)
    data = with_arms(model, lived, row.name)
    fit = METHODS[method].fit(compiled, data, Settings(seed=int(generator.integers(2**31))))
    verdict, draws = gate(fit), fit["posterior"].to_dataset()["effect"].values.ravel()
    counts = decided(draws, difference) | {"gate passed": [int(verdict.passed), 1]}
    return {"counts": counts, "difference": difference, "mean": float(draws.mean()), "reasons": verdict.reasons}
