"""Maps that work in other processes: of this machine, or of a Dask cluster. For `sweep.sweep`."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Done, Task, TaskMap

MAX_ATTEMPTS = 3  # alone, of a task whose worker dies
SCHEDULER_TIMEOUT = 20  # seconds within which a scheduler must answer
RESTART_REMEDY = "start a scheduler and workers, and run the same command again"


def dead_worker_result(task: Task) -> Done:
    return Done(task, {"failed": f"the worker died, {MAX_ATTEMPTS} times"})


def open_pool(workers: int) -> ProcessPoolExecutor:
    """So many processes; an interruption is for the main process, and they are deaf to it."""
    return ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


@contextmanager
def lasting_pool(workers: int) -> Iterator[TaskMap]:
    """Processes that stay for several maps, with what they have compiled; where one dies all are replaced.

    Which task killed it is not known, so each that was in hand is done again alone: none is blamed for another.
    """
    pools = [open_pool(workers)]

    def replaced() -> None:
        pools.pop().shutdown()
        pools.append(open_pool(workers))

    def alone(work: Callable[[Task], Done], task: Task) -> Done:
        for _ in range(MAX_ATTEMPTS):
            try:
                return pools[-1].submit(work, task).result()
            except BrokenProcessPool:
                replaced()
        return dead_worker_result(task)

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        left, running = list(reversed(tasks)), dict[Future[Done], Task]()
        while left or running:
            try:
                while left and len(running) < workers:
                    future = pools[-1].submit(work, left[-1])
                    running[future] = left.pop()
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    done = future.result()
                    del running[future]
                    yield done
            except BrokenProcessPool:
                replaced()
                while running:
                    yield alone(work, running.popitem()[1])

    try:
        yield through
    finally:
        pools[-1].shutdown()


def process_map(workers: int) -> TaskMap:
    """Through so many processes, which end with the map."""

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        with lasting_pool(workers) as same:
            yield from same(work, tasks)

    return through


def cluster_map(address: str) -> TaskMap:
    """Through a running Dask cluster; its scheduler gives the tasks of a worker that dies to another."""
    try:
        from dask.distributed import Client, as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError(["a scheduler needs Dask. Install it with: pip install 'iwm-bayes[cluster]'"]) from None

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        try:
            client = Client(address, timeout=SCHEDULER_TIMEOUT)
        except OSError:
            raise InputError([f"{address}: no scheduler answers there. Start one with: dask scheduler"]) from None
        with client:
            running = {client.submit(work, task, key=task.key, pure=False): task for task in tasks}
            for future in as_completed(running):
                task = running.pop(future)
                try:
                    yield future.result()
                except KilledWorker:
                    yield dead_worker_result(task)
                except FutureCancelledError:
                    raise InputError(
                        [f"{address}: the scheduler is gone. What was done is kept; {RESTART_REMEDY}"]
                    ) from None

    return through
