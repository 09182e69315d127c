"""Linear and logistic regression: scikit-learn's solutions, definitions, solvers, files, bad input."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn.linear_model
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
import tmva_events
from diskern import InvalidArgument, LinearRegression, LogisticRegression, _core
from diskern.tmva import Factory

SOLVERS = ("newton", "gradient", "stochastic", "mini_batch")


def two_classes(n: int = 3000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = (generator.normal(size=(n, 3)) * [1.0, 20.0, 0.1] + [0.0, 100.0, 5.0]).astype(np.float32)
    odds = 1.2 * X[:, 0] - 0.05 * (X[:, 1] - 100) + 3.0 * (X[:, 2] - 5) + 0.4
    y = (generator.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    return X, y, generator.uniform(0.2, 2.0, n)


def theirs(l2: float, weight: np.ndarray) -> Any:
    return sklearn.linear_model.LogisticRegression(C=1 / (l2 * weight.sum()), tol=1e-10, max_iter=10000)


@pytest.mark.parametrize("solver", ["newton", "gradient"])
def test_logistic_is_scikit_learns(solver: str) -> None:
    X, y, weight = two_classes()
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)
    known = theirs(0.01, weight).fit(X.astype(np.float64), y, weight)
    ours = LogisticRegression(solver, l2=0.01, standardise=False, max_iter=5000, tol=1e-15).fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, known.coef_, rtol=1e-5)
    np.testing.assert_allclose(ours.intercept_, known.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), known.predict_proba(X.astype(np.float64)), atol=1e-6)
    assert (ours.predict(X) == known.predict(X.astype(np.float64))).all()


@pytest.mark.parametrize("solver", ["newton", "gradient"])
def test_softmax_is_scikit_learns(solver: str) -> None:
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    known = theirs(0.05, weight).fit(X.astype(np.float64), y, weight)
    ours = LogisticRegression(solver, l2=0.05, standardise=False, max_iter=20000, tol=1e-14).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict_proba(X), known.predict_proba(X.astype(np.float64)), atol=2e-5)
    np.testing.assert_allclose(ours.coef_, known.coef_, atol=2e-4)


def test_linear_is_scikit_learns() -> None:
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(np.float32)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    X64 = X.astype(np.float64)
    plain = LinearRegression(l2=0.0).fit(X, y, weight)
    known = sklearn.linear_model.LinearRegression().fit(X64, y, weight)
    np.testing.assert_allclose(plain.coef_, known.coef_, rtol=1e-6)
    np.testing.assert_allclose(plain.intercept_, known.intercept_, rtol=1e-8)
    ridge = LinearRegression(l2=1e-4, standardise=False).fit(X, y, weight)
    known = sklearn.linear_model.Ridge(alpha=1e-4 * weight.sum()).fit(X64, y, weight)
    np.testing.assert_allclose(ridge.coef_, known.coef_, rtol=1e-6)
    X64 = (X64 - X64.mean(axis=0)) / X64.std(axis=0)
    lasso = LinearRegression("gradient", l2=0.0, l1=3.0, standardise=False, max_iter=5000, tol=1e-15)
    lasso.fit(X64.astype(np.float32), y)
    known = sklearn.linear_model.Lasso(alpha=3.0, tol=1e-10, max_iter=100000).fit(X64, y)
    np.testing.assert_allclose(lasso.coef_, known.coef_, atol=1e-3)
    assert ((lasso.coef_ == 0) == (known.coef_ == 0)).all()
    assert (lasso.coef_ == 0).any()


@pytest.mark.parametrize("solver", SOLVERS)
def test_solvers_agree(solver: str) -> None:
    X, y, weight = two_classes()
    reference = LogisticRegression("newton", l2=1e-3).fit(X, y, weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = LogisticRegression(solver, l2=1e-3, max_iter=400, tol=1e-13, random_state=0).fit(X, y, weight)
    assert ours.loss_curve_[-1] <= reference.loss_curve_[-1] * 1.0005
    np.testing.assert_allclose(ours.predict_proba(X), reference.predict_proba(X), atol=0.01)
    target = X @ np.array([0.3, 0.01, -2.0]) + 1.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linear = LinearRegression(solver, max_iter=400, tol=1e-14, random_state=0).fit(X, target, weight)
    np.testing.assert_allclose(linear.predict(X), target, atol=0.01)


def test_what_standardise_means() -> None:
    """The penalty does not care about units with it, and does without."""
    X, y, _ = two_classes()
    scaled = X * np.float32([1, 1024, 1])
    for solver in ("newton", "gradient"):
        one = LogisticRegression(solver, l2=0.1, max_iter=3000).fit(X, y)
        other = LogisticRegression(solver, l2=0.1, max_iter=3000).fit(scaled, y)
        np.testing.assert_allclose(one.coef_, other.coef_ * [1, 1024, 1], rtol=1e-5)
    small = X * np.float32([1 / 64, 1, 1])
    one = LogisticRegression(l2=0.1, standardise=False).fit(X, y)
    other = LogisticRegression(l2=0.1, standardise=False).fit(small, y)
    assert abs(other.coef_[0, 0] / 64) < 0.1 * abs(one.coef_[0, 0])


@pytest.mark.parametrize("solver", SOLVERS)
def test_invariances(solver: str) -> None:
    X, y, _ = two_classes(1500)
    common: dict[str, Any] = {"solver": solver, "max_iter": 20, "random_state": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = LogisticRegression(**common, n_jobs=1).fit(X, y)
        two = LogisticRegression(**common, n_jobs=2).fit(X, y)
        np.testing.assert_array_equal(one.coef_, two.coef_)
        # Events of weight 0 do not count.
        more = LogisticRegression(**common).fit(
            np.vstack([X, 1000 + X]), np.r_[y, 1 - y], np.r_[np.ones(1500), np.zeros(1500)]
        )
    np.testing.assert_array_equal(one.coef_, more.coef_)
    if solver in ("newton", "gradient"):
        weight = np.random.default_rng(0).integers(1, 4, 1500)
        weighted = LogisticRegression(solver, max_iter=3000, tol=1e-14).fit(X, y, weight)
        repeated = LogisticRegression(solver, max_iter=3000, tol=1e-14).fit(
            np.repeat(X, weight, 0), np.repeat(y, weight)
        )
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-5)


def test_singular_and_separated() -> None:
    X, y, _ = two_classes(500)
    X = np.column_stack([X, X[:, 0] + X[:, 1]]).astype(np.float32)
    with pytest.raises(InvalidArgument, match="singular"):
        LinearRegression(l2=0.0).fit(np.column_stack([X[:, :2], np.ones(500)]), y)
    assert LogisticRegression(l2=1e-3).fit(X, y).score(X, y) > 0.7
    separated = np.float32([[0.0], [1.0], [2.0], [3.0]])
    fitted = LogisticRegression(l2=1e-3).fit(separated, [0, 0, 1, 1])
    assert fitted.converged_
    assert (fitted.predict(separated) == [0, 0, 1, 1]).all()


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_constant_has_no_slope(solver: str, standardise: bool) -> None:
    """Its mean is rounded: what is left of 0.1 after it is not nothing, and is no spread to divide by."""
    generator = np.random.default_rng(2)
    X = np.column_stack([generator.normal(size=1000), np.full(1000, 0.1)]).astype(np.float32)
    moved = X.copy()
    moved[:, 1] = 0.2
    y = X[:, 0] + generator.normal(size=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for l2 in (1e-3,) if solver == "newton" else (0.0, 1e-3):
            common: dict[str, Any] = {"l2": l2, "standardise": standardise, "max_iter": 30, "random_state": 1}
            logistic = LogisticRegression(solver, **common).fit(X, y > 0)
            assert logistic.coef_[0, 1] == 0
            np.testing.assert_array_equal(logistic.predict_proba(moved), logistic.predict_proba(X))
            linear = LinearRegression(solver, **common).fit(X, y)
            assert linear.coef_[1] == 0
            np.testing.assert_array_equal(linear.predict(moved), linear.predict(X))
    if solver == "newton":
        for estimator, target in ((LinearRegression, y), (LogisticRegression, y > 0)):
            with pytest.raises(InvalidArgument, match=r"(variable 1|'x1') is constant"):
                estimator(solver, l2=0.0, standardise=standardise).fit(X, target)


def test_booked(tmp_path: Path, capsys) -> None:
    factory = Factory("job", None, "!V:AnalysisType=Classification", threads=1)
    loader = tmva_events.class_loader(tmp_path / "c", 400, "SplitMode=Alternate:!V")
    factory.BookMethod(loader, "LogisticRegression", "L", "")
    factory.BookMethod(loader, "LogisticRegression", "M", "Solver=MiniBatch:BatchSize=32:L1=0.001:VarTransform=N")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    printed = capsys.readouterr().out
    assert "Results for log odds coefficients" in printed
    assert "TMVA has no logistic regression" in printed
    X = loader.dataset.test.variables
    for title in ("L", "M"):
        booked = factory.GetMethod(title)
        assert booked.xml_path is None
        model = diskern.load(booked.model_path)
        np.testing.assert_array_equal(model.evaluate(X), booked.response_test)
        assert diskern.Model(model.to_bytes()) == model
        assert factory.GetROCIntegral(title) > 0.75
    # The response is the logistic function of the linear sum.
    c = diskern.load(factory.model_path("L")).predictor.coefficients[0]
    expected = 1 / (1 + np.exp(-(c[0] + X.astype(np.float64) @ c[1:])))
    np.testing.assert_allclose(factory.GetMethod("L").response_test[:, 0], expected, rtol=1e-12)


def test_least_squares_of_two_classes(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Classification", threads=1)
    loader = tmva_events.class_loader(tmp_path / "c", 300, "!V")
    factory.BookMethod(loader, "LD", "LD", "")
    factory.BookMethod(loader, "LinearRegression", "L", "")
    factory.TrainAllMethods()
    ld, ours = (factory.GetMethod(title).response_training[:, 0] for title in ("LD", "L"))
    np.testing.assert_allclose(ours - ours.mean(), ld - ld.mean(), atol=1e-6)
    training = loader.dataset.training
    target = training.class_index == 0
    assert np.average(ours, weights=training.weight) == pytest.approx(np.average(target, weights=training.weight))
    path = factory.GetMethod("L").xml_path
    np.testing.assert_array_equal(diskern.load(path).evaluate(training.variables)[:, 0], ours)


def test_booked_with_several_classes(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Multiclass", threads=1)
    loader = tmva_events.multiclass_loader(tmp_path / "m", 300)
    factory.BookMethod(loader, "LogisticRegression", "L", "L2=0.001")
    factory.TrainAllMethods()
    booked = factory.GetMethod("L")
    response = booked.response_training
    np.testing.assert_allclose(response.sum(axis=1), 1.0, rtol=1e-12)
    right = response.argmax(axis=1) == loader.dataset.training.class_index
    assert np.average(right, weights=loader.dataset.training.weight) > 0.7
    for k in range(3):
        assert roc_auc_score(loader.dataset.training.class_index == k, response[:, k]) > 0.7
    model = diskern.load(booked.model_path)
    np.testing.assert_array_equal(model.evaluate(loader.dataset.training.variables), response)


def test_a_regression_without_penalties_is_ld(tmp_path: Path) -> None:
    factory = Factory("job", None, "Silent:AnalysisType=Regression", threads=1)
    loader = tmva_events.regression_loader(tmp_path / "r", 400)
    factory.BookMethod(loader, "LD", "LD", "")
    factory.BookMethod(loader, "LinearRegression", "L", "")
    factory.BookMethod(loader, "LinearRegression", "G", "Solver=GradientDescent:VarTransform=N_AllClasses")
    factory.TrainAllMethods()
    ld = factory.GetMethod("LD").response_training
    np.testing.assert_allclose(factory.GetMethod("L").response_training, ld, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(factory.GetMethod("G").response_training, ld, atol=1e-2)
    X = loader.dataset.training.variables
    xml = diskern.load(factory.GetMethod("L").xml_path)  # as TMVA's LD
    np.testing.assert_array_equal(xml.evaluate(X), factory.GetMethod("L").response_training)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("L1=0.1", "Solver=Newton takes"),
        ("L2=-1", "L2 is -1.000000"),
        ("Solver=Stochastic:LearningRate=0", "LearningRate is 0.000000"),
        ("MaxIterations=0", "MaxIterations is 0"),
        ("Solver=MiniBatch:BatchSize=0", "BatchSize is 0"),
        ("Tolerance=-1", "Tolerance is -1.000000"),
    ],
)
def test_bad_options(tmp_path: Path, options: str, message: str) -> None:
    factory = Factory("job", "Silent:!ModelPersistence")
    factory.BookMethod(tmva_events.class_loader(tmp_path / "dataset", 100), "LogisticRegression", "R", options)
    with pytest.raises(InvalidArgument, match=re.escape(message)):
        factory.TrainAllMethods()


def test_options_without_effect(tmp_path: Path, capsys) -> None:
    factory = Factory("job")
    loader = tmva_events.class_loader(tmp_path / "dataset", 100)
    factory.BookMethod(loader, "LogisticRegression", "R", "BatchSize=3:LearningRate=2:Seed=1")
    printed = capsys.readouterr().out
    for name in ("BatchSize", "LearningRate", "Seed"):
        assert f"{name} has no effect with Solver=Newton" in printed


def test_an_end_before_convergence_is_told(tmp_path: Path, capsys) -> None:
    X, y, _ = two_classes(300)
    with pytest.warns(UserWarning, match="max_iter=1 ended the fit"):
        LogisticRegression(max_iter=1).fit(X, y)
    factory = Factory("job", None, "!ModelPersistence")
    loader = tmva_events.class_loader(tmp_path / "dataset", 100)
    factory.BookMethod(loader, "LogisticRegression", "R", "MaxIterations=1")
    factory.TrainAllMethods()
    assert "MaxIterations=1 ended the fit before it had converged" in capsys.readouterr().out


@pytest.mark.parametrize("parameters", [{"solver": "sag"}, {"l2": "a"}, {"max_iter": 0}, {"batch_size": 1.5}])
def test_bad_parameters(parameters: dict[str, Any]) -> None:
    X, y, _ = two_classes(100)
    with pytest.raises(InvalidArgument, match=next(iter(parameters))):
        LogisticRegression(**parameters).fit(X, y)


def test_bad_events() -> None:
    X, y, weight = two_classes(100)
    params = _core.LinearFitParams()
    params.loss = _core.LinearLoss.logistic
    classes = y.astype(np.int32)
    with pytest.raises(InvalidArgument, match="weights of class 1 sum to"):
        _core.fit_logistic(params, X, classes, 2, 1, np.where(y == 1, -weight, weight))
    with pytest.raises(InvalidArgument, match="class 5 of event 3, there are 2"):
        _core.fit_logistic(params, X, np.where(np.arange(100) == 3, 5, classes).astype(np.int32), 2, 1, weight)
    with pytest.raises(InvalidArgument, match="two or more classes"):
        _core.fit_logistic(params, X, classes * 0, 1, 0, weight)
    X[4, 1] = np.inf
    with pytest.raises(InvalidArgument, match="variable 1 of event 4 is inf"):
        _core.fit_logistic(params, X, classes, 2, 1, weight)


@parametrize_with_checks([LogisticRegression(max_iter=2000), LinearRegression(max_iter=2000)])
def test_scikit_learns_contract(estimator: Any, check: Any) -> None:
    check(estimator)
