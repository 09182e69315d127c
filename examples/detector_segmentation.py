"""What every pixel of a detector image belongs to: tracks and showers told apart by transposed convolutions.

A liquid-argon chamber sees charged particles as images. A reconstruction begins with the question which hits belong to
tracks (muons, pions, protons) and which to electromagnetic showers, since each is measured in its own way. The network
answers for every pixel: convolutions and pooling look at ever larger surroundings, transposed convolutions bring what
they saw back to the size of the image, and values from before the pooling are set beside them so that no edge is lost
(a U-Net, arXiv:1505.04597). It is compared with boosted trees that see the 5 x 5 pixels around each one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import GradientBoostedTreesClassifier, GraphNetwork
from diskern.networks import Concatenate, Convolution2D, Graph, Input, MaximumPooling2D, TransposedConvolution2D

SIZE = 32
KINDS = ("nothing", "track", "shower")
THRESHOLD = 0.15  # of a hit, above the noise


def images(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Charges (count, SIZE, SIZE, 1) on a logarithmic scale, and the kind (count, SIZE, SIZE) of every pixel."""
    random = np.random.default_rng(seed)
    charge = np.zeros((count, len(KINDS) - 1, SIZE, SIZE))

    def deposit(event: int, kind: int, x: NDArray[np.float64], y: NDArray[np.float64], q: NDArray[np.float64]) -> None:
        i, j = np.floor(x).astype(int), np.floor(y).astype(int)
        inside = (i >= 0) & (i < SIZE) & (j >= 0) & (j < SIZE)
        np.add.at(charge[event, kind], (i[inside], j[inside]), q[inside])

    for event in range(count):
        vertex = random.uniform(6.0, SIZE - 6.0, 2)
        for _ in range(random.integers(1, 4)):
            # A track bends a little by scattering.
            steps = np.arange(0.0, random.uniform(6.0, 26.0), 0.25)
            angle = random.uniform(0.0, 2.0 * np.pi) + np.cumsum(random.normal(0.0, 0.01, len(steps)))
            x = vertex[0] + np.cumsum(0.25 * np.cos(angle))
            y = vertex[1] + np.cumsum(0.25 * np.sin(angle))
            deposit(event, 0, x, y, 0.25 * random.gamma(6.0, 1.0 / 6.0, len(steps)))
        for _ in range(random.integers(1, 3)):
            # A shower begins where the photon has converted, grows and spreads along its axis.
            angle = random.uniform(0.0, 2.0 * np.pi)
            gap = random.exponential(4.0)
            number = random.poisson(random.uniform(40.0, 160.0))
            along = gap + random.gamma(2.5, 2.0, number)
            sideways = (0.25 + 0.12 * (along - gap)) * random.normal(size=number)
            x = vertex[0] + along * np.cos(angle) - sideways * np.sin(angle)
            y = vertex[1] + along * np.sin(angle) + sideways * np.cos(angle)
            deposit(event, 1, x, y, 0.2 * random.exponential(1.0, number))
    total = charge.sum(axis=1)
    kind = np.where(total > THRESHOLD, 1 + charge.argmax(axis=1), 0)
    seen = np.maximum(total + 0.05 * random.normal(size=total.shape), 0.0)
    return np.log1p(seen).astype(np.float32)[..., np.newaxis], kind


def network() -> Graph:
    """Scores of the kinds for every pixel."""
    image = Input((SIZE, SIZE, 1), name="image")
    fine = Convolution2D(12, 3, padding="same", activation="relu")(image)
    fine = Convolution2D(12, 3, padding="same", activation="relu")(fine)
    middle = Convolution2D(24, 3, padding="same", activation="relu")(MaximumPooling2D(2)(fine))
    coarse = Convolution2D(32, 3, padding="same", activation="relu")(MaximumPooling2D(2)(middle))
    coarse = Convolution2D(32, 3, padding="same", activation="relu")(coarse)
    x = TransposedConvolution2D(24, 4, stride=2, padding="same", activation="relu")(coarse)
    x = Convolution2D(24, 3, padding="same", activation="relu")(Concatenate()(x, middle))
    x = TransposedConvolution2D(12, 4, stride=2, padding="same", activation="relu")(x)
    x = Convolution2D(12, 3, padding="same", activation="relu")(Concatenate()(x, fine))
    return Graph(image, Convolution2D(len(KINDS), 1)(x))


def surroundings(
    charges: NDArray[np.float32], kind: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The 5 x 5 pixels around each hit, and its kind."""
    padded = np.pad(charges[..., 0], ((0, 0), (2, 2), (2, 2)))
    patches = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
    hit = kind > 0
    return patches[hit].reshape(-1, 25), kind[hit]


def report(title: str, truth: NDArray[np.int64], answer: NDArray[np.int64]) -> None:
    """How many hits of each kind are named rightly, and how pure the answers are."""
    text = f"{title}: {100 * (truth == answer).mean():.1f} % of hits are named rightly"
    for k in (1, 2):
        efficiency = (answer[truth == k] == k).mean()
        purity = (truth[answer == k] == k).mean()
        text += f"; {KINDS[k]} efficiency {100 * efficiency:.1f} %, purity {100 * purity:.1f} %"
    print(text, flush=True)


def draw(
    path: Path, charges: NDArray[np.float32], kind: NDArray[np.int64], probability: NDArray[np.float64], count: int = 4
) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, count, figsize=(2.6 * count, 7.5))
    for i in range(count):
        axes[0, i].imshow(charges[i, ..., 0], cmap="Greys")
        axes[1, i].imshow(kind[i], cmap="viridis", vmin=0, vmax=len(KINDS) - 1)
        axes[2, i].imshow(probability[i].argmax(axis=-1), cmap="viridis", vmin=0, vmax=len(KINDS) - 1)
    for axis, title in zip(axes[:, 0], ("charge", "truth", "answer"), strict=True):
        axis.set_ylabel(title)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle("dark: nothing, green: track, yellow: shower")
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("segmentation-output"))
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    charges, kind = images(arguments.events, seed=1)
    apart, apart_kind = images(arguments.events // 8, seed=2)
    test, truth = images(arguments.events // 4, seed=3)
    shares = np.eye(len(KINDS), dtype=np.float32)
    model = GraphNetwork(
        network(),
        "softmax_cross_entropy",
        learning_rate=2e-3,
        schedule="cosine",
        batch_size=32,
        max_iter=arguments.epochs,
        n_iter_no_change=arguments.epochs,
        random_state=1,
    )
    model.fit(charges, shares[kind], eval_set=(apart, shares[apart_kind]))
    probability = model.predict(test).reshape(*truth.shape, len(KINDS))
    answer = probability.argmax(axis=-1)
    print(f"{100 * ((answer > 0) == (truth > 0)).mean():.2f} % of pixels are rightly called a hit or none")
    hit = truth > 0
    report("network", truth[hit], 1 + probability[hit][:, 1:].argmax(axis=-1))
    trees = GradientBoostedTreesClassifier(n_estimators=200, random_state=1).fit(*surroundings(charges, kind))
    report("boosted trees on 5 x 5 pixels", truth[hit], trees.predict(surroundings(test, truth)[0]))
    model.save(arguments.output / "segmentation.diskern")
    draw(arguments.output / "pixels.png", test, truth, probability)


if __name__ == "__main__":
    main()
