"""Training on histograms: the same model on every instruction set, from packed, narrow and wide cells, at any size."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from diskern import _core

RNG = np.random.default_rng

PROGRAM = """
import hashlib, sys
import numpy as np
from diskern import _core
rng = np.random.default_rng(1)
n = 30000
X = rng.normal(size=(n, 9)).astype(np.float32)
X[:, 3] = rng.integers(0, 4, n)
X[rng.random(X.shape) < 0.03] = np.nan
z = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 3]) + rng.normal(size=n)
weight = np.ones(n) if sys.argv[1] == "unit" else 10.0 ** rng.uniform(-3, 3, n)
digest = hashlib.sha256()
for leaf_wise in (True, False):
    params = _core.GradientBoostingParams()
    params.n_estimators = 12
    params.leaf_wise = leaf_wise
    for threads in (1, 2):
        for kind in ({"class_index": (z > 1).astype(np.int32), "n_classes": 2}, {"target": z, "n_classes": 0}):
            result = _core.fit_gradient_boosting(params, X, weight, threads=threads, **kind)
            for t in range(result.predictor.tree_count):
                for key, value in sorted(result.predictor.tree(t).items()):
                    digest.update(np.ascontiguousarray(value).tobytes())
            digest.update(np.array(result.training_loss).tobytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("weights", ["unit", "spread"])
def test_every_instruction_set_gives_the_same_bits(weights: str) -> None:
    digests = {}
    for name in _core.supported_instruction_sets():
        environment = {**os.environ, "DISKERN_ISA": name}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, weights], env=environment, capture_output=True, text=True, check=True
        )
        digests[name] = done.stdout.strip()
    assert "scalar" in digests
    assert len(next(iter(digests.values()))) == 64
    assert len(set(digests.values())) == 1, digests


def fit(X: Any, weight: Any = None, *, threads: int = 1, seed: int = 0, **values: Any) -> Any:
    params = _core.GradientBoostingParams()
    answer = {k: values.pop(k) for k in ("class_index", "target", "n_classes") if k in values}
    for key, value in values.items():
        setattr(params, key, value)
    weight = np.ones(len(X)) if weight is None else np.asarray(weight, np.float64)
    return _core.fit_gradient_boosting(params, X, weight, threads=threads, seed=seed, **answer)


def digest(result: Any) -> str:
    total = hashlib.sha256()
    for t in range(result.predictor.tree_count):
        for _, value in sorted(result.predictor.tree(t).items()):
            total.update(np.ascontiguousarray(value).tobytes())
    return total.hexdigest()


def sample(n: int, features: int = 6, seed: int = 1) -> tuple[Any, Any]:
    rng = RNG(seed)
    X = rng.normal(size=(n, features)).astype(np.float32)
    z = X[:, 0] * X[:, 1] + 0.5 * np.abs(X[:, 2]) + 0.5 * rng.normal(size=n)
    return X, z


@pytest.mark.parametrize("n", [1, 2, 3, 8191, 8192, 8193, 20000])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_integer_weights_repeat_events_across_blocks(n: int, task: str) -> None:
    """Narrow cells with weights against packed entries of the repeated events, around the size of a block."""
    X, z = sample(n)
    weight = RNG(2).integers(1, 4, n)
    if task == "binary":
        if n < 3:
            pytest.skip("two classes need more events")
        label = (z > np.median(z)).astype(np.int32)
        answer = {"class_index": label, "n_classes": 2}
        repeated = {"class_index": np.repeat(label, weight), "n_classes": 2}
    else:
        answer = {"target": z, "n_classes": 0}
        repeated = {"target": np.repeat(z, weight), "n_classes": 0}
    settings = {"n_estimators": 5, "min_samples_leaf": 2}
    first = fit(X, weight, **answer, **settings)
    second = fit(np.repeat(X, weight, axis=0), **repeated, **settings, threads=2)
    assert digest(first) == digest(second)


def test_every_leaf_has_its_events() -> None:
    X, z = sample(30000)
    for threads in (1, 2):
        result = fit(
            X, class_index=(z > 0.4).astype(np.int32), n_classes=2, n_estimators=8, min_samples_leaf=57,
            max_leaf_nodes=0, threads=threads,
        )  # fmt: skip
        for t in range(8):
            tree = result.predictor.tree(t)
            node = np.zeros(len(X), np.int64)
            feature, threshold = np.asarray(tree["feature"]), np.asarray(tree["threshold"])
            left, right = np.asarray(tree["left"]), np.asarray(tree["right"])
            for _ in range(200):
                inner = feature[node] >= 0
                if not inner.any():
                    break
                value = X[np.arange(len(X)), np.maximum(feature[node], 0)]
                step = np.where(value >= threshold[node], right[node], left[node])
                node = np.where(inner, step, node)
            count = np.bincount(node, minlength=len(feature))
            assert count[feature < 0].min() >= 57
            assert count[feature < 0].sum() == len(X)
            np.testing.assert_array_equal(count[feature < 0], np.asarray(tree["weight"])[feature < 0])
            assert (feature >= 0).sum() > 50


@pytest.mark.parametrize("features", [1, 31, 32, 33, 64, 65, 130])
def test_wide_samples(features: int) -> None:
    """Beyond 32 variables histograms are filled in tiles: the variables that matter may be in any."""
    rng = RNG(3)
    n = 4000
    X = rng.normal(size=(n, features)).astype(np.float32)
    y = (X[:, -1] + 0.1 * rng.normal(size=n) > 0).astype(np.int32)
    result = fit(X, class_index=y, n_classes=2, n_estimators=10, max_leaf_nodes=4)
    assert np.argmax(result.feature_gain) == features - 1
    alone = fit(X[:, -1:].copy(), class_index=y, n_classes=2, n_estimators=1, max_leaf_nodes=2)
    assert result.predictor.tree(0)["threshold"][0] == alone.predictor.tree(0)["threshold"][0]


def test_awkward_columns() -> None:
    n = 5000
    rng = RNG(4)
    y = rng.integers(0, 2, n).astype(np.int32)
    X = np.empty((n, 7), np.float32)
    X[:, 0] = 3.0  # constant
    X[:, 1] = np.nan
    X[:, 2] = np.where(y, np.inf, -np.inf)
    X[:, 3] = np.where(rng.random(n) < 0.5, np.nan, 1.0)
    X[:, 4] = np.float32(1e-45)
    X[:, 5] = rng.normal(size=n)
    X[:, 6] = np.where(np.arange(n) == 7, 1.0, 0.0)  # all but one event in one bin
    for threads in (1, 2):
        result = fit(X, class_index=y, n_classes=2, n_estimators=3, threads=threads)
        assert result.predictor.tree(0)["feature"][0] == 2
        p = result.predictor.evaluate(X)[:, 0]
        np.testing.assert_array_equal(p > 0.5, y == 1)
    nothing = fit(np.ascontiguousarray(X[:, [0, 1, 4]]), class_index=y, n_classes=2, n_estimators=3)
    assert all(len(nothing.predictor.tree(t)["feature"]) == 1 for t in range(nothing.predictor.tree_count))


def test_packed_and_wide_cells_find_the_same_cuts() -> None:
    """One event of hardly any weight forces wide cells; without it packed entries do. The first trees are the same."""
    X, z = sample(20000)
    y = (z > 0.4).astype(np.int32)
    weight = np.ones(len(X))
    weight[5] = 1e-9
    kept = np.arange(len(X)) != 5
    wide = fit(X, weight, class_index=y, n_classes=2, n_estimators=5)
    packed = fit(X[kept], class_index=y[kept], n_classes=2, n_estimators=5)
    assert digest(packed) != digest(wide)  # the light event is there
    for t in range(2):
        one, other = packed.predictor.tree(t), wide.predictor.tree(t)
        np.testing.assert_array_equal(one["feature"], other["feature"])
        np.testing.assert_allclose(one["value"], other["value"], rtol=1e-6, atol=1e-9)
    assert packed.training_loss[-1] == pytest.approx(wide.training_loss[-1], rel=1e-6)
