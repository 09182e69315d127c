"""Responses of a classifier: test sample as filled histograms, training sample as points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import colour, common_edges, density, histogram, new_axes


def plot_response(
    response_test: ArrayLike,
    class_test: ArrayLike,
    weight_test: ArrayLike,
    response_training: ArrayLike | None = None,
    class_training: ArrayLike | None = None,
    weight_training: ArrayLike | None = None,
    *,
    class_names: tuple[str, ...] = ("Signal", "Background"),
    label: str = "Response",
    bins: int = 40,
    log: bool = False,
    axes: Any = None,
) -> Any:
    """Overlay the normalised response distributions of each class, test against training sample.

    Parameters
    ----------
    response_test, class_test, weight_test : arrays of one entry per test event; the class is an index into class_names
    response_training, class_training, weight_training : the same of the training sample, drawn as points, optional
    class_names : names of the classes
    label : axis label
    bins : number of bins over the range of all responses
    log : logarithmic vertical axis
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes(axes)
    test = np.asarray(response_test, np.float64)
    test_class = np.asarray(class_test)
    test_weight = np.asarray(weight_test, np.float64)
    every = test
    if response_training is not None:
        every = np.concatenate([test, np.asarray(response_training, np.float64)])
    edges = common_edges(every, bins, spread=10.0)
    centres = 0.5 * (edges[1:] + edges[:-1])
    for index, name in enumerate(class_names):
        mask = test_class == index
        if mask.any():
            counts, _ = density(*histogram(test[mask], test_weight[mask], edges), edges)
            axes.stairs(counts, edges, fill=True, color=colour(index), alpha=0.25)
            axes.stairs(counts, edges, color=colour(index), linewidth=1.4, label=f"{name} (test)")
        if response_training is None or class_training is None or weight_training is None:
            continue
        mask = np.asarray(class_training) == index
        if mask.any():
            training = np.asarray(response_training, np.float64)[mask]
            counts, errors = density(*histogram(training, np.asarray(weight_training, np.float64)[mask], edges), edges)
            shown = errors > 0
            axes.errorbar(
                centres[shown],
                counts[shown],
                errors[shown],
                fmt="o",
                markersize=2.8,
                linewidth=0.9,
                color=colour(index),
                label=f"{name} (training)",
            )
    axes.set_xlabel(label)
    axes.set_ylabel("Normalised to unit area")
    if log:
        axes.set_yscale("log")
    axes.legend(fontsize="small")
    return axes
