"""Background rejection against signal efficiency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .style import colour, line_style, new_axes

if TYPE_CHECKING:
    from ..evaluation import RocCurve


_MANY = 9  # curves whose names cover the plot


def plot_roc(
    curves: Mapping[str, RocCurve],
    axes: Any = None,
    *,
    scale: Literal["linear", "log"] = "linear",
    band: bool = True,
) -> Any:
    """Draw ROC curves of several methods.

    Parameters
    ----------
    curves : mapping from method title to RocCurve
    axes : matplotlib axes, optional
    scale : "linear" draws background rejection 1 - eff_B; "log" draws 1 / eff_B on a logarithmic axis
    band : also draw the statistical band, from the errors of the background efficiency

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes(axes)
    for index, (title, curve) in enumerate(curves.items()):
        signal = np.asarray(curve.signal_efficiency)
        background = np.asarray(curve.background_efficiency)
        error = np.asarray(curve.background_efficiency_error)
        label = f"{title} ({curve.integral:.3f} ± {curve.integral_error:.3f})"
        style = {"color": colour(index), "linestyle": line_style(index), "linewidth": 1.6, "label": label}
        keep = _thin(signal, background)
        signal, background, error = signal[keep], background[keep], error[keep]
        if scale == "linear":
            axes.plot(signal, 1.0 - background, **style)
            if band:
                axes.fill_between(
                    signal, 1.0 - background - error, 1.0 - background + error, color=colour(index), alpha=0.18, lw=0
                )
        else:
            positive = (background > 0) & (signal > 0)
            x, y, e = signal[positive], background[positive], error[positive]
            axes.plot(x, 1.0 / y, **style)
            if band:
                low = 1.0 / (y + e)
                high = 1.0 / np.maximum(
                    y - e, y * 0.2
                )  # a band that reaches zero efficiency ends at five times 1/eff_B
                axes.fill_between(x, low, high, color=colour(index), alpha=0.18, lw=0)
    axes.set_xlabel("Signal efficiency")
    axes.set_xlim(0.0, 1.0)
    if scale == "linear":
        axes.set_ylabel("Background rejection (1 − efficiency)")
        axes.set_ylim(0.0, 1.02)
    else:
        axes.set_yscale("log")
        axes.set_ylabel("1 / background efficiency")
    if len(curves) > _MANY:  # beside the curves, which it would hide
        axes.legend(title="ROC integral", loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="x-small")
    else:
        axes.legend(title="ROC integral", loc="lower left" if scale == "linear" else "upper right", fontsize="small")
    return axes


def _thin(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], points: int = 800) -> np.ndarray[Any, Any]:
    """Indices of a subset of the curve's points, dense where it bends, so that vector files stay small."""
    if x.size <= points:
        return np.arange(x.size)
    floor = max(float(np.min(y[y > 0], initial=1.0)), 1e-6)
    steps = np.abs(np.diff(x)) + np.abs(np.diff(y)) + 0.2 * np.abs(np.diff(np.log(np.maximum(y, floor))))
    length = np.concatenate([[0.0], np.cumsum(steps)])
    return np.unique(np.concatenate([[0, x.size - 1], np.searchsorted(length, np.linspace(0, length[-1], points))]))[
        : points + 2
    ].clip(0, x.size - 1)
