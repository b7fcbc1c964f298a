"""Maps that work in other processes: of this machine, or of a Dask cluster. For `sweep.sweep`."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from iwm_bayes.core import InputError
from iwm_bayes.sweep import Done, Task, Through

ATTEMPTS = 3  # of a task whose worker dies
ANSWERS = 20  # seconds within which a scheduler must answer
AGAIN = "start a scheduler and workers, and run the same command again"


def given_up(task: Task) -> Done:
    return Done(task, {"failed": f"the worker died, {ATTEMPTS} times"})


def opened(workers: int) -> ProcessPoolExecutor:
    """So many processes; an interruption is for the main process, and they are deaf to it."""
    return ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


@contextmanager
def lasting(workers: int) -> Iterator[Through]:
    """Processes that stay for several maps, with what they have compiled; where one dies all are replaced.

    What was in the hands of those that died is done again.
    """
    pools = [opened(workers)]

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        left, attempts = list(reversed(tasks)), dict.fromkeys((task.key for task in tasks), 0)
        while left:
            running: dict[Future[Done], Task] = {}
            try:
                while left or running:
                    while left and len(running) < workers:
                        task = left.pop()
                        running[pools[-1].submit(work, task)] = task
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done = future.result()
                        del running[future]
                        yield done
            except BrokenProcessPool:
                pools.pop().shutdown()
                pools.append(opened(workers))
                for task in running.values():
                    attempts[task.key] += 1
                    if attempts[task.key] < ATTEMPTS:
                        left.append(task)
                    else:
                        yield given_up(task)

    try:
        yield through
    finally:
        pools[-1].shutdown()


def processes(workers: int) -> Through:
    """Through so many processes, which end with the map."""

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        with lasting(workers) as same:
            yield from same(work, tasks)

    return through


def cluster(address: str) -> Through:
    """Through a running Dask cluster; its scheduler gives the tasks of a worker that dies to another."""
    try:
        from dask.distributed import Client, as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError(["a scheduler needs Dask. Install it with: pip install 'iwm-bayes[cluster]'"]) from None

    def through(work: Callable[[Task], Done], tasks: Sequence[Task]) -> Iterator[Done]:
        try:
            client = Client(address, timeout=ANSWERS)
        except OSError:
            raise InputError([f"{address}: no scheduler answers there. Start one with: dask scheduler"]) from None
        with client:
            running = {client.submit(work, task, key=task.key, pure=False): task for task in tasks}
            for future in as_completed(running):
                task = running.pop(future)
                try:
                    yield future.result()
                except KilledWorker:
                    yield given_up(task)
                except FutureCancelledError:
                    raise InputError([f"{address}: the scheduler is gone. What was done is kept; {AGAIN}"]) from None

    return through
