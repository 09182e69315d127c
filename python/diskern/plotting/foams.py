"""The cells of a PDEFoam, projected on one and two variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._archive import sections
from .style import SIGNAL, decorate

_KINDS = ("discriminant", "density", "discriminant", "target", "density")
_PIXELS = 100

Boxes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def plot_foam(model: Any, variables: Sequence[str] | None = None, *, foam: int = 0) -> Any:
    """The cells of a foam: one variable on the diagonal, pairs of variables below, the mean over all others.

    Parameters
    ----------
    model : Model, or method of a Factory, of the kind PDEFoam
    variables : labels of the variables; by default the (at most) four in which the cells were divided most often
    foam : which one, of methods that hold several (signal and background; one for each class)

    Returns
    -------
    matplotlib figure

    Raises
    ------
    InvalidArgument
        no PDEFoam, an unknown variable or none, a number beyond the foams
    """
    from matplotlib.figure import Figure

    from .._near_misses import near_misses

    held = getattr(model, "model", model)
    stored = sections(bytes(held.to_bytes()))
    if stored["predictor"]["kind"] != "foam":
        raise _core.InvalidArgument(f"expected a model of PDEFoam, got one of the kind {stored['predictor']['kind']!r}")
    content = stored["predictor"]["content"]
    if not 0 <= foam < len(content["foams"]):
        raise _core.InvalidArgument(f"foam is {foam}, the model has {len(content['foams'])} (counted from 0)")
    one = content["foams"][foam]
    labels = [*stored["info"]["variables"]["label"], *stored["info"].get("targets", {}).get("label", [])]
    labels = labels[: len(one["minimum"])]
    if variables is None:
        divided = np.bincount(one["dimension"][one["left"] >= 0], minlength=len(labels))
        chosen = sorted(np.argsort(-divided, kind="stable")[:4].tolist())
    else:
        if len(variables) == 0:
            raise _core.InvalidArgument(f"variables is empty, expected one or more of {', '.join(labels)}")
        for name in variables:
            if name not in labels:
                raise _core.InvalidArgument(f"the foam has no variable {name!r}{near_misses(name, labels)}")
        chosen = [labels.index(name) for name in variables]
    boxes = _boxes(one, _KINDS[content["kind"]])
    low, high = one["minimum"], one["maximum"]
    edges = {j: low[j] + np.linspace(0, 1, _PIXELS + 1) * (high[j] - low[j]) for j in chosen}
    n = len(chosen)
    figure = Figure(figsize=(2.6 * n + 1.2, 2.3 * n + 0.4), layout="constrained")
    axes = figure.subplots(n, n, squeeze=False, sharex="col")
    maps = {(r, c): projection(boxes, (chosen[c], chosen[r])) for r in range(n) for c in range(r)}
    limits = {}
    if maps:
        values = np.concatenate([one.ravel() for one in maps.values()])
        limits = {"vmin": float(np.nanmin(values)), "vmax": float(np.nanmax(values))}
    mesh = None
    for r in range(n):
        for c in range(n):
            at = axes[r, c]
            if c > r:
                at.remove()
                continue
            if c == r:
                decorate(at)
                at.stairs(projection(boxes, (chosen[r],)), edges[chosen[r]], color=SIGNAL, baseline=None)
                at.yaxis.tick_right()
            else:
                mesh = at.pcolormesh(edges[chosen[c]], edges[chosen[r]], maps[r, c].T, cmap="viridis", **limits)
                if c == 0:
                    at.set_ylabel(labels[chosen[r]], fontsize="small")
            at.tick_params(labelsize="x-small")
            if r == n - 1:
                at.set_xlabel(labels[chosen[c]], fontsize="small")
    if mesh is not None:
        bar = figure.colorbar(mesh, ax=figure.axes, shrink=0.6, aspect=30)
        bar.set_label(f"Mean {_KINDS[content['kind']]}", fontsize="small")
        bar.ax.tick_params(labelsize="x-small")
    return figure


def _boxes(foam: dict[str, Any], kind: str) -> Boxes:
    """Lower and upper corners of the leaves in the unit cube, and what they hold."""
    dimensions = len(foam["minimum"])
    cells = len(foam["left"])
    low, high = np.zeros((cells, dimensions)), np.ones((cells, dimensions))
    for cell in range(cells):  # daughters come behind their mother
        if foam["left"][cell] < 0:
            continue
        j = foam["dimension"][cell]
        edge = low[cell, j] + foam["split"][cell] * (high[cell, j] - low[cell, j])
        for daughter in (foam["left"][cell], foam["right"][cell]):
            low[daughter], high[daughter] = low[cell], high[cell]
        high[foam["left"][cell], j] = low[foam["right"][cell], j] = edge
    leaves = foam["left"] < 0
    value = np.asarray(foam["value"], np.float64)[leaves]
    low, high = low[leaves], high[leaves]
    if kind == "density":
        value = value / np.prod((high - low) * (foam["maximum"] - foam["minimum"]), axis=1)
    return low, high, value


def projection(boxes: Boxes, axes: tuple[int, ...]) -> NDArray[np.float64]:
    """The mean of the leaves' values over all variables but some, on a raster of the unit interval or square."""
    low, high, value = boxes
    thickness = np.prod(np.delete(high - low, axes, axis=1), axis=1)
    centres = (np.arange(_PIXELS) + 0.5) / _PIXELS
    within = [(centres >= low[:, [j]]) & (centres < high[:, [j]]) for j in axes]
    weight = within[0].astype(np.float64) * thickness[:, None]
    if len(axes) == 1:
        mean: NDArray[np.float64] = (value @ weight) / weight.sum(axis=0)
        return mean
    other = within[1].astype(np.float64)
    plane: NDArray[np.float64] = ((weight * value[:, None]).T @ other) / (weight.T @ other)
    return plane
