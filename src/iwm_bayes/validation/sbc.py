"""Simulation-based calibration: is the truth among its posterior draws as if it were one of them?

Populations drawn from a theory's priors live through sessions and are fitted. If simulation, likelihood and sampler
belong together, the rank of every true quantity among its draws is uniform, whatever the data. Draws are thinned to
their effective number; ties are broken at random. Quantities: everything of the group, one random person's parameters
and sessions until earned security, and the log likelihood, which depends on all of them and on the data.
Talts et al. (2018), arXiv:1804.06788; Modrak et al. (2023), doi:10.1214/23-BA1404. Whether places are uniform: see
`uniformity`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import arviz as az
import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import MAX_R_HAT, MIN_BFMI, ConvergenceChecks, check_convergence
from iwm_bayes.estimands.time_to_security import earned_security, true_security
from iwm_bayes.inference.base import CompiledModel, Settings, with_model_data
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nuts import compile_model, extend_fit, nuts
from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.sweep import Condition

SBC_FIGURES = ("friend", "therapist")
JUDGED_FIGURE = "therapist"  # whose sessions are counted
SAMPLER_ATTEMPTS = (  # of four chains each, until a gate is passed
    Settings(draws=500, tune=150, target_accept=0.65, max_treedepth=4),  # steps so long that seven of them turn around
    Settings(draws=500, tune=200, target_accept=0.88),  # fifteen, and shorter
    Settings(draws=500, tune=400, target_accept=0.98),
)
MAX_EXTENSION = 6  # times as many draws as a try begins with, where nothing but draws is wanting
N_DERIVED_DRAWS = 200  # draws at which derived quantities are computed


def sbc_phases(sessions: int) -> list[Phase]:
    """Two figures, rated before and met in every session, each responsive to seven acts of ten."""
    return [Phase({figure: constant_care(0.7) for figure in SBC_FIGURES}, sessions, assessed=True)]


def without_actions(model: ModelSpec) -> ModelSpec:
    """A theory without responses that decide what is lived through: all is seen."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "none"})


class CompiledStudy(NamedTuple):
    """A theory compiled for studies of one size."""

    model: ModelSpec
    sampler: CompiledModel
    likelihood: CompiledModel

    def log_likelihood(self, data: xr.Dataset, levels: Sequence[np.ndarray]) -> np.ndarray:
        """Of everyone's link-scale values (row, person), one number each."""
        with_model_data(self.likelihood, data, xr.Dataset())
        return np.array([self.likelihood.engine(level)[0].sum() for level in levels])


def compile_study(model: ModelSpec, people: int, sessions: int) -> CompiledStudy:
    """Compile a theory for so many people and sessions with each figure."""
    model = without_actions(model)
    data = simulate(model, sbc_phases(sessions), people, 0)
    return CompiledStudy(model, compile_model(model, data), compile_likelihood(model, data))


class RankedQuantity(NamedTuple):
    """A true quantity and its draws, of which about `effective` are worth counting."""

    truth: float
    draws: np.ndarray
    effective: float


def person_parameter_draws(ready: CompiledStudy, fit: xr.DataTree, thinned: xr.Dataset) -> list[np.ndarray]:
    """All link-scale rows of everyone, (row, person), draw by draw."""
    posterior, data = thinned, fit["data"].to_dataset()
    found = []
    for row in free_parameters(ready.model, figure_names(data)):
        if row.parameter.pooling != "complete":
            found.append(posterior["theta"].sel(parameter=row.label).transpose("sample", "person").values)
        else:
            shared = posterior["mu"].sel(parameter=row.label).values
            found.append(np.repeat(shared[:, None], data.sizes["person"], axis=1))
    return list(np.stack(found, axis=1))


def ranked_quantities(
    ready: CompiledStudy, fit: xr.DataTree, truth: Population, generator: np.random.Generator
) -> dict[str, RankedQuantity]:
    """Every quantity that is judged, with its draws."""
    posterior, data = fit["posterior"].to_dataset(), fit["data"].to_dataset()
    person, found = int(generator.integers(data.sizes["person"])), {}

    def add(name: str, true: float, drawn: xr.DataArray) -> None:
        values = drawn.transpose("chain", "draw").values
        found[name] = RankedQuantity(float(true), values.ravel(), float(az.ess(values)))

    def applicable(name: str) -> xr.DataArray:
        """A variable without the parameters to which it does not apply; empty where the fit has no such variable."""
        return posterior[name].dropna("parameter", how="all") if name in posterior else xr.DataArray([], dims="parameter")

    for kind, true in (("mu", truth.mu), ("sigma", truth.sigma)):
        draws = applicable(kind)
        for label in map(str, draws["parameter"].values):
            add(f"{kind} {label}", true[label], draws.sel(parameter=label, drop=True))
    theta = applicable("theta")
    for label in map(str, theta["parameter"].values):
        drawn = theta.sel(parameter=label, drop=True).isel(person=person, drop=True)
        add(f"theta {label}", truth.theta[label][person], drawn)
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // N_DERIVED_DRAWS)
    thinned = posterior.isel(draw=slice(None, None, step))
    levels = person_parameter_draws(ready, fit, thinned.stack(sample=("chain", "draw")))
    lived = np.stack([truth.theta[row.label] for row in free_parameters(ready.model, figure_names(data))])
    [known, *others] = ready.log_likelihood(data, [lived, *levels])
    shape = (thinned.sizes["chain"], thinned.sizes["draw"])
    add("log likelihood", known, xr.DataArray(np.reshape(others, shape), dims=("chain", "draw")))
    known = true_security(ready.model, data, truth.values, JUDGED_FIGURE).sessions[person]
    alone = fit.isel(person=[person])
    secure = earned_security(ready.model, alone, JUDGED_FIGURE, draws=N_DERIVED_DRAWS)["sessions"].isel(
        person=0, drop=True
    )
    add("person sessions until secure", known, secure)
    return found


def relative_rank(one: RankedQuantity, generator: np.random.Generator) -> float:
    """Where the truth lies among its draws, 0..1, uniform if it is one of them."""
    count = max(1, min(len(one.draws), int(one.effective if np.isfinite(one.effective) else len(one.draws))))
    drawn = one.draws[np.linspace(0, len(one.draws) - 1, count).round().astype(int)]
    below, equal = (drawn < one.truth).sum(), (drawn == one.truth).sum()
    return float((below + generator.random() * (equal + 1)) / (count + 1))


def needs_more_draws(verdict: ConvergenceChecks) -> bool:
    """Whether a fit that failed may pass with more draws: nothing diverged, and R-hat, whose excess falls as they grow,
    is near enough to its limit.
    """
    found = verdict.figures
    explored = found["divergences"] == 0 and found["bfmi"] >= MIN_BFMI
    return not verdict.passed and explored and found["group_rhat"] - 1.0 <= MAX_EXTENSION * (MAX_R_HAT - 1.0)


def fit_until_converged(ready: CompiledStudy, data: xr.Dataset, seed: int) -> tuple[xr.DataTree, ConvergenceChecks]:
    """A study's posterior and its verdict: of the first try that passes its gate, else of the last one."""
    for settings in SAMPLER_ATTEMPTS:
        fit = nuts(ready.sampler, data, settings._replace(random_seed=seed))
        verdict = check_convergence(fit)
        for further in range(1, MAX_EXTENSION):
            if needs_more_draws(verdict):
                fit = extend_fit(ready.sampler, fit, settings._replace(random_seed=seed + further))
                verdict = check_convergence(fit)
        if verdict.passed:
            break
    return fit, verdict


def simulate_and_rank(
    ready: CompiledStudy, makes: ModelSpec, people: int, sessions: int, generator: np.random.Generator
) -> dict[str, Any]:
    """One simulation by the theory `makes`, fitted by the one that is ready: places, and how the fit went."""
    truth = draw_population(without_actions(makes), SBC_FIGURES, people, generator)
    data = simulate(without_actions(makes), sbc_phases(sessions), truth.values, generator)
    fit, verdict = fit_until_converged(ready, data, int(generator.integers(2**31)))
    places = {
        name: relative_rank(one, generator) for name, one in ranked_quantities(ready, fit, truth, generator).items()
    }
    return {"places": places, "passed": verdict.passed, "reasons": verdict.reasons}


@cache
def compile_cached(theory: str, people: int, sessions: int) -> CompiledStudy:
    """A theory compiled once per process."""
    return compile_study(load_model(theory), people, sessions)


def sbc_study(cell: Condition, generator: np.random.Generator) -> dict[str, Any]:
    """One simulation of a cell: {"at theory", "people", "sessions"}. For `sweep.sweep`."""
    people, sessions = int(cell["people"]), int(cell["sessions"])
    known = compile_cached(str(cell["at theory"]), people, sessions)
    return simulate_and_rank(known, known.model, people, sessions, generator)
