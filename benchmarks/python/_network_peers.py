"""The same networks as layers of Diskern and as modules of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from diskern.networks import (
    GRU,
    LSTM,
    AveragePooling2D,
    Convolution1D,
    Convolution2D,
    Dense,
    Flatten,
    GlobalAveragePooling,
    Graph,
    MaximumPooling1D,
    MaximumPooling2D,
)


@dataclass(frozen=True)
class Shape:
    """What both sides are made of; images are (height, width, channels), series (steps, features)."""

    name: str
    title: str
    shape: tuple[int, ...]
    outputs: int
    events: int
    batch: int
    ours: Callable[[], Graph]
    theirs: Callable[[], Any]


def _lenet(
    channels: int, kernel: int, maps: tuple[int, int], side: int, padding: str, hidden: int, outputs: int
) -> Any:
    def ours() -> Graph:
        layers = [
            Convolution2D(maps[0], kernel, padding=padding, activation="relu"),
            MaximumPooling2D(2),
            Convolution2D(maps[1], kernel, padding=padding, activation="relu"),
            MaximumPooling2D(2),
            Flatten(),
            Dense(hidden, activation="relu"),
            Dense(outputs),
        ]
        return Graph.chain(layers, (side, side, channels))

    def theirs() -> Any:
        from torch import nn

        return nn.Sequential(
            nn.Conv2d(channels, maps[0], kernel, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(maps[0], maps[1], kernel, padding=padding),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.LazyLinear(hidden),
            nn.ReLU(),
            nn.Linear(hidden, outputs),
        )

    return ours, theirs


def _waveforms() -> Any:
    def ours() -> Graph:
        layers = [
            Convolution1D(16, 7, activation="relu"),
            MaximumPooling1D(4),
            Convolution1D(32, 5, activation="relu"),
            MaximumPooling1D(4),
            Convolution1D(32, 3, activation="relu"),
            GlobalAveragePooling(),
            Dense(1),
        ]
        return Graph.chain(layers, (256, 2))

    def theirs() -> Any:
        from torch import nn

        return nn.Sequential(
            nn.Conv1d(2, 16, 7),
            nn.ReLU(),
            nn.MaxPool1d(4),
            nn.Conv1d(16, 32, 5),
            nn.ReLU(),
            nn.MaxPool1d(4),
            nn.Conv1d(32, 32, 3),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(32, 1),
        )

    return ours, theirs


def _recurrent(cell: str, hidden: int) -> Any:
    def ours() -> Graph:
        return Graph.chain([(LSTM if cell == "LSTM" else GRU)(hidden), Dense(1)], (128, 4))

    def theirs() -> Any:
        import torch

        class Last(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.cell = getattr(torch.nn, cell)(4, hidden, batch_first=True)
                self.output = torch.nn.Linear(hidden, 1)

            def forward(self, x: Any) -> Any:
                return self.output(self.cell(x)[0][:, -1])

        return Last()

    return ours, theirs


TRAINING = (
    Shape("lenet-28", "LeNet, 28 x 28 x 1, 16 and 32 maps of 5 x 5", (28, 28, 1), 10, 2048, 64,
          *_lenet(1, 5, (16, 32), 28, "valid", 64, 10)),
    Shape("cnn-16", "16 x 16 x 1, 8 and 16 maps of 3 x 3", (16, 16, 1), 1, 8192, 128,
          *_lenet(1, 3, (8, 16), 16, "same", 32, 1)),
    Shape("cnn-32", "32 x 32 x 3, 16 and 32 maps of 3 x 3", (32, 32, 3), 1, 1536, 64,
          *_lenet(3, 3, (16, 32), 32, "same", 64, 1)),
    Shape("waveforms", "1-D convolutions on 2 x 256 waveforms", (256, 2), 1, 4096, 64, *_waveforms()),
    Shape("lstm-32", "LSTM of 32 units, 128 steps", (128, 4), 1, 1024, 64, *_recurrent("LSTM", 32)),
    Shape("gru-64", "GRU of 64 units, 128 steps", (128, 4), 1, 1024, 64, *_recurrent("GRU", 64)),
)  # fmt: skip


def _layer(ours: Any, theirs: Callable[[Any], Any], shape: tuple[int, ...]) -> Any:
    def module() -> Any:
        from torch import nn

        return theirs(nn)

    return (lambda: Graph.chain([ours], shape)), module


LAYERS = (
    Shape("maximum-pooling", "Maximum pooling 2 x 2 of 24 x 24 x 16, forward and backward", (24, 24, 16), 0, 64, 64,
          *_layer(MaximumPooling2D(2), lambda nn: nn.MaxPool2d(2), (24, 24, 16))),
    Shape("average-pooling", "Average pooling 2 x 2 of 24 x 24 x 16, forward and backward", (24, 24, 16), 0, 64, 64,
          *_layer(AveragePooling2D(2), lambda nn: nn.AvgPool2d(2), (24, 24, 16))),
    Shape("convolution-16", "Convolution 3 x 3, 16 to 32 channels, 16 x 16, both ways", (16, 16, 16), 0, 64, 64,
          *_layer(Convolution2D(32, 3, padding="same"), lambda nn: nn.Conv2d(16, 32, 3, padding=1), (16, 16, 16))),
    Shape("convolution-64", "Convolution 3 x 3, 64 to 64 channels, 16 x 16, both ways", (16, 16, 64), 0, 64, 64,
          *_layer(Convolution2D(64, 3, padding="same"), lambda nn: nn.Conv2d(64, 64, 3, padding=1), (16, 16, 64))),
)  # fmt: skip
