"""KMeans and DBSCAN booked in the Factory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import FormatError, InvalidArgument, _core
from diskern.tmva import DataLoader, Factory, Reader
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.clusters import DBSCAN, KMeans


def events(n: int, seed: int, shift: float) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(shift, 1.0, n), generator.normal(-shift, 1.0, n)
    columns = {"a": a, "b": 100 * b, "w": generator.uniform(0.2, 2.0, n)}
    return {name: values.astype(np.float32) for name, values in columns.items()}


def loader(path: Path) -> DataLoader:
    made = DataLoader(str(path))
    for name in ("a", "b"):
        made.AddVariable(name)
    made.AddSignalTree(events(1500, 1, 0.7))
    made.AddBackgroundTree(events(1500, 2, -0.5))
    made.SetBackgroundWeightExpression("w")
    made.PrepareTrainingAndTestTree("", "SplitMode=Random:NormMode=NumEvents:!V")
    return made


METHODS = [
    ("KMeans", "NClusters=30"),
    ("KMeans", "NClusters=30:ScaleVariables=False:PriorWeight=0"),
    ("DBSCAN", "MinSamples=5:PriorWeight=2"),
    ("DBSCAN", "Eps=0.2:MinSamples=8"),
]


def test_beside_the_classifiers(tmp_path: Path) -> None:
    data = loader(tmp_path / "data")
    factory = Factory("job", str(tmp_path / "job.root"), Silent=True)
    factory.BookMethod(data, "KMeans", "KMeans", "NClusters=40:NInit=2")
    factory.BookMethod(data, "DBSCAN", "DBSCAN", "MinSamples=5")
    factory.BookMethod(data, "Fisher", "Fisher", "")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    methods = {method.title: method for method in factory.results().methods}
    assert methods["Fisher"].metrics["roc_integral"] > 0.85
    assert methods["KMeans"].metrics["roc_integral"] > methods["Fisher"].metrics["roc_integral"] - 0.05
    assert methods["DBSCAN"].metrics["roc_integral"] > 0.5
    for title in ("KMeans", "DBSCAN"):
        model = diskern.load(factory.model_path(title))
        assert model.predictor.kind == "cluster_fraction"
        response = methods[title].response_test
        np.testing.assert_array_equal(model.evaluate(data.dataset.test.variables), response)
        np.testing.assert_array_equal(model.evaluate(data.dataset.test.variables, threads=3), response)
        reader = Reader()
        reader.BookMVA(title, factory.model_path(title))
        assert reader.EvaluateMVA(events(20, 9, 0.5), title).shape == (20,)


def test_transformations_go_before(tmp_path: Path) -> None:
    data = loader(tmp_path / "data")
    factory = Factory("job", str(tmp_path / "job.root"), Silent=True)
    factory.BookMethod(data, "KMeans", "KMeans", "NClusters=40:VarTransform=D")
    factory.TrainAllMethods()
    factory.TestAllMethods()
    factory.EvaluateAllMethods()
    (method,) = factory.results().methods
    assert method.metrics["roc_integral"] > 0.85
    model = diskern.load(factory.model_path("KMeans"))
    np.testing.assert_array_equal(model.evaluate(data.dataset.test.variables), method.response_test)


def sample(n: int = 600, classes: int = 2, seed: int = 3, negative: bool = False) -> TrainingSample:
    random = np.random.default_rng(seed)
    index = random.integers(0, classes, n).astype(np.int32)
    x = random.normal(size=(n, 3)) + 1.5 * index[:, None]
    weight = random.uniform(0.5, 2.0, n)
    if negative:
        weight[random.random(n) < 0.1] *= -1
    names = tuple(f"class{k}" for k in range(classes))
    return TrainingSample(
        x.astype(np.float32), index, np.zeros((n, 0), np.float32), weight, ("x", "y", "z"), ("F",) * 3, names
    )


def method(kind: type, analysis: Any = "Classification", **values: Any) -> Any:
    return kind("title", analysis, kind.defaults(analysis) | values)


def expected(
    train: TrainingSample,
    points: np.ndarray,
    cluster: np.ndarray,
    members: np.ndarray,
    prior_weight: float,
    query: np.ndarray,
    radius: float,
) -> np.ndarray:
    """By the definition: fractions of clusters, then the nearest point of each query."""
    signal = train.class_index == 0
    prior = train.weight[signal].sum() / train.weight.sum()
    share = prior_weight * train.weight.mean()
    result = []
    for x in query:
        distance = np.sqrt(((points - x) ** 2).sum(axis=1))
        nearest = int(distance.argmin())
        if distance[nearest] > radius:
            result.append(prior)
            continue
        inside = members == cluster[nearest]
        total = train.weight[inside].sum() + share
        result.append((train.weight[inside & signal].sum() + share * prior) / total if total > 0 else prior)
    return np.array(result)[:, None]


@pytest.mark.parametrize("negative", [False, True])
def test_fractions_of_k_means_by_the_definition(negative: bool) -> None:
    train, new = sample(negative=negative), sample(200, seed=4).variables
    made = method(KMeans, NClusters=12, PriorWeight=3.0).train(train)
    factors = 1 / train.variables.astype(float).std(axis=0)
    held = _core.KMeansPoints(train.variables * factors, np.abs(train.weight), 1)
    start = held.seed(12, _core.KMeansSeeding.plus_plus, 1, 0)
    fit = held.fit(start, 300, 1e-4 * held.mean_variance())
    members = ((train.variables * factors)[:, None] - fit["centres"][None]).__pow__(2).sum(axis=2).argmin(axis=1)
    found = made.predictor.evaluate(new)
    want = expected(train, fit["centres"], np.arange(12), members, 3.0, new * factors, np.inf)
    np.testing.assert_allclose(found, want, rtol=1e-12)


class InterruptedPoints:
    """The core's points of k-means, but Ctrl-C comes in start ``at``: after its first iteration, or before that."""

    def __init__(self, *arguments: Any, at: int, before: bool) -> None:
        self.held, self.at, self.before, self.results = _core.KMeansPoints(*arguments), at, before, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.held, name)

    def fit(self, start: np.ndarray, max_iterations: int, *arguments: Any, **keywords: Any) -> dict[str, Any]:
        interrupted = len(self.results) == self.at
        if interrupted and self.before:
            raise KeyboardInterrupt
        result = self.held.fit(start, 1 if interrupted else max_iterations, *arguments, **keywords)
        if interrupted:
            result["stop"] = _core.KMeansStop.interrupted
        self.results.append(result)
        return result


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_an_interrupt_keeps_the_best_start_so_far(at: int, before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[InterruptedPoints] = []

    def points(*arguments: Any) -> InterruptedPoints:
        made.append(InterruptedPoints(*arguments, at=at, before=before))
        return made[-1]

    train = sample()
    whole = method(KMeans, NClusters=12).train(train)
    assert not whole.interrupted
    once = method(KMeans, NClusters=12, MaxIterations=1).train(train)
    with monkeypatch.context() as patch:
        patch.setattr(
            "diskern.tmva.methods.clusters._core",
            SimpleNamespace(**vars(_core) | {"KMeansPoints": points}),
        )
        booked = method(KMeans, NClusters=12, NInit=5)
        if at == 0 and before:
            with pytest.raises(KeyboardInterrupt):
                booked.train(train)
            return
        calls: list[int] = []
        trained = booked.train(train, progress=lambda *call: calls.append(call[0]))
    assert trained.interrupted
    results = made[0].results
    assert len(results) == (at if before else at + 1)  # no start after that of the interrupt
    assert calls == list(range(1, len(results) + 1))
    best = once if at == 0 else whole  # one iteration of the second start is not better than the whole first
    if len(results) == 2:
        assert results[0]["inertia"] < results[1]["inertia"]
    np.testing.assert_array_equal(trained.predictor.evaluate(train.variables), best.predictor.evaluate(train.variables))


def test_fractions_of_dbscan_by_the_definition() -> None:
    train, new = sample(), sample(200, seed=4).variables
    train.variables[:40] = 30 + 0.1 * train.variables[:40]  # a cluster of its own
    made = method(DBSCAN, Eps=0.7, MinSamples=6, PriorWeight=2.0, ScaleVariables=False).train(train)
    x = train.variables.astype(float)
    labels, core, clusters = _core.fit_dbscan(x, 0.7, 6.0, _core.Metric.euclidean, reference=True)
    core = core.astype(bool)
    assert clusters > 1
    assert (labels < 0).any()
    # Events belong to the cluster of the nearest core event.
    members = labels.copy()
    for i in np.flatnonzero((labels >= 0) & ~core):
        members[i] = labels[core][((x[core] - x[i]) ** 2).sum(axis=1).argmin()]
    query = np.concatenate([new, train.variables[:50], [[1e6, 0, 0]]]).astype(np.float32)
    found = made.predictor.evaluate(query)
    want = expected(train, x[core], labels[core], members, 2.0, query.astype(float), 0.7)
    np.testing.assert_allclose(found, want, rtol=1e-12)
    prior = train.weight[train.class_index == 0].sum() / train.weight.sum()
    assert found[-1, 0] == pytest.approx(prior, rel=1e-12)


@pytest.mark.parametrize("kind", [KMeans, DBSCAN])
def test_multiclass_and_distance(kind: type) -> None:
    train = sample(classes=3)
    responses = method(kind, "Multiclass").train(train).predictor.evaluate(train.variables)
    assert responses.shape == (600, 3)
    np.testing.assert_allclose(responses.sum(axis=1), 1.0)
    two = sample()
    distance = method(kind, Response="Distance", ScaleVariables=False).train(two).predictor
    far = np.array([[1e3, 0, 0], [2e3, 0, 0]], np.float32)
    np.testing.assert_allclose(np.diff(distance.evaluate(far)[:, 0]), 1e3, rtol=1e-3)
    if kind is DBSCAN:
        assert distance.evaluate(two.variables).min() == 0.0  # core events themselves
    assert np.isnan(distance.evaluate(np.array([[np.nan, 0, 0]], np.float32))).all()


@pytest.mark.parametrize("kind", [KMeans, DBSCAN])
def test_threads_and_repeated_training_give_the_same_bits(kind: type) -> None:
    train = sample(3000)
    one = method(kind).train(train, threads=1).predictor.evaluate(train.variables)
    np.testing.assert_array_equal(method(kind).train(train, threads=3).predictor.evaluate(train.variables), one)


def test_bad_options() -> None:
    train = sample(100)
    for kind, values, word in (
        (KMeans, {"NClusters": 0}, "NClusters"),
        (KMeans, {"NClusters": 101}, "100 training events"),
        (KMeans, {"NInit": 0}, "NInit"),
        (KMeans, {"RandomSeed": -1}, "RandomSeed"),
        (DBSCAN, {"Eps": -1.0}, "Eps"),
        (DBSCAN, {"Eps": 1e-9}, "larger Eps"),
        (DBSCAN, {"MinSamples": 0}, "MinSamples"),
        (DBSCAN, {"MinSamples": 101}, "100 training events"),
        (KMeans, {"PriorWeight": -1.0}, "PriorWeight"),
    ):
        with pytest.raises(InvalidArgument, match=word):
            method(kind, **values).train(train)
    with pytest.raises(InvalidArgument, match="Classification only"):
        method(KMeans, "Multiclass", Response="Distance")
    train.variables[:] = 1
    with pytest.raises(InvalidArgument, match="give Eps"):
        method(DBSCAN).train(train)
    train.weight[:] = 0
    with pytest.raises(InvalidArgument, match="sum to"):
        method(KMeans, NClusters=1).train(train)


def test_damaged_predictors() -> None:
    def make(**changes: Any) -> Any:
        values = {
            "scale": np.ones(2),
            "points": np.zeros((1, 2)),
            "cluster": np.zeros(1),
            "fractions": np.zeros((1, 1)),
            "prior": np.zeros(1),
        }
        return _core.ClusterFractions(**(values | changes))

    assert make().evaluate(np.zeros((1, 2), np.float32)).shape == (1, 1)
    for changes, word in (
        ({"cluster": np.ones(1)}, "cluster of point 0"),
        ({"cluster": np.full(1, 0.5)}, "whole number"),
        ({"cluster": np.zeros(2)}, "points has"),
        ({"points": np.full((1, 2), np.nan)}, "finite"),
        ({"prior": np.full(1, np.inf)}, "finite"),
        ({"fractions": np.zeros((0, 1))}, "fractions"),
        ({"radius": float("nan")}, "radius"),
        ({"scale": np.ones(0), "points": np.zeros((1, 0))}, "0 inputs"),
        ({"distance": True, "prior": np.zeros(2), "fractions": np.zeros((1, 2))}, "a distance"),
    ):
        with pytest.raises(FormatError, match=word):
            make(**changes)
