"""GaussianMixture: scikit-learn's numbers from equal starts, weights, invariances, model files, bad input."""

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

import sklearn.mixture
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
from diskern import GaussianMixture, InvalidArgument, _core

KINDS = ("full", "tied", "diag", "spherical")


@parametrize_with_checks([GaussianMixture(covariance_type=kind, random_state=0) for kind in KINDS])
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


def cloud(seed: int, n: int, dimensions: int, components: int = 4, offset: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    shapes = random.normal(size=(components, dimensions, dimensions))
    centres = 6 * random.normal(size=(components, dimensions))
    of = random.integers(0, components, n)
    normal = random.normal(size=(n, dimensions))
    return np.einsum("nij,nj->ni", shapes[of], normal) + centres[of] + offset


def start_of(points: np.ndarray, components: int, kind: str) -> dict[str, Any]:
    """A start that both can be given."""
    random = np.random.default_rng(5)
    dimensions = points.shape[1]
    variance = points.var()
    precisions = {
        "full": np.eye(dimensions)[None].repeat(components, 0) / variance,
        "tied": np.eye(dimensions) / variance,
        "diag": np.full((components, dimensions), 1 / variance),
        "spherical": np.full(components, 1 / variance),
    }[kind]
    return {
        "n_components": components,
        "covariance_type": kind,
        "weights_init": np.full(components, 1 / components),
        "means_init": points[random.choice(len(points), components, replace=False)],
        "precisions_init": precisions,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_results_are_those_of_scikit_learn(kind: str, dimensions: int) -> None:
    points = cloud(1, 1203, dimensions)
    options = start_of(points, 4, kind) | {"tol": 1e-4, "max_iter": 300}
    ours = GaussianMixture(**options).fit(points)
    other = sklearn.mixture.GaussianMixture(**options).fit(points)
    assert ours.n_iter_ == other.n_iter_
    assert ours.converged_
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_", "lower_bounds_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(other, name), rtol=1e-6, atol=1e-8, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(points), other.predict_proba(points), atol=1e-7)
    np.testing.assert_allclose(ours.score_samples(points), other.score_samples(points), rtol=1e-7)
    np.testing.assert_array_equal(ours.predict(points), other.predict(points))
    assert ours.bic(points) == pytest.approx(other.bic(points), rel=1e-9)
    assert ours.aic(points) == pytest.approx(other.aic(points), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_one_component_has_the_moments_of_the_points(kind: str) -> None:
    points = cloud(2, 777, 3, offset=1e7)  # far from the origin
    weight = np.random.default_rng(0).uniform(0, 3, len(points))
    model = GaussianMixture(covariance_type=kind, reg_covar=0.0).fit(points, sample_weight=weight)
    mean = np.average(points, axis=0, weights=weight)
    covariance = np.cov(points.T, aweights=weight, ddof=0)
    np.testing.assert_allclose(model.means_[0], mean, rtol=1e-14)
    expected = {
        "full": covariance[None],
        "tied": covariance,
        "diag": np.diag(covariance)[None],
        "spherical": np.array([np.trace(covariance) / 3]),
    }[kind]
    np.testing.assert_allclose(model.covariances_, expected, rtol=1e-7)


def test_the_lower_bound_never_falls() -> None:
    points = cloud(3, 2000, 4)
    for kind in KINDS:
        model = GaussianMixture(
            6, covariance_type=kind, init_params="random_from_data", random_state=3, tol=1e-6, max_iter=500
        )
        model.fit(points)
        assert len(model.lower_bounds_) > 5
        assert (np.diff(model.lower_bounds_) > -1e-8).all()


@pytest.mark.parametrize("kind", KINDS)
def test_weight_is_repetition(kind: str) -> None:
    points = cloud(4, 500, 3)
    times = np.random.default_rng(1).integers(0, 4, len(points))
    options = start_of(points, 3, kind) | {"tol": 1e-5, "max_iter": 200}
    weighted = GaussianMixture(**options).fit(points, sample_weight=times)
    repeated = GaussianMixture(**options).fit(np.repeat(points, times, axis=0))
    assert weighted.n_iter_ == repeated.n_iter_
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-8, atol=1e-10)


def test_threads_do_not_matter() -> None:
    points = cloud(5, 30000, 4)
    for kind in KINDS:
        models = [
            GaussianMixture(5, covariance_type=kind, random_state=1, n_jobs=threads, max_iter=10, tol=1.0).fit(points)
            for threads in (1, 2, 3, 8)
        ]
        for other in models[1:]:
            np.testing.assert_array_equal(models[0].means_, other.means_)
            np.testing.assert_array_equal(models[0].covariances_, other.covariances_)
            np.testing.assert_array_equal(models[0].score_samples(points), other.score_samples(points))


PROGRAM = """
import hashlib
import numpy as np
from diskern import GaussianMixture
digest = hashlib.sha256()
random = np.random.default_rng(1)
for dimensions in (1, 3, 6):
    points = random.normal(3, 2, (5003, dimensions))
    for kind in ("full", "tied", "diag", "spherical"):
        model = GaussianMixture(4, covariance_type=kind, max_iter=5, tol=1.0, random_state=2).fit(points)
        for array in (model.means_, model.covariances_, model.predict_proba(points), model.score_samples(points)):
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


@pytest.mark.parametrize("kind", KINDS)
def test_model_file(kind: str, tmp_path: Path) -> None:
    points = cloud(6, 400, 3)
    model = GaussianMixture(3, covariance_type=kind, random_state=0).fit(points)
    model.save(tmp_path / "mixture.diskern")
    loaded = diskern.load(tmp_path / "mixture.diskern")
    assert loaded.info["outputs"] == ["component 0", "component 1", "component 2", "log_density"]
    single = points.astype(np.float32)
    responses = loaded.evaluate(single)
    np.testing.assert_allclose(responses[:, :3], model.predict_proba(single.astype(np.float64)), rtol=1e-12)
    np.testing.assert_allclose(responses[:, 3], model.score_samples(single.astype(np.float64)), rtol=1e-12)
    for i in range(0, 400, 57):  # one event at a time: the same bits
        np.testing.assert_array_equal(loaded.evaluate(single[i : i + 1])[0], responses[i])
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(other.score_samples(points), model.score_samples(points))


def test_damaged_predictors() -> None:
    good = {"weights": [0.5, 0.5], "means": [[0.0], [1.0]], "factors": [[1.0], [1.0]]}
    for change in (
        {"weights": [0.5, -0.5]},
        {"weights": [0.5, np.nan]},
        {"weights": [0.5, 0.5001]},
        {"means": [[0.0], [np.inf]]},
        {"factors": [[1.0], [0.0]]},
    ):
        values = {key: np.array(value) for key, value in (good | change).items()}
        with pytest.raises(ValueError, match="mixture"):
            _core.MixturePredictor(_core.Mixture(_core.CovarianceKind.diag, *values.values()))


def test_shapes_of_mixtures() -> None:
    kinds = _core.CovarianceKind
    weights, means = np.array([0.5, 0.5]), np.zeros((2, 2))
    with pytest.raises(InvalidArgument, match=r"factors of a mixture have the shape \(2, 2, 2\), expected \(2, 2\)"):
        _core.Mixture(kinds.diag, weights, means, np.ones((2, 2, 2)))
    with pytest.raises(InvalidArgument, match=r"factors of a mixture have the shape \(4\), expected \(2, 2\)"):
        _core.Mixture(kinds.tied, weights, means, np.ones(4))
    with pytest.raises(InvalidArgument, match=r"weights of a mixture have the shape \(3\), expected \(2\)"):
        _core.Mixture(kinds.diag, np.ones(3) / 3, means, np.ones((2, 2)))
    with pytest.raises(InvalidArgument, match=r"covariances of a mixture have the shape \(2\), expected \(2, 2\)"):
        _core.Mixture(kinds.diag, weights, means, np.ones((2, 2)), np.ones(2))


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_moments_of_the_mixture(kind: str) -> None:
    model = GaussianMixture(3, covariance_type=kind, random_state=0).fit(cloud(7, 900, 2))
    points, of = model.sample(60000)
    assert points.shape == (60000, 2)
    for k in range(3):
        own = points[of == k]
        spread = np.sqrt(np.trace(np.atleast_2d(np.cov(own.T))))
        np.testing.assert_allclose(len(own) / 60000, model.weights_[k], atol=0.01)
        np.testing.assert_allclose(own.mean(axis=0), model.means_[k], atol=0.05 * spread)
        covariance = {
            "full": lambda k=k: model.covariances_[k],
            "tied": lambda: model.covariances_,
            "diag": lambda k=k: np.diag(model.covariances_[k]),
            "spherical": lambda k=k: model.covariances_[k] * np.eye(2),
        }[kind]()
        np.testing.assert_allclose(np.cov(own.T), covariance, atol=0.05 * spread**2)


def test_every_start_finds_separate_clouds() -> None:
    random = np.random.default_rng(8)
    points = np.concatenate([random.normal(c, 1.0, (300, 2)) for c in ((0, 0), (30, 0), (0, 30))])
    for start in ("kmeans", "k-means++", "random", "random_from_data"):
        model = GaussianMixture(3, init_params=start, n_init=5, random_state=1, max_iter=500, tol=1e-6).fit(points)
        found = np.sort(model.means_.round().sum(axis=1))
        np.testing.assert_allclose(found, [0, 30, 30], atol=1, err_msg=start)


def test_a_warm_start_goes_on() -> None:
    points = cloud(9, 800, 3)
    whole = GaussianMixture(4, random_state=0, max_iter=6, tol=0)
    part = GaussianMixture(4, random_state=0, max_iter=3, tol=0, warm_start=True)
    for model in (whole, part):
        with pytest.warns(ConvergenceWarning):
            model.fit(points)
    with pytest.warns(ConvergenceWarning):
        part.fit(points)
    np.testing.assert_array_equal(part.means_, whole.means_)


def test_a_warm_start_of_another_mixture_is_refused() -> None:
    points = cloud(9, 300, 2)
    model = GaussianMixture(2, covariance_type="tied", random_state=0, warm_start=True).fit(points)
    with pytest.raises(InvalidArgument, match="n_components is 3, but the fit from which warm_start goes on has 2"):
        model.set_params(n_components=3).fit(points)
    with pytest.raises(InvalidArgument, match=r"covariance_type is 'diag', but the fit .* has 'tied'"):
        model.set_params(n_components=2, covariance_type="diag").fit(points)
    assert model.set_params(warm_start=False).fit(points).covariances_.shape == (2, 2)


@pytest.mark.parametrize("other", ["full", "diag", "spherical"])
def test_a_fitted_mixture_keeps_its_kind(other: str) -> None:
    points = cloud(9, 300, 2)
    model = GaussianMixture(2, covariance_type="tied", random_state=0).fit(points)
    probabilities, criterion, drawn = model.predict_proba(points), model.bic(points), model.sample(50)[0]
    responses = model._model().evaluate(points.astype(np.float32))
    model.set_params(covariance_type=other, n_components=5)
    np.testing.assert_array_equal(model.predict_proba(points), probabilities)
    assert model.bic(points) == criterion
    np.testing.assert_array_equal(model.sample(50)[0], drawn)
    np.testing.assert_array_equal(model._model().evaluate(points.astype(np.float32)), responses)


def test_ctrl_c_in_a_later_start_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    points = cloud(9, 300, 2)
    one = GaussianMixture(2, random_state=0).fit(points)
    start, calls = GaussianMixture._start, []

    def interrupted(self: GaussianMixture, *arguments: Any) -> Any:
        calls.append(1)
        if len(calls) >= allowed:
            raise KeyboardInterrupt
        return start(self, *arguments)

    monkeypatch.setattr(GaussianMixture, "_start", interrupted)
    allowed = 2
    model = GaussianMixture(2, n_init=5, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(points)
    assert len(calls) == 2
    np.testing.assert_array_equal(model.means_, one.means_)
    calls.clear()
    allowed = 1
    with pytest.raises(KeyboardInterrupt):
        GaussianMixture(2, n_init=5, random_state=0).fit(points)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"n_components": 0}, "n_components"),
        ({"n_components": 30}, "n_components = 30, n_samples = 20"),
        ({"covariance_type": "ful"}, "covariance_type must be one of 'full'"),
        ({"init_params": "k-means"}, "init_params"),
        ({"tol": -1.0}, "tol"),
        ({"reg_covar": np.nan}, "reg_covar"),
        ({"max_iter": -1}, "max_iter"),
        ({"n_init": 0}, "n_init"),
        ({"weights_init": [1.0, 0.5]}, r"weights_init must have the shape \(1,\)"),
        ({"weights_init": [0.5]}, "weights_init must be positive numbers whose sum is 1"),
        ({"means_init": [[1.0]]}, r"means_init must have the shape \(1, 2\)"),
        ({"precisions_init": [[[1.0, 0.5], [0.4, 1.0]]]}, "precisions_init must be symmetric"),
        ({"precisions_init": [[[1.0, 2.0], [2.0, 1.0]]]}, "precisions_init must be positive definite"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        GaussianMixture(**arguments).fit(np.random.default_rng(0).normal(size=(20, 2)))


def test_bad_points() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2))
    spoiled = points.copy()
    spoiled[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN \(missing\), first at event 7, variable 1"):
        GaussianMixture().fit(spoiled)
    for weight in ([1.0, 2.0], np.full(20, -1.0), np.full(20, np.nan), np.zeros(20)):
        with pytest.raises(ValueError, match="sample_weight"):
            GaussianMixture().fit(points, sample_weight=weight)
    with pytest.raises(ValueError, match="not positive definite"):
        GaussianMixture(reg_covar=0.0).fit(np.ones((20, 2)))
    with pytest.raises(ValueError, match="2 features"):
        GaussianMixture().fit(points).predict(points[:, :1])


INTERRUPTED = """
import os, signal, threading, time
import numpy as np
from diskern import GaussianMixture
points = np.random.default_rng(0).normal(size=(400_000, 6))
model = GaussianMixture(30, init_params="random_from_data", reg_covar=1e-3, tol=0, max_iter=10**6, random_state=0)
sent = []
def send():
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(2.0, send).start()
try:
    model.fit(points)
except KeyboardInterrupt:
    seconds = time.perf_counter() - sent[0]
    print(seconds, model.means_.shape, len(model.lower_bounds_) == model.n_iter_, model.converged_)
"""


def test_ctrl_c_holds_the_last_iteration() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True)
    seconds, rest = done.stdout.strip().split(" ", 1)
    assert float(seconds) < 5  # a second where nothing else is at work
    assert rest == "(30, 6) True False"
