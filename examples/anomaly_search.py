"""A search without a signal model: autoencoders that know ordinary jets only.

Jet images are generated: ordinary jets have one core of energy with a soft spread around it, the anomalous ones two
cores. Two autoencoders, a dense and a variational convolutional one, learn to give ordinary images back through a few
latent numbers; what they cannot give back is anomalous. The latent numbers of both kinds are drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import Autoencoder
from diskern.evaluation import roc_curve
from diskern.networks import Convolution2D, Dense, Flatten, Input, MaximumPooling2D, Reshape, TransposedConvolution2D

SIDE = 16


def jets(count: int, cores: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Images of (count, SIDE, SIDE, 1): the square root of the energy in each cell, with the total energy 1."""
    images = np.zeros((count, SIDE, SIDE))
    angle = generator.uniform(0.0, 2.0 * np.pi, count)
    distance = generator.uniform(1.2, 2.8, count) if cores == 2 else np.zeros(count)
    axis = SIDE / 2 + generator.uniform(-2.0, 2.0, (count, 2))  # a jet is where it is
    for i in range(count):
        share = generator.uniform(0.2, 0.8) if cores == 2 else 1.0
        for core, sign in ((share, 1.0), (1.0 - share, -1.0)):
            if core == 0.0:
                continue
            middle = axis[i] + sign * distance[i] * np.array([np.cos(angle[i]), np.sin(angle[i])])
            hits = generator.poisson(25 * core)
            # Most particles are near the core, some far away.
            radius = generator.exponential(1.2, (hits, 1)) * generator.normal(size=(hits, 2))
            cells = np.floor(middle + radius).astype(int)
            inside = ((cells >= 0) & (cells < SIDE)).all(axis=1)
            np.add.at(images[i], tuple(cells[inside].T), generator.exponential(core, hits)[inside])
    total = np.maximum(images.sum(axis=(1, 2), keepdims=True), 1e-9)
    return np.sqrt(images / total)[..., np.newaxis].astype(np.float32)


def autoencoders(epochs: int) -> dict[str, Autoencoder]:
    options = {"learning_rate": 0.003, "batch_size": 100, "max_iter": epochs, "random_state": 1}
    convolutional = Autoencoder(
        6,
        encoder=[
            Input((SIDE, SIDE, 1)),
            Convolution2D(8, 3, padding="same", activation="relu"),
            MaximumPooling2D(2),
            Convolution2D(16, 3, padding="same", activation="relu"),
            MaximumPooling2D(2),
            Flatten(),
            Dense(32, activation="relu"),
        ],
        decoder=[
            Dense(SIDE // 4 * SIDE // 4 * 8, activation="relu"),
            Reshape((SIDE // 4, SIDE // 4, 8)),
            TransposedConvolution2D(8, 3, stride=2, padding="same", activation="relu"),
            TransposedConvolution2D(1, 3, stride=2, padding="same"),
        ],
        variational=True,
        beta=0.002,
        **options,
    )
    return {"dense": Autoencoder(6, (64,), standardise=False, **options), "convolutional": convolutional}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("anomaly-output"))
    parser.add_argument("--events", type=int, default=10000)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    import matplotlib.pyplot as plt

    generator = np.random.default_rng(1)
    training = jets(arguments.events, 1, generator)
    validation = jets(arguments.events // 5, 1, generator)
    ordinary = jets(arguments.events // 2, 1, generator)
    anomalous = jets(arguments.events // 2, 2, generator)
    is_anomalous = np.arange(len(ordinary) + len(anomalous)) >= len(ordinary)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.5))
    for axis, (name, model) in zip(axes, autoencoders(arguments.epochs).items(), strict=True):
        shape = (-1, SIDE * SIDE) if name == "dense" else (-1, SIDE, SIDE, 1)
        model.fit(training.reshape(shape), eval_set=validation.reshape(shape))
        both = np.concatenate([ordinary, anomalous]).reshape(shape)
        score = model.anomaly_score(both)
        area = roc_curve(is_anomalous, score).integral
        print(f"{name}: ROC integral of the anomaly score {area:.3f} after {model.n_iter_} epochs")
        latent = model.transform(both)
        # The two directions in which the latent numbers spread most.
        _, _, directions = np.linalg.svd(latent - latent.mean(axis=0), full_matrices=False)
        plane = (latent - latent.mean(axis=0)) @ directions[:2].T
        for which, label in ((~is_anomalous, "ordinary"), (is_anomalous, "anomalous")):
            axis.plot(*plane[which][:2000].T, ".", markersize=2, label=label)
        axis.set_title(f"{name}, latent space")
        axis.legend()
        model.save(arguments.output / f"{name}.diskern")
    figure.savefig(arguments.output / "latent.png", dpi=100)


if __name__ == "__main__":
    main()
