"""Evaluation of dense networks beside ONNX Runtime and PyTorch, and the time of one event from Python and from C++.

All evaluate one network, which ONNX Runtime gets as Diskern writes it, on float32 events in memory, in alternating
rounds. One event from C++ is measured by benchmarks/cpp/networks_evaluation.cpp (--program names its executable).
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import diskern
from _program import parser, plot_ratios, run
from diskern import _core
from diskern._rounds import Case, Contestant, Events, run_case, spread, summarise, table_lines

SHAPES = {"2x64": (64, 64), "5x300": (300,) * 5}
GROUPS = {1: "one core", 2: "two cores"}


def network(hidden: tuple[int, ...]) -> Any:
    """A network of random weights with the arithmetic of trained ones."""
    generator = np.random.default_rng(1)
    layers = []
    inputs = 28
    for size in (*hidden, 1):
        layers.append(
            {
                "weights": generator.uniform(-1, 1, (size, inputs)) * np.sqrt(3 / inputs),
                "biases": generator.uniform(-0.1, 0.1, size),
                "activation": _core.Activation.relu if size > 1 else _core.Activation.sigmoid,
                "input_function": _core.InputFunction.sum,
            }
        )
        inputs = size
    return _core.Network(
        layers,
        arithmetic=_core.NetworkArithmetic.float32,
        input_shift=list(generator.normal(size=28)),
        input_scale=list(generator.uniform(0.5, 2, 28)),
    )


def _model(hidden: tuple[int, ...]) -> diskern.Model:
    info = {"method": "MLP", "title": "network", "variables": [{"expression": f"x{j}"} for j in range(28)]}
    return diskern.Model(
        _core.Model(info | {"classes": ["Background", "Signal"], "signal_class": 1}, None, network(hidden))
    )


def _diskern(hidden: tuple[int, ...], threads: int) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        predictor = network(hidden)
        return lambda: predictor.evaluate(events.test, threads=threads)[:, 0]

    return prepare


def _session(hidden: tuple[int, ...], threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(_model(hidden).to_onnx(), options)


# The events of one call that suited ONNX Runtime and PyTorch best: whole arrays of activations leave the cache.
BATCH = 2048


def _onnx_runtime(hidden: tuple[int, ...], threads: int) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        session = _session(hidden, threads)

        def work() -> Any:
            parts = [
                session.run(["responses"], {"variables": events.test[begin : begin + BATCH]})[0]
                for begin in range(0, len(events.test), BATCH)
            ]
            return np.concatenate(parts)[:, 0]

        return work

    return prepare


def _pytorch(hidden: tuple[int, ...], threads: int) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        import torch

        predictor = network(hidden)
        shift = torch.tensor(predictor.input_shift, dtype=torch.float32)
        scale = torch.tensor(predictor.input_scale, dtype=torch.float32)
        parts: list[Any] = []
        for layer in predictor.layers:
            linear = torch.nn.Linear(layer["weights"].shape[1], layer["weights"].shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(layer["weights"]))
                linear.bias.copy_(torch.from_numpy(layer["biases"]))
            parts += [linear, torch.nn.ReLU() if len(layer["biases"]) > 1 else torch.nn.Sigmoid()]
        module = torch.nn.Sequential(*parts)
        x = torch.from_numpy(events.test)

        def work() -> Any:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                parts = [module((x[i : i + BATCH] - shift) * scale) for i in range(0, len(x), BATCH)]
                return torch.cat(parts).numpy()[:, 0]

        return work

    return prepare


def _case(name: str, hidden: tuple[int, ...], count: int, quick: bool) -> Case:
    count = min(count, 3_000) if quick else count

    def events() -> Events:
        x = np.random.default_rng(2).normal(size=(count, 28)).astype(np.float32)
        none = np.zeros(0, np.int64)
        return Events(x[:1], none, x, none)

    expected: dict[int, Any] = {}

    def agreement(sample: Events, responses: Any) -> float:
        """1 where all responses agree to float32 with Diskern's, 0 where one does not: shown in place of the area."""
        key = len(sample.test)
        if key not in expected:
            expected[key] = network(hidden).evaluate(sample.test)[:, 0]
        return float(np.allclose(responses, expected[key], rtol=1e-5, atol=1e-5))

    contestants = []
    for threads in (1, 2):
        for peer, package, prepare in (
            ("diskern", "", _diskern),
            ("onnxruntime", "onnxruntime", _onnx_runtime),
            ("pytorch", "torch", _pytorch),
        ):
            work = prepare(hidden, threads)
            contestants.append(Contestant(peer, package, f"batches of {BATCH}", work, GROUPS[threads], threads))
    layout = "-".join(map(str, hidden))
    return Case(
        name,
        f"28-{layout}-1",
        f"{count} events x 28",
        events,
        tuple(contestants),
        count,
        "event",
        agreement,
        rounds=1 if quick else 7,
    )


def single(quick: bool, program: str) -> dict[str, Any]:
    """One event per call."""
    hidden = SHAPES["2x64"]
    x = np.random.default_rng(3).normal(size=(1, 28)).astype(np.float32)
    predictor = network(hidden)
    works: dict[str, Callable[[], Any]] = {"diskern from Python": lambda: predictor.evaluate(x)}
    try:
        session = _session(hidden, 1)
        works["onnxruntime from Python"] = lambda: session.run(["responses"], {"variables": x})
    except ImportError:
        pass
    calls = 100 if quick else 5_000
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(1 if quick else 7):
        for name, work in works.items():
            begin = time.perf_counter()
            for _ in range(calls):
                work()
            seconds[name].append((time.perf_counter() - begin) / calls)
    if program:
        done = subprocess.run([program, "single"], check=True, capture_output=True, text=True)
        seconds["diskern from C++"] = [float(line) * 1e-9 for line in done.stdout.split()]
    return {
        "case": "single",
        "title": "28-64-64-1, one event per call",
        "single": {name: spread(found) for name, found in seconds.items()},
    }


def _single_lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {record['title']}"
    yield ""
    yield "| | microseconds (median, min .. max) |"
    yield "|---|---|"
    for name, found in record["single"].items():
        median, low, high = (1e6 * found[key] for key in ("median", "minimum", "maximum"))
        yield f"| {name} | {median:.3g} ({low:.3g} .. {high:.3g}) |"


def _lines(record: dict[str, Any]) -> Any:
    if "single" in record:
        return _single_lines(record)
    # What stands in the column of the area is whether all agree.
    return (line.replace("| AUC |", "| agrees |").split("; AUC", 1)[0] for line in table_lines(record))


def main() -> int:
    makers = {"2x64": (SHAPES["2x64"], 500_000), "5x300": (SHAPES["5x300"], 20_000)}
    options = parser(__doc__ or "", [*makers, "single"])
    options.add_argument("--program", default="", help="the executable of benchmarks/cpp/networks_evaluation.cpp")
    arguments = options.parse_args()
    say = lambda text: print(text, flush=True)  # noqa: E731

    def measure(name: str) -> dict[str, Any]:
        case = _case(name, *makers[name], arguments.quick)
        return summarise(case, run_case(case, rounds=arguments.rounds or case.rounds, threads=1, report=say))

    work: dict[str, Callable[[], dict[str, Any]]] = {name: lambda name=name: measure(name) for name in makers}
    work["single"] = lambda: single(arguments.quick, arguments.program)
    return run(
        "networks_evaluation",
        arguments,
        work,
        ("numpy", "onnxruntime", "torch"),
        "Evaluation of dense networks",
        lambda records, path: plot_ratios(records, path, "Evaluation of dense networks"),
        _lines,
    )


if __name__ == "__main__":
    raise SystemExit(main())
