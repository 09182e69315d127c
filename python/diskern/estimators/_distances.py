"""Distances by scikit-learn's names, for DBSCAN and the neighbour estimators."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core

InvalidArgument = _core.InvalidArgument

_METRICS = {
    "euclidean": _core.Metric.euclidean,
    "l2": _core.Metric.euclidean,
    "manhattan": _core.Metric.manhattan,
    "cityblock": _core.Metric.manhattan,
    "l1": _core.Metric.manhattan,
    "chebyshev": _core.Metric.chebyshev,
    "infinity": _core.Metric.chebyshev,
    "haversine": _core.Metric.haversine,
}
_POWERS = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}
ALGORITHMS = ("auto", "ball_tree", "kd_tree", "brute")


@dataclass(frozen=True)
class Distances:
    """A metric as the core takes it.

    ``name`` and ``parameters`` are what scikit-learn calls ``effective_metric_`` and ``effective_metric_params_``.
    Where ``factor`` is not None, coordinates are multiplied by it first (Minkowski distance with weights).
    """

    metric: _core.Metric
    power: float
    periods: list[float]
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    factor: NDArray[np.float64] | None = None

    def coordinates(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """The points as the core compares them: float64, C order."""
        converted = np.ascontiguousarray(points, dtype=np.float64)
        return converted if self.factor is None else converted * self.factor


def _vector(values: Any, name: str, dimensions: int | None) -> NDArray[np.float64]:
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"metric_params[{name!r}] must be a list of numbers: {error}") from None
    if vector.ndim != 1 or (dimensions is not None and len(vector) != dimensions):
        raise InvalidArgument(
            f"metric_params[{name!r}] must hold one number per dimension ({dimensions}), got shape {vector.shape}"
        )
    if not np.isfinite(vector).all() or (vector < 0).any():
        raise InvalidArgument(f"metric_params[{name!r}] must hold finite numbers, not negative, got {vector.tolist()}")
    return vector


def check_distances(metric: Any, p: Any, metric_params: Any, dimensions: int | None = None) -> Distances:
    """The distance that the three parameters mean.

    Parameters
    ----------
    metric : str
        'euclidean' ('l2'), 'manhattan' ('l1', 'cityblock'), 'chebyshev' ('infinity'), 'minkowski' or 'haversine'.
    p : float or None
        Power of 'minkowski', positive; None means 2. 1, 2 and infinity become the metrics of their own names.
    metric_params : dict or None
        ``p`` and ``w`` (weights of the dimensions) of 'minkowski'; ``periods`` of all but 'haversine': one number per
        dimension, 0 where an axis is not periodic.
    dimensions : int or None
        Of the points, for the lengths of ``w`` and ``periods``.

    Raises
    ------
    InvalidArgument
    """
    if metric_params is not None and not isinstance(metric_params, dict):
        raise InvalidArgument(f"metric_params must be None or a dict, got {metric_params!r}")
    parameters = dict(metric_params or {})
    if not isinstance(metric, str) or (metric != "minkowski" and metric not in _METRICS):
        raise InvalidArgument(f"metric must be one of {', '.join([*_METRICS, 'minkowski'])}, got {metric!r}")
    given_power = parameters.pop("p", p) if metric == "minkowski" else p
    given_weights = parameters.pop("w", None) if metric == "minkowski" else None
    periods: list[float] = []
    if metric != "haversine" and "periods" in parameters:
        periods = _vector(parameters.pop("periods"), "periods", dimensions).tolist()
    if parameters:
        known = ["periods"] if metric != "haversine" else []
        known += ["p", "w"] if metric == "minkowski" else []
        raise InvalidArgument(
            f"metric_params: {', '.join(map(repr, parameters))} not known for metric {metric!r}; "
            f"expected {', '.join(known) or 'None'}"
        )
    name = metric
    effective: dict[str, Any] = {"periods": periods} if periods else {}
    power = 2.0
    factor = None
    if metric == "minkowski":
        power = 2.0 if given_power is None else given_power
        if isinstance(power, bool) or not isinstance(power, int | float | np.number) or not power > 0:
            raise InvalidArgument(f"p must be a positive number, got {given_power!r}")
        power = float(power)
        if given_weights is None and power in _POWERS:
            name = _POWERS[power]
        else:
            effective |= {"p": power, "w": given_weights}
        if given_weights is not None:
            weights = _vector(given_weights, "w", dimensions)
            if periods:
                raise InvalidArgument("metric_params: 'w' and 'periods' cannot be combined")
            # sum w |x - y|^p = sum |w^(1/p) x - w^(1/p) y|^p; the largest difference knows no weights
            factor = np.ones_like(weights) if np.isinf(power) else weights ** (1.0 / power)
    core = _METRICS.get(name if name != "minkowski" else _POWERS.get(power, ""), _core.Metric.minkowski)
    return Distances(core, power if core == _core.Metric.minkowski else 2.0, periods, name, effective, factor)


def warn_of_two_powers(p: Any, metric_params: Any) -> None:
    """scikit-learn's warning where the power is given twice."""
    if p is not None and isinstance(metric_params, dict) and "p" in metric_params:
        warnings.warn(
            "Parameter p is found in metric_params. The corresponding parameter from __init__ is ignored.",
            SyntaxWarning,
            stacklevel=4,
        )


def check_algorithm(algorithm: Any, leaf_size: Any) -> None:
    """scikit-learn's parameters of the search, which change nothing here."""
    if algorithm not in ALGORITHMS:
        raise InvalidArgument(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {algorithm!r}")
    if isinstance(leaf_size, bool) or not isinstance(leaf_size, int | np.integer) or leaf_size < 1:
        raise InvalidArgument(f"leaf_size must be a positive integer, got {leaf_size!r}")


def check_threads(n_jobs: Any) -> int:
    """The thread count for the core, where 0 means all."""
    if n_jobs is None or n_jobs == -1:
        return 0
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs < 1:
        raise InvalidArgument(f"n_jobs must be None, -1 (all) or a positive integer, got {n_jobs!r}")
    return int(n_jobs)
