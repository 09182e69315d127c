"""Density-based clustering."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core, _device
from .._validation import check_weights
from ._distances import Distances, check_algorithm, check_distances, check_threads, warn_of_two_powers
from ._points import validate_points

try:
    from sklearn.base import BaseEstimator, ClusterMixin
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument


class DBSCAN(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Density-based clustering of points with noise, exact, with scikit-learn's labels.

    Parameters
    ----------
    eps : float
        Two points are neighbours at this distance or below.
    min_samples : int
        A core point has so many neighbours at least, itself included (with weights: neighbours whose weights sum up to
        this).
    metric : {'euclidean', 'l2', 'manhattan', 'cityblock', 'l1', 'chebyshev', 'infinity', 'minkowski', 'haversine'}
        How distances are measured; 'minkowski' with the power ``p``; 'haversine' of (latitude, longitude) in radians,
        ``eps`` then is an arc in radians.
    metric_params : dict or None
        ``{'periods': [...]}``: one period per dimension, 0 for axes that are not periodic; along a periodic axis (such
        as an azimuth, 2 pi) differences go the shorter way round. 'minkowski' also takes ``p`` and ``w``.
    algorithm : {'auto', 'ball_tree', 'kd_tree', 'brute'}
        Accepted for scikit-learn's sake, without effect: every search is exact and gives the same labels.
    leaf_size : int
        Accepted for scikit-learn's sake, without effect.
    p : float or None
        Power of the Minkowski metric; None means 2.
    n_jobs : int or None
        Threads; None and -1: all. Labels do not depend on it.

    Attributes
    ----------
    labels_ : int64 array of shape (points,)
        Cluster of each point, numbered by the lowest index of a core point; noise is -1. A point within ``eps`` of core
        points of several clusters belongs to the lowest.
    core_sample_indices_ : int64 array of shape (core points,)
    components_ : array of shape (core points, dimensions)
        Copy of the core points.
    n_features_in_ : int
    feature_names_in_ : array of str, where the points had names
    event_cluster_counts_ : int64 array of shape (events,), of ``fit_predict_events`` only

    Notes
    -----
    Ester, Kriegel, Sander and Xu, KDD-96, 226. Distances are sums over the dimensions in their order, in float64 of the
    values given, compared with ``eps`` squared (Euclidean) or ``eps``, as by scikit-learn's trees: points exactly at
    ``eps`` are neighbours. Negative weights inhibit. Memory is proportional to the number of points.
    """

    labels_: NDArray[np.int64]
    core_sample_indices_: NDArray[np.int64]
    components_: NDArray[Any]
    n_features_in_: int

    def __init__(
        self,
        eps: float = 0.5,
        *,
        min_samples: int = 5,
        metric: str = "euclidean",
        metric_params: dict[str, Any] | None = None,
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.eps = eps
        self.min_samples = min_samples
        self.metric = metric
        self.metric_params = metric_params
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.n_jobs = n_jobs

    def _threads(self) -> int:
        return check_threads(self.n_jobs)

    def _metric(self, dimensions: int | None = None) -> Distances:
        return check_distances(self.metric, self.p, self.metric_params, dimensions)

    def _check_params(self) -> None:
        if isinstance(self.eps, bool) or not isinstance(self.eps, int | float | np.number) or not self.eps > 0:
            raise InvalidArgument(f"eps must be a positive number, got {self.eps!r}")
        if (
            isinstance(self.min_samples, bool)
            or not isinstance(self.min_samples, int | np.integer)
            or self.min_samples < 1
        ):
            raise InvalidArgument(f"min_samples must be a positive integer, got {self.min_samples!r}")
        check_algorithm(self.algorithm, self.leaf_size)
        warn_of_two_powers(self.p, self.metric_params)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> DBSCAN:
        """Cluster points.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            Finite numbers. An array on a CUDA device (CuPy, PyTorch, JAX, Numba, DLPack; float32 or float64; Euclidean,
            Manhattan or Chebyshev distances) is clustered there, with the same labels.
        y : ignored
        sample_weight : None or array-like of shape (points,)
            Weight of each point in the sums that make core points; negative ones inhibit. On the device of ``X``.

        Returns
        -------
        self
            Of points on a device the attributes are arrays of the same library there (``components_`` where its arrays
            can be indexed).

        Raises
        ------
        InvalidArgument
            Parameters or points that make no sense, naming them.
        KeyboardInterrupt
            After Ctrl-C; nothing is held then.
        """
        self._check_params()
        self._metric()
        threads = self._threads()
        if hasattr(self, "event_cluster_counts_"):
            del self.event_cluster_counts_  # of an earlier fit_predict_events
        if _device.is_on_device(X):
            return self._fit_on_device(X, sample_weight)
        points = validate_points(self, X, dtype=[np.float64, np.float32])
        distances = self._metric(points.shape[1])
        weight = None if sample_weight is None else check_weights(sample_weight, len(points))
        labels, core, _ = _core.fit_dbscan(
            distances.coordinates(points),
            float(self.eps),
            float(self.min_samples),
            distances.metric,
            weight,
            threads,
            power=distances.power,
            periods=distances.periods,
        )
        self.labels_ = labels
        self.core_sample_indices_ = np.flatnonzero(core).astype(np.int64)
        self.components_ = points[self.core_sample_indices_].copy()
        return self

    def _fit_on_device(self, X: Any, sample_weight: Any) -> DBSCAN:
        """``fit`` where the points are: the attributes are arrays of the same library on the same device."""
        metric = {"l2": "euclidean", "cityblock": "manhattan", "l1": "manhattan", "infinity": "chebyshev"}.get(
            self.metric, self.metric
        )
        if self.metric_params and any(self.metric_params.values()):
            raise _core.DeviceError("metric_params are not there yet for points on a CUDA device")
        power = 2.0 if self.p is None else float(self.p)
        if metric == "minkowski" and power in (1.0, 2.0, np.inf):
            metric = {1.0: "manhattan", 2.0: "euclidean", np.inf: "chebyshev"}[power]
        labels, indices, shape = _device.fit_dbscan(X, float(self.eps), float(self.min_samples), metric, sample_weight)
        self.n_features_in_ = shape[1]
        self.labels_ = labels
        self.core_sample_indices_ = indices
        if hasattr(self, "components_"):
            del self.components_  # of an earlier fit
        if hasattr(type(X), "__getitem__"):
            self.components_ = X[indices]
        return self

    def fit_predict_events(self, X: Any, offsets: Any, sample_weight: Any = None) -> NDArray[np.int64]:
        """Cluster the points of many events, each event on its own.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            The points of all events, one event after the other. Finite numbers.
        offsets : array-like of int of shape (events + 1,)
            Event ``e`` has the points ``offsets[e]`` to ``offsets[e + 1] - 1``; the first is 0, the last the number of
            points. Events may be empty. Awkward arrays have such offsets.
        sample_weight : None or array-like of shape (points,)
            As in ``fit``.

        Returns
        -------
        int64 array of shape (points,)
            Labels as ``fit`` gives them for each event alone: they start with 0 in every event. Also in ``labels_``;
            ``event_cluster_counts_`` holds the number of clusters of each event.
        """
        self._check_params()
        self._metric()
        threads = self._threads()
        points = validate_points(self, X, dtype=[np.float64, np.float32])
        distances = self._metric(points.shape[1])
        weight = None if sample_weight is None else check_weights(sample_weight, len(points))
        starts = np.asarray(offsets)
        if starts.ndim != 1 or starts.dtype.kind not in "iu":
            raise InvalidArgument(
                f"offsets must be a vector of integers, got an array of {starts.dtype} with shape {starts.shape}"
            )
        labels, core, counts = _core.fit_dbscan_events(
            distances.coordinates(points),
            np.ascontiguousarray(starts, dtype=np.int64),
            float(self.eps),
            float(self.min_samples),
            distances.metric,
            weight,
            threads,
            distances.power,
            distances.periods,
        )
        self.labels_ = labels
        self.core_sample_indices_ = np.flatnonzero(core).astype(np.int64)
        self.components_ = points[self.core_sample_indices_].copy()
        self.event_cluster_counts_ = counts
        return self.labels_
