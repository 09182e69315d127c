"""The histogram engine against an exact greedy reference, and what it promises: threads, order, weights, missing."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boosting_support import arrays, events_for, fit, same_model, walk
from diskern import _core

RNG = np.random.default_rng


# The reference: exact greedy search over the distinct values, sums by math.fsum, as plain as the definition.


def reference_tree(
    X: NDArray[Any],
    g: NDArray[Any],
    h: NDArray[Any],
    count: NDArray[Any],
    *,
    max_leaf_nodes: int,
    max_depth: int,
    min_samples_leaf: float,
    l2: float,
    leaf_wise: bool,
) -> dict[str, list[Any]]:
    def score(rows: NDArray[Any]) -> float:
        total, norm = math.fsum(g[rows]), math.fsum(h[rows]) + l2
        return total * total / norm if norm > 0 else 0.0

    edges = []
    for j in range(X.shape[1]):
        values = np.unique(X[~np.isnan(X[:, j]), j])
        edges.append([-np.inf, *[np.float32((float(a) + float(b)) / 2) for a, b in itertools.pairwise(values)]])

    def best_split(rows: NDArray[Any]) -> tuple[float, int, float, bool, NDArray[Any], NDArray[Any]] | None:
        best = None
        for j in range(X.shape[1]):
            x = X[rows, j]
            missing = np.isnan(x)
            for edge in edges[j]:
                for missing_right in (True, False) if missing.any() else (None,):
                    if np.isneginf(edge) and missing_right is not False:
                        continue
                    right = (x >= edge) | (missing & bool(missing_right))
                    left_rows, right_rows = rows[~right], rows[right]
                    if not len(left_rows) or not len(right_rows):
                        continue
                    if min(math.fsum(count[left_rows]), math.fsum(count[right_rows])) < min_samples_leaf:
                        continue
                    parent = score(rows)
                    gain = score(left_rows) + score(right_rows) - parent
                    if gain > max(0.0, 1e-12 * parent) and (best is None or gain > best[0]):
                        direction = missing_right
                        if direction is None:
                            direction = math.fsum(count[right_rows]) > math.fsum(count[left_rows])
                        best = (gain, j, float(edge), bool(direction), left_rows, right_rows)
        return best

    tree: dict[str, list[Any]] = {k: [] for k in ("feature", "threshold", "left", "right", "missing_right", "value")}
    nodes: list[tuple[NDArray[Any], int, Any]] = []

    def add(rows: NDArray[Any], depth: int) -> int:
        norm = math.fsum(h[rows]) + l2
        for key, value in zip(tree, (-1, 0.0, -1, -1, 0, -math.fsum(g[rows]) / norm), strict=True):
            tree[key].append(value)
        allowed = (max_depth == 0 or depth < max_depth) and math.fsum(count[rows]) >= 2 * min_samples_leaf
        nodes.append((rows, depth, best_split(rows) if allowed else None))
        return len(nodes) - 1

    open_nodes = [add(np.arange(len(X)), 0)]
    leaves = 1
    while leaves < max_leaf_nodes:
        open_nodes = [i for i in open_nodes if nodes[i][2] is not None]
        if not open_nodes:
            break
        chosen = max(open_nodes, key=lambda i: nodes[i][2][0]) if leaf_wise else open_nodes[0]
        open_nodes.remove(chosen)
        _, depth, (_, j, edge, direction, left_rows, right_rows) = nodes[chosen]
        tree["feature"][chosen], tree["threshold"][chosen], tree["missing_right"][chosen] = j, edge, int(direction)
        tree["left"][chosen] = add(left_rows, depth + 1)
        tree["right"][chosen] = add(right_rows, depth + 1)
        open_nodes += [tree["left"][chosen], tree["right"][chosen]]
        leaves += 1
    return tree


def equal_tree(found: dict[str, Any], expected: dict[str, list[Any]], learning_rate: float) -> None:
    for key in ("feature", "left", "right", "missing_right"):
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
    inner = np.asarray(expected["feature"]) >= 0
    np.testing.assert_array_equal(np.asarray(found["threshold"])[inner], np.asarray(expected["threshold"])[inner])
    np.testing.assert_allclose(found["value"], learning_rate * np.asarray(expected["value"]), rtol=1e-9, atol=1e-12)


def coarse_events(n: int, seed: int, missing: float) -> NDArray[np.float32]:
    """Few distinct values, so that ties abound and nothing but exact bins is used."""
    rng = RNG(seed)
    X = rng.integers(-6, 7, size=(n, 4)).astype(np.float32)
    X[:, 1] = rng.integers(0, 2, n)
    X[rng.random(X.shape) < missing] = np.nan
    return X


@pytest.mark.parametrize("leaf_wise", [True, False])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_first_tree_of_exact_gradients_is_the_reference(leaf_wise: bool, missing: float, weighted: bool) -> None:
    n = 1000
    X = coarse_events(n, 3, missing)
    noise = RNG(4).normal(size=n)
    y = (np.nan_to_num(X[:, 0]) + 2 * np.isnan(X[:, 2]) + noise > 0).astype(np.int32)
    weight = RNG(5).integers(1, 4, n).astype(float) if weighted else np.ones(n)
    # Balance the classes exactly: then p = 1/2, the gradients are +-1/2 and the hessians 1/4.
    deficit = weight[y == 0].sum() - weight[y == 1].sum()
    weight[np.flatnonzero(y == (1 if deficit > 0 else 0))[0]] += abs(deficit)
    result = fit(
        X, weight, class_index=y, n_estimators=1, learning_rate=1.0, max_leaf_nodes=12, max_depth=5,
        min_samples_leaf=15, l2_regularization=0.5, leaf_wise=leaf_wise,
    )  # fmt: skip
    expected = reference_tree(
        X, weight * np.where(y, -0.5, 0.5), weight * 0.25, weight, max_leaf_nodes=12, max_depth=5,
        min_samples_leaf=15, l2=0.5, leaf_wise=leaf_wise,
    )  # fmt: skip
    assert len(expected["feature"]) > 10
    equal_tree(arrays(result)[0], expected, 1.0)


@pytest.mark.parametrize("spread", [False, True], ids=["narrow cells", "wide cells"])
@pytest.mark.parametrize("task", ["logistic", "squared"])
def test_five_trees_are_the_reference(task: str, spread: bool) -> None:
    rng = RNG(11)
    n = 600
    X = rng.normal(size=(n, 3)).astype(np.float32)
    X[rng.random(X.shape) < 0.1] = np.nan
    # 600 distinct values need more than 255 bins: round them, so that the reference sees the same cuts
    X = (np.round(X * 20) / 20).astype(np.float32)
    z = np.nan_to_num(X[:, 0]) ** 2 - np.nan_to_num(X[:, 1]) + 0.3 * rng.normal(size=n)
    weight = 10.0 ** rng.uniform(-4, 2, n) if spread else np.ones(n)
    settings = {"max_leaf_nodes": 8, "max_depth": 0, "min_samples_leaf": 10, "leaf_wise": True}
    if task == "logistic":
        y = (z > 0.5).astype(np.int32)
        result = fit(X, weight, class_index=y, n_estimators=5, learning_rate=0.3, **settings)
        score = np.full(n, np.log(weight[y == 1].sum() / weight[y == 0].sum()))
    else:
        result = fit(X, weight, target=z, n_estimators=5, learning_rate=0.3, **settings)
        score = np.full(n, np.average(z, weights=weight))
    assert result.predictor.base_score == pytest.approx(score[:1], rel=1e-9)
    for found in arrays(result):
        if task == "logistic":
            p = 1 / (1 + np.exp(-score))
            g, h = p - y, p * (1 - p)
        else:
            g, h = score - z, np.ones(n)
        expected = reference_tree(X, weight * g, weight * h, np.maximum(weight, 1.0), l2=0.0, **settings)
        equal_tree(found, expected, 0.3)
        score = score + [walk(found, x) for x in X]


# What is promised


TASKS = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weights", ["unit", "spread"])
def test_threads_do_not_matter(task: str, weights: str) -> None:
    X, answer = events_for(task, 40000)
    weight = None if weights == "unit" else 10.0 ** RNG(2).uniform(-3, 3, len(X))
    first = fit(X, weight, **answer, n_estimators=4)
    for threads in (2, 3, 5, 8):
        same_model(first, fit(X, weight, **answer, n_estimators=4, threads=threads))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weights", ["unit", "spread", "signed"])
def test_order_of_events_does_not_matter(task: str, weights: str) -> None:
    X, answer = events_for(task)
    weight = np.ones(len(X))
    if weights == "spread":
        weight = 10.0 ** RNG(2).uniform(-3, 3, len(X))
    if weights == "signed":
        weight = np.where(RNG(2).random(len(X)) < 0.1, -1.0, 1.0)
    order = RNG(3).permutation(len(X))
    n_classes = answer.pop("n_classes", 2 if task == "binary" else 0)
    shuffled = {key: value[order] for key, value in answer.items()}
    same_model(
        fit(X, weight, **answer, n_classes=n_classes, n_estimators=10),
        fit(X[order], weight[order], **shuffled, n_classes=n_classes, n_estimators=10),
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("largest", [3, 40, 3000], ids=str)
def test_integer_weight_is_a_repeated_event(task: str, largest: int) -> None:
    X, answer = events_for(task, 800)
    n_classes = answer.pop("n_classes", 2 if task == "binary" else 0)
    weight = RNG(4).integers(0, largest + 1, len(X))
    if largest > 100:
        weight = np.where(RNG(4).random(len(X)) < 0.02, largest, 1)
    repeated = {key: np.repeat(value, weight) for key, value in answer.items()}
    same_model(
        fit(X, weight, **answer, n_classes=n_classes, n_estimators=15),
        fit(np.repeat(X, weight, axis=0), None, **repeated, n_classes=n_classes, n_estimators=15),
    )


@pytest.mark.parametrize("task", TASKS)
def test_training_score_is_the_predictor_s(task: str) -> None:
    """Binned and raw comparison agree, the loss curve is that of the model."""
    X, answer = events_for(task)
    result = fit(X, **answer, n_estimators=12)
    raw = _core.raw_scores(result.predictor, X)
    if task == "regression":
        loss = 0.5 * np.mean((raw[:, 0] - answer["target"]) ** 2)
    elif task == "binary":
        sign = 2 * answer["class_index"] - 1
        loss = np.mean(np.logaddexp(0, -sign * raw[:, 0]))
    else:
        loss = np.mean(np.logaddexp.reduce(raw, axis=1) - raw[np.arange(len(X)), answer["class_index"]])
    assert result.training_loss[-1] == pytest.approx(loss, rel=1e-12)
    assert len(result.training_loss) == 13
    assert np.all(np.diff(result.training_loss) < 0)


def test_cut_values_go_right() -> None:
    """Values equal to, just below and just above every cut take the side that training gave them."""
    X, answer = events_for("binary", 500)
    result = fit(X, **answer, n_estimators=5, min_samples_leaf=5)
    edges = _core.find_bin_edges(X, np.ones(len(X)), 255)
    for tree in arrays(result):
        for feature, threshold in zip(tree["feature"], tree["threshold"], strict=True):
            if feature >= 0 and np.isfinite(threshold):
                assert np.float32(threshold) in np.asarray(edges[feature], np.float32)
                assert float(np.float32(threshold)) == threshold


def test_equal_gains_go_to_the_lowest_variable() -> None:
    X, answer = events_for("binary", 1000)
    doubled = np.repeat(X, 2, axis=1)  # every variable twice
    twice = fit(doubled, **answer, n_estimators=8)
    for tree, single in zip(arrays(twice), arrays(fit(X, **answer, n_estimators=8)), strict=True):
        feature = np.asarray(tree["feature"])
        assert np.all(feature[feature >= 0] % 2 == 0)
        np.testing.assert_array_equal(np.where(feature >= 0, feature // 2, feature), single["feature"])


def test_missing_alone_can_be_cut_off() -> None:
    X = np.array([[np.nan]] * 60 + [[1.0]] * 30 + [[np.inf]] * 30 + [[-np.inf]] * 30, np.float32)
    y = np.isnan(X[:, 0]).astype(np.int32)
    result = fit(X, class_index=y, n_estimators=5)
    p = result.predictor.evaluate(X)[:, 0]
    assert p[:60].min() > p[60:].max()
    assert len(np.unique(p[60:])) == 1


def test_infinities_are_values() -> None:
    X = np.array([[-np.inf]] * 50 + [[-3e38]] * 50 + [[3e38]] * 50 + [[np.inf]] * 50, np.float32)
    y = np.repeat([0, 1, 0, 1], 50).astype(np.int32)
    result = fit(X, class_index=y, n_estimators=30, max_leaf_nodes=4)
    assert np.array_equal(result.predictor.evaluate(X)[:, 0] > 0.5, y == 1)


def test_bin_edges_are_half_way_between_few_values() -> None:
    X = np.array([[1, 7.0], [2, 7], [2, 7], [5, np.nan]], np.float32)
    assert [list(e) for e in _core.find_bin_edges(X, np.ones(4), 255)] == [[1.5, 3.5], []]
    # an event of weight zero is not there
    assert list(_core.find_bin_edges(X, np.array([1.0, 1, 1, 0]), 255)[0]) == [1.5]


def test_bin_edges_are_weighted_quantiles() -> None:
    rng = RNG(6)
    x = rng.normal(size=(20000, 1)).astype(np.float32)
    weight = np.where(x[:, 0] > 0, 3.0, 1.0) * np.where(rng.random(20000) < 0.1, -1, 1)  # |w| counts
    edges = np.asarray(_core.find_bin_edges(x, weight, 64)[0])
    assert len(edges) == 63
    share = np.bincount(np.searchsorted(edges, x[:, 0], side="right"), np.abs(weight)) / np.abs(weight).sum()
    np.testing.assert_allclose(share, 1 / 64, rtol=0.05)
    # with classes each has half of the total, however small its weight
    label = (x[:, 0] > 1).astype(np.int32)
    edges = np.asarray(_core.find_bin_edges(x, np.where(label, 1e-6, 1.0), 64, class_index=label)[0])
    assert np.sum(edges > 1) == pytest.approx(32, abs=1)
    # a heavy value has a bin of its own and leaves the others their shares
    x[:8000] = 0.25
    edges = np.asarray(_core.find_bin_edges(x, np.ones(20000), 64)[0])
    share = np.bincount(np.searchsorted(edges, x[:, 0], side="right")) / 20000
    assert np.sort(share)[-1] == pytest.approx(0.4, abs=0.01)
    assert np.sort(share)[-2] < 0.012


def test_early_stopping_keeps_the_best_iteration() -> None:
    X, answer = events_for("binary", 2000)
    Y = answer["class_index"].copy()
    flip = RNG(7).random(2000) < 0.2
    Y[flip] = 1 - Y[flip]
    validation = (X[1000:], np.ones(1000), Y[1000:])
    result = fit(
        X[:1000], class_index=Y[:1000], n_estimators=500, n_iter_no_change=15, min_samples_leaf=3, validation=validation
    )
    best = int(np.argmin(result.validation_loss))
    assert result.best_iteration == best == result.predictor.tree_count
    assert 0 < best < 400
    assert len(result.validation_loss) == best + 16
    p = result.predictor.evaluate(X[1000:])[:, 0]
    loss = -np.mean(np.log(np.where(Y[1000:] == 1, p, 1 - p)))
    assert loss == pytest.approx(result.validation_loss[best], rel=1e-10)
    # without early stopping all iterations stay, the curve is the same as far as it goes
    full = fit(
        X[:1000], class_index=Y[:1000], n_estimators=60, n_iter_no_change=0, min_samples_leaf=3, validation=validation
    )
    assert full.predictor.tree_count == 60
    shared = min(len(full.validation_loss), len(result.validation_loss))
    assert full.validation_loss[:shared] == result.validation_loss[:shared]


def test_negative_weights() -> None:
    """A sample polluted by events that as many of negative weight take away again trains like the clean one."""
    X, answer = events_for("binary", 4000, seed=8)
    y = answer["class_index"]
    pollution = events_for("binary", 1500, seed=9)[0]
    label = np.zeros(1500, np.int32)
    events = np.vstack([X, pollution, pollution])
    classes = np.concatenate([y, label, label])
    weight = np.concatenate([np.ones(4000), np.ones(1500), -np.ones(1500)])
    test, truth = events_for("binary", 4000, seed=10)

    def auc(result: Any) -> float:
        order = np.argsort(result.predictor.evaluate(test)[:, 0], kind="stable")
        rank = np.empty(len(order))
        rank[order] = np.arange(len(order))
        signal = truth["class_index"] == 1
        return float((rank[signal].mean() - (signal.sum() - 1) / 2) / (~signal).sum())

    clean = auc(fit(X, class_index=y))
    kept = fit(events, weight, class_index=classes)
    ignored = fit(events, weight, class_index=classes, negative_weights=_core.NegativeWeights.ignore)
    assert auc(kept) > clean - 0.01
    # the mean response tells ignored events of negative weight: the background is doubled in places
    mean = np.mean(kept.predictor.evaluate(test)), np.mean(ignored.predictor.evaluate(test))
    assert mean[0] == pytest.approx(y.mean(), abs=0.03)
    assert mean[1] < mean[0] - 0.05
    assert all(np.all(np.isfinite(tree["value"])) for tree in arrays(kept))
    for tree in arrays(kept):
        assert np.all(np.asarray(tree["weight"]) > 0)
    with pytest.raises(_core.InvalidArgument, match="negative weight"):
        fit(events, weight, class_index=classes, negative_weights=_core.NegativeWeights.error)


@pytest.mark.parametrize("growth", [{"max_depth": 3, "max_leaf_nodes": 0}, {"max_leaf_nodes": 9, "subsample": 0.5}])
def test_negative_fractions_are_those_of_the_leaves(growth: dict[str, Any]) -> None:
    X, answer = events_for("binary", 3000, seed=11)
    rng = RNG(12)
    weight = np.where(rng.random(3000) < 0.2, -1.0, 1.0) * rng.uniform(0.5, 2.0, 3000)
    settings = {**answer, "n_estimators": 4, "min_samples_leaf": 5, **growth}
    result = fit(X, weight, threads=2, **settings)
    assert len(result.negative_fraction) == 4
    leaf = result.predictor.leaf_index(X)
    for number, (tree, found) in enumerate(zip(arrays(result), result.negative_fraction, strict=True)):
        assert len(found) == len(tree["feature"])
        assert 0 < found.max() < 0.5  # a leaf has a positive sum of weights
        if "subsample" in growth:
            continue
        for node in np.flatnonzero(np.asarray(tree["feature"]) < 0):
            there = weight[leaf[:, number] == node]
            assert found[node] == pytest.approx(-there[there < 0].sum() / np.abs(there).sum(), rel=1e-12)
        assert found[0] == pytest.approx(-weight[weight < 0].sum() / np.abs(weight).sum(), rel=1e-12)
    for threads in (1, 3):
        again = fit(X, weight, threads=threads, **settings)
        assert all(map(np.array_equal, again.negative_fraction, result.negative_fraction))
    assert fit(X, np.abs(weight), **settings).negative_fraction == []


def test_weights_over_six_decades() -> None:
    """The light events decide where the heavy ones are absent; fixed point must not lose them."""
    rng = RNG(12)
    # at most 200 values, each with its own bin: quantiles by weight would not resolve the light side
    X = ((rng.integers(-100, 100, size=(6000, 2)) + 0.5) / 100).astype(np.float32)
    heavy = X[:, 0] > 0
    y = ((X[:, 1] > 0) ^ heavy).astype(np.int32)
    weight = np.where(heavy, 1e3, 1e-3)
    result = fit(X, weight, class_index=y, n_estimators=20, max_leaf_nodes=4)
    assert np.mean((result.predictor.evaluate(X)[:, 0] > 0.5) == y) > 0.99


def test_constant_variables_and_pure_nodes_are_not_cut() -> None:
    X = np.ones((100, 2), np.float32)
    result = fit(X, class_index=np.arange(100) % 2)
    assert result.predictor.tree_count == 1
    assert len(arrays(result)[0]["feature"]) == 1
    assert result.predictor.evaluate(X[:1])[0, 0] == 0.5
    assert list(result.feature_gain) == [0.0, 0.0]


def test_progress_and_interruption() -> None:
    X, answer = events_for("binary", 500)
    seen: list[tuple[Any, ...]] = []
    result = fit(X, **answer, n_estimators=7, progress=lambda *a: seen.append(a))
    assert [s[:2] for s in seen] == [(i, 7) for i in range(1, 8)]
    assert [s[2] for s in seen] == result.training_loss[1:]
    assert all(math.isnan(s[3]) for s in seen)
    held_out = (X, np.ones(len(X)), np.asarray(answer["class_index"], np.int32))
    settings = {"n_estimators": 7, "validation": held_out, "progress": lambda *a: seen.append(a)}
    for metric in ("loss", "auc"):
        seen.clear()
        result = fit(X, **answer, early_stopping_metric=_core.ValidationMetric.__members__[metric], **settings)
        watched = result.validation_metric if metric == "auc" else result.validation_loss
        assert [s[3] for s in seen] == list(watched[1:])


def bad_cases() -> list[tuple[str, dict[str, Any], str]]:
    X, answer = events_for("binary", 50)
    good = {"events": X, **answer}
    held_out = np.ones(50), answer["class_index"]
    return [
        ("empty", {"events": X[:0], "class_index": []}, "no events"),
        ("no variables", {**good, "events": X[:, :0]}, "no variables"),
        ("zero weights", {**good, "weight": np.zeros(50)}, "all weights are zero"),
        ("infinite weight", {**good, "weight": np.full(50, np.inf)}, "not finite"),
        ("negative sum", {**good, "weight": -np.ones(50)}, "sum of weights"),
        ("one class", {**good, "class_index": np.zeros(50)}, "class 1"),
        ("class outside", {**good, "class_index": np.full(50, 2)}, "outside 0 .. 1"),
        ("nan target", {"events": X, "target": np.full(50, np.nan)}, "target of event 0"),
        ("n_estimators", {**good, "n_estimators": 0}, "n_estimators"),
        ("learning_rate", {**good, "learning_rate": float("nan")}, "learning_rate"),
        ("max_leaf_nodes", {**good, "max_leaf_nodes": 1}, "max_leaf_nodes"),
        ("max_bins", {**good, "max_bins": 256}, "max_bins"),
        ("subsample", {**good, "subsample": 0.0}, "subsample"),
        ("validation columns", {**good, "validation": (X[:, :3].copy(), *held_out)}, "variables"),
    ]


@pytest.mark.parametrize(("settings", "message"), [c[1:] for c in bad_cases()], ids=[c[0] for c in bad_cases()])
def test_bad_input_is_a_clear_error(settings: dict[str, Any], message: str) -> None:
    settings = dict(settings)
    with pytest.raises(_core.InvalidArgument, match=message):
        fit(settings.pop("events"), settings.pop("weight", None), **settings)


def test_wrong_dtype_is_refused_not_copied() -> None:
    params = _core.GradientBoostingParams()
    with pytest.raises(_core.InvalidArgument, match="events"):
        _core.fit_gradient_boosting(params, np.ones((3, 1)), np.ones(3), target=np.ones(3))


@pytest.mark.parametrize(
    ("settings", "weight", "factor", "message"),
    [
        ({}, 1e300, 1.0, "scale the weights"),
        ({}, 1e-300, 1.0, "scale the weights"),
        ({}, 1.0, 1e200, "scale the targets"),
        ({"learning_rate": 1e10, "n_estimators": 100}, 1.0, 1.0, "smaller learning_rate"),
    ],
)
def test_sums_that_leave_float64_are_errors(
    settings: dict[str, Any], weight: float, factor: float, message: str
) -> None:
    X = RNG(3).normal(size=(200, 2))
    with pytest.raises(_core.InvalidArgument, match=message):
        fit(X, np.full(200, weight), target=X[:, 0] * factor, **settings)


def test_many_iterations_on_separable_events_stay_finite() -> None:
    """Derivatives that underflow end boosting; they never become integers out of range."""
    X = np.linspace(-1, 1, 100)[:, np.newaxis]
    result = fit(X, class_index=X[:, 0] > 0, learning_rate=1.0, n_estimators=2000, min_samples_leaf=1)
    assert np.all(np.isfinite(result.training_loss))
    response = result.predictor.evaluate(X.astype(np.float32))[:, 0]
    assert np.all((response > 0.5) == (X[:, 0] > 0))
