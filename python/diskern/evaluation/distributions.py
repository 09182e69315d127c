"""Comparisons of weighted distributions: separation, significance, Kolmogorov-Smirnov, effective statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._core import InvalidArgument
from ._arguments import Vector, check_classification, check_vector, check_weight, positive_sum


def effective_statistics(weight: ArrayLike) -> float:
    """``(sum w)^2 / sum w^2``: the number of unit-weight events with the same relative error. 0 if all are zero."""
    w = check_vector(weight, "weight", allow_infinite=False)
    squares = float(np.sum(w * w))
    return float(np.sum(w)) ** 2 / squares if squares > 0 else 0.0


def mean_and_rms(values: ArrayLike, weight: ArrayLike | None = None) -> tuple[float, float]:
    """Weighted mean and standard deviation ``sqrt(sum w (x - mean)^2 / sum w)``.

    The latter is NaN where negative weights make the variance negative or where values are infinite.
    """
    x = check_vector(values, "values")
    w = check_weight(weight, len(x))
    total = positive_sum(w, "given")
    with np.errstate(invalid="ignore"):  # infinite values
        mean = float(np.sum(w * x) / total)
        variance = float(np.sum(w * (x - mean) ** 2) / total)
    return mean, float(np.sqrt(variance)) if variance >= 0 else float("nan")


def response_range(is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None) -> tuple[float, float]:
    """TMVA's range of response histograms: [min, max] limited to mean +- 10 rms of the classes (tmva.md 5.2)."""
    signal, y, w = check_classification(is_signal, response, weight)
    low, high = np.inf, -np.inf
    for mask, what in ((signal, "signal"), (~signal, "background")):
        positive_sum(w[mask], what)
        mean, rms = mean_and_rms(y[mask], w[mask])
        if not np.isfinite(rms):  # strong negative weights, or infinite responses
            rms = np.inf
        low = min(low, mean - 10 * rms) if np.isfinite(mean) else -np.inf
        high = max(high, mean + 10 * rms) if np.isfinite(mean) else np.inf
    finite = y[np.isfinite(y)]
    if len(finite) == 0:
        raise InvalidArgument("response holds infinities only")
    return max(low, float(finite.min())), min(high, float(finite.max()))


def separation(
    is_signal: ArrayLike,
    response: ArrayLike,
    weight: ArrayLike | None = None,
    bins: int = 40,
    range: tuple[float, float] | None = None,
) -> float:
    """TMVA's separation, ``1/2 integral (s - b)^2 / (s + b) dy`` of normalised histograms: 0 equal, 1 disjoint.

    Bins where s + b <= 0 (possible with negative weights) are left out, as TMVA does. Events outside the range count
    in the edge bins.

    Parameters
    ----------
    is_signal, response, weight : as in :func:`roc_curve`
    bins : number of bins, TMVA's 40
    range : of the histogram; default :func:`response_range`
    """
    signal, y, w = check_classification(is_signal, response, weight)
    total_signal = positive_sum(w[signal], "signal")
    total_background = positive_sum(w[~signal], "background")
    low, high = response_range(signal, y, w) if range is None else range
    if not high > low:  # one single value
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        position = (np.clip(y, low, high) - low) * (bins / (high - low))
    index = np.clip(np.nan_to_num(position).astype(np.int64), 0, bins - 1)
    s = np.bincount(index[signal], w[signal], minlength=bins) / total_signal
    b = np.bincount(index[~signal], w[~signal], minlength=bins) / total_background
    both = s + b
    used = both > 0
    return float(0.5 * np.sum((s[used] - b[used]) ** 2 / both[used]))


def significance(is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None) -> float:
    """TMVA's significance, ``|mean_S - mean_B| / sqrt(rms_S^2 + rms_B^2)``; NaN where both widths vanish."""
    signal, y, w = check_classification(is_signal, response, weight)
    positive_sum(w[signal], "signal")
    positive_sum(w[~signal], "background")
    mean_signal, rms_signal = mean_and_rms(y[signal], w[signal])
    mean_background, rms_background = mean_and_rms(y[~signal], w[~signal])
    width = float(np.hypot(rms_signal, rms_background))
    if not width > 0:
        return float("nan")
    return abs(mean_signal - mean_background) / width


@dataclass(frozen=True)
class KolmogorovSmirnov:
    """distance: largest difference of the two cumulative distributions; p_value: probability of a larger one by
    chance; effective_first, effective_second: effective statistics of the samples."""

    distance: float
    p_value: float
    effective_first: float
    effective_second: float


def kolmogorov_probability(z: float) -> float:
    """Survival function of the Kolmogorov distribution, ``2 sum_k (-1)^(k-1) exp(-2 k^2 z^2)``."""
    if z <= 0:
        return 1.0
    k = np.arange(1, 101, dtype=np.float64)
    if z < 1.0:  # the other series (Jacobi theta) converges faster and without cancellation
        terms = np.exp(-((2 * k - 1) ** 2) * np.pi**2 / (8 * z * z))
        return float(np.clip(1.0 - np.sqrt(2 * np.pi) / z * terms.sum(), 0.0, 1.0))
    terms = np.where(k % 2 == 1, 1.0, -1.0) * np.exp(-2 * (k * z) ** 2)
    return float(np.clip(2 * terms.sum(), 0.0, 1.0))


def weighted_ks(
    first: ArrayLike,
    second: ArrayLike,
    first_weight: ArrayLike | None = None,
    second_weight: ArrayLike | None = None,
) -> KolmogorovSmirnov:
    """Two-sample Kolmogorov-Smirnov test of weighted, unbinned events.

    The distance is the largest difference of the signed cumulative sums; the p-value is the asymptotic one with the
    effective statistics n = (sum w)^2 / sum w^2 of each sample and Stephens' correction,
    ``Q((sqrt(m) + 0.12 + 0.11 / sqrt(m)) D)``, m = n1 n2 / (n1 + n2). (TMVA's own number compares 40-bin histograms
    and, with its option X, comes from pseudo-experiments: it cannot be reproduced from the events. This one can.)

    Raises
    ------
    InvalidArgument
        an empty sample, zero weights, a sum of weights that is not positive, NaN
    """
    x1, x2 = check_vector(first, "first"), check_vector(second, "second")
    w1, w2 = check_weight(first_weight, len(x1), "first_weight"), check_weight(second_weight, len(x2), "second_weight")
    total1, total2 = positive_sum(w1, "first sample's"), positive_sum(w2, "second sample's")
    values, group = np.unique(np.concatenate((x1, x2)), return_inverse=True)
    n = len(values)
    step: Vector = (
        np.bincount(group[: len(x1)], w1, minlength=n) / total1
        - np.bincount(group[len(x1) :], w2, minlength=n) / total2
    )
    distance = float(np.max(np.abs(np.cumsum(step))))
    n1, n2 = effective_statistics(w1), effective_statistics(w2)
    root = float(np.sqrt(n1 * n2 / (n1 + n2)))
    probability = kolmogorov_probability((root + 0.12 + 0.11 / root) * distance)
    return KolmogorovSmirnov(distance, probability, n1, n2)
