"""What the extension tells about itself, in processes of their own because it is decided at import."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from diskern import _core


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("DISKERN_", "OMP_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=variables | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_instruction_set_is_the_best_supported() -> None:
    code = "from diskern import _core; print(_core.instruction_set(), *_core.supported_instruction_sets())"
    chosen, *supported = run(code).stdout.split()
    assert supported[0] == "scalar"
    assert chosen == supported[-1]


@pytest.mark.parametrize("level", _core.supported_instruction_sets())
def test_environment_chooses_the_instruction_set(level: str) -> None:
    result = run("from diskern import _core; print(_core.instruction_set())", DISKERN_ISA=level)
    assert result.stdout.strip() == level


def test_unknown_instruction_set_is_an_error_at_import() -> None:
    result = run("from diskern import _core", DISKERN_ISA="mmx")
    assert result.returncode != 0
    assert "ImportError" in result.stderr
    assert "DISKERN_ISA is 'mmx'" in result.stderr
    assert "scalar, avx2, avx512, neon" in result.stderr


def test_number_of_threads_from_the_environment() -> None:
    code = "from diskern import _core; print(_core.available_threads())"
    assert run(code, DISKERN_NUM_THREADS="3", OMP_NUM_THREADS="5").stdout.strip() == "3"
    assert run(code, OMP_NUM_THREADS="5,2").stdout.strip() == "5"
    assert 1 <= int(run(code).stdout) <= len(os.sched_getaffinity(0))
    result = run(code, DISKERN_NUM_THREADS="many")
    assert "InvalidArgument" in result.stderr
    assert "DISKERN_NUM_THREADS is 'many'" in result.stderr


def test_cuda_is_reported_and_never_an_import_error() -> None:
    devices = _core.cuda_devices()
    status = _core.cuda_status()
    if devices:
        assert str(len(devices)) in status
        assert {"index", "name", "compute_capability", "multiprocessors", "memory_bytes"} == set(devices[0])
    else:
        assert "CUDA" in status


def test_the_extension_needs_no_cuda_library() -> None:
    ldd = shutil.which("ldd")
    if ldd is None:
        pytest.skip("ldd is not installed")
    libraries = subprocess.run([ldd, _core.__file__], capture_output=True, text=True, check=True).stdout
    assert "libc.so" in libraries
    assert "libcuda" not in libraries


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_stops_a_long_evaluation_within_a_second(threads: int) -> None:
    """An evaluation is cut into slices of rows; between them signals are looked at."""
    random = np.random.default_rng(5)
    layers = random.normal(size=(30, 2001))
    model = _core.Linear(layers)
    events = random.normal(size=(500, 2000)).astype(np.float32)
    begin = time.perf_counter()
    first = model.evaluate(events)
    rate = (time.perf_counter() - begin) / 500
    many = np.broadcast_to(events[:1], (int(20 / rate) + 1000, 2000))  # about 20 seconds, no memory
    stopped_at = 0.0

    def stop() -> None:
        nonlocal stopped_at
        stopped_at = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, stop)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.evaluate(many, threads=threads)
        assert time.perf_counter() - stopped_at < 2.0  # one of them for a busy machine
    finally:
        timer.cancel()
        timer.join()
    np.testing.assert_array_equal(model.evaluate(events, threads=threads), first)
