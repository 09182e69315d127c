"""The losses of NetworkClassifier: what is minimised, what is answered, what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, NetworkClassifier, _core
from diskern.networks import Dense, Flatten, Graph

pytest.importorskip("sklearn")


def blobs(n: int = 600, classes: int = 3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, n)
    angle = 2.0 * np.pi * y / classes
    x = generator.normal(size=(n, 2)) * 0.5 + 2.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return x.astype(np.float32), y


DOORS = {"dense": {"hidden_layer_sizes": (16,)}, "layers": {"layers": [Dense(16, activation="relu")]}}
OPTIONS = {"learning_rate_init": 0.01, "batch_size": 50, "max_iter": 40, "random_state": 1}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("classes", [2, 3])
def test_hinge(door: str, classes: int) -> None:
    x, y = blobs(classes=classes)
    labels = np.array(["a", "b", "c"])[y]
    model = NetworkClassifier(loss="hinge", **DOORS[door], **OPTIONS).fit(x, labels, eval_set=(x, labels))
    assert model.score(x, labels) > 0.97
    response = model.decision_function(x)
    assert response.shape == ((len(x),) if classes == 2 else (len(x), 3))
    side = np.where(y == 1, 1.0, -1.0) if classes == 2 else 2.0 * np.eye(3)[y] - 1.0
    hinge = np.maximum(0.0, 1.0 - side * response)
    assert model.validation_loss_.min() == pytest.approx(hinge.reshape(len(x), -1).sum(axis=1).mean(), rel=1e-4)
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))


@pytest.mark.parametrize("door", DOORS)
def test_multi_label(door: str, tmp_path: object) -> None:
    x, y = blobs(classes=4)
    labels = np.stack([y % 2 == 0, y >= 2, x[:, 0] > 0], axis=1).astype(int)
    model = NetworkClassifier(loss="multi_label", **DOORS[door], **OPTIONS).fit(x, labels, eval_set=(x, labels))
    assert model.score(x, labels) > 0.9  # all labels of an event right
    probability = model.predict_proba(x)
    assert probability.shape == (len(x), 3)
    np.testing.assert_array_equal(model.predict(x), probability > 0.5)
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-model.decision_function(x))), probability, atol=1e-9)
    right = np.where(labels == 1, probability, 1.0 - probability)
    expected = -np.log(np.maximum(right, 1e-30)).sum(axis=1).mean()
    assert model.validation_loss_.min() == pytest.approx(expected, rel=1e-4)
    path = tmp_path / "model.dsk"  # type: ignore[operator]
    model.save(path)
    np.testing.assert_array_equal(diskern.load(path).evaluate(x), probability)


@pytest.mark.parametrize("door", DOORS)
def test_kullback_leibler(door: str) -> None:
    x, _ = blobs()
    scores = x.astype(float) @ [[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    model = NetworkClassifier(loss="kullback_leibler", **DOORS[door], **{**OPTIONS, "max_iter": 150})
    model.fit(x, shares, eval_set=(x, shares))
    probability = model.predict_proba(x)
    assert np.abs(probability - shares).mean() < 0.03
    np.testing.assert_array_equal(model.predict(x), probability.argmax(axis=1))
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-9)
    expected = (shares * np.log(shares / probability)).sum(axis=1).mean()
    assert model.validation_loss_.min() == pytest.approx(expected, rel=0.02, abs=2e-6)


def test_a_divergence_of_labels_is_the_cross_entropy() -> None:
    """Shares of 0 and 1 have no entropy: both losses take the same steps."""
    x, y = blobs()
    divergence = NetworkClassifier((8,), loss="kullback_leibler", **OPTIONS).fit(x, np.eye(3)[y])
    cross_entropy = NetworkClassifier((8,), **OPTIONS).fit(x, y)
    np.testing.assert_allclose(divergence.predict_proba(x), cross_entropy.predict_proba(x), atol=2e-3)


def test_weights_are_repetitions_of_rows() -> None:
    x, y = blobs(60)
    labels = np.stack([y == 0, y > 0], axis=1)
    weight = np.random.default_rng(2).integers(0, 4, 60)
    options = {"loss": "multi_label", "solver": "lbfgs", "alpha": 0.0, "max_iter": 5, "tol": 0.0, "random_state": 3}
    weighted = NetworkClassifier((4,), "tanh", **options).fit(x, labels, sample_weight=weight)
    repeated = NetworkClassifier((4,), "tanh", **options).fit(np.repeat(x, weight, 0), np.repeat(labels, weight, 0))
    np.testing.assert_allclose(weighted.predict_proba(x), repeated.predict_proba(x), atol=1e-5)


def test_bad_targets() -> None:
    x, y = blobs(30)
    rows = np.eye(3)[y]
    for loss, wrong, words in (
        ("hinges", y, "loss must be one of log_loss, hinge, multi_label, kullback_leibler, got 'hinges'"),
        ("multi_label", y, r"must have the shape \(events, classes\).*got \(30,\)"),
        ("multi_label", rows[:, :1], "two classes or more"),
        ("multi_label", 0.5 * rows, "holds 0.5 for class .* expected 0 or 1"),
        ("kullback_leibler", 2.0 * rows - 0.5, "expected 0 to 1"),
        ("kullback_leibler", 0.9 * rows, "sums to 0.9, expected 1"),
        ("kullback_leibler", np.where(rows == 1, np.nan, rows), "NaN|finite"),
        ("log_loss", rows, "shape|1d|one-dimensional"),
        ("multi_label", rows[:20], "20"),
        ("multi_label", None, "requires y"),
    ):
        with pytest.raises((InvalidArgument, ValueError), match=words):
            NetworkClassifier(loss=loss).fit(x, wrong)
    with pytest.raises(InvalidArgument, match="eval_set y has 2 classes, y has 3"):
        NetworkClassifier(loss="multi_label").fit(x, rows, eval_set=(x, rows[:, :2]))


@pytest.mark.parametrize("loss", ["squared", "cross_entropy", "multi_label", "softmax_cross_entropy", "absolute",
                                  "huber", "quantile", "hinge", "poisson", "kullback_leibler"])  # fmt: skip
def test_steps_of_layers_follow_the_slope_of_the_loss(loss: str) -> None:
    """One step of gradient descent from known weights, against differences of the loss written out here."""
    outputs = 1 if loss == "cross_entropy" else 3
    generator = np.random.default_rng(5)
    x = generator.normal(size=(40, 4)).astype(np.float32)
    target = generator.uniform(size=(40, outputs))
    if loss in ("softmax_cross_entropy", "kullback_leibler"):
        target /= target.sum(axis=1, keepdims=True)
    if loss == "hinge":
        target = np.round(target)
    target = target.astype(np.float32)
    weight = generator.uniform(-0.3, 1.0, 40)
    weight /= np.abs(weight).mean()
    start = generator.normal(0.0, 0.5, (4, outputs)).astype(np.float32)

    def value(w: np.ndarray) -> float:
        z, t = x.astype(float) @ w, target.astype(float)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        r = z - t
        parts = {
            "squared": 0.5 * r**2,
            "cross_entropy": np.logaddexp(0.0, z) - t * z,
            "multi_label": np.logaddexp(0.0, z) - t * z,
            "softmax_cross_entropy": -t * np.log(p),
            "absolute": np.abs(r),
            "huber": np.where(np.abs(r) < 0.4, 0.5 * r**2, 0.4 * (np.abs(r) - 0.2)),
            "quantile": np.maximum(0.7 * -r, 0.3 * r),
            "hinge": np.maximum(0.0, 1.0 - (2.0 * t - 1.0) * z),
            "poisson": np.exp(z) - t * z,
            "kullback_leibler": t * np.log(np.maximum(t, 1e-30) / p),
        }[loss]
        return float((weight[:, None] * parts).sum() / len(x))

    graph = Graph.chain([Dense(outputs, bias=False)], (4,)).core()
    params = _core.GraphParams()
    params.add_loss(loss, huber_distance=0.4, quantile=0.7)
    params.optimizer, params.learning_rate, params.batch_size, params.epochs = "gradient_descent", 1.0, 0, 1
    fit = _core.fit_graph(graph, params, x, target, weight, start=start.ravel(), seed=1)
    assert fit.training_loss[0] == pytest.approx(value(start.astype(float)), rel=1e-5)
    moved = fit.predictor.parameters.reshape(start.shape).astype(float) - start
    for i, j in np.ndindex(*start.shape):
        up, down = start.astype(float), start.astype(float)
        up[i, j] += 1e-6
        down[i, j] -= 1e-6
        assert -moved[i, j] == pytest.approx((value(up) - value(down)) / 2e-6, abs=2e-5)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "kullback_leibler"])
def test_pixels_have_a_softmax_each(loss: str) -> None:
    """Losses and answers along the last dimension, as of events with one pixel each."""
    generator = np.random.default_rng(6)
    x = generator.normal(size=(50, 4, 2)).astype(np.float32)
    shares = generator.uniform(size=(50, 4, 3)).astype(np.float32)
    shares /= shares.sum(axis=2, keepdims=True)
    weight = generator.uniform(0.5, 1.5, 50)
    options = {"optimizer": "gradient_descent", "batch_size": 0, "max_iter": 1, "random_state": 2}
    pixels = diskern.GraphNetwork(Graph.chain([Dense(3)], (4, 2)), loss, learning_rate=0.1, **options)
    pixels.fit(x, shares, sample_weight=weight)
    single = diskern.GraphNetwork(Graph.chain([Dense(3)], (2,)), loss, learning_rate=0.4, **options)
    single.fit(x.reshape(200, 2), shares.reshape(200, 3), sample_weight=np.repeat(weight, 4))
    np.testing.assert_allclose(pixels.predictor_.parameters, single.predictor_.parameters, atol=1e-6)
    assert pixels.loss_curve_[0] == pytest.approx(4.0 * single.loss_curve_[0], rel=1e-6)
    answers = pixels.predict(x).reshape(50, 4, 3)
    np.testing.assert_allclose(answers.sum(axis=2), 1.0, atol=1e-12)
    np.testing.assert_allclose(answers.reshape(200, 3), single.predict(x.reshape(200, 2)), atol=1e-6)
    with pytest.raises(InvalidArgument, match="one along its last dimension"):
        diskern.GraphNetwork(Graph.chain([Dense(1)], (4, 2)), loss).fit(x, shares[..., :1])
    # Laid out flat they are one softmax.
    flat = diskern.GraphNetwork(Graph.chain([Dense(3), Flatten()], (4, 2)), loss, **options).fit(x, shares / 4)
    np.testing.assert_allclose(flat.predict(x).sum(axis=1), 1.0, atol=1e-12)
