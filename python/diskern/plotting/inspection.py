"""What trained methods look at: importances, SHAP values, partial dependence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .style import BACKGROUND, SIGNAL, new_axes

if TYPE_CHECKING:
    from ..inspection import Importance, PartialDependence, ShapValues

# Points of one variable in a beeswarm or dependence plot; more of them only hide each other.
MAXIMUM_POINTS = 3000


def plot_importance(importance: Importance, *, maximum: int = 30, axes: Any = None) -> Any:
    """Horizontal bars with error bars, the most important variable on top.

    Parameters
    ----------
    importance : Importance
        Of :func:`diskern.inspection.forest_importance`, :func:`~diskern.inspection.permutation_importance` or
        ``ShapValues.importance``.
    maximum : int
        Most variables to draw.
    axes : matplotlib axes; a new figure of fitting size without them

    Returns
    -------
    matplotlib.axes.Axes
    """
    order = np.argsort(-importance.values, kind="stable")[:maximum]
    axes = new_axes(axes, height=max(1.6, 0.28 * len(order) + 0.9))
    errors = importance.errors[order]
    axes.barh(
        range(len(order)),
        importance.values[order],
        xerr=np.where(np.isfinite(errors), errors, 0.0),
        color=SIGNAL,
        height=0.7,
        error_kw={"ecolor": "0.25", "elinewidth": 1.2, "capsize": 2},
    )
    axes.set_yticks(range(len(order)), [importance.variables[j] for j in order], fontsize="small")
    axes.invert_yaxis()
    axes.set_xlabel(importance.kind)
    return axes


def plot_shap_summary(shap: ShapValues, output: str | int = 0, *, maximum: int = 20, axes: Any = None) -> Any:
    """SHAP values of all events, a swarm of points per variable, coloured by the value of the variable.

    Variables are ordered by the weighted mean of the absolute values. The width of a swarm is the weighted density of
    the values; events of weight zero are not drawn, nor is the sign of a weight.

    Parameters
    ----------
    shap : ShapValues
    output : name or number of the response
    maximum : int
        Most variables to draw.
    axes : matplotlib axes; a new figure of fitting size without them

    Returns
    -------
    matplotlib.axes.Axes
    """
    values = shap.of(output)
    order = np.argsort(-shap.importance(output).values, kind="stable")[:maximum]
    axes = new_axes(axes, width=6.8, height=max(2.4, 0.34 * len(order) + 1.0))
    shown = _some(shap.weight)
    weight = np.abs(shap.weight[shown])
    image = None
    for row, j in enumerate(order):
        spread = _swarm(values[shown, j], weight)
        share = _ranks(shap.events[shown, j])
        known = np.isfinite(share)
        axes.scatter(values[shown, j][~known], (row + spread)[~known], s=5, color="0.6", linewidths=0, rasterized=True)
        image = axes.scatter(
            values[shown, j][known],
            (row + spread)[known],
            s=5,
            c=share[known],
            cmap="plasma",
            vmin=0.0,
            vmax=1.0,
            linewidths=0,
            rasterized=True,
        )
    axes.axvline(0.0, color="0.4", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(order)), [shap.variables[j] for j in order], fontsize="small")
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlabel("SHAP value (change of the score)")
    if image is not None:
        bar = axes.figure.colorbar(image, ax=axes, ticks=[0.0, 1.0], pad=0.02, aspect=30)
        bar.ax.set_yticklabels(["low", "high"], fontsize="small")
        bar.set_label("value of the variable\n(missing: grey)", fontsize="small")
        bar.outline.set_visible(False)
    return axes


def plot_shap_dependence(
    shap: ShapValues,
    variable: str | int,
    output: str | int = 0,
    *,
    colour_by: str | int | None = None,
    axes: Any = None,
) -> Any:
    """SHAP value of one variable against its value, event by event.

    Parameters
    ----------
    shap : ShapValues
    variable : label or number
    output : name or number of the response
    colour_by : label or number, optional
        Another variable that colours the points: where points of one value lie apart by colour, the two variables act
        together.
    axes : matplotlib axes; a new figure without them

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InvalidArgument
        Unknown variables.
    """
    j = _variable(shap, variable)
    axes = new_axes(axes)
    shown = _some(shap.weight)
    x, y = shap.events[shown, j], shap.of(output)[shown, j]
    known = np.isfinite(x)
    if colour_by is None:
        axes.scatter(x[known], y[known], s=6, color=SIGNAL, alpha=0.6, linewidths=0, rasterized=True)
    else:
        other = _variable(shap, colour_by)
        image = axes.scatter(
            x[known],
            y[known],
            s=6,
            c=_ranks(shap.events[shown, other])[known],
            cmap="plasma",
            vmin=0.0,
            vmax=1.0,
            plotnonfinite=True,
            linewidths=0,
            rasterized=True,
        )
        bar = axes.figure.colorbar(image, ax=axes, ticks=[0.0, 1.0], pad=0.02, aspect=30)
        bar.ax.set_yticklabels(["low", "high"], fontsize="small")
        bar.set_label(shap.variables[other], fontsize="small")
        bar.outline.set_visible(False)
    axes.axhline(0.0, color="0.4", linewidth=0.8, zorder=0)
    label = shap.variables[j]
    if not known.all():
        missing = y[~known]
        axes.axhspan(missing.min(), missing.max(), color="0.8", alpha=0.5, zorder=0, label="missing or infinite")
        axes.legend(fontsize="small")
    axes.set_xlabel(label)
    axes.set_ylabel(f"SHAP value of {label}")
    return axes


def plot_partial_dependence(dependence: PartialDependence, *, curves: int = 100, axes: Any = None) -> Any:
    """The mean answer against one variable, with its error and the curves of single events, or a map of two.

    Parameters
    ----------
    dependence : PartialDependence
    curves : int
        Most curves of single events to draw, the first ones; they are drawn only where they were kept.
    axes : matplotlib axes; a new figure without them

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = new_axes(axes)
    word = f"Mean {dependence.answer}" + (f" ({dependence.output})" if dependence.output else "")
    if len(dependence.variables) == 2:
        x, y = dependence.grid
        image = axes.pcolormesh(x, y, dependence.average.T, shading="nearest", cmap="viridis", rasterized=True)
        axes.figure.colorbar(image, ax=axes, label=word)
        axes.grid(False)
        axes.set_xlabel(dependence.variables[0])
        axes.set_ylabel(dependence.variables[1])
        return axes
    x = dependence.grid[0]
    if dependence.individual is not None:
        for number, curve in enumerate(dependence.individual[:curves]):
            axes.plot(x, curve, color="0.75", linewidth=0.6, zorder=1, label="single events" if number == 0 else None)
    if np.isfinite(dependence.error).all():
        low, high = dependence.average - dependence.error, dependence.average + dependence.error
        axes.fill_between(x, low, high, color=BACKGROUND, alpha=0.3, linewidth=0, zorder=2)
    marker = "o" if len(x) < 12 else None
    axes.plot(x, dependence.average, color=BACKGROUND, linewidth=2.0, marker=marker, zorder=3, label="mean")
    if dependence.individual is not None:
        axes.legend(fontsize="small")
    axes.set_xlabel(dependence.variables[0])
    axes.set_ylabel(word)
    return axes


def _variable(shap: ShapValues, variable: str | int) -> int:
    if isinstance(variable, str):
        if variable not in shap.variables:
            raise InvalidArgument(f"there is no variable {variable!r}; the variables are {', '.join(shap.variables)}")
        return shap.variables.index(variable)
    if isinstance(variable, bool) or not 0 <= variable < len(shap.variables):
        raise InvalidArgument(f"variable must lie in 0..{len(shap.variables) - 1}, got {variable!r}")
    return int(variable)


def _some(weight: NDArray[np.float64]) -> NDArray[np.intp]:
    """Evenly chosen events of weight, at most MAXIMUM_POINTS."""
    present = np.flatnonzero(weight)
    if len(present) <= MAXIMUM_POINTS:
        return present
    return present[np.linspace(0, len(present) - 1, MAXIMUM_POINTS).astype(np.intp)]


def _ranks(column: NDArray[np.float32]) -> NDArray[np.float64]:
    """Values between 0 and 1 from the 5th to the 95th percentile; NaN stays."""
    values = column.astype(np.float64)
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return np.full(len(values), np.nan)
    low, high = np.percentile(finite, [5, 95])
    if not high > low:
        low, high = finite.min(), finite.max()
    scaled: NDArray[np.float64] = (values - low) / (high - low) if high > low else np.where(values == low, 0.5, values)
    return np.clip(scaled, 0.0, 1.0)


def _swarm(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertical places in [-0.4, 0.4]: the points of a bin alternate around the middle as far as the bin is full."""
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if not high > low:
        return np.zeros(len(values))
    bins = np.minimum(((values - low) / (high - low) * 100).astype(np.intp), 99)
    content = np.bincount(bins, weight, 100)
    width = 0.4 * content[bins] / content.max()
    place = np.zeros(len(values))
    for one in np.unique(bins):
        members = np.flatnonzero(bins == one)
        steps = (np.arange(len(members)) + 0.5) / len(members) * 2.0 - 1.0
        # In the order of the events, which has nothing to do with the variable.
        place[members] = np.random.Generator(np.random.Philox(int(one))).permutation(steps)
    result: NDArray[np.float64] = place * width
    return result
