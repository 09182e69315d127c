"""Generative adversarial networks: distributions learned, conditions, penalties, files, threads."""

from __future__ import annotations

import numpy as np
import pytest

import diskern
from diskern import GenerativeAdversarialNetwork, InvalidArgument, _core
from diskern.networks import (
    BatchNormalisation,
    Concatenate,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    Graph,
    Input,
    Multiply,
    Reshape,
    Standardise,
    TransposedConvolution2D,
)

pytest.importorskip("sklearn")


def dense(latent=3, numbers=1, conditions=0, width=24):
    """Generator and discriminator of rows of numbers."""

    def joined(first):
        return (Concatenate()(first, known), [first, known]) if conditions else (first, [first])

    known = Input((conditions,), name="known") if conditions else None
    value, inputs = joined(Input((latent,), name="latent"))
    generator = Graph(inputs, Dense(numbers)(Dense(width, activation="relu")(value)))
    known = Input((conditions,), name="known") if conditions else None
    value, inputs = joined(Input((numbers,), name="event"))
    hidden = Dense(width, activation="leaky_relu")(Dense(width, activation="leaky_relu")(value))
    return generator, Graph(inputs, Dense(1)(hidden))


OPTIONS = {"learning_rate": 2e-3, "batch_size": 100, "averaging": 0.99, "random_state": 1}
LOSSES = {
    "non_saturating": {"gradient_penalty": 0.3, "smoothing": 0.1},
    "hinge": {"gradient_penalty": 0.3},
    "wasserstein": {"gradient_penalty": 2.0, "discriminator_steps": 3, "max_iter": 150, "learning_rate": 5e-4},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_learns_mean_and_spread(loss):
    x = np.random.default_rng(1).normal(2.0, 0.5, size=(4000, 1)) * [1.0, -1.0]
    model = GenerativeAdversarialNetwork(
        *dense(numbers=2), loss=loss, **{**OPTIONS, "max_iter": 40, **LOSSES[loss]}
    ).fit(x)
    made = model.sample(4000, random_state=5)
    assert made.shape == (4000, 2)
    np.testing.assert_allclose(made.mean(axis=0), [2.0, -2.0], atol=0.2)
    np.testing.assert_allclose(made.std(axis=0), 0.5, atol=0.2)
    assert np.corrcoef(made.T)[0, 1] < -0.9
    assert model.n_iter_ == len(model.generator_loss_) == len(model.penalty_) == model.max_iter
    assert model.penalty_.min() >= 0.0


def test_follows_its_condition():
    random = np.random.default_rng(2)
    known = random.uniform(-1.0, 1.0, 6000)
    x = (2.0 * known + 0.3 * random.normal(size=6000))[:, np.newaxis]
    networks = dense(conditions=1)
    model = GenerativeAdversarialNetwork(*networks, gradient_penalty=0.3, max_iter=40, **OPTIONS).fit(x, known)
    for value in (-0.8, 0.0, 0.8):
        made = model.sample(3000, condition=value, random_state=1)
        assert made.mean() == pytest.approx(2.0 * value, abs=0.25)
        assert 0.1 < made.std() < 0.5
    assert model.sample(condition=known[:10]).shape == (10, 1)
    scores = model.score_events(x[:50], known[:50])
    assert scores.shape == (50,)
    assert scores.mean() > model.score_events(x[:50] + 5.0, known[:50]).mean()


def test_events_count_by_their_weights():
    random = np.random.default_rng(3)
    x = np.concatenate([random.normal(-1.0, 0.2, 1500), random.normal(2.0, 0.2, 1500)])[:, np.newaxis]
    weight = np.where(x[:, 0] < 0.5, 0.0, 3.0)
    model = GenerativeAdversarialNetwork(*dense(), gradient_penalty=0.3, max_iter=30, **OPTIONS)
    assert model.fit(x, sample_weight=weight).sample(2000, random_state=1).mean() == pytest.approx(2.0, abs=0.25)
    with pytest.raises(InvalidArgument, match="negative"):
        model.fit(x, sample_weight=np.where(x[:, 0] < 0.5, -1.0, 1.0))
    model.set_params(negative_weights="ignore").fit(x, sample_weight=np.where(x[:, 0] < 0.5, -1.0, 1.0))
    assert model.sample(2000, random_state=1).mean() == pytest.approx(2.0, abs=0.25)


def images(size=8):
    """Convolutional networks with what batches and randomness do to them."""
    latent = Input((4,), name="latent")
    x = BatchNormalisation()(Reshape((4, 4, 8))(Dense(128, activation="relu")(latent)))
    generator = Graph(latent, TransposedConvolution2D(1, 3, stride=2, padding="same", activation="relu")(x))
    image = Input((size, size, 1), name="image")
    x = Convolution2D(8, 3, stride=2, padding="same", activation="leaky_relu")(Standardise()(image))
    return generator, Graph(image, Dense(1)(Dropout(0.2)(Flatten()(BatchNormalisation()(x)))))


@pytest.mark.parametrize("loss", ["non_saturating", "wasserstein"])
def test_threads_do_not_count_and_files_keep_the_generator(loss, tmp_path):
    x = np.maximum(np.random.default_rng(4).normal(0.5, 1.0, size=(300, 8, 8, 1)), 0.0)
    model = GenerativeAdversarialNetwork(
        *images(), loss=loss, gradient_penalty=1.0, max_iter=3, batch_size=64, random_state=2, n_jobs=1
    ).fit(x)
    other = GenerativeAdversarialNetwork(**{**model.get_params(deep=False), "n_jobs": 2}).fit(x)
    np.testing.assert_array_equal(other.predictor_.parameters, model.predictor_.parameters)
    np.testing.assert_array_equal(other.discriminator_.parameters, model.discriminator_.parameters)
    latent = np.random.default_rng(5).normal(size=(20, 4)).astype(np.float32)
    made = model.predict(latent)
    assert made.shape == (20, 8, 8, 1)
    assert (made >= 0.0).all()
    model.save(tmp_path / "generator.diskern")
    loaded = diskern.load(tmp_path / "generator.diskern")
    np.testing.assert_array_equal(loaded.evaluate(latent).reshape(made.shape), made)
    np.testing.assert_array_equal(model.sample(7, random_state=3), model.sample(7, random_state=3))
    assert model.feature_maps(latent, model.layer_names()[0]).shape == (20, 128)


def test_gradient_penalty_is_that_of_the_definition():
    """A discriminator s = sum of w x^2 / 2 has |ds/dx|^2 = sum of (w x)^2: one step against the definition."""
    event = Input((2,), name="event")
    squares = Multiply()(event, event)
    discriminator = Graph(event, Dense(1, bias=False, name="score")(squares))
    latent = Input((1,), name="latent")
    generator = Graph(latent, Dense(2)(latent))
    x = np.array([[1.0, 2.0], [0.5, -1.0], [1.5, 0.25], [-2.0, 1.0]])
    start = None
    for factor in (0.0, 0.7):
        model = GenerativeAdversarialNetwork(
            generator,
            discriminator,
            optimizer="gradient_descent",
            gradient_penalty=factor,
            learning_rate=1e-12,
            discriminator_learning_rate=0.01,
            batch_size=4,
            max_iter=1,
            averaging=0.0,
            random_state=6,
        ).fit(x)
        if start is None:
            start = model.discriminator_.parameters.astype(np.float64)
            assert model.penalty_[0] == 0.0
        else:
            step = model.discriminator_.parameters.astype(np.float64) - start
            first = _core.start_parameters(discriminator.core(), "automatic", ~model._seed() & (2**64 - 1)).astype(
                np.float64
            )
            # R = 0.7 / 2 mean of sum (2 w x)^2
            expected = 0.7 / 2 * 8 * first * (x**2).mean(axis=0)
            np.testing.assert_allclose(step, -0.01 * expected, rtol=2e-3)
            assert model.penalty_[0] == pytest.approx(0.7 / 2 * ((2 * first * x) ** 2).sum(axis=1).mean(), rel=1e-4)


def test_bad_networks_and_events_are_refused():
    generator, discriminator = dense(numbers=2)
    x = np.zeros((10, 2))
    with pytest.raises(InvalidArgument, match="generator must be"):
        GenerativeAdversarialNetwork(None, discriminator).fit(x)
    with pytest.raises(InvalidArgument, match="gives events of the shape"):
        GenerativeAdversarialNetwork(generator, dense(numbers=3)[1]).fit(x)
    with pytest.raises(InvalidArgument, match="0 and 1 conditions"):
        GenerativeAdversarialNetwork(generator, dense(numbers=2, conditions=1)[1]).fit(x)
    model = GenerativeAdversarialNetwork(generator, discriminator)
    for change, message in (
        ({"loss": "minimax"}, "non_saturating"),
        ({"smoothing": 0.6}, "smoothing"),
        ({"smoothing": 0.1, "loss": "hinge"}, "smoothing"),
        ({"gradient_penalty": -1.0}, "gradient_penalty"),
        ({"averaging": 1.0}, "averaging"),
        ({"discriminator_steps": 0}, "discriminator_steps"),
        ({"batch_size": 1}, "batch_size"),
        ({"max_iter": 0}, "epochs"),
        ({"negative_weights": "keep"}, "negative_weights"),
        ({"optimizer": "adm"}, "adam"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            GenerativeAdversarialNetwork(**{**model.get_params(deep=False), **change}).fit(x)
    with pytest.raises(InvalidArgument, match="expected"):
        model.fit(np.zeros((10, 3)))
    with pytest.raises(InvalidArgument, match=r"NaN|finite"):
        model.fit(np.full((10, 2), np.nan))
    with pytest.raises(InvalidArgument, match="y has the shape"):
        model.fit(x, np.zeros(10))
    conditional = GenerativeAdversarialNetwork(*dense(numbers=2, conditions=1), max_iter=1)
    with pytest.raises(InvalidArgument, match="got none"):
        conditional.fit(x)
    conditional.fit(x, np.zeros(10))
    with pytest.raises(InvalidArgument, match="got none"):
        conditional.sample(3)


def test_divergence_is_said():
    x = np.random.default_rng(1).normal(size=(500, 2))
    model = GenerativeAdversarialNetwork(
        *dense(numbers=2), loss="wasserstein", optimizer="gradient_descent", learning_rate=1e12, max_iter=5
    )
    with pytest.raises(diskern.Error, match="diverged in epoch 1"):
        model.fit(x)
