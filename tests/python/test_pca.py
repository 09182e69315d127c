"""PCA: scikit-learn's numbers and checks, weights, threads, files."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import sklearn.decomposition
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
from diskern import PCA, InvalidArgument, _core


def expected_failures(estimator: Any) -> dict[str, str]:
    if estimator.n_components is None:
        # There are min(events, variables) components, and the repeated events of this check are more events.
        return {"check_sample_weight_equivalence_on_dense_data": "an event that is repeated adds a component"}
    return {}


@parametrize_with_checks(
    [PCA(), PCA(n_components=1, whiten=True), PCA(n_components=2, svd_solver="covariance_eigh")],
    expected_failed_checks=expected_failures,
)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


def events(seed: int, n: int, d: int, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, d)) * np.linspace(3, 0.5, d)) @ random.normal(size=(d, d)) + offset


ATTRIBUTES = ("components_", "explained_variance_", "explained_variance_ratio_", "singular_values_", "mean_")


@pytest.mark.parametrize("solver", ["full", "covariance_eigh"])
@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("n_components", [None, 3, 0.7, "mle"])
def test_numbers_of_scikit_learn(solver: str, whiten: bool, n_components: Any) -> None:
    x = events(1, 300, 8, offset=5.0)
    arguments = {"n_components": n_components, "whiten": whiten, "svd_solver": solver}
    ours = PCA(**arguments).fit(x)
    theirs = sklearn.decomposition.PCA(**arguments).fit(x)
    assert ours.n_components_ == theirs.n_components_
    for name in ATTRIBUTES:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-10)
    assert ours.noise_variance_ == pytest.approx(theirs.noise_variance_, rel=1e-9, abs=1e-12)
    new = events(2, 50, 8)
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(new)), theirs.inverse_transform(theirs.transform(new)), atol=1e-8
    )
    if not whiten:
        np.testing.assert_allclose(ours.get_covariance(), theirs.get_covariance(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(ours.get_precision(), theirs.get_precision(), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(ours.score_samples(new), theirs.score_samples(new), rtol=1e-7)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_whitening_changes_no_likelihood() -> None:
    x = events(3, 400, 5)
    assert PCA(2, whiten=True).fit(x).score(x) == pytest.approx(PCA(2).fit(x).score(x), rel=1e-12)
    # And the likelihood is that of the normal distribution with this covariance.
    from scipy.stats import multivariate_normal

    model = PCA(2).fit(x)
    expected = multivariate_normal(model.mean_, model.get_covariance()).logpdf(x)
    np.testing.assert_allclose(model.score_samples(x), expected, rtol=1e-9)


@pytest.mark.parametrize("solver", ["full", "covariance_eigh"])
def test_whole_weights_are_repetitions(solver: str) -> None:
    x = events(4, 200, 4, offset=2.0)
    weight = np.random.default_rng(5).integers(0, 4, 200)
    a = PCA(svd_solver=solver).fit(x, sample_weight=weight)
    b = PCA(svd_solver=solver).fit(np.repeat(x, weight, axis=0))
    for name in ATTRIBUTES:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-10)


def test_weights_by_hand() -> None:
    # On a line: mean (3 * 0 + 1 * 4) / 4 = 1, variance (3 * 1 + 1 * 9) / (4 - 1) = 4.
    x = np.array([[0.0, 7.0], [4.0, 7.0]])
    model = PCA(1).fit(x, sample_weight=[3.0, 1.0])
    np.testing.assert_allclose(model.mean_, [1.0, 7.0])
    np.testing.assert_allclose(model.components_, [[1.0, 0.0]])
    np.testing.assert_allclose(model.explained_variance_, [4.0])
    # An event of weight -1 takes one of weight 1 back.
    extra = np.array([[9.0, -5.0]])
    signed = PCA(1).fit(np.concatenate([x, extra, extra]), sample_weight=[3.0, 1.0, 1.0, -1.0])
    np.testing.assert_allclose(signed.explained_variance_, [4.0])
    np.testing.assert_allclose(np.abs(signed.components_), [[1.0, 0.0]], atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 12), st.sampled_from([0.0, 1e4]))
def test_invariances(seed: int, n: int, d: int, offset: float) -> None:
    x = events(seed, n, d, offset)
    model = PCA().fit(x)
    k = min(n, d)
    np.testing.assert_allclose(model.components_ @ model.components_.T, np.eye(k), atol=1e-9)
    projected = model.transform(x)
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(projected.var(axis=0, ddof=1), model.explained_variance_, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(model.inverse_transform(projected), x, atol=1e-7)
    # Order of events and of variables.
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_allclose(PCA().fit(x[order]).explained_variance_, model.explained_variance_, rtol=1e-8, atol=1e-9)
    turned = PCA().fit(x[:, ::-1])
    np.testing.assert_allclose(turned.explained_variance_, model.explained_variance_, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_layouts_and_slices(dtype: type) -> None:
    x = events(6, 40000, 9, offset=100.0).astype(dtype)
    one = PCA(4, n_jobs=1).fit(x)
    for other in (
        PCA(4, n_jobs=3).fit(x),
        PCA(4, n_jobs=2).fit(np.asfortranarray(x)),
        PCA(4).fit(np.repeat(x, 2, 0)[::2]),
    ):
        for name in ATTRIBUTES:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    responses = one.transform(x)
    assert responses.dtype == dtype
    np.testing.assert_array_equal(PCA(4, n_jobs=3).fit(x).transform(np.asfortranarray(x)), responses)
    np.testing.assert_array_equal(one.transform(x[17:29]), responses[17:29])


def test_float32_far_from_the_origin_is_summed_in_float64() -> None:
    x = (events(7, 20000, 3) + 30000.0).astype(np.float32)
    ours = PCA().fit(x)
    exact = PCA().fit(x.astype(np.float64))
    np.testing.assert_allclose(ours.explained_variance_, exact.explained_variance_, rtol=1e-6)


@pytest.mark.parametrize("whiten", [False, True])
def test_files_and_pickles(whiten: bool, tmp_path: Path) -> None:
    x = events(8, 500, 6, offset=1.0).astype(np.float32)
    model = PCA(3, whiten=whiten).fit(x)
    expected = model.predictor_.evaluate(x)
    # float32 events are projected in float32.
    np.testing.assert_allclose(model.transform(x), expected, rtol=0, atol=2e-6 * np.abs(expected).max())
    assert model.transform(x).dtype == np.float32
    np.testing.assert_array_equal(model.transform(x.astype(np.float64)), expected)
    model.save(tmp_path / "pca.diskern")
    loaded = diskern.load(tmp_path / "pca.diskern")
    assert loaded.info["method"] == "PCA"
    assert list(loaded.info["outputs"]) == ["pca0", "pca1", "pca2"]
    np.testing.assert_array_equal(loaded.evaluate(x), expected)
    np.testing.assert_array_equal(loaded.evaluate(x[:1]), expected[:1])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(x), model.transform(x))
    assert "n_jobs" not in dict(loaded.info["options"])


@pytest.mark.parametrize("offset", [0.0, 300.0, 1e6])
@pytest.mark.parametrize("n_components", [1, 8, 16, 21])
def test_single_precision_of_projections(offset: float, n_components: int) -> None:
    """float32 keeps its digits far from the origin, whatever the layout of the events."""
    x = events(10, 400, 21, offset=offset).astype(np.float32)
    model = PCA(n_components).fit(x)
    expected = model.predictor_.project(x)
    lengths = np.linalg.norm(x.astype(np.float64) - model.predictor_.mean, axis=1, keepdims=True)
    for rows in (x, np.asfortranarray(x), x[:, ::-1][:, ::-1]):
        assert (np.abs(model.transform(rows) - expected) <= 1e-6 * lengths).all()
    single = model.transform(x)
    for threads in (2, 3):
        np.testing.assert_array_equal(model.set_params(n_jobs=threads).transform(x), single)
    np.testing.assert_array_equal(model.transform(x[5:6])[0], model.transform(x)[5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transform_of_events_that_are_not_finite(dtype: type) -> None:
    x = events(11, 50, 4).astype(dtype)
    model = PCA(2).fit(x)
    for bad in (np.nan, np.inf, -np.inf):
        worse = x.copy()
        worse[17, 2] = bad
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            model.transform(worse)
    # Finite, and beyond float32 only in between.
    large = np.full((1, 4), 2e38, dtype)
    vector = model.predictor_.vectors[0]
    large[0] *= np.sign(vector)
    model.predictor_ = diskern._core.Projection(np.zeros(4), vector[None] * 0.3)
    np.testing.assert_allclose(model.transform(large)[0, 0], 2e38 * 0.3 * np.abs(vector).sum(), rtol=1e-5)


def test_one_event_at_a_time_gives_the_same_bits() -> None:
    x = events(9, 300, 13).astype(np.float32)
    predictor = PCA(11).fit(x).predictor_
    together = predictor.evaluate(x)
    for i in (0, 7, 299):
        np.testing.assert_array_equal(predictor.evaluate(x[i : i + 1])[0], together[i])


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n_components": -1}, "n_components"),
        ({"n_components": 1.5}, "n_components"),
        ({"n_components": "all"}, "n_components"),
        ({"n_components": True}, "n_components"),
        ({"n_components": 4}, "between 0 and"),
        ({"svd_solver": "lapack"}, "svd_solver"),
        ({"whiten": 2}, "whiten"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"tol": -1.0}, "tol"),
        ({"n_oversamples": 0}, "n_oversamples"),
        ({"iterated_power": -2}, "iterated_power"),
        ({"power_iteration_normalizer": "SVD"}, "power_iteration_normalizer"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        PCA(**arguments).fit(events(10, 20, 3))


def test_bad_events_and_weights() -> None:
    good = events(11, 20, 3)
    for value, word in ((np.nan, "NaN"), (np.inf, "infinity")):
        bad = good.copy()
        bad[5, 1] = value
        for weight in (None, np.where(np.arange(20) == 5, 0.0, 1.0)):
            with pytest.raises(ValueError, match=word):
                PCA().fit(bad, sample_weight=weight)
        with pytest.raises(ValueError, match=word):
            PCA().fit(good).transform(bad)
    with pytest.raises(InvalidArgument, match="beyond float64"):
        PCA().fit(np.array([[1e200, 0.0], [-1e200, 1.0]]))
    with pytest.raises(InvalidArgument, match="all weights are zero"):
        PCA().fit(good, sample_weight=np.zeros(20))
    with pytest.raises(InvalidArgument, match="more than 1"):
        PCA().fit(good, sample_weight=np.where(np.arange(20) % 2, 1.0, -1.0))
    with pytest.raises(InvalidArgument, match="more than 1"):
        PCA().fit(good, sample_weight=np.full(20, 0.04))
    with pytest.raises(InvalidArgument, match="negative eigenvalue"):
        PCA().fit(np.array([[0.0], [1.0], [2.0]]), sample_weight=[-1.0, 4.0, -1.0])
    with pytest.raises(InvalidArgument, match="sample_weight"):
        PCA().fit(good, sample_weight=[1.0, 2.0])
    with pytest.raises(ValueError, match="minimum of 1"):
        PCA().fit(np.zeros((0, 3)))
    with pytest.raises(InvalidArgument, match="shape"):
        PCA(2).fit(good).inverse_transform(good)


def test_constant_columns_and_one_event() -> None:
    x = np.concatenate([events(12, 30, 2), np.full((30, 1), 3.0)], axis=1)
    model = PCA().fit(x)
    assert model.explained_variance_[-1] == pytest.approx(0.0, abs=1e-20)
    np.testing.assert_allclose(np.abs(model.components_[-1]), [0, 0, 1], atol=1e-12)
    assert np.isnan(PCA().fit(np.ones((1, 3))).explained_variance_).all()


def test_no_components() -> None:
    model = PCA(0).fit(events(13, 30, 2))
    assert model.transform(np.zeros((5, 2))).shape == (5, 0)
    with pytest.raises(InvalidArgument, match="no components"):
        model.save("nowhere")


def test_damaged_projection() -> None:
    with pytest.raises(diskern.FormatError, match="finite"):
        _core.Projection(np.array([np.nan]), np.array([[1.0]]))
    with pytest.raises(InvalidArgument, match="mean"):
        _core.Projection(np.zeros(2), np.zeros((1, 3)))
