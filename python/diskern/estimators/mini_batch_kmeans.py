"""k-means clustering on small samples."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_random_state

from .. import _core
from ._base import InvalidArgument
from ._kmeans import KMeansBase, check_integer, check_number


class MiniBatchKMeans(KMeansBase):
    """k-means on small samples of the points, with scikit-learn's conventions.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.
    init : {'k-means++', 'k-means||', 'random'}, function or array-like of shape (n_clusters, dimensions)
        Where the iterations start, as for :class:`KMeans`, from ``init_size`` points.
    max_iter : int
        Most passes: the number of batches is at most ``max_iter`` x points / ``batch_size``.
    batch_size : int
        Points of a batch, drawn with return with a probability proportional to their weight.
    verbose : int
        1 prints the inertia of each batch.
    compute_labels : bool
        Whether ``labels_`` and ``inertia_`` of all points are computed after the last batch.
    random_state : int, RandomState or None
        Seed; None draws a new one.
    tol : float
        The fit ends when the squared shift of all centres in one batch is at most ``tol`` times the mean variance of
        the columns; 0: never.
    max_no_improvement : int or None
        The fit ends after so many batches in a row that do not lower the smoothed inertia; None: never.
    init_size : int or None
        Points drawn for the start; None: 3 x ``batch_size``, or 3 x ``n_clusters`` if that is larger.
    n_init : 'auto' or int
        Number of starts, of which the one with the smallest inertia on a sample is used; 'auto': 3 for 'random' and
        functions, else 1.
    reassignment_ratio : float
        Clusters that have seen less than this fraction of what the heaviest has are moved to points of the batch now
        and then.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    cluster_centers_ : array of shape (n_clusters, dimensions), float32 for float32 points, else float64
    labels_ : int32 array of shape (points,), with ``compute_labels``
    inertia_ : float
        Weighted sum of the squared distances to the nearest centre; without ``compute_labels`` an estimate from the
        batches.
    n_iter_ : int
        Passes over the points.
    n_steps_ : int
        Batches.
    n_features_in_ : int
    feature_names_in_ : array of str, where the points had names

    Notes
    -----
    Sculley, WWW 2010, 1177. A centre is the mean of all points of its batches. Random numbers are not those of
    scikit-learn, so one seed gives other batches than there.
    """

    _method_name: ClassVar[str] = "KMeans"
    _default_n_init: ClassVar[int] = 3

    n_steps_: int

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: Any = "auto",
        reassignment_ratio: float = 0.01,
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio
        self.n_jobs = n_jobs

    def _check_params(self) -> None:
        super()._check_params()
        check_integer(self.batch_size, "batch_size", 1)
        if self.max_no_improvement is not None:
            check_integer(self.max_no_improvement, "max_no_improvement", 0, "None or ")
        if self.init_size is not None:
            check_integer(self.init_size, "init_size", 1, "None or ")
        check_number(self.reassignment_ratio, "reassignment_ratio")
        if not isinstance(self.compute_labels, bool | np.bool_):
            raise InvalidArgument(f"compute_labels must be True or False, got {self.compute_labels!r}")

    def _check_against(self, points: NDArray[Any]) -> None:
        super()._check_against(points)
        self._batch_size = min(int(self.batch_size), len(points))
        size = self.init_size
        if size is None:
            size = 3 * self._batch_size
            if size < self.n_clusters:
                size = 3 * self.n_clusters
        elif size < self.n_clusters:
            warnings.warn(
                f"init_size={size} should be larger than n_clusters={self.n_clusters}. Setting it to "
                "min(3*n_clusters, n_samples)",
                RuntimeWarning,
                stacklevel=3,
            )
            size = 3 * self.n_clusters
        self._init_size = min(int(size), len(points))

    def _start_of_sample(
        self, points: NDArray[Any], weight: NDArray[np.float64] | None, seed: int, run: int, random_state: Any
    ) -> NDArray[np.float64]:
        """Centres of start number ``run`` from ``init_size`` points."""
        if not isinstance(self.init, str):
            return self._start(points, None, seed, run, random_state)
        if self._init_size < len(points):
            chosen = random_state.randint(0, len(points), self._init_size)
            points = points[chosen]
            if weight is not None and weight[chosen].any():
                weight = weight[chosen]
            else:
                weight = None
        held = _core.KMeansPoints(points, weight, self._threads())
        return self._start(points, held, seed, run, random_state)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Cluster points.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            Finite numbers. float32 and float64 are used as they are, anything else becomes float64.
        y : ignored
        sample_weight : None or array-like of shape (points,)
            Weight of each point in batches, starts (not in centres given by ``init``) and inertia; not negative.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters or points that make no sense, naming them.
        KeyboardInterrupt
            After Ctrl-C; the centres of the last batch are held.
        """
        self._check_params()
        threads = self._threads()
        points = self._check_points(X, reset=True)
        self._check_against(points)
        weight = self._check_weight(sample_weight, len(points))
        if weight is not None and not ((weight >= 0).all() and weight.sum() > 0):
            raise InvalidArgument("sample_weight must not be negative, and not zero everywhere")
        if self._init_is_array():
            self._check_centres(self.init, points)
        random_state = check_random_state(self.random_state)
        seed = self._seed()
        self._tol = 0.0 if self.tol == 0 else float(self.tol) * float(np.var(points, axis=0, dtype=np.float64).mean())

        # Starts are compared on one sample.
        sample = random_state.randint(0, len(points), self._init_size)
        of_sample = points[sample]
        weight_of_sample = None if weight is None else weight[sample]
        best_inertia = np.inf
        start = None
        for run in range(self._n_init):
            if self.verbose:
                print(f"Init {run + 1}/{self._n_init} with method {self.init}")
            made = self._start_of_sample(points, weight, seed, run, random_state)
            _, inertia = _core.predict_kmeans(of_sample, made, weight_of_sample, threads)
            if self.verbose:
                print(f"Inertia for init {run + 1}/{self._n_init}: {inertia}")
            if start is None or inertia < best_inertia:
                start, best_inertia = made, inertia

        assert start is not None  # n_init is at least 1, so that the loop has run
        steps = max(int(self.max_iter) * len(points) // self._batch_size, 1)
        result = _core.fit_mini_batches(
            points,
            start,
            self._batch_size,
            steps,
            self._tol,
            None if self.max_no_improvement is None else int(self.max_no_improvement),
            float(self.reassignment_ratio),
            bool(self.verbose),
            weight,
            seed,
            threads,
        )
        if self.verbose:
            self._tell(result, steps)
        self._hold(result["centres"], result["weights"], points.dtype)
        self._since_reassignment = result["since_reassignment"]
        self.n_steps_ = result["steps"]
        self.n_iter_ = int(np.ceil(self.n_steps_ * self._batch_size / len(points)))
        if result["stop"] == _core.MiniBatchStop.interrupted:
            raise KeyboardInterrupt
        if self.compute_labels:
            self.labels_, self.inertia_ = _core.predict_kmeans(points, self._centres(), weight, threads)
        else:
            total = float(len(points)) if weight is None else float(weight.sum())
            self.inertia_ = result["smoothed_inertia"] * total
        return self

    def _hold(self, centres: NDArray[np.float64], weights: NDArray[np.float64], dtype: Any) -> None:
        self.cluster_centers_ = centres.astype(dtype)
        self._counts = weights
        self._n_features_out = len(centres)

    def _tell(self, result: dict[str, Any], steps: int) -> None:
        """scikit-learn's lines of the batches."""
        for i, (mean, smoothed, moved) in enumerate(
            zip(result["batch_inertia"], result["smoothed"], result["reassigned"], strict=True)
        ):
            if moved:
                print(f"[MiniBatchKMeans] Reassigning {moved} cluster centers.")
            line = f"Minibatch step {i + 1}/{steps}: mean batch inertia: {mean}"
            print(line if i == 0 else f"{line}, ewa inertia: {smoothed}")
        last = result["steps"]
        if result["stop"] == _core.MiniBatchStop.tolerance:
            print(f"Converged (small centers change) at step {last}/{steps}")
        elif result["stop"] == _core.MiniBatchStop.no_improvement:
            print(f"Converged (lack of improvement in inertia) at step {last}/{steps}")

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Take one more batch into account; the first one also gives the start.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            The batch.
        y : ignored
        sample_weight : None or array-like of shape (points,)
            Weight of each point; not negative.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters or points that make no sense, naming them.
        """
        self._check_params()
        threads = self._threads()
        first = not hasattr(self, "cluster_centers_")
        points = self._check_points(X, reset=first)
        weight = self._check_weight(sample_weight, len(points))
        if weight is not None and not ((weight >= 0).all() and weight.sum() > 0):
            raise InvalidArgument("sample_weight must not be negative, and not zero everywhere")
        if first:
            self._check_against(points)
            self._partial_random_state = check_random_state(self.random_state)
            self._partial_seed = self._seed()
            start = self._start_of_sample(points, weight, self._partial_seed, 0, self._partial_random_state)
            self._hold(start, np.zeros(len(start)), points.dtype)
            self._since_reassignment = 0
            self.n_steps_ = 0
        elif not hasattr(self, "_partial_seed"):
            self._partial_seed = self._seed()
        self._since_reassignment += len(points)
        reassign = self._since_reassignment >= 10 * self.n_clusters or bool((self._counts == 0).any())
        if reassign:
            self._since_reassignment = 0
        centres, weights, _, moved = _core.mini_batch_step(
            points,
            self._centres(),
            self._counts,
            weight,
            float(self.reassignment_ratio) if reassign else 0.0,
            self.n_steps_,
            self._partial_seed,
            threads,
        )
        if self.verbose and moved:
            print(f"[MiniBatchKMeans] Reassigning {moved} cluster centers.")
        self._hold(centres, weights, self.cluster_centers_.dtype)
        if self.compute_labels:
            self.labels_, self.inertia_ = _core.predict_kmeans(points, self._centres(), weight, threads)
        self.n_steps_ += 1
        return self
