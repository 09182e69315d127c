"""ROC curve of signed weights, its integral and the efficiencies read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument
from ._arguments import Vector, check_classification, check_vector, positive_sum


@dataclass(frozen=True)
class RocCurve:
    """Efficiencies of ``response >= threshold`` for every distinct response, from the tightest cut to none.

    All arrays have one entry per distinct response plus one: the first point is (0, 0) at threshold infinity.

    Attributes
    ----------
    signal_efficiency, background_efficiency : signed weight above the threshold over the sum of weights of the class
    signal_efficiency_error, background_efficiency_error : statistical errors, see :func:`efficiency_error`
    threshold : response of the cut
    integral : area under signal efficiency against background efficiency (equal to that of background rejection
        against signal efficiency)
    integral_error : its statistical error
    """

    signal_efficiency: Vector
    background_efficiency: Vector
    signal_efficiency_error: Vector
    background_efficiency_error: Vector
    threshold: Vector
    integral: float
    integral_error: float

    @property
    def background_rejection(self) -> Vector:
        """1 - background efficiency."""
        return 1.0 - self.background_efficiency

    def signal_efficiency_at(self, background_efficiency: float) -> tuple[float, float]:
        """Signal efficiency and its error where the curve first reaches a background efficiency.

        Linear between the points, so that events of equal response are shared out. The error is that of the signal
        efficiency at the fixed cut.

        Raises
        ------
        InvalidArgument
            unless 0 <= background_efficiency <= 1
        """
        if not 0.0 <= background_efficiency <= 1.0:
            raise InvalidArgument(f"background_efficiency must lie in [0, 1], got {background_efficiency!r}")
        reached = np.flatnonzero(self.background_efficiency >= background_efficiency)
        # The last point is (1, 1) up to rounding of the sums.
        after = int(reached[0]) if len(reached) else len(self.threshold) - 1
        if background_efficiency == 0.0:
            # As many signal events as come before the first background event.
            above = np.flatnonzero(self.background_efficiency > 0.0)
            after = max(int(above[0]) - 1, 0) if len(above) else len(self.threshold) - 1
            return float(self.signal_efficiency[after]), float(self.signal_efficiency_error[after])
        before = after - 1
        step = self.background_efficiency[after] - self.background_efficiency[before]
        share = (background_efficiency - self.background_efficiency[before]) / step if step > 0 else 1.0
        share = float(np.clip(share, 0.0, 1.0))

        def between(values: Vector) -> float:
            return float(values[before] + share * (values[after] - values[before]))

        return between(self.signal_efficiency), between(self.signal_efficiency_error)


def efficiency_error(passed: Vector, passed_squared: Vector, total: float, total_squared: float) -> Vector:
    """Statistical error of an efficiency e = P/T of weighted events.

    ``sqrt((1 - e)^2 sum_pass w^2 + e^2 sum_fail w^2) / T``: first-order propagation of independent Poisson counts
    with variance w^2 per event. For unit weights it is the binomial ``sqrt(e (1 - e) / T)``.
    """
    efficiency = passed / total
    variance = (1 - efficiency) ** 2 * passed_squared + efficiency**2 * (total_squared - passed_squared)
    error: Vector = np.sqrt(np.maximum(variance, 0.0)) / abs(total)
    return error


def roc_curve(is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None) -> RocCurve:
    r"""The ROC curve of weighted events; weights may be negative.

    The curve joins the signed cumulative sums of weights over the response; events of equal response are one step of
    it, and the integral is the trapezoid area, so that a tie counts one half:

    .. math:: A = \frac{1}{SB} \sum_{i \in S} \sum_{j \in B} s_i b_j k_{ij},\quad
              k_{ij} = [y_i > y_j] + \tfrac12 [y_i = y_j],\ S = \sum s_i,\ B = \sum b_j

    With independent Poisson fluctuations of each event's count, the error of the integral to first order is

    .. math:: \sigma_A^2 = \frac{1}{S^2} \sum_i s_i^2 (V_i - A)^2 + \frac{1}{B^2} \sum_j b_j^2 (U_j - A)^2

    where :math:`V_i = \sum_j b_j k_{ij} / B` is the background fraction below signal event i and
    :math:`U_j = \sum_i s_i k_{ij} / S` the signal fraction above background event j. For unit weights this is the
    error of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 837 (1988)) up to n/(n - 1).

    Parameters
    ----------
    is_signal : boolean array (events,)
    response : array (events,); signal is expected at large values; infinities are values, NaN is an error
    weight : array (events,), ones by default

    Raises
    ------
    InvalidArgument
        a class without events, with only zero weights or with a sum of weights that is not positive; NaN; shapes
    """
    signal, y, w = check_classification(is_signal, response, weight)
    total_signal = positive_sum(w[signal], "signal")
    total_background = positive_sum(w[~signal], "background")

    values, group = np.unique(y, return_inverse=True)
    n = len(values)

    def per_group(weights: Vector, mask: NDArray[np.bool_]) -> Vector:
        steps: Vector = np.bincount(group[mask], weights[mask], minlength=n)[::-1].astype(np.float64)
        return steps  # largest response first

    def cumulated(steps: Vector) -> Vector:
        return np.concatenate(([0.0], np.cumsum(steps)))

    squared = w * w
    steps_signal, steps_background = per_group(w, signal), per_group(w, ~signal)
    squares_signal, squares_background = per_group(squared, signal), per_group(squared, ~signal)
    sum_signal, sum_background = cumulated(steps_signal), cumulated(steps_background)
    # The sums' own last entries as totals: the curve then ends in exactly (1, 1).
    signal_efficiency = sum_signal / sum_signal[-1]
    background_efficiency = sum_background / sum_background[-1]
    integral = float(np.sum(np.diff(background_efficiency) * (signal_efficiency[1:] + signal_efficiency[:-1])) / 2)
    background_below = 1 - (background_efficiency[1:] + background_efficiency[:-1]) / 2  # V of a signal event
    signal_above = (signal_efficiency[1:] + signal_efficiency[:-1]) / 2  # U of a background event
    variance = (
        np.sum(squares_signal * (background_below - integral) ** 2) / total_signal**2
        + np.sum(squares_background * (signal_above - integral) ** 2) / total_background**2
    )
    sum_squares_signal, sum_squares_background = cumulated(squares_signal), cumulated(squares_background)
    return RocCurve(
        signal_efficiency=signal_efficiency,
        background_efficiency=background_efficiency,
        signal_efficiency_error=efficiency_error(
            sum_signal, sum_squares_signal, sum_signal[-1], sum_squares_signal[-1]
        ),
        background_efficiency_error=efficiency_error(
            sum_background, sum_squares_background, sum_background[-1], sum_squares_background[-1]
        ),
        threshold=np.concatenate(([np.inf], values[::-1])),
        integral=integral,
        integral_error=float(np.sqrt(variance)),
    )


def efficiency_at_background(
    is_signal: ArrayLike,
    response: ArrayLike,
    weight: ArrayLike | None = None,
    background_efficiency: float | ArrayLike = 0.1,
) -> tuple[Vector, Vector]:
    """Signal efficiencies, and their errors, at given background efficiencies.

    Returns
    -------
    efficiency, error : arrays with one entry per background efficiency
    """
    curve = roc_curve(is_signal, response, weight)
    points = check_vector(np.atleast_1d(np.asarray(background_efficiency, float)), "background_efficiency")
    pairs = [curve.signal_efficiency_at(float(point)) for point in points]
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def reference_cut(is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None = None) -> float:
    """TMVA's signal reference cut: where signal efficiency = background rejection (tmva.md 5.2).

    Events with ``response > cut`` count as signal-like; the cut lies halfway between two distinct responses.
    """
    curve = roc_curve(is_signal, response, weight)
    excess = curve.signal_efficiency + curve.background_efficiency - 1.0  # from -1 to 1 along the curve
    after = int(np.flatnonzero(excess >= 0)[0])
    upper, lower = curve.threshold[after - 1], curve.threshold[after]
    # A cut selects whole events: of the points on both sides of the crossing take the nearer one.
    if abs(excess[after]) < abs(excess[after - 1]) and after + 1 < len(curve.threshold):
        upper, lower = lower, curve.threshold[after + 1]
    if not np.isfinite(upper):
        return float(lower)
    if not np.isfinite(lower):
        return float(upper)
    return float(lower + (upper - lower) / 2)
