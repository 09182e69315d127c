"""Quality of clusters against scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diskern import InvalidArgument, _core
from diskern.evaluation import (
    adjusted_rand_score,
    davies_bouldin_score,
    purity,
    silhouette_samples,
    silhouette_score,
)


def cloud(seed: int, n: int, d: int, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, clusters, n)
    return random.normal(size=(n, d)) + 2.0 * random.normal(size=(clusters, d))[labels], labels


@pytest.mark.parametrize("dimensions", [1, 2, 3, 7, 20])
def test_shapes_of_clusters_as_scikit_learn(dimensions: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    points, labels = cloud(1, 700, dimensions, 6)
    labels[5] = 99  # alone
    labels[labels == 3] = -1
    np.testing.assert_allclose(
        silhouette_samples(points, labels), metrics.silhouette_samples(points, labels), rtol=1e-9, atol=1e-12
    )
    assert silhouette_score(points, labels) == pytest.approx(metrics.silhouette_score(points, labels), rel=1e-10)
    assert davies_bouldin_score(points, labels) == pytest.approx(metrics.davies_bouldin_score(points, labels))


def test_far_from_the_origin() -> None:
    points, labels = cloud(2, 300, 3, 4)
    near = silhouette_samples(points, labels)
    np.testing.assert_allclose(silhouette_samples(points + 2.0**23, labels), near, atol=1e-6)


def test_silhouette_by_hand() -> None:
    # 0 and 1 beside 4: a = 1, b = 4 and 3; the last is alone.
    values = silhouette_samples([[0.0], [1.0], [4.0]], ["a", "a", "b"])
    np.testing.assert_allclose(values, [3 / 4, 2 / 3, 0])
    np.testing.assert_array_equal(silhouette_samples(np.zeros((4, 2)), [0, 0, 1, 1]), np.zeros(4))


def test_threads_and_layouts_give_the_same_bits() -> None:
    points, labels = cloud(3, 1001, 3, 5)
    one = silhouette_samples(points, labels, threads=1)
    np.testing.assert_array_equal(silhouette_samples(points, labels, threads=3), one)
    np.testing.assert_array_equal(silhouette_samples(np.asfortranarray(points), labels), one)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 200), st.integers(1, 6), st.integers(1, 8))
def test_agreement_as_scikit_learn(seed: int, n: int, classes: int, clusters: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    random = np.random.default_rng(seed)
    truth, labels = random.integers(0, classes, n), random.integers(-1, clusters, n)
    score = adjusted_rand_score(truth, labels)
    assert score == pytest.approx(metrics.adjusted_rand_score(truth, labels), abs=1e-12)
    assert adjusted_rand_score(labels, truth) == pytest.approx(score, abs=1e-12)
    assert adjusted_rand_score(truth, -labels * 7) == pytest.approx(score, abs=1e-12)
    assert adjusted_rand_score(truth, truth) == 1.0
    table = metrics.cluster.contingency_matrix(truth, labels)
    assert purity(truth, labels) == pytest.approx(table.max(axis=0).sum() / n)
    weight = random.integers(1, 4, n)
    assert purity(truth, labels, weight) == pytest.approx(purity(np.repeat(truth, weight), np.repeat(labels, weight)))


def test_agreement_by_hand() -> None:
    # 2 pairs are together in both, 6 in the first, 3 in the second, of 15.
    truth, labels = [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]
    assert adjusted_rand_score(truth, labels) == pytest.approx((2 - 6 * 3 / 15) / ((6 + 3) / 2 - 6 * 3 / 15))
    assert purity(truth, labels) == pytest.approx(5 / 6)
    assert purity(truth, labels, [1, 1, -1, 1, 1, 1]) == pytest.approx(5 / 4)
    assert adjusted_rand_score([1], ["x"]) == 1.0
    assert adjusted_rand_score([0] * 100_000 + [1] * 100_000, [0] * 200_000) == 0.0


def test_bad_input() -> None:
    points = np.zeros((4, 2))
    for labels, word in (
        ([0, 0, 0, 0], "name 1 clusters"),
        ([0, 1, 2, 3], "name 4 clusters"),
        ([0, 1], "has 2 entries"),
        ([[0, 1, 0, 1]], "one-dimensional"),
        ([0, np.nan, 1, 1], "NaN"),
    ):
        with pytest.raises(InvalidArgument, match=word):
            silhouette_score(points, labels)
        with pytest.raises(InvalidArgument, match=word):
            davies_bouldin_score(points, labels)
    for bad in (np.full((4, 2), np.nan), np.full((4, 2), np.inf)):
        with pytest.raises(InvalidArgument, match="points holds"):
            silhouette_score(bad, [0, 0, 1, 1])
    with pytest.raises(InvalidArgument, match="shape"):
        silhouette_score(np.zeros(4), [0, 0, 1, 1])
    with pytest.raises(InvalidArgument, match="1e150"):
        silhouette_score(points + 1e200, [0, 0, 1, 1])
    with pytest.raises(InvalidArgument, match="empty"):
        purity([], [])
    with pytest.raises(InvalidArgument, match="sum to"):
        purity([0, 1], [0, 1], [1, -1])
    with pytest.raises(InvalidArgument, match="expected 0 to 1"):
        _core.silhouettes(points, np.array([0, 1, 2, 0]), 2)
