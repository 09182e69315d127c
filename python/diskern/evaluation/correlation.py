"""Correlations of variables, mutual information, ranking of the input variables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument
from ._arguments import Vector, check_mask, check_vector, check_weight, positive_sum
from .distributions import separation

_CHUNK = 65536  # events converted to float64 at a time


def check_matrix(values: ArrayLike, name: str = "X") -> NDArray[Any]:
    matrix = np.asarray(values)
    if matrix.dtype.kind not in "fiub":
        raise InvalidArgument(f"{name} must hold numbers, got dtype {matrix.dtype}")
    if matrix.ndim != 2:
        raise InvalidArgument(f"{name} must be two-dimensional (events, variables), got shape {matrix.shape}")
    return matrix


def correlation_matrix(X: ArrayLike, weight: ArrayLike | None = None) -> NDArray[np.float64]:
    """Weighted linear correlation coefficients, float64 (variables, variables).

    Events with a NaN in any variable are left out. Where a variance is not positive (a constant variable, or negative
    weights) the coefficients are NaN, 1 on the diagonal.

    Parameters
    ----------
    X : array (events, variables)
    weight : array (events,), ones by default
    """
    x = check_matrix(X)
    w = check_weight(weight, len(x))
    variables = x.shape[1]
    total, sums, scale = 0.0, np.zeros(variables), np.zeros(variables)
    absolute = 0.0
    for part, weights in _complete_chunks(x, w):
        total += float(weights.sum())
        absolute += float(np.abs(weights).sum())
        sums += weights @ part
        scale = np.maximum(scale, np.max(np.abs(part), axis=0, initial=0.0))
    if not total > 1e-12 * absolute:
        raise InvalidArgument(f"the weights of the complete events sum to {total:g}; expected a positive sum")
    mean = sums / total
    covariance = np.zeros((variables, variables))
    for part, weights in _complete_chunks(x, w):
        centred = part - mean
        covariance += (centred * weights[:, None]).T @ centred
    covariance /= total
    # Rounding leaves a constant column with a tiny variance; compare it with the scale of its values.
    variance = np.where(np.diag(covariance) > (1e-13 * scale) ** 2, np.diag(covariance), np.nan)
    width = np.sqrt(variance)
    result: NDArray[np.float64] = np.clip(covariance / np.outer(width, width), -1.0, 1.0)
    np.fill_diagonal(result, 1.0)
    return result


def _complete_chunks(x: NDArray[Any], w: Vector) -> Iterator[tuple[NDArray[np.float64], Vector]]:
    """Events without NaN or infinity, float64, in pieces that do not depend on the machine."""
    for start in range(0, len(x), _CHUNK):
        part = np.asarray(x[start : start + _CHUNK], dtype=np.float64)
        known = np.isfinite(part).all(axis=1)
        yield part[known], w[start : start + _CHUNK][known]


def mutual_information(
    x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, range: tuple[float, float] | None = None
) -> float:
    """``sum p_xy ln(p_xy / (p_x p_y))`` on TMVA's histogram of 75 x 50 bins (150 x 100 rebinned by two); in nats.

    Parameters
    ----------
    x, y : arrays (events,)
    range : common range of both axes (TMVA's for a regression and its target); by default each axis has its own
    """
    a, b = check_vector(x, "x", allow_infinite=False), check_vector(y, "y", allow_infinite=False)
    w = check_weight(weight, len(a))
    if len(b) != len(a):
        raise InvalidArgument(f"y has {len(b)} entries, x has {len(a)}")
    positive_sum(w, "given")

    def bins(values: Vector, count: int) -> NDArray[np.int64]:
        low, high = (float(values.min()), float(values.max())) if range is None else range
        scale = count / (high - low) if high > low else 0.0
        return np.clip(((values - low) * scale).astype(np.int64), 0, count - 1)

    # TH2F does not count an entry at the upper edge; here it belongs to the last bin.
    joint = np.bincount(bins(a, 75) * 50 + bins(b, 50), w, minlength=75 * 50).reshape(75, 50) / w.sum()
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    used = (joint > 0) & (product > 0)
    return float(np.sum(joint[used] * np.log(joint[used] / product[used])))


def variable_ranking(
    X: ArrayLike, is_signal: ArrayLike, weight: ArrayLike | None = None, labels: tuple[str, ...] | None = None
) -> list[tuple[str, float]]:
    """Variables by the separation of signal and background in each, best first.

    Histograms of 40 bins over mean +- 8 RMS of all events, within the data, as TMVA's input plots. NaN is left out.
    """
    x = check_matrix(X)
    signal = check_mask(is_signal)
    w = check_weight(weight, len(x))
    names = tuple(f"var{i}" for i in np.arange(x.shape[1])) if labels is None else labels
    ranking = []
    for name, column in zip(names, x.T, strict=True):
        known = np.isfinite(column)
        values, mask, weights = column[known].astype(np.float64), signal[known], w[known]
        if not (mask.any() and (~mask).any()):
            raise InvalidArgument(f"variable {name!r} has no finite values in one of the classes")
        ranking.append((name, separation(mask, values, weights, range=histogram_range(values, weights))))
    return sorted(ranking, key=lambda pair: -pair[1])


def target_ranking(
    X: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None, labels: tuple[str, ...] | None = None
) -> list[tuple[str, float, float, float]]:
    """Variables by how much they tell of a regression target, best absolute correlation first.

    Events with a NaN in the variable or target are left out.

    Returns
    -------
    list of (label, absolute linear correlation, mutual information in nats, correlation ratio)
    """
    x = check_matrix(X)
    t = np.asarray(target, np.float64)
    w = check_weight(weight, len(x))
    names = tuple(f"var{i}" for i in np.arange(x.shape[1])) if labels is None else labels
    ranking = []
    for name, column in zip(names, x.T, strict=True):
        known = np.isfinite(column) & np.isfinite(t)
        values, truth, weights = column[known].astype(np.float64), t[known], w[known]
        correlation = correlation_matrix(np.column_stack([values, truth]), weights)[0, 1]
        information = mutual_information(values, truth, weights)
        ranking.append((name, abs(float(correlation)), information, correlation_ratio(values, truth, weights)))
    return sorted(ranking, key=lambda row: -row[1] if np.isfinite(row[1]) else np.inf)


def histogram_range(values: Vector, weight: Vector) -> tuple[float, float]:
    """[min, max] within mean +- 8 RMS (TMVA's fTimesRMS)."""
    total = positive_sum(weight, "given")
    mean = float(np.sum(weight * values) / total)
    variance = float(np.sum(weight * (values - mean) ** 2) / total)
    reach = 8 * np.sqrt(variance) if variance > 0 else np.inf
    return max(float(values.min()), mean - reach), min(float(values.max()), mean + reach)


def correlation_ratio(x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Variance of the mean of y in 75 bins of x over the variance of y: 1 if y is a function of x, 0 if unrelated."""
    a, b = check_vector(x, "x", allow_infinite=False), check_vector(y, "y", allow_infinite=False)
    w = check_weight(weight, len(a))
    total = positive_sum(w, "given")
    low, high = histogram_range(a, w)
    mean = float(np.sum(w * b) / total)
    variance = float(np.sum(w * (b - mean) ** 2) / total)
    if not (high > low and variance > 0):
        return float("nan")
    index = np.clip(((a - low) * (75 / (high - low))).astype(np.int64), 0, 74)
    sums = np.bincount(index, w, minlength=75)
    used = sums > 0
    means = np.bincount(index, w * b, minlength=75)[used] / sums[used]
    return float(np.sum(sums[used] * (means - mean) ** 2) / sums[used].sum() / variance)
