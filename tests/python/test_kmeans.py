"""KMeans and MiniBatchKMeans: scikit-learn's results and checks, the definition, invariances, model file, bad input."""

from __future__ import annotations

import os
import pickle
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
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
from diskern import InvalidArgument, KMeans, MiniBatchKMeans, _core


def _expected_failures(estimator: Any) -> dict[str, str]:
    # As in scikit-learn: the seed's draws are other ones for repeated rows.
    return {"check_sample_weight_equivalence_on_dense_data": "starts of weighted and of repeated points differ"}


@parametrize_with_checks(
    [KMeans(n_clusters=3), MiniBatchKMeans(n_clusters=3, batch_size=20)], expected_failed_checks=_expected_failures
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


def cloud(seed: int, n: int, dimensions: int, clusters: int = 7, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (clusters, dimensions))
    return centres[random.integers(0, clusters, n)] + random.normal(0, 1.5, (n, dimensions)) + offset


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """From the definition; of equally near ones the lowest."""
    distances = np.zeros((len(points), len(centres)))
    for d in range(points.shape[1]):  # in the order of the dimensions
        distances += (points[:, d, None].astype(float) - centres[None, :, d].astype(float)) ** 2
    return distances.argmin(axis=1)


# --- scikit-learn's results ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [1, 2, 3, 4, 7, 8, 9, 15, 33])
@pytest.mark.parametrize("clusters", [1, 6, 65])
def test_results_are_those_of_scikit_learn(dimensions: int, clusters: int) -> None:
    points = cloud(dimensions, 2000, dimensions)
    weight = np.random.default_rng(1).uniform(0.1, 4, len(points))
    for init, tol, sample_weight in ((points[:clusters], 0.0, None), (points[-clusters:], 1e-3, weight)):
        settings_ = {"n_clusters": clusters, "init": init, "n_init": 1, "max_iter": 40, "tol": tol}
        ours = KMeans(**settings_).fit(points, sample_weight=sample_weight)
        theirs = sklearn.cluster.KMeans(**settings_).fit(points, sample_weight=sample_weight)
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-12, atol=1e-12)
        assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-12)
        assert ours.n_iter_ == theirs.n_iter_
        assert ours.labels_.dtype == theirs.labels_.dtype
        np.testing.assert_allclose(ours.transform(points), theirs.transform(points), rtol=1e-9, atol=1e-5)
        assert ours.score(points[:500]) == pytest.approx(theirs.score(points[:500]), rel=1e-12)


def test_float32_stays_float32() -> None:
    points = cloud(3, 3000, 5)
    single = points.astype(np.float32)
    ours = KMeans(9, init=single[:9]).fit(single)
    theirs = sklearn.cluster.KMeans(9, init=single[:9], n_init=1).fit(single)
    assert ours.cluster_centers_.dtype == ours.transform(single).dtype == np.float32
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-5, atol=1e-5)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
    double = KMeans(9, init=single[:9]).fit(single.astype(np.float64))
    np.testing.assert_array_equal(ours.labels_, double.labels_)
    np.testing.assert_array_equal(ours.predict(single), ours.labels_)


def test_empty_clusters_as_in_scikit_learn() -> None:
    points = cloud(4, 500, 2)
    init = np.vstack([points[:4], np.full((1, 2), 1e3)])
    ours = KMeans(5, init=init).fit(points)
    theirs = sklearn.cluster.KMeans(5, init=init, n_init=1).fit(points)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert len(set(ours.labels_)) == 5


def test_starts_are_as_good_as_those_of_scikit_learn() -> None:
    """Inertia after k-means++ alone and after the iterations, over many seeds: the means agree within their errors."""
    points = cloud(5, 2000, 3, clusters=25)
    seeds = range(25)
    first, last = {}, {}
    for name, estimator in (("ours", KMeans), ("theirs", sklearn.cluster.KMeans)):
        first[name] = [estimator(25, n_init=1, max_iter=1, random_state=s).fit(points).inertia_ for s in seeds]
        last[name] = [estimator(25, n_init=1, random_state=s).fit(points).inertia_ for s in seeds]
    for found in (first, last):
        error = np.hypot(*(np.std(found[name]) / np.sqrt(len(seeds)) for name in found))
        assert abs(np.mean(found["ours"]) - np.mean(found["theirs"])) < 4 * error
    parallel = [KMeans(25, init="k-means||", random_state=s).fit(points).inertia_ for s in seeds]
    assert np.mean(parallel) < 1.1 * np.mean(last["theirs"])
    random = [KMeans(25, init="random", n_init=1, random_state=s).fit(points).inertia_ for s in seeds]
    assert np.mean(last["ours"]) < np.mean(random)


def test_first_centre_is_drawn_by_weight() -> None:
    points = np.arange(4.0).reshape(-1, 1)
    weight = np.array([0.0, 1.0, 0.0, 3.0])
    drawn = [
        _core.KMeansPoints(points, weight).seed(1, seeding, seed)[0, 0]
        for seeding in (_core.KMeansSeeding.plus_plus, _core.KMeansSeeding.random)
        for seed in range(400)
    ]
    for half in (drawn[:400], drawn[400:]):
        counts = np.bincount(np.asarray(half, int), minlength=4)
        assert counts[0] == counts[2] == 0
        assert abs(counts[3] - 300) < 5 * np.sqrt(400 * 0.25 * 0.75)


def test_next_centre_is_drawn_by_squared_distance() -> None:
    """With one trial the probabilities are those of the definition; two trials take the better of two."""
    # From the first centre at 0, points at distance 1 and 2: mass 1 and 4. Potentials left: 1 at (2), 1 at (1).
    points = np.array([[0.0], [1.0], [-2.0]])
    weight = np.array([1e9, 1.0, 1.0])
    met = [
        sorted(_core.KMeansPoints(points, weight).seed(2, _core.KMeansSeeding.plus_plus, s)[:, 0]) for s in range(500)
    ]
    far = sum(row[0] == -2.0 for row in met)
    # The better of two draws is -2 unless both are 1: 1 - (1/5)^2.
    assert abs(far - 500 * (1 - 1 / 25)) < 5 * np.sqrt(500 * 0.96 * 0.04)


# --- the definition ------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(1, 11), st.integers(1, 90), st.booleans())
def test_labels_follow_the_definition(seed: int, n: int, dimensions: int, clusters: int, single: bool) -> None:
    random = np.random.default_rng(seed)
    # Quarters, so that many points coincide and many are equally far from two centres.
    points = np.round(random.normal(0, 2, (n, dimensions)) * 4) / 4
    centres = np.round(random.normal(0, 2, (clusters, dimensions)) * 4) / 4
    points = points.astype(np.float32) if single else points
    labels, inertia = _core.predict_kmeans(points, centres, None, 1 + seed % 3)
    expected = nearest(points, centres)
    np.testing.assert_array_equal(labels, expected)
    assert inertia == pytest.approx(((points.astype(float) - centres[expected]) ** 2).sum(), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 400), st.integers(1, 10), st.integers(1, 20))
def test_fast_and_reference_give_the_same_bits(seed: int, n: int, dimensions: int, clusters: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(0, 1, (n, dimensions)) * 10.0 ** random.integers(-20, 20) + 10.0 ** random.integers(-5, 9)
    weight = random.integers(0, 4, n).astype(float) + (np.arange(n) == 0)
    start = points[random.integers(0, n, clusters)]
    made = []
    for reference, threads in ((True, 1), (False, 1), (False, 3)):
        held = _core.KMeansPoints(points, weight, threads)
        made.append(held.fit(start, 15, 0.0, reference=reference, threads=threads))
    for other in made[1:]:
        for key in ("centres", "labels", "inertia", "iterations", "stop"):
            np.testing.assert_array_equal(made[0][key], other[key])


def test_far_from_the_origin() -> None:
    """Coordinates of 1e7, spread 1: the same clusters as near the origin."""
    points = np.round(cloud(8, 4000, 4) * 1024) / 1024  # exact with the offset too
    near = KMeans(7, init=points[:7], tol=0).fit(points)
    far = KMeans(7, init=points[:7] + 2.0**24, tol=0).fit(points + 2.0**24)
    np.testing.assert_array_equal(near.labels_, far.labels_)
    assert far.inertia_ == pytest.approx(near.inertia_, rel=1e-9)
    np.testing.assert_allclose(far.cluster_centers_ - 2.0**24, near.cluster_centers_, atol=1e-8)
    seeded = KMeans(7, random_state=1).fit(points + 2.0**24)
    assert seeded.inertia_ < 1.5 * near.inertia_


def test_convergence_ends_at_a_fixed_point() -> None:
    points = cloud(9, 3000, 3)
    model = KMeans(11, random_state=2, tol=0, max_iter=1000).fit(points)
    np.testing.assert_array_equal(model.labels_, nearest(points, model.cluster_centers_))
    means = np.array([points[model.labels_ == k].mean(axis=0) for k in range(11)])
    np.testing.assert_allclose(means, model.cluster_centers_, rtol=1e-12, atol=1e-12)


# --- invariances ---------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_weight_is_repetition_and_order_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = cloud(seed, 300, 3)
    times = random.integers(1, 5, 300)
    init = points[:6]
    weighted = KMeans(6, init=init).fit(points, sample_weight=times)
    repeated = KMeans(6, init=init).fit(np.repeat(points, times, axis=0))
    np.testing.assert_array_equal(np.repeat(weighted.labels_, times), repeated.labels_)
    np.testing.assert_allclose(weighted.cluster_centers_, repeated.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert weighted.inertia_ == pytest.approx(repeated.inertia_, rel=1e-9)
    order = random.permutation(300)
    mixed = KMeans(6, init=init).fit(points[order], sample_weight=times[order])
    np.testing.assert_array_equal(mixed.labels_, weighted.labels_[order])


def test_threads_do_not_matter() -> None:
    points = cloud(10, 30000, 6)
    results = [KMeans(12, random_state=4, n_jobs=threads).fit(points) for threads in (1, 2, 3, 8)]
    small = [MiniBatchKMeans(12, random_state=4, n_jobs=threads).fit(points) for threads in (1, 2, 3, 8)]
    for group in (results, small):
        for other in group[1:]:
            np.testing.assert_array_equal(group[0].cluster_centers_, other.cluster_centers_)
            np.testing.assert_array_equal(group[0].labels_, other.labels_)
            assert group[0].inertia_ == other.inertia_


PROGRAM = """
import hashlib
import numpy as np
from diskern import KMeans, MiniBatchKMeans
digest = hashlib.sha256()
random = np.random.default_rng(1)
for dimensions, clusters in ((1, 4), (3, 20), (8, 70), (11, 130)):
    for points in (random.normal(3, 2, (9000, dimensions)), random.integers(0, 6, (9000, dimensions)) * 0.25):
        for dtype in (np.float64, np.float32):
            for kind in (KMeans, MiniBatchKMeans):
                for weight in (None, random.uniform(0, 2, 9000)):
                    x = points.astype(dtype)
                    model = kind(clusters, max_iter=10, tol=0, random_state=2).fit(x, sample_weight=weight)
                    for array in (model.cluster_centers_, model.labels_, np.array(model.inertia_), model.transform(x)):
                        digest.update(np.ascontiguousarray(array).tobytes())
print(digest.hexdigest())
"""


def test_every_instruction_set_gives_the_same_bits() -> None:
    digests = {}
    for name in _core.supported_instruction_sets():
        environment = {**os.environ, "DISKERN_ISA": name, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        digests[name] = done.stdout.strip()
    assert "scalar" in digests
    assert len(set(digests.values())) == 1, digests


def test_layouts_and_names() -> None:
    points = cloud(11, 400, 3)
    expected = KMeans(5, random_state=0).fit(points)
    for other in (np.asfortranarray(points), np.repeat(points, 2, axis=0)[::2], points.tolist()):
        np.testing.assert_array_equal(KMeans(5, random_state=0).fit(other).labels_, expected.labels_)
    assert list(expected.get_feature_names_out()) == [f"kmeans{k}" for k in range(5)]
    before = points.copy()
    KMeans(5, copy_x=False).fit(points)
    np.testing.assert_array_equal(points, before)


# --- MiniBatchKMeans -----------------------------------------------------------------------------------------------


def test_mini_batches_come_close() -> None:
    points = cloud(12, 20000, 4)
    full = KMeans(7, n_init=5, random_state=0).fit(points)
    made = [MiniBatchKMeans(7, random_state=s).fit(points) for s in range(30)]
    small = made[0]
    # scikit-learn's mean over 30 seeds is 1.107 times the smallest, with an error of 0.03.
    assert 1 < np.mean([model.inertia_ for model in made]) / full.inertia_ < 1.2
    np.testing.assert_array_equal(small.labels_, nearest(points, small.cluster_centers_))
    assert small.inertia_ == pytest.approx(-small.score(points))
    estimate = MiniBatchKMeans(7, random_state=0, compute_labels=False).fit(points)
    assert estimate.inertia_ == pytest.approx(small.inertia_, rel=0.2)
    assert not hasattr(estimate, "labels_")


def test_centres_of_mini_batches_are_running_means() -> None:
    points = cloud(13, 600, 2)
    weight = np.random.default_rng(0).uniform(0.5, 2, 600)
    model = MiniBatchKMeans(3, init=points[:3], reassignment_ratio=0.0)
    sums, seen = np.zeros((3, 2)), np.zeros(3)
    centres = points[:3]
    for batch in range(6):
        rows = slice(100 * batch, 100 * (batch + 1))
        labels = nearest(points[rows], centres)
        np.add.at(sums, labels, weight[rows, None] * points[rows])
        np.add.at(seen, labels, weight[rows])
        model.partial_fit(points[rows], sample_weight=weight[rows])
        centres = sums / seen[:, None]
        np.testing.assert_allclose(model.cluster_centers_, centres, rtol=1e-12)
    assert model.n_steps_ == 6


def test_mini_batches_draw_by_weight() -> None:
    points = np.vstack([np.zeros((500, 1)), np.ones((500, 1))])
    weight = np.repeat([0.0, 1.0], 500)
    model = MiniBatchKMeans(1, init=[[0.5]], random_state=0).fit(points, sample_weight=weight)
    assert model.cluster_centers_[0, 0] == pytest.approx(1.0)


# --- model file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", [KMeans(5, random_state=0), MiniBatchKMeans(5, random_state=0)])
def test_model_file(estimator: Any, tmp_path: Path) -> None:
    points = cloud(14, 1000, 3)
    fitted = estimator.fit(points)
    path = tmp_path / "clusters.diskern"
    fitted.save(path)
    model = diskern.load(path)
    assert model.info["outputs"] == ["cluster", "distance"]
    assert model.info["method"] == "KMeans"
    responses = model.evaluate(points)
    np.testing.assert_array_equal(responses[:, 0], fitted.predict(points))
    np.testing.assert_array_equal(responses[:, 1], fitted.transform(points).min(axis=1))
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(points), fitted.predict(points))
    assert diskern.Model(model.to_bytes()) == model


def test_model_file_far_from_the_origin(tmp_path: Path) -> None:
    """float64 events are not rounded to float32 on their way."""
    points = cloud(15, 2000, 3, offset=1e7)
    fitted = KMeans(5, random_state=0).fit(points)
    fitted.save(tmp_path / "far.diskern")
    responses = diskern.load(tmp_path / "far.diskern").evaluate(points)
    np.testing.assert_array_equal(responses[:, 0], fitted.labels_)


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n_clusters": 0}, "n_clusters"),
        ({"n_clusters": 2.5}, "n_clusters"),
        ({"n_clusters": True}, "n_clusters"),
        ({"n_clusters": 21}, "n_samples=20 should be >= n_clusters=21"),
        ({"init": "kmeans"}, "init"),
        ({"init": 3}, "init"),
        ({"init": np.zeros((2, 2))}, "does not match the number of clusters"),
        ({"init": np.zeros((3, 1))}, "does not match the number of features"),
        ({"init": np.full((3, 2), np.nan)}, "NaN"),
        ({"init": lambda X, k, random_state: X[:1]}, "does not match the number of clusters"),
        ({"n_init": 0}, "n_init"),
        ({"n_init": "many"}, "n_init"),
        ({"max_iter": 0}, "max_iter"),
        ({"tol": -1.0}, "tol"),
        ({"tol": float("nan")}, "tol"),
        ({"random_state": -1}, "random_state"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"verbose": -1}, "verbose"),
    ],
)
@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
def test_bad_parameters(kind: Any, arguments: dict[str, Any], word: str) -> None:
    points = np.random.default_rng(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match=word):
        kind(**{"n_clusters": 3, **arguments}).fit(points)


@pytest.mark.parametrize(
    ("kind", "arguments", "word"),
    [
        (KMeans, {"algorithm": "hamerly"}, "algorithm"),
        (KMeans, {"copy_x": "no"}, "copy_x"),
        (MiniBatchKMeans, {"batch_size": 0}, "batch_size"),
        (MiniBatchKMeans, {"max_no_improvement": -1}, "max_no_improvement"),
        (MiniBatchKMeans, {"init_size": 0}, "init_size"),
        (MiniBatchKMeans, {"reassignment_ratio": -0.1}, "reassignment_ratio"),
        (MiniBatchKMeans, {"compute_labels": 1}, "compute_labels"),
    ],
)
def test_bad_parameters_of_one(kind: Any, arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        kind(n_clusters=3, **arguments).fit(np.random.default_rng(0).normal(size=(20, 2)))


@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
def test_bad_points(kind: Any) -> None:
    for bad in (np.zeros((0, 2)), np.full((9, 2), np.nan), np.full((9, 2), np.inf), np.full((9, 2), 1e200)):
        with pytest.raises(ValueError, match=r"minimum of 1|NaN|infinity|1e150|too large"):
            kind(n_clusters=3).fit(bad)
    points = np.random.default_rng(0).normal(size=(20, 2))
    for bad, word in ((np.nan, r"NaN \(missing\)"), (-np.inf, "infinity"), (1e151, "a value too large")):
        spoiled = points.copy()
        spoiled[7, 1] = bad
        message = rf"Input X contains {word}, first at event 7, variable 1; X must be finite"
        with pytest.raises(ValueError, match=message):
            kind(n_clusters=3).fit(spoiled)
    for weight in ([1.0, 2.0], np.full(20, -1.0), np.full(20, np.nan), np.zeros(20)):
        with pytest.raises(ValueError, match="sample_weight"):
            kind(n_clusters=3).fit(points, sample_weight=weight)
    with pytest.raises(ValueError, match="sample_weight"):
        kind(n_clusters=3, init="random").fit(points, sample_weight=[1.0, 1.0] + [0.0] * 18)


def test_fewer_different_points_than_clusters() -> None:
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(3\) found smaller than n_clusters \(4\)"):
        model = KMeans(4, random_state=0).fit(points)
    assert model.inertia_ == 0
    assert set(model.labels_) == {0, 1, 2}


@pytest.mark.parametrize("outlier", [1e3, 1e7, 1e12])
@pytest.mark.parametrize("dimensions", [3, 12])
def test_points_far_out_leave_nothing_behind(outlier: float, dimensions: int) -> None:
    """Sums that points are taken away from hold the means of those that stay, whatever left."""
    points = cloud(16, 6000, dimensions)
    random = np.random.default_rng(0)
    points[random.integers(0, len(points), 3)] += outlier
    model = KMeans(20, init=points[:20], tol=0, max_iter=500).fit(points)
    means = np.array([points[model.labels_ == k].mean(axis=0) for k in range(20) if (model.labels_ == k).any()])
    used = [k for k in range(20) if (model.labels_ == k).any()]
    near = np.abs(means).max(axis=1) < 100
    assert near.sum() >= 10
    np.testing.assert_allclose(model.cluster_centers_[used][near], means[near], rtol=0, atol=1e-15 * outlier + 1e-12)
