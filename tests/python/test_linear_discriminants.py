"""Fisher and LD: TMVA's numbers, the estimators, bad input."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

import tmva_reference as reference
from diskern import FisherClassifier, LinearDiscriminantClassifier, LinearDiscriminantRegressor, _core
from diskern._core import InvalidArgument
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.fisher import Fisher
from diskern.tmva.methods.ld import LD


def training_sample(training: reference.Training, labels: tuple[str, ...]) -> TrainingSample:
    return TrainingSample(
        training.variables,
        training.class_index,
        training.targets,
        training.weight,
        labels,
        tuple("F" for _ in labels),
        ("Signal", "Background"),
    )


def booked(method: type, title: str, analysis_type: str = "Classification", **values: Any) -> Any:
    return method(title, analysis_type, method.defaults(analysis_type) | values)


CASES = [
    (Fisher, "class_tut", "Fisher", "Classification", {}),
    (Fisher, "class_variants", "Fisher_maha", "Classification", {"Method": "Mahalanobis"}),
    (LD, "class_tut", "LD", "Classification", {}),
    (LD, "reg", "LD", "Regression", {}),
]


@pytest.mark.parametrize(("method", "folder", "title", "analysis_type", "values"), CASES)
def test_the_coefficients_responses_and_ranking_of_tmva(
    data_directory: Path, method: type, folder: str, title: str, analysis_type: str, values: dict[str, Any]
) -> None:
    training = reference.load(data_directory, folder)
    labels = reference.VARIABLES[folder]
    trained = booked(method, title, analysis_type, **values).train(training_sample(training, labels), threads=2)
    stored = [
        float(element.get("Value"))
        for element in reference.weight_file(data_directory, folder, title).iter("Coefficient")
    ]
    np.testing.assert_allclose(trained.predictor.coefficients[0], stored, rtol=1e-9 if method is Fisher else 2e-8)
    response = trained.predictor.evaluate(training.test_variables)[:, 0]
    expected = reference.responses(data_directory, folder, title)
    np.testing.assert_allclose(response, expected, atol=1e-6 * max(1.0, float(np.abs(expected).max())))
    assert trained.ranking_name == "Discr. power"
    if analysis_type == "Classification":  # TMVA prints no ranking in regression
        printed = reference.printed_ranking(data_directory, folder, title)
        assert [name for name, _ in trained.ranking] == [name for name, _ in printed]
        np.testing.assert_allclose([v for _, v in trained.ranking], [v for _, v in printed], rtol=6e-4)
    assert any("(offset)" in line for line in trained.notes)


def blobs(n: int = 500, seed: int = 1) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    mixing = np.array([[1.0, 0.4, 0.0], [0.0, 1.0, -0.3], [0.0, 0.0, 0.5]])
    X = generator.normal(size=(n, 3)) @ mixing + y[:, None] * np.array([0.7, -0.2, 0.5])
    return X.astype(np.float32), y


def test_probabilities_agree_with_scikit_learn() -> None:
    X, y = blobs()
    ours = FisherClassifier().fit(X, y)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    # The direction is the same; theirs normalises the width with the same pooled covariance.
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    least_squares = LinearDiscriminantClassifier().fit(X, y)
    np.testing.assert_allclose(least_squares.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(ours.decision_function(X), X @ ours.coef_[0] + ours.intercept_[0], rtol=1e-5, atol=1e-5)


def test_regression_agrees_with_scikit_learn_far_from_the_origin() -> None:
    generator = np.random.default_rng(2)
    X = (generator.normal(size=(300, 4)) + 1000.0).astype(np.float32)
    y = X.astype(np.float64) @ [1.0, -2.0, 0.5, 0.0] + generator.normal(size=300)
    weight = generator.uniform(0.1, 2.0, size=300)
    ours = LinearDiscriminantRegressor().fit(X, y, weight)
    theirs = LinearRegression().fit(X.astype(np.float64), y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X.astype(np.float64)), rtol=1e-7)


@pytest.mark.parametrize(
    "estimator", [FisherClassifier(), LinearDiscriminantClassifier(), LinearDiscriminantRegressor()]
)
def test_invariances(estimator: Any) -> None:
    X, y = blobs(9001)
    counts = np.random.default_rng(3).integers(0, 3, len(y))
    one = estimator.set_params(n_jobs=1).fit(X, y, counts)
    single = one.predictor_.coefficients
    three = estimator.set_params(n_jobs=3).fit(X, y, counts).predictor_.coefficients
    np.testing.assert_array_equal(single, three)
    repeated = estimator.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts)).predictor_.coefficients
    np.testing.assert_allclose(repeated, single, rtol=1e-10)
    order = np.random.default_rng(4).permutation(len(y))
    np.testing.assert_allclose(
        estimator.fit(X[order], y[order], counts[order]).predictor_.coefficients, single, rtol=1e-10
    )


def test_a_negative_weight_takes_an_event_back() -> None:
    X, y = blobs()
    extra = np.vstack([X, X[:40], X[:40]])
    labels = np.r_[y, y[:40], y[:40]]
    weight = np.r_[np.ones(len(y)), np.full(40, 3.0), np.full(40, -3.0)]
    expected = FisherClassifier().fit(X, y).predictor_.coefficients
    np.testing.assert_allclose(
        FisherClassifier().fit(extra, labels, weight).predictor_.coefficients, expected, rtol=1e-9
    )


@pytest.mark.parametrize("make", [FisherClassifier, LinearDiscriminantClassifier, LinearDiscriminantRegressor])
class TestBadInput:
    def test_values(self, make: Any) -> None:
        X, y = blobs(60)
        for value, word in ((np.nan, "NaN"), (np.inf, "infinity")):
            spoiled = X.copy()
            spoiled[7, 1] = value
            with pytest.raises(InvalidArgument, match=word):
                make().fit(spoiled, y)
        with pytest.raises(InvalidArgument, match="0 sample"):
            make().fit(np.empty((0, 3)), [])
        with pytest.raises(InvalidArgument, match="zero"):
            make().fit(X, y, np.zeros(60))
        with pytest.raises(InvalidArgument, match="singular"):
            make(singular="ignore").fit(X, y)

    def test_singular_variables_are_named(self, make: Any) -> None:
        pandas = pytest.importorskip("pandas")
        X, y = blobs(60)
        table = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "flat": 0.1, "c": X[:, 2]})
        with pytest.raises(InvalidArgument, match="constant variables: 'flat'; leave"):
            make(singular="error").fit(table, y)
        table["flat"] = 2.0 * table["a"] - table["b"]
        with pytest.raises(InvalidArgument, match=r"linear combinations of other variables: '(a|b|flat)'; leave"):
            make(singular="error").fit(table, y)
        with pytest.warns(UserWarning, match="linear combinations"):
            treated = make().fit(table, y)
        plain = make().fit(table[["a", "b", "c"]], y)
        np.testing.assert_allclose(treated.predict(table), plain.predict(table[["a", "b", "c"]]), rtol=1e-5)


def test_one_class_in_the_booked_methods() -> None:
    X, y = blobs(60)
    sample = TrainingSample(
        X, np.zeros(60, np.int32), np.empty((60, 0), np.float32), np.ones(60), ("a", "b", "c"), ("F",) * 3, ("S", "B")
    )
    with pytest.raises(InvalidArgument, match="background' has no events"):
        booked(Fisher, "Fisher").train(sample)
    with pytest.raises(InvalidArgument, match="one class"):
        booked(LD, "LD").train(sample)
    sample.class_index = y.astype(np.int32)
    sample.weight = np.where(y == 0, -1.0, 1.0)
    with pytest.raises(InvalidArgument, match="the weights of class 'signal' sum to -30"):
        booked(Fisher, "Fisher").train(sample)


def test_a_variable_that_tells_the_classes_apart_exactly() -> None:
    X, y = blobs(80)
    X[:, 1] = y
    with pytest.warns(UserWarning, match="number 1"):
        fisher = FisherClassifier().fit(X, y)
    assert fisher.score(X, y) == 1.0


def test_arrays_of_another_kind_are_refused_by_the_core() -> None:
    X, y = blobs(20)
    weight = np.ones(20)
    for events, classes, weights in (
        (X.astype(np.float64), y.astype(np.int32), weight),
        (X, y.astype(np.int64), weight),
        (X, y.astype(np.int32), weight[:-1]),
    ):
        with pytest.raises(InvalidArgument):
            _core.fit_fisher(_core.FisherParams(), events, classes, weights)


def test_pickle_keeps_everything() -> None:
    X, y = blobs()
    for estimator in (FisherClassifier(), LinearDiscriminantClassifier()):
        fitted = estimator.fit(X, y)
        again = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@parametrize_with_checks([FisherClassifier(), LinearDiscriminantClassifier(), LinearDiscriminantRegressor()])
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        # Some checks have fewer events than variables.
        warnings.filterwarnings("ignore", message=".*constant or linear combinations", category=UserWarning)
        # scikit-learn's own look at labels that hold infinity.
        warnings.filterwarnings("ignore", message="invalid value encountered in cast", category=RuntimeWarning)
        check(estimator)
