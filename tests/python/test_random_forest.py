"""Random forests, extra trees and bagged trees: against exhaustive search, against scikit-learn, exactness."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.ensemble import ExtraTreesClassifier as SklearnExtraTrees
from sklearn.ensemble import RandomForestClassifier as SklearnRandomForest
from sklearn.ensemble import RandomForestRegressor as SklearnRandomForestRegressor
from sklearn.metrics import roc_auc_score

import diskern
from diskern import (
    BaggingTreesClassifier,
    BaggingTreesRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

CLASSIFIERS = [RandomForestClassifier, ExtraTreesClassifier, BaggingTreesClassifier]
REGRESSORS = [RandomForestRegressor, ExtraTreesRegressor, BaggingTreesRegressor]
ALL = [*CLASSIFIERS, *REGRESSORS]


def toy(events: int, seed: int, variables: int = 6) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(events, variables)).astype(np.float32)
    z = X[:, 0] * X[:, 1] + 0.8 * X[:, 2] + 0.5 * np.sin(3 * X[:, 3])
    return X, (z + 0.7 * generator.normal(size=events) > 0).astype(np.int64)


def bits(model: Any) -> bytes:
    forest = model.predictor_
    parts = []
    for t in range(forest.tree_count):
        tree = forest.tree(t)
        parts += [np.asarray(tree[key]).tobytes() for key in sorted(tree) if tree[key] is not None]
    return b"".join(parts)


# Against exhaustive search


def impurity(criterion: str, y: NDArray[Any], w: NDArray[np.float64], classes: int) -> float:
    """By the definition, times the sum of weights."""
    total = w.sum()
    if criterion == "squared_error":
        return float((w * (y - np.average(y, weights=w)) ** 2).sum())
    p = np.array([w[y == k].sum() / total for k in range(classes)])
    if criterion == "gini":
        return float(total * (p * (1 - p)).sum())
    if criterion == "entropy":
        return float(-total * (p[p > 0] * np.log2(p[p > 0])).sum())
    return float(total * (1 - p.max()))


def check_tree(
    tree: dict[str, Any], X: NDArray[np.float32], y: NDArray[Any], w: NDArray[np.float64], criterion: str, depth: int
) -> int:
    """Every node has the largest decrease of all cuts between values, is a leaf only where it must be, and says the
    share of class 1 or the mean. Returns the number of cuts checked."""
    classes = 2
    checked = 0
    stack = [(0, np.arange(len(y)), 0)]
    while stack:
        node, rows, level = stack.pop()
        here = impurity(criterion, y[rows], w[rows], classes)
        mean = np.average(y[rows], weights=w[rows])
        assert tree["value"][node] == pytest.approx(mean, rel=1e-9, abs=1e-9)  # targets have 40 bits
        assert tree["weight"][node] == pytest.approx(w[rows].sum(), rel=1e-12)
        best = 0.0
        for j in range(X.shape[1]):
            for low, high in pairwise(np.unique(X[rows, j])):
                left = X[rows, j] <= low
                del high
                rest = impurity(criterion, y[rows[left]], w[rows[left]], classes)
                rest += impurity(criterion, y[rows[~left]], w[rows[~left]], classes)
                best = max(best, here - rest)
        feature = tree["feature"][node]
        if feature < 0:
            pure = len(np.unique(y[rows])) == 1 and criterion != "squared_error"
            assert level == depth or pure or best <= 1e-9 * max(here, 1.0)
            continue
        right = X[rows, feature] >= tree["threshold"][node]
        assert right.any()
        assert not right.all()
        gain = here - impurity(criterion, y[rows[right]], w[rows[right]], classes)
        gain -= impurity(criterion, y[rows[~right]], w[rows[~right]], classes)
        assert tree["gain"][node] == pytest.approx(gain, rel=1e-8, abs=1e-8)
        assert gain == pytest.approx(best, rel=1e-8, abs=1e-8)
        checked += 1
        stack.append((tree["right"][node], rows[right], level + 1))
        stack.append((tree["left"][node], rows[~right], level + 1))
    return checked


@pytest.mark.parametrize("criterion", ["gini", "entropy", "misclassification", "squared_error"])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_cut_is_the_best_by_exhaustive_search(criterion: str, weighted: bool) -> None:
    generator = np.random.default_rng(3)
    X = generator.integers(0, 12, size=(300, 3)).astype(np.float32)  # few values: every gap is between two bins
    w = generator.exponential(size=300) if weighted else np.ones(300)
    kwargs: dict[str, Any] = {"n_estimators": 1, "bootstrap": False, "max_depth": 5, "random_state": 0}
    if criterion == "squared_error":
        y: NDArray[Any] = X[:, 0] * np.sin(X[:, 1]) + generator.normal(size=300)
        model: Any = BaggingTreesRegressor(**kwargs).fit(X, y, w)
    else:
        y = (X[:, 0] + 3 * np.sin(X[:, 1]) + 2 * generator.normal(size=300) > 6).astype(np.int64)
        model = BaggingTreesClassifier(criterion=criterion, **kwargs).fit(X, y, w)
    assert check_tree(model.predictor_.tree(0), X, y, w, criterion, 5) > (0 if criterion == "misclassification" else 10)


def test_few_events_of_many_bins_are_cut_like_many() -> None:
    # The list of occupied bins of small nodes and the walk over all bins of large ones find the same cuts.
    X, y = toy(150, 1)
    many_X, many_y = np.repeat(X, 4, axis=0), np.repeat(y, 4)
    small = BaggingTreesClassifier(n_estimators=1, bootstrap=False, min_samples_leaf=3).fit(X, y)
    large = BaggingTreesClassifier(n_estimators=1, bootstrap=False, min_samples_leaf=12, min_samples_split=8).fit(
        many_X, many_y
    )
    for key in ("feature", "threshold", "left", "value"):
        np.testing.assert_array_equal(small.predictor_.tree(0)[key], large.predictor_.tree(0)[key])


# Exactness


@pytest.mark.parametrize("kind", ALL)
def test_threads_change_no_bit(kind: Any) -> None:
    X, y = toy(3000, 2)
    models = [kind(n_estimators=7, random_state=5, n_jobs=n).fit(X, y) for n in (1, 2, 3, 5, 8)]
    assert len({bits(model) for model in models}) == 1
    assert bits(kind(n_estimators=7, random_state=6).fit(X, y)) != bits(models[0])


@pytest.mark.parametrize("kind", [BaggingTreesClassifier, BaggingTreesRegressor, ExtraTreesClassifier])
def test_integer_weight_is_the_event_repeated(kind: Any) -> None:
    X, y = toy(400, 4)
    weight = np.random.default_rng(1).integers(1, 4, size=400)
    kwargs = {"n_estimators": 3, "bootstrap": False, "random_state": 1, "min_samples_leaf": 2}
    weighted = kind(**kwargs).fit(X, y, weight.astype(float))
    repeated = kind(**kwargs).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert bits(weighted) == bits(repeated)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_counts_and_weights_make_the_same_trees(kind: Any) -> None:
    # Weight one goes through packed counts, one half through sums of weights; powers of two change no decision.
    X, y = toy(3000, 8)
    X[::17, 2] = np.nan
    counted = kind(n_estimators=3, random_state=2).fit(X, y)
    summed = kind(n_estimators=3, random_state=2).fit(X, y, np.full(3000, 0.5))
    for t in range(3):
        one, two = counted.predictor_.tree(t), summed.predictor_.tree(t)
        for key in ("feature", "threshold", "left", "right", "missing_right", "value"):
            np.testing.assert_array_equal(one[key], two[key])


def test_order_of_events_does_not_matter_without_draws() -> None:
    X, y = toy(2000, 6)
    order = np.random.default_rng(0).permutation(2000)
    one = BaggingTreesClassifier(n_estimators=1, bootstrap=False).fit(X, y)
    two = BaggingTreesClassifier(n_estimators=1, bootstrap=False).fit(X[order], y[order])
    assert bits(one) == bits(two)


def test_events_of_weight_zero_are_absent() -> None:
    X, y = toy(1000, 7)
    weight = np.ones(1000)
    weight[::3] = 0
    kept = weight > 0
    one = BaggingTreesClassifier(n_estimators=2, bootstrap=False).fit(X, y, weight)
    two = BaggingTreesClassifier(n_estimators=2, bootstrap=False).fit(X[kept], y[kept])
    assert bits(one) == bits(two)


# Quality


def mean_auc(model: Any, seeds: range, events: int = 4000) -> float:
    scores = []
    for seed in seeds:
        X, y = toy(events, 100 + seed)
        test_X, test_y = toy(4000, 200 + seed)
        model.set_params(random_state=seed)
        scores.append(roc_auc_score(test_y, model.fit(X, y).predict_proba(test_X)[:, 1]))
    return float(np.mean(scores))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (RandomForestClassifier, SklearnRandomForest),
        (ExtraTreesClassifier, SklearnExtraTrees),
    ],
)
@pytest.mark.parametrize("leaf", [1, 10])
def test_as_good_as_scikit_learn(ours: Any, theirs: Any, leaf: int) -> None:
    kwargs = {"n_estimators": 40, "min_samples_leaf": leaf}
    mine = mean_auc(ours(**kwargs), range(3))
    other = mean_auc(theirs(**kwargs), range(3))
    assert mine > 0.8
    assert mine >= other - 0.004


def test_regression_as_good_as_scikit_learn() -> None:
    def target(X: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(X[:, 0] * X[:, 1] + np.abs(X[:, 2]), np.float64)

    X, _ = toy(4000, 1)
    test_X, _ = toy(4000, 2)
    noise = np.random.default_rng(0).normal(size=4000)
    kwargs: dict[str, Any] = {"n_estimators": 40, "max_features": 0.5, "random_state": 0}
    mine = RandomForestRegressor(**kwargs).fit(X, target(X) + noise).score(test_X, target(test_X))
    other = SklearnRandomForestRegressor(**kwargs).fit(X, target(X) + noise).score(test_X, target(test_X))
    assert mine > 0.7
    assert mine >= other - 0.01


def test_magic(data_directory: Path) -> None:
    table = np.genfromtxt(data_directory / "magic" / "magic04.csv.gz", delimiter=",", skip_header=1, dtype=str)
    X, y = table[:, :10].astype(np.float32), (table[:, 10] == "g").astype(int)
    train = 12172
    scores = {}
    for kind in (RandomForestClassifier, SklearnRandomForest, ExtraTreesClassifier, SklearnExtraTrees):
        model = kind(n_estimators=60, random_state=0, min_samples_leaf=2).fit(X[:train], y[:train])
        scores[kind] = roc_auc_score(y[train:], model.predict_proba(X[train:])[:, 1])
    assert scores[RandomForestClassifier] >= scores[SklearnRandomForest] - 0.003
    assert scores[ExtraTreesClassifier] >= scores[SklearnExtraTrees] - 0.003


def test_several_classes() -> None:
    generator = np.random.default_rng(5)
    X = generator.normal(size=(3000, 4)).astype(np.float32)
    y = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0)]
    for kind in CLASSIFIERS:
        model = kind(n_estimators=30, random_state=0, oob_score=True, bootstrap=True).fit(X[:2000], y[:2000])
        probability = model.predict_proba(X[2000:])
        assert probability.shape == (1000, 3)
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-12)
        assert model.score(X[2000:], y[2000:]) > 0.9
        assert model.oob_decision_function_.shape == (2000, 3)
        assert model.oob_score_ > 0.9


# Draws


def test_bootstrap_leaves_out_what_a_poisson_distribution_does() -> None:
    X, y = toy(20000, 9)
    for fraction in (1.0, 0.5):
        model = RandomForestClassifier(
            n_estimators=1, random_state=3, oob_score=True, max_samples=fraction, max_depth=3
        ).fit(X, y)
        unseen = ~np.isnan(model.oob_decision_function_[:, 0])
        expected = np.exp(-fraction)
        assert abs(unseen.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / 20000)
        # The root's weight is the number of draws: Poisson of mean fraction * n.
        drawn = model.predictor_.tree(0)["weight"][0]
        assert abs(drawn - fraction * 20000) < 4 * np.sqrt(fraction * 20000)
    once = BaggingTreesClassifier(n_estimators=1, bootstrap=False, max_samples=0.3, oob_score=True, random_state=1)
    unseen = ~np.isnan(once.fit(X, y).oob_decision_function_[:, 0])
    assert abs(unseen.mean() - 0.7) < 4 * np.sqrt(0.21 / 20000)
    assert once.predictor_.tree(0)["weight"][0] == (~unseen).sum()


def test_out_of_bag_responses_are_of_unseen_trees() -> None:
    X, y = toy(2000, 10)
    one = RandomForestClassifier(n_estimators=1, random_state=3, oob_score=True).fit(X, y)
    unseen = ~np.isnan(one.oob_decision_function_[:, 0])
    np.testing.assert_allclose(one.oob_decision_function_[unseen], one.predict_proba(X[unseen]), rtol=1e-12)
    # A tree grown to the end knows what it has seen and not the rest.
    assert (one.predict(X[~unseen]) == y[~unseen]).all()
    assert (one.predict(X[unseen]) == y[unseen]).mean() < 0.9
    forest = RandomForestClassifier(n_estimators=60, random_state=3, oob_score=True).fit(X, y)
    test_X, test_y = toy(10000, 11)
    assert forest.oob_score_ == pytest.approx(forest.score(test_X, test_y), abs=0.03)
    regressor = RandomForestRegressor(n_estimators=60, random_state=3, oob_score=True).fit(X, y.astype(float))
    assert regressor.oob_score_ == pytest.approx(regressor.score(test_X, test_y), abs=0.05)
    assert regressor.oob_prediction_.shape == (2000,)


def test_nodes_look_at_so_many_variables() -> None:
    # With one variable per node the useless one is cut about as often as any other; with all of them it is not.
    generator = np.random.default_rng(1)
    X = generator.normal(size=(4000, 4)).astype(np.float32)
    y = X[:, 0] > 0
    stump = {"n_estimators": 200, "max_depth": 1, "random_state": 0, "bootstrap": False}
    roots = [
        np.bincount([model.predictor_.tree(t)["feature"][0] for t in range(200)], minlength=4)
        for model in (
            RandomForestClassifier(max_features=1, **stump).fit(X, y),
            RandomForestClassifier(max_features=None, **stump).fit(X, y),
        )
    ]
    assert (abs(roots[0] - 50) < 4 * np.sqrt(200 * 0.25 * 0.75)).all()
    np.testing.assert_array_equal(roots[1], [200, 0, 0, 0])


def test_random_cuts_are_uniform_in_the_range() -> None:
    X = np.random.default_rng(1).uniform(size=(5000, 1)).astype(np.float32)
    y = X[:, 0] > 0.5
    model = ExtraTreesClassifier(n_estimators=2000, max_depth=1, random_state=0).fit(X, y)
    cuts = np.sort([model.predictor_.tree(t)["threshold"][0] for t in range(2000)])
    distance = np.abs(cuts - (np.arange(2000) + 0.5) / 2000).max()  # Kolmogorov; bins are 1/255 wide
    assert distance < 1.95 / np.sqrt(2000) + 1 / 255


# Missing values, weights, limits


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_missing_values_are_learned_from(kind: Any) -> None:
    X, y = toy(3000, 12)
    X[y == 1, 5] = np.where(np.random.default_rng(0).uniform(size=(y == 1).sum()) < 0.8, np.nan, X[y == 1, 5])
    model = kind(n_estimators=30, random_state=0).fit(X[:2000], y[:2000])
    assert model.score(X[2000:], y[2000:]) > 0.9
    assert np.isfinite(model.predict_proba(np.full((1, 6), np.nan))).all()
    infinite = X.copy()
    infinite[:50, 0], infinite[50:100, 0] = np.inf, -np.inf
    assert kind(n_estimators=10, random_state=0).fit(infinite, y).score(infinite, y) > 0.8


@pytest.mark.parametrize("kind", ALL)
def test_negative_weights_by_policy(kind: Any) -> None:
    X, y = toy(2000, 13)
    weight = np.ones(2000)
    weight[::10] = -0.5
    kept = weight > 0
    kwargs = {"n_estimators": 3, "random_state": 0, "bootstrap": False}
    ignored = kind(negative_weights="ignore", **kwargs).fit(X, y, weight)
    assert bits(ignored) == bits(kind(**kwargs).fit(X[kept], y[kept], weight[kept]))
    with pytest.raises(diskern.InvalidArgument, match="negative"):
        kind(negative_weights="error", **kwargs).fit(X, y, weight)
    model = kind(negative_weights="keep", **kwargs).fit(X, y, weight)
    for t in range(model.predictor_.tree_count):
        assert (model.predictor_.tree(t)["weight"] > 0).all()
    if kind in CLASSIFIERS:
        probability = model.predict_proba(X)
        assert (probability >= 0).all()
        assert (probability <= 1).all()
        assert roc_auc_score(y, probability[:, 1]) > 0.9


def test_class_weights() -> None:
    X, y = toy(3000, 14)
    rare = (y == 0) | (np.random.default_rng(0).uniform(size=3000) < 0.1)
    X, y = X[rare], y[rare]
    kwargs: dict[str, Any] = {"n_estimators": 20, "random_state": 0, "max_depth": 4}
    balanced = RandomForestClassifier(class_weight="balanced", **kwargs).fit(X, y)
    factors = {0: len(y) / (2 * (y == 0).sum()), 1: len(y) / (2 * (y == 1).sum())}
    by_hand = RandomForestClassifier(class_weight=factors, **kwargs).fit(X, y)
    weighted = RandomForestClassifier(**kwargs).fit(X, y, np.where(y == 1, factors[1], factors[0]))
    assert bits(balanced) == bits(by_hand) == bits(weighted)
    plain = RandomForestClassifier(**kwargs).fit(X, y)
    assert balanced.predict(X).mean() > plain.predict(X).mean()


def test_limits_of_trees() -> None:
    X, y = toy(3000, 15)

    def trees(**kwargs: Any) -> list[dict[str, Any]]:
        model = RandomForestClassifier(n_estimators=3, random_state=0, **kwargs).fit(X, y)
        return [model.predictor_.tree(t) for t in range(3)]

    for tree in trees(max_leaf_nodes=9):
        assert (tree["feature"] < 0).sum() == 9
    for tree in trees(min_samples_leaf=50):
        assert tree["weight"][tree["feature"] < 0].min() >= 50
    for tree in trees(min_samples_split=100):
        assert tree["weight"][tree["feature"] >= 0].min() >= 100
    for tree in trees(min_weight_fraction_leaf=0.1):
        assert tree["weight"].min() >= 0.1 * tree["weight"][0] * (1 - 1e-9)
    for tree in trees(min_impurity_decrease=0.003):
        assert tree["gain"][tree["feature"] >= 0].min() >= 0.003 * tree["weight"][0]
    for tree in trees(max_bins=4):
        for j in range(6):
            assert len(np.unique(tree["threshold"][tree["feature"] == j])) <= 3


def test_the_best_node_is_cut_first() -> None:
    X, y = toy(3000, 16)
    full = RandomForestClassifier(n_estimators=1, random_state=0, max_depth=4, bootstrap=False, max_features=None)
    tree = full.fit(X, y).predictor_.tree(0)
    # Greedily by decrease from the full tree: what max_leaf_nodes must keep.
    frontier, gains = [0], []
    for _ in range(5):
        best = max((i for i in frontier if tree["feature"][i] >= 0), key=lambda i: tree["gain"][i])
        gains.append(tree["gain"][best])
        frontier.remove(best)
        frontier += [tree["left"][best], tree["right"][best]]
    full.set_params(max_leaf_nodes=6)
    small = full.fit(X, y).predictor_.tree(0)
    np.testing.assert_allclose(np.sort(small["gain"][small["feature"] >= 0]), np.sort(gains), rtol=1e-12)


def test_importances() -> None:
    X, y = toy(3000, 17)
    model = RandomForestClassifier(n_estimators=20, random_state=0, max_depth=5).fit(X, y)
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert model.feature_importances_[:3].min() > 2 * model.feature_importances_[4:].max()
    other = SklearnRandomForest(n_estimators=20, random_state=0, max_depth=5).fit(X, y)
    np.testing.assert_allclose(model.feature_importances_, other.feature_importances_, atol=0.06)


def test_save_load_and_pickle(tmp_path: Path) -> None:
    X, y = toy(1000, 18)
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, y)
    model.save(tmp_path / "forest.dsk")
    loaded = diskern.load(tmp_path / "forest.dsk")
    np.testing.assert_array_equal(loaded.predictor.evaluate(X), model.predictor_.evaluate(X))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


# Bad input


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_estimators": 0}, "n_estimators must be at least 1, got 0"),
        ({"n_estimators": "many"}, "n_estimators must be of type int"),
        ({"criterion": "ginny"}, "criterion must be one of gini, entropy"),
        ({"max_depth": -1}, "max_depth"),
        ({"max_depth": 0}, "max_depth must be a positive integer or None"),
        ({"max_leaf_nodes": 1}, "max_leaf_nodes"),
        ({"min_samples_split": 1}, "min_samples_split"),
        ({"min_samples_leaf": 0}, "min_samples_leaf"),
        ({"min_weight_fraction_leaf": 0.6}, "min_weight_fraction_leaf"),
        ({"min_impurity_decrease": -1.0}, "min_impurity_decrease"),
        ({"max_features": 7}, "max_features"),
        ({"max_features": 0.0}, "max_features"),
        ({"max_features": "all"}, "max_features"),
        ({"max_samples": 0.0}, "max_samples"),
        ({"max_samples": 1.5}, "max_samples"),
        ({"max_samples": 1000}, "max_samples"),
        ({"max_samples": 1e-12}, "max_samples must be at least 1 / 100 .* got 1e-12"),
        ({"max_samples": 0.009, "bootstrap": False}, "max_samples must be at least 1 / 100 .* got 0.009"),
        ({"max_bins": 1}, "max_bins"),
        ({"max_bins": 300}, "max_bins"),
        ({"bootstrap": "yes"}, "bootstrap must be True or False"),
        ({"bootstrap": False, "oob_score": True}, "out_of_bag needs bootstrap"),
        ({"class_weight": "even"}, "class_weight must be"),
        ({"class_weight": {5: 1.0}}, "class_weight names the class 5"),
        ({"class_weight": {0: -1.0}}, "class_weight of class 0 must be a positive number, got -1.0"),
        ({"class_weight": {0: 0}}, "positive number"),
        ({"class_weight": {1: "a"}}, "class_weight of class 1 must be a positive number, got 'a'"),
        ({"class_weight": {1: np.nan}}, "positive number"),
        ({"class_weight": [1.0, 2.0]}, "class_weight must be a dict"),
        ({"negative_weights": "maybe"}, "negative_weights must be"),
        ({"random_state": -1}, "random_state"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], words: str) -> None:
    X, y = toy(100, 1)
    with pytest.raises(diskern.InvalidArgument, match=words):
        RandomForestClassifier(**parameters).fit(X, y)


@pytest.mark.parametrize("n", [49, 100])
def test_one_event_for_a_tree_is_enough(n: int) -> None:
    """1 / 49 * 49 is less than one in float64."""
    X, y = toy(n, 1)
    forest = RandomForestClassifier(n_estimators=3, max_samples=1 / n, random_state=1).fit(X, y)
    assert forest.predict(X).shape == (n,)


def test_bad_events() -> None:
    X, y = toy(100, 1)
    with pytest.raises(ValueError, match="classes"):
        RandomForestClassifier().fit(X, np.zeros(100))
    with pytest.raises(diskern.InvalidArgument):
        RandomForestClassifier().fit(X[:0], y[:0])
    with pytest.raises(diskern.InvalidArgument, match="weight"):
        RandomForestClassifier().fit(X, y, np.zeros(100))
    with pytest.raises(diskern.InvalidArgument):
        RandomForestRegressor().fit(X, np.full(100, np.nan))
    constant = RandomForestClassifier(n_estimators=3).fit(np.ones((50, 2)), np.arange(50) % 2)
    assert np.isfinite(constant.predict_proba(np.ones((1, 2)))).all()
