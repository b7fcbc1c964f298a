"""What a user waits for, of two versions of the program, one after the other in one run on one machine.

`uv run python benchmarks/waiting.py [COMMIT]` compares the working tree with a commit, which `git worktree` brings.
Each line is a new process with one core, and caches of its own that only the lines before it have filled:

    empty cache          compile a model for 40 people x 20 sessions
    other people         the same model for 39 people
    filled cache         the first again                                     (of one model, as all that follows)
    other sessions       40 people x 16 sessions
    another model        a second model, on the same machine

Seconds are processor time, without the import of libraries, up to the first gradient. The last column is the time of
one gradient divided by the number of events, the median of many.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from gradients import density, median_seconds

FIRST, ANOTHER = "rescorla_wagner", "kalman"
OLD = "2341ed6"  # the last version that compiled a graph for each number of people
HERE = Path(__file__).parent
FIRST_SIZE = (40, 20)  # people, sessions
CASES = {"empty cache": FIRST_SIZE, "other people": (39, 20)}  # of every model
MORE_CASES = {"filled cache": FIRST_SIZE, "other sessions": (40, 16)}  # of the first
MODELS = (FIRST, ANOTHER, "compensatory")


def measure(name: str, people: int, sessions: int) -> None:
    """Compile a model in this process, and print processor seconds and nanoseconds per event."""
    import nutpie  # noqa: F401  imported before the clock starts, as all libraries
    import pymc  # noqa: F401  likewise

    from iwm_bayes.inference import nuts
    from iwm_bayes.inference.fit import compile_model
    from iwm_bayes.inference.pilot import neutral_transform
    from iwm_bayes.model.specification.model_file import load_model
    from iwm_bayes.simulation.care import constant_care
    from iwm_bayes.simulation.simulate import Phase, simulate

    model = load_model(name)
    care = {figure: constant_care(0.8) for figure in ("caregiver", "therapist")}
    data = simulate(model, [Phase(care, sessions // 2)], people, 1)
    began = time.process_time()
    compiled = compile_model(model, data)
    transform = neutral_transform(model, data)
    if hasattr(nuts, "sampler_with_data"):
        ready = nuts.sampler_with_data(compiled, data, transform)
    else:
        ready = compiled.engine.sampler.with_data(data, transform)
    call, x = density(ready), np.random.default_rng(1).normal(0.0, 0.3, ready.n_dim)
    call(x)
    compiling = time.process_time() - began
    each = 1e9 * median_seconds(call, x) / int(data["present"].sum())
    print(json.dumps({"seconds": compiling, "ns": each}))


def run(tree: Path, caches: Path, name: str, people: int, sessions: int) -> dict[str, float]:
    """Measure a version of the program in a new process."""
    folders = {"XDG_CACHE_HOME": caches, "NUMBA_CACHE_DIR": caches / "numba", "IPYTHONDIR": caches}
    environment = os.environ | {key: str(folder) for key, folder in folders.items()}
    environment |= {"PYTENSOR_FLAGS": f"base_compiledir={caches / 'pytensor'}", "OMP_NUM_THREADS": "1"}
    environment |= {"PYTHONPATH": str(tree / "src")}
    command = [sys.executable, __file__, "--measure", name, str(people), str(sessions)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def plan() -> list[tuple[str, str, str, tuple[int, int]]]:
    """List what is measured: whose caches are used, the case, the model that is compiled, and its size."""
    lines = [(name, case, name, size) for name in MODELS for case, size in CASES.items()]
    lines += [(FIRST, case, FIRST, size) for case, size in MORE_CASES.items()]
    return [*lines, (FIRST, "another model", ANOTHER, FIRST_SIZE)]


def rows(tree: Path, version: str) -> list[dict[str, object]]:
    """Measure all cases of a version."""
    found = []
    with tempfile.TemporaryDirectory() as caches:
        for first, case, name, size in plan():
            measured = run(tree, Path(caches) / first, name, *size)
            found.append({"model": name, "case": case, "version": version} | measured)
            print(version, name, case, f"{measured['seconds']:.1f} s, {measured['ns']:.0f} ns", sep=", ", flush=True)
    return found


def table(found: list[dict[str, object]]) -> pd.DataFrame:
    """Return old and new next to each other."""
    frame = pd.DataFrame(found)
    index = ["model", "case"]
    wide = frame.pivot_table(index=index, columns="version", values=["seconds", "ns"], sort=False)
    wide.columns = [f"{version}, {measure}" for measure, version in wide.columns]
    return wide.round(1).reset_index()


def main(commit: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "old"
        subprocess.run(["git", "worktree", "add", "--detach", "-f", str(tree), commit], cwd=HERE, check=True)
        try:
            found = rows(tree, "old") + rows(HERE.parent, "new")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=HERE, check=True)
    table(found).to_csv(HERE / "waiting.csv", index=False)
    print(table(found).to_string(index=False))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(sys.argv[1] if sys.argv[1:] else OLD)
