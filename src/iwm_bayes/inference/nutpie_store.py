"""Chains that outlive the process that samples them: each has a Zarr store and a seed of its own.

Draws are on the disk sixteen draws later and can be read at any time. An interrupted chain cannot continue where it
was, because the sampler's adaptation is not stored. It starts again with the same seed, which gives the same draws on
the same machine. A finished chain is kept. `workflow.unfinished_run` provides the folder and decides on resuming.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import Settings
from iwm_bayes.lazy import lazy_module
from iwm_bayes.progress import progress_bars

nutpie, zarr = lazy_module("nutpie"), lazy_module("zarr")

type ProgressCallback = Callable[[int, int], None]  # (chain, number of its steps that are done)

STORED_GROUPS = ("posterior", "sample_stats")
POLL_SECONDS = 0.2  # between looks at the running chains
MIN_CHAINS, MIN_DRAWS = 2, 50  # an interrupted run with fewer chains, or fewer draws of each, is not reported


def chain_folder(folder: Path, chain: int) -> Path:
    """Return the store of a chain."""
    return folder / "chains" / str(chain)


def chain_seed(settings: Settings, chain: int) -> int:
    """Return the seed of a chain."""
    return int(np.random.SeedSequence([settings.random_seed, chain]).generate_state(1)[0])


def count_draws(store: Path) -> int:
    """Count the draws of a chain that are on the disk for every quantity, without a gap."""
    steps = store / "sample_stats" / "logp"
    if not (steps / "zarr.json").exists() or not (steps / "c").exists():
        return 0  # the store is being created, or has no draws yet
    arrays = [array for _, array in zarr.open_group(store / "posterior", mode="r").arrays() if array.ndim > 1]
    arrays.append(zarr.open_array(steps, mode="r"))
    written = [np.isfinite(array[0]).reshape(array.shape[1], -1).all(axis=1) for array in map(np.asarray, arrays)]
    return int(np.logical_and.accumulate(np.logical_and.reduce(written)).sum())


def read_chain(store: Path) -> xr.DataTree | None:
    """Read the draws of one chain that are on the disk; None where there are none."""
    draws = count_draws(store)
    if draws == 0:
        return None
    parts = {}
    for name in STORED_GROUPS:
        with xr.open_dataset(store / name, engine="zarr", consolidated=False) as part:
            by_draw = [key for key, values in part.data_vars.items() if {"chain", "draw"} <= set(values.dims)]
            parts[name] = part[by_draw].isel(draw=slice(draws)).load()
    parts["sample_stats"] = parts["sample_stats"].drop_dims("unconstrained_parameter", errors="ignore")
    return xr.DataTree.from_dict(parts)


def is_finished(sampler: Any) -> bool:
    """Return whether a chain is finished; nutpie answers "not yet" by an error."""
    try:
        return bool(sampler.is_finished)
    except TimeoutError:
        return False


def combine_chains(chains: list[xr.DataTree]) -> xr.DataTree:
    """Combine chains into one fit; all are cut to the length of the shortest."""
    shortest = min(chain["posterior"].sizes["draw"] for chain in chains)
    parts = {
        name: xr.concat([chain[name].to_dataset().isel(draw=slice(shortest)) for chain in chains], "chain")
        for name in STORED_GROUPS
    }
    coords = {"chain": np.arange(len(chains)), "draw": np.arange(shortest)}
    return xr.DataTree.from_dict({name: part.assign_coords(coords) for name, part in parts.items()})


def longest_chains(chains: list[xr.DataTree]) -> list[xr.DataTree]:
    """Select the chains that together have the most draws when all are cut to the shortest; at least `MIN_CHAINS`."""
    longest = sorted(chains, key=lambda chain: -chain["posterior"].sizes["draw"])
    lengths = [chain["posterior"].sizes["draw"] for chain in longest]
    return longest[: max(range(MIN_CHAINS, len(longest) + 1), key=lambda number: number * lengths[number - 1])]


def start_chain(sampler: Any, settings: Settings, store: Path, chain: int, report: ProgressCallback) -> Any:
    """Start a chain in the background, in an empty store."""
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    return nutpie.sample(
        sampler,
        draws=settings.draws,
        tune=settings.tune,
        chains=1,
        seed=chain_seed(settings, chain),
        progress_bar=False,
        progress_callback=lambda chains: report(chain, chains[0].finished_draws),
        save_warmup=False,
        target_accept=settings.target_accept,
        maxdepth=settings.max_treedepth,
        zarr_store=nutpie.zarr_store.LocalStore(str(store)),
        blocking=False,
    )


def draw_chains(sampler: Any, settings: Settings, folder: Path, waiting: list[int], report: ProgressCallback) -> None:
    """Sample the chains that are `waiting`, as many at a time as there are cores."""
    running: dict[int, Any] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                chain = waiting.pop(0)
                running[chain] = start_chain(sampler, settings, chain_folder(folder, chain), chain, report)
            time.sleep(POLL_SECONDS)
            for chain in [chain for chain, background in running.items() if is_finished(background)]:
                running.pop(chain).wait()
                report(chain, settings.tune + settings.draws)
    finally:
        for background in running.values():
            background.cancel()


@contextmanager
def chain_progress(settings: Settings, waiting: list[int]) -> Iterator[ProgressCallback]:
    """Show one progress bar over all chains; yield the function that moves it.

    Chains that are not `waiting` are finished, and tuning counts as draws.
    """
    steps = settings.tune + settings.draws
    name = f"Sampling {settings.chains} chains x {steps:,} draws"
    done_by_chain = dict.fromkeys(range(settings.chains), steps) | dict.fromkeys(waiting, 0)
    with progress_bars(disable=not settings.progressbar) as update:

        def report(chain: int, done: int) -> None:
            done_by_chain[chain] = done
            update(name, sum(done_by_chain.values()), steps * settings.chains)

        for chain in waiting:
            report(chain, 0)
        yield report


def sample_to_store(sampler: Any, settings: Settings, folder: Path) -> xr.DataTree:
    """Sample the chains that are missing in `folder`, and return all.

    After an interruption it returns the draws so far, and the posterior's attribute `partial` says how many these are.
    KeyboardInterrupt where these are too few.
    """
    waiting = [chain for chain in range(settings.chains) if count_draws(chain_folder(folder, chain)) < settings.draws]
    with chain_progress(settings, waiting) as report, suppress(KeyboardInterrupt):  # the draws so far are on the disk
        draw_chains(sampler, settings, folder, waiting, report)
    return read_store(folder, settings)


def read_store(folder: Path, settings: Settings) -> xr.DataTree:
    """Read all chains of a run, as `sample_to_store` returns them."""
    stored = [read_chain(chain_folder(folder, chain)) for chain in range(settings.chains)]
    chains = [chain for chain in stored if chain is not None and chain["posterior"].sizes["draw"] >= MIN_DRAWS]
    if len(chains) < MIN_CHAINS:
        raise KeyboardInterrupt
    trace = combine_chains(longest_chains(chains))
    sizes = trace["posterior"].sizes
    if sizes["chain"] < settings.chains or sizes["draw"] < settings.draws:
        counts = f"{sizes['chain']} of {settings.chains} chains, {sizes['draw']} of {settings.draws} draws"
        trace["posterior"].attrs["partial"] = f"interrupted: {counts}"
    return trace
