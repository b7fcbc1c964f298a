"""Time and memory of a large-scale fit: 1,000, 10,000 and 100,000 people x 50 events.

`python many_people.py FOLDER [--n-people N ...] [--workers W]` simulates people of `rescorla_wagner` with 50 events
each. They rate both beliefs, and approach or withdraw. The sessions are written to FOLDER as Parquet, 1,000 people per
file. `iwm fit-large` fits each number of people in a process of its own, from an empty run folder. Some time is the
same for any number of people: imports, compilation, and the optimisation with a sample. The cost of a *further* event
leaves this out: it is the difference to the next smaller number. Up to 10,000 people are time_fit six times more in one
process. The cost of an event *when compiled* is the median of the last five of these fits, which compile nothing.
Memory is that of all processes, with shared memory counted once (Linux only).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from iwm_bayes.data.dataset import to_table
from iwm_bayes.large_scale.fit import fit_large_scale
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL, EVENTS, PER_FILE, SD_BETWEEN, SEED = "rescorla_wagner", 50, 1000, 0.5, 1
MAX_REPEATED, N_REPEATS = 10_000, 5  # up to so many people are also time_fit in one process; how often
STUDY = """schema = 2
name = "many"
data = "sessions"
model = "rescorla_wagner"
[columns]
person = "person"
session = "session"
figure = "figure"
outcome = { column = "outcome", missing = "unseen" }
[responses]
availability_rating = { column = "availability_rating", commensurable = true }
worth_rating = { column = "worth_rating", commensurable = true }
approach = { column = "approach" }
"""


def make_study(folder: Path, n_people: int) -> Path:
    """Make a study of people with a between-person SD of 0.5 on the link scale, unless it exists."""
    study = folder / "study.toml"
    if study.exists():
        return study
    model, phases = load_model(MODEL), [Phase({"partner": constant_care(0.7)}, EVENTS)]
    population = draw_population(model, ["partner"], n_people, np.random.default_rng(SEED), SD_BETWEEN)
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    for first in range(0, n_people, PER_FILE):
        some = {name: values[..., first : first + PER_FILE] for name, values in population.values.items()}
        table = to_table(simulate(model, phases, some, SEED + first))
        table["person"] = f"{first:06d} " + table["person"]
        table.to_parquet(folder / "sessions" / f"{first:06d}.parquet", index=False)
    (folder / "truth.json").write_text(json.dumps({"mu": population.mu, "sigma": population.sigma}))
    study.write_text(STUDY)
    return study


def memory(process: int) -> int:
    """Return the bytes in memory of a process and of all that it started, with shared memory counted once."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has ended
        return 0
    own = sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own + sum(memory(int(child)) for child in children)


def time_fit(study: Path, workers: int) -> dict[str, float]:
    """Measure the wall and CPU seconds and the peak memory of one fit, from an empty run folder."""
    run = study.parent / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", "fit-large", str(study)]
    began, peak = time.perf_counter(), 0
    with (study.parent / "output.txt").open("w") as log:
        process = subprocess.Popen([*command, "--out-dir", str(run), "--workers", str(workers), "--quiet"], stdout=log)
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.5):
                peak = max(peak, memory(process.pid))

        watching = threading.Thread(target=watch)
        watching.start()
        _, status, used = os.wait4(process.pid, 0)
        ended.set()
        watching.join()
    assert status == 0, f"the fit failed: see {study.parent / 'output.txt'}"
    facts = json.loads((run / "manifest.json").read_text())
    return {
        "people": facts["n_people"],
        "events": facts["events"],
        "rounds": facts["rounds"],
        "wall, s": time.perf_counter() - began,
        "CPU, s": used.ru_utime + used.ru_stime,
        "peak memory, GB": peak / 1e9,
    }


def time_when_compiled(study: Path) -> float:
    """Measure the CPU seconds of fits from an empty run folder in one process without compilation: their median."""
    run, took = study.parent / "again", []
    for _ in range(1 + N_REPEATS):
        shutil.rmtree(run, ignore_errors=True)
        began = time.process_time()
        fit_large_scale(study, run)
        took.append(time.process_time() - began)
    return float(np.median(took[1:]))


def compare_with_truth(study: Path) -> pd.DataFrame:
    """Return the group estimates next to the true values, with the bias of the approximation."""
    table = pd.read_csv(study.parent / "run" / "tables" / "group_summary.csv").set_index("parameter")
    sigma = pd.Series(json.loads((study.parent / "truth.json").read_text())["sigma"])
    return table.assign(true_between=sigma)[["median", "sd_between", "true_between", "bias_sd", "bias_sd_between"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n-people", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    lines = []
    for n_people in arguments.n_people:
        study = make_study(arguments.folder / str(n_people), n_people)
        lines.append(time_fit(study, arguments.workers))
        lines[-1]["CPU when compiled, s"] = time_when_compiled(study) if n_people <= MAX_REPEATED else np.nan
        print(compare_with_truth(study).round(4).to_string(), flush=True)
    table = pd.DataFrame(lines)
    table["CPU per event, us"] = 1e6 * table["CPU, s"] / table["events"]
    table["when compiled, us"] = 1e6 * table["CPU when compiled, s"] / table["events"]
    table["CPU per further event, us"] = 1e6 * table["CPU, s"].diff() / table["events"].diff()
    print(f"workers: {arguments.workers}, cores: {os.cpu_count()}")
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
