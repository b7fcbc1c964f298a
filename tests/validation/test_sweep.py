"""Sweeps give the same bytes whatever the order, the restarts, the workers and their deaths."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import studies

from iwm_bayes.types import InputError
from iwm_bayes.validation import executors
from iwm_bayes.validation.executors import cluster_map, process_map
from iwm_bayes.validation.sweep import Task, TaskResult, all_tasks, perform_task, results_table, sweep

CONDITIONS = [{"centre": 0.0}, {"centre": 1.5}]
HERE, PATIENCE = Path(__file__).parents[1], 300.0  # seconds, of which a free machine needs ten


def nothing_was_missing(work, tasks):
    pytest.fail(f"{len(tasks)} tasks were done again")


def text(frame):
    return frame.to_csv(index=False)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Twelve tasks that take some time, in one process, in order."""
    tasks = all_tasks(studies.mean, [condition | {"seconds": 0.25} for condition in CONDITIONS], 6)
    return tasks, text(sweep(tmp_path_factory.mktemp("calm"), tasks))


def test_numbers_come_from_the_content_of_the_condition():
    """Not from the order of its names or from other conditions; another seed, condition or study has other numbers."""
    one = Task(studies.mean, {"centre": 0.0, "people": 3}, 1)
    same = Task(studies.mean, {"people": 3, "centre": 0.0}, 1)
    others = [
        one._replace(seed=2),
        one._replace(condition={"centre": 0.1, "people": 3}),
        one._replace(study=studies.mortal),
    ]
    elsewhere = one._replace(condition=one.condition | {"at home": "/somewhere"})
    assert perform_task(one).outcome == perform_task(same).outcome == perform_task(elsewhere).outcome
    assert len({task.key for task in (one, same, elsewhere)}) == 1
    draws = {task.generator().random() for task in (one, *others)}
    assert len(draws) == 4


def test_numbers_are_known_by_hand(tmp_path):
    [task] = all_tasks(studies.mean, CONDITIONS[:1], 1)
    found = sweep(tmp_path, [task])
    assert found["mean"].item() == task.generator().normal(0.0, 1.0, 5).mean()
    assert found[["centre", "seed", "failed"]].values.tolist() == [[0.0, 1, ""]]


@pytest.mark.parametrize("task_map", [lambda work, tasks: map(work, reversed(tasks)), process_map(2)])
def test_order_and_number_of_workers_change_nothing(tmp_path, undisturbed, task_map):
    tasks, expected = undisturbed
    assert text(sweep(tmp_path, tasks, task_map)) == expected


def test_a_rerun_does_only_what_is_missing(tmp_path):
    tasks = all_tasks(studies.mean, [condition | {"log": str(tmp_path / "log")} for condition in CONDITIONS], 3)
    first = sweep(tmp_path / "sweep", tasks)
    assert (tmp_path / "log").read_text() == "x" * 6
    (tmp_path / "sweep" / f"{tasks[4].key}.json").unlink()
    reports = []
    assert text(sweep(tmp_path / "sweep", tasks, tell=reports.append)) == text(first)
    assert (tmp_path / "log").read_text() == "x" * 7
    assert [(progress.done, progress.of) for progress in reports] == [(5, 6), (6, 6)]


def test_failures_are_results(tmp_path):
    """They are named, counted and not done again; all other results are there."""
    tasks = all_tasks(studies.impossible, CONDITIONS[1:], 2) + all_tasks(studies.mean, CONDITIONS, 1)
    reports = []
    found = sweep(tmp_path, tasks, tell=reports.append)
    assert found["failed"].tolist() == ["ValueError: nothing at 1.5"] * 2 + ["", ""]
    assert found["mean"].notna().tolist() == [False, False, True, True]
    assert reports[-1].failed == 2
    assert text(sweep(tmp_path, tasks, task_map=nothing_was_missing)) == text(found)


def test_results_of_other_versions_are_not_mixed(tmp_path):
    tasks = all_tasks(studies.mean, CONDITIONS, 1)
    sweep(tmp_path, tasks)
    facts = json.loads((tmp_path / "manifest.json").read_text())
    facts["versions"]["numpy"] = "1.0"
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"numpy 1\.0"):
        sweep(tmp_path, tasks)


def test_a_worker_that_dies_is_replaced(tmp_path):
    condition = {"centre": 0.0, "folder": str(tmp_path), "times": 2}
    [task] = all_tasks(studies.mortal, [condition], 1)
    [found] = process_map(2)(perform_task, [task])
    assert found == TaskResult(task, {"result": {"mean": float(task.generator().normal(0.0, 1.0, 5).mean())}})


def test_a_task_that_kills_every_worker_is_given_up(tmp_path):
    """And no other: not the slow one that was running whenever a worker died."""
    deadly = Task(studies.mortal, {"centre": 0.0, "folder": str(tmp_path), "times": 99}, 1)
    others = all_tasks(studies.mean, [condition | {"seconds": 3.0} for condition in CONDITIONS], 1)
    found = sweep(tmp_path / "sweep", [deadly, *others], process_map(2))
    assert found["failed"].tolist() == ["the worker died, 3 times", "", ""]


def script(folder, task_map):
    """A process that sweeps what `undisturbed` swept."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, studies\n"
            "from pathlib import Path\n"
            "from iwm_bayes.validation.sweep import all_tasks, sequential_map, sweep\n"
            "from iwm_bayes.validation.executors import cluster_map\n"
            f"conditions = {[condition | {'seconds': 0.25} for condition in CONDITIONS]!r}\n"
            "if __name__ == '__main__':\n"
            f"    sweep(Path({str(folder)!r}), all_tasks(studies.mean, conditions, 6), {task_map})\n",
        ],
        cwd=HERE,
        stderr=subprocess.DEVNULL,
    )


def wait_for(count, folder, tasks, process):
    """Wait until so many results are there, while the process is still working."""
    deadline = time.monotonic() + PATIENCE
    while len(results_table(folder, tasks)) < count:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_lost_if_the_process_is_killed(tmp_path, undisturbed):
    tasks, expected = undisturbed
    process = script(tmp_path, "sequential_map")
    wait_for(3, tmp_path, tasks, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(results_table(tmp_path, tasks))
    assert 3 <= kept < len(tasks)
    assert text(sweep(tmp_path, tasks)) == expected


class Dask:
    """A real cluster on this machine: a scheduler and two workers, each a process."""

    def __init__(self, folder):
        self.file, self.folder = folder / "scheduler.json", folder
        self.start()

    def start(self):
        self.file.unlink(missing_ok=True)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": HERE}
        dask = [sys.executable, "-m", "dask"]
        where = ["--scheduler-file", str(self.file)]
        self.scheduler = subprocess.Popen(
            [*dask, "scheduler", *where, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"], **quiet
        )
        deadline = time.monotonic() + PATIENCE
        while not self.file.exists() or not self.file.read_text().endswith("}"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.workers = [
            subprocess.Popen([*dask, "worker", *where, "--nthreads", "1", "--no-nanny", "--no-dashboard"], **quiet)
            for _ in range(2)
        ]

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    def stop(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path):
    found = Dask(tmp_path)
    yield found
    found.stop()


def test_nothing_changes_if_a_part_of_a_cluster_is_killed(tmp_path, dask, undisturbed):
    """Another worker takes the tasks of a dead one; where scheduler or main process die, a rerun does the rest."""
    tasks, expected = undisturbed
    folder = tmp_path / "sweep"
    process = script(folder, f"cluster_map({dask.address!r})")
    wait_for(2, folder, tasks, process)
    dask.workers[0].kill()
    wait_for(5, folder, tasks, process)
    dask.scheduler.kill()
    assert process.wait(PATIENCE) != 0
    assert len(results_table(folder, tasks)) < len(tasks)
    dask.stop()
    dask.start()
    process = script(folder, f"cluster_map({dask.address!r})")
    wait_for(8, folder, tasks, process)
    process.kill()
    process.wait()
    assert len(results_table(folder, tasks)) < len(tasks)
    assert text(sweep(folder, tasks, cluster_map(dask.address))) == expected


def test_a_cluster_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "SCHEDULER_TIMEOUT", 2)
    with pytest.raises(InputError, match="no scheduler"):
        sweep(tmp_path, all_tasks(studies.mean, CONDITIONS, 1), cluster_map("tcp://127.0.0.1:9"))


def test_results_are_read_as_they_were_computed(tmp_path):
    """Numbers keep every digit in a file."""
    tasks = all_tasks(studies.mean, CONDITIONS, 4)
    assert np.array_equal(
        sweep(tmp_path, tasks)["mean"], [perform_task(task).outcome["result"]["mean"] for task in tasks]
    )
