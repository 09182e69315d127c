"""How flat a response is in protected variables: weighted measures over bins.

The measures are those of Rogozhnikov et al., "New approaches for boosting to uniformity", arXiv:1410.4140, section 3:
zero where every cut has the same efficiency in every bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._core import InvalidArgument
from .._validation import contiguous
from ._arguments import Vector, check_vector, check_weight, positive_sum

EFFICIENCIES = (0.5, 0.6, 0.7, 0.8, 0.9)


def protected_bins(variables: Any, weight: ArrayLike | None = None, n_bins: int = 10) -> NDArray[np.int32]:
    """Bins of about equal weight in one to four variables.

    Parameters
    ----------
    variables : array-like of shape (events,) or (events, variables)
        Finite numbers.
    weight : array-like of shape (events,), optional
        Bins are quantiles of its absolute value.
    n_bins : int
        Per variable: quantiles of the first, within each of its bins those of the second, and so on.

    Returns
    -------
    int32 array of shape (events,)
    """
    matrix = np.asarray(variables, np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or not 1 <= matrix.shape[1] <= 4:
        raise InvalidArgument(f"variables must have shape (events,) or (events, 1 to 4), got {matrix.shape}")
    weights = check_weight(weight, len(matrix))
    bins: NDArray[np.int32] = _core.protected_bins(contiguous(matrix, np.float64), weights, n_bins)
    return bins


def bin_efficiencies(
    response: ArrayLike,
    bins: ArrayLike,
    weight: ArrayLike | None = None,
    efficiencies: Sequence[float] = EFFICIENCIES,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Efficiency in every bin of the cuts that have given efficiencies overall.

    Parameters
    ----------
    response : array-like of shape (events,)
        Of one class; an event passes with a response above the cut.
    bins : int array-like of shape (events,)
        Bin of each event, e.g. from :func:`protected_bins`.
    weight : array-like of shape (events,), optional
        Negative weights count as they are; every bin needs a positive sum.
    efficiencies : sequence of float
        Overall efficiencies, above 0 and below 1.

    Returns
    -------
    efficiency : float64 array of shape (efficiencies, bins with events)
    share : float64 array of shape (bins with events,)
        Weight of each bin over all weight.
    """
    values, place, weights, totals = _binned(response, bins, weight)
    levels = np.asarray(efficiencies, np.float64)
    if levels.ndim != 1 or len(levels) == 0 or not ((levels > 0) & (levels < 1)).all():
        raise InvalidArgument(f"efficiencies must lie between 0 and 1, got {efficiencies!r}")
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - 0.5 * weights[order]
    cuts = np.interp(1.0 - levels, np.maximum.accumulate(middle) / weights.sum(), values[order])
    passed = np.array([np.bincount(place, weights * (values > cut), len(totals)) for cut in cuts])
    return passed / totals, totals / totals.sum()


def efficiency_deviation(
    response: ArrayLike,
    bins: ArrayLike,
    weight: ArrayLike | None = None,
    efficiencies: Sequence[float] = EFFICIENCIES,
    power: float = 2.0,
) -> float:
    """Standard deviation of the efficiency over bins (SDE), averaged over cuts.

    ``(mean over cuts of sum over bins share * |efficiency - mean efficiency|^power)^(1/power)``; arguments as in
    :func:`bin_efficiencies`.
    """
    if not power > 0:
        raise InvalidArgument(f"power must be positive, got {power}")
    efficiency, share = bin_efficiencies(response, bins, weight, efficiencies)
    mean = (efficiency * share).sum(axis=1, keepdims=True)
    return float(((np.abs(efficiency - mean) ** power * share).sum(axis=1).mean()) ** (1.0 / power))


def theil_index(
    response: ArrayLike,
    bins: ArrayLike,
    weight: ArrayLike | None = None,
    efficiencies: Sequence[float] = EFFICIENCIES,
) -> float:
    """Theil index of the efficiency over bins, averaged over cuts: sum of share * r ln r, r = efficiency over mean.

    Arguments as in :func:`bin_efficiencies`. An efficiency that negative weights bring below zero is an error.
    """
    efficiency, share = bin_efficiencies(response, bins, weight, efficiencies)
    if (efficiency < 0).any():
        raise InvalidArgument("negative weights make the efficiency of a bin negative; the Theil index has no meaning")
    ratio = efficiency / (efficiency * share).sum(axis=1, keepdims=True)
    logarithm = np.log(np.where(ratio > 0, ratio, 1.0))
    return float((ratio * logarithm * share).sum(axis=1).mean())


def cramer_von_mises(
    response: ArrayLike, bins: ArrayLike, weight: ArrayLike | None = None, power: float = 2.0
) -> float:
    """Cramer-von-Mises distance of the response within bins from that of all: sum of share * integral |F_b - F|^p dF.

    Parameters
    ----------
    response, bins, weight
        As in :func:`bin_efficiencies`.
    power : float
        The power p.
    """
    values, place, weights, totals = _binned(response, bins, weight)
    _, rank = np.unique(values, return_inverse=True)
    n = int(rank.max()) + 1
    steps = np.bincount(rank, weights, n) / weights.sum()
    overall = np.cumsum(steps) - 0.5 * steps
    result = 0.0
    for b, total in enumerate(totals):
        mine = place == b
        local = np.bincount(rank[mine], weights[mine], n) / total
        distance = np.abs(np.cumsum(local) - 0.5 * local - overall) ** power
        result += float(total / totals.sum() * (distance * steps).sum())
    return result


def _binned(
    response: ArrayLike, bins: ArrayLike, weight: ArrayLike | None
) -> tuple[Vector, NDArray[np.intp], Vector, NDArray[Any]]:
    """Response, place of each event's bin among those with events, weight, and the sum of weights of these bins."""
    values = check_vector(response, "response", allow_infinite=False)
    numbers = np.asarray(bins)
    if numbers.shape != values.shape or numbers.dtype.kind not in "iu":
        raise InvalidArgument(
            f"bins must be {len(values)} integers, one per event, got shape {numbers.shape} of dtype {numbers.dtype}"
        )
    weights = check_weight(weight, len(values))
    positive_sum(weights, "chosen")
    labels, place = np.unique(numbers, return_inverse=True)
    totals = np.bincount(place, weights, len(labels))
    if (totals <= 0).any():
        raise InvalidArgument(f"the weights of bin {labels[int(np.argmin(totals))]} do not have a positive sum")
    return values, place, weights, totals
