"""How long do very many people take, and how much memory? 1,000, 10,000 and 100,000 people x 50 events.

`python many_people.py FOLDER [--people N ...] [--workers W]` lets people of `rescorla_wagner` live through 50 events
each, who rate both beliefs and approach or do not, writes them to FOLDER as Parquet, 1,000 people to a file, and fits
them by `iwm cohort`, each number of people in a process of its own with an empty run. What is the same for any number
(imports, compilation, the climb with a sample) is seen in the cost of a *further* event: what more people cost more.
Up to 10,000 people are fitted six times more in one process; what an event costs *when compiled* is the median of the
last five fits, which compile nothing. Memory is that of all processes, what they share counted once (Linux only).
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
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_population
from iwm_bayes.simulation.simulate import Phase, simulate

THEORY, EVENTS, PER_FILE, SPREAD, SEED = "rescorla_wagner", 50, 1000, 0.5, 1
FEW, TIMES = 10_000, 5  # people who are fitted in one process, too, and how often
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
availability_rating = { column = "availability_rating" }
worth_rating = { column = "worth_rating" }
approach = { column = "approach" }
"""


def made(folder: Path, people: int) -> Path:
    """A study of so many people who differ by .5 on the link scale; left as it is where it exists."""
    study = folder / "study.toml"
    if study.exists():
        return study
    model, phases = load_model(THEORY), [Phase({"partner": constant_care(0.7)}, EVENTS)]
    everyone = draw_population(model, ["partner"], people, np.random.default_rng(SEED), SPREAD)
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    for first in range(0, people, PER_FILE):
        some = {name: values[..., first : first + PER_FILE] for name, values in everyone.values.items()}
        table = to_table(simulate(model, phases, some, SEED + first))
        table["person"] = f"{first:06d} " + table["person"]
        table.to_parquet(folder / "sessions" / f"{first:06d}.parquet", index=False)
    (folder / "truth.json").write_text(json.dumps({"mu": everyone.mu, "sigma": everyone.sigma}))
    study.write_text(STUDY)
    return study


def memory(process: int) -> int:
    """Bytes in memory of a process and all that it started, what they share counted once."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has ended
        return 0
    own = sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own + sum(memory(int(child)) for child in children)


def fitted(study: Path, workers: int) -> dict[str, float]:
    """Wall and CPU seconds and peak memory of one fit, from an empty run."""
    run = study.parent / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [sys.executable, "-c", "from iwm_bayes.cli.main import main; main()", "cohort", str(study)]
    began, most = time.perf_counter(), 0
    with (study.parent / "said.txt").open("w") as said:
        process = subprocess.Popen([*command, "--out", str(run), "--workers", str(workers), "--quiet"], stdout=said)
        ended = threading.Event()

        def watch() -> None:
            nonlocal most
            while not ended.wait(0.5):
                most = max(most, memory(process.pid))

        watching = threading.Thread(target=watch)
        watching.start()
        _, status, used = os.wait4(process.pid, 0)
        ended.set()
        watching.join()
    assert status == 0, f"the fit failed: see {study.parent / 'said.txt'}"
    facts = json.loads((run / "manifest.json").read_text())
    return {
        "people": facts["people"],
        "events": facts["events"],
        "rounds": facts["rounds"],
        "wall, s": time.perf_counter() - began,
        "CPU, s": used.ru_utime + used.ru_stime,
        "peak memory, GB": most / 1e9,
    }


def when_compiled(study: Path) -> float:
    """CPU seconds of a fit from an empty run in this process, which has compiled all that it needs: the median."""
    run, took = study.parent / "again", []
    for _ in range(1 + TIMES):
        shutil.rmtree(run, ignore_errors=True)
        began = time.process_time()
        fit_large_scale(study, run)
        took.append(time.process_time() - began)
    return float(np.median(took[1:]))


def off(study: Path) -> pd.DataFrame:
    """What was found beside the truth, and the bias as it was printed with it."""
    found = pd.read_csv(study.parent / "run" / "tables" / "group_summary.csv").set_index("parameter")
    sigma = pd.Series(json.loads((study.parent / "truth.json").read_text())["sigma"])
    return found.assign(true_between=sigma)[["median", "sd_between", "true_between", "bias_sd", "bias_sd_between"]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("folder", type=Path)
    asked.add_argument("--people", type=int, nargs="+", default=[1000, 10_000, 100_000])
    asked.add_argument("--workers", type=int, default=2)
    given = asked.parse_args()
    lines = []
    for people in given.people:
        study = made(given.folder / str(people), people)
        lines.append(fitted(study, given.workers))
        lines[-1]["CPU when compiled, s"] = when_compiled(study) if people <= FEW else np.nan
        print(off(study).round(4).to_string(), flush=True)
    found = pd.DataFrame(lines)
    found["CPU per event, us"] = 1e6 * found["CPU, s"] / found["events"]
    found["when compiled, us"] = 1e6 * found["CPU when compiled, s"] / found["events"]
    found["CPU per further event, us"] = 1e6 * found["CPU, s"].diff() / found["events"].diff()
    print(f"workers: {given.workers}, cores: {os.cpu_count()}")
    print(found.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
