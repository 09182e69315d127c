"""The neurons of a dense network and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core import InvalidArgument
from .style import BACKGROUND, SIGNAL, new_axes

_MOST_NEURONS = 24


def plot_network(model: Any, labels: Sequence[str] | None = None, *, axes: Any = None) -> Any:
    """Layers from left to right; lines are weights, wide where they are large, blue positive and red negative.

    Layers of more than 24 neurons are drawn with 24 of them, and say so.

    Parameters
    ----------
    model : Model, method of a Factory, or predictor, of a dense network (MLP)
    labels : names of the inputs, where the model knows none
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes

    Raises
    ------
    InvalidArgument
        another method
    """
    held = getattr(model, "model", model)
    network = getattr(held, "predictor", held)
    layers = getattr(network, "layers", None)
    if not isinstance(layers, list) or not layers or not isinstance(layers[0], dict):
        raise InvalidArgument(f"expected a dense network, got {type(held).__name__}")
    matrices = [np.asarray(layer["weights"], np.float64) for layer in layers]
    if labels is None:
        info = getattr(held, "info", None)
        labels = [v["label"] for v in info["variables"]] if info is not None else []
    sizes = [matrices[0].shape[1], *(matrix.shape[0] for matrix in matrices)]
    axes = new_axes(axes, width=max(5.0, 1.6 * len(sizes) + 1.5), height=max(3.2, 0.22 * min(max(sizes), 24) + 1.5))
    axes.grid(False)
    places = [np.linspace(0.5, -0.5, min(n, _MOST_NEURONS) + 2)[1:-1] for n in sizes]
    largest = max(float(np.abs(matrix).max(initial=0.0)) for matrix in matrices) or 1.0
    for layer, matrix in enumerate(matrices):
        for i, y in enumerate(places[layer]):
            for o, z in enumerate(places[layer + 1]):
                share = abs(matrix[o, i]) / largest
                if share > 0.02:
                    drawn = SIGNAL if matrix[o, i] > 0 else BACKGROUND
                    axes.plot([layer, layer + 1], [y, z], color=drawn, linewidth=3.0 * share, alpha=0.25 + 0.6 * share)
    for layer, (n, place) in enumerate(zip(sizes, places, strict=True)):
        axes.scatter(np.full(len(place), layer), place, s=60, color="white", edgecolors="0.2", zorder=3)
        name = "input" if layer == 0 else "output" if layer + 1 == len(sizes) else f"hidden {layer}"
        more = f" ({len(place)} of {n})" if len(place) < n else ""
        axes.text(layer, 0.55, f"{name}{more}", ha="center", fontsize="small")
    for y, label in zip(places[0], labels, strict=False):
        axes.text(-0.1, y, label, ha="right", va="center", fontsize="small")
    axes.set(xlim=(-0.8, len(sizes) - 0.7), ylim=(-0.6, 0.65), xticks=[], yticks=[])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    return axes
