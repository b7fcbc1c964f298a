"""Will a study find a difference between two groups? Two arms of people differ in one parameter.

The fit has the formula `PARAMETER = "arm"`. A study is decisive if the 90% interval of the difference excludes 0. The
interval is on the link scale, which decides the same as the natural scale, because links are increasing. Without a
stated effect, the difference of each study is drawn from its prior, and the share of decisive studies is the assurance.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.formulas import FORMULAS_KEY, join_covariates, parse_formulas
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import EFFECT_WIDTH, LINKS, FreeParameter, free_parameters, natural_values
from iwm_bayes.simulation.care import parse_care
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.simulate import simulate
from iwm_bayes.types import InputError, ModelSpec
from iwm_bayes.validation.compile_cache import compile_cached
from iwm_bayes.validation.plan import (
    CONVERGED,
    JUDGED_FIGURE,
    Counts,
    StudyDesign,
    design_of,
    thin_ratings,
    without_leaving,
)
from iwm_bayes.validation.sweep import Condition

DECISIVE = "decisive"
WRONG_DIRECTION = "decisive in the wrong direction"
INTERVAL_COVERS = "90% interval contains the difference"
SUPPORT_BOUNDS = {"unit": (0.0, 1.0), "positive": (0.0, np.inf), "real": (-np.inf, np.inf)}


def assign_arms(people: int) -> np.ndarray:
    """Assign people to two arms in turn."""
    return np.resize(["control", "treated"], people)


def arm_parameter(model: ModelSpec, parameter: str) -> FreeParameter:
    """Return a parameter by its name; InputError unless it can differ between arms."""
    names = list(parse_formulas({parameter: "arm"}, without_leaving(model), FORMULAS_KEY))
    if len(names) > 1:
        raise InputError([f"{parameter!r} means {' and '.join(names)}. Name one of them"])
    return next(free for free in free_parameters(without_leaving(model), [JUDGED_FIGURE]) if free.name == names[0])


def link_difference(free: FreeParameter, effect: float) -> float:
    """Return the difference on the link scale that equals `effect` for the median person on the natural scale."""
    link, unlink = LINKS[free.parameter.support]
    median = float(unlink(np.float64(free.prior_mean)))
    low, high = SUPPORT_BOUNDS[free.parameter.support]
    if not low < median + effect < high:
        raise InputError(
            [
                f"an effect of {effect:g} on {free.name} is impossible: the median person has {median:.3g}. "
                "Choose a smaller effect"
            ]
        )
    return float(link(np.float64(median + effect))) - free.prior_mean


def with_arms(model: ModelSpec, data: xr.Dataset, parameter: str) -> xr.Dataset:
    """Return data with the arm of each person as a covariate of the parameter."""
    frame = pd.DataFrame({"arm": assign_arms(data.sizes["person"])}, index=data["person"].values)
    return join_covariates(data, frame, model, {parameter: "arm"})


class TwoArmDesign(NamedTuple):
    """The size of a study, and the parameter in which two arms may differ."""

    size: StudyDesign
    parameter: str

    def example(self, model: ModelSpec) -> tuple[ModelSpec, xr.Dataset]:
        """Return the model without leaving, and simulated data with arms."""
        model, data = self.size.example(model)
        return model, with_arms(model, data, self.parameter)


def values_with_difference(
    model: ModelSpec, truth: Population, parameter: str, difference: float, design: StudyDesign
) -> dict[str, np.ndarray]:
    """Return the natural-scale values of a population, with the second arm moved on the link scale."""
    treated = assign_arms(design.n_people) == "treated"
    labels = {free.label for free in free_parameters(model, design.figures) if free.name == parameter}
    moved = {label: theta + difference * treated * (label in labels) for label, theta in truth.theta.items()}
    return natural_values(model, moved, design.figures, design.n_people)


def count_decisions(draws: np.ndarray, difference: float) -> Counts:
    """Count decisions from posterior draws of the difference, given the true difference."""
    low, high = np.quantile(draws, [0.05, 0.95])
    above, below = low > 0.0, high < 0.0
    return {
        DECISIVE: [int(above or below), 1],
        WRONG_DIRECTION: [int((above and difference <= 0.0) or (below and difference >= 0.0)), 1],
        INTERVAL_COVERS: [int(low <= difference <= high), 1],
    }


def group_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one study.

    The condition has "at model", "method", "care", "parameter", "effect" and the size of the study. "effect" is a
    number on the natural scale, or "prior".
    """
    name, method, design = str(condition["at model"]), str(condition["method"]), design_of(condition)
    free, care = arm_parameter(load_model(name), str(condition["parameter"])), parse_care(str(condition["care"]))
    compiled = compile_cached(name, TwoArmDesign(design.for_compilation(), free.name), method)
    model = compiled.model
    from_prior = float(generator.normal(0.0, EFFECT_WIDTH * free.parameter.prior_between_sd))
    stated = condition["effect"]
    difference = from_prior if stated == "prior" else link_difference(free, float(stated))
    truth = draw_population(model, design.figures, design.n_people, generator)
    values = values_with_difference(model, truth, free.name, difference, design)
    rated = thin_ratings(model, simulate(model, design.phases(care), values, generator), design.rated_every)
    data = with_arms(model, rated, free.name)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    checks, draws = check_convergence(fit), fit["posterior"].to_dataset()["beta"].values.ravel()
    counts = count_decisions(draws, difference) | {CONVERGED: [int(checks.converged), 1]}
    return {"counts": counts, "difference": difference, "mean": float(draws.mean()), "reasons": checks.reasons}
