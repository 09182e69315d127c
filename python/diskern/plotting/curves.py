"""Learning curves and rankings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .style import BACKGROUND, SIGNAL, new_axes

if TYPE_CHECKING:
    from ..tmva.methods.base import LearningCurve


def plot_learning_curve(curve: LearningCurve, *, title: str = "", axes: Any = None) -> Any:
    """Loss against iteration, training and (where there was one) validation sample, its best iteration marked."""
    axes = new_axes(axes)
    axes.plot(curve.iteration, curve.training, color=SIGNAL, label="Training")
    if curve.validation is not None and np.isfinite(curve.validation).any():
        axes.plot(curve.iteration, curve.validation, color=BACKGROUND, label=curve.validation_name)
        best = int((np.nanargmax if curve.larger_is_better else np.nanargmin)(curve.validation))
        axes.axvline(curve.iteration[best], color="0.5", linestyle=":", label=f"Best: {curve.iteration[best]:g}")
    axes.set_xlabel("Iteration")
    axes.set_ylabel(curve.name)
    axes.set_title(title, fontsize="medium")
    axes.legend(fontsize="small")
    return axes


def plot_ranking(ranking: Sequence[tuple[str, float]], *, name: str = "Importance", axes: Any = None) -> Any:
    """Horizontal bars, the most important variable on top. ``ranking`` holds (variable, value), best first."""
    axes = new_axes(axes, height=max(1.6, 0.28 * len(ranking) + 0.9))
    labels = [label for label, _ in ranking]
    axes.barh(range(len(ranking)), [value for _, value in ranking], color=SIGNAL, height=0.7)
    axes.set_yticks(range(len(ranking)), labels, fontsize="small")
    axes.invert_yaxis()
    axes.set_xlabel(name)
    return axes
