"""What the tests of the boosting engine share: a fit by keywords, the trees as arrays, samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diskern import _core

RNG = np.random.default_rng


EXTRAS = ("loss_function", "loss_link", "metric", "metric_greater_is_better", "initial")


def fit(
    events: Any, weight: Any = None, *, threads: int = 1, seed: int = 0, validation: Any = None, **values: Any
) -> Any:
    """Fit with keyword parameters; y as class_index=(indices) or target=(numbers)."""
    params = _core.GradientBoostingParams()
    answer = {key: values.pop(key) for key in ("class_index", "target") if key in values}
    n_classes = values.pop("n_classes", 2 if "class_index" in answer else 0)
    progress = values.pop("progress", None)
    extras = {key: values.pop(key) for key in EXTRAS if key in values}
    for key, value in values.items():
        setattr(params, key, value)
    if "loss_function" in extras:
        extras["loss"] = extras.pop("loss_function")  # values has the loss of Params
    events = np.ascontiguousarray(events, np.float32)
    weight = np.ones(len(events)) if weight is None else np.asarray(weight, np.float64)
    answer = {k: np.asarray(v, np.int32 if k == "class_index" else np.float64) for k, v in answer.items()}
    return _core.fit_gradient_boosting(
        params,
        events,
        weight,
        **answer,
        n_classes=n_classes,
        validation=validation,
        threads=threads,
        seed=seed,
        progress=progress,
        **extras,
    )


def arrays(result: Any) -> list[dict[str, Any]]:
    forest = result.predictor
    return [forest.tree(t) for t in range(forest.tree_count)]


def same_model(a: Any, b: Any) -> None:
    assert a.predictor.tree_count == b.predictor.tree_count
    for one, other in zip(arrays(a), arrays(b), strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key], err_msg=key)
    np.testing.assert_array_equal(a.predictor.base_score, b.predictor.base_score)


def walk(tree: dict[str, Any], x: NDArray[Any]) -> float:
    node = 0
    while tree["feature"][node] >= 0:
        value = float(x[tree["feature"][node]])
        right = bool(tree["missing_right"][node]) if math.isnan(value) else value >= tree["threshold"][node]
        node = int(tree["right"][node] if right else tree["left"][node])
    return float(tree["value"][node])


def events_for(task: str, n: int = 3000, seed: int = 1) -> tuple[NDArray[np.float32], dict[str, Any]]:
    rng = RNG(seed)
    X = rng.normal(size=(n, 7)).astype(np.float32)
    X[:, 3] = rng.integers(0, 5, n)
    X[rng.random(X.shape) < 0.05] = np.nan
    z = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 3] * 0.3) + 0.5 * rng.normal(size=n)
    if task == "regression":
        return X, {"target": z}
    if task == "binary":
        return X, {"class_index": (z > 0.5).astype(np.int32)}
    return X, {"class_index": np.digitize(z, [0.0, 1.0]).astype(np.int32), "n_classes": 3}
