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

from iwm_bayes.diagnostics.convergence_checks import BFMI, RHAT, Verdict, gate
from iwm_bayes.estimands.time_to_security import earned_security, true_security
from iwm_bayes.inference.base import Compiled, Settings, enter
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nuts import compile_model, nuts, prolonged
from iwm_bayes.model.model_file import load
from iwm_bayes.model.priors import figures_of, rows
from iwm_bayes.simulation.care import steady
from iwm_bayes.simulation.population import Population, draw_population
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import Model
from iwm_bayes.validation.sweep import Cell

FIGURES = ("friend", "therapist")
JUDGED = "therapist"  # whose sessions are counted
TRIES = (  # of four chains each, until a gate is passed
    Settings(draws=500, tune=150, accept=0.65, depth=4),  # steps so long that seven of them turn around
    Settings(draws=500, tune=200, accept=0.88),  # fifteen, and shorter
    Settings(draws=500, tune=400, accept=0.98),
)
LONGEST = 6  # times as many draws as a try begins with, where nothing but draws is wanting
THINNED = 200  # draws at which derived quantities are computed


def plan(sessions: int) -> list[Phase]:
    """Two figures, rated before and met in every session, each responsive to seven acts of ten."""
    return [Phase({figure: steady(0.7) for figure in FIGURES}, sessions, assessed=True)]


def watched(model: Model) -> Model:
    """A theory without responses that decide what is lived through: all is seen."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "none"})


class Ready(NamedTuple):
    """A theory compiled for studies of one size."""

    model: Model
    sampler: Compiled
    likelihood: Compiled

    def log_likelihood(self, data: xr.Dataset, levels: Sequence[np.ndarray]) -> np.ndarray:
        """Of everyone's link-scale values (row, person), one number each."""
        enter(self.likelihood, data, xr.Dataset())
        return np.array([self.likelihood.engine(level)[0].sum() for level in levels])


def compiled(model: Model, people: int, sessions: int) -> Ready:
    """Compile a theory for so many people and sessions with each figure."""
    model = watched(model)
    data = simulate(model, plan(sessions), people, 0)
    return Ready(model, compile_model(model, data), compile_likelihood(model, data))


class Ranked(NamedTuple):
    """A true quantity and its draws, of which about `effective` are worth counting."""

    truth: float
    draws: np.ndarray
    effective: float


def everyones(ready: Ready, fit: xr.DataTree, thinned: xr.Dataset) -> list[np.ndarray]:
    """All link-scale rows of everyone, (row, person), draw by draw."""
    posterior, data = thinned, fit["data"].to_dataset()
    found = []
    for row in rows(ready.model, figures_of(data)):
        if "level" in posterior and row.label in posterior["personal"].values:
            found.append(posterior["level"].sel(personal=row.label).transpose("sample", "person").values)
        else:
            shared = posterior["centre"].sel(row=row.label).values
            found.append(np.repeat(shared[:, None], data.sizes["person"], axis=1))
    return list(np.stack(found, axis=1))


def quantities(ready: Ready, fit: xr.DataTree, truth: Population, generator: np.random.Generator) -> dict[str, Ranked]:
    """Every quantity that is judged, with its draws."""
    posterior, data = fit["posterior"].to_dataset(), fit["data"].to_dataset()
    person, found = int(generator.integers(data.sizes["person"])), {}

    def add(name: str, true: float, drawn: xr.DataArray) -> None:
        values = drawn.transpose("chain", "draw").values
        found[name] = Ranked(float(true), values.ravel(), float(az.ess(values)))

    for kind, dim, true in (("centre", "row", truth.centre), ("spread", "partial", truth.spread)):
        for label in posterior[dim].values if kind in posterior else ():
            add(f"{kind} {label}", true[label], posterior[kind].sel({dim: label}, drop=True))
    for label in posterior["personal"].values if "level" in posterior else ():
        drawn = posterior["level"].sel(personal=label).isel(person=person).drop_vars(("personal", "person"))
        add(f"person {label}", truth.level[label][person], drawn)
    step = max(1, posterior.sizes["chain"] * posterior.sizes["draw"] // THINNED)
    thinned = posterior.isel(draw=slice(None, None, step))
    levels = everyones(ready, fit, thinned.stack(sample=("chain", "draw")))
    lived = np.stack([truth.level[row.label] for row in rows(ready.model, figures_of(data))])
    [known, *others] = ready.log_likelihood(data, [lived, *levels])
    shape = (thinned.sizes["chain"], thinned.sizes["draw"])
    add("log likelihood", known, xr.DataArray(np.reshape(others, shape), dims=("chain", "draw")))
    known = true_security(ready.model, data, truth.values, JUDGED).sessions[person]
    alone = fit.isel(person=[person])
    secure = earned_security(ready.model, alone, JUDGED, draws=THINNED)["sessions"].isel(person=0, drop=True)
    add("person sessions until secure", known, secure)
    return found


def placed(one: Ranked, generator: np.random.Generator) -> float:
    """Where the truth lies among its draws, 0..1, uniform if it is one of them."""
    count = max(1, min(len(one.draws), int(one.effective if np.isfinite(one.effective) else len(one.draws))))
    drawn = one.draws[np.linspace(0, len(one.draws) - 1, count).round().astype(int)]
    below, equal = (drawn < one.truth).sum(), (drawn == one.truth).sum()
    return float((below + generator.random() * (equal + 1)) / (count + 1))


def wants_draws(verdict: Verdict) -> bool:
    """Whether a fit that failed may pass with more draws: nothing diverged, and R-hat, whose excess falls as they grow,
    is near enough to its limit.
    """
    found = verdict.figures
    explored = found["divergences"] == 0 and found["bfmi"] >= BFMI
    return not verdict.passed and explored and found["group_rhat"] - 1.0 <= LONGEST * (RHAT - 1.0)


def fitted(ready: Ready, data: xr.Dataset, seed: int) -> tuple[xr.DataTree, Verdict]:
    """A study's posterior and its verdict: of the first try that passes its gate, else of the last one."""
    for settings in TRIES:
        fit = nuts(ready.sampler, data, settings._replace(seed=seed))
        verdict = gate(fit)
        for further in range(1, LONGEST):
            if wants_draws(verdict):
                fit = prolonged(ready.sampler, fit, settings._replace(seed=seed + further))
                verdict = gate(fit)
        if verdict.passed:
            break
    return fit, verdict


def judged(ready: Ready, makes: Model, people: int, sessions: int, generator: np.random.Generator) -> dict[str, Any]:
    """One simulation by the theory `makes`, fitted by the one that is ready: places, and how the fit went."""
    truth = draw_population(watched(makes), FIGURES, people, generator)
    data = simulate(watched(makes), plan(sessions), truth.values, generator)
    fit, verdict = fitted(ready, data, int(generator.integers(2**31)))
    places = {name: placed(one, generator) for name, one in quantities(ready, fit, truth, generator).items()}
    return {"places": places, "passed": verdict.passed, "reasons": verdict.reasons}


@cache
def ready(theory: str, people: int, sessions: int) -> Ready:
    """A theory compiled once per process."""
    return compiled(load(theory), people, sessions)


def study(cell: Cell, generator: np.random.Generator) -> dict[str, Any]:
    """One simulation of a cell: {"at theory", "people", "sessions"}. For `sweep.sweep`."""
    people, sessions = int(cell["people"]), int(cell["sessions"])
    known = ready(str(cell["at theory"]), people, sessions)
    return judged(known, known.model, people, sessions, generator)
