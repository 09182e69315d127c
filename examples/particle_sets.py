"""Sets of particles: self-attention over the constituents of jets, in whatever order they come.

Jets of 200 to 400 GeV are sets of up to 40 particles, each with its share of the transverse momentum and its place in
pseudorapidity and azimuth around the axis of the jet. Signal jets have two prongs of a boosted boson of about 80 GeV,
background jets radiate from one. A network of self-attention looks at all pairs; a mask tells it which particles are
there. Beside it stand boosted trees on what a physicist computes from the same particles: multiplicity, mass, width,
the hardest share. That the order of particles does not count is shown by changing it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import GradientBoostedTreesClassifier, NetworkClassifier
from diskern.evaluation import roc_curve
from diskern.networks import (
    Add,
    Dense,
    GlobalAveragePooling,
    Graph,
    Input,
    LayerNormalisation,
    Masking,
    SelfAttention,
)

MOST = 40  # particles


def jets(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Particles of shape (count, MOST, 3): share of the momentum, eta, phi; zeros where there is none."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    number = np.clip(random.poisson(np.where(labels == 1, 26, 25)), 4, MOST)
    present = np.arange(MOST) < number[:, None]
    share = np.where(present, random.exponential(1.0, (count, MOST)) ** 1.6, 0.0)
    share /= share.sum(axis=1, keepdims=True)
    # Two prongs: m^2 = z (1 - z) pt^2 distance^2. One prong: harder radiation now and then, at any distance.
    pt = random.uniform(200.0, 400.0, count)
    z = np.where(
        labels == 1, random.uniform(0.15, 0.5, count), np.minimum(0.02 * np.exp(3.0 * random.random(count)), 0.5)
    )
    mass = np.where(labels == 1, random.normal(80.0, 8.0, count), 20.0 + random.exponential(45.0, count))
    distance = np.minimum(mass / (pt * np.sqrt(z * (1.0 - z))), 0.8)
    second = random.random((count, MOST)) < z[:, None]
    angle = random.uniform(-np.pi, np.pi, count)
    along = np.where(second, 1.0 - z[:, None], -z[:, None]) * distance[:, None]
    # Softer particles fly further from their axis.
    width = 0.04 * np.minimum((share / 0.03 + 0.05) ** -0.5, 4.0)
    places = [along * turn(angle)[:, None] + width * random.normal(size=(count, MOST)) for turn in (np.cos, np.sin)]
    particles = np.stack([share, *places], axis=-1)
    particles *= present[..., None]
    return particles.astype(np.float32), labels


def features(particles: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees of a particle: logarithm of its share, place, distance; zeros where there is none."""
    share, eta, phi = np.moveaxis(particles, -1, 0)
    there = share > 0.0
    logarithm = np.where(there, np.log(np.where(there, share, 1.0)) / 2.0 + 2.0, 0.0)
    return (
        np.stack([logarithm, 5.0 * eta, 5.0 * phi, 5.0 * np.hypot(eta, phi), 10.0 * share], axis=-1) * there[..., None]
    )


def summary(particles: NDArray[np.float32]) -> NDArray[np.float64]:
    """Multiplicity, mass over momentum, width, largest share, momentum dispersion."""
    share, eta, phi = np.moveaxis(particles.astype(np.float64), -1, 0)
    # m^2 / pt^2 = sum over pairs of z_i z_k distance^2 for small angles
    centre = [(share * x).sum(axis=1) for x in (eta, phi)]
    squares = (share * (eta**2 + phi**2)).sum(axis=1) - centre[0] ** 2 - centre[1] ** 2
    radius = (share * np.hypot(eta - centre[0][:, None], phi - centre[1][:, None])).sum(axis=1)
    return np.column_stack(
        [(share > 0).sum(axis=1), np.sqrt(np.maximum(squares, 0.0)), radius, share.max(axis=1), (share**2).sum(axis=1)]
    )


def network() -> Graph:
    particles = Input((MOST, 5), name="particles")
    mask = Masking()(particles)
    x = Dense(32, activation="relu")(particles)
    for _ in range(2):
        x = LayerNormalisation()(Add()(x, SelfAttention(heads=4)(x, mask)))
        x = LayerNormalisation()(Add()(x, Dense(32)(Dense(64, activation="relu")(x))))
    x = GlobalAveragePooling()(x, mask)
    return Graph(particles, Dense(1)(Dense(32, activation="relu")(x)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("sets-output"))
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    samples = [
        jets(count, seed) for seed, count in enumerate((arguments.events, arguments.events // 5, arguments.events // 2))
    ]
    (training, labels), (validation, validation_labels), (test, test_labels) = samples
    model = NetworkClassifier(
        layers=network(),
        learning_rate_init=2e-3,
        schedule="cosine",
        batch_size=100,
        max_iter=arguments.epochs,
        random_state=1,
    )
    model.fit(features(training), labels, eval_set=(features(validation), validation_labels))
    trees = GradientBoostedTreesClassifier(n_estimators=200, random_state=1)
    trees.fit(summary(training), labels, eval_set=(summary(validation), validation_labels))
    response = model.predict_proba(features(test))[:, 1]
    for name, values in (
        ("self-attention on particles", response),
        ("boosted trees on mass, width, multiplicity ...", trees.predict_proba(summary(test))[:, 1]),
    ):
        print(f"{name}: ROC integral {roc_curve(test_labels == 1, values).integral:.4f}")
    order = np.random.default_rng(9).permuted(np.tile(np.arange(MOST), (len(test), 1)), axis=1)
    mixed = np.take_along_axis(test, order[..., None], axis=1)
    change = np.abs(model.predict_proba(features(mixed))[:, 1] - response).max()
    print(f"another order of the particles changes responses by at most {change:.1e}")
    model.save(arguments.output / "attention.diskern")


if __name__ == "__main__":
    main()
