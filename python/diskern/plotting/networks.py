"""Inside networks: neurons and weights, filters, feature maps, saliency, latent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument
from .style import BACKGROUND, SIGNAL, colour, new_axes

_MOST_NEURONS = 24


def mosaic(images: ArrayLike, columns: int | None = None) -> NDArray[np.float64]:
    """Images (count, rows, columns) beside each other in one, with a line of NaN between them."""
    images = np.asarray(images, dtype=np.float64)
    if images.ndim != 3 or 0 in images.shape:
        raise InvalidArgument(f"images have the shape {images.shape}, expected (count, rows, columns)")
    count, height, width = images.shape
    across = int(np.ceil(np.sqrt(count))) if columns is None else columns
    if isinstance(across, bool) or across < 1:
        raise InvalidArgument(f"columns must be a whole number of 1 or more, got {columns!r}")
    down = -(-count // across)
    result = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for i, image in enumerate(images):
        row, column = divmod(i, across)
        result[row * (height + 1) :, column * (width + 1) :][:height, :width] = image
    return result


def _image_axes(axes: Any) -> Any:
    axes = new_axes(axes, width=5.0, height=5.0)
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def plot_filters(weights: ArrayLike, *, channel: int = 0, title: str = "", axes: Any = None) -> Any:
    """The kernels of a 2-D convolution, (rows, columns, channels, maps), as `layer_weights` of a network gives them.

    One image per map, of one input channel; all in one scale of colours whose middle, white, is 0.
    """
    kernels = np.asarray(weights, dtype=np.float64)
    if kernels.ndim != 4:
        raise InvalidArgument(f"weights have the shape {kernels.shape}, expected (rows, columns, channels, maps)")
    if not 0 <= channel < kernels.shape[2]:
        raise InvalidArgument(f"channel must be a number from 0 to {kernels.shape[2] - 1}, got {channel!r}")
    axes = _image_axes(axes)
    image = mosaic(np.moveaxis(kernels[:, :, channel], -1, 0))
    most = float(np.nanmax(np.abs(image))) or 1.0
    drawn = axes.imshow(image, cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")
    axes.figure.colorbar(drawn, ax=axes, fraction=0.04)
    axes.set_title(title, fontsize="medium")
    return axes


def plot_feature_maps(maps: ArrayLike, *, title: str = "", axes: Any = None) -> Any:
    """What a layer gives for one event, (rows, columns, maps), as `feature_maps` of a network gives it; all maps in one
    scale of colours. Series, (steps, maps), are drawn as lines of colour below each other."""
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim == 2:
        values = values[np.newaxis]
    if values.ndim != 3:
        raise InvalidArgument(f"maps have the shape {values.shape}, expected (rows, columns, maps) or (steps, maps)")
    axes = _image_axes(axes)
    image = mosaic(np.moveaxis(values, -1, 0), columns=1 if values.shape[0] == 1 else None)
    drawn = axes.imshow(
        image, cmap="viridis", interpolation="nearest", aspect="auto" if values.shape[0] == 1 else "equal"
    )
    axes.figure.colorbar(drawn, ax=axes, fraction=0.04)
    axes.set_title(title, fontsize="medium")
    return axes


def plot_saliency(image: ArrayLike, gradients: ArrayLike, *, title: str = "", axes: Any = None) -> Any:
    """An image in grey and over it, in red, how much a network's answer depends on each pixel.

    Parameters
    ----------
    image : array of shape (rows, columns) or (rows, columns, channels)
        Channels are summed.
    gradients : array of the same shape
        As ``input_gradients`` of a network gives them for the image; of channels, the largest absolute value counts.
    """
    pixels, slopes = np.asarray(image, dtype=np.float64), np.abs(np.asarray(gradients, dtype=np.float64))
    if pixels.shape != slopes.shape or pixels.ndim not in (2, 3):
        raise InvalidArgument(
            f"image and gradients have the shapes {pixels.shape} and {slopes.shape}, expected the same one of two or "
            "three dimensions"
        )
    if pixels.ndim == 3:
        pixels, slopes = pixels.sum(axis=-1), slopes.max(axis=-1)
    axes = _image_axes(axes)
    axes.imshow(pixels, cmap="Greys", interpolation="nearest")
    share = slopes / max(float(slopes.max()), 1e-300)
    drawn = axes.imshow(share, cmap="Reds", alpha=0.85 * share, interpolation="nearest", vmin=0.0, vmax=1.0)
    axes.figure.colorbar(drawn, ax=axes, fraction=0.04, label="|gradient| / largest")
    axes.set_title(title, fontsize="medium")
    return axes


def principal_plane(latent: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Events in the plane of the two directions in which they spread most, and the shares of the variance there.

    Parameters
    ----------
    latent : array of shape (events, numbers)

    Returns
    -------
    float64 arrays of shape (events, 2) and (2,)
    """
    values = np.asarray(latent, dtype=np.float64)
    if values.ndim != 2 or len(values) < 2:
        raise InvalidArgument(f"latent has the shape {values.shape}, expected (events, numbers) of 2 or more events")
    centred = values - values.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    variances, directions = variances[::-1], directions[:, ::-1]
    # The sign is free: the largest component points upwards.
    directions = directions * np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(variances))])
    plane = centred @ directions[:, :2]
    share = np.maximum(variances[:2], 0.0) / max(float(variances.sum()), 1e-300)
    if plane.shape[1] == 1:
        plane, share = np.hstack([plane, np.zeros_like(plane)]), np.append(share, 0.0)
    return plane, share


def plot_latent_space(
    latent: ArrayLike,
    labels: Sequence[Any] | NDArray[Any] | None = None,
    *,
    most: int = 3000,
    title: str = "",
    axes: Any = None,
) -> Any:
    """Latent numbers of events, or what a layer gives, in their first two principal components.

    Parameters
    ----------
    latent : array of shape (events, numbers)
    labels : sequence, optional
        Of the events, for colours.
    most : int
        Events that are drawn of each label: the first ones.
    """
    plane, share = principal_plane(latent)
    kinds = np.zeros(len(plane), int) if labels is None else np.asarray(labels)
    if kinds.shape != (len(plane),):
        raise InvalidArgument(f"labels have the shape {kinds.shape}, expected ({len(plane)},)")
    axes = new_axes(axes)
    for i, kind in enumerate(np.unique(kinds)):
        axes.plot(*plane[kinds == kind][:most].T, ".", markersize=2, color=colour(i), label=str(kind))
    for name, value in (("x", 0), ("y", 1)):
        getattr(axes, f"set_{name}label")(
            f"principal component {value + 1} ({100 * share[value]:.0f} % of the variance)"
        )
    if labels is not None:
        axes.legend(fontsize="small", markerscale=4)
    axes.set_title(title, fontsize="medium")
    return axes


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
