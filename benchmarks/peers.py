"""Against peers, side by side in one run: `uv run --group bench python benchmarks/peers.py`.

Effective draws per second (bulk, the minimum over group parameters and everyone's levels), with and without compilation
from an empty cache, of this program, of Stan centred and non-centred, and of pyhgf's multilevel recipe, one after
the other, on the same data, priors and likelihood. Each runs in a process of its own, with caches of its own. Writes
the first part of `benchmarks/README.md`. That all have the same target is checked by their group means.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from contestants import ACCEPTED, CHAINS, CONTESTANTS, DRAWS, WARM_UP
from problems import HERE, SHAPES, problem

PROGRAMS = ("pymc", "pytensor", "nutpie", "pystan", "httpstan", "pyhgf", "jax", "numpyro", "numpy")
ABSENT = {("rescorla_wagner", "pyhgf")}  # a filter of another kind
KEPT = "## What holds it"  # from here on the page is not made by this script
LIMIT = 1000  # seconds, compilation included, after which a contestant is stopped


def race(name: str, contestant: str, folder: Path) -> None:
    """One contestant on one problem, in this process; the posterior and the times are left in a folder."""
    timed = CONTESTANTS[contestant](problem(name))
    timed.posterior.reset_coords(drop=True).drop_attrs().to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    times = {"compiling": timed.compiling, "sampling": timed.sampling}
    (folder / "times.json").write_text(json.dumps(times), encoding="utf-8")


def alone(name: str, contestant: str, folder: Path) -> bool:
    """A race in a new process whose caches are empty; whether it ended in time."""
    caches = {"PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}", "XDG_CACHE_HOME": str(folder / "cache")}
    process = subprocess.Popen(
        [sys.executable, __file__, name, contestant, str(folder)], env=os.environ | caches, start_new_session=True
    )
    try:
        if process.wait(LIMIT) != 0:
            raise RuntimeError(f"{contestant} failed on {name}")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # and whatever it has started
        return False
    return True


def line(folder: Path) -> dict[str, float]:
    """What a race gave."""
    times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
    effective = min(float(values.min()) for values in az.ess(posterior(folder)).data_vars.values())
    whole = times["compiling"] + times["sampling"]
    return {
        "compiling, s": times["compiling"],
        "sampling, s": times["sampling"],
        "least ESS": effective,
        "ESS/s, sampling": effective / times["sampling"],
        "ESS/s, all": effective / whole,
    }


def posterior(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "posterior.nc", engine="h5netcdf")


def apart(one: Path, other: Path) -> float:
    """How far the group means of two posteriors are from each other, at most, in Monte-Carlo standard errors."""
    found = []
    for name in ("mu", "sigma"):
        means = [posterior(folder)[name].mean(("chain", "draw")).values for folder in (one, other)]
        errors = [az.mcse(posterior(folder)[[name]])[name].values for folder in (one, other)]
        found.append(np.abs(means[0] - means[1]) / np.hypot(*errors))
    return float(np.max(found))


def table(name: str, root: Path) -> str:
    """Everyone on one problem, and how many times better this program is."""
    folders, stopped = {}, []
    for contestant in CONTESTANTS:
        if (name, contestant) in ABSENT:
            continue
        folder = root / name / contestant.replace(", ", "-")
        folder.mkdir(parents=True)
        if alone(name, contestant, folder):
            folders[contestant] = folder
            print(name, contestant, line(folder), flush=True)
        else:
            stopped.append(contestant)
    found = pd.DataFrame({contestant: line(folder) for contestant, folder in folders.items()}).T
    for column in ("ESS/s, sampling", "ESS/s, all"):
        found[f"{column}: iwm_bayes is better by"] = found.loc["iwm_bayes", column] / found[column]
    found["means apart, MC errors"] = [apart(folders["iwm_bayes"], folder) for folder in folders.values()]
    most = CHAINS * DRAWS / LIMIT
    said = [f"{who}: stopped after {LIMIT} s, so below {most:.1f} ESS/s had every draw counted." for who in stopped]
    return "\n\n".join([found.round(2).to_markdown(), *said])


def machine() -> str:
    """What it ran on, in words."""
    programs = ", ".join(f"{name} {version(name)}" for name in PROGRAMS)
    processor = next(
        (row.split(":")[1].strip() for row in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in row),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}; {programs}."


def main() -> None:
    parts = [
        "# Speed against peers\n\n"
        "Made by `uv run --group bench python benchmarks/peers.py`; every number is from that one run. Least bulk ESS "
        f"of group parameters and everyone's levels; {CHAINS} chains of {DRAWS} draws after {WARM_UP} of warm-up each, "
        f"which all mean to accept {ACCEPTED} of steps (and iwm_bayes' pilot, which counts as sampling). Compilation "
        "from empty caches; iwm_bayes compiles on both cores, as `iwm fit` does. All have the same data, "
        "priors and likelihood: the last column says how far their group means are from those of iwm_bayes.\n\n"
        + machine()
    ]
    with tempfile.TemporaryDirectory() as root:
        for name, (people, events) in SHAPES.items():
            parts.append(f"## {name}, {people} people x {events} events\n\n{table(name, Path(root))}")
    page = HERE / "README.md"
    _, heading, after = page.read_text(encoding="utf-8").partition(KEPT)
    page.write_text("\n\n".join([*parts, heading + after]), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        race(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        main()
