"""Neighbour searches, votes and means: scikit-learn's answers, definitions, model files."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn.neighbors as peers
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import DistanceMetric

import diskern
from diskern import InvalidArgument, KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors, _core


def cloud(seed: int, n: int, dimensions: int, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (12, dimensions))
    points = centres[random.integers(0, 12, n)] + random.normal(0, 0.5, (n, dimensions))
    return points + offset


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5, 8, 20, 70])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "minkowski"])
def test_neighbours_are_those_of_scikit_learn(dimensions: int, metric: str) -> None:
    points = cloud(dimensions, 1500, dimensions)
    queries = cloud(dimensions + 100, 60, dimensions)
    p = 3 if metric == "minkowski" else 2
    ours = NearestNeighbors(n_neighbors=12, metric=metric, p=p).fit(points)
    theirs = peers.NearestNeighbors(n_neighbors=12, metric=metric, p=p, algorithm="kd_tree").fit(points)
    for X in (queries, None):
        distance, index = ours.kneighbors(X)
        expected_distance, expected_index = theirs.kneighbors(X)
        np.testing.assert_array_equal(index, expected_index)
        np.testing.assert_allclose(distance, expected_distance, rtol=1e-14)
        np.testing.assert_allclose(
            ours.kneighbors_graph(X, mode="distance").toarray(), theirs.kneighbors_graph(X, mode="distance").toarray()
        )
    radius = float(expected_distance[:, 5].mean())
    for X in (queries, None):
        distances, indices = ours.radius_neighbors(X, radius, sort_results=True)
        for got, expected in zip(indices, theirs.radius_neighbors(X, radius, sort_results=True)[1], strict=True):
            np.testing.assert_array_equal(got, expected)
        assert all((np.diff(one) >= 0).all() for one in distances)
        graph = ours.radius_neighbors_graph(X, radius)
        assert (graph != theirs.radius_neighbors_graph(X, radius)).nnz == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 5), st.integers(1, 40))
def test_definition(seed: int, n: int, dimensions: int, k: int) -> None:
    """Ties by index, on lattices where nearly all distances are ties."""
    random = np.random.default_rng(seed)
    points = random.integers(0, 5, (n, dimensions)) / 4 + (1e6 if seed % 2 else 0)
    queries = random.integers(0, 5, (7, dimensions)) / 4 + (1e6 if seed % 2 else 0)
    periods = [1.0] + [0.0] * (dimensions - 1) if seed % 3 == 0 else []
    k = min(k, n)
    tree = _core.Neighbours(points, _core.Metric.euclidean, 2.0, periods, 1 + seed % 2)
    distance, index = tree.nearest(queries, k, 1 + seed % 3)
    difference = np.abs(queries[:, np.newaxis] - points)
    if periods:
        difference[..., 0] = np.minimum(difference[..., 0] % 1.0, 1.0 - difference[..., 0] % 1.0)
    everything = np.sqrt((difference**2).sum(axis=2))
    order = np.lexsort((np.broadcast_to(np.arange(n), everything.shape), everything), axis=1)[:, :k]
    np.testing.assert_array_equal(index, order)
    np.testing.assert_array_equal(distance, np.take_along_axis(everything, order, axis=1))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_of_points_does_not_matter(seed: int) -> None:
    points = cloud(seed, 500, 3)
    order = np.random.default_rng(seed).permutation(500)
    first = NearestNeighbors(n_neighbors=7).fit(points).kneighbors(points[:50])
    second = NearestNeighbors(n_neighbors=7).fit(points[order]).kneighbors(points[:50])
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], order[second[1]])


def test_threads_do_not_matter() -> None:
    points = cloud(3, 5000, 4)
    results = [NearestNeighbors(n_neighbors=9, n_jobs=threads).fit(points).kneighbors() for threads in (1, 2, 3, 5)]
    for distance, index in results[1:]:
        np.testing.assert_array_equal(distance, results[0][0])
        np.testing.assert_array_equal(index, results[0][1])


def test_azimuth_goes_around() -> None:
    random = np.random.default_rng(5)
    points = np.column_stack([random.normal(0, 1, 2000), random.uniform(-np.pi, np.pi, 2000)])
    ours = NearestNeighbors(n_neighbors=6, metric_params={"periods": [0.0, 2 * np.pi]}).fit(points)
    assert ours.effective_metric_ == "euclidean"
    distance, index = ours.kneighbors(points[:100])
    images = np.concatenate([points + np.array([0.0, shift]) for shift in (-2 * np.pi, 0.0, 2 * np.pi)])
    expected_distance, expected_index = peers.NearestNeighbors(n_neighbors=6).fit(images).kneighbors(points[:100])
    np.testing.assert_allclose(distance, expected_distance, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(index, expected_index % 2000)
    # The same point a turn further.
    np.testing.assert_allclose(
        ours.kneighbors(points[:100] + np.array([0.0, 2 * np.pi]))[0], distance, rtol=1e-9, atol=1e-12
    )


def test_arcs_on_the_sky() -> None:
    random = np.random.default_rng(6)
    points = np.column_stack([np.arcsin(random.uniform(-1, 1, 3000)), random.uniform(0, 2 * np.pi, 3000)])
    points[::50] = points[1]  # the same place again and again
    points[7] = [np.pi / 2, 0.3]
    queries = np.concatenate([points[:60], [[np.pi / 2, 1.0], [-np.pi / 2, 0.0], [0.0, -1e-9]]])
    ours = NearestNeighbors(n_neighbors=5, metric="haversine").fit(points)
    formula = DistanceMetric.get_metric("haversine")
    everything = formula.pairwise(queries, points)
    order = np.argsort(everything, axis=1, kind="stable")[:, :5]
    distance, index = ours.kneighbors(queries)
    np.testing.assert_array_equal(index, order)
    np.testing.assert_allclose(distance, np.take_along_axis(everything, order, axis=1), rtol=1e-13, atol=1e-15)
    for radius in (0.0, 0.05, 1.0, 3.0, 4.0):
        found = ours.radius_neighbors(queries, radius, return_distance=False)
        for i, one in enumerate(found):
            np.testing.assert_array_equal(one, np.flatnonzero(everything[i] <= radius))


@pytest.mark.parametrize("weights", ["uniform", "distance", lambda d: 1.0 / (0.1 + d)])
def test_votes_and_means_are_those_of_scikit_learn(weights: Any) -> None:
    random = np.random.default_rng(8)
    points = cloud(8, 900, 3)
    queries = np.concatenate([cloud(9, 200, 3), points[:50]])
    labels = np.array(["a", "b", "c"])[random.integers(0, 3, 900)]
    two_labels = np.column_stack([random.integers(0, 2, 900), random.integers(0, 4, 900)])
    for y in (labels, two_labels):
        ours = KNeighborsClassifier(n_neighbors=7, weights=weights).fit(points, y)
        theirs = peers.KNeighborsClassifier(n_neighbors=7, weights=weights).fit(points, y)
        for X in (queries, None):
            np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
            shares, expected_shares = ours.predict_proba(X), theirs.predict_proba(X)
            if y.ndim == 1:
                shares, expected_shares = [shares], [expected_shares]
            for got, wanted in zip(shares, expected_shares, strict=True):
                np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-15)
    for y in (random.normal(size=900), random.normal(size=(900, 2))):
        regressor = KNeighborsRegressor(n_neighbors=7, weights=weights).fit(points, y)
        expected = peers.KNeighborsRegressor(n_neighbors=7, weights=weights).fit(points, y)
        for X in (queries, None):
            np.testing.assert_allclose(regressor.predict(X), expected.predict(X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metric": "manhattan"},
        {"p": 3},
        {"p": 3, "metric_params": {"w": [1.0, 2.0, 0.5]}},
        {"metric_params": {"periods": [0.0, 5.0, 0.0]}},
    ],
)
def test_model_files(weights: str, options: dict[str, Any], tmp_path: Path) -> None:
    random = np.random.default_rng(10)
    points = cloud(10, 700, 3).astype(np.float32)
    queries = np.concatenate([cloud(11, 300, 3).astype(np.float32), points[:20]])
    for classes in (2, 3):
        y = random.integers(0, classes, 700)
        classifier = KNeighborsClassifier(n_neighbors=9, weights=weights, **options).fit(points, y)
        classifier.save(tmp_path / "knn.diskern")
        model = diskern.load(tmp_path / "knn.diskern")
        shares = classifier.predict_proba(queries)
        np.testing.assert_allclose(model.evaluate(queries), shares[:, -1:] if classes == 2 else shares, atol=1e-13)
        one_by_one = np.concatenate([model.evaluate(queries[i : i + 1]) for i in range(len(queries))])
        np.testing.assert_array_equal(model.evaluate(queries, threads=2), one_by_one)
        assert model.method == "KNN"
        assert diskern.Model(model.to_bytes()).to_bytes() == model.to_bytes()
    regressor = KNeighborsRegressor(n_neighbors=9, weights=weights, **options).fit(points, random.normal(size=(700, 2)))
    regressor.save(tmp_path / "mean.diskern")
    np.testing.assert_allclose(
        diskern.load(tmp_path / "mean.diskern").evaluate(queries), regressor.predict(queries), rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_model_files_keep_small_targets(weights: str) -> None:
    """Targets over fifteen decades: a mean of small ones has their digits."""
    random = np.random.default_rng(3)
    points = random.uniform(size=(4000, 2)).astype(np.float32)
    exponent = np.clip(15.0 * points[:, 0] - 6.0 + random.normal(scale=0.1, size=4000), -6.0, 9.0)
    targets = 10.0**exponent
    queries = random.uniform(size=(500, 2)).astype(np.float32)
    regressor = KNeighborsRegressor(n_neighbors=7, weights=weights).fit(points, targets)
    model = diskern.Model(regressor._model().to_bytes())
    np.testing.assert_allclose(model.evaluate(queries)[:, 0], regressor.predict(queries), rtol=1e-9, atol=0.0)
    one_by_one = np.concatenate([model.evaluate(queries[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(model.evaluate(queries[:50], threads=2), one_by_one)


def test_model_of_many_neighbours_and_variables() -> None:
    """More than fits the stack of an evaluation."""
    random = np.random.default_rng(12)
    points = random.normal(size=(4000, 40)).astype(np.float32)
    classifier = KNeighborsClassifier(n_neighbors=3000).fit(points, points[:, 0] > 0)
    model = classifier._model()
    np.testing.assert_allclose(model.evaluate(points[:5])[:, 0], classifier.predict_proba(points[:5])[:, 1], atol=1e-13)
    assert np.isnan(model.evaluate(np.full((1, 40), np.nan, dtype=np.float32))).all()


def test_pickles_and_clones() -> None:
    points = cloud(13, 300, 2)
    ours = NearestNeighbors(n_neighbors=3, metric="chebyshev").fit(points)
    again = pickle.loads(pickle.dumps(ours))
    for a, b in zip(ours.kneighbors(points), again.kneighbors(points), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n_neighbors": 0}, "n_neighbors"),
        ({"radius": -1.0}, "radius"),
        ({"radius": float("nan")}, "radius"),
        ({"metric": "cosine"}, "metric"),
        ({"p": 0}, "p must"),
        ({"metric_params": {"V": 1}}, "metric_params"),
        ({"metric_params": {"periods": [1.0]}}, "periods"),
        ({"metric_params": {"periods": [1.0, -1.0]}}, "periods"),
        ({"metric": "haversine", "metric_params": {"periods": [1.0, 1.0]}}, "metric_params"),
        ({"algorithm": "grid"}, "algorithm"),
        ({"leaf_size": 0}, "leaf_size"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        NearestNeighbors(**arguments).fit(np.zeros((5, 2)))


def test_bad_input(tmp_path: Path) -> None:
    for bad in (np.zeros((0, 2)), np.full((3, 2), np.nan), np.full((3, 2), np.inf), np.full((3, 2), 1e200)):
        with pytest.raises(ValueError, match=r"minimum of 1|NaN|infinity|1e150"):
            NearestNeighbors().fit(bad)
    ours = NearestNeighbors().fit(np.arange(12.0).reshape(6, 2))
    with pytest.raises(ValueError, match="features"):
        ours.kneighbors(np.zeros((2, 3)))
    with pytest.raises(InvalidArgument, match="n_neighbors = 7"):
        ours.kneighbors(np.zeros((2, 2)), 7)
    with pytest.raises(InvalidArgument, match="n_neighbors < n_samples_fit"):
        ours.kneighbors(None, 6)
    with pytest.raises(InvalidArgument, match="mode"):
        ours.kneighbors_graph(mode="angle")
    with pytest.raises(InvalidArgument, match="two columns"):
        NearestNeighbors(metric="haversine").fit(np.zeros((5, 3)))
    with pytest.raises(InvalidArgument, match="weights"):
        KNeighborsClassifier(weights="square").fit(np.zeros((6, 2)), [0, 1, 0, 1, 0, 1])
    with pytest.raises(InvalidArgument, match="function"):
        KNeighborsRegressor(weights=np.ones_like).fit(np.zeros((6, 2)), np.arange(6.0)).save(tmp_path / "x.diskern")
    with pytest.raises(InvalidArgument, match="zero weights"):
        KNeighborsClassifier(weights=np.zeros_like).fit(np.zeros((6, 2)), [0, 1, 0, 1, 0, 1]).predict(np.zeros((1, 2)))


def test_damaged_models_are_refused() -> None:
    good: dict[str, Any] = {"points": np.arange(6.0).reshape(3, 2), "targets": np.ones((3, 1)), "k": 2}
    _core.NeighboursPredictor(**good)
    for change, word in (
        ({"k": 0}, "k is 0"),
        ({"k": 4}, "k is 4"),
        ({"targets": np.ones((2, 1))}, "targets"),
        ({"points": np.full((3, 2), np.inf)}, "finite"),
        ({"weight": np.full(3, np.nan)}, "finite"),
        ({"divisor": [1.0]}, "divisors"),
        ({"divisor": [1.0, 0.0]}, "divisors"),
        ({"periods": [1.0]}, "period"),
        ({"sigma_factor": 0.0}, "Gaussian"),
        ({"weighting": _core.NeighbourWeight.gaussian, "metric": _core.Metric.manhattan}, "Euclidean"),
        ({"weighting": _core.NeighbourWeight.discriminant, "targets": np.ones((3, 2))}, "2 outputs of a discriminant"),
        ({"weighting": _core.NeighbourWeight.discriminant, "points": np.ones((3, 513))}, "513 variables"),
    ):
        with pytest.raises(diskern.FormatError, match=word):
            _core.NeighboursPredictor(**(good | change))
