"""Autoencoders: dense, convolutional, variational; anomaly score, latent numbers, model file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument
from diskern.networks import Convolution2D, Dense, Flatten, Input, Reshape, TransposedConvolution2D

pytest.importorskip("sklearn")


def plane(n: int, seed: int) -> np.ndarray:
    """Six numbers that are linear in two, of very different sizes, with a little noise."""
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).normal(size=(2, 6))
    x = generator.normal(size=(n, 2)) @ mixing + 0.05 * generator.normal(size=(n, 6))
    return 1000.0 + x * [1.0, 10.0, 0.1, 1.0, 100.0, 1.0]


@pytest.mark.parametrize("variational", [False, True])
def test_events_off_the_plane_are_anomalous(variational: bool, tmp_path: Path) -> None:
    model = diskern.Autoencoder(
        2, (16,), "tanh", variational=variational, beta=0.02, learning_rate=0.01, max_iter=40, random_state=1
    ).fit(plane(3000, 1), eval_set=plane(500, 2))
    normal = plane(1000, 3)
    strange = normal.copy()
    strange[:, 1] = plane(1000, 4)[:, 1]  # the right distribution, but of another event
    score = model.anomaly_score(normal)
    assert np.median(model.anomaly_score(strange)) > 5 * np.median(score)
    assert model.transform(normal).shape == (1000, 2)
    back = model.reconstruct(normal)
    spread = normal.std(axis=0)
    np.testing.assert_allclose(
        (((back - normal) / plane(3000, 1).std(axis=0)) ** 2).mean(axis=1), score, rtol=2e-3, atol=1e-4
    )
    assert (np.abs(back - normal).mean(axis=0) < 0.3 * spread).all()
    if variational:
        latent = model.transform(normal)
        assert np.abs(latent.mean(axis=0)).max() < 0.4
        assert 0.5 < latent.std() < 1.5
    model.save(tmp_path / "model.dsk")
    loaded = diskern.load(tmp_path / "model.dsk")
    assert loaded.info["outputs"][0] == "anomaly_score"
    np.testing.assert_array_equal(loaded.evaluate(normal)[:, 0], score)


def test_images() -> None:
    generator = np.random.default_rng(1)

    def blobs(n: int, prongs: int) -> np.ndarray:
        y, x = np.mgrid[0:8, 0:8]
        images = np.zeros((n, 8, 8, 1))
        for image in images:
            for _ in range(prongs):
                a, b = generator.uniform(1, 6, 2)
                image[..., 0] += np.exp(-((x - a) ** 2 + (y - b) ** 2)) / prongs
        return images

    model = diskern.Autoencoder(
        3,
        encoder=[
            Input((8, 8, 1)),
            Convolution2D(8, 3, stride=2, padding="same", activation="relu"),
            Flatten(),
            Dense(32, activation="relu"),
        ],
        decoder=[
            Dense(4 * 4 * 8, activation="relu"),
            Reshape((4, 4, 8)),
            TransposedConvolution2D(1, 3, stride=2, padding="same"),
        ],
        learning_rate=0.005,
        max_iter=40,
        random_state=1,
    ).fit(blobs(2000, 1))
    normal, strange = model.anomaly_score(blobs(500, 1)), model.anomaly_score(blobs(500, 2))
    assert (normal[:, np.newaxis] < strange).mean() > 0.8  # area under the ROC curve
    assert model.reconstruct(blobs(3, 1)).shape == (3, 8, 8, 1)


def test_bad_input() -> None:
    x = plane(50, 1)
    with pytest.raises(InvalidArgument, match="latent must be a whole number"):
        diskern.Autoencoder(0).fit(x)
    with pytest.raises(InvalidArgument, match=r"decoder: it gives the shape \(5,\), expected 6 numbers"):
        diskern.Autoencoder(2, decoder=[Dense(5)]).fit(x)
    with pytest.raises(InvalidArgument, match=r"its Input takes 4 numbers|expected"):
        diskern.Autoencoder(2, encoder=[Input((2, 2, 1)), Flatten()]).fit(x)
    for options, words in (
        ({"encoder": [Dense(4), Input((6,))]}, "encoder: .* stands at place 1; an autoencoder has one Input"),
        ({"encoder": [Input((6,)), Input((6,)), Dense(4)]}, "encoder: .* stands at place 1"),
        ({"decoder": [Input((6,))]}, "decoder: .* stands at place 0"),
        ({"encoder": [4]}, "encoder must hold layers"),
        ({"standardise": "no"}, "standardise must be True or False, got 'no'"),
        ({"variational": 1}, "variational must be True or False, got 1"),
        ({"beta": -1.0}, "beta must be a number of 0 or more, got -1.0"),
        ({"beta": np.nan}, "beta must be a number"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            diskern.Autoencoder(2, **options).fit(x)
    with pytest.raises(InvalidArgument, match="negative"):
        diskern.Autoencoder(2, negative_weights="error").fit(x, eval_set=(x, -np.ones(50)))
    x[3, 2] = np.nan
    with pytest.raises(InvalidArgument, match="event 3, variable 2"):
        diskern.Autoencoder().fit(x)
