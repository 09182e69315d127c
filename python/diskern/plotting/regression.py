"""Estimates of a regression against their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import SIGNAL, common_edges, density, histogram, new_axes


def plot_deviation(
    estimate: ArrayLike, target: ArrayLike, weight: ArrayLike, *, label: str = "", axes: Any = None
) -> Any:
    """Weighted distribution of estimate minus target. Arrays have one entry per event. Returns the axes."""
    axes = new_axes(axes)
    deviation = np.asarray(estimate, np.float64) - np.asarray(target, np.float64)
    edges = common_edges(deviation, 60, spread=5.0)
    counts, _ = density(*histogram(deviation, weight, edges), edges)
    axes.stairs(counts, edges, fill=True, color=SIGNAL, alpha=0.3)
    axes.stairs(counts, edges, color=SIGNAL)
    axes.set_xlabel(f"{label} estimate − target" if label else "Estimate − target")
    axes.set_ylabel("Normalised to unit area")
    return axes


def plot_estimate(
    estimate: ArrayLike, target: ArrayLike, weight: ArrayLike, *, label: str = "", axes: Any = None
) -> Any:
    """Profile of estimate minus target against the target: weighted mean and spread per bin. Returns the axes."""
    axes = new_axes(axes)
    truth = np.asarray(target, np.float64)
    deviation = np.asarray(estimate, np.float64) - truth
    weights = np.asarray(weight, np.float64)
    edges = common_edges(truth, 25, spread=5.0)
    total, _ = np.histogram(truth, edges, weights=weights)
    first, _ = np.histogram(truth, edges, weights=weights * deviation)
    second, _ = np.histogram(truth, edges, weights=weights * deviation**2)
    good = total > 0
    mean = first[good] / total[good]
    spread = np.sqrt(np.maximum(second[good] / total[good] - mean**2, 0.0))
    centres = (0.5 * (edges[1:] + edges[:-1]))[good]
    axes.errorbar(centres, mean, spread, fmt="o", markersize=3, color=SIGNAL, label="mean and RMS per bin")
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set_xlabel(f"{label} target" if label else "Target")
    axes.set_ylabel("Estimate − target")
    axes.legend(fontsize="small")
    return axes
