"""Clusters among the hits of one event in a tracking detector.

    python detector_hits.py [--hits FILE] [--most 20000]

FILE is a table of hits of the TrackML challenge (columns hit_id, x, y, z [mm], ...), plain or compressed; without it
hits of straight tracks are simulated. Hits of a track from the origin agree in their direction, so that they lie close
together on a sphere.
"""

import argparse

import numpy as np

from diskern import DBSCAN
from diskern.plotting import plot_clusters, plot_neighbour_distance


def simulate(tracks, seed):
    random = np.random.default_rng(seed)
    phi, slope = random.uniform(-np.pi, np.pi, tracks), random.normal(0, 1.5, tracks)
    radius = np.array([32.0, 72, 116, 172, 260, 360, 500, 660, 820, 1020])
    r = radius * np.ones((tracks, 1))
    hits = np.stack([r * np.cos(phi)[:, None], r * np.sin(phi)[:, None], r * slope[:, None]], axis=-1)
    noise = random.uniform(-1000, 1000, (tracks * 2, 3))
    return np.concatenate([hits.reshape(-1, 3) + random.normal(0, 0.1, (hits.size // 3, 3)), noise])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", metavar="FILE")
    parser.add_argument("--most", type=int, default=200_000, help="use no more hits than this")
    arguments = parser.parse_args()
    if arguments.hits:
        hits = np.loadtxt(arguments.hits, delimiter=",", skiprows=1, usecols=(1, 2, 3))
    else:
        hits = simulate(tracks=800, seed=1)
    hits = hits[: arguments.most]
    print(f"{len(hits)} hits")

    # Where hits are near each other in space (overlapping modules, loops, showers).
    near = DBSCAN(eps=5.0, min_samples=3).fit(hits)
    print(f"within 5 mm: {near.labels_.max() + 1} clusters, {(near.labels_ < 0).mean():.1%} noise")

    # And in direction from the origin.
    direction = hits / np.linalg.norm(hits, axis=1, keepdims=True)
    eps = 0.004
    pointing = DBSCAN(eps=eps, min_samples=6).fit(direction)
    size = np.bincount(pointing.labels_[pointing.labels_ >= 0])
    middle = f"of {np.median(size):.0f} hits in the middle, " if len(size) else ""
    print(f"within {eps} in direction: {len(size)} clusters, {middle}{(pointing.labels_ < 0).mean():.1%} noise")

    plot_neighbour_distance(direction, 6, eps=eps).figure.savefig("distance.png")
    axes = plot_clusters(hits, pointing.labels_, names=("x [mm]", "y [mm]", "z [mm]"), equal_scales=True)
    axes.figure.savefig("hits.png")
    print("the 6th-neighbour distances are in distance.png, the clusters in hits.png")


if __name__ == "__main__":
    main()
