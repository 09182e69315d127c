"""Learning curves and rankings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .style import BACKGROUND, SIGNAL, new_axes

_FEW = 12  # iterations that are drawn as points


def plot_learning_curve(curve: Any, *, title: str = "", axes: Any = None) -> Any:
    """Loss against iteration, training and (where there was one) validation sample, its best iteration marked.

    Parameters
    ----------
    curve : LearningCurve or estimator
        A fitted network (anything with ``loss_curve_``), or a generative network, of which the losses of both parts are
        drawn.
    """
    axes = new_axes(axes)
    drawn: list[Any] = []  # axes that were given may hold lines of others
    if hasattr(curve, "generator_loss_"):
        epochs = np.arange(1, len(curve.generator_loss_) + 1)
        drawn += axes.plot(epochs, curve.discriminator_loss_, color=SIGNAL, label="Discriminator")
        drawn += axes.plot(epochs, curve.generator_loss_, color=BACKGROUND, label="Generator")
        iteration: Any
        iteration, validation, name = epochs, None, "Loss"
    elif hasattr(curve, "loss_curve_"):
        iteration = np.arange(1, len(curve.loss_curve_) + 1)
        drawn += axes.plot(iteration, curve.loss_curve_, color=SIGNAL, label="Training")
        given = np.asarray(getattr(curve, "validation_loss_", ()))
        validation, name = (given if len(given) else None), "Loss"
        best = 0 if validation is None else int(np.nanargmin(validation))
        validation_name = "Validation"
    else:
        iteration, validation, name = curve.iteration, curve.validation, curve.name
        validation_name = curve.validation_name
        drawn += axes.plot(iteration, curve.training, color=SIGNAL, label="Training")
        if validation is not None and np.isfinite(validation).any():
            best = int((np.nanargmax if curve.larger_is_better else np.nanargmin)(validation))
    if validation is not None and np.isfinite(validation).any():
        drawn += axes.plot(iteration, validation, color=BACKGROUND, label=validation_name)
        axes.axvline(iteration[best], color="0.5", linestyle=":", label=f"Best: {iteration[best]:g}")
    if len(iteration) <= _FEW:
        for line in drawn:
            line.set_marker("o")
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("Iteration")
    axes.set_ylabel(name)
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
