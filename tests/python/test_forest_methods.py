"""RandomForest, ExtraTrees and AdaBoost booked in the Factory."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern.tmva import DataLoader, Factory, Reader

METHODS = [
    ("RandomForest", "NTrees=30:MinSamplesLeaf=3"),
    ("ExtraTrees", "NTrees=30:MinSamplesLeaf=3"),
    ("AdaBoost", "NTrees=60"),
    ("AdaBoost", "NTrees=60:BoostType=RealAdaBoost:SeparationType=CrossEntropy"),
]


def events(n: int, seed: int, shift: float) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(shift, 1.0, n), generator.normal(-shift, 1.0, n)
    columns = {"a": a, "b": b, "c": generator.normal(size=n) + shift * a, "w": generator.uniform(0.2, 2.0, n)}
    return {name: values.astype(np.float32) for name, values in columns.items()}


def run(loader: DataLoader, path: Path, kind: str, options: str, threads: int = 1) -> Factory:
    factory = Factory("job", str(path / "job.root"), Silent=True, threads=threads)
    factory.BookMethod(loader, kind, "title", options)
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    return factory


def variables(loader: DataLoader) -> DataLoader:
    for name in ("a", "b", "c"):
        loader.AddVariable(name)
    return loader


@pytest.mark.parametrize(("kind", "options"), METHODS)
def test_classification(tmp_path: Path, kind: str, options: str) -> None:
    responses = []
    for threads in (1, 3):
        loader = variables(DataLoader(str(tmp_path / str(threads))))
        loader.AddSignalTree(events(800, 1, 0.6))
        loader.AddBackgroundTree(events(900, 2, -0.4))
        loader.SetBackgroundWeightExpression("w")
        loader.PrepareTrainingAndTestTree("", "SplitMode=Random:NormMode=NumEvents:!V")
        factory = run(loader, tmp_path, kind, options, threads)
        (method,) = factory.results().methods
        assert method.metrics["roc_integral"] > 0.8
        assert len(method.ranking) == 3
        responses.append(method.response_test)
        model = diskern.load(factory.model_path("title"))
        np.testing.assert_array_equal(model.evaluate(loader.dataset.test.variables), method.response_test)
    np.testing.assert_array_equal(*responses)


@pytest.mark.parametrize(("kind", "options"), METHODS)
def test_multiclass(tmp_path: Path, kind: str, options: str) -> None:
    loader = variables(DataLoader(str(tmp_path / "multi")))
    for index, name in enumerate(("Signal", "bg0", "bg1")):
        loader.AddTree(events(600, index, 1.0 - index), name)
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = run(loader, tmp_path, kind, options)
    (method,) = factory.results().methods
    assert method.metrics["accuracy"] > 0.6
    reader = Reader()
    reader.BookMVA("title", factory.model_path("title"))
    assert reader.EvaluateMulticlass(events(50, 9, 1.0), "title").shape == (50, 3)


@pytest.mark.parametrize(("kind", "options"), METHODS[:3])
def test_regression(tmp_path: Path, kind: str, options: str) -> None:
    loader = variables(DataLoader(str(tmp_path / "reg")))
    columns = events(1500, 5, 0.3)
    columns["t"] = (40 * columns["a"] - 10 * columns["b"] + 100).astype(np.float32)
    loader.AddTarget("t")
    loader.AddRegressionTree(columns)
    loader.PrepareTrainingAndTestTree("", "nTrain_Regression=1000:!V")
    factory = run(loader, tmp_path, kind, options + (":MaxDepth=6:MinNodeSize=1" if kind == "AdaBoost" else ""))
    (method,) = factory.results().methods
    assert method.metrics["targets"]["t"]["test"]["rms"] < 14.0  # the spread is 41


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("RandomForest", "UseNvars=4", "UseNvars must be from -1 to the number of variables 3"),
        ("RandomForest", "NTrees=0", "n_estimators must be at least 1"),
        ("RandomForest", "RandomSeed=-1", "RandomSeed must be 0 or a positive integer"),
        ("ExtraTrees", "SeparationType=Gini", "SeparationType"),
        ("AdaBoost", "MinNodeSize=60", "min_weight_fraction_leaf must be from 0 to below 0.5"),
        ("AdaBoost", "AdaBoostBeta=0", "learning_rate must be a positive number"),
    ],
)
def test_bad_options(tmp_path: Path, kind: str, options: str, words: str) -> None:
    loader = variables(DataLoader(str(tmp_path / "dataset")))
    loader.AddSignalTree(events(100, 1, 0.6))
    loader.AddBackgroundTree(events(100, 2, -0.4))
    with pytest.raises(diskern.InvalidArgument, match=words):
        run(loader, tmp_path, kind, options)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("kind", "options"), [("RandomForest", "NTrees=1000000"), ("AdaBoost", "NTrees=1000000")])
def test_ctrl_c_keeps_the_trees_so_far(tmp_path: Path, kind: str, options: str) -> None:
    loader = variables(DataLoader(str(tmp_path / "dataset")))
    loader.AddSignalTree(events(3000, 1, 0.2))
    loader.AddBackgroundTree(events(3000, 2, -0.2))
    loader.PrepareTrainingAndTestTree("", "!V")
    factory = Factory("job", Silent=True)
    factory.BookMethod(loader, kind, "long", options)
    pressed: list[Any] = []

    def press() -> None:
        time.sleep(0.7)
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt, match="best model so far"):
        factory.TrainAllMethods()
    # A million trees would take hours; a second on an idle machine, writing the files included.
    assert time.monotonic() - pressed[0] < 100
    booked = factory.GetMethod("long")
    assert booked.interrupted
    assert diskern.load(booked.model_path).title == "long"
