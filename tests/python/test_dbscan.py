"""DBSCAN: scikit-learn's labels, its checks, and the definition under random clouds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn.cluster
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from diskern import DBSCAN, InvalidArgument, _core


@parametrize_with_checks([DBSCAN(), DBSCAN(eps=2.0, min_samples=2, metric="manhattan")])
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


def peer(eps: float, min_samples: int, metric: str = "euclidean") -> Any:
    return sklearn.cluster.DBSCAN(eps=eps, min_samples=min_samples, metric=metric, algorithm="kd_tree")


def cloud(seed: int, n: int, dimensions: int, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (12, dimensions))
    points = centres[random.integers(0, 12, n)] + random.normal(0, 0.5, (n, dimensions))
    noise = random.random(n) < 0.15
    points[noise] = random.uniform(-10, 10, (int(noise.sum()), dimensions))
    return points + offset


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4, 5, 7, 10])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
def test_labels_are_those_of_scikit_learn(dimensions: int, metric: str) -> None:
    for seed, eps, min_samples in ((1, 0.3, 4), (2, 0.8, 10), (3, 2.5, 3)):
        points = cloud(seed, 3000, dimensions)
        ours = DBSCAN(eps=eps, min_samples=min_samples, metric=metric).fit(points)
        theirs = sklearn.cluster.DBSCAN(eps=eps, min_samples=min_samples, metric=metric, algorithm="kd_tree").fit(
            points
        )
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        np.testing.assert_array_equal(ours.core_sample_indices_, theirs.core_sample_indices_)
        np.testing.assert_array_equal(ours.components_, theirs.components_)


def test_lattice_with_points_exactly_at_eps() -> None:
    random = np.random.default_rng(5)
    points = random.integers(0, 25, (4000, 3)).astype(float)
    for eps in (1.0, 2.0, 3.0):
        ours = DBSCAN(eps=eps, min_samples=6).fit(points).labels_
        theirs = peer(eps, 6).fit(points).labels_
        np.testing.assert_array_equal(ours, theirs)


def test_large_offsets_and_weights() -> None:
    random = np.random.default_rng(6)
    points = cloud(7, 3000, 3, offset=1e7)
    weight = random.integers(-2, 6, 3000).astype(float)
    ours = DBSCAN(eps=0.7, min_samples=8).fit(points, sample_weight=weight).labels_
    theirs = (
        sklearn.cluster.DBSCAN(eps=0.7, min_samples=8, algorithm="kd_tree").fit(points, sample_weight=weight).labels_
    )
    np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 250),
    st.integers(1, 5),
    st.sampled_from([0.25, 0.5, 1.0, 2.0]),
    st.integers(1, 8),
)
def test_definition(seed: int, n: int, dimensions: int, eps: float, min_samples: int) -> None:
    random = np.random.default_rng(seed)
    # Quarters, so that many distances are exactly eps and many points coincide.
    points = np.round(random.normal(0, 2, (n, dimensions)) * 4) / 4
    metric = list(_core.Metric.__members__.values())[seed % 4]
    shape = {"power": 1.5, "periods": [3.0] + [0.0] * (dimensions - 1) if seed % 5 == 0 else []}
    fast = _core.fit_dbscan(points, eps, min_samples, metric, threads=1 + seed % 3, **shape)
    slow = _core.fit_dbscan(points, eps, min_samples, metric, reference=True, **shape)
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_permutation_keeps_cores_and_noise(seed: int) -> None:
    points = cloud(seed, 400, 2)
    order = np.random.default_rng(seed).permutation(400)
    first = DBSCAN(eps=0.5).fit(points)
    second = DBSCAN(eps=0.5).fit(points[order])
    core = np.zeros(400, dtype=bool)
    core[first.core_sample_indices_] = True
    core_second = np.zeros(400, dtype=bool)
    core_second[second.core_sample_indices_] = True
    np.testing.assert_array_equal(core[order], core_second)
    np.testing.assert_array_equal(first.labels_[order] == -1, second.labels_ == -1)
    # The clusters of core points are the same sets.
    pairs = set(zip(first.labels_[order][core_second].tolist(), second.labels_[core_second].tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_powers_and_arcs_as_scikit_learn() -> None:
    for p in (1.5, 3, 7):
        points = cloud(21, 1500, 3)
        ours = DBSCAN(eps=0.6, metric="minkowski", p=p).fit(points).labels_
        theirs = sklearn.cluster.DBSCAN(eps=0.6, metric="minkowski", p=p, algorithm="ball_tree").fit(points).labels_
        np.testing.assert_array_equal(ours, theirs)
    random = np.random.default_rng(22)
    sky = np.column_stack([np.arcsin(random.uniform(-1, 1, 3000)), random.uniform(-np.pi, np.pi, 3000)])
    sky[:500] = sky[0] + random.normal(0, 0.01, (500, 2))
    sky[500:700] = [np.pi / 2, 0.0] - np.abs(random.normal(0, 0.01, (200, 2)))
    weight = random.integers(0, 3, 3000).astype(float)
    for eps, min_samples in ((0.003, 4), (0.03, 5), (0.3, 40)):
        ours = DBSCAN(eps=eps, min_samples=min_samples, metric="haversine").fit(sky, sample_weight=weight).labels_
        peer_ = sklearn.cluster.DBSCAN(eps=eps, min_samples=min_samples, metric="haversine", algorithm="ball_tree")
        np.testing.assert_array_equal(ours, peer_.fit(sky, sample_weight=weight).labels_)


def test_azimuth_goes_around() -> None:
    """A ring around the end of the axis is one cluster; turning all points changes nothing."""
    random = np.random.default_rng(23)
    azimuth = np.concatenate([random.normal(np.pi, 0.1, 400), random.normal(0, 0.1, 400)])
    points = np.column_stack([random.normal(0, 0.1, 800), np.remainder(azimuth + np.pi, 2 * np.pi) - np.pi])
    options = {"eps": 0.15, "metric_params": {"periods": [0.0, 2 * np.pi]}}
    labels = DBSCAN(**options).fit(points).labels_
    assert labels.max() == 1
    assert DBSCAN(eps=0.15).fit(points).labels_.max() == 2
    np.testing.assert_array_equal(DBSCAN(**options).fit(points + np.array([0.0, 4 * np.pi])).labels_, labels)
    offsets = [0, 800, 1600]
    both = DBSCAN(**options).fit_predict_events(np.concatenate([points, points]), offsets)
    np.testing.assert_array_equal(both, np.concatenate([labels, labels]))


@pytest.mark.parametrize("dimensions", [2, 3, 7, 12])
def test_tree_and_grid_agree(dimensions: int) -> None:
    points = cloud(24, 6000, dimensions)
    points[::7] *= 100
    for eps, min_samples in ((0.3, 4), (1.5, 10), (20.0, 50)):
        grid = _core.fit_dbscan(points, eps, min_samples, _core.Metric.euclidean, threads=2)
        tree = _core.fit_dbscan(points, eps, min_samples, _core.Metric.euclidean, threads=2, tree=True)
        for a, b in zip(grid, tree, strict=True):
            np.testing.assert_array_equal(a, b)


def test_any_layout_and_dtype() -> None:
    points = cloud(9, 800, 3)
    expected = DBSCAN(eps=0.8).fit(points).labels_
    np.testing.assert_array_equal(DBSCAN(eps=0.8).fit(np.asfortranarray(points)).labels_, expected)
    np.testing.assert_array_equal(DBSCAN(eps=0.8).fit(np.repeat(points, 2, axis=0)[::2]).labels_, expected)
    single = points.astype(np.float32)
    ours = DBSCAN(eps=0.8).fit(single)
    np.testing.assert_array_equal(ours.labels_, DBSCAN(eps=0.8).fit(single.astype(np.float64)).labels_)
    assert ours.components_.dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"eps": 0.0}, "eps"),
        ({"eps": -1.0}, "eps"),
        ({"eps": float("nan")}, "eps"),
        ({"eps": float("inf")}, "eps"),
        ({"min_samples": 0}, "min_samples"),
        ({"min_samples": 2.5}, "min_samples"),
        ({"metric": "cosine"}, "metric"),
        ({"metric": "minkowski", "p": 0}, "p must"),
        ({"metric_params": {"periods": [1.0]}}, "periods"),
        ({"metric": "haversine", "metric_params": {"periods": [1.0, 1.0]}}, "metric_params"),
        ({"metric_params": {"V": 1}}, "metric_params"),
        ({"algorithm": "grid"}, "algorithm"),
        ({"leaf_size": 0}, "leaf_size"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        DBSCAN(**arguments).fit(np.zeros((5, 2)))


def test_bad_points() -> None:
    for bad in (np.zeros((0, 2)), np.full((3, 2), np.nan), np.full((3, 2), np.inf), np.full((3, 2), 1e200)):
        with pytest.raises(ValueError, match=r"minimum of 1|NaN|infinity|1e150"):
            DBSCAN().fit(bad)
    with pytest.raises(InvalidArgument, match="sample_weight"):
        DBSCAN().fit(np.zeros((3, 2)), sample_weight=[1.0, 2.0])


MEMORY = """
import sys
import numpy as np
from diskern import DBSCAN

def status(key):
    with open("/proc/self/status", encoding="ascii") as stream:
        return int(next(line for line in stream if line.startswith(key + ":")).split()[1]) * 1024

n, eps = int(sys.argv[1]), float(sys.argv[2])
points = np.random.default_rng(0).normal(size=(n, 3))
model = DBSCAN(eps=eps, min_samples=10, n_jobs=2)
model.fit(points[:200])
with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
    stream.write("5")  # the peak starts anew from the present size
before = status("VmRSS")
model.fit(points)
print(status("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read as Linux tells it")
def test_memory_is_proportional_to_the_points_whatever_eps() -> None:
    """With eps = 100 all pairs are neighbours, 5e9 of 100000 points: a byte for each would be 5 GB."""

    def peak(n: int, eps: float) -> int:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(n), str(eps)], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    few, many, all_pairs = peak(50_000, 0.05), peak(200_000, 0.05), peak(100_000, 100.0)
    assert few < many < 5 * few + 2**22
    assert many < 250 * 200_000  # bytes; 24 of them are the point
    assert all_pairs < 250 * 100_000
