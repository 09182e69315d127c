"""What an iteration draws or drops (GOSS, variables, DART), early stopping by any metric, training from a model."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from boosting_support import RNG, arrays, events_for, fit, same_model
from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, _core
from test_boosting_losses import leaves_of

Mode = _core.BoostingMode
Metric = _core.ValidationMetric


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    "settings",
    [
        {"boosting": Mode.goss},
        {"boosting": Mode.dart, "dropout_rate": 0.3},
        {"subsample": 0.5, "column_fraction_tree": 0.7, "column_fraction_level": 0.7, "column_fraction_node": 0.7},
        {"interaction_constraints": [[0, 1, 2], [3, 4, 5, 6]], "l1_regularization": 0.1, "min_effective_count": 30.0},
    ],
    ids=["goss", "dart", "columns", "constraints"],
)
def test_threads_do_not_matter_and_seeds_do(task: str, settings: dict[str, Any]) -> None:
    X, answer = events_for(task, 9000)
    weight = RNG(2).exponential(size=len(X))
    models = [fit(X, weight, threads=t, seed=7, n_estimators=6, **settings, **answer) for t in (1, 2, 3, 8)]
    for model in models[1:]:
        same_model(models[0], model)
    if "l1_regularization" in settings:
        return
    other = fit(X, weight, seed=8, n_estimators=6, **settings, **answer)
    with pytest.raises(AssertionError):
        same_model(models[0], other)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "huber"])
@pytest.mark.parametrize(
    "settings",
    [{"subsample": 0.001}, {"boosting": Mode.goss}, {"subsample": 0.001, "monotone_constraints": [1, 0, 0]}],
    ids=["subsample", "goss", "monotone"],
)
def test_iterations_without_events_leave_the_scores(loss: str, settings: dict[str, Any]) -> None:
    """A leaf that the loss refits has no residuals then; it must be zero, as the Newton step of nothing is."""
    n = 3 if settings.get("boosting") == Mode.goss else 50  # of three events GOSS keeps none
    X = RNG(1).normal(size=(n, 3)).astype(np.float32)
    kind = _core.LossKind.__members__[loss]
    result = fit(X, target=X[:, 0], loss=kind, n_estimators=20, learning_rate=1.0, **settings)
    empty = [tree for tree in arrays(result) if tree["weight"][0] == 0]
    assert len(empty) > 3
    for tree in empty:
        np.testing.assert_array_equal(tree["feature"], [-1])
        np.testing.assert_array_equal(tree["value"], [0.0])


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "huber"])
def test_goss_leaves_where_few_events_weigh_far_more_than_the_sample(loss: str) -> None:
    """A drawn one of the other events weighs 5000, the whole sample 20: it alone decides the leaf it is in."""
    y = np.arange(20.0) ** 2
    kind = _core.LossKind.__members__[loss]
    goss = {"boosting": Mode.goss, "goss_top_fraction": 0.5, "goss_other_fraction": 1e-4}
    result = fit(
        np.zeros((20, 1)), target=y, loss=kind, n_estimators=4000, learning_rate=1e-6, huber_quantile=0.5, **goss
    )
    score = result.predictor.base_score[0]
    heavy = 0
    for tree in arrays(result):
        (value,) = tree["value"]
        if 5000 <= tree["weight"][0] < 5100:
            heavy += 1
            # Huber adds the mean of clamped distances of the ten events of weight one.
            tolerance = 10 * y[-1] / 5000 if loss == "huber" else 1e-6
            assert np.abs(y - score - value / 1e-6).min() < tolerance
            assert value / 1e-6 > (y - score).min() + 2 * tolerance  # not merely the first of the sorted residuals
        score += value
    assert heavy > 3


@pytest.mark.parametrize("mode", list(Mode.__members__))
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_training_loss_is_that_of_the_predictor(mode: str, task: str) -> None:
    """The scores that boosting keeps are those of the forest it hands out, dropped trees and all."""
    X, answer = events_for(task, 2000)
    result = fit(X, boosting=Mode.__members__[mode], n_estimators=25, dropout_rate=0.2, **answer)
    responses = result.predictor.evaluate(X)
    if task == "regression":
        loss = 0.5 * (responses[:, 0] - answer["target"]) ** 2
    elif task == "binary":
        loss = -np.log(np.where(answer["class_index"] == 1, responses[:, 0], 1 - responses[:, 0]))
    else:
        loss = -np.log(responses[np.arange(len(X)), answer["class_index"]])
    assert result.training_loss[-1] == pytest.approx(loss.mean(), rel=1e-9)


def test_goss_keeps_the_sums_in_the_mean() -> None:
    """A stump's value is the ratio of sums over the drawn events: over many seeds the mean is that of all events."""
    X, answer = events_for("regression", 1000)
    y = answer["target"]
    settings = {"n_estimators": 1, "max_leaf_nodes": 2, "learning_rate": 1.0, "min_samples_leaf": 1000.0}
    result = fit(X, boosting=Mode.goss, **settings, **answer)
    assert len(arrays(result)[0]["value"]) == 1
    gradient = y.mean() - y
    top = np.argsort(-np.abs(gradient), kind="stable")[:200]
    rest = np.setdiff1d(np.arange(1000), top)
    sums, weights, values = [], [], []
    for seed in range(400):
        tree = arrays(fit(X, boosting=Mode.goss, seed=seed, **settings, **answer))[0]
        weights.append(tree["weight"][0])
        values.append(tree["value"][0])
        sums.append(-tree["value"][0] * tree["weight"][0])
    # 200 of the largest gradients count once, about 100 of the other 800 count 8 times.
    assert np.mean(weights) == pytest.approx(1000, abs=4 * np.std(weights) / 20)
    assert np.std(weights) == pytest.approx(8 * np.sqrt(800 * 0.125 * 0.875), rel=0.15)
    assert np.mean(sums) == pytest.approx(gradient.sum(), abs=4 * np.std(sums) / 20)
    spread = 8 * np.sqrt(0.125 * 0.875 * np.sum(gradient[rest] ** 2))
    assert np.std(sums) == pytest.approx(spread, rel=0.15)


def test_goss_is_nearly_as_good_as_all_events() -> None:
    X, answer = events_for("binary", 6000)
    test, truth = events_for("binary", 6000, seed=9)
    accuracy = {}
    for mode in ("gradient", "goss"):
        model = GradientBoostedTreesClassifier(boosting=mode, n_estimators=60, random_state=1, n_jobs=1)
        accuracy[mode] = model.fit(X, answer["class_index"]).score(test, truth["class_index"])
    assert accuracy["goss"] > accuracy["gradient"] - 0.02


# Variables


def columns_used(tree: dict[str, Any]) -> dict[int, set[int]]:
    """By depth."""
    used: dict[int, set[int]] = {}
    level = [0]
    for depth in itertools.count():
        inner = [node for node in level if tree["feature"][node] >= 0]
        if not inner:
            return used
        used[depth] = {int(tree["feature"][node]) for node in inner}
        level = [int(tree[side][node]) for node in inner for side in ("left", "right")]


def test_columns_are_drawn_for_trees_levels_and_nodes() -> None:
    rng = RNG(5)
    X = rng.normal(size=(3000, 10)).astype(np.float32)
    y = X.sum(axis=1) + 0.1 * rng.normal(size=3000)  # every variable matters
    common: dict[str, Any] = {"target": y, "n_estimators": 40, "max_leaf_nodes": 16}
    by_tree = [columns_used(t) for t in arrays(fit(X, column_fraction_tree=0.3, **common))]
    sets = [set().union(*used.values()) for used in by_tree]
    assert max(map(len, sets)) == 3
    assert set().union(*sets) == set(range(10))
    by_level = [columns_used(t) for t in arrays(fit(X, column_fraction_level=0.2, leaf_wise=False, **common))]
    assert all(len(columns) <= 2 for used in by_level for columns in used.values())
    assert max(len(set().union(*used.values())) for used in by_level) > 2
    by_node = [columns_used(t) for t in arrays(fit(X, column_fraction_node=0.1, leaf_wise=False, **common))]
    assert max(len(columns) for used in by_node for columns in used.values()) > 2
    roots = [next(iter(used[0])) for used in by_node]
    counts = np.bincount(roots, minlength=10)  # one variable for each node, any of ten
    assert counts.max() < 15
    assert (counts > 0).sum() >= 6
    nested = arrays(fit(X, column_fraction_tree=0.3, column_fraction_level=0.5, column_fraction_node=0.5, **common))
    for tree in nested:
        assert len(set().union(*columns_used(tree).values())) <= 3
    for tree in nested:
        assert all(len(columns) <= 2 for columns in columns_used(tree).values())  # half of three, rounded
    assert columns_used(nested[0])[0] <= sets[0]  # the tree's own draw is the same


# DART


def test_dart_normalises_as_the_paper() -> None:
    """Everything is dropped each time (rate 1): tree t+1 has weight 1/(t+1), the others t/(t+1) of theirs."""
    X, answer = events_for("regression", 800)
    settings = {"max_leaf_nodes": 4, "learning_rate": 1.0}
    first = arrays(fit(X, n_estimators=1, **settings, **answer))[0]
    result = fit(X, n_estimators=5, boosting=Mode.dart, dropout_rate=1.0, **settings, **answer)
    # With everything dropped every tree is fitted to the residuals of the constant: all are the first tree.
    for tree in arrays(result):
        np.testing.assert_array_equal(tree["feature"], first["feature"])
        np.testing.assert_allclose(tree["value"], np.asarray(first["value"]) / 5, rtol=1e-9)


def test_dart_early_stopping_keeps_the_forest_of_the_best_iteration() -> None:
    X, answer = events_for("regression", 1500)
    held_out = events_for("regression", 1500, seed=3)
    validation = (held_out[0], np.ones(1500), held_out[1]["target"])
    result = fit(
        X, n_estimators=60, learning_rate=0.5, boosting=Mode.dart, validation=validation, n_iter_no_change=10, **answer
    )
    best = int(np.argmin(result.validation_loss))
    assert result.best_iteration == best == result.predictor.tree_count
    mean = np.mean(0.5 * (result.predictor.evaluate(held_out[0])[:, 0] - held_out[1]["target"]) ** 2)
    assert mean == pytest.approx(result.validation_loss[best], rel=1e-9)


# Early stopping


def reference_auc(y: NDArray[Any], p: NDArray[Any], w: NDArray[Any]) -> float:
    signal, background = y == 1, y == 0
    above = (p[signal][:, None] > p[background]) + 0.5 * (p[signal][:, None] == p[background])
    return float(w[signal] @ above @ w[background] / (w[signal].sum() * w[background].sum()))


@pytest.mark.parametrize("name", ["auc", "accuracy"])
def test_metrics_of_classification(name: str) -> None:
    X, answer = events_for("binary", 1500)
    held_out, truth = events_for("binary", 800, seed=3)
    y, w = truth["class_index"], RNG(5).exponential(size=800)
    model = GradientBoostedTreesClassifier(early_stopping_metric=name, n_iter_no_change=5, max_leaf_nodes=4)
    model.fit(X, answer["class_index"], eval_set=(held_out, y, w))
    best = int(np.argmax(model.validation_metric_))
    assert model.n_iter_ == model.best_iteration_ == best
    assert len(model.validation_metric_) == len(model.validation_loss_) <= 101
    p = model.predict_proba(held_out)[:, 1]
    expected = reference_auc(y, p, w) if name == "auc" else w[(p > 0.5) == (y == 1)].sum() / w.sum()
    assert model.validation_metric_[best] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["rmse", "mae"])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_metrics_of_regression(name: str, loss: str) -> None:
    X, answer = events_for("regression", 1500)
    y = RNG(1).poisson(np.exp(0.4 * answer["target"])).astype(float)
    w = RNG(5).exponential(size=500)
    model = GradientBoostedTreesRegressor(loss=loss, early_stopping_metric=name, n_iter_no_change=5, n_estimators=60)
    model.fit(X[:1000], y[:1000], eval_set=(X[1000:], y[1000:], w))
    best = int(np.argmin(model.validation_metric_))
    assert model.n_iter_ == model.best_iteration_ == best
    difference = np.abs(model.predict(X[1000:]) - y[1000:])
    expected = np.average(difference, weights=w) if name == "mae" else np.sqrt(np.average(difference**2, weights=w))
    assert model.validation_metric_[best] == pytest.approx(expected, rel=1e-9)


def test_a_metric_of_one_s_own() -> None:
    from sklearn.metrics import roc_auc_score

    X, answer = events_for("binary", 1500)
    y = np.where(answer["class_index"] == 1, "signal", "background")
    held_out, truth = events_for("binary", 800, seed=3)
    labels = np.where(truth["class_index"] == 1, "signal", "background")
    settings: dict[str, Any] = {"n_iter_no_change": 5, "n_estimators": 50}
    seen = []

    def metric(answers: Any, response: Any, sample_weight: Any) -> float:
        seen.append(set(answers))
        return float(roc_auc_score(answers == "signal", response, sample_weight=sample_weight))

    own = GradientBoostedTreesClassifier(early_stopping_metric=metric, metric_greater_is_better=True, **settings)
    own.fit(X, y, eval_set=(held_out, labels))
    built_in = GradientBoostedTreesClassifier(early_stopping_metric="auc", **settings)
    built_in.fit(X, y, eval_set=(held_out, labels))
    assert seen[0] == {"signal", "background"}
    np.testing.assert_allclose(own.validation_metric_, built_in.validation_metric_, rtol=1e-9)
    assert own.n_iter_ == built_in.n_iter_

    def raising(*_: Any, **__: Any) -> float:
        raise ZeroDivisionError("of mine")

    with pytest.raises(ZeroDivisionError, match="of mine"):
        GradientBoostedTreesClassifier(early_stopping_metric=raising).fit(X, y, eval_set=(held_out, labels))
    with pytest.raises(TypeError):
        GradientBoostedTreesClassifier(early_stopping_metric=lambda *_, **__: "good").fit(
            X, y, eval_set=(held_out, labels)
        )
    with pytest.raises(_core.InvalidArgument, match="not a number"):
        GradientBoostedTreesClassifier(early_stopping_metric=lambda *_, **__: np.nan).fit(
            X, y, eval_set=(held_out, labels)
        )


# From a model on


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"subsample": 0.5}, {"boosting": Mode.goss}, {"column_fraction_node": 0.5}],
    ids=["all events", "bagging", "goss", "columns"],
)
def test_continued_training_is_the_uninterrupted_one(task: str, settings: dict[str, Any]) -> None:
    X, answer = events_for(task, 2000)
    settings = {**settings, **answer}
    whole = fit(X, n_estimators=9, **settings)
    part = fit(X, n_estimators=4, **settings)
    rest = fit(X, n_estimators=5, initial=part.predictor, **settings)
    same_model(whole, rest)
    assert rest.best_iteration == 5
    assert whole.training_loss[4:] == rest.training_loss


def test_estimators_go_on_from_a_model() -> None:
    X, answer = events_for("binary", 1500)
    y = np.where(answer["class_index"] == 1, "s", "b")
    first = GradientBoostedTreesClassifier(n_estimators=5).fit(X, y)
    other = X[:900] * 1.5  # other events, other bins
    second = GradientBoostedTreesClassifier(n_estimators=7, max_leaf_nodes=4).fit(other, y[:900], init_model=first)
    assert second.n_iter_ == 12
    for t in range(5):
        np.testing.assert_array_equal(second.predictor_.tree(t)["value"], first.predictor_.tree(t)["value"])
    assert second.predictor_.base_score == first.predictor_.base_score
    stopped = GradientBoostedTreesClassifier(n_estimators=200, learning_rate=1.0, n_iter_no_change=3)
    stopped.fit(X, y, eval_set=(other, y[:900]), init_model=first)
    assert stopped.n_iter_ == 5 + stopped.best_iteration_
    with pytest.raises(_core.InvalidArgument, match="init_model must be a fitted"):
        first.fit(X, y, init_model="model.diskern")
    with pytest.raises(_core.InvalidArgument, match="7 variables, the training sample 6"):
        GradientBoostedTreesClassifier().fit(X[:, :6], y, init_model=first)
    with pytest.raises(_core.InvalidArgument, match="init_model has the classes"):
        GradientBoostedTreesClassifier().fit(X, y == "s", init_model=first)
    regressor = GradientBoostedTreesRegressor(n_estimators=2).fit(X, answer["class_index"])
    with pytest.raises(_core.InvalidArgument, match="not one of this loss"):
        GradientBoostedTreesClassifier().fit(X, y, init_model=regressor.predictor_)


# Class weights


@pytest.mark.parametrize("weighted", [False, True])
def test_class_weights_are_factors_on_the_weights(weighted: bool) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    X, answer = events_for("multiclass", 1500)
    y = answer["class_index"]
    w = RNG(3).integers(1, 4, 1500).astype(float) if weighted else np.ones(1500)
    balanced = compute_class_weight("balanced", classes=np.arange(3), y=np.repeat(y, w.astype(int)))
    for class_weight, factor in ((({0: 2.0, 2: 0.5}), np.array([2.0, 1.0, 0.5])), ("balanced", balanced)):
        a = GradientBoostedTreesClassifier(n_estimators=4, class_weight=class_weight).fit(X, y, w)
        b = GradientBoostedTreesClassifier(n_estimators=4).fit(X, y, w * factor[y])
        np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-9)


def test_leaf_sums_of_goss_count_events_once() -> None:
    """min_samples_leaf is about the events that were drawn, not about their new weights."""
    X, answer = events_for("regression", 2000)
    result = fit(X, boosting=Mode.goss, n_estimators=5, min_samples_leaf=40, **answer)
    for tree in arrays(result):
        leaf = leaves_of(tree, X)
        assert min(np.sum(leaf == node) for node in np.unique(leaf)) >= 40
