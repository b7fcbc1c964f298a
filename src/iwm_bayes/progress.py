"""Progress on stderr, for everything that takes long: bars by task, the time that a step took, and the present step.

Without a terminal, bars are shown when they are complete, and steps are lines.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class ProgressUpdate(Protocol):
    """A function that moves the bar of a task, and adds the bar at the first call.

    `note` follows the task's name on the screen, as in "studies, 2 failed".
    """

    def __call__(self, task_name: str, done: int, total: int, note: str = "") -> None: ...


MAX_BAR, MIN_BAR = 40, 10  # columns of a bar
BESIDE_BAR = 55  # columns for the name of a task, its counts and its time


class CountColumn(ProgressColumn):
    """How much of a task is done, such as 1,250/5,000."""

    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}")


@contextmanager
def progress_bars(disable: bool) -> Iterator[ProgressUpdate]:
    """Show progress bars while the block runs; yield the function that moves them.

    A bar has the time that remains, or the time that it took.

    Parameters
    ----------
    disable
        True shows nothing; the function may be called all the same.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(max(MIN_BAR, min(MAX_BAR, console.width - BESIDE_BAR))),
        CountColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, disable=disable) as progress:
        bars: dict[str, TaskID] = {}

        def update(task_name: str, done: int, total: int, note: str = "") -> None:
            if task_name not in bars:
                bars[task_name] = progress.add_task(task_name, total=total)
            progress.update(bars[task_name], completed=done, total=total, description=f"{task_name}{note}")

        yield update


@contextmanager
def timed_step(name: str, disable: bool) -> Iterator[None]:
    """Show the name of a step while the block runs, and how many seconds it took when it ends.

    Parameters
    ----------
    disable
        True shows nothing.
    """
    if disable:
        yield
        return
    console, began = Console(stderr=True, highlight=False), time.perf_counter()
    if console.is_terminal:
        console.print(Text(f"{name} ..."), end=" ", soft_wrap=True)
    end = "stopped"
    try:
        yield
        end = f"{time.perf_counter() - began:.0f} s"
    finally:
        console.print(Text(end if console.is_terminal else f"{name} ... {end}"), soft_wrap=True)


@contextmanager
def present_step(disable: bool) -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs; yield the function that says it.

    On a terminal this is one line, with the time since the block began, and it is gone when the block ends.

    Parameters
    ----------
    disable
        True shows nothing; the function may be called all the same.
    """
    console = Console(stderr=True, highlight=False)
    if disable or not console.is_terminal:
        yield lambda text: None if disable else console.print(Text(text), soft_wrap=True)
        return
    columns = SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda text: progress.update(task, description=text)
