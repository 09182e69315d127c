"""Two variables against each other, and many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import colour, common_edges, new_axes

_MOST_POINTS = 600


def plot_scatter(
    x: ArrayLike,
    y: ArrayLike,
    class_index: ArrayLike,
    weight: ArrayLike,
    *,
    class_names: Sequence[str] = ("Signal", "Background"),
    labels: tuple[str, str] = ("", ""),
    axes: Any = None,
) -> Any:
    """One variable against another: events as points (at most 600 of them), per class the weighted mean of y and its
    error in bins of x (TMVA's scatter plots with profile).

    Parameters
    ----------
    x, y, class_index, weight : arrays of one entry per event
    class_names : names of the classes
    labels : axis labels
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes(axes)
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    classes, weights = np.asarray(class_index), np.asarray(weight, np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    shown = np.flatnonzero(known)
    shown = shown[:: max(1, -(-len(shown) // _MOST_POINTS))]
    edges = common_edges(first[known], 20, spread=4.0)
    centres = 0.5 * (edges[1:] + edges[:-1])
    for index, name in enumerate(class_names):
        points = shown[classes[shown] == index]
        axes.scatter(first[points], second[points], s=3, color=colour(index), alpha=0.25, linewidths=0)
        mine = known & (classes == index)
        if not mine.any():
            continue
        total, _ = np.histogram(first[mine], edges, weights=weights[mine])
        squares, _ = np.histogram(first[mine], edges, weights=weights[mine] ** 2)
        sums, _ = np.histogram(first[mine], edges, weights=weights[mine] * second[mine])
        second_moment, _ = np.histogram(first[mine], edges, weights=weights[mine] * second[mine] ** 2)
        good = total > 0
        mean = sums[good] / total[good]
        spread = np.sqrt(np.maximum(second_moment[good] / total[good] - mean**2, 0.0))
        error = spread * np.sqrt(squares[good]) / total[good]
        axes.errorbar(
            centres[good], mean, error, fmt="o-", markersize=3, linewidth=1.2, color=colour(index), label=name
        )
    axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(edges[0], edges[-1]))
    axes.legend(fontsize="small", title="profile", title_fontsize="x-small", loc="upper left")
    return axes


def plot_parallel_coordinates(
    variables: ArrayLike,
    class_index: ArrayLike,
    labels: Sequence[str],
    *,
    class_names: Sequence[str] = ("Signal", "Background"),
    events: int = 100,
    axes: Any = None,
) -> Any:
    """Each event as a line over parallel axes, one per variable, scaled to its central 98 %.

    Parameters
    ----------
    variables : array of shape (events, variables)
    class_index : array of one entry per event
    labels : one per variable
    class_names : names of the classes
    events : lines per class at most, evenly spread over the sample
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    data, classes = np.asarray(variables, np.float64), np.asarray(class_index)
    if data.ndim != 2 or data.shape[1] != len(labels) or len(labels) < 2:
        raise ValueError(
            f"variables must have one column per label, two at least: got {data.shape}, {len(labels)} labels"
        )
    axes = new_axes(axes, width=max(5.0, 0.8 * len(labels) + 2.0))
    good = data[np.isfinite(data).all(axis=1)]
    if len(good) == 0:
        raise ValueError("variables has no event without NaN and infinities")
    low, high = np.percentile(good, [1, 99], axis=0)
    width = np.where(high > low, high - low, 1.0)
    at = np.arange(len(labels))
    for index, name in enumerate(class_names):
        mine = np.flatnonzero((classes == index) & np.isfinite(data).all(axis=1))
        chosen = mine[:: max(1, -(-len(mine) // events))]
        lines = np.clip((data[chosen] - low) / width, -0.1, 1.1)
        for number, line in enumerate(lines):
            axes.plot(at, line, color=colour(index), alpha=0.15, linewidth=0.7, label=name if number == 0 else None)
        if len(mine):
            middle = np.median((data[mine] - low) / width, axis=0)
            axes.plot(at, middle, color=colour(index), linewidth=2.2, marker="o", label=f"{name}, median")
    axes.set_xticks(at, labels, rotation=30, ha="right", fontsize="small")
    axes.set_yticks([0, 1], ["1 %", "99 %"])
    legend = axes.legend(fontsize="small", loc="upper right")
    for handle in legend.legend_handles:
        handle.set_alpha(1.0)
    return axes
