"""Events that no trees are often given: any strides, more than 2^31 cells, parameters that contradict each other."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import diskern
from diskern import InvalidArgument, _core

BINNED = {
    "GradientBoostedTreesClassifier": {"n_estimators": 5},
    "GradientBoostedTreesRegressor": {"n_estimators": 5, "loss": "quantile", "subsample": 0.7},
    "FlatGradientBoostedTreesClassifier": {"n_estimators": 5, "n_bins": 3},
    "UBoostClassifier": {"n_estimators": 3, "efficiency_steps": 2, "n_neighbors": 10},
    "RandomForestClassifier": {"n_estimators": 5, "oob_score": True},
    "ExtraTreesRegressor": {"n_estimators": 5, "max_samples": 0.5, "oob_score": True},
    "BaggingTreesClassifier": {"n_estimators": 3},
    "AdaBoostTreesClassifier": {"engine": "histogram", "n_estimators": 5},
    "AdaBoostTreesRegressor": {"engine": "histogram", "n_estimators": 5},
}
TMVA = ("AdaBoostTreesClassifier", "AdaBoostTreesRegressor", "DecisionTreeClassifier", "DecisionTreeRegressor")


def made(name: str, **parameters: Any) -> Any:
    model = getattr(diskern, name)(**{**BINNED.get(name, {}), **parameters})
    if "random_state" in model.get_params():
        model.set_params(random_state=3)
    return model


def fitted(model: Any, X: Any, **more: Any) -> Any:
    """Trained on answers and protected variables that follow from the events."""
    events = np.asarray(X)
    z = np.nan_to_num(events[:, 0] - 0.5 * events[:, 2]) + 0.3 * np.sin(np.arange(len(events)))
    if "protected" in model.fit.__code__.co_varnames:
        more["protected"] = np.nan_to_num(events[:, 1])
    return model.fit(X, z if "Regressor" in type(model).__name__ else z > 0.0, **more)


def sample(n: int = 600) -> np.ndarray:
    X = np.random.default_rng(4).normal(size=(n, 4)).astype(np.float32)
    X[::11, 3] = np.nan
    return X


# Memory that holds the events in another way -> the view that is given.
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "column by column": np.asfortranarray,
    "from the end": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "every second": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "read only": lambda X: np.lib.stride_tricks.as_strided(X, X.shape, X.strides, writeable=False),
    "other bytes": lambda X: X.astype(">f4"),
    "not aligned": lambda X: np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(np.float32).reshape(X.shape),
}


@pytest.mark.parametrize("name", BINNED)
def test_any_layout_trains_the_same_model(name: str) -> None:
    X = sample()
    expected = fitted(made(name), X)._model().to_bytes()
    for layout, view in LAYOUTS.items():
        given = view(X)
        assert np.array_equal(given, X, equal_nan=True)
        assert fitted(made(name), given)._model().to_bytes() == expected, layout
    different = X.copy()
    different[:300] = different[300:]
    assert fitted(made(name), different)._model().to_bytes() != expected


def test_layouts_of_continued_training_and_dart() -> None:
    """Where trees are walked on the training events themselves."""
    X = sample()
    for parameters in ({"boosting": "dart", "dropout_rate": 0.5}, {}):
        files = set()
        for view in (np.ascontiguousarray, *LAYOUTS.values()):
            begun = fitted(made("GradientBoostedTreesClassifier", **parameters), view(X))
            again = fitted(made("GradientBoostedTreesClassifier", **parameters), view(X), init_model=begun)
            files.add(again._model().to_bytes())
        assert len(files) == 1


@pytest.mark.parametrize("name", ["GradientBoostedTreesClassifier", "RandomForestClassifier"])
def test_column_order_is_not_copied(name: str) -> None:
    """The events reach the core where they lie."""
    X = np.asfortranarray(sample())
    model = made(name)
    events, _, _ = model._check_fit(X, X[:, 0] > 0)
    assert events.ctypes.data == X.ctypes.data
    assert events.strides == X.strides


def test_repeated_rows_by_a_stride_of_zero() -> None:
    """One event over and over: nothing can be cut, the response is the prior."""
    X = np.broadcast_to(np.float32([1.0, np.nan, np.inf]), (50_000, 3))
    y = np.arange(50_000) % 4 == 0
    for name in ("GradientBoostedTreesClassifier", "RandomForestClassifier"):
        model = made(name, **({"oob_score": False, "bootstrap": False} if "Forest" in name else {})).fit(X, y)
        assert max(len(model.predictor_.tree(t)["feature"]) for t in range(model.predictor_.tree_count)) == 1
        np.testing.assert_allclose(model.predict_proba(X[:3])[:, 1], 0.25, atol=1e-6)


def available_memory() -> float:
    """Bytes, as Linux says."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            return 1024.0 * int(re.search(r"MemAvailable:\s+(\d+)", file.read())[1])  # type: ignore[index]
    except OSError:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


@pytest.mark.slow
def test_more_than_2_to_the_31_cells() -> None:
    """Virtual ones: variable j of event i is number i + j of a line. The answer is that of the last variable only."""
    if available_memory() < 8e9:
        pytest.skip("the bins of 2^31 cells take more memory than there is")
    columns, rows = 2**14, 2**17 + 3
    line = np.random.default_rng(1).normal(size=rows + columns).astype(np.float32)
    item = line.itemsize
    X = np.lib.stride_tricks.as_strided(line, (rows, columns), (item, item), writeable=False)
    assert X.size > 2**31
    y = X[:, -1] > 0.3
    model = diskern.GradientBoostedTreesClassifier(n_estimators=1, max_leaf_nodes=2, learning_rate=1.0, max_bins=16)
    model.fit(X, y)
    tree = model.predictor_.tree(0)
    assert tree["feature"][0] == columns - 1
    assert np.mean(model.predict(X) == y) > 0.95


def test_more_than_2_to_the_32_events_are_refused() -> None:
    n = 2**32
    events = np.broadcast_to(np.float32(0), (n, 1))
    weight, index = np.broadcast_to(np.float64(1), n), np.broadcast_to(np.int32(0), n)
    target = np.broadcast_to(np.float64(1), n)
    message = r"the training sample has more than 2\^32 events"
    with pytest.raises(InvalidArgument, match=message):
        _core.fit_gradient_boosting(_core.GradientBoostingParams(), events, weight, class_index=index, n_classes=2)
    with pytest.raises(InvalidArgument, match=message):
        _core.fit_random_forest(_core.RandomForestParams(), events, weight, target=target)
    with pytest.raises(InvalidArgument, match=message):
        _core.fit_ada_boost(_core.AdaBoostParams(), events, weight, class_index=index, n_classes=2)


# Parameters


@pytest.mark.parametrize("bins", [0, 1, 256, -3, 2**31, 2.5, "many"])
@pytest.mark.parametrize("name", BINNED)
def test_bins_out_of_range(name: str, bins: Any) -> None:
    model = made(name, max_bins=bins)
    with pytest.raises(InvalidArgument, match="max_bins"):
        fitted(model, sample(100))
    assert not hasattr(model, "predictor_")


@pytest.mark.parametrize("bins", [0, 1, 1_000_001, -3, 2.5, "many"])
@pytest.mark.parametrize("name", TMVA)
def test_grid_out_of_range(name: str, bins: Any) -> None:
    model = getattr(diskern, name)(max_bins=bins)
    with pytest.raises(InvalidArgument, match="max_bins"):
        fitted(model, np.nan_to_num(sample(100)))
    assert not hasattr(model, "predictor_")


def test_one_variable_constrained_twice() -> None:
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(sample(100), columns=["a", "b", "c", "d"])
    y = X["a"].to_numpy() > 0
    for constraints in ({"a": 1, 0: -1}, {"a": 1, 0: 1}):
        with pytest.raises(InvalidArgument, match="monotone_constraints has two entries for one variable"):
            diskern.GradientBoostedTreesClassifier(monotone_constraints=constraints).fit(X, y)
    with pytest.raises(InvalidArgument, match=r"twice in one group"):
        diskern.GradientBoostedTreesClassifier(interaction_constraints=[["a", 0]]).fit(X, y)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("GradientBoostedTreesClassifier", {"min_samples_leaf": 61}),
        ("GradientBoostedTreesClassifier", {"min_child_weight": 1e9}),
        ("GradientBoostedTreesClassifier", {"min_gain": 1e9}),
        ("GradientBoostedTreesClassifier", {"min_effective_count": 61.0}),
        ("GradientBoostedTreesClassifier", {"l1_regularization": 1e9}),
        ("GradientBoostedTreesRegressor", {"loss": "squared_error", "subsample": 1.0, "min_samples_leaf": 61}),
        ("RandomForestClassifier", {"min_samples_leaf": 61, "bootstrap": False, "oob_score": False}),
        ("RandomForestClassifier", {"min_samples_split": 121, "bootstrap": False, "oob_score": False}),
    ],
)
def test_limits_that_leave_no_cut_give_the_mean(name: str, parameters: dict[str, Any]) -> None:
    """No leaf is ever empty: what cannot be cut stays whole."""
    X = np.nan_to_num(sample(120))
    model = made(name, **parameters)
    y = X[:, 0] > 0.2
    model.fit(X, y.astype(float) if "Regressor" in name else y)
    forest = model.predictor_
    assert {len(forest.tree(t)["feature"]) for t in range(forest.tree_count)} == {1}
    response = model.predict(X) if "Regressor" in name else model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(response, y.mean(), atol=1e-6)


@pytest.mark.parametrize("name", [name for name in BINNED if name not in ("ExtraTreesRegressor",)])
def test_no_leaf_is_empty(name: str) -> None:
    """Every leaf is reached by an event of the training, also where events of weight zero lie alone."""
    X = sample(300)
    X[:40, 0] = 50.0  # far away, and without weight
    weight = np.where(np.arange(300) < 40, 0.0, 1.0)
    more = {"max_samples": 1.0} if "max_samples" in made(name).get_params() else {}
    for parameter, value in (("oob_score", False), ("bootstrap", False), ("subsample", 1.0), ("min_samples_leaf", 1)):
        if parameter in made(name).get_params():
            more[parameter] = value
    model = fitted(made(name, **more), X, sample_weight=weight)
    forest = getattr(model.predictor_, "voters", model.predictor_)
    reached = forest.leaf_index(X[40:])
    for t in range(forest.tree_count):
        leaves = np.flatnonzero(np.asarray(forest.tree(t)["feature"]) == -1)
        assert set(leaves.tolist()) == set(reached[:, t].tolist())
