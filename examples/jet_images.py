"""Jet images: a convolutional network beside boosted trees on the same pixels.

Without a folder, images are generated: jets of one core and of two. With a folder that holds ttbar.npz and bbbb.npz
(arrays "images" of shape (events, 24, 24)), those fat jets of simulated collisions are told apart. Pixels hold energy
over a wide range, so that both methods see the logarithm of each pixel's share.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from anomaly_search import jets
from numpy.typing import NDArray

from diskern import GradientBoostedTreesClassifier, NetworkClassifier
from diskern.evaluation import roc_curve
from diskern.networks import BatchNormalisation, Convolution2D, Dense, Dropout, Flatten, Input, MaximumPooling2D


def generated(count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(1)
    images = np.concatenate([jets(count // 2, cores, generator) ** 2 for cores in (1, 2)])[..., 0]
    return images, np.repeat([0, 1], count // 2)


def read(folder: Path, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    parts = [np.load(folder / f"{name}.npz")["images"] for name in ("ttbar", "bbbb")]
    parts = [part[: count // 2] for part in parts]
    return np.concatenate(parts), np.repeat([0, 1], [len(part) for part in parts])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where ttbar.npz and bbbb.npz are")
    parser.add_argument("--output", type=Path, default=Path("jets-output"))
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    images, labels = (
        generated(arguments.events) if arguments.folder is None else read(arguments.folder, arguments.events)
    )
    total = np.maximum(images.sum(axis=(1, 2), keepdims=True), 1e-12)
    images = np.log1p(1000.0 * images / total).astype(np.float32)[..., np.newaxis]
    order = np.random.default_rng(0).permutation(len(images))
    test, validation, training = np.split(order, [len(order) // 4, len(order) * 3 // 8])
    side = images.shape[1]
    network = NetworkClassifier(
        layers=[
            Input((side, side, 1)),
            Convolution2D(16, 3, padding="same", activation="relu"),
            MaximumPooling2D(2),
            Convolution2D(32, 3, padding="same", activation="relu"),
            MaximumPooling2D(2),
            BatchNormalisation(),
            Flatten(),
            Dropout(0.4),
            Dense(64, activation="relu"),
            Dropout(0.4),
        ],
        batch_size=64,
        alpha=0.05,
        max_iter=arguments.epochs,
        random_state=1,
    )
    network.fit(images[training], labels[training], eval_set=(images[validation], labels[validation]))
    trees = GradientBoostedTreesClassifier(n_estimators=300, random_state=1)
    flat = images.reshape(len(images), -1)
    trees.fit(flat[training], labels[training], eval_set=(flat[validation], labels[validation]))
    for name, response in (
        ("convolutional network", network.predict_proba(images[test])[:, 1]),
        ("boosted trees", trees.predict_proba(flat[test])[:, 1]),
    ):
        print(f"{name}: ROC integral {roc_curve(labels[test] == 1, response).integral:.4f}")
    network.save(arguments.output / "network.diskern")


if __name__ == "__main__":
    main()
