"""Events for the scripts of this folder, written as ROOT files: no download is needed.

    python events.py [number of events per class]

Runs with ROOT as well: replace the import line.
"""

import sys

import numpy as np

import diskern.ROOT as ROOT  # import ROOT


def classification(n, seed=100):
    """Signal and background in four correlated Gaussian variables, the background with weights."""
    rng = np.random.default_rng(seed)
    r = {(0, 1): 0.4, (0, 2): 0.6, (0, 3): 0.9, (1, 2): 0.7, (1, 3): 0.8, (2, 3): 0.93}
    covariance = np.eye(4)
    for (i, j), value in r.items():
        covariance[i, j] = covariance[j, i] = value
    means = {"TreeS": (0.2, 0.3, 0.5, 0.9), "TreeB": (-0.2, -0.3, -0.5, -0.6)}
    for tree, mean in means.items():
        x = rng.multivariate_normal(mean, covariance, n, check_valid="ignore")
        columns = {f"var{i + 1}": x[:, i] for i in range(4)}
        columns["eta"] = rng.uniform(-2.5, 2.5, n)
        columns["weight"] = rng.uniform(0.5, 1.5, n) if tree == "TreeB" else np.ones(n)
        columns["eventID"] = np.arange(n, dtype=np.float64)
        ROOT.RDF.FromNumpy(columns).Snapshot(tree, f"class_{tree}.root")


def multiclass(n, seed=101):
    """Four classes in four variables."""
    rng = np.random.default_rng(seed)
    means = {
        "TreeS": (0.5, 0.3, 0.4, 0.7),
        "TreeB0": (-0.2, -0.3, -0.5, -0.6),
        "TreeB1": (0.2, 0.9, 0.4, -0.6),
        "TreeB2": (-1.0, 0.6, 1.0, 0.4),
    }
    for tree, mean in means.items():
        columns = {f"var{i + 1}": rng.normal(mean[i], 0.7, n) for i in range(4)}
        ROOT.RDF.FromNumpy(columns).Snapshot(tree, f"multiclass_{tree}.root")


def regression(n, seed=102):
    """A target that is quadratic in two variables."""
    rng = np.random.default_rng(seed)
    var1, var2 = rng.uniform(0, 5, n), rng.uniform(0, 5, n)
    columns = {"var1": var1, "var2": var2, "fvalue": 3.2 * var1**2 + 2.1 * var2**2 + rng.normal(size=n)}
    ROOT.RDF.FromNumpy(columns).Snapshot("TreeR", "regression.root")


def images(n, size=8, seed=103):
    """Blobs in noise, one or two of them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size]
    for tree, blobs in (("signal", 2), ("background", 1)):
        pixels = rng.normal(0.0, 0.2, (n, size, size))
        for _ in range(blobs):
            cx, cy = rng.uniform(1, size - 2, (2, n, 1, 1))
            pixels += np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 1.5) * (1.5 / blobs)
        columns = {f"p{i}": pixels.reshape(n, -1)[:, i] for i in range(size * size)}
        ROOT.RDF.FromNumpy(columns).Snapshot(tree, f"images_{tree}.root")


def time_series(n, steps=10, features=3, seed=104):
    """Walks with and without a drift."""
    rng = np.random.default_rng(seed)
    for tree, drift in (("signal", 0.25), ("background", 0.0)):
        walk = np.cumsum(rng.normal(drift, 1.0, (n, steps, features)), axis=1) / np.sqrt(steps)
        columns = {f"v{i}": walk.reshape(n, -1)[:, i] for i in range(steps * features)}
        ROOT.RDF.FromNumpy(columns).Snapshot(tree, f"series_{tree}.root")


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    classification(count)
    multiclass(count)
    regression(count)
    images(count // 2)
    time_series(count // 2)
