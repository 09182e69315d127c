"""Looking inside networks: feature maps, weights, derivatives by the input, and their plots."""

from __future__ import annotations

import numpy as np
import pytest

from diskern import Autoencoder, GraphNetwork, InvalidArgument, NetworkClassifier
from diskern.networks import (
    Activation,
    Concatenate,
    Convolution2D,
    Dense,
    Flatten,
    Graph,
    Input,
)
from diskern.plotting import (
    plot_feature_maps,
    plot_filters,
    plot_latent_space,
    plot_learning_curve,
    plot_saliency,
)
from diskern.plotting.networks import mosaic, principal_plane

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.normal(size=(300, 6, 5, 2)).astype(np.float32)
NUMBERS = RANDOM.normal(size=(300, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    image, numbers = Input((6, 5, 2), name="image"), Input((3,), name="numbers")
    x = Convolution2D(4, 3, padding="same", activation="tanh", name="first")(image)
    x = Concatenate()(Flatten()(x), Activation("tanh", name="bent")(Dense(6, name="beside")(numbers)))
    graph = Graph([image, numbers], [Dense(1, name="energy")(x), Dense(2, name="angle")(x)])
    targets = [IMAGES.sum(axis=(1, 2, 3)) / 8, NUMBERS[:, :2]]
    return GraphNetwork(graph, learning_rate=0.01, max_iter=5, random_state=1).fit((IMAGES, NUMBERS), targets)


def test_gradients_are_finite_differences(model):
    events = np.hstack([IMAGES.reshape(300, -1), NUMBERS])[:40]
    of_output = []
    for output in range(3):
        by_image, by_numbers = model.input_gradients((IMAGES[:40], NUMBERS[:40]), output)
        assert by_image.shape == (40, 6, 5, 2)
        of_output.append(np.hstack([by_image.reshape(40, -1), by_numbers]))
    step = 0.01
    for column in (0, 7, 33, 59, 60, 62):
        up, down = events.copy(), events.copy()
        up[:, column] += step
        down[:, column] -= step
        change = [np.column_stack(model.predict(moved)) for moved in (up.astype(np.float32), down.astype(np.float32))]
        difference = (change[0] - change[1]) / (2 * step)
        for output in range(3):
            np.testing.assert_allclose(of_output[output][:, column], difference[:, output], atol=1e-3)
            assert np.abs(difference[:, output]).max() > 0.01 or column < 60


def test_feature_maps_are_what_the_definition_gives(model):
    weights = model.layer_weights("first")
    assert weights["weights"].shape == (3, 3, 2, 4)
    padded = np.pad(IMAGES[:20].astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((20, 6, 5, 4)) + weights["biases"]
    for i in range(3):
        for j in range(3):
            expected += padded[:, i : i + 6, j : j + 5] @ weights["weights"][i, j].astype(np.float64)
    maps = model.feature_maps((IMAGES[:20], NUMBERS[:20]), "first")
    np.testing.assert_allclose(maps, expected, atol=1e-5)
    bent = model.feature_maps((IMAGES[:20], NUMBERS[:20]), "bent")
    beside = model.layer_weights("beside")
    np.testing.assert_allclose(bent, np.tanh(NUMBERS[:20] @ beside["weights"] + beside["biases"]), atol=1e-5)
    assert "energy" in model.layer_names()


def test_a_layer_used_twice_shows_both_uses():
    a, b = Input((3,)), Input((3,))
    shared = Dense(4, name="shared")
    graph = Graph([a, b], Dense(1)(Concatenate()(shared(a), shared(b))))
    model = GraphNetwork(graph, max_iter=1, random_state=1).fit((NUMBERS, -NUMBERS), NUMBERS[:, 0])
    one, other = (model.feature_maps((NUMBERS, -NUMBERS), "shared", use=use) for use in (0, 1))
    biases = model.layer_weights("shared")["biases"]
    np.testing.assert_allclose(one - biases, -(other - biases), atol=1e-5)
    with pytest.raises(InvalidArgument, match="use must be"):
        model.feature_maps((NUMBERS, NUMBERS), "shared", use=2)


def test_saliency_finds_the_pixels_that_matter():
    images = RANDOM.normal(size=(2000, 8, 8, 1)).astype(np.float32)
    labels = images[:, 2, 5, 0] > 0
    model = NetworkClassifier(
        layers=[Input((8, 8, 1)), Flatten(), Dense(8, activation="tanh")],
        learning_rate_init=0.01,
        max_iter=20,
        random_state=1,
    ).fit(images, labels)
    saliency = np.abs(model.input_gradients(images[:200])).mean(axis=0)[..., 0]
    assert np.unravel_index(saliency.argmax(), saliency.shape) == (2, 5)
    assert saliency[2, 5] > 5 * np.median(saliency)
    assert plot_saliency(images[0], model.input_gradients(images[:1])[0]).get_images()
    assert len(plot_learning_curve(model).get_lines()) == 1


def test_what_cannot_be_shown_is_refused(model):
    both = (IMAGES, NUMBERS)
    with pytest.raises(InvalidArgument, match="no layer 'firts'; did you mean 'first'"):
        model.feature_maps(both, "firts")
    with pytest.raises(InvalidArgument, match="output must be a number from 0 to 2"):
        model.input_gradients(both, 3)
    dense = NetworkClassifier((4,), max_iter=1).fit(NUMBERS, NUMBERS[:, 0] > 0)
    with pytest.raises(InvalidArgument, match="without layers="):
        dense.layer_names()
    with pytest.raises(InvalidArgument, match="shape"):
        plot_filters(np.zeros((3, 3)))
    with pytest.raises(InvalidArgument, match="channel"):
        plot_filters(np.zeros((3, 3, 1, 4)), channel=1)
    with pytest.raises(InvalidArgument, match="same one"):
        plot_saliency(np.zeros((3, 3)), np.zeros((3, 4)))
    with pytest.raises(InvalidArgument, match="labels"):
        plot_latent_space(np.zeros((5, 2)), [1, 2])


def test_plots_draw_what_they_are_given(model):
    weights = model.layer_weights("first")["weights"]
    drawn = np.asarray(plot_filters(weights, channel=1).get_images()[0].get_array().filled(np.nan))
    np.testing.assert_allclose(drawn[:3, :3], weights[:, :, 1, 0])
    np.testing.assert_allclose(drawn[4:7, 4:7], weights[:, :, 1, 3])
    assert np.isnan(drawn[3]).all()
    maps = model.feature_maps((IMAGES[:1], NUMBERS[:1]), "first")[0]
    drawn = np.asarray(plot_feature_maps(maps).get_images()[0].get_array().filled(np.nan))
    np.testing.assert_allclose(drawn[:6, 6:11], maps[..., 1])
    assert mosaic(np.zeros((5, 2, 2)), columns=5).shape == (2, 14)


def test_latent_space_is_the_principal_plane():
    latent = RANDOM.normal(size=(500, 4)) * [0.1, 3.0, 1.0, 0.2] + 7.0
    plane, share = principal_plane(latent)
    np.testing.assert_allclose(np.abs(np.corrcoef(plane[:, 0], latent[:, 1])[0, 1]), 1.0, atol=1e-3)
    singular = np.linalg.svd(latent - latent.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(share, singular[:2] ** 2 / (singular**2).sum())
    np.testing.assert_allclose((plane**2).sum(axis=0), singular[:2] ** 2)
    axes = plot_latent_space(latent, np.arange(500) % 3)
    assert len(axes.get_lines()) == 3
    model = Autoencoder(2, (8,), max_iter=2, random_state=1).fit(latent)
    assert len(plot_latent_space(model.transform(latent)).get_lines()) == 1
    assert model.feature_maps(latent, "latent").shape == (500, 2)
