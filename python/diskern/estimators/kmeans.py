"""k-means clustering."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .. import _core, _device
from ._base import InvalidArgument
from ._kmeans import KMeansBase


def same_clustering(first: NDArray[np.int32], second: NDArray[np.int32], n_clusters: int) -> bool:
    """Whether two labellings are the same up to the numbers of the clusters."""
    pairs = np.unique(first.astype(np.int64) * n_clusters + second)
    return len(np.unique(pairs // n_clusters)) == len(pairs) == len(np.unique(pairs % n_clusters))


class KMeans(KMeansBase):
    """k-means clustering with scikit-learn's conventions.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.
    init : {'k-means++', 'k-means||', 'random'}, function or array-like of shape (n_clusters, dimensions)
        Where the iterations start. 'k-means++': points drawn one after the other with a probability proportional to the
        squared distance to those drawn before, the best of 2 + log(n_clusters) each time. 'k-means||': the same from a
        weighted sample that is drawn in five rounds. 'random': different points. A function is called as
        ``init(X, n_clusters, random_state=...)`` with X as it was given and returns the centres.
    n_init : 'auto' or int
        Number of starts, of which the one with the smallest inertia is kept; 'auto': 10 for 'random' and functions,
        else 1.
    max_iter : int
        Most iterations of one start.
    tol : float
        The iterations end when the squared shift of all centres together is at most ``tol`` times the mean variance of
        the columns, and when no label changes.
    verbose : int
        1 prints the inertia after each iteration.
    random_state : int, RandomState or None
        Seed; None draws a new one.
    copy_x : bool
        Accepted for scikit-learn's sake, without effect: X is never changed.
    algorithm : {'lloyd', 'elkan'}
        Accepted for scikit-learn's sake, without effect: labels are exact, and what is fastest is chosen by itself.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    cluster_centers_ : array of shape (n_clusters, dimensions), float32 for float32 points, else float64
    labels_ : int32 array of shape (points,)
        Nearest of ``cluster_centers_``, in float64; of equally near ones the lowest.
    inertia_ : float
        Weighted sum of the squared distances to the centre of the own cluster, in float64.
    n_iter_ : int
        Iterations of the start that was kept.
    n_features_in_ : int
    feature_names_in_ : array of str, where the points had names

    Notes
    -----
    Lloyd, IEEE Trans. Inf. Theory 28 (1982) 129; Arthur and Vassilvitskii, SODA 2007, 1027; Bahmani et al., PVLDB 5
    (2012) 622. Weights must not be negative. Clusters that lose all their points get the points farthest from their
    centres. Random numbers are not those of scikit-learn, so one seed gives other starts than there. Results are
    the same for every number of threads and instruction set. Far from the origin float64 points keep their accuracy;
    centres of float32 points are rounded to float32.
    """

    _method_name: ClassVar[str] = "KMeans"
    _default_n_init: ClassVar[int] = 10

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.n_jobs = n_jobs

    def _check_params(self) -> None:
        super()._check_params()
        if not isinstance(self.algorithm, str) or self.algorithm not in ("lloyd", "elkan"):
            raise InvalidArgument(f"algorithm must be 'lloyd' or 'elkan', got {self.algorithm!r}")
        if not isinstance(self.copy_x, bool | np.bool_ | int):
            raise InvalidArgument(f"copy_x must be True or False, got {self.copy_x!r}")
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warnings.warn(
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                RuntimeWarning,
                stacklevel=3,
            )

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> KMeans:
        """Cluster points.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            Finite numbers. float32 and float64 are used as they are, anything else becomes float64. An array on a CUDA
            device (CuPy, PyTorch, JAX, Numba, DLPack; without weights, ``init`` 'k-means++' or an array) is clustered
            there; ``labels_`` then is an array of the same library there.
        y : ignored
        sample_weight : None or array-like of shape (points,)
            Weight of each point in centres, inertia and starts (not in centres given by ``init``); not negative.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters or points that make no sense, naming them.
        KeyboardInterrupt
            After Ctrl-C; the centres of the last iteration are held, unless it came before the first was done.

        Warns
        -----
        ConvergenceWarning
            Fewer different points than clusters.
        """
        self._check_params()
        if _device.is_on_device(X):
            return self._fit_on_device(X, sample_weight)
        threads = self._threads()
        points = self._check_points(X, reset=True, finite=False)  # the core tells NaN and infinity
        self._check_against(points)
        weight = self._check_weight(sample_weight, len(points))
        if self._init_is_array():
            self._check_centres(self.init, points)
        random_state = self._random_state()
        seed = self._seed()
        held = _core.KMeansPoints(points, weight, threads)
        self._tol = 0.0 if self.tol == 0 else float(self.tol) * held.mean_variance(threads)

        best: dict[str, Any] | None = None
        for run in range(self._n_init):
            start = self._start(points, held, seed, run, random_state)
            if self.verbose:
                print("Initialization complete")
            result = held.fit(start, int(self.max_iter), self._tol, trace=bool(self.verbose), threads=threads)
            if self.verbose:
                self._tell(result)
            if best is None or (
                result["inertia"] < best["inertia"]
                and not same_clustering(result["labels"], best["labels"], self.n_clusters)
            ):
                best = result
            if result["stop"] == _core.KMeansStop.interrupted:
                break
        assert best is not None
        self.cluster_centers_ = best["centres"]
        self._n_features_out = len(self.cluster_centers_)
        self.labels_ = best["labels"]
        self.inertia_ = best["inertia"]
        self.n_iter_ = best["iterations"]
        if result["stop"] == _core.KMeansStop.interrupted:
            raise KeyboardInterrupt
        distinct = best["used"]
        if distinct < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({distinct}) found smaller than n_clusters ({self.n_clusters}). Possibly "
                "due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _fit_on_device(self, X: Any, sample_weight: Any) -> KMeans:
        """``fit`` where the points are: labels are an array of the same library there, centres a NumPy array."""
        if sample_weight is not None:
            raise _core.DeviceError("sample_weight is not there yet for points on a CUDA device")
        points = _device.KMeansPoints(X)
        n, dimensions = points.shape
        if n < self.n_clusters:
            raise InvalidArgument(f"n_samples={n} should be >= n_clusters={self.n_clusters}.")
        if (isinstance(self.init, str) and self.init != "k-means++") or callable(self.init):
            raise _core.DeviceError(
                f"init={self.init!r} is not there yet for points on a CUDA device; 'k-means++' and arrays are"
            )
        starts = 1 if self._init_is_array() or self.n_init == "auto" else int(self.n_init)
        seed = self._seed()
        tolerance = 0.0 if self.tol == 0 else float(self.tol) * points.mean_variance()
        best: dict[str, Any] | None = None
        for run in range(starts):
            if self._init_is_array():
                start = self._check_centres(self.init, np.empty((0, dimensions), points.where.dtype))
            else:
                start = points.seed(int(self.n_clusters), seed, run)
            result = points.fit(start, int(self.max_iter), tolerance)
            if best is None or result["inertia"] < best["inertia"]:
                best = result
        assert best is not None
        self.n_features_in_ = dimensions
        self.cluster_centers_ = best["centres"].astype(points.where.dtype)
        self._n_features_out = len(self.cluster_centers_)
        self.labels_ = best["labels"]
        self.inertia_ = best["inertia"]
        self.n_iter_ = best["iterations"]
        if best["used"] < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({best['used']}) found smaller than n_clusters ({self.n_clusters}). "
                "Possibly due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _tell(self, result: dict[str, Any]) -> None:
        """scikit-learn's lines of the iterations."""
        for iteration, inertia in enumerate(result["trace"]):
            print(f"Iteration {iteration}, inertia {inertia}.")
        last = result["iterations"] - 1
        if result["stop"] == _core.KMeansStop.labels:
            print(f"Converged at iteration {last}: strict convergence.")
        elif result["stop"] == _core.KMeansStop.tolerance:
            print(f"Converged at iteration {last}: center shift {result['shift']} within tolerance {self._tol}.")
