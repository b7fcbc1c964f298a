"""From a theory and data to a posterior: compile once, sample as often as there are data sets.

A fit is an `xarray.DataTree`. Its `posterior` is on the link scale, whatever the sampler moved in:

    centre (row), spread (partial), level (personal, person)

with `sample_stats` beside it, the Dataset that was fitted in `data`, and in `constant_data` how centred
each row was sampled.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from iwm_bayes.build import build, figures_of, swappable
from iwm_bayes.core import InputError, Model
from iwm_bayes.population import place
from iwm_bayes.sampler import compile_graph


class Compiled(NamedTuple):
    """A theory ready to sample, for any data with these people and figures."""

    model: Model
    graph: pm.Model
    sampler: Any  # nutpie's compiled model; it does not pickle
    people: int
    figures: list[str]


class Settings(NamedTuple):
    """How long to sample, and from which seed."""

    draws: int = 750
    tune: int = 500
    chains: int = 4
    seed: int = 1
    progress: bool = False


def compile_model(model: Model, data: xr.Dataset) -> Compiled:
    """Compile a theory for the shape of a data set: a minute or more the first time, less with a filled cache."""
    graph = build(model, data)
    return Compiled(model, graph, compile_graph(graph, ["spread"]), data.sizes["person"], figures_of(data))


def with_data(compiled: Compiled, data: xr.Dataset, centredness: np.ndarray) -> Any:
    """The sampler on another data set of as many people and the same figures; InputError otherwise."""
    if data.sizes["person"] != compiled.people or figures_of(data) != compiled.figures:
        raise InputError(
            [
                f"compiled for {compiled.people} people and the figures {', '.join(compiled.figures)}; these data have "
                f"{data.sizes['person']} and {', '.join(figures_of(data))}. Compile the theory for these data"
            ]
        )
    entering = swappable(compiled.model, data) | {"centredness": centredness}
    known = {variable.name for variable in compiled.sampler.shared_var_keys}
    return compiled.sampler.with_data(**{name: value for name, value in entering.items() if name in known})


def in_levels(posterior: xr.Dataset, centredness: np.ndarray) -> xr.Dataset:
    """The posterior without the sampler's own coordinates: `offset` becomes part of `level`."""
    levels = []
    if "offset" in posterior:
        centre = posterior["centre"].sel(row=posterior["partial"]).drop_vars("row")
        w = xr.DataArray(centredness, dims="partial")
        levels.append(place(centre, posterior["spread"], posterior["offset"], w).rename(partial="personal"))
    if "level" in posterior:
        levels.append(posterior["level"].rename(separate="personal"))
    kept = posterior[[name for name in ("centre", "spread") if name in posterior]]
    if not levels:
        return kept
    return kept.assign(level=xr.concat(levels, "personal").transpose("chain", "draw", "personal", "person"))


def run(compiled: Compiled, data: xr.Dataset, centredness: np.ndarray, settings: Settings) -> xr.DataTree:
    """One nutpie run at a given centredness."""
    trace = nutpie.sample(
        with_data(compiled, data, centredness),
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        seed=settings.seed,
        progress_bar=settings.progress,
        save_warmup=False,
    )
    trace["posterior"] = xr.DataTree(in_levels(trace["posterior"].to_dataset(), centredness))
    return trace


def contraction(posterior: xr.Dataset) -> xr.DataArray:
    """How much each person's data say, per partially pooled row: 1 - E[var(level)] / E[spread^2], in 0..1."""
    level = posterior["level"].sel(personal=posterior["partial"]).drop_vars("personal")
    within = level.var(("chain", "draw")).mean("person")
    return (1.0 - within / (posterior["spread"] ** 2).mean(("chain", "draw"))).clip(0.0, 1.0)


def centredness_for(posterior: xr.Dataset) -> np.ndarray:
    """How centred to sample each partially pooled row: near 1 where people's data say much, near 0 where little.

    With I what a person's data say (in units of 1 / link^2), I s^2 / (1 + I s^2) at a low but plausible spread s:
    where the spread may be near zero the centred form has a funnel, however much is said elsewhere.
    """
    level = posterior["level"].sel(personal=posterior["partial"])
    within = level.var(("chain", "draw")).mean("person")
    said = (1.0 / within - 1.0 / (posterior["spread"] ** 2).mean(("chain", "draw"))).clip(0.0)
    low = posterior["spread"].quantile(0.05, ("chain", "draw")) ** 2
    return (said * low / (1.0 + said * low)).values


def choose_centredness(compiled: Compiled, data: xr.Dataset, settings: Settings) -> np.ndarray:
    """How centred to sample each row, from a short pilot half-way between the forms."""
    rows = len(compiled.graph.coords["partial"])
    if rows == 0:
        return np.zeros(0)
    pilot = Settings(draws=150, tune=250, chains=2, seed=settings.seed + 1)
    trace = run(compiled, data, np.full(rows, 0.5), pilot)
    return centredness_for(trace["posterior"].to_dataset())


def nuts(compiled: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior by the no-U-turn sampler; Hoffman & Gelman (2014), run by nutpie."""
    centredness = choose_centredness(compiled, data, settings)
    trace = run(compiled, data, centredness, settings)
    sampled_as = xr.DataArray(centredness, {"partial": list(compiled.graph.coords["partial"])}, ("partial",))
    trace["constant_data"] = xr.DataTree(xr.Dataset({"centredness": sampled_as}))
    trace["data"] = xr.DataTree(data)
    return trace


METHODS: Mapping[str, Callable[[Compiled, xr.Dataset, Settings], xr.DataTree]] = {"nuts": nuts}


def fit(model: Model, data: xr.Dataset, method: str = "nuts", **settings: Any) -> xr.DataTree:
    """Compile and sample in one call; keywords are those of `Settings`."""
    if method not in METHODS:
        raise InputError([f"there is no method {method!r}; choose from {', '.join(METHODS)}"])
    return METHODS[method](compile_model(model, data), data, Settings(**settings))
