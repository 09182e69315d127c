"""Galaxies: what share of people would say that it is smooth, has arms, a bar ... (the task of Galaxy Zoo).

Colour images of galaxies are generated, with the answers that a hundred visitors would give to three questions: smooth,
disc or star; for a disc: edge-on or not, spiral arms or none. The targets are vectors of probabilities, not labels, and
the loss is the Kullback-Leibler divergence. A galaxy is the same whichever way up it stands, so that images are
turned, mirrored and shifted at random while they are loaded; what that is worth is shown by training without.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import GraphNetwork
from diskern.data import EventStream, Flip, RightAngles, Shift
from diskern.networks import (
    BatchNormalisation,
    Convolution2D,
    Dense,
    Dropout,
    GlobalAveragePooling,
    Graph,
    Input,
    MaximumPooling2D,
)
from diskern.plotting import plot_saliency

SIDE = 32
CLASSES = ("smooth", "edge-on disc", "disc with arms", "disc without arms", "star")
VISITORS = 100


def galaxies(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Images of (count, SIDE, SIDE, 3) and the shares of visitors for each class."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, len(CLASSES), count)
    # How clear a case it is: visitors see what is dim or small less well.
    brightness = random.uniform(0.3, 1.0, count)
    size = random.uniform(3.0, 7.0, count)
    inclination = np.where(kind == 1, random.uniform(0.12, 0.3, count), random.uniform(0.5, 1.0, count))
    turn = random.uniform(0.0, np.pi, count)
    middle = SIDE / 2 - 0.5 + random.uniform(-2.0, 2.0, (count, 2))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    y, x = rows - middle[:, 0, None, None], columns - middle[:, 1, None, None]
    cosine, sine = np.cos(turn)[:, None, None], np.sin(turn)[:, None, None]
    along = (x * cosine + y * sine) / size[:, None, None]
    across = (y * cosine - x * sine) / (size * inclination)[:, None, None]
    radius = np.hypot(along, across)
    disc = np.exp(-radius)
    bulge = np.exp(-np.sqrt(7.0 * radius)) * 3.0
    winding = random.choice([-1.0, 1.0], count)[:, None, None] * random.uniform(2.0, 4.0, count)[:, None, None]
    contrast = random.uniform(0.3, 1.0, count)
    arms = np.cos(2.0 * np.arctan2(across, along) + winding * np.log(radius + 0.2))
    disc = disc * (1.0 + np.where(kind == 2, contrast, 0.0)[:, None, None] * arms)
    star = np.exp(-0.5 * (x**2 + y**2) / 1.3**2) * 2.0
    shape = np.where((kind == 0)[:, None, None], bulge, np.where((kind == 4)[:, None, None], star, disc + 0.3 * bulge))
    # Old stars of smooth galaxies and bulges are red, arms are blue.
    red = np.where(kind == 0, 1.2, np.where(kind == 4, random.uniform(0.6, 1.4, count), 0.9))
    colours = np.stack([red, np.ones(count), 2.0 - red], axis=-1)
    images = (shape * brightness[:, None, None])[..., None] * colours[:, None, None, :]
    images = images + 0.06 * random.normal(size=images.shape)
    # Votes: the truth, and its neighbours the more often the less clear it is.
    clear = 0.4 + 0.5 * brightness * np.where(kind == 2, contrast, 0.8)
    confused = np.array(
        [
            [0, 0.1, 0.1, 0.5, 0.3],
            [0.2, 0, 0.3, 0.5, 0],
            [0.1, 0.1, 0, 0.8, 0],
            [0.5, 0.1, 0.4, 0, 0],
            [1.0, 0, 0, 0, 0],
        ]
    )
    shares = clear[:, None] * np.eye(len(CLASSES))[kind] + (1.0 - clear)[:, None] * confused[kind]
    votes = random.multinomial(VISITORS, shares) / VISITORS
    return np.arcsinh(3.0 * images).astype(np.float32), votes.astype(np.float32)


def network() -> Graph:
    image = Input((SIDE, SIDE, 3), name="image")
    x = image
    for maps in (16, 32, 32):
        x = BatchNormalisation()(Convolution2D(maps, 3, padding="same", activation="relu")(x))
        x = MaximumPooling2D(2)(x)
    x = GlobalAveragePooling()(Convolution2D(64, 3, activation="relu")(x))
    return Graph(image, Dense(len(CLASSES))(Dropout(0.3)(Dense(64, activation="relu")(x))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("galaxies-output"))
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    images, votes = galaxies(arguments.events, seed=1)
    validation, test = galaxies(arguments.events // 4, seed=2), galaxies(arguments.events // 2, seed=3)
    mean = votes.mean(axis=0)
    print(f"root mean square error of shares, always the mean: {np.sqrt(((test[1] - mean) ** 2).mean()):.4f}")
    for name, changes in (
        ("images as they are", ()),
        ("turned, mirrored, shifted", (RightAngles(), Flip(axis=1), Shift(2))),
    ):
        stream = EventStream({"image": images, "votes": votes}, "image", "votes", augmentation=changes)
        model = GraphNetwork(
            network(), "kullback_leibler", learning_rate=2e-3, batch_size=64, max_iter=arguments.epochs, random_state=1
        )
        model.fit(stream, eval_set=validation)
        shares = model.predict(test[0])
        error = np.sqrt(((test[1] - shares) ** 2).mean())
        agree = (shares.argmax(axis=1) == test[1].argmax(axis=1)).mean()
        print(f"{name}: {error:.4f}; the most frequent answer is found in {100 * agree:.1f} % of images", flush=True)
    model.save(arguments.output / "galaxies.diskern")
    first = int(shares[:, 2].argmax())
    axes = plot_saliency(
        test[0][first], model.input_gradients(test[0][first : first + 1], output=2)[0], title="why it has arms"
    )
    axes.figure.savefig(arguments.output / "saliency.png", dpi=100)


if __name__ == "__main__":
    main()
