"""The NEON kernels give the bits of the plain code: the C++ tests, cross-compiled and run under qemu."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("test_dispatch", "test_forest_batch", "test_gemm", "test_histogram", "test_maths", "test_training_kernels")


@pytest.mark.slow
def test_kernels_on_aarch64(tmp_path: Path) -> None:
    for program in ("aarch64-linux-gnu-g++", "qemu-aarch64", "cmake", "ninja"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    script = ROOT / "tools" / "aarch64.sh"
    if not script.exists():
        pytest.skip("the sources are not here")
    done = subprocess.run(
        [str(script), *TESTS],
        env=os.environ | {"BUILD": str(tmp_path / "build")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.count("100% tests passed") == len(TESTS)
