"""Gamma-ray sources on the sky: clusters of photons by their angular distance.

    python gamma_ray_sources.py [--photons 60000]

Photons of point sources, smeared by the resolution of the telescope, over a diffuse background that is brightest along
the Galactic plane. DBSCAN with great-circle distances knows no edge of the map and no pole; how sure a cluster is then
follows from the background around it (Li and Ma, ApJ 272 (1983) 317).
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

from diskern import DBSCAN, NearestNeighbors
from diskern.plotting import plot_clusters

RESOLUTION = np.radians(0.25)  # of one coordinate
RADIUS = np.radians(0.35)


def direction(longitude, latitude):
    return np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=-1
    )


def simulate(photons, seed):
    """Longitude and latitude of photons [rad], and the same of the sources with the number of their photons."""
    random = np.random.default_rng(seed)
    plane = photons // 2
    background_b = np.concatenate(
        [np.clip(random.laplace(0, np.radians(4), plane), -1.5, 1.5), np.arcsin(random.uniform(-1, 1, photons - plane))]
    )
    background = direction(random.uniform(-np.pi, np.pi, photons), background_b)
    # Anywhere, one of them at the edge of the map and one next to the pole.
    sources = np.stack([random.uniform(-np.pi, np.pi, 40), np.arcsin(random.uniform(-1, 1, 40))], axis=1)
    sources[0] = np.pi, 0.5
    sources[1] = 0.3, np.radians(89.8)
    counts = random.integers(20, 120, len(sources)) * photons // 60000
    towards = np.repeat(direction(*sources.T), counts, axis=0)
    towards += random.normal(0, RESOLUTION, towards.shape)
    everything = np.concatenate([background, towards])
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    return np.arctan2(everything[:, 1], everything[:, 0]), np.arcsin(everything[:, 2]), sources, counts


def significance(on, off, exposure):
    """Of `on` photons where `exposure * off` are expected from the surroundings; equation 17 of Li and Ma."""
    total = on + off
    return np.sqrt(
        2 * (on * np.log((1 + exposure) / exposure * on / total) + off * np.log((1 + exposure) * off / total))
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photons", type=int, default=60_000, help="of the background")
    photons = parser.parse_args().photons
    longitude, latitude, sources, counts = simulate(photons, seed=3)
    # As everywhere with this metric: latitude first, radians.
    sky = np.stack([latitude, longitude], axis=1)
    print(f"{len(sky)} photons, {counts.sum()} of them from {len(sources)} sources")

    found = DBSCAN(eps=RADIUS / 2, min_samples=8, metric="haversine").fit(sky)
    n_clusters = found.labels_.max() + 1
    towards = direction(longitude, latitude)
    centres = np.stack([towards[found.labels_ == label].sum(axis=0) for label in range(n_clusters)])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.stack([np.arcsin(centres[:, 2]), np.arctan2(centres[:, 1], centres[:, 0])], axis=1)

    # Photons in a circle around the centre, and in a ring of the same latitude on the average.
    photons_near = NearestNeighbors(metric="haversine").fit(sky)

    def within(radius):
        return np.array([len(near) for near in photons_near.radius_neighbors(centres, radius, return_distance=False)])

    inner, outer = 2 * RADIUS, 5 * RADIUS
    on, off = within(RADIUS), np.maximum(within(outer) - within(inner), 1)
    exposure = (1 - np.cos(RADIUS)) / (np.cos(inner) - np.cos(outer))
    sure = significance(on, off, exposure) > 5
    print(f"DBSCAN: {n_clusters} clusters, {sure.sum()} of more than 5 standard deviations")

    separation = np.arccos(np.clip(direction(*sources.T) @ direction(centres[sure, 1], centres[sure, 0]).T, -1, 1))
    matched = separation.min(axis=1) < RADIUS
    true = separation.min(axis=0) < RADIUS
    print(
        f"found {matched.sum()} of {len(sources)} sources, {(~true).sum()} clusters are none; "
        f"positions off by {np.degrees(np.median(separation.min(axis=1)[matched])):.3f} degrees (median)"
    )
    print(f"across the edge of the map: {bool(matched[0])}, next to the pole: {bool(matched[1])}")

    axes = plt.figure(figsize=(9, 5)).add_subplot(projection="mollweide")
    kept = np.where(np.isin(found.labels_, np.flatnonzero(sure)), found.labels_, -1)
    plot_clusters(
        np.stack([longitude, latitude], axis=1), kept, names=("longitude", "latitude"), most=len(sky), axes=axes
    )
    axes.grid(alpha=0.3)
    axes.figure.savefig("sky.png", dpi=150)
    print("the sky is in sky.png")


if __name__ == "__main__":
    main()
