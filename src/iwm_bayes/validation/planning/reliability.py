"""Will a study of several waves tell how reliable parameters are? All have the reliability that is stated.

In each wave people differ by the scale of the prior of the between-person SD, so that sizes are compared for one
population; group means and mean changes are drawn from their priors. Two outcomes are counted for each parameter:

    known within       the 90% interval of its reliability extends at most `precision` to either side of its middle
    estimates reach    the estimates of people in one wave have the stated reliability themselves: the squared
                       correlation of posterior means and true values

The first needs people more than sessions, the second needs sessions. Lord & Novick (1968),
Statistical Theories of Mental Test Scores, 3.4.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr

from iwm_bayes.data.waves import model_with_waves, waves_for
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.estimands.reliability import reliability, with_changes
from iwm_bayes.inference.fit import METHODS, Settings
from iwm_bayes.model.priors import FreeParameter, free_parameters, from_offset, natural_values
from iwm_bayes.rules.modifiers.waves import wave_contrasts
from iwm_bayes.simulation.population import NO_SHIFT, Population, Shift, shifted
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, ModelSpec, named_leaves
from iwm_bayes.validation.compile_cache import SimulatedStudy, compile_cached
from iwm_bayes.validation.planning.assurance import CONVERGED, Counts, StudyDesign, design_of, thin_ratings
from iwm_bayes.validation.sweep import Condition


class WaveDesign(NamedTuple):
    """The design of a study with waves; its sessions are those of each wave."""

    study: StudyDesign
    waves: int
    reliability: float  # of all parameters that differ between waves

    @property
    def names(self) -> list[str]:
        """Return the names of the waves."""
        return [str(wave + 1) for wave in range(self.waves)]

    def load(self, name: str) -> ModelSpec:
        """Load a model without leaving, whose parameters differ between waves."""
        model = self.study.load(name)
        return model_with_waves(model, waves_for(model, self.names, "restarted"))

    def phases(self) -> list[Phase]:
        """Return the phases of the study: those of one wave, again in every wave."""
        return [phase._replace(wave=wave) for wave in self.names for phase in self.study.phases()]

    def for_compilation(self) -> Self:
        """Return the smallest design for which a compiled model is the same."""
        return self._replace(study=self.study.for_compilation())

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people with the stated reliability, move them by `shift`, and simulate their study."""
        people = draw_retested(model, self, generator)
        truth = shifted(model, people, self.study.figures, shift)
        data = simulate(model, self.phases(), truth.values, generator)
        return SimulatedStudy(truth, thin_ratings(model, data, self.study.rated_every), None)


def coordinate_sds(sd: float, true: float, waves: int) -> list[float]:
    """Return the SDs between people of a mean over waves and of its changes.

    In each wave people differ by `sd`, and `true` is the reliability.
    """
    within = sd**2 * (1.0 - true)
    variances = [sd**2 * true + within / waves, *(within * (k + 1) / k for k in range(1, waves))]
    return [float(np.sqrt(variance)) for variance in variances]


def draw_retested(model: ModelSpec, design: WaveDesign, generator: np.random.Generator) -> Population:
    """Draw a population whose parameters have the stated reliability, and its people."""
    figures, people = design.study.figures, design.study.n_people
    free = free_parameters(model, figures)
    sds = {one.label: one.parameter.prior_between_sd for one in free if one.parameter.pooling != "complete"}
    for mean, changes in own_changes(model, design):
        found = coordinate_sds(mean.parameter.prior_between_sd, design.reliability, design.waves)
        sds |= dict(zip((one.label for one in (mean, *changes)), found, strict=True))
    mu = {one.label: float(generator.normal(one.prior_mean, one.prior_sd)) for one in free}
    theta = {label: from_offset(at, sds.get(label, 0.0), generator.normal(size=people)) for label, at in mu.items()}
    return Population(mu, sds, theta, natural_values(model, theta, figures, people))


def own_changes(model: ModelSpec, design: WaveDesign) -> list[tuple[FreeParameter, list[FreeParameter]]]:
    """Return the parameters of a model that differ between people and waves, each with its changes."""
    found = with_changes(model, design.study.figures, design.waves)
    return [(mean, changes) for mean, changes in found if mean.parameter.pooling == "partial"]


def asked_parameters(model: ModelSpec, design: WaveDesign, names: Sequence[str]) -> list[str]:
    """Return the labels of the parameters that a plan asks about: those named, by default those of the rule.

    InputError for a name that is no parameter with a reliability.
    """
    known = [mean for mean, _ in own_changes(model, design)]
    rule = {name for name, _ in named_leaves(model.rule.parameters)}
    wanted = list(names) or [mean.name for mean in known if mean.name in rule] or [mean.name for mean in known]
    labels = {mean.label for mean in known} | {mean.name for mean in known}
    if unknown := [name for name in wanted if name not in labels]:
        remedy = f"Those with a reliability are {', '.join(mean.label for mean in known) or 'none'}"
        raise InputError(
            [f"{model.name} has no parameter {name!r} that differs between waves. {remedy}" for name in unknown]
        )
    return [mean.label for mean in known if mean.label in wanted or mean.name in wanted]


def outcome_known(label: str, precision: float) -> str:
    """Return the outcome that a reliability is known precisely enough."""
    return f"{label}: known within {precision:g}"


def outcome_estimates(label: str, true: float) -> str:
    """Return the outcome that the estimates of people are reliable enough."""
    return f"{label}: estimates reach {true:g}"


def wave_design(condition: Condition) -> WaveDesign:
    """Return the design of a condition; InputError for that of a file."""
    study = design_of(condition)
    if not isinstance(study, StudyDesign):
        raise InputError(["name a model in place of the file: this plan simulates waves of its own"])
    return WaveDesign(study, int(condition["waves"]), float(condition["reliability"]))


def estimate_reliability(fit: xr.DataTree, truth: Population, label: str, changes: Sequence[str]) -> float:
    """Return the reliability of people's estimates in one wave, the mean over waves."""
    means = fit["unconstrained_posterior"]["theta"].mean(("chain", "draw"))
    contrasts = wave_contrasts(len(changes) + 1)
    estimated, true = (
        values[label] + contrasts @ np.array([values[change] for change in changes])
        for values in ({one: means.sel(parameter=one).values for one in (label, *changes)}, truth.theta)
    )
    return float(np.mean([np.corrcoef(*pair)[0, 1] ** 2 for pair in zip(estimated, true, strict=True)]))


def reliability_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one study.

    The condition has "at model", "method", "parameters" (labels, between commas), "waves", "reliability", "precision",
    and the design of one wave.
    """
    name, method, design = str(condition["at model"]), str(condition["method"]), wave_design(condition)
    precision, labels = float(condition["precision"]), str(condition["parameters"]).split(",")
    compiled = compile_cached(name, design.for_compilation(), method)
    truth, data, _ = design.draw(compiled.model, generator)
    fit = METHODS[method].fit(compiled, data, Settings(random_seed=int(generator.integers(2**31))))
    checks, found = check_convergence(fit), reliability(compiled.model, fit)
    changes = {mean.label: [one.label for one in own] for mean, own in own_changes(compiled.model, design)}
    counts: Counts = {}
    for label in labels:
        low, high = found["reliability"].sel(parameter=label).quantile([0.05, 0.95]).values
        measured = estimate_reliability(fit, truth, label, changes[label])
        counts[outcome_known(label, precision)] = [int(high - low <= 2.0 * precision), 1]
        counts[outcome_estimates(label, design.reliability)] = [int(measured >= design.reliability), 1]
        counts[f"{label}: 90% interval covers"] = [int(low <= design.reliability <= high), 1]
    counts[CONVERGED] = [int(checks.converged), 1]
    return {"counts": counts, "reasons": checks.reasons}
