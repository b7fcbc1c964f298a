"""Chains that outlive the process that draws them: each in a Zarr store of its own, from a seed of its own.

What is drawn is on the disk sixteen draws later, and can be read at any time. A chain that was stopped cannot go on
where it was, because the sampler's adaptation is not kept; it begins again with the same seed, which on the same
machine makes the same draws. A chain that was whole stays.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import xarray as xr
import zarr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from iwm_bayes.inference.base import Settings

type ProgressCallback = Callable[[int, int], None]  # (chain, how many steps of it are done)

STORED_GROUPS = ("posterior", "sample_stats")
POLL_SECONDS = 0.2  # seconds between looks at the chains
MIN_CHAINS, MIN_DRAWS = 2, 50  # chains, and draws of each, of which something can be said


def chain_folder(folder: Path, chain: int) -> Path:
    """Where a chain's draws are."""
    return folder / f"chain {chain}"


def chain_seed(settings: Settings, chain: int) -> int:
    """A seed of each chain's own."""
    return int(np.random.SeedSequence([settings.random_seed, chain]).generate_state(1)[0])


def count_draws(store: Path) -> int:
    """How many draws of a chain are on the disk: of every quantity, without a gap."""
    steps = store / "sample_stats" / "logp"
    if not (steps / "zarr.json").exists() or not (steps / "c").exists():
        return 0  # the store is being made, or waits for its first draws
    arrays = [array for _, array in zarr.open_group(store / "posterior", mode="r").arrays() if array.ndim > 1]
    arrays.append(zarr.open_array(steps, mode="r"))
    written = [np.isfinite(array[0]).reshape(array.shape[1], -1).all(axis=1) for array in map(np.asarray, arrays)]
    return int(np.logical_and.accumulate(np.logical_and.reduce(written)).sum())


def read_chain(store: Path) -> xr.DataTree | None:
    """What is on the disk of one chain, without what was not drawn yet; None where nothing is."""
    there = count_draws(store)
    if there == 0:
        return None
    parts = {}
    for name in STORED_GROUPS:
        with xr.open_dataset(store / name, engine="zarr", consolidated=False) as part:
            by_draw = [key for key, values in part.data_vars.items() if {"chain", "draw"} <= set(values.dims)]
            parts[name] = part[by_draw].isel(draw=slice(there)).load()
    parts["sample_stats"] = parts["sample_stats"].drop_dims("unconstrained_parameter", errors="ignore")
    return xr.DataTree.from_dict(parts)


def is_finished(sampler: Any) -> bool:
    """Whether a chain is done; nutpie answers "not yet" by an error."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False


def combine_chains(chains: list[xr.DataTree]) -> xr.DataTree:
    """Chains as one fit, all as long as the shortest."""
    shortest = min(chain["posterior"].sizes["draw"] for chain in chains)
    parts = {
        name: xr.concat([chain[name].to_dataset().isel(draw=slice(shortest)) for chain in chains], "chain")
        for name in STORED_GROUPS
    }
    named = {"chain": np.arange(len(chains)), "draw": np.arange(shortest)}
    return xr.DataTree.from_dict({name: part.assign_coords(named) for name, part in parts.items()})


def longest_chains(chains: list[xr.DataTree]) -> list[xr.DataTree]:
    """Those chains, no fewer than can be compared, that have the most draws when all are as long as the shortest."""
    longest = sorted(chains, key=lambda chain: -chain["posterior"].sizes["draw"])
    lengths = [chain["posterior"].sizes["draw"] for chain in longest]
    return longest[: max(range(MIN_CHAINS, len(longest) + 1), key=lambda number: number * lengths[number - 1])]


def start_chain(sampler: Any, settings: Settings, store: Path, chain: int, tell: ProgressCallback) -> Any:
    """Set a chain going, in a store of its own."""
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    return nutpie.sample(
        sampler,
        draws=settings.draws,
        tune=settings.tune,
        chains=1,
        seed=chain_seed(settings, chain),
        progress_bar=False,
        progress_callback=lambda chains: tell(chain, chains[0].finished_draws),
        save_warmup=False,
        target_accept=settings.target_accept,
        maxdepth=settings.max_treedepth,
        zarr_store=nutpie.zarr_store.LocalStore(str(store)),
        blocking=False,
    )


def draw_chains(sampler: Any, settings: Settings, folder: Path, waiting: list[int], tell: ProgressCallback) -> None:
    """Draw some chains, as many at a time as there are cores."""
    running: dict[int, Any] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                chain = waiting.pop(0)
                running[chain] = start_chain(sampler, settings, chain_folder(folder, chain), chain, tell)
            time.sleep(POLL_SECONDS)
            for chain in [chain for chain, one in running.items() if is_finished(one)]:
                running.pop(chain).wait()
                tell(chain, settings.tune + settings.draws)
    finally:
        for one in running.values():
            one.cancel()


@contextmanager
def chain_progress(settings: Settings, waiting: list[int]) -> Iterator[ProgressCallback]:
    """A bar for each chain that is still to be drawn, and by what to move it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not settings.progressbar) as bars:
        shown = {chain: bars.add_task(f"chain {chain}", total=settings.tune + settings.draws) for chain in waiting}
        yield lambda chain, done: bars.update(shown[chain], completed=done)


def sample_to_store(sampler: Any, settings: Settings, folder: Path) -> xr.DataTree:
    """Draw the chains that are missing in `folder`, and return all.

    Interrupted, it returns what there is, and says so in the posterior's attribute `partial`; KeyboardInterrupt where
    there is too little to return.
    """
    waiting = [chain for chain in range(settings.chains) if count_draws(chain_folder(folder, chain)) < settings.draws]
    with chain_progress(settings, waiting) as tell, suppress(KeyboardInterrupt):  # what was drawn is on the disk
        draw_chains(sampler, settings, folder, waiting, tell)
    return read_store(folder, settings)


def read_store(folder: Path, settings: Settings) -> xr.DataTree:
    """All that was drawn of a run; see `sample_to_store`."""
    found = [
        drawn for chain in range(settings.chains) if (drawn := read_chain(chain_folder(folder, chain))) is not None
    ]
    found = [drawn for drawn in found if drawn["posterior"].sizes["draw"] >= MIN_DRAWS]
    if len(found) < MIN_CHAINS:
        raise KeyboardInterrupt
    trace = combine_chains(longest_chains(found))
    sizes = trace["posterior"].sizes
    if sizes["chain"] < settings.chains or sizes["draw"] < settings.draws:
        of = f"{sizes['chain']} of {settings.chains} chains, {sizes['draw']} of {settings.draws} draws"
        trace["posterior"].attrs["partial"] = f"interrupted: {of}"
    return trace
