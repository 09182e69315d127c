"""Handwritten digits, the sanity check of every convolutional network.

Reads the 10000 test images of MNIST (t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz in the folder given) and
trains on the first 8000 of them; accuracy is that on the last 2000. Images that were shifted by a pixel are added to
the training sample, since a digit is the same digit wherever it stands.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import NetworkClassifier
from diskern.networks import Convolution2D, Dense, Dropout, Flatten, Input, MaximumPooling2D


def read(folder: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Images of (10000, 28, 28, 1) between 0 and 1, and their digits."""
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images.astype(np.float32) / 255.0, labels


def shifted(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The images, and each moved by one pixel up, down, left and right."""
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    return np.concatenate([np.roll(images, move, axis=(1, 2)) for move in moves])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the two files of MNIST are")
    parser.add_argument("--output", type=Path, default=Path("digits-output"))
    parser.add_argument("--events", type=int, default=8000, help="images to train on, at most 8000")
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    images, labels = read(arguments.folder)
    training = shifted(images[: arguments.events])
    model = NetworkClassifier(
        layers=[
            Input((28, 28, 1)),
            Convolution2D(16, 5, activation="relu"),
            MaximumPooling2D(2),
            Convolution2D(32, 5, activation="relu"),
            MaximumPooling2D(2),
            Flatten(),
            Dropout(0.3),
            Dense(128, activation="relu"),
            Dropout(0.3),
        ],
        batch_size=64,
        max_iter=arguments.epochs,
        random_state=1,
    )
    model.fit(training, np.tile(labels[: arguments.events], 5), eval_set=None)
    accuracy = model.score(images[8000:], labels[8000:])
    print(f"accuracy {accuracy:.4f} on {len(labels) - 8000} images after {model.n_iter_} epochs")
    model.save(arguments.output / "digits.diskern")


if __name__ == "__main__":
    main()
