"""DBSCAN of many events in one call: as one call per event."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn.cluster

from diskern import DBSCAN, InvalidArgument


def events(seed: int, counts: list[int], dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    centres = random.uniform(-5, 5, (len(counts), 4, dimensions))
    points = np.concatenate(
        [
            np.where(
                random.random((n, 1)) < 0.2,
                random.uniform(-6, 6, (n, dimensions)),
                centres[e][random.integers(0, 4, n)] + random.normal(0, 0.3, (n, dimensions)),
            )
            for e, n in enumerate(counts)
        ]
    )
    return points, offsets


@pytest.mark.parametrize("dimensions", [2, 3, 7])
@pytest.mark.parametrize("threads", [1, 3])
def test_as_one_by_one(dimensions: int, threads: int) -> None:
    counts = [400, 0, 1, 700, 30, 0, 250, *range(40)]
    points, offsets = events(1, counts, dimensions)
    weight = np.random.default_rng(2).integers(-1, 4, len(points)).astype(float)
    for sample_weight in (None, weight):
        together = DBSCAN(eps=0.4, min_samples=4, n_jobs=threads)
        labels = together.fit_predict_events(points, offsets, sample_weight)
        assert labels is together.labels_
        core = np.zeros(len(points), bool)
        core[together.core_sample_indices_] = True
        np.testing.assert_array_equal(together.components_, points[core])
        for e, (begin, end) in enumerate(itertools.pairwise(offsets)):
            if begin == end:
                assert together.event_cluster_counts_[e] == 0
                continue
            weights = None if sample_weight is None else sample_weight[begin:end]
            alone = sklearn.cluster.DBSCAN(eps=0.4, min_samples=4).fit(points[begin:end], sample_weight=weights)
            np.testing.assert_array_equal(labels[begin:end], alone.labels_)
            np.testing.assert_array_equal(np.flatnonzero(core[begin:end]), alone.core_sample_indices_)
            assert together.event_cluster_counts_[e] == alone.labels_.max() + 1


def test_awkward_style_offsets() -> None:
    points, offsets = events(3, [50, 60], 2)
    expected = DBSCAN().fit_predict_events(points, offsets)
    np.testing.assert_array_equal(DBSCAN().fit_predict_events(points, offsets.astype(np.uint32)), expected)
    np.testing.assert_array_equal(DBSCAN().fit_predict_events(points, np.repeat(offsets, 2)[::2]), expected)
    np.testing.assert_array_equal(DBSCAN().fit_predict_events(points, offsets.tolist()), expected)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([], "offsets must be a vector of integers"),
        (np.zeros(0, int), "offsets is empty"),
        ([1, 10], "starts with 1"),
        ([0, 7, 5, 10], "falls from 7 to 5"),
        ([0, 5], "ends with 5, expected the number of points: 10"),
        ([0, 11], "ends with 11"),
        ([0.0, 10.0], "vector of integers"),
        ([[0, 10]], "vector of integers"),
    ],
)
def test_bad_offsets(offsets: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        DBSCAN().fit_predict_events(np.zeros((10, 2)), offsets)


def test_the_event_is_named() -> None:
    points = np.zeros((10, 2))
    points[7, 1] = 1e200
    with pytest.raises(InvalidArgument, match="event 1: coordinate 1 of point 2"):
        DBSCAN().fit_predict_events(points, [0, 5, 10])


def test_another_fit_forgets_the_events() -> None:
    points, offsets = events(1, [30, 40], 2)
    model = DBSCAN()
    model.fit_predict_events(points, offsets)
    assert len(model.event_cluster_counts_) == 2
    model.fit(points)
    assert not hasattr(model, "event_cluster_counts_")
