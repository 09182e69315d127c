"""Partial dependence: the mean answer as a function of one or two variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import check_weights
from ..evaluation._arguments import positive_sum
from .subject import Events, Floats, Subject, subject


@dataclass(frozen=True)
class PartialDependence:
    """The mean answer on a grid.

    Attributes
    ----------
    variables : names of the one or two variables
    grid : one float64 array of ascending values per variable
    average : float64 array, one axis per variable
    error : standard error of ``average`` over the events, same shape; NaN from the recursion, which has no events
    individual : float64 array of shape (events, points) of a single variable, the curve of each event (ICE); None
        unless asked for
    answer : 'response' or 'score'
    output : name of the response
    """

    variables: tuple[str, ...]
    grid: tuple[Floats, ...]
    average: Floats
    error: Floats
    individual: Floats | None
    answer: str
    output: str


def partial_dependence(
    model: Any,
    X: Any,
    variables: str | int | Sequence[str | int],
    sample_weight: ArrayLike | None = None,
    *,
    grid: Any = None,
    grid_points: int = 40,
    percentiles: tuple[float, float] = (5.0, 95.0),
    method: Literal["brute", "recursion"] = "brute",
    answer: Literal["response", "score"] = "response",
    output: str | int = 0,
    individual: bool = False,
    labels: Sequence[str] | None = None,
) -> PartialDependence:
    """The mean answer if all events had the same value of one variable, or of two.

    Parameters
    ----------
    model : any trained method, see :mod:`diskern.inspection`
    X : array-like of shape (events, variables), or a data frame
        The events to average over (and to find the grid from), in the variables before any transformation.
    variables : label or number, or a sequence of one or two of them
    sample_weight : array-like of shape (events,), optional
        Weights of the mean, negative ones with their sign; their sum must be positive.
    grid : array of ascending values (one variable) or a pair of them, optional
        Without it ``grid_points`` equidistant values between the weighted ``percentiles`` of the events, or the
        distinct values if there are no more of them. There weights count by their absolute values.
    method : {'brute', 'recursion'}
        'brute': every event is evaluated at every point, any method; 'recursion': Friedman's weighted traversal of the
        trees, where the other variables follow the training weights of the nodes; takes no weights, needs
        answer='score' and no transformations; much faster.
    answer : {'response', 'score'}
        'response': what the method answers (of a classifier the probability of a class where it has one); 'score': the
        sum over the trees before the link.
    output : name or number of the response
    individual : bool
        Keep the curve of each event (individual conditional expectation; Goldstein et al., J. Comput. Graph. Stat. 24
        (2015) 44): one variable, 'brute'.
    labels : sequence of str, optional
        Names of the variables, where the method knows none.

    Returns
    -------
    PartialDependence

    Raises
    ------
    InvalidArgument
        Unknown variables, a grid that does not ascend, choices that do not go together, weights, shapes.

    Notes
    -----
    Friedman, Ann. Stat. 29 (2001) 1189, section 8.2. Where the variables are correlated the mean is taken over
    combinations that no event has.
    """
    seen = subject(model, labels)
    events = seen.read(X)
    weight = check_weights(sample_weight, len(events))
    columns = [seen.variable(v) for v in ([variables] if isinstance(variables, str | int | np.integer) else variables)]
    if len(columns) not in (1, 2) or len(set(columns)) != len(columns):
        raise InvalidArgument(f"variables must be one variable or two different ones, got {variables!r}")
    if method not in ("brute", "recursion"):
        raise InvalidArgument(f"method must be 'brute' or 'recursion', got {method!r}")
    if answer not in ("response", "score"):
        raise InvalidArgument(f"answer must be 'response' or 'score', got {answer!r}")
    if individual and (len(columns) != 1 or method != "brute"):
        raise InvalidArgument("individual curves need one variable and method='brute'")
    place = seen.output(output)
    axes = _grid(events, weight, columns, grid, grid_points, percentiles)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes)).astype(np.float32)
    curves = None
    if method == "recursion":
        if answer != "score":
            raise InvalidArgument("method='recursion' knows scores only: give answer='score'")
        if sample_weight is not None:
            raise InvalidArgument("method='recursion' follows the training weights in the trees: give no sample_weight")
        if seen.chain is not None and not seen.chain.empty:
            raise InvalidArgument("method='recursion' cannot see through the transformations of the method")
        average = _core.partial_dependence(seen.trees(), columns, points, threads=0)[:, place]
        error = np.full(len(points), np.nan)
    else:
        total = positive_sum(weight, "given")
        average, error = np.empty(len(points)), np.empty(len(points))
        curves = np.empty((len(events), len(points))) if individual else None
        moved = events.copy()
        for p, point in enumerate(points):
            moved[:, columns] = point
            answers = _answers(seen, moved, answer)[:, place]
            average[p] = weight @ answers / total
            error[p] = np.sqrt((weight**2) @ (answers - average[p]) ** 2) / total
            if curves is not None:
                curves[:, p] = answers
    shape = tuple(len(axis) for axis in axes)
    return PartialDependence(
        variables=tuple(seen.labels[j] for j in columns),
        grid=tuple(axes),
        average=average.reshape(shape),
        error=error.reshape(shape),
        individual=curves,
        answer=answer,
        output=seen.outputs[place],
    )


def _answers(seen: Subject, events: Events, answer: str) -> Floats:
    if answer == "response":
        return seen.respond(events)
    scores: NDArray[np.float64] = _core.raw_scores(seen.trees(), seen.transformed(events), threads=0)
    return scores


def _grid(
    events: Events,
    weight: Floats,
    columns: list[int],
    grid: Any,
    grid_points: int,
    percentiles: tuple[float, float],
) -> list[Floats]:
    if grid is not None:
        given = [grid] if len(columns) == 1 else list(grid)
        if len(given) != len(columns):
            raise InvalidArgument(f"grid must hold one array per variable: {len(columns)}, got {len(given)}")
        axes = [np.asarray(values, np.float64) for values in given]
        for values in axes:
            if values.ndim != 1 or len(values) == 0 or np.isnan(values).any() or (np.diff(values) <= 0).any():
                raise InvalidArgument("grid must hold ascending numbers, at least one per variable")
        return axes
    if isinstance(grid_points, bool) or not isinstance(grid_points, int | np.integer) or grid_points < 2:
        raise InvalidArgument(f"grid_points must be an integer of at least 2, got {grid_points!r}")
    low, high = percentiles
    if not 0.0 <= low < high <= 100.0:
        raise InvalidArgument(f"percentiles must ascend within 0 and 100, got {percentiles!r}")
    return [_axis(events[:, j], np.abs(weight), grid_points, low, high) for j in columns]


def _axis(column: NDArray[np.float32], weight: Floats, points: int, low: float, high: float) -> Floats:
    known = np.isfinite(column) & (weight > 0.0)
    values = column[known].astype(np.float64)
    if len(values) == 0:
        raise InvalidArgument("a variable has no finite value to find a grid from: give grid")
    distinct: Floats = np.unique(values)
    if len(distinct) <= points:
        return distinct
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[known][order])
    place = np.searchsorted(share, np.array([low, high]) / 100.0 * share[-1])
    first, last = values[order][np.minimum(place, len(values) - 1)]
    if not last > first:
        first, last = float(distinct[0]), float(distinct[-1])
    return np.linspace(first, last, points)
