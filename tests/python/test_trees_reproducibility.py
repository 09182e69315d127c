"""The model file of trees: the same bytes for any number of threads and on every instruction set; weights that are
integers count as repeated events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reproducibility_modes as modes
from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, _core


@pytest.mark.parametrize("mode", list(modes.MODES))
def test_threads_do_not_change_the_file(mode: str) -> None:
    one = modes.model_file(mode, 1)
    assert len(one) > 2000
    for threads in (2, 3, 5, 8):
        assert modes.model_file(mode, threads) == one, f"{threads} threads"


@lru_cache(maxsize=8)
def digests(level: str, chosen: tuple[str, ...]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(Path(modes.__file__)), *chosen],
        env=dict(os.environ) | {"DISKERN_ISA": level},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("level", _core.supported_instruction_sets()[1:])
@pytest.mark.parametrize("half", [0, 1])
def test_instruction_sets_do_not_change_the_file(level: str, half: int) -> None:
    chosen = tuple(modes.MODES)[half::2]
    scalar = digests("scalar", chosen)
    assert set(scalar) == set(chosen)
    assert len(set(scalar.values())) == len(scalar)  # every mode trains another model
    assert digests(level, chosen) == scalar


GROWTH: dict[str, dict[str, Any]] = {
    "leaf-wise": {"max_leaf_nodes": 15},
    "level-wise": {"grow_policy": "depth_wise", "max_leaf_nodes": None, "max_depth": 5},
    "level-wise, shallow": {"grow_policy": "depth_wise", "max_leaf_nodes": None, "max_depth": 3},
}


@pytest.mark.parametrize("growth", list(GROWTH))
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_integer_weight_is_a_repeated_event(task: str, growth: str) -> None:
    """The same bytes, through the estimators; the repeated events in another order than the weighted ones."""
    X, target = (array[:6000] for array in modes.sample())
    answer: Any = {"binary": target > 0.2, "multiclass": np.digitize(target, [-0.5, 0.2, 1.0]), "regression": target}
    kind = GradientBoostedTreesRegressor if task == "regression" else GradientBoostedTreesClassifier
    random = np.random.default_rng(33)
    weight = random.integers(0, 6, len(X))
    repeated = random.permutation(np.repeat(np.arange(len(X)), weight))
    settings: dict[str, Any] = {"n_estimators": 10, "random_state": 1, "min_samples_leaf": 13, **GROWTH[growth]}

    weighted = kind(**settings).fit(X, answer[task], weight.astype(np.float64))
    copies = kind(**settings).fit(X[repeated], answer[task][repeated])
    np.testing.assert_array_equal(weighted.predict(X), copies.predict(X))
    assert modes.saved(weighted) == modes.saved(copies)

    plain = kind(**settings).fit(X, answer[task])
    assert modes.saved(plain) != modes.saved(weighted)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"max_depth": 3, "max_leaf_nodes": None},
        {"boosting": "goss"},
        {"boosting": "dart"},
        {"subsample": 0.7},
        {"min_effective_count": 30.0},
        {"negative_weights": "clip"},
        {"early_stopping": True},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "absolute error"])
def test_no_weights_are_weights_of_one(task: str, more: dict[str, Any]) -> None:
    """Without weights the core sees one number for all events; it must do what an array of ones does."""
    X, target = (array[:3000] for array in modes.sample())
    answer: Any = {"binary": target > 0.2, "multiclass": np.digitize(target, [-0.5, 0.2, 1.0])}.get(task, target)
    settings: dict[str, Any] = {"n_estimators": 6, "random_state": 1, "max_leaf_nodes": 15} | more
    kind: Any = GradientBoostedTreesClassifier
    if task not in ("binary", "multiclass"):
        if "class_weight" in more:
            pytest.skip("no classes")
        kind = GradientBoostedTreesRegressor
        settings["loss"] = "absolute_error" if task == "absolute error" else "squared_error"
    without = kind(**settings).fit(X, answer)
    ones = kind(**settings).fit(X, answer, np.ones(len(X)))
    assert modes.saved(without) == modes.saved(ones)
    np.testing.assert_array_equal(without.training_loss_, ones.training_loss_)
    if "class_weight" not in more:
        half = kind(**settings).fit(X, answer, np.where(np.arange(len(X)) % 2, 1.0, 0.5))
        assert modes.saved(half) != modes.saved(without)


def test_one_weight_for_all_events_that_is_not_one() -> None:
    """A stride of 0 reaches the core with any number in it."""
    X, target = (array[:3000] for array in modes.sample())
    classes = (target > 0.2).astype(np.int32)
    for weight in (0.5, 3.0, 1e7):
        files = [
            _core.fit_gradient_boosting(
                _core.GradientBoostingParams(), X.astype(np.float32), weights, class_index=classes, n_classes=2
            )
            for weights in (np.broadcast_to(np.float64(weight), len(X)), np.full(len(X), weight))
        ]
        responses = [fit.predictor.evaluate(X.astype(np.float32)) for fit in files]
        np.testing.assert_array_equal(*responses)
        assert files[0].training_loss == files[1].training_loss
    with pytest.raises(_core.InvalidArgument, match="all weights are zero"):
        _core.fit_gradient_boosting(
            _core.GradientBoostingParams(),
            X.astype(np.float32),
            np.broadcast_to(np.float64(0.0), len(X)),
            class_index=classes,
            n_classes=2,
        )
