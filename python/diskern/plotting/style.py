"""Colours and small helpers that all plots share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito's palette: told apart with any colour vision. The first two are signal and background.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#333333")
SIGNAL, BACKGROUND = COLOURS[0], COLOURS[1]
LINE_STYLES = ("-", "--", "-.", ":")


def colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def line_style(index: int) -> str:
    return LINE_STYLES[(index // len(COLOURS)) % len(LINE_STYLES)]


def new_axes(axes: Any = None, *, width: float = 6.0, height: float = 4.2) -> Any:
    """The given axes, or those of a new figure that no global state knows."""
    if axes is not None:
        return axes
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    decorate(axes)
    return axes


def decorate(axes: Any) -> None:
    axes.spines["top"].set_visible(False)
    axes.spines["right"].set_visible(False)
    axes.grid(True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)


def histogram(
    values: ArrayLike, weight: ArrayLike, edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted counts per bin and their statistical errors, sqrt of the sum of squared weights."""
    values = np.asarray(values, np.float64)
    weight = np.asarray(weight, np.float64)
    counts, _ = np.histogram(values, edges, weights=weight)
    squares, _ = np.histogram(values, edges, weights=weight**2)
    return counts.astype(np.float64), np.sqrt(squares)


def common_edges(values: ArrayLike, bins: int = 40, spread: float = 8.0) -> NDArray[np.float64]:
    """Bin edges over the finite values, at most ``spread`` standard deviations from the mean (TMVA's plot range)."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    if finite.size == 0:
        return np.linspace(0.0, 1.0, bins + 1)
    low, high = float(finite.min()), float(finite.max())
    mean, rms = float(finite.mean()), float(finite.std())
    low, high = max(low, mean - spread * rms), min(high, mean + spread * rms)
    distinct = np.unique(finite) if np.all(finite == np.rint(finite)) else np.empty(0)
    if 1 < distinct.size <= bins and high - low <= 4 * bins:
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1.0, 1.0)
    if not high - low > 1e-9 * max(abs(low), abs(high)):  # a constant, up to rounding
        pad = max(abs(low), 1.0) * 0.5
        low, high = low - pad, high + pad
    return np.linspace(low, high, bins + 1)


def density(
    counts: NDArray[np.float64], errors: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts and errors scaled to unit area; unchanged where the sum is zero."""
    total = float(np.sum(counts))
    if total == 0.0:
        return counts, errors
    scale = 1.0 / (total * np.diff(edges))
    return counts * scale, errors * np.abs(scale)
