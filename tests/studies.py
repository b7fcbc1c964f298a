"""Small studies for sweeps: functions of a module, because other processes find them by name."""

import os
import signal
import time
from pathlib import Path


def process(condition, generator):
    """Return which process does this, after some time."""
    time.sleep(condition["seconds"])
    return {"process": os.getpid()}


def mean(condition, generator):
    """Return the mean of normal numbers, after some time."""
    time.sleep(condition.get("seconds", 0.0))
    if "log" in condition:
        with Path(condition["log"]).open("a") as log:
            log.write("x")
    return {"mean": float(generator.normal(condition["centre"], 1.0, 5).mean())}


def impossible(condition, generator):
    raise ValueError(f"nothing at {condition['centre']}")


def mortal(condition, generator):
    """Kill its process as often as the condition says, then be `mean`."""
    lives = sorted(Path(condition["folder"]).glob("killed-*"))
    if len(lives) < condition["times"]:
        (Path(condition["folder"]) / f"killed-{len(lives)}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return mean(condition, generator)
