"""Clusters of energy in calorimeter layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import check_weights
from ._points import validate_points

try:
    from sklearn.base import BaseEstimator, ClusterMixin
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument


class CLUE(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Clustering of energy: cells follow the nearest cell of higher energy density, up to a seed.

    Unlike DBSCAN it tells showers apart that touch each other: a valley between two maxima of the density is enough.

    Parameters
    ----------
    critical_distance : float
        d_c, in the units of the coordinates: the density of a cell is its energy and half of the energy of the cells
        within this distance.
    critical_density : float
        rho_c, in the units of the energies: a seed has this density at least.
    seed_distance : float or None
        delta_c: a seed has no cell of higher density within this distance. None: d_c.
    outlier_distance_factor : float
        A cell of less than rho_c without a cell of higher density within this times d_c is an outlier.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    labels_ : int64 array of shape (cells,)
        Number of the cluster; outliers, and cells that follow them, are -1.
    seed_indices_ : int64 array of shape (clusters,)
        The seed of each cluster, ascending.
    density_ : float64 array of shape (cells,)
    nearest_higher_ : int64 array of shape (cells,)
        The cell of higher density that each one follows; -1: none near enough.
    distance_to_higher_ : float64 array of shape (cells,)
        Infinity where there is none near enough.
    n_features_in_ : int
    feature_names_in_ : array of str, where the coordinates had names

    Notes
    -----
    Rovere, Chen, Di Pilato, Pantaleo and Seez, Front. Big Data 3 (2020) 591315. Distances are Euclidean, in float64 of
    the values given, between cells of one layer. Of equal densities that of the lower index is higher; of equally
    near cells the lowest index is followed. Sums run in the order of the indices: results do not depend on threads.
    """

    labels_: NDArray[np.int64]
    seed_indices_: NDArray[np.int64]
    density_: NDArray[np.float64]
    nearest_higher_: NDArray[np.int64]
    distance_to_higher_: NDArray[np.float64]
    n_features_in_: int

    def __init__(
        self,
        critical_distance: float = 1.0,
        critical_density: float = 1.0,
        *,
        seed_distance: float | None = None,
        outlier_distance_factor: float = 2.0,
        n_jobs: int | None = None,
    ) -> None:
        self.critical_distance = critical_distance
        self.critical_density = critical_density
        self.seed_distance = seed_distance
        self.outlier_distance_factor = outlier_distance_factor
        self.n_jobs = n_jobs

    def _threads(self) -> int:
        if self.n_jobs is None or self.n_jobs == -1:
            return 0
        if isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, int | np.integer) or self.n_jobs < 1:
            raise InvalidArgument(f"n_jobs must be None, -1 (all) or a positive integer, got {self.n_jobs!r}")
        return int(self.n_jobs)

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise InvalidArgument(f"{name} must be a number, got {value!r}")
        return float(value)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, layer: Any = None) -> CLUE:
        """Cluster the cells of an event.

        Parameters
        ----------
        X : array-like of shape (cells, dimensions)
            Coordinates of the cells (within their layer, where layers are given). Finite numbers.
        y : ignored
        sample_weight : None or array-like of shape (cells,)
            Energy of each cell, 1 by default; noise may make it negative.
        layer : None or array-like of int of shape (cells,)
            Cells of different layers are never neighbours. None: all cells are in one layer.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters or cells that make no sense, naming them.
        KeyboardInterrupt
            After Ctrl-C; nothing is held then.
        """
        distance = self._number("critical_distance")
        seed = distance if self.seed_distance is None else self._number("seed_distance")
        density, factor = self._number("critical_density"), self._number("outlier_distance_factor")
        threads = self._threads()
        cells = validate_points(self, X, dtype=np.float64)
        energy = np.ones(len(cells)) if sample_weight is None else check_weights(sample_weight, len(cells))
        layers = None
        if layer is not None:
            layers = np.asarray(layer)
            if layers.shape != (len(cells),) or layers.dtype.kind not in "iu":
                raise InvalidArgument(
                    f"layer must hold one integer per cell ({len(cells)}), got {layers.dtype} of shape {layers.shape}"
                )
            layers = np.ascontiguousarray(layers, np.int64)
        found = _core.fit_clue(cells, energy, distance, density, seed, factor, layers, threads)
        self.labels_, self.seed_indices_, self.density_, self.nearest_higher_, self.distance_to_higher_ = found
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None, layer: Any = None) -> NDArray[np.int64]:
        """``fit(X, y, sample_weight, layer).labels_``."""
        return self.fit(X, y, sample_weight, layer).labels_
