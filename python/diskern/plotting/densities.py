"""Densities: of probabilities, and of the variables of a Likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .style import BACKGROUND, SIGNAL, colour, decorate, density, histogram, new_axes


def _draw_density(axes: Any, one: Any, contents: ArrayLike, limits: tuple[float, float], drawn: str, name: str) -> None:
    """The histogram of a density and what was drawn through it, both of unit area."""
    counts = np.asarray(contents, np.float64)
    edges = np.linspace(*limits, len(counts) + 1)
    axes.stairs(density(counts, counts, edges)[0], edges, color=drawn, alpha=0.5, linewidth=1.0)
    x = np.linspace(*limits, 500)
    values = np.asarray(one.value(x))
    area = float(np.sum(np.diff(x) * (values[1:] + values[:-1])) / 2)
    axes.plot(x, values / area if area > 0 else values, color=drawn, label=name)


def plot_probability(
    probability: ArrayLike,
    class_index: ArrayLike,
    weight: ArrayLike,
    *,
    class_names: Sequence[str] = ("Signal", "Background"),
    label: str = "Signal probability",
    bins: int = 40,
    axes: Any = None,
) -> Any:
    """Distributions of a quantity between 0 and 1 per class, normalised: the probability of signal, or the rarity,
    which is flat for background.

    Parameters
    ----------
    probability, class_index, weight : arrays of one entry per event
    class_names : names of the classes
    label : axis label
    bins : number of bins
    axes : matplotlib axes, optional

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes(axes)
    values, classes = np.asarray(probability, np.float64), np.asarray(class_index)
    weights = np.asarray(weight, np.float64)
    edges = np.linspace(0.0, 1.0, bins + 1)
    for index, name in enumerate(class_names):
        mine = (classes == index) & np.isfinite(values)
        if mine.any():
            counts, _ = density(*histogram(values[mine], weights[mine], edges), edges)
            axes.stairs(counts, edges, color=colour(index), linewidth=1.4, label=name)
            axes.stairs(counts, edges, fill=True, color=colour(index), alpha=0.2)
    axes.set(xlabel=label, ylabel="Normalised to unit area", xlim=(0, 1))
    axes.legend(fontsize="small")
    return axes


def plot_rarity(rarity: ArrayLike, class_index: ArrayLike, weight: ArrayLike, **others: Any) -> Any:
    """:func:`plot_probability` of the rarity, with the flat line that background should follow."""
    axes = plot_probability(rarity, class_index, weight, **{"label": "Rarity", **others})
    axes.axhline(1.0, color="0.5", linewidth=0.8, linestyle=":")
    return axes


def plot_likelihood(model: Any, *, columns: int = 3) -> Any:
    """The reference densities of a Likelihood, variable by variable: histogram of the training sample, and what was
    drawn through it after smoothing.

    Parameters
    ----------
    model : Model, or method of a Factory, of the kind Likelihood
    columns : plots per row

    Returns
    -------
    matplotlib figure
    """
    from matplotlib.figure import Figure

    from .. import _core
    from .._archive import sections

    held = getattr(model, "model", model)
    stored = sections(bytes(held.to_bytes()))
    if stored["predictor"]["kind"] != "likelihood":
        raise _core.InvalidArgument(
            f"expected a model of Likelihood, got one of the kind {stored['predictor']['kind']!r}"
        )
    labels = stored["info"]["variables"]["label"]
    content = stored["predictor"]["content"]
    rows = -(-len(labels) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.8 * rows), layout="constrained")
    for index, (axes, label) in enumerate(
        zip(figure.subplots(rows, columns, squeeze=False).flat, labels, strict=False)
    ):
        decorate(axes)
        for name, drawn in (("signal", SIGNAL), ("background", BACKGROUND)):
            one = content[name][index]
            limits = (one["minimum"], one["maximum"])
            _draw_density(axes, _density(one), one["contents"], limits, drawn, name.capitalize())
        axes.set_xlabel(label, fontsize="small")
        if index == 0:
            axes.legend(fontsize="x-small")
    for axes in list(figure.axes)[len(labels) :]:
        axes.remove()
    return figure


def _density(stored: dict[str, Any]) -> Any:
    from .. import _core

    settings = _core.DensitySettings()
    settings.interpolation = _core.Interpolation(stored["interpolation"])
    settings.minimum_smoothing = stored["minimum_smoothing"]
    settings.maximum_smoothing = stored["maximum_smoothing"]
    settings.kernel_width = _core.KernelWidth(stored["kernel_width"])
    settings.kernel_border = _core.KernelBorder(stored["kernel_border"])
    settings.fine_factor = stored["fine_factor"]
    contents = np.ascontiguousarray(stored["contents"], np.float32)
    return _core.Density(settings, stored["minimum"], stored["maximum"], contents)
