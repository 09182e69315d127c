"""How good clusters are: by their shape, and against a truth."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from ._arguments import Vector, check_weight

InvalidArgument = _core.InvalidArgument


def _check_labels(labels: ArrayLike, name: str, size: int | None = None) -> NDArray[Any]:
    vector = np.asarray(labels)
    if vector.ndim != 1:
        raise InvalidArgument(f"{name} must be one-dimensional, got shape {vector.shape}")
    if size is not None and len(vector) != size:
        raise InvalidArgument(f"{name} has {len(vector)} entries, expected {size}: one per point")
    if len(vector) == 0:
        raise InvalidArgument(f"{name} is empty, expected one point or more")
    if vector.dtype.kind == "f" and not np.isfinite(vector).all():
        raise InvalidArgument(f"{name} holds NaN or infinity")
    return vector


def _check_clusters(points: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    """Points, labels 0 .. clusters - 1, number of clusters."""
    array = np.require(points, np.float64, ["ALIGNED"])
    if array.ndim != 2 or array.shape[1] == 0:
        raise InvalidArgument(f"points must have the shape (points, dimensions), got {array.shape}")
    checked = _check_labels(labels, "labels", len(array))
    if not np.isfinite(array).all():
        raise InvalidArgument("points holds NaN or infinity")
    names, index = np.unique(checked, return_inverse=True)
    if not 2 <= len(names) < len(array):
        raise InvalidArgument(
            f"labels name {len(names)} clusters of {len(array)} points, expected 2 to {len(array) - 1} of them"
        )
    return array, np.ascontiguousarray(index, np.int64), len(names)


def silhouette_samples(points: ArrayLike, labels: ArrayLike, *, threads: int = 0) -> Vector:
    """How much nearer each point is to its own cluster than to the next one.

    Parameters
    ----------
    points : array-like of shape (points, dimensions)
        Finite numbers.
    labels : array-like of shape (points,)
        Cluster of each point; noise (-1) counts as a cluster like any other, as in scikit-learn: leave such points out
        before, if it is none.
    threads : int
        0: all. Results do not depend on it.

    Returns
    -------
    float64 array of shape (points,)
        (b - a) / max(a, b), from -1 to 1, with the mean distance a to the other points of the cluster and the smallest
        mean distance b to those of another (Rousseeuw, J. Comput. Appl. Math. 20 (1987) 53); 0 for a point alone.

    Notes
    -----
    Exact: Euclidean distances of all pairs in float64, in memory proportional to the number of points.
    """
    array, index, clusters = _check_clusters(points, labels)
    result: Vector = _core.silhouettes(array, index, clusters, threads)
    return result


def silhouette_score(points: ArrayLike, labels: ArrayLike, *, threads: int = 0) -> float:
    """Mean of :func:`silhouette_samples`."""
    return float(silhouette_samples(points, labels, threads=threads).mean())


def davies_bouldin_score(points: ArrayLike, labels: ArrayLike) -> float:
    """How wide clusters are, compared with their distances: 0 or more, smaller is better.

    Parameters
    ----------
    points : array-like of shape (points, dimensions)
    labels : array-like of shape (points,)

    Returns
    -------
    float
        Mean over the clusters of the largest (s_i + s_j) / d_ij, with the mean distance s of points from their centre
        and the distance d of centres (Davies and Bouldin, IEEE Trans. Pattern Anal. PAMI-1 (1979) 224). Clusters on the
        same centre count infinity, or nothing when they have no width.
    """
    array, index, clusters = _check_clusters(points, labels)
    count = np.bincount(index, minlength=clusters)
    centres = np.stack([np.bincount(index, column, clusters) for column in array.T], axis=1) / count[:, None]
    width = np.bincount(index, np.sqrt(((array - centres[index]) ** 2).sum(axis=1)), clusters) / count
    distance = np.sqrt(((centres[:, None] - centres[None]) ** 2).sum(axis=2))
    sums = width[:, None] + width[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(sums == 0, 0.0, sums / distance)
    np.fill_diagonal(ratio, 0.0)
    return float(ratio.max(axis=1).mean())


def _contingency(truth: NDArray[Any], labels: NDArray[Any], weight: Vector) -> NDArray[np.float64]:
    classes, row = np.unique(truth, return_inverse=True)
    clusters, column = np.unique(labels, return_inverse=True)
    cells = np.bincount(row * len(clusters) + column, weight, len(classes) * len(clusters)).astype(np.float64)
    table: NDArray[np.float64] = cells.reshape(len(classes), len(clusters))
    return table


def adjusted_rand_score(truth: ArrayLike, labels: ArrayLike) -> float:
    """Agreement of two partitions about pairs of points, less what chance gives.

    Parameters
    ----------
    truth, labels : array-like of shape (points,)
        Any names. Symmetric in the two.

    Returns
    -------
    float
        1 for equal partitions, about 0 for independent ones (Hubert and Arabie, J. Classification 2 (1985) 193).
    """
    of_truth = _check_labels(truth, "truth")
    of_labels = _check_labels(labels, "labels", len(of_truth))
    table = _contingency(of_truth, of_labels, np.ones(len(of_truth)))

    def pairs(counts: NDArray[np.float64]) -> int:
        return sum(int(c) * (int(c) - 1) // 2 for c in counts.ravel().tolist())

    together, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    total = len(of_truth) * (len(of_truth) - 1) // 2
    if 2 * together == rows + columns:
        return 1.0  # equal partitions, also those with no pair or all pairs
    by_chance = rows * columns / total
    return (together - by_chance) / ((rows + columns) / 2 - by_chance)


def purity(truth: ArrayLike, labels: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Part of the points that belong to the largest class of their cluster.

    Parameters
    ----------
    truth, labels : array-like of shape (points,)
        True class and cluster of each point.
    weight : None or array-like of shape (points,)
        None: 1 each. With negative weights a class of a cluster may have a negative sum; the largest one counts.

    Returns
    -------
    float
        From 0 to 1 where no weight is negative; a cluster per point reaches 1.
    """
    of_truth = _check_labels(truth, "truth")
    of_labels = _check_labels(labels, "labels", len(of_truth))
    weights = check_weight(weight, len(of_truth))
    total = float(weights.sum())
    if not total > 0:
        raise InvalidArgument(f"the weights sum to {total:.6g}, expected more than zero")
    return float(_contingency(of_truth, of_labels, weights).max(axis=0).sum()) / total
