"""Several trainings at once, in threads of this process: the core works without Python's lock."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from . import _core
from ._progress import ProgressBar

T = TypeVar("T")
# progress(done, total, training loss, validation loss), as the methods call it
Progress = Callable[[int, int, float, float], None]
Task = Callable[[int, Progress], T]

# How long Ctrl-C waits for what is running; what cannot be interrupted (estimators of other packages) is left behind.
_PATIENCE = 0.8
_STEP = 0.05


def run_tasks(
    tasks: Sequence[Task[T]], *, threads: int = 0, workers: int = 0, label: str = "", shown: bool = False
) -> list[T]:
    """Results of all tasks, in their order.

    Parameters
    ----------
    tasks : functions ``task(threads, progress)``: how many threads it may use, and where it may report its progress
    threads : threads of all tasks together; 0: all that are available
    workers : how many tasks run at once; 0: as many as there are threads
    label : name on the progress line
    shown : show progress, where stderr is a terminal

    Raises
    ------
    the exception of the first task (in their order) that failed; tasks after it may not have run
    KeyboardInterrupt
        Ctrl-C; running tasks are told to stop
    """
    if not tasks:
        return []
    total_threads = threads or _core.available_threads()
    n_workers = max(1, min(workers or total_threads, total_threads, len(tasks)))
    share = [0.0] * len(tasks)
    bar = ProgressBar(label, shown=shown)
    if n_workers == 1:
        return _one_after_the_other(tasks, total_threads, share, bar)
    return _at_once(tasks, n_workers, max(1, total_threads // n_workers), share, bar)


def _reporter(share: list[float], index: int, stop: Callable[[], bool], show: Callable[[], None]) -> Progress:
    def progress(done: int, total: int, training_loss: float, validation_loss: float) -> None:
        del training_loss, validation_loss
        if stop():
            raise KeyboardInterrupt
        share[index] = done / total if total > 0 else 0.0
        show()

    return progress


def _show(bar: ProgressBar, share: list[float]) -> None:
    steps = 1000 * len(share)
    bar(min(int(1000 * sum(share)), steps), steps, math.nan, math.nan)


def _one_after_the_other(tasks: Sequence[Task[T]], threads: int, share: list[float], bar: ProgressBar) -> list[T]:
    results = []
    try:
        for index, task in enumerate(tasks):
            results.append(task(threads, _reporter(share, index, lambda: False, lambda: _show(bar, share))))
            share[index] = 1.0
            _show(bar, share)
    finally:
        bar.close()
    return results


def _at_once(tasks: Sequence[Task[T]], workers: int, threads: int, share: list[float], bar: ProgressBar) -> list[T]:
    cancellation = _core.Cancellation()
    lock = threading.Condition()
    results: list[Any] = [None] * len(tasks)
    failures: dict[int, BaseException] = {}
    begun = 0
    running = workers

    def take() -> int | None:
        nonlocal begun
        with lock:
            # What lies before a failed task is run all the same, so that the failure told is always the same one.
            if cancellation.cancelled or begun >= len(tasks) or (failures and begun > min(failures)):
                return None
            begun += 1
            return begun - 1

    def work() -> None:
        nonlocal running
        cancellation.watch()
        try:
            while (index := take()) is not None:
                try:
                    reporter = _reporter(share, index, lambda: cancellation.cancelled, lambda: None)
                    results[index] = tasks[index](threads, reporter)
                except BaseException as error:  # told to the caller below
                    with lock:
                        failures[index] = error
                share[index] = 1.0
        finally:
            cancellation.unwatch()
            with lock:
                running -= 1
                lock.notify_all()

    for number in range(workers):
        threading.Thread(target=work, name=f"diskern task {number}", daemon=True).start()
    try:
        with lock:
            while running:
                lock.wait(_STEP)
                _show(bar, share)
    except BaseException:  # Ctrl-C
        cancellation.cancel()
        end = time.monotonic() + _PATIENCE
        with lock:
            while running and time.monotonic() < end:
                lock.wait(_STEP)
        raise
    finally:
        bar.close()
    if failures:
        raise failures[min(failures)]
    return results
