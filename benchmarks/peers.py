"""Speed compared with other programs, in one run: `uv run --group bench python benchmarks/peers.py`.

The measure is effective draws per second, with and without compilation from an empty cache. The effective sample size
is the minimum bulk one over group parameters and all person-level parameters. The programs are iwm_bayes, Stan (centred
and non-centred) and the multilevel model of pyhgf. They run one after the other, on the same data, priors and
likelihood. Each runs in a process of its own, with caches of its own. A comparison of their group means checks that
they have the same target. The script writes the first part of `benchmarks/README.md`.
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
from contestants import CHAINS, CONTESTANTS, DRAWS, TARGET_ACCEPT, WARM_UP
from problems import HERE, SHAPES, problem

PROGRAMS = ("pymc", "pytensor", "nutpie", "pystan", "httpstan", "pyhgf", "jax", "numpyro", "numpy")
ABSENT = {("rescorla_wagner", "pyhgf")}  # a filter of another kind
NOT_GENERATED = "## Limiting factors"  # from this heading on, the page is written by hand
RATIO = "ratio of iwm_bayes to this"
LIMIT = 1000  # seconds, with compilation, after which a program is stopped


def run_contestant(name: str, contestant: str, folder: Path) -> None:
    """Run one program on one problem in this process, and write its posterior and times to a folder."""
    timed = CONTESTANTS[contestant](problem(name))
    timed.posterior.reset_coords(drop=True).drop_attrs().to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    times = {"compiling": timed.compiling, "sampling": timed.sampling}
    (folder / "times.json").write_text(json.dumps(times), encoding="utf-8")


def run_in_new_process(name: str, contestant: str, folder: Path) -> bool:
    """Run one program in a new process with empty caches; return whether it ended in time."""
    caches = {"PYTENSOR_FLAGS": f"base_compiledir={folder / 'pytensor'}", "XDG_CACHE_HOME": str(folder / "cache")}
    process = subprocess.Popen(
        [sys.executable, __file__, name, contestant, str(folder)], env=os.environ | caches, start_new_session=True
    )
    try:
        if process.wait(LIMIT) != 0:
            raise RuntimeError(f"{contestant} failed on {name}")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # and all processes that it has started
        return False
    return True


def line(folder: Path) -> dict[str, float]:
    """Return the measures of one program on one problem."""
    times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
    ess = min(float(values.min()) for values in az.ess(posterior(folder)).data_vars.values())
    total = times["compiling"] + times["sampling"]
    return {
        "compilation, s": times["compiling"],
        "sampling, s": times["sampling"],
        "minimum ESS": ess,
        "ESS/s, sampling": ess / times["sampling"],
        "ESS/s, total": ess / total,
    }


def posterior(folder: Path) -> xr.Dataset:
    """Read the posterior of one program."""
    return xr.load_dataset(folder / "posterior.nc", engine="h5netcdf")


def largest_difference(one: Path, other: Path) -> float:
    """Return the largest difference of group means between two posteriors, in Monte Carlo standard errors."""
    differences = []
    for name in ("mu", "sigma"):
        means = [posterior(folder)[name].mean(("chain", "draw")).values for folder in (one, other)]
        errors = [az.mcse(posterior(folder)[[name]])[name].values for folder in (one, other)]
        differences.append(np.abs(means[0] - means[1]) / np.hypot(*errors))
    return float(np.max(differences))


def compare(name: str, root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Run all programs on one problem; return their measures, and a sentence for each that was stopped."""
    folders, stopped = {}, []
    for contestant in CONTESTANTS:
        if (name, contestant) in ABSENT:
            continue
        folder = root / name / contestant.replace(", ", "-")
        folder.mkdir(parents=True)
        if run_in_new_process(name, contestant, folder):
            folders[contestant] = folder
            print(name, contestant, line(folder), flush=True)
        else:
            stopped.append(contestant)
    table = pd.DataFrame({contestant: line(folder) for contestant, folder in folders.items()}).T
    for column in ("ESS/s, sampling", "ESS/s, total"):
        table[f"{column}: {RATIO}"] = table.loc["iwm_bayes", column] / table[column]
    table["difference of means, MCSE"] = [
        largest_difference(folders["iwm_bayes"], folder) for folder in folders.values()
    ]
    most = CHAINS * DRAWS / LIMIT
    return table, [f"{other}: stopped after {LIMIT} s, so its ESS/s is below {most:.1f}." for other in stopped]


def headline(tables: list[pd.DataFrame]) -> str:
    """Return the range of ratios to the other programs, in words."""
    others = pd.concat([table.drop(index="iwm_bayes") for table in tables])
    sampling, total = (others[f"{column}: {RATIO}"] for column in ("ESS/s, sampling", "ESS/s, total"))
    return (
        f"iwm_bayes samples {sampling.min():.1f} to {sampling.max():.0f} times as many effective draws per second as "
        f"the other programs here, without compilation. With compilation, the ratio is {total.min():.1f} to "
        f"{total.max():.0f}."
    )


def machine() -> str:
    """Describe the machine and the versions of the programs, in words."""
    programs = ", ".join(f"{name} {version(name)}" for name in PROGRAMS)
    processor = next(
        (row.split(":")[1].strip() for row in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in row),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}; {programs}."


def main() -> None:
    with tempfile.TemporaryDirectory() as root:
        results = {name: compare(name, Path(root)) for name in SHAPES}
    parts = [
        "# Speed compared with other programs",
        headline([table for table, _ in results.values()]),
        "`uv run --group bench python benchmarks/peers.py` makes the tables of the next two sections; every number is "
        "from that one run. ESS is the minimum bulk effective sample size over group parameters and all person-level "
        f"parameters. Each program draws {CHAINS} chains of {DRAWS} draws, after {WARM_UP} warm-up iterations each. "
        f"All have a target acceptance rate of {TARGET_ACCEPT}. iwm_bayes also makes its pilot fit, which counts as "
        "sampling.",
        "Compilation starts from empty caches. All programs have "
        "the same data, priors and likelihood. The last column gives the distance of their group means from those of "
        "iwm_bayes, in Monte Carlo standard errors (MCSE).",
        machine(),
    ]
    for name, (table, stopped) in results.items():
        people, events = SHAPES[name]
        parts += [f"## {name}, {people} people x {events} events", table.round(2).to_markdown(), *stopped]
    page = HERE / "README.md"
    _, heading, by_hand = page.read_text(encoding="utf-8").partition(NOT_GENERATED)
    page.write_text("\n\n".join([*parts, heading + by_hand]), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        run_contestant(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        main()
