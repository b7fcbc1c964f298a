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

from iwm_bayes.data.formulas import join_covariates, parse_formulas
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import EFFECT_WIDTH, LINKS, FreeParameter, free_parameters, natural_values
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.plan import JUDGED_FIGURE, Counts, StudyDesign, design_of, thin_ratings, without_leaving
from iwm_bayes.validation.sweep import Condition

DECISIVE, WRONG_DIRECTION, INTERVAL_COVERS = (
    "decisive",
    "decisive in the wrong direction",
    "interval holds the difference",
)
SUPPORT_BOUNDS = {"unit": (0.0, 1.0), "positive": (0.0, np.inf), "real": (-np.inf, np.inf)}


def assign_arms(people: int) -> np.ndarray:
    """Everyone's arm, in turn."""
    return np.resize(["control", "treated"], people)


def arm_parameter(model: ModelSpec, parameter: str) -> FreeParameter:
    """The parameter by its full name; InputError unless it is one that can differ between arms."""
    names = list(parse_formulas({parameter: "arm"}, without_leaving(model), "key `formulas"))
    if len(names) > 1:
        raise InputError([f"{parameter!r} stands for {' and '.join(names)}. Name one of them"])
    return next(row for row in free_parameters(without_leaving(model), [JUDGED_FIGURE]) if row.name == names[0])


def link_difference(row: FreeParameter, effect: float) -> float:
    """The difference on the link scale that is so large for the theory's average person on the natural scale."""
    link, unlink = LINKS[row.parameter.support]
    average = float(unlink(np.float64(row.prior_mean)))
    low, high = SUPPORT_BOUNDS[row.parameter.support]
    if not low < average + effect < high:
        raise InputError(
            [f"an effect of {effect:g} on {row.name} is impossible: the average person has {average:.3g}. Choose less"]
        )
    return float(link(np.float64(average + effect))) - row.prior_mean


def with_arms(model: ModelSpec, data: xr.Dataset, parameter: str) -> xr.Dataset:
    """Data with everyone's arm, and the formula that says what it moves."""
    frame = pd.DataFrame({"arm": assign_arms(data.sizes["person"])}, index=data["person"].values)
    return join_covariates(data, frame, model, {parameter: "arm"})


@cache
def compile_cached(theory: str, size: StudyDesign, method: str, parameter: str) -> CompiledModel:
    """A theory compiled once per process, for any number of sessions: `size` has one."""
    model = without_leaving(load_model(theory))
    data = simulate(model, size.plan(parse_care("steady")), size.people, 0)
    return METHODS[method].compile(model, with_arms(model, data, parameter))


def values_with_difference(
    model: ModelSpec, truth: Population, parameter: str, difference: float, size: StudyDesign
) -> dict[str, np.ndarray]:
    """The values of a population whose second arm is moved so far on the link scale."""
    treated = assign_arms(size.people) == "treated"
    of = {row.label for row in free_parameters(model, size.names) if row.name == parameter}
    moved = {label: level + difference * treated * (label in of) for label, level in truth.theta.items()}
    return natural_values(model, moved, size.names, size.people)


def count_decisions(draws: np.ndarray, difference: float) -> Counts:
    """What draws of a difference say about it."""
    low, high = np.quantile(draws, [0.05, 0.95])
    above, below = low > 0.0, high < 0.0
    return {
        DECISIVE: [int(above or below), 1],
        WRONG_DIRECTION: [int((above and difference <= 0.0) or (below and difference >= 0.0)), 1],
        INTERVAL_COVERS: [int(low <= difference <= high), 1],
    }


def group_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One study of a cell: {"at theory", "method", "care", "parameter", "effect"} and its size.

    `effect` is a number on the natural scale, or "prior". For `sweep.sweep`.
    """
    theory, method, size = str(cell["at theory"]), str(cell["method"]), design_of(cell)
    row = arm_parameter(load_model(theory), str(cell["parameter"]))
    compiled = compile_cached(theory, size._replace(sessions=1, every=1), method, row.name)
    model = compiled.model
    drawn = float(generator.normal(0.0, EFFECT_WIDTH * row.parameter.prior_between_sd))
    difference = drawn if cell["effect"] == "prior" else link_difference(row, float(cell["effect"]))
    truth = draw_population(model, size.names, size.people, generator)
    people = values_with_difference(model, truth, row.name, difference, size)
    lived = thin_ratings(
        model, simulate(model, size.plan(parse_care(str(cell["care"]))), people, generator), size.every
    )
    data = with_arms(model, lived, row.name)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    verdict, draws = check_convergence(fit), fit["posterior"].to_dataset()["beta"].values.ravel()
    counts = count_decisions(draws, difference) | {"gate passed": [int(verdict.passed), 1]}
    return {"counts": counts, "difference": difference, "mean": float(draws.mean()), "reasons": verdict.reasons}
