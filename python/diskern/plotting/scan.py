"""Efficiencies, purity and significance against the cut on the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .style import BACKGROUND, SIGNAL, colour, new_axes

if TYPE_CHECKING:
    from ..evaluation import CutScan


def plot_efficiencies(scan: CutScan, *, label: str = "Cut on the response", axes: Any = None) -> Any:
    """Signal and background efficiency and purity against the cut. Returns the axes."""
    axes = new_axes(axes)
    axes.plot(scan.cut, scan.signal_efficiency, color=SIGNAL, label="Signal efficiency")
    axes.plot(scan.cut, scan.background_efficiency, color=BACKGROUND, label="Background efficiency")
    axes.plot(scan.cut, scan.purity, color=colour(2), linestyle="--", label="Signal purity")
    axes.set_xlabel(label)
    axes.set_ylabel("Efficiency, purity")
    axes.set_ylim(0.0, 1.05)
    axes.legend(fontsize="small")
    return axes


def plot_significance(scan: CutScan, *, label: str = "Cut on the response", axes: Any = None) -> Any:
    """S/sqrt(S+B) and the Asimov significance, without and with background uncertainty, against the cut.

    The best cut of each figure of merit is marked. Returns the axes.
    """
    axes = new_axes(axes)
    uncertainty = f"Asimov, {100 * scan.background_uncertainty:.0f} % background uncertainty"
    rows = (
        ("S / sqrt(S + B)", scan.significance),
        ("Asimov", scan.asimov),
        (uncertainty, scan.asimov_with_uncertainty),
    )
    for index, (name, values) in enumerate(rows):
        values = np.asarray(values, np.float64)
        if not np.isfinite(values).any():
            continue
        best = int(np.nanargmax(values))
        axes.plot(scan.cut, values, color=colour(index), label=f"{name}: {values[best]:.3g} at {scan.cut[best]:.3g}")
        axes.plot(scan.cut[best], values[best], "o", color=colour(index), markersize=4)
    axes.set_xlabel(label)
    axes.set_ylabel(f"Significance for S = {scan.expected_signal:g}, B = {scan.expected_background:g}")
    axes.set_ylim(bottom=0.0)
    axes.legend(fontsize="small")
    return axes
