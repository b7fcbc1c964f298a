"""The no-U-turn sampler on a theory's graph, centred as a pilot says: Hoffman & Gelman (2014), run by nutpie."""

from typing import Any

import nutpie
import xarray as xr

from iwm_bayes.build import build
from iwm_bayes.core import Model
from iwm_bayes.hierarchy import TRANSFORMED
from iwm_bayes.levels import centredness_for, in_levels
from iwm_bayes.method import Compiled, Settings, compiled, entering, half_way
from iwm_bayes.sampler import compile_graph
from iwm_bayes.streamed import stream


def compile_model(model: Model, data: xr.Dataset) -> Compiled:
    """Compile a theory for the shape of a data set: a minute or more the first time, less with a filled cache."""
    graph = build(model, data)
    sampler = compile_graph(graph, [name for name in TRANSFORMED if name in graph.named_vars])
    return compiled(model, graph, sampler, data)


def with_data(ready: Compiled, data: xr.Dataset, sampled_as: xr.Dataset) -> Any:
    """The sampler on another data set of as many people and the same figures; InputError otherwise."""
    known = {variable.name for variable in ready.engine.shared_var_keys}
    given = entering(ready, data, sampled_as)
    return ready.engine.with_data(**{name: value for name, value in given.items() if name in known})


def drawn(sampler: Any, settings: Settings, aim: float = 0.8) -> xr.DataTree:
    """What nutpie draws, all or nothing; `aim` is the acceptance that steps are adapted to."""
    background = nutpie.sample(
        sampler,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        seed=settings.seed,
        progress_bar=settings.progress,
        save_warmup=False,
        target_accept=aim,
        blocking=False,
    )
    try:
        return background.wait()
    except BaseException:
        background.cancel()
        raise


def run(ready: Compiled, data: xr.Dataset, sampled_as: xr.Dataset, settings: Settings) -> xr.DataTree:
    """One nutpie run, as centred as stated."""
    sampler = with_data(ready, data, sampled_as)
    trace = drawn(sampler, settings) if settings.into is None else stream(sampler, settings, settings.into)
    said = trace["posterior"].attrs
    trace["posterior"] = xr.DataTree(in_levels(trace["posterior"].to_dataset(), ready.model, data, sampled_as))
    trace["posterior"].attrs |= said
    return trace


def choose_centredness(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.Dataset:
    """How centred to sample each row and group, from a short pilot half-way between the forms."""
    pilot, begin = Settings(draws=150, tune=250, chains=2, seed=settings.seed + 1), half_way(ready.model, data)
    if begin.sizes["partial"] == 0:
        return begin
    trace = run(ready, data, begin, pilot)
    return centredness_for(trace["posterior"].to_dataset(), ready.model, data)


def chosen_before(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.Dataset:
    """The choice of a run that was stopped, else `choose_centredness`, kept for a run that will be."""
    if settings.into is None:
        return choose_centredness(ready, data, settings)
    kept = settings.into / "centredness.nc"
    if not kept.exists():
        draft = kept.with_suffix(".part")
        choose_centredness(ready, data, settings).to_netcdf(draft, engine="h5netcdf")
        draft.replace(kept)
    return xr.load_dataset(kept, engine="h5netcdf")


def nuts(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior by the no-U-turn sampler."""
    sampled_as = chosen_before(ready, data, settings)
    trace = run(ready, data, sampled_as, settings)
    trace["constant_data"] = xr.DataTree(sampled_as)
    trace["data"] = xr.DataTree(data)
    return trace
