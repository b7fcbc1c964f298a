"""Small studies for sweeps: functions of a module, because other processes find them by name."""

import os
import signal
import time
from pathlib import Path


def process(cell, generator):
    """Which process does this, after a while."""
    time.sleep(cell["seconds"])
    return {"process": os.getpid()}


def mean(cell, generator):
    """The mean of normal numbers, after a while."""
    time.sleep(cell.get("seconds", 0.0))
    if "log" in cell:
        with Path(cell["log"]).open("a") as log:
            log.write("x")
    return {"mean": float(generator.normal(cell["centre"], 1.0, 5).mean())}


def impossible(cell, generator):
    raise ValueError(f"nothing at {cell['centre']}")


def mortal(cell, generator):
    """Kills its process as often as the cell says, and then is `mean`."""
    lives = sorted(Path(cell["folder"]).glob("killed-*"))
    if len(lives) < cell["times"]:
        (Path(cell["folder"]) / f"killed-{len(lives)}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return mean(cell, generator)
