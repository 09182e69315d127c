"""What limits the trees: monotone and interaction constraints, L1, largest leaf, effective count, negative weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boosting_support import RNG, arrays, events_for, fit, same_model
from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, _core
from test_boosting_losses import leaves_of

Policy = _core.NegativeWeights


def on_a_grid(predict: Any, column: int, n_features: int, seed: int) -> NDArray[Any]:
    """Responses at random points, the column running over a grid: (points, grid)."""
    grid = np.linspace(-4, 4, 201)
    points = RNG(seed).normal(size=(100, n_features))
    X = np.repeat(points, len(grid), axis=0)
    X[:, column] = np.tile(grid, len(points))
    return np.asarray(predict(X)).reshape(len(points), len(grid))


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
@pytest.mark.parametrize("grow_policy", ["leaf_wise", "depth_wise"])
def test_monotone_response_on_a_grid(loss: str, grow_policy: str) -> None:
    rng = RNG(1)
    X = rng.normal(size=(3000, 3))
    z = np.sin(3 * X[:, 0]) + X[:, 0] * X[:, 1] - X[:, 2] ** 2 + rng.normal(size=len(X))
    y = rng.poisson(np.exp(0.3 * z)) if loss == "poisson" else z
    settings: dict[str, Any] = {"loss": loss, "n_estimators": 40, "grow_policy": grow_policy, "n_jobs": 1}
    free = GradientBoostedTreesRegressor(**settings).fit(X, y)
    bound = GradientBoostedTreesRegressor(monotone_constraints=[1, 0, -1], **settings).fit(X, y)
    for column, sign in ((0, 1), (2, -1)):
        assert (sign * np.diff(on_a_grid(free.predict, column, 3, column), axis=1)).min() < -0.05
        assert (sign * np.diff(on_a_grid(bound.predict, column, 3, column), axis=1)).min() >= 0
    assert bound.score(X, y) > 0.02


def test_monotone_by_name_for_a_classifier_with_missing_values() -> None:
    pandas = pytest.importorskip("pandas")
    rng = RNG(2)
    X = rng.normal(size=(3000, 3))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) ** 2 + np.nan_to_num(X[:, 1]) + rng.normal(size=len(X)) > 1
    frame = pandas.DataFrame(X, columns=["pt", "eta", "m"])
    model = GradientBoostedTreesClassifier(monotone_constraints={"pt": -1}, n_estimators=30).fit(frame, y)
    predictor = model.predictor_
    falls = on_a_grid(lambda x: predictor.evaluate(np.ascontiguousarray(x, np.float32)), 0, 3, 5)
    assert np.diff(falls, axis=1).max() <= 0
    assert np.ptp(falls) > 0


def test_monotone_leaf_values_keep_to_the_bounds_of_the_path() -> None:
    X, answer = events_for("regression")
    result = fit(X, monotone_constraints=[1, 0, 0, -1, 0, 0, 0], n_estimators=20, learning_rate=1.0, **answer)
    split = 0
    for tree in arrays(result):
        value, feature = tree["value"], tree["feature"]

        def extremes(node: int, tree: dict[str, Any] = tree) -> tuple[float, float]:
            if tree["feature"][node] < 0:
                return tree["value"][node], tree["value"][node]
            a, b = extremes(int(tree["left"][node])), extremes(int(tree["right"][node]))
            return min(a[0], b[0]), max(a[1], b[1])

        for node in range(len(value)):
            if feature[node] not in (0, 3) or not np.isfinite(tree["threshold"][node]):
                continue
            left, right = extremes(int(tree["left"][node])), extremes(int(tree["right"][node]))
            split += 1
            if feature[node] == 0:
                assert left[1] <= right[0]
            else:
                assert right[1] <= left[0]
    assert split > 20


def paths(tree: dict[str, Any], node: int = 0, used: frozenset[int] = frozenset()) -> list[frozenset[int]]:
    if tree["feature"][node] < 0:
        return [used]
    used = used | {int(tree["feature"][node])}
    return paths(tree, int(tree["left"][node]), used) + paths(tree, int(tree["right"][node]), used)


@pytest.mark.parametrize(
    ("constraints", "groups"),
    [
        ([[0, 1], [2, 3, 4]], [{0, 1}, {2, 3, 4}, {5, 6}]),
        ([[0, 1], [1, 2]], [{0, 1}, {1, 2}, {3, 4, 5, 6}]),
        ("no_interactions", [{k} for k in range(7)]),
        ("pairwise", [{a, b} for a in range(7) for b in range(a)]),
    ],
)
def test_interactions_stay_within_groups_on_every_path(constraints: Any, groups: list[set[int]]) -> None:
    X, answer = events_for("regression")
    model = GradientBoostedTreesRegressor(interaction_constraints=constraints, n_estimators=40)
    model.fit(X, answer["target"])
    found = {path for tree in arrays_of(model) for path in paths(tree)}
    assert all(any(path <= group for group in groups) for path in found)
    if constraints != "no_interactions":
        assert any(len(path) > 1 for path in found)


@pytest.mark.parametrize("fraction", ["column_fraction_level", "column_fraction_tree", "column_fraction_node"])
def test_draws_and_groups_leave_one_variable(fraction: str) -> None:
    """A draw that misses the groups of a path would end it: every tree is whole, and still within the groups."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(3000, 5)).astype(np.float32)
    y = X.sum(axis=1, dtype=np.float64)  # every cut on every variable gains
    groups = [{0, 1}, {2, 3}]
    model = GradientBoostedTreesRegressor(
        n_estimators=20,
        max_depth=3,
        max_leaf_nodes=None,
        min_samples_leaf=1,
        grow_policy="depth_wise",
        interaction_constraints=[sorted(group) for group in groups],
        random_state=1,
        **{fraction: 0.2},
    ).fit(X, y)
    trees = arrays_of(model)
    assert all((tree["feature"] < 0).sum() == 8 for tree in trees)
    assert all(any(path <= group for group in [*groups, {4}]) for tree in trees for path in paths(tree))
    assert len({int(tree["feature"][0]) for tree in trees}) > 2


def arrays_of(model: Any) -> list[dict[str, Any]]:
    return [model.predictor_.tree(t) for t in range(model.predictor_.tree_count)]


def test_largest_leaf_and_l1_by_definition() -> None:
    X, answer = events_for("regression")
    y = answer["target"]
    for settings in ({"max_leaf_value": 0.2}, {"l1_regularization": 30.0}, {"l2_regularization": 5.0}):
        settings = {"l1_regularization": 0.0, "l2_regularization": 0.0, "max_leaf_value": 0.0, **settings}
        result = fit(X, n_estimators=3, learning_rate=0.5, **settings, **answer)
        score = np.full(len(y), result.predictor.base_score[0])
        bounded = 0
        for tree in arrays(result):
            leaf = leaves_of(tree, X)
            for node in np.unique(leaf):
                g = np.sum((score - y)[leaf == node])
                step = -np.sign(g) * max(abs(g) - settings["l1_regularization"], 0.0)
                step /= np.sum(leaf == node) + settings["l2_regularization"]
                if settings["max_leaf_value"]:
                    bounded += abs(step) > settings["max_leaf_value"]
                    step = np.clip(step, -settings["max_leaf_value"], settings["max_leaf_value"])
                assert tree["value"][node] == pytest.approx(0.5 * step, rel=1e-8, abs=1e-12)
            score = score + np.asarray(tree["value"])[leaf]
        assert bounded > 0 or not settings["max_leaf_value"]


@pytest.mark.parametrize("l1", [0.0, 20.0])
def test_first_cut_is_the_best_of_all_under_bounds_and_l1(l1: float) -> None:
    """The gain -(2 G s + H s^2 + 2 l1 |s|) of bounded steps, over all cuts of a small sample."""
    rng = RNG(3)
    X = rng.integers(0, 9, size=(300, 3)).astype(np.float32)
    y = X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=300)
    bound = 0.8
    result = fit(X, target=y, n_estimators=1, max_leaf_nodes=2, l1_regularization=l1, max_leaf_value=bound)
    g = y.mean() - y

    def score(rows: NDArray[Any]) -> float:
        total, count = g[rows].sum(), rows.sum()
        step = np.clip(-np.sign(total) * max(abs(total) - l1, 0.0) / count, -bound, bound)
        return float(-(2 * total * step + count * step**2 + 2 * l1 * abs(step)))

    everything = np.ones(300, bool)
    gains = {
        (j, cut): score(X[:, j] < cut) + score(X[:, j] >= cut) - score(everything)
        for j in range(3)
        for cut in np.arange(0.5, 8.0)
        if min((X[:, j] < cut).sum(), (X[:, j] >= cut).sum()) >= 20
    }
    tree = arrays(result)[0]
    assert (tree["feature"][0], tree["threshold"][0]) == max(gains, key=lambda cut: gains[cut])
    assert tree["gain"][0] == pytest.approx(max(gains.values()), rel=1e-4)


def test_effective_count_of_every_leaf() -> None:
    X, answer = events_for("binary")
    weight = np.exp(2 * RNG(4).normal(size=len(X)))
    counts = {}
    for least in (0.0, 60.0):
        result = fit(X, weight, n_estimators=10, min_samples_leaf=1, min_effective_count=least, **answer)
        counts[least] = min(
            weight[leaf == node].sum() ** 2 / (weight[leaf == node] ** 2).sum()
            for tree in arrays(result)
            for leaf in [leaves_of(tree, X)]
            for node in np.unique(leaf)
        )
    assert counts[0.0] < 10
    assert counts[60.0] >= 60 * (1 - 1e-6)


# Contradictions and bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"monotone_constraints": [1, 0]}, "one entry per variable"),
        ({"monotone_constraints": [2, 0, 0]}, "must be -1, 0 or 1"),
        ({"monotone_constraints": {"pt": 1}}, "came without names"),
        ({"monotone_constraints": {3: 1}}, "column 3, expected 0 to 2"),
        ({"monotone_constraints": "up"}, "monotone_constraints"),
        ({"interaction_constraints": "all"}, "'no_interactions', 'pairwise' or groups"),
        ({"interaction_constraints": [[0, 7]]}, "column 7"),
        ({"interaction_constraints": [[]]}, "empty group"),
        ({"interaction_constraints": []}, "no groups"),
        ({"interaction_constraints": [[1, 1]]}, "twice in one group"),
        ({"interaction_constraints": [0, 1]}, "a group is a list"),
        ({"l1_regularization": -1.0}, "l1_regularization"),
        ({"max_leaf_value": 0.0}, "max_leaf_value"),
        ({"max_leaf_value": -1.0}, "max_leaf_value"),
        ({"min_effective_count": float("nan")}, "min_effective_count"),
        ({"column_fraction_tree": 0.0}, "column_fraction_tree"),
        ({"column_fraction_node": 1.5}, "column_fraction_node"),
        ({"negative_weights": "maybe"}, "negative_weights must be one of 'keep', 'ignore', 'error'"),
        ({"boosting": "goss", "subsample": 0.5}, "subsample must be 1"),
        ({"boosting": "goss", "goss_top_fraction": 0.9, "goss_other_fraction": 0.2}, "goss_other_fraction"),
        ({"boosting": "dart", "dropout_rate": 0.0}, "dropout_rate"),
        ({"boosting": "dart", "dropout_skip": 1.0}, "dropout_skip"),
        ({"boosting": "plain"}, "boosting must be one of"),
        ({"loss": "entropy"}, "loss must be one of"),
        ({"loss_link": "identity"}, "loss_link"),
        ({"early_stopping_metric": "rmse"}, "rmse and mae are for regression"),
        ({"early_stopping_metric": "f1"}, "early_stopping_metric must be one of"),
        ({"metric_greater_is_better": True}, "callable early_stopping_metric"),
        ({"class_weight": {7: 1.0}}, "class_weight names the class 7"),
        ({"class_weight": {True: -1.0}}, "positive number"),
        ({"class_weight": {True: 0}}, "positive number"),
        ({"class_weight": {True: "a"}}, "class_weight of class True must be a positive number, got 'a'"),
        ({"class_weight": {True: True}}, "positive number"),
        ({"class_weight": "fair"}, "class_weight must be a dict, 'balanced' or None, got 'fair'"),
        ({"class_weight": [1.0, 2.0]}, "class_weight must be a dict"),
    ],
)
def test_bad_parameters_are_clear_errors(settings: dict[str, Any], message: str) -> None:
    X = RNG(1).normal(size=(60, 3))
    with pytest.raises(_core.InvalidArgument, match=message):
        GradientBoostedTreesClassifier(n_estimators=2, **settings).fit(X, X[:, 0] > 0)


def test_monotone_constraints_of_several_classes_are_an_error() -> None:
    X, answer = events_for("multiclass", 300)
    with pytest.raises(_core.InvalidArgument, match="with 3 classes"):
        GradientBoostedTreesClassifier(monotone_constraints={0: 1}).fit(X, answer["class_index"])


# Negative weights


def mixed(n: int = 1500) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float64]]:
    X, answer = events_for("binary", n, seed=8)
    X = np.nan_to_num(X)
    weight = np.where(RNG(1).random(n) < 0.15, -1.0, 1.0)
    return X, answer["class_index"], weight


def test_clip_absolute_and_ignore_are_what_they_say() -> None:
    X, y, weight = mixed()
    for policy, same in ((Policy.clip, np.maximum(weight, 0)), (Policy.absolute, np.abs(weight))):
        same_model(
            fit(X, weight, class_index=y, negative_weights=policy, n_estimators=5),
            fit(X, same, class_index=y, n_estimators=5, negative_weights=Policy.error),
        )
    same_model(
        fit(X, weight, class_index=y, negative_weights=Policy.ignore, n_estimators=5),
        fit(X[weight > 0], class_index=y[weight > 0], n_estimators=5),
    )


def test_pair_merges_with_the_nearest_of_the_class() -> None:
    """Brute force over Mahalanobis distances gives the weights; the fit with them gives the same model."""
    X, y, weight = mixed(600)
    merged = weight.copy()
    for c in (0, 1):
        members = np.flatnonzero(y == c)
        events, size = X[members].astype(float), np.abs(weight[members])
        inverse = np.linalg.inv(np.cov(events.T, aweights=size, ddof=0))
        own = merged[members]
        for i in range(len(own)):
            while own[i] < 0:
                difference = events - events[i]
                distance = np.einsum("ij,jk,ik->i", difference, inverse, difference)
                distance[own <= 0] = np.inf
                partner = int(distance.argmin())
                total = own[i] + own[partner]
                own[i], own[partner] = min(total, 0.0), max(total, 0.0)
        merged[members] = own
    assert merged.min() >= 0
    assert merged.sum() == pytest.approx(weight.sum())
    same_model(
        fit(X, weight, class_index=y, negative_weights=Policy.pair, n_estimators=5),
        fit(X, merged, class_index=y, n_estimators=5),
    )
    X[3, 2] = np.nan
    with pytest.raises(_core.InvalidArgument, match="variable 2 of event 3"):
        fit(X, weight, class_index=y, negative_weights=Policy.pair)


def test_estimators_take_every_policy() -> None:
    X, y, weight = mixed(400)
    for policy in ("keep", "ignore", "pair", "clip", "absolute"):
        model = GradientBoostedTreesClassifier(negative_weights=policy, n_estimators=3, early_stopping=True)
        assert np.isfinite(model.fit(X, y, weight).predict_proba(X)).all()
    with pytest.raises(ValueError, match="Negative values"):
        GradientBoostedTreesClassifier(negative_weights="error").fit(X, y, weight)
