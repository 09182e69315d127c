"""DataLoaders of generated events that several tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from diskern.tmva import DataLoader

VARIABLES = ("x", "y", "z")


def events(n: int, seed: int, shift: float, first: int = 0) -> dict[str, Any]:
    """Columns of Gaussian events: x carries the most, y less, z nothing; weights, an event number, a target."""
    generator = np.random.default_rng(seed)
    x = generator.normal(shift, 1.0, n)
    y = generator.normal(-0.6 * shift, 1.0, n)
    z = generator.normal(0.0, 1.0, n)
    return {
        "x": x,
        "y": y,
        "z": z,
        "w": generator.uniform(0.5, 1.5, n),
        "eventID": np.arange(first, first + n),
        "run": generator.integers(1, 5, n),
        "t": 2.0 * x - y + 0.1 * generator.normal(size=n),
    }


def class_loader(folder: Path | str, n: int = 400, options: str = "nTest_Signal=1:nTest_Background=1:!V") -> DataLoader:
    """Signal and Background with spectators eventID and run."""
    loader = DataLoader(str(folder))
    for name in VARIABLES:
        loader.AddVariable(name)
    loader.AddSpectator("eventID")
    loader.AddSpectator("run")
    loader.AddSignalTree(events(n, 1, 1.0))
    loader.AddBackgroundTree(events(n, 2, 0.0, 100_000))
    loader.SetSignalWeightExpression("w")
    loader.SetBackgroundWeightExpression("w")
    loader.PrepareTrainingAndTestTree("", options)
    return loader


def regression_loader(folder: Path | str, n: int = 400) -> DataLoader:
    """A target 2x - y."""
    loader = DataLoader(str(folder))
    for name in VARIABLES:
        loader.AddVariable(name)
    loader.AddTarget("t")
    loader.AddSpectator("eventID")
    loader.AddRegressionTree(events(n, 3, 0.0))
    loader.PrepareTrainingAndTestTree("", "nTest_Regression=1:!V")
    return loader


def multiclass_loader(folder: Path | str, n: int = 300) -> DataLoader:
    """Three classes along x."""
    loader = DataLoader(str(folder))
    for name in VARIABLES:
        loader.AddVariable(name)
    loader.AddSpectator("eventID")
    for number, name in enumerate(("a", "b", "c")):
        loader.AddTree(events(n, 10 + number, 1.5 * number, 100_000 * number), name)
    loader.PrepareTrainingAndTestTree("", "nTest_a=1:nTest_b=1:nTest_c=1:!V")
    return loader
