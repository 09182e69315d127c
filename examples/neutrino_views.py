"""Neutrinos seen from two sides: one branch for each projection, four kinds of interactions.

A detector of crossed scintillator planes sees every interaction as two images, x against z and y against z. Muon
neutrinos leave a long track, electron neutrinos a shower, neutral currents neither, tau neutrinos several tracks and
showers. Two branches of convolutions look at one view each, meet, and give the probabilities of the four kinds; a
network that sees one view only is trained for comparison.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import NetworkClassifier
from diskern.networks import Concatenate, Convolution2D, Dense, Dropout, Flatten, Graph, Input, MaximumPooling2D
from diskern.plotting import plot_feature_maps, plot_filters

PLANES, CELLS = 32, 24
KINDS = ("muon neutrino", "electron neutrino", "tau neutrino", "neutral current")


def interactions(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Two views (count, CELLS, PLANES, 1) and the kinds."""
    random = np.random.default_rng(seed)
    kinds = np.arange(count) % len(KINDS)
    views = np.zeros((count, 2, CELLS, PLANES))

    def deposit(event: int, places: NDArray[np.float64], energy: NDArray[np.float64]) -> None:
        """Energies at places (x, y, z) in cells."""
        z = np.floor(places[:, 2]).astype(int)
        for view in (0, 1):
            across = np.floor(places[:, view]).astype(int)
            inside = (across >= 0) & (across < CELLS) & (z >= 0) & (z < PLANES)
            np.add.at(views[event, view], (across[inside], z[inside]), energy[inside])

    def track(event: int, start: NDArray[np.float64], slope: NDArray[np.float64], length: float) -> None:
        z = np.arange(0.0, length, 0.3)
        deposit(event, start + z[:, None] * np.append(slope, 1.0), 0.3 * random.gamma(6.0, 1.0 / 6.0, len(z)))

    def shower(event: int, start: NDArray[np.float64], slope: NDArray[np.float64], energy: float) -> None:
        number = random.poisson(30.0 * energy)
        z = random.gamma(3.0, 2.0, number)
        sideways = 0.12 * z[:, None] * random.normal(size=(number, 2))
        places = start + np.column_stack([z[:, None] * slope + sideways, z])
        deposit(event, places, 0.2 * random.exponential(1.0, number))

    for event in range(count):
        start = np.array([*random.uniform(8.0, CELLS - 8.0, 2), random.uniform(2.0, 8.0)])
        for _ in range(random.integers(1, 4)):  # what the nucleus throws out
            track(event, start, random.normal(0.0, 0.6, 2), random.uniform(2.0, 6.0))
        slope = random.normal(0.0, 0.2, 2)
        if kinds[event] == 0:
            track(event, start, slope, random.uniform(12.0, 28.0))
        elif kinds[event] == 1:
            shower(event, start, slope, random.uniform(1.5, 4.0))
        elif kinds[event] == 2:  # a tau decays at once into hadrons
            for _ in range(3):
                track(event, start, slope + random.normal(0.0, 0.15, 2), random.uniform(5.0, 14.0))
            shower(event, start, slope + random.normal(0.0, 0.15, 2), random.uniform(0.5, 1.5))
        elif random.random() < 0.5:  # a neutral pion from a neutral current looks like an electron, but begins later
            gap = random.uniform(1.0, 5.0)
            shower(event, start + gap * np.append(slope, 1.0), slope, random.uniform(0.7, 2.5))
    views += 0.05 * random.normal(size=views.shape)
    images = np.log1p(np.maximum(views, 0.0)).astype(np.float32)[..., np.newaxis]
    return images[:, 0], images[:, 1], kinds


def network(views: int) -> Graph:
    inputs, branches = [], []
    for name in ("x", "y")[:views]:
        image = Input((CELLS, PLANES, 1), name=name)
        x = Convolution2D(12, 5, padding="same", activation="relu", name=f"first_{name}")(image)
        x = Convolution2D(24, 3, padding="same", activation="relu")(MaximumPooling2D(2)(x))
        x = Convolution2D(24, 3, padding="same", activation="relu")(MaximumPooling2D(2)(x))
        inputs.append(image)
        branches.append(Flatten()(MaximumPooling2D(2)(x)))
    x = Concatenate()(*branches) if views > 1 else branches[0]
    return Graph(inputs, Dense(len(KINDS))(Dropout(0.4)(Dense(64, activation="relu")(Dropout(0.4)(x)))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("neutrino-output"))
    parser.add_argument("--events", type=int, default=8000)
    parser.add_argument("--epochs", type=int, default=15)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    *training, kinds = interactions(arguments.events, seed=1)
    *validation, validation_kinds = interactions(arguments.events // 5, seed=2)
    *test, test_kinds = interactions(arguments.events // 2, seed=3)
    for views in (1, 2):
        model = NetworkClassifier(
            layers=network(views), learning_rate_init=2e-3, batch_size=64, max_iter=arguments.epochs, random_state=1
        )
        model.fit(tuple(training[:views]), kinds, eval_set=(tuple(validation[:views]), validation_kinds))
        answers = model.predict(tuple(test[:views]))
        print(f"{views} of 2 views: {100 * (answers == test_kinds).mean():.1f} % of interactions are named rightly")
    for k, name in enumerate(KINDS):
        shares = [100 * (answers[test_kinds == k] == j).mean() for j in range(len(KINDS))]
        print(f"  {name:18}" + "".join(f"{share:7.1f}" for share in shares) + " %")
    model.save(arguments.output / "neutrinos.diskern")
    plot_filters(model.layer_weights("first_x")["weights"], title="kernels of the first layer").figure.savefig(
        arguments.output / "filters.png", dpi=100
    )
    first = tuple(view[:1] for view in test)
    plot_feature_maps(model.feature_maps(first, "first_x")[0], title="what they see of a muon neutrino").figure.savefig(
        arguments.output / "maps.png", dpi=100
    )


if __name__ == "__main__":
    main()
