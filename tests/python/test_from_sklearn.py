"""Forests of scikit-learn: the same leaves and responses, on thresholds and beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import diskern

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeRegressor

from foreign_events import special_events


def sample(classes: int, missing: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    events = rng.normal(size=(400, 4)).astype(np.float32)
    events[:, 2] = np.round(events[:, 2], 1)
    score = events[:, 0] + events[:, 1] * events[:, 2] + rng.normal(scale=0.3, size=400)
    if missing:
        events[rng.random(events.shape) < 0.1] = np.nan
    if classes == 0:
        return events, np.exp(0.5 * score)
    return events, np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)


def check(estimator: Any, missing: bool, infinite: bool = False, tolerance: float = 1e-12) -> diskern.Model:
    model = diskern.from_sklearn(estimator)
    events = special_events(model, missing, infinite)
    if hasattr(estimator, "predict_proba"):
        expected = estimator.predict_proba(events)
        expected = expected[:, 1:] if expected.shape[1] == 2 else expected
    else:
        expected = estimator.predict(events)
    responses = model.evaluate(events)
    expected = np.asarray(expected, np.float64).reshape(responses.shape)
    np.testing.assert_allclose(responses, expected, rtol=tolerance, atol=tolerance)
    assert np.ptp(expected) > 0
    assert diskern.Model(model.to_bytes()) == model
    return model


CLASSIFIERS = [
    DecisionTreeClassifier(max_depth=5, random_state=0),
    RandomForestClassifier(n_estimators=12, random_state=0),
    ExtraTreesClassifier(n_estimators=12, max_depth=6, random_state=0),
]
REGRESSORS = [
    DecisionTreeRegressor(max_depth=5, random_state=0),
    ExtraTreeRegressor(max_depth=5, random_state=0),
    RandomForestRegressor(n_estimators=12, random_state=0),
    ExtraTreesRegressor(n_estimators=12, max_depth=6, random_state=0),
]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_classifiers(estimator: Any, classes: int, missing: bool) -> None:
    model = check(estimator.fit(*sample(classes, missing)), missing)
    assert model.classes == tuple(str(k) for k in range(classes))
    assert model.analysis_type == ("Classification" if classes == 2 else "Multiclass")
    assert model.signal_class == (1 if classes == 2 else 0)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_regressors(estimator: Any, missing: bool) -> None:
    check(estimator.fit(*sample(0, missing)), missing)


def test_leaves_are_those_of_scikit_learn() -> None:
    for missing in (False, True):
        forest = RandomForestClassifier(n_estimators=7, random_state=0).fit(*sample(2, missing))
        model = diskern.from_sklearn(forest)
        events = special_events(model, missing, infinite=False)
        np.testing.assert_array_equal(model.predictor.leaf_index(events), forest.apply(events))


def test_regression_of_several_targets() -> None:
    events, target = sample(0)
    model = check(
        RandomForestRegressor(n_estimators=5, random_state=0).fit(events, np.stack([target, -target], 1)), False
    )
    assert len(model.outputs) == 2


@pytest.mark.parametrize("init", [None, "zero"])
@pytest.mark.parametrize(("loss", "classes"), [("log_loss", 2), ("log_loss", 3), ("exponential", 2)])
def test_gradient_boosting_classifier(loss: str, classes: int, init: Any) -> None:
    check(GradientBoostingClassifier(loss=loss, n_estimators=15, init=init).fit(*sample(classes)), False)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_gradient_boosting_regressor(loss: str) -> None:
    check(GradientBoostingRegressor(loss=loss, n_estimators=15).fit(*sample(0)), False)


@pytest.mark.parametrize("classes", [2, 3])
def test_histogram_gradient_boosting_classifier(classes: int) -> None:
    estimator = HistGradientBoostingClassifier(max_iter=15, early_stopping=False).fit(*sample(classes, True))
    check(estimator, True, infinite=True)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson", "gamma", "quantile"])
def test_histogram_gradient_boosting_regressor(loss: str) -> None:
    quantile = 0.7 if loss == "quantile" else None
    estimator = HistGradientBoostingRegressor(loss=loss, quantile=quantile, max_iter=15).fit(*sample(0, True))
    check(estimator, True, infinite=True)


def test_splits_between_missing_values_and_all_others() -> None:
    rng = np.random.default_rng(0)
    events = rng.normal(size=(300, 2)).astype(np.float32)
    events[::2, 0] = np.nan
    estimator = HistGradientBoostingRegressor(max_iter=3).fit(events, np.isnan(events[:, 0]) * 1.0)
    thresholds = np.concatenate([stage[0].nodes["num_threshold"] for stage in estimator._predictors])
    assert np.isposinf(thresholds).any()
    check(estimator, True, infinite=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_adaboost(classes: int) -> None:
    base = DecisionTreeClassifier(max_depth=2)
    check(AdaBoostClassifier(base, n_estimators=15, random_state=0).fit(*sample(classes)), False)


def test_names_of_columns_and_classes() -> None:
    pandas = pytest.importorskip("pandas")
    iris = load_iris()
    frame = pandas.DataFrame(iris.data.astype(np.float32), columns=["sl", "sw", "pl", "pw"])
    labels = np.array(["setosa", "versicolor", "virginica"])[iris.target]
    model = diskern.from_sklearn(RandomForestClassifier(n_estimators=3, random_state=0).fit(frame, labels))
    assert model.variables == ("sl", "sw", "pl", "pw")
    assert model.classes == model.outputs == ("setosa", "versicolor", "virginica")
    assert model.provenance["format"] == "scikit-learn RandomForestClassifier"
    np.testing.assert_array_equal(model.evaluate(frame), model.evaluate(frame.to_numpy()))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "must be a tree estimator of scikit-learn, got LogisticRegression"),
        (AdaBoostClassifier(LogisticRegression(), n_estimators=2), "AdaBoostClassifier of LogisticRegression"),
        (AdaBoostRegressor(LinearRegression(), n_estimators=2), "AdaBoostRegressor of LinearRegression"),
        (GradientBoostingClassifier(init=LogisticRegression(), n_estimators=2), "init=LogisticRegression"),
        (HistGradientBoostingClassifier(categorical_features=[3], max_iter=2), "categor"),
    ],
)
def test_what_is_not_read_is_named(estimator: Any, message: str) -> None:
    events, labels = sample(2)
    events[:, 3] = np.arange(400) % 5
    labels = labels ^ (events[:, 3] == 2)
    with pytest.raises(diskern.InvalidArgument, match=message):
        diskern.from_sklearn(estimator.fit(events, labels))


def test_an_estimator_that_is_not_fitted() -> None:
    with pytest.raises(diskern.InvalidArgument, match="not fitted"):
        diskern.from_sklearn(RandomForestClassifier())


@pytest.mark.parametrize("loss", ["linear", "square", "exponential"])
@pytest.mark.parametrize("n_estimators", [1, 2, 15, 40])
def test_adaboost_regressor(loss: str, n_estimators: int) -> None:
    """Its answer is one of the leaves, so that nothing but the same leaf will do."""
    base = DecisionTreeRegressor(max_depth=4)
    estimator = AdaBoostRegressor(base, n_estimators=n_estimators, loss=loss, random_state=0).fit(*sample(0))
    check(estimator, False, tolerance=0)
    assert n_estimators == 1 or len(set(estimator.estimator_weights_)) > 1


def test_adaboost_regressor_of_equal_weights() -> None:
    """Half of the weight is reached exactly."""
    estimator = AdaBoostRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=8, random_state=0).fit(*sample(0))
    estimator.estimator_weights_[:] = 1.0
    check(estimator, False, tolerance=0)
