"""Will a study find a difference between two groups? Two arms of people differ in one parameter.

The fit has the arm as a covariate of this parameter. A study is decisive if the 90% interval of the difference excludes
0. The interval is on the link scale, which decides the same as the natural scale, because links are increasing. Without
a stated effect, the difference of each study is drawn from its prior, and the share of decisive studies is the
assurance.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.formulas.design import FORMULAS_KEY, parse_formulas
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import LINKS, FreeParameter, free_parameters
from iwm_bayes.simulation.population import NO_SHIFT, Shift
from iwm_bayes.types import EFFECT_WIDTH, InputError, ModelSpec
from iwm_bayes.validation.compile_cache import SimulatedStudy, compile_cached
from iwm_bayes.validation.planning.assurance import CONVERGED, JUDGED_FIGURE, Counts, StudyDesign, design_of
from iwm_bayes.validation.study_design import ArmsDesign, FileDesign, StudyFileDesign
from iwm_bayes.validation.sweep import Condition

DECISIVE = "decisive"
WRONG_DIRECTION = "decisive in the wrong direction"
INTERVAL_COVERS = "90% interval contains the difference"
DESIGN = ("coefficient", "person")
SUPPORT_BOUNDS = {"unit": (0.0, 1.0), "positive": (0.0, np.inf), "real": (-np.inf, np.inf)}


def assign_arms(design: StudyDesign | FileDesign, parameter: str, generator: np.random.Generator) -> np.ndarray:
    """Assign people to two arms of one size: whether each is treated, (person,).

    People of a file are assigned at random, because they differ in their events; others are assigned in turn. Where the
    arms differ in a parameter of persons who have several dyads, all dyads of a person are in one arm.
    """
    if isinstance(design, StudyDesign):
        return np.arange(design.n_people) % 2 == 1
    together = np.arange(design.n_people) if isinstance(design, ArmsDesign) else design.together(parameter)
    return generator.permutation(np.arange(together.max() + 1) % 2 == 1)[together]


def with_people(design: StudyDesign | FileDesign, generator: np.random.Generator) -> StudyDesign | FileDesign:
    """Return a design whose people are known before they are assigned to arms."""
    return design.with_people(generator) if isinstance(design, StudyFileDesign) else design


def arm_parameter(model: ModelSpec, parameter: str) -> FreeParameter:
    """Return a parameter by its name; InputError unless it can differ between arms."""
    names = list(parse_formulas({parameter: "arm"}, model, FORMULAS_KEY))
    if len(names) > 1:
        raise InputError([f"{parameter!r} means {' and '.join(names)}. Name one of them"])
    return next(free for free in free_parameters(model, [JUDGED_FIGURE]) if free.name == names[0])


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


def arm_coefficient(parameter: str) -> str:
    """Return the label of the difference between the arms; no formula of a study has it."""
    return f"{parameter}: planned_arm[treated]"


def with_arms(data: xr.Dataset, parameter: str, treated: np.ndarray) -> xr.Dataset:
    """Return data with the arm of each person as a covariate of the parameter, after the covariates of the study."""
    own = data["design"] if "design" in data else xr.DataArray(np.zeros((0, len(treated))), {"coefficient": []}, DESIGN)
    labels = [*map(str, own["coefficient"].values), arm_coefficient(parameter)]
    design = xr.DataArray(np.vstack([own.values, treated.astype(float)]), {"coefficient": labels}, DESIGN)
    return data.drop_vars(["design", "coefficient"], errors="ignore").assign(design=design)


class TwoArmDesign(NamedTuple):
    """The design of a study, and the parameter in which two arms may differ."""

    study: StudyDesign | FileDesign
    parameter: str

    def load(self, name: str) -> ModelSpec:
        """Load a model as the study uses it."""
        return self.study.load(name)

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Simulate a study with arms, and people who are moved by `shift`."""
        study = with_people(self.study, generator)
        treated = assign_arms(study, self.parameter, generator)
        simulated = study.draw(model, generator, shift)
        return simulated._replace(data=with_arms(simulated.data, self.parameter, treated))


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

    The condition has "at model", "method", "parameter", "effect" and the design of the study. "effect" is a number on
    the natural scale, or "prior".
    """
    name, method, design = str(condition["at model"]), str(condition["method"]), design_of(condition)
    free = arm_parameter(design.load(name), str(condition["parameter"]))
    compiled = compile_cached(name, TwoArmDesign(design.for_compilation(), free.name), method)
    from_prior = float(generator.normal(0.0, EFFECT_WIDTH * free.parameter.prior_between_sd))
    stated = condition["effect"]
    difference = from_prior if stated == "prior" else link_difference(free, float(stated))
    design = with_people(design, generator)
    treated = assign_arms(design, free.name, generator)
    simulated = design.draw(compiled.model, generator, {free.name: difference * treated}).data
    data = with_arms(simulated, free.name, treated)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    checks = check_convergence(fit)
    draws = (
        fit["unconstrained_posterior"].to_dataset()["beta"].sel(coefficient=arm_coefficient(free.name)).values.ravel()
    )
    counts = count_decisions(draws, difference) | {CONVERGED: [int(checks.converged), 1]}
    return {"counts": counts, "difference": difference, "mean": float(draws.mean()), "reasons": checks.reasons}
