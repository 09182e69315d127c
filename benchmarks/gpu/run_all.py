#!/usr/bin/env python3
"""Build, test and time everything that Diskern has for CUDA, on a machine with a GPU and without a network.

    python3 benchmarks/gpu/run_all.py

needs a C++ compiler, nvcc, cmake, ninja and, for this Python, numpy, scikit-learn, pybind11 and pytest. It builds the
tests and the Python extension under build/gpu, runs the C++ and Python tests that ask for a device, then times each row
of the table beside the peers that are installed (CuPy, cuML, XGBoost, PyTorch) and beside Diskern itself on the
processor, and writes benchmarks/results/gpu-<device>.json and .md. Rows whose kernels or peers are not there say so.
Every step keeps to what is left of --minutes; what there was no time for says "not run".

--emulated runs the same script on the emulated device of tests/cuda with tiny samples: no figure of it means anything,
it shows that the script works.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "gpu"


@dataclass
class Clock:
    """What is left of the time."""

    minutes: float
    begin: float = field(default_factory=time.monotonic)

    def left(self) -> float:
        return self.minutes * 60 - (time.monotonic() - self.begin)


def step(command: list[str], clock: Clock, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a command within the time that is left; its end, its duration, its last lines."""
    begin = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=max(clock.left(), 1),
            check=False,
        )
        status, text = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        status, text = 124, "ran out of time"
    except FileNotFoundError as error:
        status, text = 127, str(error)
    result = {
        "command": " ".join(command),
        "status": status,
        "seconds": round(time.monotonic() - begin, 1),
        "tail": text.splitlines()[-25:],
    }
    print(
        f"[{result['seconds']:>6} s] {'ok' if status == 0 else f'FAILED ({status})'}: {result['command']}", flush=True
    )
    if status != 0:
        print("\n".join(result["tail"]), flush=True)
    return result


def build(clock: Clock) -> list[dict[str, Any]]:
    """The C++ tests and the extension, with CUDA."""
    configure = ["cmake", "-S", str(ROOT), "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-DDISKERN_CUDA=ON", "-DDISKERN_TESTS=ON", "-DDISKERN_PYTHON=ON", "-DDISKERN_INPLACE=ON"]
    configure += [f"-DPython_EXECUTABLE={sys.executable}", "-DCMAKE_CUDA_ARCHITECTURES=native"]
    targets = [f"{path.stem}_device" for path in sorted((ROOT / "tests" / "cuda").glob("test_cuda_*.cpp"))]
    targets = ["test_device", "_core", *[name for name in targets if name != "test_cuda_emulation_device"]]
    steps = [step(configure, clock)]
    if steps[-1]["status"] == 0:
        steps.append(step(["cmake", "--build", str(BUILD), "--target", *targets], clock))
    return steps


def run_tests(clock: Clock) -> list[dict[str, Any]]:
    python = {"PYTHONPATH": str(ROOT / "python")}
    return [
        step(["ctest", "--test-dir", str(BUILD), "-R", "_device$", "--output-on-failure"], clock),
        step(
            [sys.executable, "-m", "pytest", "-q", "-x", str(ROOT / "tests/python/test_device_arrays.py")],
            clock,
            python,
        ),
    ]


def use_emulated_device() -> None:
    from diskern import _core

    found = sorted(ROOT.glob("build/**/tests/cuda/libdiskern_cuda_emulation.so"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise SystemExit("the emulated device is not built: cmake --build ... --target diskern_cuda_emulation")
    library = ctypes.CDLL(str(found[-1]))
    library.diskern_emulated_backend.restype = ctypes.c_void_p
    library.diskern_emulated_backend_bytes.restype = ctypes.c_size_t
    if library.diskern_emulated_backend_bytes() != _core._cuda_backend_bytes:
        raise SystemExit("the emulated device is of another build than the extension")
    _core._register_cuda_backend(library.diskern_emulated_backend())


@dataclass
class Row:
    """work() does everything of one contestant and waits for the device."""

    name: str
    work: Callable[[], Any] | None
    reason: str = ""  # why there is no work


def median_seconds(work: Callable[[], Any], rounds: int) -> dict[str, Any]:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    times.sort()
    return {"median": times[len(times) // 2], "minimum": times[0], "maximum": times[-1], "rounds": rounds}


def timed(
    title: str, rows: list[Row], agreement: Callable[[dict[str, Any]], str], clock: Clock, rounds: int
) -> dict[str, Any]:
    """The contestants of one work in turn; the answers of the warming round are compared."""
    record: dict[str, Any] = {"work": title, "rows": []}
    answers: dict[str, Any] = {}
    for row in rows:
        entry: dict[str, Any] = {"name": row.name}
        record["rows"].append(entry)
        if row.work is None:
            entry["absent"] = row.reason
        elif clock.left() < 20:
            entry["absent"] = "not run: no time was left"
        else:
            try:
                answers[row.name] = row.work()
                entry["seconds"] = median_seconds(row.work, rounds)
            except Exception as error:  # a peer that fails is a row that says so
                entry["absent"] = f"failed: {type(error).__name__}: {error}"
    own = next(
        (entry["seconds"]["median"] for entry in record["rows"] if entry["name"] == "diskern" and "seconds" in entry),
        None,
    )
    for entry in record["rows"]:
        if own and "seconds" in entry and entry["name"] != "diskern":
            entry["diskern is faster by"] = entry["seconds"]["median"] / own
    record["agreement"] = agreement(answers) if "diskern" in answers else "not run"
    return record


def module(name: str) -> Any:
    try:
        return __import__(name)
    except Exception:  # an installed package may fail to load its libraries
        return None


def to_device(array: Any) -> Any:
    """On the device, as CuPy's array where there is CuPy."""
    from diskern import _core

    cupy = module("cupy")
    if cupy is not None and not emulated(_core):
        return cupy.asarray(array)
    buffer = _core.DeviceBuffer(list(array.shape), array.dtype, 0)
    buffer.from_host(array)
    return buffer


def to_host(array: Any) -> Any:
    return array.to_host() if hasattr(array, "to_host") else array.get()


def emulated(core: Any) -> bool:
    devices = core.cuda_devices()
    return bool(devices) and devices[0]["name"].startswith("emulated")


def same_array(there: Any, host: Any) -> bool:
    return to_host(there).tobytes() == host.tobytes()


def same_inertia(there: float, host: float) -> bool:
    return abs(there - host) <= 1e-6 * host


PROCESSOR = "diskern on the processor, all threads"


def beside_processor(what: str, same: Callable[[Any, Any], bool]) -> Callable[[dict[str, Any]], str]:
    """How the device's answer agrees with the processor's."""

    def agreement(answers: dict[str, Any]) -> str:
        if PROCESSOR not in answers:
            return "not compared"
        return (
            f"{what} of the processor" if same(answers["diskern"], answers[PROCESSOR]) else "DIFFERS from the processor"
        )

    return agreement


def forest_evaluation(clock: Clock, small: bool) -> dict[str, Any]:
    import numpy as np

    import diskern
    from diskern import GradientBoostedTreesClassifier, _core
    from diskern.datasets import higgs_like

    training, n, trees = (2000, 3000, 10) if small else (100_000, 10_000_000, 500)
    sample = higgs_like(training, seed=1)
    X = np.ascontiguousarray(sample.events, np.float32)
    native = GradientBoostedTreesClassifier(n_estimators=trees, max_depth=6, max_leaf_nodes=None).fit(X, sample.labels)
    model = diskern.Model(native._model())
    block = np.ascontiguousarray(higgs_like(min(n, 1_000_000), seed=2).events, np.float32)
    events = np.ascontiguousarray(np.tile(block, (n // len(block), 1)))
    there = to_device(events)

    def on_device() -> Any:
        responses = model.evaluate(there)
        _core.synchronize_device()
        return responses

    rows = [
        Row("diskern", on_device),
        Row(PROCESSOR, lambda: model.evaluate(events, threads=0)),
    ]
    xgboost, cupy = module("xgboost"), module("cupy")
    if xgboost is None:
        rows.append(Row("xgboost cuda", None, "not installed"))
    elif cupy is None or small:
        rows.append(Row("xgboost cuda", None, "not run: takes events on the device from CuPy only"))
    else:
        booster = xgboost.train(
            {"device": "cuda", "max_depth": 6, "objective": "binary:logistic"}, xgboost.DMatrix(X, sample.labels), trees
        )

        def peer() -> Any:
            answer = booster.inplace_predict(there)
            cupy.cuda.get_current_stream().synchronize()
            return answer

        rows.append(Row("xgboost cuda (its own forest)", peer))
    rows.append(
        Row("cuML (nvForest)", None, "not installed" if module("cuml") is None else "not built: no row for it yet")
    )

    return timed(
        f"forest evaluation, {n} events x 28, {trees} trees of depth 6",
        rows,
        beside_processor("bits", same_array),
        clock,
        1 if small else 7,
    )


def clustering(clock: Clock, small: bool) -> dict[str, Any]:
    import numpy as np

    from diskern import DBSCAN, _core

    n = 3000 if small else 1_000_000
    random = np.random.default_rng(1)
    centres = random.uniform(-10, 10, (200, 3))
    points = centres[random.integers(0, 200, n)] + random.normal(0, 0.15, (n, 3))
    noise = random.random(n) < 0.1
    points[noise] = random.uniform(-10, 10, (int(noise.sum()), 3))
    there = to_device(np.ascontiguousarray(points))

    def on_device() -> Any:
        labels = DBSCAN(eps=0.3, min_samples=10).fit(there).labels_
        _core.synchronize_device()
        return labels

    rows = [
        Row("diskern", on_device),
        Row(PROCESSOR, lambda: DBSCAN(eps=0.3, min_samples=10).fit(points).labels_),
        Row("cuML", None, "not installed" if module("cuml") is None else "not built: no row for it yet"),
    ]

    return timed(
        f"DBSCAN, {n} points in three dimensions",
        rows,
        beside_processor("labels", same_array),
        clock,
        1 if small else 7,
    )


def kmeans(clock: Clock, small: bool) -> dict[str, Any]:
    import numpy as np

    from diskern import KMeans, _core

    n = 3000 if small else 10_000_000
    random = np.random.default_rng(3)
    centres = random.normal(0, 4, (20, 4))
    points = (centres[random.integers(0, 20, n)] + random.normal(size=(n, 4))).astype(np.float32)
    start = points[:20].copy()
    there = to_device(points)
    settings = {"init": start, "n_init": 1, "max_iter": 20, "tol": 0}

    def on_device() -> Any:
        fitted = KMeans(20, **settings).fit(there)
        _core.synchronize_device()
        return fitted.inertia_

    rows = [
        Row("diskern", on_device),
        Row(PROCESSOR, lambda: KMeans(20, **settings).fit(points).inertia_),
        Row("cuML", None, "not installed" if module("cuml") is None else "not built: no row for it yet"),
    ]

    return timed(
        f"k-means, {n} x 4, 20 clusters, 20 iterations",
        rows,
        beside_processor("inertia", same_inertia),
        clock,
        1 if small else 5,
    )


NOT_BUILT = (
    "gradient-boosted training, 10M x 28 and 100k x 28",
    "training of 28-64-64-1, of 16 models at once, of 5 x 300",
    "training step of a small convolutional network",
    "nearest neighbours, PCA, metrics",
)


def table(record: dict[str, Any]) -> str:
    text = [
        f"# CUDA: {record['device']}",
        "",
        record["remark"],
        "",
        "## Build and tests",
        "",
        "| step | result | seconds |",
        "|---|---|---|",
    ]
    text += [
        f"| `{s['command'].replace(str(ROOT), '.').replace(sys.executable, 'python')}` | "
        f"{'passed' if s['status'] == 0 else 'FAILED'} | {s['seconds']} |"
        for s in record["steps"]
    ]
    for work in record["works"]:
        text += ["", f"## {work['work']}", "", f"Diskern's answer: {work['agreement']}.", ""]
        text += ["| | seconds (median, min .. max) | diskern is faster by |", "|---|---|---|"]
        for row in work["rows"]:
            if "absent" in row:
                text.append(f"| {row['name']} | {row['absent']} | |")
                continue
            s = row["seconds"]
            ratio = row.get("diskern is faster by")
            text.append(
                f"| {row['name']} | {s['median']:.4g} ({s['minimum']:.4g} .. {s['maximum']:.4g}) | "
                f"{f'{ratio:.2f} x' if ratio else ''} |"
            )
    text += ["", "## Not built yet", "", *[f"- {work}: not run" for work in NOT_BUILT], ""]
    return "\n".join(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8, help="time for everything (default: 8)")
    parser.add_argument("--no-build", action="store_true", help="the extension is built and importable")
    parser.add_argument(
        "--emulated", action="store_true", help="tiny samples on the emulated device; implies --no-build"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results", help="folder of the results")
    arguments = parser.parse_args()
    clock = Clock(arguments.minutes)
    steps: list[dict[str, Any]] = []
    if not (arguments.no_build or arguments.emulated):
        steps = build(clock)
        if any(s["status"] != 0 for s in steps):
            return 1
        steps += run_tests(clock)
    if not (arguments.no_build or arguments.emulated):
        sys.path.insert(0, str(ROOT / "python"))  # where the extension was built into
    from diskern import _core

    if arguments.emulated:
        use_emulated_device()
    devices = _core.cuda_devices()
    if not devices:
        print(f"no device: {_core.cuda_status()}")
        return 1
    works = [make(clock, arguments.emulated) for make in (forest_evaluation, clustering, kmeans)]
    name = devices[0]["name"]
    record = {
        "device": name,
        "remark": "Emulated on the processor with tiny samples: no figure of it means anything."
        if arguments.emulated
        else f"{devices[0]}; Python {sys.version.split()[0]}; {time.strftime('%Y-%m-%d')}.",
        "steps": steps,
        "works": works,
        "not built": list(NOT_BUILT),
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    stem = "gpu-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    (arguments.output / f"{stem}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (arguments.output / f"{stem}.md").write_text(table(record), encoding="utf-8")
    print(table(record))
    failed = any(s["status"] != 0 for s in steps) or any("DIFFERS" in work["agreement"] for work in works)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
