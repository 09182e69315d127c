"""Numbers that say how good responses are, weighted; larger or smaller is better as each says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from ..evaluation import roc_curve
from ..evaluation._arguments import positive_sum
from .subject import Floats, Subject


@dataclass(frozen=True)
class Metric:
    """``of(response (events, outputs), answer (events,), weight)`` with its name and sense."""

    name: str
    of: Callable[[Floats, NDArray[Any], Floats], float]
    larger_is_better: bool


def _roc_integral(response: Floats, answer: NDArray[Any], weight: Floats) -> float:
    if answer.dtype == np.bool_:
        return roc_curve(answer, response[:, 0], weight).integral
    integrals = [roc_curve(answer == k, response[:, k], weight).integral for k in range(response.shape[1])]
    return float(np.mean(integrals))


def _log_loss(response: Floats, answer: NDArray[Any], weight: Floats) -> float:
    if answer.dtype == np.bool_:
        probability = np.where(answer, response[:, 0], 1.0 - response[:, 0])
    else:
        probability = response[np.arange(len(answer)), answer]
    if (response < 0.0).any() or (response > 1.0).any():
        raise InvalidArgument("metric 'log_loss' needs probabilities, but responses lie outside [0, 1]")
    smallest = np.finfo(np.float64).tiny  # a probability of 0 has an infinite loss, which no mean survives
    return float(-np.sum(weight * np.log(np.maximum(probability, smallest))) / positive_sum(weight, "given"))


def _rmse(response: Floats, answer: NDArray[Any], weight: Floats) -> float:
    deviation = response[:, 0] - answer
    return float(np.sqrt(max(np.sum(weight * deviation**2) / positive_sum(weight, "given"), 0.0)))


def _mean_absolute_deviation(response: Floats, answer: NDArray[Any], weight: Floats) -> float:
    return float(np.sum(weight * np.abs(response[:, 0] - answer)) / positive_sum(weight, "given"))


_CLASSES = {
    "roc_integral": Metric("ROC integral", _roc_integral, True),
    "log_loss": Metric("log loss", _log_loss, False),
}
_TARGETS = {
    "rmse": Metric("RMSE", _rmse, False),
    "mean_absolute_deviation": Metric("mean absolute deviation", _mean_absolute_deviation, False),
}


def metric_of(metric: Any, subject: Subject) -> Metric:
    """The metric of a name; the first one of the analysis type for None; a callable as it is, larger being better.

    Raises
    ------
    InvalidArgument
        There is no such metric for the analysis type.
    """
    known = _TARGETS if subject.analysis_type == "Regression" else _CLASSES
    if metric is None:
        return next(iter(known.values()))
    if callable(metric):
        return Metric(getattr(metric, "__name__", "metric"), metric, True)
    if metric not in known:
        raise InvalidArgument(
            f"metric must be a function or one of {', '.join(known)} ({subject.analysis_type}), got {metric!r}"
        )
    return known[metric]
