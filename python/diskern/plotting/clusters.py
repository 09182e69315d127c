"""Clusters and the choice of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .style import SIGNAL, new_axes

InvalidArgument = _core.InvalidArgument

# Of "tab20": nine strong colours, then their pale ones; the greys are left to noise.
_STRONG = [0, 2, 4, 6, 8, 10, 12, 16, 18]
_ORDER = [*_STRONG, *(k + 1 for k in _STRONG)]


def _colours(clusters: NDArray[Any]) -> NDArray[np.float64]:
    """Colours in turn: neighbours in number, which lie near each other as a rule, differ."""
    from matplotlib import colormaps

    table = np.array([colormaps["tab20"](k) for k in _ORDER])
    colours: NDArray[np.float64] = table[np.asarray(clusters, np.int64) % len(_ORDER)]
    return colours


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def plot_clusters(
    points: ArrayLike,
    labels: ArrayLike,
    *,
    dimensions: tuple[int, int] = (0, 1),
    names: Sequence[str] = (),
    centres: ArrayLike | None = None,
    most: int = 20_000,
    equal_scales: bool = False,
    axes: Any = None,
) -> Any:
    """Points in the colours of their clusters; noise (-1) in grey, below.

    Parameters
    ----------
    points : array-like of shape (points, dimensions)
    labels : array-like of int of shape (points,)
    dimensions : pair of int
        What is drawn to the right and upwards.
    names : sequence of str
        Of all dimensions, for the axes.
    centres : None or array-like of shape (clusters, dimensions)
        Drawn as crosses.
    most : int
        Of more points, evenly spread ones in their order are drawn; the title says so.
    equal_scales : bool
        The same length for one unit to the right and upwards, so that what is round is drawn round.
    """
    array, clusters = np.asarray(points, np.float64), np.asarray(labels)
    if array.ndim != 2 or not all(0 <= d < array.shape[1] for d in dimensions):
        raise InvalidArgument(f"points has shape {array.shape}, dimensions {dimensions} are drawn")
    if clusters.shape != (len(array),):
        raise InvalidArgument(f"labels has shape {clusters.shape}, expected ({len(array)},): one per point")
    axes = new_axes(axes)
    step = max(1, -(-len(array) // most))
    shown, of = array[::step][:, list(dimensions)], clusters[::step]
    size = 1 if len(shown) > 20_000 else 4 if len(shown) > 2000 else 12
    noise = of < 0
    axes.scatter(*shown[noise].T, s=size, color="0.75", linewidths=0)
    axes.scatter(*shown[~noise].T, s=size, c=_colours(of[~noise]), linewidths=0)
    if centres is not None:
        axes.scatter(*np.asarray(centres, np.float64)[:, list(dimensions)].T, s=40, color="black", marker="x")
    if equal_scales:
        axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(names[dimensions[0]] if names else f"x{dimensions[0]}")
    axes.set_ylabel(names[dimensions[1]] if names else f"x{dimensions[1]}")
    count = len(np.unique(clusters[clusters >= 0]))
    part = f", every {step}th of {len(array)} points" if step > 1 else ""
    axes.set_title(f"{count} clusters, {(clusters < 0).mean():.1%} noise{part}", fontsize="medium")
    return axes


def plot_elbow(n_clusters: Sequence[int], inertia: Sequence[float], *, axes: Any = None) -> Any:
    """Inertia of k-means against the number of clusters; where the curve bends, more clusters gain little.

    Parameters
    ----------
    n_clusters, inertia : sequence of the same length
        Numbers of clusters, and the sum of squared distances that was reached with each.
    """
    if len(n_clusters) != len(inertia) or len(n_clusters) == 0:
        raise InvalidArgument(f"n_clusters has {len(n_clusters)} entries, inertia {len(inertia)}, expected as many")
    axes = new_axes(axes)
    axes.plot(n_clusters, inertia, marker="o", markersize=4, color=SIGNAL)
    axes.set_xlabel("Number of clusters")
    axes.set_ylabel("Inertia")
    axes.set_ylim(bottom=0)
    axes.xaxis.get_major_locator().set_params(integer=True)
    return axes


def plot_neighbour_distance(
    points: ArrayLike, min_samples: int, *, eps: float | None = None, threads: int = 0, axes: Any = None
) -> Any:
    """Distance of every point to its ``min_samples``-th nearest, itself included, in descending order: the k-distance.

    Points to the right of a given height would be core points of DBSCAN with this ``eps``; a bend of the curve, where
    noise ends and clusters begin, is the height to choose (Ester et al., KDD-96, 226).

    Parameters
    ----------
    points : array-like of shape (points, dimensions)
    min_samples : int
    eps : None or float
        Drawn as a line, with the part of the points that would be core points.
    threads : int
        0: all.
    """
    array = np.ascontiguousarray(points, np.float64)
    if array.ndim != 2 or not 1 <= min_samples <= len(array):
        raise InvalidArgument(f"min_samples is {min_samples}, points has shape {array.shape}")
    tree = _core.Neighbours(array, _core.Metric.euclidean, threads=threads)
    distances, _ = tree.nearest(None, int(min_samples), threads=threads)
    height = np.sort(np.asarray(distances)[:, -1])[::-1]
    axes = new_axes(axes)
    axes.plot(np.arange(1, len(height) + 1) / len(height), height, color=SIGNAL)
    if eps is not None:
        axes.axhline(eps, color="0.5", linestyle=":", label=f"eps = {eps:g}: {(height <= eps).mean():.1%} core points")
        axes.legend(fontsize="small")
    axes.set_xlabel("Part of the points")
    axes.set_ylabel(f"Distance to the {_ordinal(int(min_samples))} nearest, itself included")
    axes.set_yscale("log" if height[-1] > 0 else "linear")
    return axes


def plot_silhouette(points: ArrayLike, labels: ArrayLike, *, threads: int = 0, axes: Any = None) -> Any:
    """Silhouettes of the points of every cluster, largest first; the mean as a line (Rousseeuw 1987).

    1: much nearer to the own cluster than to any other; 0: between two; negative: nearer to another. Noise (-1) is left
    out.

    Parameters
    ----------
    points : array-like of shape (points, dimensions)
    labels : array-like of int of shape (points,)
        At least two clusters.
    threads : int
        0: all.
    axes : matplotlib axes, optional
        To draw on; new ones by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    InvalidArgument
        Other than one label per point, fewer than two clusters.
    """
    from ..evaluation import silhouette_samples

    array, clusters = np.asarray(points, np.float64), np.asarray(labels)
    if array.ndim != 2 or clusters.shape != (len(array),):
        raise InvalidArgument(f"points has shape {array.shape}, labels {clusters.shape}, expected one label per point")
    inside = clusters >= 0
    array, clusters = array[inside], clusters[inside]
    numbers = np.unique(clusters)
    if len(numbers) < 2:
        raise InvalidArgument(f"labels has {len(numbers)} clusters, silhouettes need two at least")
    silhouette = silhouette_samples(array, clusters, threads=threads)
    axes = new_axes(axes)
    gap = max(1, len(array) // 100)
    begin = 0
    middles = []
    for number, colour in zip(numbers, _colours(numbers), strict=True):
        own = np.sort(silhouette[clusters == number])[::-1]
        axes.fill_betweenx(begin + np.arange(len(own)), 0, own, color=colour, linewidth=0, step="mid")
        middles.append(begin + len(own) / 2)
        begin += len(own) + gap
    mean = silhouette.mean()
    axes.axvline(mean, color="0.3", linestyle=":", label=f"mean {mean:.2f}")
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.set_yticks(middles if len(numbers) <= 30 else [], [str(n) for n in numbers] if len(numbers) <= 30 else [])
    axes.set_ylim(begin, -gap)
    axes.set_xlabel("Silhouette")
    axes.set_ylabel("Cluster")
    axes.legend(fontsize="small")
    return axes
