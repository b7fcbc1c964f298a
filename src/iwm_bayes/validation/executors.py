"""Maps for `sweep.sweep` that work in other processes: of this machine, or of a Dask cluster."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from iwm_bayes.types import InputError
from iwm_bayes.validation.sweep import Task, TaskMap, TaskResult

MAX_ATTEMPTS = 3  # of a task in a process of its own, if its worker dies
SCHEDULER_TIMEOUT = 20  # seconds within which a scheduler must answer
RESTART_REMEDY = "start a scheduler and workers, and run the same command again"


def dead_worker_result(task: Task) -> TaskResult:
    """Return the result of a task whose worker always dies."""
    return TaskResult(task, {"failed": f"the worker died, {MAX_ATTEMPTS} times"})


def open_pool(workers: int) -> ProcessPoolExecutor:
    """Open a pool of processes that ignore an interrupt, because the main process handles it."""
    return ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN))


@contextmanager
def lasting_pool(workers: int) -> Iterator[TaskMap]:
    """Yield a map through processes that stay for several maps and keep what they have compiled.

    If a process dies, all are replaced. Which task killed it is not known. So every running task is done again in a
    process of its own, and none is blamed for another.
    """
    pools = [open_pool(workers)]

    def replace_pool() -> None:
        pools.pop().shutdown()
        pools.append(open_pool(workers))

    def do_separately(work: Callable[[Task], TaskResult], task: Task) -> TaskResult:
        for _ in range(MAX_ATTEMPTS):
            try:
                return pools[-1].submit(work, task).result()
            except BrokenProcessPool:
                replace_pool()
        return dead_worker_result(task)

    def task_map(work: Callable[[Task], TaskResult], tasks: Sequence[Task]) -> Iterator[TaskResult]:
        waiting, running = list(reversed(tasks)), dict[Future[TaskResult], Task]()
        while waiting or running:
            try:
                while waiting and len(running) < workers:
                    future = pools[-1].submit(work, waiting[-1])
                    running[future] = waiting.pop()
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    result = future.result()
                    del running[future]
                    yield result
            except BrokenProcessPool:
                replace_pool()
                while running:
                    yield do_separately(work, running.popitem()[1])

    try:
        yield task_map
    finally:
        pools[-1].shutdown()


def process_map(workers: int) -> TaskMap:
    """Return a map through processes that end with the map."""

    def task_map(work: Callable[[Task], TaskResult], tasks: Sequence[Task]) -> Iterator[TaskResult]:
        with lasting_pool(workers) as pool_map:
            yield from pool_map(work, tasks)

    return task_map


def cluster_map(address: str) -> TaskMap:
    """Return a map through a running Dask cluster; its scheduler repeats the tasks of a worker that dies."""
    try:
        from dask.distributed import Client, as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError(["a scheduler needs Dask. Install it with: pip install 'iwm-bayes[cluster]'"]) from None

    def task_map(work: Callable[[Task], TaskResult], tasks: Sequence[Task]) -> Iterator[TaskResult]:
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
                        [f"{address}: the scheduler has stopped. Finished work is kept; {RESTART_REMEDY}"]
                    ) from None

    return task_map
