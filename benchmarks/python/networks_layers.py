"""Networks with convolution, pooling and recurrent layers beside PyTorch: training steps, and single layers.

Every contestant takes the same events in alternating rounds in one process. A round of training is one epoch of
mini-batches with Adam (PyTorch's fused one), shuffling included on both sides. PyTorch runs with contiguous tensors
and, for images, with channels last; what counts is the faster one. Before each of them comes a pause, since the threads
of the last contestant go on looking for work for some milliseconds and take a core from the next. `--compiled` adds
torch.compile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from _network_peers import LAYERS, TRAINING, Shape
from _program import parser, run
from diskern import _core
from diskern._rounds import installed, spread

PAUSE = 0.05  # seconds before each contestant


def _events(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(shape.events, *shape.shape)).astype(np.float32)
    if shape.outputs > 1:
        return x, np.eye(shape.outputs, dtype=np.float32)[generator.integers(0, shape.outputs, shape.events)]
    return x, (x.reshape(len(x), -1)[:, :50].sum(axis=1, keepdims=True) > 0).astype(np.float32)


def _as_torch(x: np.ndarray, recurrent: bool) -> Any:
    """Channels first, as PyTorch's convolutions want them."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(x if recurrent else np.moveaxis(x, -1, 1)))


def train_ours(shape: Shape, x: np.ndarray, y: np.ndarray, threads: int) -> Callable[[], float]:
    graph = shape.ours().core()
    rows = x.reshape(len(x), -1)
    weight = np.ones(len(x))

    def work() -> float:
        params = _core.GraphParams()
        params.add_loss("softmax_cross_entropy" if shape.outputs > 1 else "cross_entropy")
        params.epochs = 1
        params.batch_size = shape.batch
        fit = _core.fit_graph(graph, params, rows, y, weight, threads=threads, seed=1)
        return float(fit.training_loss[-1])

    return work


def train_torch(
    shape: Shape, x: np.ndarray, y: np.ndarray, threads: int, channels_last: bool, compiled: bool
) -> Callable[[], float]:
    import torch

    events = _as_torch(x, len(shape.shape) == 2 and shape.name.startswith(("lstm", "gru")))
    targets = torch.from_numpy(y)
    loss_of = torch.nn.CrossEntropyLoss() if shape.outputs > 1 else torch.nn.BCEWithLogitsLoss()
    torch.manual_seed(1)
    if channels_last:
        events = events.to(memory_format=torch.channels_last)
    ready = shape.theirs()
    ready(events[:2])  # lazy layers learn their shapes
    if channels_last:
        ready = ready.to(memory_format=torch.channels_last)
    start = {key: value.clone() for key, value in ready.state_dict().items()}
    model = torch.compile(ready) if compiled else ready

    def work() -> float:
        torch.set_num_threads(threads)
        ready.load_state_dict(start)
        optimizer = torch.optim.Adam(ready.parameters(), fused=True)
        order = torch.randperm(len(events))
        total = 0.0
        for begin in range(0, len(events), shape.batch):
            index = order[begin : begin + shape.batch]
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(events[index]), targets[index])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(index)
        return total / len(events)

    return work


def layer_ours(shape: Shape, x: np.ndarray, threads: int) -> Callable[[], float]:
    graph = shape.ours().core()
    parameters = _core.start_parameters(graph, seed=1)
    rows = x.reshape(len(x), -1)

    def work() -> float:
        return float(np.median(_core.graph_seconds(graph, parameters, rows, 20, threads)))

    return work


def layer_torch(shape: Shape, x: np.ndarray, threads: int, channels_last: bool) -> Callable[[], float]:
    import torch

    module = shape.theirs()
    events = _as_torch(x, False)
    if channels_last:
        events = events.to(memory_format=torch.channels_last)
        module = module.to(memory_format=torch.channels_last)
    events.requires_grad_()
    slopes = torch.ones_like(module(events))

    def work() -> float:
        torch.set_num_threads(threads)
        seconds = []
        for _ in range(22):
            events.grad = None
            module.zero_grad(set_to_none=True)
            begin = time.perf_counter()
            module(events).backward(slopes)
            seconds.append(time.perf_counter() - begin)
        return float(np.median(seconds[2:]))

    return work


def _rounds(works: dict[str, Callable[[], float]], rounds: int, own_clock: bool) -> tuple[Any, Any]:
    """Seconds of each round, and what the last one gave."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    results = {name: work() for name, work in works.items()}  # warm-up
    for number in range(rounds):
        for name in list(works) if number % 2 == 0 else reversed(works):
            time.sleep(PAUSE)
            begin = time.perf_counter()
            results[name] = works[name]()
            seconds[name].append(results[name] if own_clock else time.perf_counter() - begin)
    return seconds, results


def measure(shape: Shape, quick: bool, rounds: int, training: bool, compiled: bool) -> dict[str, Any]:
    if quick:
        shape = Shape(**{**shape.__dict__, "events": 64, "batch": 32})
    x, y = _events(shape)
    image = len(shape.shape) == 3
    rows: list[dict[str, Any]] = []
    for threads in (1, 2):
        works: dict[str, Callable[[], float]] = {}
        absent = installed("torch") is None
        if training:
            works["diskern"] = train_ours(shape, x, y, threads)
            if not absent:
                works["PyTorch"] = train_torch(shape, x, y, threads, False, False)
                if image:
                    works["PyTorch, channels last"] = train_torch(shape, x, y, threads, True, False)
                if compiled:
                    works["PyTorch, compiled"] = train_torch(shape, x, y, threads, image, True)
        else:
            works["diskern"] = layer_ours(shape, x, threads)
            if not absent:
                works["PyTorch"] = layer_torch(shape, x, threads, False)
                works["PyTorch, channels last"] = layer_torch(shape, x, threads, True)
        seconds, results = _rounds(works, 1 if quick else rounds or 7, not training)
        for name, measured in seconds.items():
            row: dict[str, Any] = {"name": name, "threads": threads, "seconds": spread(measured)}
            row["events per second"] = shape.events / row["seconds"]["median"]
            row["speed-up of diskern"] = spread([t / d for t, d in zip(measured, seconds["diskern"], strict=True)])
            if training:
                row["training loss"] = results[name]
            rows.append(row)
        if absent:
            rows.append({"name": "PyTorch", "threads": threads, "absent": "not installed"})
    peers = [row for row in rows if row["name"] != "diskern" and "absent" not in row]
    record = {
        "case": shape.name,
        "title": shape.title,
        "work": f"{shape.events} events, batch {shape.batch}",
        "layers": rows,
    }
    if peers:
        own = min(row["seconds"]["median"] for row in rows if row["name"] == "diskern")
        best = min(peers, key=lambda row: row["seconds"]["median"])
        record["best against best"] = {
            "peer": f"{best['name']}, {best['threads']} threads",
            "ratio of medians": best["seconds"]["median"] / own,
        }
    return record


def lines(record: dict[str, Any]) -> Any:
    """The table of one record."""
    yield f"### {record['title']}: {record['work']}"
    yield ""
    yield "| | threads | seconds (median, min .. max) | events/s | loss after | diskern is faster by |"
    yield "|---|---|---|---|---|---|"
    for row in record["layers"]:
        if "absent" in row:
            yield f"| {row['name']} | {row['threads']} | {row['absent']} | | | |"
            continue
        time_, ratio = row["seconds"], row["speed-up of diskern"]
        loss = f"{row['training loss']:.4f}" if "training loss" in row else ""
        faster = (
            ""
            if row["name"] == "diskern"
            else f"{ratio['median']:.2f} x ({ratio['minimum']:.2f} .. {ratio['maximum']:.2f})"
        )
        yield (
            f"| {row['name']} | {row['threads']} | {time_['median']:.3g} ({time_['minimum']:.3g} .. "
            f"{time_['maximum']:.3g}) | {row['events per second']:.3g} | {loss} | {faster} |"
        )
    if "best against best" in record:
        best = record["best against best"]
        yield ""
        yield f"Best thread count of each: {best['ratio of medians']:.2f} x against {best['peer']}"


def main() -> int:
    assert __doc__ is not None
    made = parser(__doc__, [shape.name for shape in TRAINING + LAYERS])
    made.add_argument("--compiled", action="store_true", help="PyTorch with torch.compile, too")
    arguments = made.parse_args()
    known: dict[str, Callable[[], dict[str, Any]]] = {
        shape.name: (
            lambda shape=shape: measure(shape, arguments.quick, arguments.rounds, shape in TRAINING, arguments.compiled)
        )
        for shape in TRAINING + LAYERS
    }
    return run(
        "networks_layers", arguments, known, ("numpy", "torch"), "Networks of layers beside PyTorch", lines=lines
    )


if __name__ == "__main__":
    sys.exit(main())
