"""Trainings of trees whose model file must not depend on threads or instruction set.

As a program it prints the SHA-256 of the model file of every mode as JSON, so that a process of another instruction set
can be compared: ``DISKERN_ISA=avx2 python reproducibility_modes.py``; arguments choose modes.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diskern import (
    AdaBoostTreesClassifier,
    FlatGradientBoostedTreesClassifier,
    GradientBoostedTreesClassifier,
    GradientBoostedTreesRegressor,
    RandomForestClassifier,
)

EVENTS = 40_000  # several of the pieces into which the engine divides events among threads, the last one not full


@lru_cache(maxsize=1)
def sample() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Eleven variables with ties, few values, a constant, missing and infinite ones; and a number to estimate."""
    random = np.random.default_rng(31)
    X = random.normal(size=(EVENTS + 37, 11)).astype(np.float32)
    X[:, 2] = np.round(X[:, 2], 1)
    X[:, 3] = random.integers(0, 3, len(X))
    X[:, 4] = np.exp(4 * X[:, 4])
    X[:, 5] = 7.0
    target = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + 0.3 * X[:, 3] + 0.5 * random.normal(size=len(X))
    X[random.random(len(X)) < 0.2, 6] = np.nan
    X[random.random(len(X)) < 0.01, 0] = np.inf
    X[random.random(len(X)) < 0.01, 1] = -np.inf
    X[random.random(len(X)) < 0.5, 7] = -0.0
    return X, target.astype(np.float64)


def weights(kind: str) -> NDArray[np.float64] | None:
    random = np.random.default_rng(32)
    size = len(sample()[0])
    if kind == "none":
        return None
    if kind == "six decades":
        return np.asarray(10.0 ** random.uniform(-3, 3, size))
    assert kind == "some negative"
    return np.where(random.random(size) < 0.15, -0.8, 1.1)


Fit = Callable[[int], Any]


def _binary(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = GradientBoostedTreesClassifier(random_state=3, n_jobs=threads, **settings)
        return model.fit(X, target > 0.2, weights(kind))

    return fit


def _multiclass(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = GradientBoostedTreesClassifier(random_state=3, n_jobs=threads, **settings)
        return model.fit(X, np.digitize(target, [-0.5, 0.2, 1.0]), weights(kind))

    return fit


def _regression(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = GradientBoostedTreesRegressor(random_state=3, n_jobs=threads, **settings)
        return model.fit(X, target, weights(kind))

    return fit


def _stopped_early(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = GradientBoostedTreesClassifier(
            random_state=3, n_jobs=threads, early_stopping=True, n_iter_no_change=2, learning_rate=0.5, **settings
        )
        return model.fit(X, target > 0.2, weights(kind))

    return fit


def _counts(kind: str, **settings: Any) -> Fit:
    """A regression of numbers that are not negative."""

    def fit(threads: int) -> Any:
        X, target = sample()
        model = GradientBoostedTreesRegressor(random_state=3, n_jobs=threads, **settings)
        return model.fit(X, np.floor(np.abs(target)), weights(kind))

    return fit


def _forest(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        return RandomForestClassifier(random_state=3, n_jobs=threads, **settings).fit(X, target > 0.2, weights(kind))

    return fit


def _ada_boost(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = AdaBoostTreesClassifier(engine="histogram", n_jobs=threads, **settings)
        return model.fit(X, target > 0.2, weights(kind))

    return fit


def _flat(kind: str, **settings: Any) -> Fit:
    def fit(threads: int) -> Any:
        X, target = sample()
        model = FlatGradientBoostedTreesClassifier(random_state=3, n_jobs=threads, **settings)
        return model.fit(X, target > 0.2, weights(kind), protected=X[:, 8])

    return fit


LEAF: dict[str, Any] = {"n_estimators": 8, "max_leaf_nodes": 31}
LEVEL: dict[str, Any] = {"n_estimators": 8, "grow_policy": "depth_wise", "max_leaf_nodes": None, "max_depth": 6}
SHALLOW: dict[str, Any] = {"n_estimators": 20, "grow_policy": "depth_wise", "max_leaf_nodes": None, "max_depth": 3}
FEW: dict[str, Any] = {"n_estimators": 5, "max_leaf_nodes": 15}
DEEP: dict[str, Any] = {"n_estimators": 3, "max_leaf_nodes": 255, "min_samples_leaf": 1}

MODES: dict[str, Fit] = {
    "leaf-wise": _binary("none", **LEAF),
    "level-wise": _binary("none", **LEVEL),
    "level-wise, shallow": _binary("none", **SHALLOW),
    "leaf-wise, deep": _binary("none", **DEEP),
    "few bins": _binary("none", **LEAF, max_bins=5),
    "weights of six decades, leaf-wise": _binary("six decades", **LEAF),
    "weights of six decades, level-wise": _binary("six decades", **SHALLOW),
    "negative weights, leaf-wise": _binary("some negative", **LEAF),
    "negative weights, level-wise": _binary("some negative", **LEVEL),
    "negative weights, shallow": _binary("some negative", **SHALLOW),
    "Huber, shallow": _regression("none", **SHALLOW, loss="huber"),
    "subsample": _binary("none", **LEAF, subsample=0.6),
    "subsample, weighted, level-wise": _binary("six decades", **LEVEL, subsample=0.6),
    "early stopping": _stopped_early("none", n_estimators=12, max_leaf_nodes=15),
    "multiclass, leaf-wise": _multiclass("none", n_estimators=3, max_leaf_nodes=15),
    "multiclass, weighted, level-wise": _multiclass("six decades", **(SHALLOW | {"n_estimators": 4})),
    "regression, leaf-wise": _regression("none", **LEAF),
    "regression, weighted, level-wise": _regression("six decades", **LEVEL),
    "Poisson": _counts("none", **FEW, loss="poisson"),
    "Tweedie": _counts("six decades", **FEW, loss="tweedie"),
    "Huber": _regression("none", **FEW, loss="huber"),
    "quantile": _regression("six decades", **FEW, loss="quantile"),
    "GOSS": _binary("none", **FEW, boosting="goss"),
    "DART": _binary("none", **FEW, boosting="dart", dropout_rate=0.5, dropout_skip=0.0),
    "column draws": _binary(
        "none", **FEW, column_fraction_tree=0.8, column_fraction_level=0.8, column_fraction_node=0.8
    ),
    "monotone": _binary("none", **FEW, monotone_constraints=[0, 0, 1, 1] + [0] * 7),
    "random forest": _forest("six decades", n_estimators=6, max_depth=8),
    "AdaBoost": _ada_boost("none", n_estimators=6, max_depth=4, max_bins=64),
    "flatness": _flat("none", **FEW),
}


def model_file(mode: str, threads: int) -> bytes:
    """What `save` writes after the training of a mode."""
    return saved(MODES[mode](threads))


def saved(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.diskern"
        model.save(path)
        return path.read_bytes()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    json.dump({mode: digest(model_file(mode, 2)) for mode in sys.argv[1:] or MODES}, sys.stdout)
