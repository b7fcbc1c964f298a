"""Progress bars on stderr: one bar per named task, for everything that takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class ProgressUpdate(Protocol):
    """A function that moves the bar of a task, and adds the bar at the first call.

    `note` follows the task's name on the screen, as in "studies, 2 failed".
    """

    def __call__(self, task_name: str, done: int, total: int, note: str = "") -> None: ...


@contextmanager
def progress_bars(disable: bool) -> Iterator[ProgressUpdate]:
    """Show progress bars while the block runs; yield the function that moves them.

    Parameters
    ----------
    disable
        True shows nothing; the function may be called all the same.
    """
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=disable) as progress:
        bars: dict[str, TaskID] = {}

        def update(task_name: str, done: int, total: int, note: str = "") -> None:
            if task_name not in bars:
                bars[task_name] = progress.add_task(task_name, total=total)
            progress.update(bars[task_name], completed=done, total=total, description=f"{task_name}{note}")

        yield update
