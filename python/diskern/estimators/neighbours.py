"""Nearest neighbours: searches, classification and regression."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ._base import model_information
from ._distances import Distances, check_algorithm, check_distances, check_threads, warn_of_two_powers
from ._points import validate_points

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
    from sklearn.exceptions import DataConversionWarning
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument
Weights = str | Callable[[NDArray[np.float64]], Any] | None


def _object_array(parts: list[NDArray[Any]]) -> NDArray[np.object_]:
    array = np.empty(len(parts), dtype=object)
    array[:] = parts
    return array


class _NeighboursBase(BaseEstimator):  # type: ignore[misc]
    """What the three estimators share: the points, and searches among them."""

    n_neighbors: int
    radius: float | None
    algorithm: str
    leaf_size: int
    metric: str
    p: float
    metric_params: dict[str, Any] | None
    n_jobs: int | None
    n_features_in_: int
    n_samples_fit_: int
    effective_metric_: str
    effective_metric_params_: dict[str, Any]
    _fit_X: NDArray[Any]

    def _fit_points(self, X: NDArray[Any]) -> None:
        check_algorithm(self.algorithm, self.leaf_size)
        self._check_neighbours(self.n_neighbors)
        threads = check_threads(self.n_jobs)
        warn_of_two_powers(self.p, self.metric_params)
        self._distances = check_distances(self.metric, self.p, self.metric_params, X.shape[1])
        self.effective_metric_ = self._distances.name
        self.effective_metric_params_ = dict(self._distances.parameters)
        self._fit_X = X
        self.n_samples_fit_ = len(X)
        self._core_tree = self._grow(threads)

    def _grow(self, threads: int) -> _core.Neighbours:
        distances: Distances = self._distances
        points = distances.coordinates(self._fit_X)
        return _core.Neighbours(points, distances.metric, distances.power, distances.periods, threads)

    @property
    def _search(self) -> _core.Neighbours:
        """The tree, grown anew after unpickling."""
        if not hasattr(self, "_core_tree"):
            self._core_tree = self._grow(check_threads(self.n_jobs))
        return self._core_tree

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_core_tree", None)
        return state

    @staticmethod
    def _check_neighbours(n_neighbors: Any) -> int:
        if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, int | np.integer):
            raise TypeError(f"n_neighbors does not take {type(n_neighbors)} value, enter integer value")
        if n_neighbors <= 0:
            raise InvalidArgument(f"Expected n_neighbors > 0. Got {n_neighbors}")
        return int(n_neighbors)

    def _check_queries(self, X: Any) -> NDArray[np.float64]:
        queries = validate_points(self, X, dtype=[np.float64, np.float32], order="C", reset=False)
        return self._distances.coordinates(queries)

    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:
        """The nearest points of each query.

        Parameters
        ----------
        X : array-like of shape (queries, dimensions) or None
            None: the points of ``fit`` themselves, each not among its own neighbours.
        n_neighbors : int or None
            How many; None means what the estimator says.
        return_distance : bool

        Returns
        -------
        neigh_dist : float64 array of shape (queries, n_neighbors), ascending; only with ``return_distance``
        neigh_ind : int64 array of shape (queries, n_neighbors)
            Equal distances in the order of the indices.

        Raises
        ------
        InvalidArgument
            More neighbours than points, or queries that make no sense.
        """
        check_is_fitted(self)
        wanted = self._check_neighbours(self.n_neighbors if n_neighbors is None else n_neighbors)
        queries = None if X is None else self._check_queries(X)
        n_queries = self.n_samples_fit_ if queries is None else len(queries)
        count = wanted + (1 if queries is None else 0)
        if count > self.n_samples_fit_:
            relation = "<" if queries is None else "<="
            raise InvalidArgument(
                f"Expected n_neighbors {relation} n_samples_fit, but n_neighbors = {wanted}, n_samples_fit = "
                f"{self.n_samples_fit_}, n_samples = {n_queries}"
            )
        threads = check_threads(self.n_jobs)
        distance, index = self._search.nearest(queries, count, threads)
        if queries is None:
            # Drop the point itself; where more points coincide with it than were looked for, the first of them.
            others = index != np.arange(n_queries)[:, np.newaxis]
            others[others.all(axis=1), 0] = False
            index = index[others].reshape(n_queries, wanted)
            distance = distance[others].reshape(n_queries, wanted)
        return (distance, index) if return_distance else index

    def kneighbors_graph(self, X: Any = None, n_neighbors: int | None = None, mode: str = "connectivity") -> Any:
        """The nearest points as a sparse matrix (queries, points).

        Parameters
        ----------
        X, n_neighbors : see :meth:`kneighbors`
        mode : {'connectivity', 'distance'}
            Ones, or distances.

        Returns
        -------
        CSR matrix of float64, as scikit-learn's
        """
        from scipy.sparse import csr_matrix

        if mode not in ("connectivity", "distance"):
            raise InvalidArgument(
                f'Unsupported mode, must be one of "connectivity", or "distance" but got "{mode}" instead'
            )
        distance, index = self.kneighbors(X, n_neighbors)
        n_queries, count = index.shape
        data = distance.ravel() if mode == "distance" else np.ones(n_queries * count)
        offsets = np.arange(0, n_queries * count + 1, count)
        return csr_matrix((data, index.ravel(), offsets), shape=(n_queries, self.n_samples_fit_))


class _RadiusNeighbours(_NeighboursBase):
    def _check_radius(self, radius: Any) -> float:
        if isinstance(radius, bool) or not isinstance(radius, int | float | np.number) or not radius >= 0:
            raise InvalidArgument(f"radius must be a number, not negative, got {radius!r}")
        return float(radius)

    def radius_neighbors(
        self, X: Any = None, radius: float | None = None, return_distance: bool = True, sort_results: bool = False
    ) -> Any:
        """The points within a radius of each query.

        Parameters
        ----------
        X : array-like of shape (queries, dimensions) or None
            None: the points of ``fit`` themselves, each not among its own neighbours.
        radius : float or None
            Points at this distance or below; None means what the estimator says.
        return_distance : bool
        sort_results : bool
            Ascending by distance (then by index) rather than by index.

        Returns
        -------
        neigh_dist : array of shape (queries,) of float64 arrays; only with ``return_distance``
        neigh_ind : array of shape (queries,) of int64 arrays
        """
        check_is_fitted(self)
        if sort_results and not return_distance:
            raise InvalidArgument("return_distance must be True if sort_results is True.")
        limit = self._check_radius(self.radius if radius is None else radius)
        own = X is None
        queries = self._distances.coordinates(self._fit_X) if own else self._check_queries(X)
        offsets, indices, distances = self._search.within(queries, limit, sort_results, check_threads(self.n_jobs))
        index_parts = np.split(indices, offsets[1:-1])
        distance_parts = np.split(distances, offsets[1:-1])
        if own:
            keep = [part != i for i, part in enumerate(index_parts)]
            index_parts = [part[mask] for part, mask in zip(index_parts, keep, strict=True)]
            distance_parts = [part[mask] for part, mask in zip(distance_parts, keep, strict=True)]
        if return_distance:
            return _object_array(distance_parts), _object_array(index_parts)
        return _object_array(index_parts)

    def radius_neighbors_graph(
        self, X: Any = None, radius: float | None = None, mode: str = "connectivity", sort_results: bool = False
    ) -> Any:
        """The points within a radius as a sparse matrix (queries, points).

        Parameters
        ----------
        X, radius, sort_results : see :meth:`radius_neighbors`
        mode : {'connectivity', 'distance'}
            Ones, or distances.

        Returns
        -------
        CSR matrix of float64, as scikit-learn's
        """
        from scipy.sparse import csr_matrix

        if mode not in ("connectivity", "distance"):
            raise InvalidArgument(
                f'Unsupported mode, must be one of "connectivity", or "distance" but got "{mode}" instead'
            )
        distance, index = self.radius_neighbors(X, radius, sort_results=sort_results)
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in index])])
        indices = np.concatenate([np.empty(0, dtype=np.int64), *index])
        data = np.concatenate([np.empty(0), *distance]) if mode == "distance" else np.ones(len(indices))
        return csr_matrix((data, indices, offsets), shape=(len(index), self.n_samples_fit_))


class NearestNeighbors(_RadiusNeighbours):
    """Exact searches of nearest points, with scikit-learn's parameters and results.

    Parameters
    ----------
    n_neighbors : int
        Neighbours that :meth:`kneighbors` gives.
    radius : float
        Radius of :meth:`radius_neighbors`.
    algorithm : {'auto', 'ball_tree', 'kd_tree', 'brute'}
        Accepted for scikit-learn's sake, without effect: the search chooses between a k-d tree and looking at all
        points by trying some of the queries. All searches give the same neighbours.
    leaf_size : int
        Accepted for scikit-learn's sake, without effect.
    metric : {'minkowski', 'euclidean', 'l2', 'manhattan', 'l1', 'cityblock', 'chebyshev', 'infinity', 'haversine'}
        'haversine' wants (latitude, longitude) in radians and gives arcs in radians.
    p : float
        Power of 'minkowski'.
    metric_params : dict or None
        ``{'periods': [...]}``: one period per dimension, 0 for axes that are not periodic; along a periodic axis (such
        as an azimuth, 2 pi) differences go the shorter way round. 'minkowski' also takes ``p`` and ``w``.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    effective_metric_ : str
    effective_metric_params_ : dict
    n_features_in_, n_samples_fit_ : int
    feature_names_in_ : array of str, where the points had names

    Notes
    -----
    Distances are sums over the dimensions in their order, in float64 of the values given; equal distances are in the
    order of the indices, where scikit-learn leaves the order open.

    Examples
    --------
    >>> from diskern import NearestNeighbors
    >>> neighbours = NearestNeighbors(n_neighbors=1).fit([[0.0, 0.0], [0.0, 0.5], [1.0, 1.0]])
    >>> neighbours.kneighbors([[1.0, 0.9]], return_distance=False)
    array([[2]])
    """

    def __init__(
        self,
        *,
        n_neighbors: int = 5,
        radius: float = 1.0,
        algorithm: str = "auto",
        leaf_size: int = 30,
        metric: str = "minkowski",
        p: float = 2,
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.radius = radius
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.metric = metric
        self.p = p
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> NearestNeighbors:
        """Take the points.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            Finite numbers.
        y : ignored

        Returns
        -------
        self
        """
        self._check_radius(self.radius)
        self._fit_points(validate_points(self, X, dtype=[np.float64, np.float32], order="C"))
        return self


class _Predicting(_NeighboursBase):
    """Neighbours that vote."""

    weights: Weights
    _method_name: ClassVar[str] = "KNN"

    def _check_weights(self) -> None:
        if not (self.weights in (None, "uniform", "distance") or callable(self.weights)):
            raise InvalidArgument(f"weights must be None, 'uniform', 'distance' or a function, got {self.weights!r}")

    def _weights_of(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        if callable(self.weights):
            return np.asarray(self.weights(distance), dtype=np.float64)
        if self.weights != "distance":
            return np.ones_like(distance)
        with np.errstate(divide="ignore"):
            weight = 1.0 / distance
        # Where training points coincide with the query, they alone count.
        infinite = np.isinf(weight)
        some = infinite.any(axis=1)
        weight[some] = infinite[some]
        return weight

    def _predictor(self, targets: NDArray[np.float64]) -> _core.NeighboursPredictor:
        """The same as a predictor of the core, for model files."""
        if callable(self.weights):
            raise InvalidArgument("weights: a function of one's own cannot be saved in a model file")
        distances: Distances = self._distances
        if distances.metric == _core.Metric.haversine:
            raise InvalidArgument("metric: models with haversine distances cannot be saved in a model file")
        weighting = _core.NeighbourWeight.uniform
        if self.weights == "distance":
            weighting = _core.NeighbourWeight.inverse_distance
        points = distances.coordinates(self._fit_X)
        divisor = []
        if distances.factor is not None:
            points = np.ascontiguousarray(self._fit_X, dtype=np.float64)
            with np.errstate(divide="ignore"):
                divisor = (1.0 / distances.factor).tolist()
            if not np.isfinite(divisor).all():
                raise InvalidArgument("metric_params: weights of zero cannot be saved in a model file")
        return _core.NeighboursPredictor(
            points,
            np.ascontiguousarray(targets, dtype=np.float64),
            int(self.n_neighbors),
            weighting,
            distances.metric,
            distances.power,
            distances.periods,
            divisor=divisor,
        )

    def _model(self) -> Any:
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to a file that ``diskern.load`` and C++'s ``diskern::load`` read.

        Variables are rounded to float32 when such a model is evaluated, as those of all models.

        Parameters
        ----------
        path : str or path
            Written under a temporary name and renamed, so that never half a file is left.

        Raises
        ------
        InvalidArgument
            For what a file cannot hold: several targets of a classifier, a weight function, haversine distances.
        """
        self._model().save(str(path))


class KNeighborsClassifier(ClassifierMixin, MultiOutputMixin, _Predicting):  # type: ignore[misc]
    """The class of an event from a vote of its nearest neighbours, with scikit-learn's parameters and results.

    Parameters
    ----------
    n_neighbors : int
        Neighbours that vote.
    weights : {'uniform', 'distance'}, function or None
        All neighbours count the same, or by the inverse of their distance (training points that coincide with the query
        count alone), or by a function that takes the distances (queries, neighbours) and gives weights.
    algorithm, leaf_size, p, metric, metric_params, n_jobs
        See :class:`NearestNeighbors`.

    Attributes
    ----------
    classes_ : array, or a list of them where y has several columns
    outputs_2d_ : bool
        Whether y had several columns.
    effective_metric_, effective_metric_params_, n_features_in_, n_samples_fit_, feature_names_in_
        See :class:`NearestNeighbors`.

    Notes
    -----
    Of several classes with equally many votes the first one (in the order of ``classes_``) wins.
    """

    classes_: Any

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Weights = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: str = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def fit(self, X: Any, y: Any) -> KNeighborsClassifier:
        """Take the training events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers.
        y : array-like of shape (events,) or (events, targets)
            Classes.

        Returns
        -------
        self
        """
        self._check_weights()
        X, y = validate_points(self, X, y, dtype=[np.float64, np.float32], multi_output=True, order="C")
        self.outputs_2d_ = y.ndim == 2 and y.shape[1] != 1
        if y.ndim == 2 and not self.outputs_2d_:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=2,
            )
        columns = y.reshape(len(y), -1)
        check_classification_targets(columns if self.outputs_2d_ else columns.ravel())
        pairs = [np.unique(columns[:, k], return_inverse=True) for k in range(columns.shape[1])]
        self._y = np.stack([np.asarray(index, dtype=np.intp).ravel() for _, index in pairs], axis=1)
        classes = [values for values, _ in pairs]
        self.classes_ = classes if self.outputs_2d_ else classes[0]
        self._fit_points(X)
        return self

    def _votes(self, X: Any) -> list[NDArray[np.float64]]:
        """Weights of each class, one array (queries, classes) per target."""
        distance, index = self.kneighbors(X)
        weight = self._weights_of(distance)
        if not weight.any(axis=1).all():
            raise InvalidArgument(
                "All neighbors of some sample is getting zero weights. Please modify 'weights' to avoid this case if "
                "you are using a user-defined function."
            )
        rows = np.arange(len(index))
        all_votes = []
        for k, classes in enumerate(self.classes_ if self.outputs_2d_ else [self.classes_]):
            votes = np.zeros((len(index), len(classes)))
            labels = self._y[:, k][index]
            for j in range(index.shape[1]):
                votes[rows, labels[:, j]] += weight[:, j]
            all_votes.append(votes)
        return all_votes

    def predict(self, X: Any) -> NDArray[Any]:
        """The class with the most votes.

        Parameters
        ----------
        X : array-like of shape (events, variables), or None
            None: the training events, each without its own vote.

        Returns
        -------
        array of shape (events,) or (events, targets)
        """
        check_is_fitted(self)
        votes = self._votes(X)
        classes = self.classes_ if self.outputs_2d_ else [self.classes_]
        columns = [values[one.argmax(axis=1)] for values, one in zip(classes, votes, strict=True)]
        return np.stack(columns, axis=1) if self.outputs_2d_ else columns[0]

    def predict_proba(self, X: Any) -> Any:
        """The share of the votes of each class.

        Parameters
        ----------
        X : see :meth:`predict`

        Returns
        -------
        float64 array of shape (events, classes), or a list of one per target
        """
        check_is_fitted(self)
        shares = [votes / votes.sum(axis=1, keepdims=True) for votes in self._votes(X)]
        return shares if self.outputs_2d_ else shares[0]

    def _model(self) -> Any:
        check_is_fitted(self)
        if self.outputs_2d_:
            raise InvalidArgument("y: a classifier of several targets cannot be saved in a model file")
        classes = [str(label) for label in self.classes_.tolist()]
        one_hot = np.zeros((len(self._y), len(classes)))
        one_hot[np.arange(len(self._y)), self._y[:, 0]] = 1.0
        two = len(classes) <= 2
        predictor = self._predictor(one_hot[:, -1:] if two else one_hot)
        information = model_information(self, self._method_name) | {
            "classes": classes,
            "signal_class": len(classes) - 1,
            "analysis_type": "Classification" if two else "Multiclass",
            "outputs": classes[-1:] if two else classes,
        }
        return _core.Model(information, None, predictor)


class KNeighborsRegressor(RegressorMixin, MultiOutputMixin, _Predicting):  # type: ignore[misc]
    """The mean target of the nearest neighbours, with scikit-learn's parameters and results.

    Parameters
    ----------
    n_neighbors : int
        Neighbours that enter the mean.
    weights, algorithm, leaf_size, p, metric, metric_params, n_jobs
        See :class:`KNeighborsClassifier`.

    Attributes
    ----------
    effective_metric_, effective_metric_params_, n_features_in_, n_samples_fit_, feature_names_in_
        See :class:`NearestNeighbors`.
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Weights = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: str = "minkowski",
        metric_params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> KNeighborsRegressor:
        """Take the training events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers.
        y : array-like of shape (events,) or (events, targets)

        Returns
        -------
        self
        """
        self._check_weights()
        X, y = validate_points(self, X, y, dtype=[np.float64, np.float32], multi_output=True, order="C", y_numeric=True)
        self._y = np.asarray(y, dtype=np.float64)
        self._fit_points(X)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The weighted mean target of the neighbours.

        Parameters
        ----------
        X : array-like of shape (events, variables), or None
            None: the training events, each without itself.

        Returns
        -------
        float64 array of shape (events,) or (events, targets)
        """
        check_is_fitted(self)
        distance, index = self.kneighbors(X)
        columns = self._y.reshape(len(self._y), -1)
        if callable(self.weights) or self.weights == "distance":
            weight = self._weights_of(distance)
            total = weight.sum(axis=1)
            means = [(columns[:, k][index] * weight).sum(axis=1) / total for k in range(columns.shape[1])]
        else:
            means = [columns[:, k][index].mean(axis=1) for k in range(columns.shape[1])]
        return means[0] if self._y.ndim == 1 else np.stack(means, axis=1)

    def _model(self) -> Any:
        check_is_fitted(self)
        columns = self._y.reshape(len(self._y), -1)
        names = ["y"] if columns.shape[1] == 1 else [f"y{k}" for k in range(columns.shape[1])]
        information = model_information(self, self._method_name) | {
            "targets": [
                {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
                | {"minimum": 0.0, "maximum": 0.0}
                for name in names
            ],
            "outputs": names,
        }
        return _core.Model(information, None, self._predictor(columns))
