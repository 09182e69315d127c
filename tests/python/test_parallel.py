"""Several tasks at once: order, failures, shares of the threads."""

from __future__ import annotations

import threading
import time

import pytest

from diskern._parallel import run_tasks


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_in_order(workers: int) -> None:
    def task(i: int):
        def run(threads: int, progress) -> int:
            progress(1, 2, 0.0, 0.0)
            time.sleep(0.002 * (7 - i % 7))
            return i * i

        return run

    assert run_tasks([task(i) for i in range(20)], threads=5, workers=workers) == [i * i for i in range(20)]
    assert run_tasks([]) == []


def test_threads_are_shared_out() -> None:
    seen = []
    run_tasks([lambda threads, progress: seen.append(threads)] * 3, threads=8, workers=2)
    assert seen == [4, 4, 4]


def test_the_first_failure_is_told_whatever_the_workers() -> None:
    def failing(i: int):
        def run(threads: int, progress) -> int:
            time.sleep(0.02 if i == 3 else 0.001)
            if i in (3, 5):
                raise ValueError(f"task {i}")
            return i

        return run

    for workers in (1, 2, 4):
        with pytest.raises(ValueError, match="task 3"):
            run_tasks([failing(i) for i in range(12)], threads=4, workers=workers)


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    run_tasks([lambda threads, progress: None] * 10, threads=3)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
