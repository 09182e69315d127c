"""SVM, PDERS, RuleFit: TMVA's weight files and trainings, invariances, bad input; the command that converts models."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC

import diskern
import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.cli import main
from diskern.tmva.booking import own_and_common
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.knn import KNN
from diskern.tmva.methods.pders import PDERS
from diskern.tmva.methods.svm import SVM
from diskern.tmva.options import parse_options


def booked(method: type, options: str, analysis_type: str = "Classification") -> Any:
    values, _ = parse_options(options, own_and_common(method.options), _defaults=method.defaults(analysis_type))
    return method("booked", analysis_type, {one.name: values[one.name] for one in method.options})


def sample_of(X: Any, y: Any, weight: Any = None, targets: Any = None) -> TrainingSample:
    X = np.ascontiguousarray(X, np.float32)
    return TrainingSample(
        X,
        np.asarray(y, np.int32),
        np.empty((len(X), 0), np.float32) if targets is None else np.asarray(targets, np.float32),
        np.ones(len(X)) if weight is None else np.asarray(weight, np.float64),
        tuple(f"x{j}" for j in range(X.shape[1])),
        ("F",) * X.shape[1],
        ("Signal", "Background"),
    )


def toy(n: int = 400, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = generator.normal(size=(n, 2)) + (1 - y)[:, None] * np.array([1.2, -0.5])
    return X.astype(np.float32), y


def events_of(data: Path, folder: str, part: str) -> tuple[dict[str, np.ndarray], Any]:
    base = data / "tmva_trained" / folder
    events = np.load(base / f"{part}_events.npz")
    return {name: events[name] for name in events.files}, np.load(base / f"{part}_responses.npz")


def file_of(data: Path, folder: str, title: str) -> Path:
    return data / "tmva_trained" / folder / "weights" / f"{title}.weights.xml.gz"


# ---- weight files


@pytest.mark.parametrize(
    ("folder", "title"),
    [
        ("class_tut", "SVM"),
        ("class_variants", "SVM_defaults"),
        ("class_tut", "RuleFit"),
        ("class_variants", "RuleFit_rules"),
        ("class_variants", "RuleFit_lin"),
    ],
)
def test_files_give_the_responses_of_tmva(data_directory: Path, folder: str, title: str) -> None:
    model = diskern.load(file_of(data_directory, folder, title))
    for part in ("test", "train"):
        events, responses = events_of(data_directory, folder, part)
        expected = responses[title]
        assert np.abs(model.evaluate(events)[:, 0] - expected).max() <= 2e-6 * np.ptp(expected)
    assert diskern.Model(model.to_bytes()) == model


def test_support_vectors_of_a_regression(data_directory: Path) -> None:
    model = diskern.load(file_of(data_directory, "reg", "SVM"))
    events, responses = events_of(data_directory, "reg", "test")
    # All estimates lie between 196 and 197 in float32, which has 3e-5 of that range for its last digit.
    difference = np.abs(model.evaluate(events)[:, 0] - responses["SVM"])
    assert difference.max() <= 2 * np.spacing(np.float32(197))
    assert np.mean(difference > 0.1 * np.spacing(np.float32(197))) < 0.05


PDERS_FILES = [
    ("class_tut", "PDERS"),
    ("class_tut", "PDERSD"),
    ("class_tut", "PDERSPCA"),
    ("class_variants", "PDERS_box"),
    ("class_variants", "PDERS_knn"),
    ("reg", "PDERS"),
]


@pytest.mark.parametrize(("folder", "title"), PDERS_FILES)
def test_range_searches_of_tmva(data_directory: Path, folder: str, title: str) -> None:
    """TMVA's training sample has the responses that were booked. Its Reader forgets VolumeRangeMode and
    KernelEstimator, so that the test sample has those of an adaptive box, which we get by saying so in the file."""
    text = gzip.decompress(file_of(data_directory, folder, title).read_bytes()).decode()
    forgotten = re.sub(r'(name="VolumeRangeMode"[^>]*>)\w+', r"\g<1>Adaptive", text)
    forgotten = re.sub(r'(name="KernelEstimator"[^>]*>)\w+', r"\g<1>Box", forgotten)
    for part, content in (("train", text), ("test", forgotten)):
        events, responses = events_of(data_directory, folder, part)
        difference = np.abs(diskern.Model(content.encode()).evaluate(events, threads=2)[:, 0] - responses[title])
        # Of the 10000 events one or two have an event on the border of their box, which may fall on either side.
        wrong = difference > 1e-5 * np.ptp(responses[title])
        assert wrong.sum() <= 2, (part, wrong.sum(), difference.max())


# ---- training


@pytest.mark.parametrize(
    ("folder", "title", "options", "transform"),
    [
        (
            "class_tut",
            "PDERS",
            "NormTree=T:VolumeRangeMode=Adaptive:KernelEstimator=Gauss:GaussSigma=0.3:NEventsMin=400:NEventsMax=600",
            "",
        ),
        ("class_variants", "PDERS_box", "KernelEstimator=Box:NEventsMin=400:NEventsMax=600", ""),
        (
            "reg",
            "PDERS",
            "NormTree=T:VolumeRangeMode=Adaptive:KernelEstimator=Gauss:GaussSigma=0.3:NEventsMin=40:NEventsMax=60",
            "",
        ),
    ],
)
def test_range_search_trained_on_the_events_of_tmva(
    data_directory: Path, folder: str, title: str, options: str, transform: str
) -> None:
    training = reference.load(data_directory, folder)
    regression = folder == "reg"
    sample = TrainingSample(
        training.variables,
        training.class_index,
        training.targets,
        training.weight,
        reference.VARIABLES[folder],
        ("F",) * training.variables.shape[1],
        ("Signal", "Background"),
    )
    trained = booked(PDERS, options, "Regression" if regression else "Classification").train(sample)
    _, responses = events_of(data_directory, folder, "train")
    difference = np.abs(trained.predictor.evaluate(training.variables, threads=2)[:, 0] - responses[title])
    assert (difference > 1e-5 * np.ptp(responses[title])).sum() <= 1


@pytest.mark.parametrize(("folder", "title", "options"), [("class_tut", "SVM", "Gamma=0.25:Tol=0.001")])
def test_support_vectors_separate_as_well_as_those_of_tmva(
    data_directory: Path, folder: str, title: str, options: str
) -> None:
    training = reference.load(data_directory, folder)
    scaled, scaled_test = (
        reference.normalised(data_directory, folder, title, events)
        for events in (training.variables, training.test_variables)
    )
    sample = sample_of(scaled, training.class_index, training.weight)
    trained = booked(SVM, options).train(sample, threads=2)
    area = roc_auc_score(
        training.test_class_index == 0,
        trained.predictor.evaluate(scaled_test)[:, 0],
        sample_weight=training.test_weight,
    )
    stored = json.loads((data_directory / "tmva_trained" / folder / "results.json").read_text())[title]["auc"]
    assert area >= stored - 0.01


KERNELS = [
    ("Kernel=RBF:Gamma=0.5", {"kernel": "rbf", "gamma": 0.5}),
    ("Kernel=Polynomial:Order=2:Theta=1", {"kernel": "poly", "degree": 2, "gamma": 1.0, "coef0": 1.0}),
    ("Kernel=MultiGauss:GammaList=0.5,0.5", {"kernel": "rbf", "gamma": 0.5}),
]


@pytest.mark.parametrize(("options", "settings"), KERNELS)
def test_support_vectors_agree_with_libsvm(options: str, settings: dict[str, Any]) -> None:
    X, y = toy()
    weight = np.random.default_rng(1).uniform(0.5, 2.0, len(y))
    trained = booked(SVM, f"{options}:C=2:Tol=1e-6").train(sample_of(X, y, weight))
    # LIBSVM's weights multiply the cost; ours are relative to the mean of the class.
    for which in (0, 1):
        weight[y == which] /= weight[y == which].mean()
    peer = SVC(C=2, tol=1e-6, **settings).fit(X.astype(np.float64), y, weight)
    probability = trained.predictor.evaluate(X)[:, 0].astype(np.float64)
    np.testing.assert_allclose(np.log(1 / probability - 1), peer.decision_function(X), atol=2e-4)


def test_the_larger_class_costs_less() -> None:
    X, y = toy(600)
    keep = (y == 0) | (np.arange(600) % 6 == 1)
    trained = booked(SVM, "C=1:Tol=1e-6").train(sample_of(X[keep], y[keep]))
    n_signal, n_background = np.sum(y[keep] == 0), np.sum(y[keep] == 1)
    peer = SVC(C=1, gamma=1.0, tol=1e-6, class_weight={0: n_background / n_signal, 1: 1.0}).fit(X[keep], y[keep])
    probability = trained.predictor.evaluate(X)[:, 0]
    np.testing.assert_allclose(np.log(1 / probability - 1), peer.decision_function(X), atol=2e-4)


# ---- kernels and boxes of the range search, by their definition


def by_definition(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, event: np.ndarray, edge: np.ndarray, kernel: str
) -> float:
    inside = (np.abs(X - event) <= edge / 2).all(axis=1)
    distance = np.sqrt(np.mean((2 * (X - event) / edge) ** 2, axis=1))
    x = np.maximum(distance, 1e-12)
    values = {
        "Box": np.ones(len(X)),
        "Sphere": np.ones(len(X)),
        "Teepee": 1 - distance,
        "Gauss": np.exp(-0.5 * (distance / 0.4) ** 2),
        "Sinc3": np.abs(np.sinc(2 * x)) * np.sinc(2 * x),
        "Lanczos3": np.abs(np.sinc(x) * np.sinc(x / 3)) * np.sinc(x) * np.sinc(x / 3),
    }[kernel]
    used = inside & ((distance <= 1) | (kernel == "Box"))
    sums = [float((weight * values)[used & (y == which)].sum()) for which in (0, 1)]
    s, b = (max(0.0, one) / weight[y == which].sum() for which, one in enumerate(sums))
    return s / (s + b) if s + b > 0 else 0.5


@pytest.mark.parametrize("kernel", ["Box", "Sphere", "Teepee", "Gauss", "Sinc3", "Lanczos3"])
@pytest.mark.parametrize("mode", ["Unscaled", "MinMax", "RMS"])
def test_fixed_boxes_and_kernels(kernel: str, mode: str) -> None:
    X, y = toy()
    weight = np.random.default_rng(2).uniform(0.5, 1.5, len(y)).astype(np.float32).astype(np.float64)
    fraction = {"Unscaled": 1.5, "MinMax": 0.25, "RMS": 1.4}[mode]
    options = f"VolumeRangeMode={mode}:KernelEstimator={kernel}:DeltaFrac={fraction}:GaussSigma=0.4"
    response = booked(PDERS, options).train(sample_of(X, y, weight)).predictor.evaluate(X[:60])[:, 0]
    rms = np.zeros(2)
    for which in (0, 1):
        part, own = X[y == which].astype(np.float64), weight[y == which]
        mean = np.average(part, axis=0, weights=own)
        rms += 0.5 * np.sqrt(np.average((part - mean) ** 2, axis=0, weights=own))
    edge = fraction * {"Unscaled": np.ones(2), "MinMax": np.ptp(X, axis=0), "RMS": rms}[mode]
    X64 = X.astype(np.float64)
    expected = [by_definition(X64, y, weight, event, edge, kernel) for event in X64[:60]]
    np.testing.assert_allclose(response, expected, rtol=1e-5, atol=1e-6)


def test_nearest_neighbours_of_the_range_search() -> None:
    X, y = toy()
    options = "VolumeRangeMode=kNN:NEventsMin=15:NEventsMax=400:KernelEstimator=Box"
    predictor = booked(PDERS, options).train(sample_of(X, y)).predictor
    rms = np.mean([X[y == c].astype(np.float64).std(axis=0) for c in (0, 1)], axis=0)
    checked = 0
    for event, response in zip(X[:60].astype(np.float64), predictor.evaluate(X[:60])[:, 0], strict=True):
        distance = (X - event) / rms
        inside = np.flatnonzero((np.abs(distance) <= 1.5).all(axis=1))
        if len(inside) < 15:
            continue  # a larger box is searched
        nearest = inside[np.argsort(np.sum(distance[inside] ** 2, axis=1))[:15]]
        assert response == pytest.approx(np.mean(y[nearest] == 0))
        checked += 1
    assert checked > 40


@pytest.mark.parametrize(
    ("method", "options"),
    [(SVM, "Gamma=0.5"), (PDERS, "KernelEstimator=Gauss:NEventsMin=30:NEventsMax=60")],
)
def test_invariances(method: type, options: str) -> None:
    X, y = toy()
    response = booked(method, options).train(sample_of(X, y), threads=1).predictor.evaluate(X)
    three = booked(method, options).train(sample_of(X, y), threads=3).predictor
    np.testing.assert_array_equal(three.evaluate(X, threads=3), response)
    np.testing.assert_array_equal(three.evaluate(X[7:8]), response[7:8])
    spoiled = X[:3].copy()
    spoiled[1, 0] = np.nan
    assert np.isnan(three.evaluate(spoiled)[:, 0]).tolist() == [False, True, False]


def test_bad_input() -> None:
    X, y = toy(100)
    with pytest.raises(InvalidArgument, match="SVM takes weights of 0 and more"):
        booked(SVM, "").train(sample_of(X, y, np.where(np.arange(100) == 3, -1.0, 1.0)))
    for options in ("Kernel=Prod", "Kernel=Sum:KernelList=RBF*Sigmoid"):
        with pytest.raises(InvalidArgument, match="needs a KernelList of RBF, MultiGauss and Polynomial"):
            booked(SVM, options)
    for options, message in (
        ("Gamma=0", "Gamma is 0"),
        ("C=-1", "C is -1"),
        ("Kernel=MultiGauss:GammaList=1", "GammaList has 1 numbers, there are 2"),
        ("Kernel=MultiGauss:GammaList=a", "expected numbers separated by commas"),
        ("Kernel=Polynomial:Order=0", "Order is 0"),
        ("MaxIter=0", "MaxIter is 0"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            booked(SVM, options).train(sample_of(X, y))
    for options, message in (
        ("NEventsMin=50:NEventsMax=40", "NEventsMin is 50"),
        ("DeltaFrac=0", "must be positive"),
        ("MaxVIterations=-1", "MaxVIterations is -1"),
        ("MaxVIterations=1e18", "MaxVIterations is 1000000000000000000"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            booked(PDERS, options).train(sample_of(X, y))
    for method in (SVM, PDERS):
        with pytest.raises(InvalidArgument):
            booked(method, "").train(sample_of(X, np.ones(100)))
    with pytest.raises(InvalidArgument, match="no spread"):
        booked(PDERS, "").train(sample_of(np.ones((100, 2)), y))


# ---- files


@pytest.mark.parametrize("title", ["SVM", "RuleFit", "PDERS", "Likelihood", "Cuts", "BDTF"])
def test_convert(data_directory: Path, title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = file_of(data_directory, "class_tut", title)
    native, xml = tmp_path / "model.dsk", tmp_path / "model.weights.xml"
    assert main(["convert", str(source), str(native)]) == 0
    assert "bit for bit" in capsys.readouterr().out
    events, _ = events_of(data_directory, "class_tut", "test")
    expected = diskern.load(source).evaluate(events)
    np.testing.assert_array_equal(diskern.load(native).evaluate(events), expected)
    assert main(["convert", str(native), str(native)]) == 2
    assert "--force overwrites it" in capsys.readouterr().err
    assert main(["convert", str(native), str(xml)]) == 0
    np.testing.assert_array_equal(diskern.load(xml).evaluate(events), expected)
    assert main(["convert", str(native), str(tmp_path / "model.txt")]) == 2
    assert "names no format" in capsys.readouterr().err


def model_of(method: type, predictor: Any, regression: bool = False) -> Any:
    variables = [{"expression": name, "minimum": -3.0, "maximum": 3.0} for name in ("a", "b")]
    info: dict[str, Any] = {"method": method.type_name, "title": "own", "variables": variables}  # type: ignore[attr-defined]
    if regression:
        info |= {"targets": [{"expression": "t"}], "analysis_type": "Regression"}
    else:
        info |= {"classes": ["Signal", "Background"]}
    return _core.Model(info, None, predictor)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        (PDERS, "VolumeRangeMode=RMS:DeltaFrac=0.7:KernelEstimator=Teepee"),
        (KNN, "nkNN=7:UseKernel:Kernel=Poln"),
        (KNN, "nkNN=12:ScaleFrac=0:!UseWeight"),
    ],
)
def test_own_trainings_are_written_for_tmva(method: type, options: str, regression: bool) -> None:
    """Read back they are the same bit for bit, and the tree of PDERS is one that TMVA can search."""
    X, y = toy()
    weight = np.random.default_rng(3).uniform(0.5, 2, len(y)).astype(np.float32).astype(np.float64)
    sample = sample_of(X, y, weight)
    if regression:
        sample = dataclasses.replace(sample, targets=(X[:, :1] ** 2).astype(np.float32))
    trained = booked(method, options, "Regression" if regression else "Classification").train(sample)
    model = model_of(method, trained.predictor, regression)
    text = model.to_tmva_xml()
    again = diskern.Model(text.encode())
    np.testing.assert_array_equal(again.evaluate(X), model.evaluate(X))
    assert again.to_tmva_xml() == text
    if method is not PDERS:
        return
    seen = 0
    # Every node with the bounds that the nodes above set.
    root = ElementTree.fromstring(text).find("Weights/BinaryTree/Node")
    open_nodes = [(root, np.full(2, -np.inf), np.full(2, np.inf))]
    while open_nodes:
        node, low, high = open_nodes.pop()
        assert node is not None
        values = np.array(node.text.split(), float)  # type: ignore[union-attr]
        assert ((low <= values[:2]) & (values[:2] < high)).all()
        selector = int(node.get("depth", "")) % 2
        assert int(node.get("selector", "")) == selector
        seen += 1
        for child in node:
            bounds = low.copy(), high.copy()
            bounds[child.get("pos") == "l"][selector] = values[selector]
            open_nodes.append((child, *bounds))
    assert seen == len(X)


def test_models_that_are_not_those_of_tmva_are_not_written() -> None:
    X, y = toy()
    y = np.sort(y)
    trimmed = booked(KNN, "nkNN=5:Trim").train(sample_of(X[: len(y) - 40], y[: len(y) - 40]))
    with pytest.raises(diskern.InvalidArgument, match="cannot be written"):
        model_of(KNN, trimmed.predictor).to_tmva_xml()
    # Events that are all the same make a chain.
    X = np.zeros((1200, 2), np.float32)
    X[:2] = [[1, 2], [2, 1]]
    trained = booked(PDERS, "").train(sample_of(X, np.arange(1200) % 2))
    with pytest.raises(diskern.InvalidArgument, match="too deep"):
        model_of(PDERS, trained.predictor).to_tmva_xml()


@pytest.mark.parametrize("old", ['index="3"', 'index="0"'])
def test_order_of_a_written_range_search(data_directory: Path, old: str) -> None:
    text = diskern.load(file_of(data_directory, "class_tut", "PDERS")).to_tmva_xml()
    with pytest.raises(diskern.FormatError, match="each once"):
        diskern.Model(text.replace(old, 'index="7"').encode())
    with pytest.raises(diskern.FormatError, match="each once"):
        diskern.Model(text.replace(f" {old}", "").encode())


def test_range_search_of_many_events() -> None:
    """Boxes of many more events than lists are made of: nodes are counted as a whole. By definition, and the same for
    every instruction set and number of threads."""
    rng = np.random.default_rng(8)
    n = 30000
    y = np.arange(n) % 2
    X = (rng.normal(size=(n, 3)) + 0.3 * y[:, None]).astype(np.float32)
    X[:3000] = np.round(X[:3000])  # events at the edges of each other's boxes
    weight = rng.uniform(-0.2, 1.5, n)
    edge = np.array([3.0, 3.0, 3.0])
    fixed = booked(PDERS, "VolumeRangeMode=Unscaled:DeltaFrac=3").train(sample_of(X, y, weight)).predictor
    events = X[np.r_[:20, 5000:5020]]
    weight32 = weight.astype(np.float32).astype(np.float64)
    X64 = X.astype(np.float64)
    expected = [by_definition(X64, y, weight32, event, edge, "Box") for event in events.astype(np.float64)]
    np.testing.assert_allclose(fixed.evaluate(events)[:, 0], expected, rtol=1e-12)
    assert np.ptp(expected) > 0.1
    adaptive = booked(PDERS, "NEventsMin=2000:NEventsMax=2500:KernelEstimator=Gauss").train(sample_of(X, y, weight))
    one, two = (adaptive.predictor.evaluate(X[:300], threads=threads) for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_damaged_files_of_rules_and_vectors(data_directory: Path) -> None:
    rules = gzip.decompress(file_of(data_directory, "class_tut", "RuleFit").read_bytes()).decode()
    vectors = gzip.decompress(file_of(data_directory, "class_tut", "SVM").read_bytes()).decode()
    for text, old, new, message in (
        (rules, 'Selector="1"', 'Selector="9"', "Selector is 9"),
        (rules, 'NRules="52"', 'NRules="51"', "NRules is 51"),
        (rules, 'DoMin="F"', 'DoMin="X"', "expected T or F"),
        (rules, 'Offset="', 'Offset="x', "not a number"),
        (vectors, 'NSupVec="1171"', 'NSupVec="7"', "NSupVec is 7"),
        (vectors, 'fGamma="2.5', 'fGamma="-2.5', "Gamma is -0.25"),
        (vectors, 'fBparm="2', 'fBparm="nan2', "not a number"),
    ):
        assert old in text
        with pytest.raises(diskern.FormatError, match=re.escape(message)):
            diskern.Model(text.replace(old, new, 1).encode())
    assert isinstance(diskern.Model(rules.encode()).predictor, _core.Predictor)
