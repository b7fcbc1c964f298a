"""Simulation-based calibration (SBC): ranks of true values among posterior draws.

A population is drawn from a model's priors, simulated and fitted. If simulation, likelihood and sampler agree, the rank
of every true quantity among its posterior draws is uniform. Draws are thinned to their effective number, and ties are
broken at random. The quantities are all group parameters, the parameters of one random person, their sessions until
earned security, and the log likelihood, which depends on all parameters and on the data.
Talts et al. (2018), arXiv:1804.06788; Modrak et al. (2023), doi:10.1214/23-BA1404. `uniformity` tests the ranks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import MAX_R_HAT, MIN_BFMI, ConvergenceChecks, check_convergence
from iwm_bayes.estimands.security.time_to_security import earned_security, true_security
from iwm_bayes.inference.base import CompiledModel, Settings
from iwm_bayes.inference.laplace.method import compile_likelihood, likelihood_of_data
from iwm_bayes.inference.nuts import compile_model, extend_fit, nuts
from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import NO_SHIFT, Population, Shift, draw_population, shifted
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.compile_cache import Design, SimulatedStudy, compile_cached
from iwm_bayes.validation.study_design import FileDesign, file_design, is_of_file
from iwm_bayes.validation.sweep import Condition

az = lazy_module("arviz")

SBC_FIGURES = ("friend", "therapist")
JUDGED_FIGURE = "therapist"  # the figure whose sessions count
SAMPLER_ATTEMPTS = (  # of four chains each, until a fit has converged
    Settings(draws=500, tune=150, target_accept=0.65, max_treedepth=4),  # long steps: seven turn a trajectory around
    Settings(draws=500, tune=200, target_accept=0.88),  # shorter steps, fifteen to a trajectory
    Settings(draws=500, tune=400, target_accept=0.98),
)
MAX_EXTENSION = 6  # times as many draws as an attempt begins with, where only draws are lacking
N_DERIVED_DRAWS = 200  # draws for which derived quantities are computed


def sbc_phases(sessions: int) -> list[Phase]:
    """Return the phases of a study: two figures, rated before and met in every session, responsive in 70%."""
    return [Phase({figure: constant_care(0.7) for figure in SBC_FIGURES}, sessions, assessed=True)]


def without_actions(model: ModelSpec) -> ModelSpec:
    """Return the model without responses that change events, so that all outcomes are observed."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "none"})


class SbcDesign(NamedTuple):
    """The size of studies for calibration and recovery."""

    n_people: int
    sessions: int  # with each of the two figures

    def load(self, name: str) -> ModelSpec:
        """Load a model without actions."""
        return without_actions(load_model(name))

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people from the priors of a model, move them by `shift`, and simulate a study of this size."""
        population = draw_population(model, SBC_FIGURES, self.n_people, generator)
        truth = shifted(model, population, SBC_FIGURES, shift)
        data = simulate(model, sbc_phases(self.sessions), truth.values, generator)
        return SimulatedStudy(truth, data, JUDGED_FIGURE)

    def for_compilation(self) -> Self:
        """Return the design itself."""
        return self


def design_of(condition: Condition) -> SbcDesign | FileDesign:
    """Return the design of a condition: that of a file, or a size."""
    size = int(condition["n_people"]), int(condition["sessions"])
    return file_design(condition) if is_of_file(condition) else SbcDesign(*size)


class CompiledStudy(NamedTuple):
    """A model compiled for studies of one size."""

    model: ModelSpec
    sampler: CompiledModel
    likelihood: CompiledModel

    def log_likelihood(self, data: xr.Dataset, draws: Sequence[np.ndarray]) -> np.ndarray:
        """Compute the log likelihood of all people for each draw of link-scale values (parameter, person)."""
        likelihood = likelihood_of_data(self.likelihood, data)
        return np.array([likelihood(theta)[0].sum() for theta in draws])


def compile_study(model: ModelSpec, n_people: int, sessions: int) -> CompiledStudy:
    """Compile a model for this number of people, and of sessions with each figure."""
    model, design = without_actions(model), SbcDesign(n_people, sessions)
    data = design.draw(model, np.random.default_rng(0)).data
    return CompiledStudy(model, compile_model(model, data), compile_likelihood(model, data))


class RankedQuantity(NamedTuple):
    """A true quantity, its posterior draws and their effective sample size."""

    truth: float
    draws: np.ndarray
    ess: float


def person_parameter_draws(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset) -> list[np.ndarray]:
    """Return all free parameters of all people on the link scale, (parameter, person), one array per draw."""
    by_parameter = []
    for free in free_parameters(model, figure_names(data)):
        if free.parameter.pooling != "complete":
            by_parameter.append(posterior["theta"].sel(parameter=free.label).transpose("sample", "person").values)
        else:
            complete = posterior["mu"].sel(parameter=free.label).values
            by_parameter.append(np.repeat(complete[:, None], data.sizes["person"], axis=1))
    return list(np.stack(by_parameter, axis=1))


def ranked_quantity(truth: float, draws: xr.DataArray) -> RankedQuantity:
    """Return a true quantity with its draws (chain, draw)."""
    values = draws.transpose("chain", "draw").values
    return RankedQuantity(float(truth), values.ravel(), float(az.ess(values)))


EFFECT_DIMS = {"beta": "coefficient", "sigma_u": "group"}


def parameter_quantities(posterior: xr.Dataset, truth: Population, person: int) -> dict[str, RankedQuantity]:
    """Return the group parameters, and the parameters of one person."""
    quantities = {}
    own = posterior.isel(person=person, drop=True, missing_dims="ignore")
    true_theta = {label: values[person] for label, values in truth.theta.items()}
    for variable, true in (("mu", truth.mu), ("sigma", truth.sigma), ("theta", true_theta)):
        if variable in posterior:
            draws = own[variable].dropna("parameter", how="all")  # NaN where it does not apply to a parameter
            for label in map(str, draws["parameter"].values):
                one = draws.sel(parameter=label, drop=True)
                quantities[f"{variable} {label}"] = ranked_quantity(true[label], one)
    for variable, known in (("beta", truth.beta), ("sigma_u", truth.sigma_u)):
        for label, value in known.items():
            one = posterior[variable].sel({EFFECT_DIMS[variable]: label}, drop=True)
            quantities[f"{variable} {label}"] = ranked_quantity(value, one)
    return quantities


def log_likelihood_quantity(compiled: CompiledStudy, fit: xr.DataTree, truth: Population) -> RankedQuantity:
    """Return the log likelihood of the data."""
    posterior, data = fit["unconstrained_posterior"].to_dataset(), fit["constant_data"].to_dataset()
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // N_DERIVED_DRAWS)
    thinned = posterior.isel(draw=slice(None, None, step))
    draws = person_parameter_draws(compiled.model, data, thinned.stack(sample=("chain", "draw")))
    true_theta = np.stack([truth.theta[free.label] for free in free_parameters(compiled.model, figure_names(data))])
    [known, *others] = compiled.log_likelihood(data, [true_theta, *draws])
    shape = (thinned.sizes["chain"], thinned.sizes["draw"])
    return ranked_quantity(known, xr.DataArray(np.reshape(others, shape), dims=("chain", "draw")))


def security_quantity(
    model: ModelSpec, fit: xr.DataTree, truth: Population, person: int, figure: str
) -> RankedQuantity:
    """Return the sessions of one person until earned security toward a figure."""
    known = true_security(model, fit["constant_data"].to_dataset(), truth.values, figure).sessions[person]
    security = earned_security(model, fit.isel(person=[person]), figure, draws=N_DERIVED_DRAWS)
    return ranked_quantity(known, security["sessions"].isel(person=0, drop=True))


def ranked_quantities(
    compiled: CompiledStudy, fit: xr.DataTree, truth: Population, figure: str | None, generator: np.random.Generator
) -> dict[str, RankedQuantity]:
    """Return every quantity that is ranked, with its draws; earned security is that toward `figure`, if any.

    A simulation does not keep the innovations, on which the likelihood and beliefs depend: the parameters remain.
    """
    model, data = compiled.model, fit["constant_data"].to_dataset()
    person = int(generator.integers(data.sizes["person"]))
    quantities = parameter_quantities(fit["unconstrained_posterior"].to_dataset(), truth, person)
    if model.rule.innovations:
        return quantities
    quantities["log likelihood"] = log_likelihood_quantity(compiled, fit, truth)
    if figure is not None:
        quantities["person sessions until secure"] = security_quantity(model, fit, truth, person, figure)
    return quantities


def relative_rank(quantity: RankedQuantity, generator: np.random.Generator) -> float:
    """Compute the rank of the truth among its draws, 0..1: uniform if the truth is one of them."""
    ess = int(quantity.ess if np.isfinite(quantity.ess) else len(quantity.draws))
    count = max(1, min(len(quantity.draws), ess))
    draws = quantity.draws[np.linspace(0, len(quantity.draws) - 1, count).round().astype(int)]
    below, equal = (draws < quantity.truth).sum(), (draws == quantity.truth).sum()
    return float((below + generator.random() * (equal + 1)) / (count + 1))


def needs_more_draws(checks: ConvergenceChecks) -> bool:
    """Return whether a fit may converge with more draws.

    Nothing must have diverged. R-hat, whose excess over 1 falls with the number of draws, must be near its limit.
    """
    explored = checks.values["divergences"] == 0 and checks.values["bfmi"] >= MIN_BFMI
    near = checks.values["group_r_hat"] - 1.0 <= MAX_EXTENSION * (MAX_R_HAT - 1.0)
    return not checks.converged and explored and near


def fit_until_converged(compiled: CompiledStudy, data: xr.Dataset, seed: int) -> tuple[xr.DataTree, ConvergenceChecks]:
    """Fit a study; return the first attempt that converges, otherwise the last one, with its checks."""
    for settings in SAMPLER_ATTEMPTS:
        fit = nuts(compiled.sampler, data, settings._replace(random_seed=seed))
        checks = check_convergence(fit)
        for extension in range(1, MAX_EXTENSION):
            if needs_more_draws(checks):
                fit = extend_fit(compiled.sampler, fit, settings._replace(random_seed=seed + extension))
                checks = check_convergence(fit)
        if checks.converged:
            break
    return fit, checks


def simulate_and_rank(
    compiled: CompiledStudy, generating: ModelSpec, design: Design, generator: np.random.Generator
) -> dict[str, Any]:
    """Simulate a study by the model `generating`, fit it by the compiled model, and rank the true quantities."""
    truth, data, figure = design.draw(generating, generator)
    fit, checks = fit_until_converged(compiled, data, int(generator.integers(2**31)))
    quantities = ranked_quantities(compiled, fit, truth, figure, generator)
    ranks = {name: relative_rank(quantity, generator) for name, quantity in quantities.items()}
    return {"ranks": ranks, "converged": checks.converged, "reasons": checks.reasons}


def sbc_study(condition: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """Do one SBC study. The condition has "at model" and the design of the study."""
    name, design = str(condition["at model"]), design_of(condition)
    sampler, likelihood = (compile_cached(name, design.for_compilation(), method) for method in ("nuts", "laplace"))
    compiled = CompiledStudy(sampler.model, sampler, likelihood)
    return simulate_and_rank(compiled, compiled.model, design, generator)
