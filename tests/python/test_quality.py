"""How well the methods discern on public data, with the settings stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")

import pandas as pd

from diskern import GradientBoostedTreesClassifier
from diskern.evaluation import roc_curve


def magic(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    table = pd.read_csv(folder / "magic" / "magic04.csv.gz")
    return table.drop(columns="class").to_numpy(np.float32), (table["class"] == "g").to_numpy()


def higgsml(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """The 30 variables with -999 as missing, whether it is signal, the weight."""
    table = pd.read_csv(folder / "higgsml" / "higgsml_8k.csv.gz")
    variables = [name for name in table.columns if name[:4] in ("DER_", "PRI_")]
    assert len(variables) == 30
    X = table[variables].to_numpy(np.float32)
    X[X == -999] = np.nan
    return X, (table["Label"] == "s").to_numpy(), table["Weight"].to_numpy(np.float64)


def auc(is_signal: NDArray[np.bool_], response: NDArray[np.float64], weight: Any = None) -> float:
    weight = np.ones(len(response)) if weight is None else weight
    return float(roc_curve(is_signal, response, weight).integral)


def test_magic(data_directory: Path) -> None:
    """Rows 0..12171 train, the last 20 % test; defaults with 300 trees."""
    X, y = magic(data_directory)
    model = GradientBoostedTreesClassifier(n_estimators=300).fit(X[:12172], y[:12172])
    assert auc(y[12172:], model.decision_function(X[12172:])) >= 0.935


def test_magic_with_early_stopping(data_directory: Path) -> None:
    """The last 2000 training rows decide when to stop."""
    X, y = magic(data_directory)
    model = GradientBoostedTreesClassifier(n_estimators=2000, learning_rate=0.05, n_iter_no_change=30)
    model.fit(X[:10172], y[:10172], eval_set=(X[10172:12172], y[10172:12172]))
    assert 50 < model.n_iter_ < 2000
    assert auc(y[12172:], model.decision_function(X[12172:])) >= 0.935


@pytest.mark.parametrize("training_weights", ["none", "balanced"])
def test_higgsml(data_directory: Path, training_weights: str) -> None:
    """p[:6400] train; 200 trees of 16 leaves at 0.05, without weights or with classes of equal sum and mean one."""
    X, y, weight = higgsml(data_directory)
    p = np.random.default_rng(0).permutation(len(X))
    train, test = p[:6400], p[6400:]
    given = None
    if training_weights == "balanced":
        given = weight[train] / np.where(y[train], weight[train][y[train]].sum(), weight[train][~y[train]].sum())
        given *= len(train) / given.sum()
    model = GradientBoostedTreesClassifier(n_estimators=200, learning_rate=0.05, max_leaf_nodes=16)
    model.fit(X[train], y[train], given)
    assert auc(y[test], model.decision_function(X[test]), weight[test]) >= 0.91
