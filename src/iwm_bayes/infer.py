"""From a theory and data to a posterior: compile once, sample as often as there are data sets.

A fit is an `xarray.DataTree`. Its `posterior` is on the link scale, whatever the sampler moved in:

    centre (row), spread (partial), level (personal, person)
    effect (term), group_spread (grouping), deviation (member)   where the study has formulas
    correlation (partial, other)                                 where the theory says `correlated`

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
from iwm_bayes.hierarchy import TRANSFORMED, moving
from iwm_bayes.levels import centredness_for, in_levels
from iwm_bayes.sampler import compile_graph


class Compiled(NamedTuple):
    """A theory ready to sample, for any data with these people and figures."""

    model: Model
    graph: pm.Model
    sampler: Any  # nutpie's compiled model; it does not pickle
    people: int
    figures: list[str]
    moving: dict[str, list[str]]  # labels of effects and members, where the study has formulas


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
    sampler = compile_graph(graph, [name for name in TRANSFORMED if name in graph.named_vars])
    return Compiled(model, graph, sampler, data.sizes["person"], figures_of(data), moving(data))


def with_data(compiled: Compiled, data: xr.Dataset, sampled_as: xr.Dataset) -> Any:
    """The sampler on another data set of as many people and the same figures; InputError otherwise."""
    if data.sizes["person"] != compiled.people or figures_of(data) != compiled.figures:
        raise InputError(
            [
                f"compiled for {compiled.people} people and the figures {', '.join(compiled.figures)}; these data have "
                f"{data.sizes['person']} and {', '.join(figures_of(data))}. Compile the theory for these data"
            ]
        )
    if moving(data) != compiled.moving:
        raise InputError(["compiled for other covariates or groups. Compile the theory for these data"])
    entering = swappable(compiled.model, data) | {str(name): values.values for name, values in sampled_as.items()}
    known = {variable.name for variable in compiled.sampler.shared_var_keys}
    return compiled.sampler.with_data(**{name: value for name, value in entering.items() if name in known})


def run(compiled: Compiled, data: xr.Dataset, sampled_as: xr.Dataset, settings: Settings) -> xr.DataTree:
    """One nutpie run, as centred as stated."""
    trace = nutpie.sample(
        with_data(compiled, data, sampled_as),
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        seed=settings.seed,
        progress_bar=settings.progress,
        save_warmup=False,
    )
    trace["posterior"] = xr.DataTree(in_levels(trace["posterior"].to_dataset(), compiled.model, data, sampled_as))
    return trace


def half_way(compiled: Compiled) -> xr.Dataset:
    """Everything sampled half-way between the centred and the non-centred form."""
    partial, grouping = (list(compiled.graph.coords.get(dim, ())) for dim in ("partial", "grouping"))
    found = xr.Dataset({"centredness": ("partial", np.full(len(partial), 0.5))}, {"partial": partial})
    halves = xr.DataArray(np.full(len(grouping), 0.5), {"grouping": grouping}, ("grouping",))
    return found.assign(group_centredness=halves) if grouping else found


def choose_centredness(compiled: Compiled, data: xr.Dataset, settings: Settings) -> xr.Dataset:
    """How centred to sample each row and group, from a short pilot half-way between the forms."""
    pilot, begin = Settings(draws=150, tune=250, chains=2, seed=settings.seed + 1), half_way(compiled)
    if begin.sizes["partial"] == 0:
        return begin
    trace = run(compiled, data, begin, pilot)
    return centredness_for(trace["posterior"].to_dataset(), compiled.model, data)


def nuts(compiled: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior by the no-U-turn sampler; Hoffman & Gelman (2014), run by nutpie."""
    sampled_as = choose_centredness(compiled, data, settings)
    trace = run(compiled, data, sampled_as, settings)
    trace["constant_data"] = xr.DataTree(sampled_as)
    trace["data"] = xr.DataTree(data)
    return trace


METHODS: Mapping[str, Callable[[Compiled, xr.Dataset, Settings], xr.DataTree]] = {"nuts": nuts}


def fit(model: Model, data: xr.Dataset, method: str = "nuts", **settings: Any) -> xr.DataTree:
    """Compile and sample in one call; keywords are those of `Settings`."""
    if method not in METHODS:
        raise InputError([f"there is no method {method!r}; choose from {', '.join(METHODS)}"])
    return METHODS[method](compile_model(model, data), data, Settings(**settings))
