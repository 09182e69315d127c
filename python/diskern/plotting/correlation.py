"""Matrices: linear correlations and confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import new_axes


def _annotated(
    matrix: Any, rows: Sequence[str], columns: Sequence[str], axes: Any, format_string: str, **image: Any
) -> Any:
    axes.grid(False)
    # Cells as vector paths, not an image: the report stays sharp in print.
    axes.pcolormesh(matrix, edgecolors="white", linewidth=0.5, **image)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=45, ha="right", fontsize="small")
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize="small")
    if max(matrix.shape) <= 20:
        limit = max(abs(image["vmin"]), abs(image["vmax"]))
        for (i, j), value in np.ndenumerate(matrix):
            dark = abs(value) > 0.6 * limit
            text = format(value, format_string) if np.isfinite(value) else "-"
            axes.text(
                j + 0.5, i + 0.5, text, ha="center", va="center", fontsize="x-small", color="white" if dark else "black"
            )
    return axes


def plot_correlation_matrix(correlation: ArrayLike, labels: Sequence[str], *, title: str = "", axes: Any = None) -> Any:
    """Linear correlation coefficients in percent.

    Parameters
    ----------
    correlation : array of shape (variables, variables), between -1 and 1
    labels : one per variable
    title : e.g. the class
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    matrix = 100.0 * np.asarray(correlation, np.float64)
    if matrix.shape != (len(labels), len(labels)):
        raise ValueError(f"correlation must be square with one row per label: got {matrix.shape}, {len(labels)} labels")
    size = max(3.6, 0.42 * len(labels) + 1.6)
    axes = new_axes(axes, width=size, height=size)
    _annotated(matrix, labels, labels, axes, ".0f", cmap="RdBu_r", vmin=-100, vmax=100)
    axes.set_title(title or "Linear correlation (%)", fontsize="medium")
    return axes


def plot_confusion_matrix(
    confusion: ArrayLike, class_names: Sequence[str], *, title: str = "", axes: Any = None
) -> Any:
    """Weighted confusion matrix, each true class (row) normalised to one.

    Parameters
    ----------
    confusion : array of shape (classes, classes), sums of weights; rows are true classes
    class_names : names of the classes
    """
    sums = np.asarray(confusion, np.float64)
    total = sums.sum(axis=1, keepdims=True)
    fractions = np.divide(sums, total, out=np.zeros_like(sums), where=total != 0)
    axes = new_axes(axes, width=3.8, height=3.6)
    _annotated(fractions, class_names, class_names, axes, ".3f", cmap="Blues", vmin=0.0, vmax=1.0)
    axes.set_xlabel("assigned class")
    axes.set_ylabel("true class")
    axes.set_title(title, fontsize="medium")
    return axes
