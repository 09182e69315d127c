"""Estimates of a regression against their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import COLOURS, SIGNAL, common_edges, density, histogram, new_axes


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


def plot_deviation_profile(
    values: ArrayLike,
    deviation: ArrayLike,
    weight: ArrayLike,
    *,
    label: str = "",
    target: str = "",
    axes: Any = None,
) -> Any:
    """Profile of a deviation (estimate minus target) against a variable: weighted mean and spread per bin.

    Parameters
    ----------
    values, deviation, weight : arrays of one entry per event
    label, target : names of the variable and the target, for the axes
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes(axes)
    x, d = np.asarray(values, np.float64), np.asarray(deviation, np.float64)
    w = np.asarray(weight, np.float64)
    known = np.isfinite(x) & np.isfinite(d)
    x, d, w = x[known], d[known], w[known]
    edges = common_edges(x, 25, spread=5.0)
    total, _ = np.histogram(x, edges, weights=w)
    first, _ = np.histogram(x, edges, weights=w * d)
    second, _ = np.histogram(x, edges, weights=w * d**2)
    good = total > 0
    mean = first[good] / total[good]
    spread = np.sqrt(np.maximum(second[good] / total[good] - mean**2, 0.0))
    axes.errorbar(
        (0.5 * (edges[1:] + edges[:-1]))[good],
        mean,
        spread,
        fmt="o",
        markersize=3,
        color=SIGNAL,
        label="mean and RMS per bin",
    )
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set(xlabel=label or "Variable", ylabel=f"{target} estimate − target" if target else "Estimate − target")
    axes.legend(fontsize="small")
    return axes


def plot_deviation_summary(summary: dict[str, dict[str, float]], *, label: str = "", axes: Any = None) -> Any:
    """Mean deviations of several methods beside each other: RMS and bias, of all events and of those within 2 RMS.

    Parameters
    ----------
    summary : mapping from method title to what :func:`diskern.evaluation.regression_metrics` gives
    label : name of the target
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    titles = list(summary)
    axes = new_axes(axes, width=max(4.0, 1.0 * len(titles) + 2.0))
    at = np.arange(len(titles))
    keys = (
        ("rms", "RMS", COLOURS[0]),
        ("rms_T", "RMS, truncated", COLOURS[5]),
        ("bias", "|bias|", COLOURS[1]),
        ("bias_T", "|bias|, truncated", COLOURS[4]),
    )
    for number, (key, name, drawn) in enumerate(keys):
        heights = [abs(summary[title][key]) for title in titles]
        axes.bar(at + 0.2 * (number - 1.5), heights, 0.18, color=drawn, label=name)
    axes.set_xticks(at, titles, rotation=20 if len(titles) > 4 else 0)
    axes.set_ylabel(f"Deviation of {label}" if label else "Deviation")
    axes.legend(fontsize="small")
    return axes
