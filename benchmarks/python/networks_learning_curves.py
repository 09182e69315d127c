"""Learning curves beside PyTorch: the same network, events, batches and optimizer, five seeds each.

What counts is the loss on events apart after every epoch. Each side draws its own first weights (both uniform within
+- 1 / sqrt(inputs), biases at 0) and its own order of events; two curves are equal where their means over the seeds
differ by no more than the seeds do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, run
from diskern import GraphNetwork
from diskern.datasets import higgs_like
from diskern.networks import LSTM, Convolution2D, Dense, Flatten, Graph, MaximumPooling2D


@dataclass(frozen=True)
class Curve:
    """A network on both sides and its sample: (events, targets) for training and apart from it."""

    name: str
    title: str
    ours: Callable[[], Graph]
    theirs: Callable[[], Any]
    sample: Callable[[bool], tuple[np.ndarray, ...]]
    epochs: int
    batch: int
    rate: float = 1e-3


def _variables(quick: bool) -> tuple[np.ndarray, ...]:
    count = 2000 if quick else 20000
    sample = higgs_like(2 * count, seed=1)
    events = np.asarray(sample.events, np.float64)
    x = ((events - events.mean(axis=0)) / events.std(axis=0)).astype(np.float32)
    y = np.asarray(sample.labels, np.float32)
    return x[:count], y[:count], x[count:], y[count:]


def _bars(quick: bool) -> tuple[np.ndarray, ...]:
    """Bars that lie or stand, anywhere, in noise."""
    count = 500 if quick else 4000
    generator = np.random.default_rng(1)
    x = generator.normal(0.0, 1.0, (2 * count, 12, 12, 1)).astype(np.float32)
    y = generator.integers(0, 2, 2 * count).astype(np.float32)
    for image, standing in zip(x, y, strict=True):
        a, b = generator.integers(0, 8), generator.integers(0, 12)
        image[(slice(a, a + 5), b) if standing else (b, slice(a, a + 5))] += 2.0
    return x[:count], y[:count], x[count:], y[count:]


def _pulses(quick: bool) -> tuple[np.ndarray, ...]:
    """Two pulses in noise: which of the two features has its own first?"""
    count = 500 if quick else 4000
    generator = np.random.default_rng(1)
    x = generator.normal(0.0, 0.5, (2 * count, 20, 2)).astype(np.float32)
    first, gap = generator.integers(1, 10, 2 * count), generator.integers(2, 9, 2 * count)
    y = generator.integers(0, 2, 2 * count).astype(np.float32)
    events = np.arange(2 * count)
    x[events, first, y.astype(int)] += 2.0
    x[events, first + gap, 1 - y.astype(int)] += 2.0
    return x[:count], y[:count], x[count:], y[count:]


def _dense_ours() -> Graph:
    return Graph.chain([Dense(64, activation="relu"), Dense(64, activation="relu"), Dense(1)], (28,))


def _dense_theirs() -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(28, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))


def _images_ours() -> Graph:
    layers = [Convolution2D(8, 3, activation="relu"), MaximumPooling2D(2), Convolution2D(16, 3, activation="relu")]
    return Graph.chain([*layers, Flatten(), Dense(32, activation="relu"), Dense(1)], (12, 12, 1))


def _images_theirs() -> Any:
    from torch import nn

    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(16 * 9, 32), nn.ReLU(), nn.Linear(32, 1))


def _series_ours() -> Graph:
    return Graph.chain([LSTM(16), Dense(1)], (20, 2))


def _series_theirs() -> Any:
    from torch import nn

    class Series(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(2, 16, batch_first=True)
            self.last = nn.Linear(16, 1)

        def forward(self, x: Any) -> Any:
            return self.last(self.cells(x)[0][:, -1])

    return Series()


CURVES = [
    Curve("dense", "28-64-64-1 on 20000 events of higgs_like", _dense_ours, _dense_theirs, _variables, 10, 100),
    Curve("images", "convolutions on 4000 images of bars", _images_ours, _images_theirs, _bars, 10, 50),
    Curve("series", "LSTM of 16 units on 4000 pairs of pulses", _series_ours, _series_theirs, _pulses, 20, 50, 5e-3),
]


def ours(curve: Curve, sample: tuple[np.ndarray, ...], seed: int, epochs: int) -> np.ndarray:
    """The loss on the events apart after every epoch."""
    x, y, x_apart, y_apart = sample
    model = GraphNetwork(
        curve.ours(),
        "cross_entropy",
        learning_rate=curve.rate,
        batch_size=curve.batch,
        max_iter=epochs,
        initialisation="small_uniform",
        early_stopping=False,
        tol=-np.inf,
        n_jobs=1,
        random_state=seed,
    ).fit(x, y, eval_set=(x_apart, y_apart))
    return np.asarray(model.validation_loss_)


def theirs(curve: Curve, sample: tuple[np.ndarray, ...], seed: int, epochs: int) -> np.ndarray:
    """The same by PyTorch."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, x_apart, y_apart = (
        torch.from_numpy(np.ascontiguousarray(np.moveaxis(one, -1, 1)) if one.ndim == 4 else one) for one in sample
    )
    model = curve.theirs()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "bias" in name:
                parameter.zero_()
            elif parameter.ndim >= 2:
                # PyTorch's own choice for dense and convolution layers; its recurrent ones go by their units.
                bound = 1.0 / np.sqrt(parameter[0].numel())
                parameter.uniform_(-bound, bound)
    optimizer = torch.optim.Adam(model.parameters(), lr=curve.rate)
    loss_of = torch.nn.BCEWithLogitsLoss()
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for begin in range(0, len(x), curve.batch):
            index = order[begin : begin + curve.batch]
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x[index])[:, 0], y[index]).backward()
            optimizer.step()
        with torch.no_grad():
            losses.append(float(loss_of(model(x_apart)[:, 0], y_apart)))
    return np.array(losses)


def compare(curve: Curve, quick: bool, seeds: int) -> dict[str, Any]:
    """Curves of both sides and how far they are apart, in standard errors of the difference of their means."""
    sample = curve.sample(quick)
    epochs = 2 if quick else curve.epochs
    found = {
        "diskern": np.array([ours(curve, sample, seed, epochs) for seed in range(1, seeds + 1)]),
        "PyTorch": np.array([theirs(curve, sample, seed, epochs) for seed in range(1, seeds + 1)]),
    }
    one, other = found.values()
    difference = one.mean(axis=0) - other.mean(axis=0)
    error = np.sqrt((one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / seeds)
    return {
        "case": curve.name,
        "title": curve.title,
        "batch": curve.batch,
        "learning rate": curve.rate,
        "seeds": seeds,
        "curves": {name: values.round(6).tolist() for name, values in found.items()},
        "difference": difference.round(6).tolist(),
        "in standard errors": (difference / np.maximum(error, 1e-12)).round(2).tolist(),
    }


def lines(record: dict[str, Any]) -> Any:
    """The table of one record."""
    yield f"### {record['title']}, batches of {record['batch']}, Adam with {record['learning rate']:g}"
    yield ""
    yield "| epoch | diskern, mean (least .. largest) | PyTorch, the same | difference | standard errors |"
    yield "|---|---|---|---|---|"
    one, other = (np.array(values) for values in record["curves"].values())
    for epoch in range(one.shape[1]):
        cells = [
            f"{values[:, epoch].mean():.4f} ({values[:, epoch].min():.4f} .. {values[:, epoch].max():.4f})"
            for values in (one, other)
        ]
        difference, errors = record["difference"][epoch], record["in standard errors"][epoch]
        yield f"| {epoch + 1} | {cells[0]} | {cells[1]} | {difference:+.4f} | {errors:+.1f} |"


def plot(records: list[dict[str, Any]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, all_axes = plt.subplots(1, len(records), figsize=(4.2 * len(records), 3.4), squeeze=False)
    for axes, record in zip(all_axes[0], records, strict=True):
        for (name, values), colour in zip(record["curves"].items(), ("C0", "C1"), strict=True):
            for i, curve in enumerate(values):
                epochs = np.arange(1, len(curve) + 1)
                axes.plot(epochs, curve, color=colour, alpha=0.5, linewidth=1.0, label=name if i == 0 else None)
        axes.set_title(record["title"], fontsize=9)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss on events apart")
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> int:
    assert __doc__ is not None
    arguments = parser(__doc__, [curve.name for curve in CURVES]).parse_args()
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        curve.name: (lambda curve=curve: compare(curve, arguments.quick, 2 if arguments.quick else 5))
        for curve in CURVES
    }
    return run(
        "networks_learning_curves",
        arguments,
        cases,
        ("numpy", "torch"),
        "Learning curves beside PyTorch's",
        plot=plot,
        lines=lines,
    )


if __name__ == "__main__":
    sys.exit(main())
