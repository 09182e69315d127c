"""Overlapping showers in a calorimeter: CLUE beside DBSCAN.

    python calorimeter_showers.py [--showers 40]

Showers of known energy deposit it in the cells of a few layers, over electronic noise. CLUE follows the energy density
up to seeds and tells touching showers apart; DBSCAN sees what is connected.
"""

import argparse

import numpy as np

from diskern import CLUE, DBSCAN
from diskern.evaluation import adjusted_rand_score, purity
from diskern.plotting import plot_clusters

LAYERS = 5
SIDE = 100  # cells along each side of a layer


def simulate(showers, seed):
    """Cells above threshold: coordinates, layer, energy, and the shower that gave most of it."""
    random = np.random.default_rng(seed)
    axis = random.uniform(5, SIDE - 5, (showers, 2))
    energy = random.uniform(20, 100, showers)
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5, indexing="ij")
    cells, layers, energies, truths = [], [], [], []
    for layer in range(LAYERS):
        share = (0.1, 0.25, 0.3, 0.25, 0.1)[layer]  # of the energy, along the depth
        width = 0.8 + 0.15 * layer
        distance = np.hypot(x[..., None] - axis[:, 0], y[..., None] - axis[:, 1])
        deposits = share * energy * np.exp(-distance / width) / (2 * np.pi * width**2)
        measured = deposits.sum(axis=-1) + random.normal(0, 0.01, x.shape)
        hit = measured > 0.05
        cells.append(np.stack([x[hit], y[hit]], axis=1))
        layers.append(np.full(int(hit.sum()), layer))
        energies.append(measured[hit])
        truths.append(deposits[hit].argmax(axis=-1))
    return np.concatenate(cells), np.concatenate(layers), np.concatenate(energies), np.concatenate(truths)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--showers", type=int, default=150)
    showers = parser.parse_args().showers
    cells, layer, energy, truth = simulate(showers, seed=1)
    print(f"{showers} showers, {len(cells)} cells in {LAYERS} layers")
    # A shower is a cluster of its own in each layer.
    truth = truth * LAYERS + layer

    clue = CLUE(critical_distance=1.5, critical_density=0.7, seed_distance=2.0).fit(
        cells, sample_weight=energy, layer=layer
    )
    # DBSCAN has no layers: far apart in a third coordinate, cells of different layers are no neighbours.
    apart = np.column_stack([cells, 1000.0 * layer])
    dbscan = DBSCAN(eps=1.5, min_samples=4).fit(apart)
    for name, labels in (("CLUE", clue.labels_), ("DBSCAN", dbscan.labels_)):
        inside = labels >= 0
        print(
            f"{name}: {labels.max() + 1} clusters, {energy[inside].sum() / energy.sum():.1%} of the energy, "
            f"adjusted Rand index {adjusted_rand_score(truth[inside], labels[inside]):.3f}, "
            f"purity by energy {purity(truth[inside], labels[inside], energy[inside]):.3f}"
        )
    shown = layer == 2
    axes = plot_clusters(cells[shown], clue.labels_[shown], names=("x [cells]", "y [cells]"), equal_scales=True)
    axes.figure.savefig("showers.png")
    print("the clusters of layer 2 are in showers.png")


if __name__ == "__main__":
    main()
