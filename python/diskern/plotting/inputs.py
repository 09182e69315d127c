"""Input variables per class, with the ratio of the first two classes below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import colour, common_edges, decorate, density, histogram


def plot_variable(
    values: ArrayLike,
    class_index: ArrayLike,
    weight: ArrayLike,
    *,
    class_names: Sequence[str] = ("Signal", "Background"),
    label: str = "",
    bins: int = 40,
    axes: tuple[Any, Any] | None = None,
) -> tuple[Any, Any]:
    """One variable: normalised distributions per class above, ratio of the first class to the others below.

    Parameters
    ----------
    values, class_index, weight : arrays of one entry per event; NaN is left out of the histograms and stated
    class_names : names of the classes
    label : title of the variable with its unit
    bins : number of bins; integer variables of few values get one bin each
    axes : (upper, lower) matplotlib axes, optional

    Returns
    -------
    (upper, lower) matplotlib axes
    """
    if axes is None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.6, 4.0), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        decorate(upper)
        decorate(lower)
    else:
        upper, lower = axes
    data = np.asarray(values, np.float64)
    classes = np.asarray(class_index)
    weights = np.asarray(weight, np.float64)
    edges = common_edges(data, bins)
    centres = 0.5 * (edges[1:] + edges[:-1])
    reference = None
    for index, name in enumerate(class_names):
        mask = (classes == index) & np.isfinite(data)
        if not mask.any():
            continue
        counts, errors = density(*histogram(data[mask], weights[mask], edges), edges)
        upper.stairs(counts, edges, color=colour(index), linewidth=1.3, label=name)
        upper.stairs(counts, edges, fill=True, color=colour(index), alpha=0.15)
        if reference is None:
            reference = (counts, errors)
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = reference[0] / counts
            relative = np.sqrt((reference[1] / reference[0]) ** 2 + (errors / counts) ** 2)
        good = np.isfinite(ratio) & np.isfinite(relative) & (ratio > 0)
        lower.errorbar(
            centres[good],
            ratio[good],
            (ratio * relative)[good],
            fmt="o",
            markersize=2.2,
            linewidth=0.8,
            color=colour(index if len(class_names) > 2 else 7),
        )
    lower.axhline(1.0, color="0.5", linewidth=0.8)
    lower.set_yscale("log")
    first = class_names[0] if class_names else ""
    lower.set_ylabel(f"{first} / other" if len(class_names) > 2 else "ratio", fontsize="small")
    lower.set_xlabel(label)
    upper.set_ylabel("Normalised")
    missing = int(np.count_nonzero(np.isnan(data)))
    if missing:
        upper.set_title(f"{missing} missing values not drawn", fontsize="x-small")
    upper.legend(fontsize="x-small")
    if reference is None or len(np.unique(classes)) < 2:  # nothing to compare with
        lower.set_visible(False)
        upper.tick_params(labelbottom=True)
        upper.set_xlabel(label)
    return upper, lower


def plot_inputs(
    variables: ArrayLike,
    class_index: ArrayLike,
    weight: ArrayLike,
    labels: Sequence[str],
    *,
    class_names: Sequence[str] = ("Signal", "Background"),
    bins: int = 40,
    columns: int = 3,
) -> Any:
    """All input variables on one figure; see :func:`plot_variable`.

    Parameters
    ----------
    variables : array of shape (events, variables)
    class_index, weight : arrays of one entry per event
    labels : one per variable
    columns : plots per row

    Returns
    -------
    matplotlib figure
    """
    from matplotlib.figure import Figure

    data = np.asarray(variables)
    if data.ndim != 2 or data.shape[1] != len(labels):
        raise ValueError(f"variables must have one column per label: got shape {data.shape} and {len(labels)} labels")
    rows = -(-len(labels) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.2 * rows), layout="constrained")
    for index, (grid, label) in enumerate(
        zip(figure.subfigures(rows, columns, squeeze=False).flat, labels, strict=False)
    ):
        upper, lower = grid.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        decorate(upper)
        decorate(lower)
        plot_variable(
            data[:, index], class_index, weight, class_names=class_names, label=label, bins=bins, axes=(upper, lower)
        )
    return figure
