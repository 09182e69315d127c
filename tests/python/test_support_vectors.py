"""SVM beyond one kernel and two classes: regression, products and sums of kernels, weight files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.svm import SVC, SVR

import diskern
import tmva_events
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.tmva import Factory


def toy(n: int = 300, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.uniform(-1, 1, (n, 2)).astype(np.float32)
    target = np.sin(3 * X[:, 0]) + X[:, 1].astype(np.float64) ** 2 + 0.05 * generator.normal(size=n)
    return X, target, generator.uniform(0.5, 2.0, n)


def params(**changes: Any) -> _core.SvmParams:
    result = _core.SvmParams()
    for name, value in {"Tol": 1e-6, **changes}.items():
        setattr(result, name, value)
    return result


def test_regression_is_libsvms() -> None:
    X, target, weight = toy()
    result = _core.fit_svm_regression(params(C=2.0, Gamma=0.7), 0.05, X, target, weight)
    peer = SVR(C=2.0, gamma=0.7, epsilon=0.05, tol=1e-7).fit(X.astype(np.float64), target, weight / weight.mean())
    np.testing.assert_allclose(result.predictor.evaluate(X)[:, 0], peer.predict(X.astype(np.float64)), atol=2e-4)
    assert abs(result.vector_count - len(peer.support_)) <= 2
    assert result.violation <= 1e-6
    # Deviations up to epsilon cost nothing: a wider tube needs fewer vectors.
    wide = _core.fit_svm_regression(params(C=2.0, Gamma=0.7), 0.5, X, target, weight)
    assert wide.vector_count < 0.5 * result.vector_count


def test_regression_invariances() -> None:
    X, target, weight = toy()
    one = _core.fit_svm_regression(params(C=1.0), 0.05, X, target, weight, threads=1).predictor
    two = _core.fit_svm_regression(params(C=1.0), 0.05, X, target, weight, threads=2).predictor
    np.testing.assert_array_equal(one.evaluate(X), two.evaluate(X))
    # Events of weight 0 do not count; a constant added to the target is added to the estimates.
    more = _core.fit_svm_regression(
        params(C=1.0), 0.05, np.vstack([X, X]), np.r_[target, 7 - target], np.r_[weight, 0 * weight]
    ).predictor
    np.testing.assert_array_equal(one.evaluate(X), more.evaluate(X))
    moved = _core.fit_svm_regression(params(C=1.0), 0.05, X, target + 10.0, weight).predictor
    np.testing.assert_allclose(moved.evaluate(X), one.evaluate(X) + 10.0, atol=1e-3)


@pytest.mark.parametrize(
    ("kernel", "function"),
    [
        ("Prod", lambda gauss, polynomial: gauss * polynomial),
        ("Sum", lambda gauss, polynomial: gauss + polynomial),
    ],
)
def test_products_and_sums_are_libsvms_with_the_same_kernel(kernel: str, function: Any) -> None:
    X, target, weight = toy()
    labels = (target > np.median(target)).astype(np.int32)
    weight = np.where(labels == 0, weight / weight[labels == 0].mean(), weight / weight[labels == 1].mean())

    def matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        distance = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
        return function(np.exp(-0.7 * distance), (a @ b.T + 0.5) ** 2)

    X64 = X.astype(np.float64)
    parts = [_core.SvmKernel.RBF, _core.SvmKernel.Polynomial]
    chosen = params(Kernel=_core.SvmKernel.__members__[kernel], KernelList=parts, Gamma=0.7, Order=2, Theta=0.5, C=2.0)
    trained = _core.fit_svm(chosen, X, labels, weight).predictor
    peer = SVC(kernel="precomputed", C=2.0, tol=1e-7).fit(matrix(X64, X64), labels, weight)
    probability = trained.evaluate(X)[:, 0]
    decision = peer.decision_function(matrix(X64, X64))  # positive for class 1, background
    np.testing.assert_allclose(np.log(1 / probability - 1), decision, atol=5e-4)
    info = {"method": "SVM", "title": "S", "variables": [{"expression": "a"}, {"expression": "b"}],
            "classes": ["Signal", "Background"]}  # fmt: skip
    model = diskern.Model(_core.Model(info, None, trained))
    again = diskern.Model(model.to_bytes())
    np.testing.assert_array_equal(again.evaluate(X)[:, 0], probability)
    with pytest.raises(InvalidArgument, match="RBF and MultiGauss are written"):
        model.to_tmva_xml()
    # TMVA's own file of such a kernel: from the one of an RBF, with the options of this one.
    chosen.Kernel, chosen.KernelList = _core.SvmKernel.RBF, []
    text = diskern.Model(_core.Model(info, None, _core.fit_svm(chosen, X, labels, weight).predictor)).to_tmva_xml()
    options = f'<Option name="Kernel" modified="Yes">{kernel}</Option>'
    options += '<Option name="KernelList" modified="Yes">RBF*Polynomial</Option>'
    assert "<Options/>" in text
    text = text.replace("<Options/>", f"<Options>{options}</Options>")
    text = text.replace("fGamma=", 'fOrder="2" fTheta="0.5" fGamma=')
    theirs = diskern.Model(text.encode())
    alone = diskern.Model(text.replace(f">{kernel}<", ">RBF<").encode())
    assert not np.array_equal(theirs.evaluate(X), alone.evaluate(X))
    with pytest.raises(diskern.FormatError, match="has the kernel Sigmoid, which is not read"):
        diskern.Model(text.replace("RBF*Polynomial", "RBF*Sigmoid").encode())


def test_one_width_per_variable_in_a_weight_file() -> None:
    X, target, weight = toy()
    labels = (target > np.median(target)).astype(np.int32)
    chosen = params(Kernel=_core.SvmKernel.MultiGauss, GammaList=[0.3, 1.7])
    trained = _core.fit_svm(chosen, X, labels, weight).predictor
    info = {"method": "SVM", "title": "S", "variables": [{"expression": "a"}, {"expression": "b"}],
            "classes": ["Signal", "Background"]}  # fmt: skip
    model = diskern.Model(_core.Model(info, None, trained))
    text = model.to_tmva_xml()
    assert 'fGammaList="0.3,1.7"' in text
    np.testing.assert_array_equal(diskern.Model(text.encode()).evaluate(X), model.evaluate(X))


def test_booked_regression(tmp_path: Path, capsys) -> None:
    factory = Factory("job", None, "!V:AnalysisType=Regression", threads=1)
    loader = tmva_events.regression_loader(tmp_path / "r", 400)
    factory.BookMethod(loader, "SVM", "S", "C=1:Gamma=0.05:Epsilon=0.001:Tol=1e-4:VarTransform=N_AllClasses")
    factory.BookMethod(loader, "SVM", "D", "VarTransform=N_AllClasses")
    factory.TrainAllMethods()
    assert "support vectors after" in capsys.readouterr().out
    booked = factory.GetMethod("S")
    target = loader.dataset.training.targets[:, 0]
    estimate = booked.response_training[:, 0]
    assert np.sqrt(np.mean((estimate - target) ** 2)) < 0.15 * target.std()
    for path in (booked.model_path, booked.xml_path):
        np.testing.assert_array_equal(
            diskern.load(path).evaluate(loader.dataset.training.variables), booked.response_training
        )
    assert factory.GetMethod("D").options["C"] == 0.002


def test_regression_beside_tmva(data_directory: Path) -> None:
    """TMVA's own, with the tutorial's options, has not learned; ours does."""
    events = reference.load(data_directory, "reg")
    scale = np.abs(events.variables).max(axis=0)
    X, X_test = events.variables / scale, events.test_variables / scale
    target = events.targets[:, 0].astype(np.float64)
    middle, spread = target.mean(), target.std()
    result = _core.fit_svm_regression(
        params(C=10.0, Gamma=2.5, Tol=1e-3), 0.01, X.astype(np.float32), (target - middle) / spread, events.weight
    )
    estimate = result.predictor.evaluate(X_test.astype(np.float32))[:, 0] * spread + middle
    ours = np.sqrt(np.mean((estimate - events.test_targets[:, 0]) ** 2))
    theirs = np.sqrt(np.mean((reference.responses(data_directory, "reg", "SVM") - events.test_targets[:, 0]) ** 2))
    assert ours < theirs


def test_bad_input() -> None:
    X, target, weight = toy(50)
    for changes, epsilon, message in (
        ({"C": 0.0}, 0.1, "C is 0"),
        ({}, -0.1, "Epsilon is -0.1"),
        ({"Gamma": -1.0}, 0.1, "Gamma is -1"),
        ({"Kernel": _core.SvmKernel.Sum}, 0.1, "KernelList has 0 kernels"),
        ({"Kernel": _core.SvmKernel.Sum, "KernelList": [_core.SvmKernel.Prod]}, 0.1, "a product or sum of kernels"),
        ({"KernelList": [_core.SvmKernel.RBF]}, 0.1, "KernelList is for the kernels Prod and Sum"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            _core.fit_svm_regression(params(**changes), epsilon, X, target, weight)
    target[4] = np.inf
    with pytest.raises(InvalidArgument, match="target of event 4 is not finite"):
        _core.fit_svm_regression(params(), 0.1, X, target, weight)
    with pytest.raises(InvalidArgument, match="two or more events"):
        _core.fit_svm_regression(params(), 0.1, X, target, 0 * weight)


def test_options_without_effect(tmp_path: Path, capsys) -> None:
    factory = Factory("job", None, "AnalysisType=Classification")
    loader = tmva_events.class_loader(tmp_path / "d", 60)
    factory.BookMethod(loader, "SVM", "S", "Kernel=Prod:KernelList=RBF*Polynomial:GammaList=1,1,1:Epsilon=0.1")
    printed = capsys.readouterr().out
    assert "GammaList has no effect with Kernel=Prod" in printed
    assert "Epsilon has no effect in classification" in printed
    assert "Order has no effect" not in printed
