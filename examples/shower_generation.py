"""Calorimeter showers from a generative adversarial network, for a photon of any energy.

Simulating showers particle by particle takes most of the computing time of an experiment; a network that makes images
like them takes microseconds. One is trained on simulated showers of 10 to 100 GeV with the energy as a condition. Then
quantities that the network was never told about are compared between fresh simulated showers and generated ones: the
energy in all cells, the width of the shower, the share of the hottest cell, the number of cells that are hit. Last,
boosted trees and a convolutional network try to tell the two kinds apart: an area of 0.5 under the ROC curve would mean
that they cannot.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import GenerativeAdversarialNetwork, GradientBoostedTreesClassifier, NetworkClassifier
from diskern.datasets import shower_images
from diskern.evaluation import roc_curve
from diskern.networks import (
    BatchNormalisation,
    Concatenate,
    Convolution2D,
    Dense,
    Flatten,
    Graph,
    Input,
    MaximumPooling2D,
    Multiply,
    Reshape,
    TransposedConvolution2D,
)
from diskern.plotting import plot_learning_curve

SIZE, LATENT = 12, 16


def networks() -> tuple[Graph, Graph]:
    """Generator and discriminator of square roots of the energy's share in each cell, given the energy."""
    latent, energy = Input((LATENT,), name="latent"), Input((1,), name="energy")
    x = Dense(6 * 6 * 16, activation="relu")(Concatenate()(latent, energy))
    x = BatchNormalisation()(Reshape((6, 6, 16))(x))
    x = TransposedConvolution2D(16, 4, stride=2, padding="same", activation="relu")(x)
    x = Convolution2D(16, 3, padding="same", activation="relu")(x)
    # relu: most cells hold no energy at all.
    generator = Graph([latent, energy], Convolution2D(1, 3, padding="same", activation="relu")(x))

    image, energy = Input((SIZE, SIZE, 1), name="image"), Input((1,), name="energy")
    x = Convolution2D(16, 3, padding="same", activation="leaky_relu")(image)
    x = Convolution2D(16, 4, stride=2, padding="same", activation="leaky_relu")(x)
    # Squares are shares of energy: their sums over cells are the energy, its moments the width.
    sums = Dense(24, activation="leaky_relu")(Flatten()(Multiply()(image, image)))
    x = Concatenate()(Flatten()(x), sums, energy)
    x = Dense(48, activation="leaky_relu")(x)
    return generator, Graph([image, energy], Dense(1)(x))


def scaled(images: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.float32]:
    """What networks see."""
    return np.sqrt(images / energy[:, None, None]).astype(np.float32)[..., np.newaxis]


def condition(energy: NDArray[np.float64]) -> NDArray[np.float32]:
    """10 to 100 GeV as -1 to 1."""
    return (2.0 * np.log10(energy) - 3.0).astype(np.float32)


def quantities(images: NDArray[np.float64], energy: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """What a physicist looks at."""
    total = images.sum(axis=(1, 2))
    safe = np.maximum(total, 1e-9)
    places = np.arange(SIZE)
    row = (images.sum(axis=2) * places).sum(axis=1) / safe
    column = (images.sum(axis=1) * places).sum(axis=1) / safe
    squares = (places[:, None] - row[:, None, None]) ** 2 + (places - column[:, None, None]) ** 2
    return {
        "energy sum / E": total / energy,
        "width [cells]": np.sqrt((images * squares).sum(axis=(1, 2)) / safe),
        "share of the hottest cell": images.max(axis=(1, 2)) / safe,
        "cells hit": (images > 0.0).sum(axis=(1, 2)).astype(np.float64),
    }


def draw(path: Path, real: dict[str, NDArray[np.float64]], made: dict[str, NDArray[np.float64]], model: object) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 5, figsize=(18, 3.5))
    for axis, (name, values) in zip(axes, real.items(), strict=False):
        edges = np.linspace(*np.quantile(values, [0.001, 0.999]), 50)
        axis.hist(values, edges, histtype="step", label="simulated")
        axis.hist(made[name], edges, histtype="step", label="generated")
        axis.set_xlabel(name)
    axes[0].legend(fontsize="small")
    plot_learning_curve(model, axes=axes[4])
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("generation-output"))
    parser.add_argument("--events", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    training = shower_images(arguments.events, seed=1)
    model = GenerativeAdversarialNetwork(
        *networks(),
        loss="non_saturating",
        gradient_penalty=1.0,
        learning_rate=1e-3,
        averaging=0.998,
        batch_size=64,
        max_iter=arguments.epochs,
        random_state=1,
    )
    energy = training.extra["energy"]
    model.fit(scaled(training.events, energy), condition(energy))
    model.save(arguments.output / "generator.diskern")

    fresh = shower_images(arguments.events, seed=2)
    energy = fresh.extra["energy"]
    start = time.perf_counter()
    roots = model.sample(condition=condition(energy), random_state=3)[..., 0]
    seconds = time.perf_counter() - start
    images = roots**2 * energy[:, None, None]
    images[images < 0.02] = 0.0  # the read-out's threshold
    real, made = quantities(fresh.events.astype(np.float64), energy), quantities(images, energy)
    print(f"{len(images)} showers generated, {1e6 * seconds / len(images):.0f} us each")
    for name, values in real.items():
        print(
            f"{name}: simulated {values.mean():.4g} +- {values.std():.3g}, "
            f"generated {made[name].mean():.4g} +- {made[name].std():.3g}"
        )
    for low, high in ((10, 20), (20, 50), (50, 100)):
        chosen = (energy >= low) & (energy < high)
        sums = [kind["energy sum / E"][chosen] for kind in (real, made)]
        print(
            f"{low} to {high} GeV: energy sum / E simulated {sums[0].mean():.3f} +- {sums[0].std():.3f}, "
            f"generated {sums[1].mean():.3f} +- {sums[1].std():.3f}"
        )

    both = np.concatenate([scaled(fresh.events, energy), scaled(images, energy)])
    table = np.column_stack([np.concatenate([real[name], made[name]]) for name in real])
    table = np.column_stack([table, np.tile(energy, 2)])
    is_real = np.repeat([True, False], len(energy))
    half = np.random.default_rng(4).permutation(len(both))
    learn, judge = half[: len(half) // 2], half[len(half) // 2 :]
    trees = GradientBoostedTreesClassifier(n_estimators=100, random_state=1).fit(table[learn], is_real[learn])
    network = NetworkClassifier(
        layers=[
            Input((SIZE, SIZE, 1)),
            Convolution2D(16, 3, padding="same", activation="relu"),
            MaximumPooling2D(2),
            Convolution2D(16, 3, padding="same", activation="relu"),
            Flatten(),
            Dense(32, activation="relu"),
        ],
        max_iter=8,
        random_state=1,
    ).fit(both[learn], is_real[learn])
    for name, response in (
        ("boosted trees on these quantities", trees.predict_proba(table[judge])[:, 1]),
        ("convolutional network on images", network.predict_proba(both[judge])[:, 1]),
    ):
        print(
            f"{name}: ROC integral {roc_curve(is_real[judge], response).integral:.3f} between simulated and generated"
        )
    draw(arguments.output / "quantities.png", real, made, model)


if __name__ == "__main__":
    main()
