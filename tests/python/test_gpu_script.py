"""The script for machines with a GPU, on the emulated device: it runs, compares and writes its table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from test_device_arrays import emulated_backend

ROOT = Path(__file__).resolve().parents[2]


def test_every_work_runs_and_agrees(tmp_path):
    if emulated_backend() is None:
        pytest.skip("the emulated device is not built (cmake target diskern_cuda_emulation)")
    import diskern

    # The package may be installed rather than in the tree.
    environment = {**os.environ, "PYTHONPATH": str(Path(diskern.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "gpu" / "run_all.py"), "--emulated", "--output", str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "gpu-emulated-device.json").read_text())
    assert [work["agreement"] for work in record["works"]] == [
        "bits of the processor",
        "labels of the processor",
        "inertia of the processor",
    ]
    assert "no figure of it means anything" in (tmp_path / "gpu-emulated-device.md").read_text()
