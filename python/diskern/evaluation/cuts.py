"""What a cut on the response does: confusion matrix and its ratios, scans of the cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument
from ._arguments import Vector, check_classification, check_vector, check_weight, positive_sum


def confusion_matrix(
    class_index: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None, n_classes: int | None = None
) -> NDArray[np.float64]:
    """Sums of weights, float64 (true class, predicted class).

    Parameters
    ----------
    class_index, predicted : integer arrays (events,); booleans count as 0 and 1
    weight : array (events,), ones by default
    n_classes : size of the matrix; by default as large as the classes require
    """
    truth, guess = np.asarray(class_index), np.asarray(predicted)
    for array, name in ((truth, "class_index"), (guess, "predicted")):
        if array.ndim != 1 or array.dtype.kind not in "iub":
            raise InvalidArgument(f"{name} must be a vector of integers, got {array.dtype} of shape {array.shape}")
    if len(truth) != len(guess):
        raise InvalidArgument(f"predicted has {len(guess)} entries, class_index has {len(truth)}")
    w = check_weight(weight, len(truth))
    truth, guess = truth.astype(np.int64), guess.astype(np.int64)
    largest = int(max(truth.max(initial=-1), guess.max(initial=-1)))
    k = largest + 1 if n_classes is None else n_classes
    if largest >= k or min(truth.min(initial=0), guess.min(initial=0)) < 0:
        raise InvalidArgument(f"class indices must lie in 0..{k - 1}")
    matrix: NDArray[np.float64] = np.zeros(k * k)
    np.add.at(matrix, truth * k + guess, w)
    return matrix.reshape(k, k)


def ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator != 0 else float("nan")


def classification_scores(
    is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None, cut: float = 0.0
) -> dict[str, Any]:
    """Weighted accuracy, precision, sensitivity, specificity and confusion matrix of ``response > cut``.

    Returns
    -------
    dict with ``cut``, ``accuracy`` = (TP + TN) / all, ``precision`` (purity) = TP / (TP + FP), ``sensitivity`` (signal
    efficiency) = TP / (TP + FN), ``specificity`` (background rejection) = TN / (TN + FP), and ``confusion``, a 2 x 2
    list with rows true signal, true background and columns predicted signal, predicted background. A ratio whose
    denominator is zero is NaN.
    """
    signal, y, w = check_classification(is_signal, response, weight)
    matrix = confusion_matrix(~signal, ~(y > cut), w, 2)
    (true_positive, false_negative), (false_positive, true_negative) = matrix.tolist()
    return {
        "cut": float(cut),
        "accuracy": ratio(true_positive + true_negative, float(matrix.sum())),
        "precision": ratio(true_positive, true_positive + false_positive),
        "sensitivity": ratio(true_positive, true_positive + false_negative),
        "specificity": ratio(true_negative, true_negative + false_positive),
        "confusion": matrix.tolist(),
    }


def asimov_significance(signal: ArrayLike, background: ArrayLike, background_uncertainty: float = 0.0) -> Vector:
    """Median discovery significance of counts s over b, after Cowan, Cranmer, Gross, Vitells (EPJC 71, 1554 (2011)).

    With n = s + b, ``sqrt(2 (n ln(1 + s/b) - s))`` for a known background; with a relative uncertainty u, sigma = u b:
    ``sqrt(2 (n ln(n (b + sigma^2) / (b^2 + n sigma^2)) - b^2/sigma^2 ln(1 + sigma^2 s / (b (b + sigma^2)))))``.

    Parameters
    ----------
    signal, background : expected counts; arrays of the same shape
    background_uncertainty : relative; 0 means known exactly

    Returns
    -------
    float64 array; NaN where b <= 0 or s + b <= 0, 0 where s <= 0
    """
    if background_uncertainty < 0 or not np.isfinite(background_uncertainty):
        raise InvalidArgument(f"background_uncertainty must be a number >= 0, got {background_uncertainty!r}")
    s, b = np.broadcast_arrays(np.asarray(signal, np.float64), np.asarray(background, np.float64))
    valid = (b > 0) & (s + b > 0)
    s, b = np.where(valid, np.maximum(s, 0.0), 0.0), np.where(valid, b, 1.0)
    n = s + b
    if background_uncertainty > 0:
        variance = (background_uncertainty * b) ** 2
        half = n * np.log(n * (b + variance) / (b * b + n * variance)) - b * b / variance * np.log1p(
            variance * s / (b * (b + variance))
        )
    else:
        half = n * np.log1p(s / b) - s
    result: Vector = np.where(valid, np.sqrt(np.maximum(2 * half, 0.0)), np.nan)
    return result


@dataclass(frozen=True)
class CutScan:
    """Quantities of the selection ``response > cut``, one entry per cut.

    Attributes
    ----------
    cut : increasing
    signal_efficiency, background_efficiency : weighted fractions that pass
    purity : S / (S + B) for the expected numbers
    significance : S / sqrt(S + B)
    asimov, asimov_with_uncertainty : see :func:`asimov_significance`
    background_uncertainty : relative, of the latter
    expected_signal, expected_background : numbers of events before the cut
    """

    cut: Vector
    signal_efficiency: Vector
    background_efficiency: Vector
    purity: Vector
    significance: Vector
    asimov: Vector
    asimov_with_uncertainty: Vector
    background_uncertainty: float
    expected_signal: float
    expected_background: float

    def best(self, quantity: str = "significance") -> tuple[float, float]:
        """The cut with the largest value of a quantity, and that value; NaN where it is nowhere defined."""
        values = getattr(self, quantity)
        if np.isnan(values).all():
            return float("nan"), float("nan")
        index = int(np.nanargmax(values))
        return float(self.cut[index]), float(values[index])


def cut_scan(
    is_signal: ArrayLike,
    response: ArrayLike,
    weight: ArrayLike | None = None,
    expected_signal: float | None = None,
    expected_background: float | None = None,
    background_uncertainty: float = 0.1,
    cuts: int | ArrayLike = 201,
) -> CutScan:
    """Efficiency, purity and significance against the cut on the response.

    Parameters
    ----------
    is_signal, response, weight : as in :func:`roc_curve`
    expected_signal, expected_background : events before the cut; by default the sums of weights
    background_uncertainty : relative uncertainty for ``asimov_with_uncertainty``
    cuts : the cuts, or how many, evenly spaced over the finite responses
    """
    signal, y, w = check_classification(is_signal, response, weight)
    total_signal = positive_sum(w[signal], "signal")
    total_background = positive_sum(w[~signal], "background")
    n_signal = total_signal if expected_signal is None else float(expected_signal)
    n_background = total_background if expected_background is None else float(expected_background)
    for number, name in ((n_signal, "expected_signal"), (n_background, "expected_background")):
        if not (np.isfinite(number) and number >= 0):
            raise InvalidArgument(f"{name} must be a number >= 0, got {number!r}")
    if isinstance(cuts, (int, np.integer)):
        if cuts < 2:
            raise InvalidArgument(f"cuts must be at least 2, got {cuts}")
        finite = y[np.isfinite(y)]
        if len(finite) == 0:
            raise InvalidArgument("response holds infinities only")
        points = np.linspace(float(finite.min()), float(finite.max()), int(cuts))
    else:
        points = np.sort(check_vector(cuts, "cuts"))

    def passing(mask: NDArray[np.bool_], total: float) -> Vector:
        order = np.argsort(y[mask], kind="stable")
        below = np.concatenate(([0.0], np.cumsum(w[mask][order])))
        passed: Vector = (below[-1] - below[np.searchsorted(y[mask][order], points, side="right")]) / total
        return passed

    signal_efficiency, background_efficiency = passing(signal, total_signal), passing(~signal, total_background)
    s, b = n_signal * signal_efficiency, n_background * background_efficiency
    both = s + b
    defined = both > 0
    safe = np.where(defined, both, 1.0)
    return CutScan(
        cut=points,
        signal_efficiency=signal_efficiency,
        background_efficiency=background_efficiency,
        purity=np.where(defined, s / safe, np.nan),
        significance=np.where(defined, s / np.sqrt(safe), np.nan),
        asimov=asimov_significance(s, b),
        asimov_with_uncertainty=asimov_significance(s, b, background_uncertainty),
        background_uncertainty=float(background_uncertainty),
        expected_signal=n_signal,
        expected_background=n_background,
    )
