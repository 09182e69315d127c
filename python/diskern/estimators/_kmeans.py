"""What KMeans and MiniBatchKMeans share: parameters, starts, and everything that needs the centres only."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, check_random_state

from .. import _core, _device
from .._validation import check_weights
from ._base import Estimator, InvalidArgument
from ._points import validate_points

SEEDINGS = {
    "k-means++": _core.KMeansSeeding.plus_plus,
    "k-means||": _core.KMeansSeeding.parallel,
    "random": _core.KMeansSeeding.random,
}


def check_integer(value: Any, name: str, minimum: int, also: str = "") -> None:
    """Refuse what is no integer from ``minimum`` on."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < minimum:
        raise InvalidArgument(f"{name} must be {also}an integer >= {minimum}, got {value!r}")


def check_number(value: Any, name: str) -> None:
    """Refuse what is no finite number from 0 on."""
    if (
        isinstance(value, bool | np.bool_)
        or not isinstance(value, int | float | np.number)
        or not value >= 0
        or not np.isfinite(value)
    ):
        raise InvalidArgument(f"{name} must be a finite number >= 0, got {value!r}")


class KMeansBase(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, Estimator):  # type: ignore[misc]
    """Common parts of the two estimators."""

    _default_n_init: ClassVar[int]

    n_clusters: int
    init: Any
    n_init: Any
    max_iter: int
    tol: float
    cluster_centers_: NDArray[Any]
    labels_: NDArray[np.int32]
    inertia_: float
    n_iter_: int

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "cluster_centers_")

    # Parameters

    def _check_params(self) -> None:
        self._check_common()
        check_integer(self.n_clusters, "n_clusters", 1)
        check_integer(self.max_iter, "max_iter", 1)
        check_number(self.tol, "tol")
        if not (isinstance(self.n_init, str) and self.n_init == "auto"):
            check_integer(self.n_init, "n_init", 1, "'auto' or ")
        if isinstance(self.init, str):
            if self.init not in SEEDINGS:
                raise InvalidArgument(
                    f"init must be one of {', '.join(map(repr, SEEDINGS))}, a function or an array of shape "
                    f"(n_clusters, dimensions), got {self.init!r}"
                )
        elif not callable(self.init) and np.ndim(self.init) == 0:
            raise InvalidArgument(
                f"init must be one of {', '.join(map(repr, SEEDINGS))}, a function or an array of shape "
                f"(n_clusters, dimensions), got {self.init!r}"
            )

    def _init_is_array(self) -> bool:
        return not isinstance(self.init, str) and not callable(self.init)

    def _check_against(self, points: NDArray[Any]) -> None:
        """What depends on the points: enough of them, the number of starts."""
        if len(points) < self.n_clusters:
            raise InvalidArgument(f"n_samples={len(points)} should be >= n_clusters={self.n_clusters}.")
        if isinstance(self.n_init, str):
            several = callable(self.init) or (isinstance(self.init, str) and self.init == "random")
            self._n_init = self._default_n_init if several else 1
        else:
            self._n_init = int(self.n_init)
        if self._init_is_array() and self._n_init != 1:
            warnings.warn(
                f"Explicit initial center position passed: performing only one init in {type(self).__name__} instead "
                f"of n_init={self._n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
            self._n_init = 1

    def _check_points(self, X: Any, *, reset: bool, finite: bool = True) -> NDArray[Any]:
        points: NDArray[Any] = validate_points(
            self, X, reset=reset, dtype=[np.float64, np.float32], order="C", ensure_all_finite=finite
        )
        return points

    @staticmethod
    def _check_weight(sample_weight: Any, n: int) -> NDArray[np.float64] | None:
        """None where all weights are one."""
        if sample_weight is None:
            return None
        weight = check_weights(np.full(n, sample_weight) if isinstance(sample_weight, Real) else sample_weight, n)
        return None if (weight == 1.0).all() else weight

    # Starts

    def _check_centres(self, centres: Any, points: NDArray[Any]) -> NDArray[np.float64]:
        """Centres given by the user, as the core wants them: rounded to the type of the points, float64."""
        made = check_array(centres, dtype=points.dtype, order="C", copy=True, input_name="init")
        if made.shape[0] != self.n_clusters:
            raise InvalidArgument(
                f"The shape of the initial centers {made.shape} does not match the number of clusters "
                f"{self.n_clusters}."
            )
        if made.shape[1] != points.shape[1]:
            raise InvalidArgument(
                f"The shape of the initial centers {made.shape} does not match the number of features of the data "
                f"{points.shape[1]}."
            )
        return np.asarray(made, dtype=np.float64)

    def _start(self, points: NDArray[Any], held: Any, seed: int, run: int, random_state: Any) -> NDArray[np.float64]:
        """The centres of start number ``run``."""
        if isinstance(self.init, str):
            made: NDArray[np.float64] = held.seed(
                int(self.n_clusters), SEEDINGS[self.init], seed, run, threads=self._threads()
            )
            return made
        if callable(self.init):
            return self._check_centres(self.init(points, self.n_clusters, random_state=random_state), points)
        return self._check_centres(self.init, points)

    def _random_state(self) -> Any:
        return check_random_state(self.random_state)

    # What the centres are good for

    def _centres(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self.cluster_centers_, dtype=np.float64)

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.int32]:
        """Fit, and return ``labels_``.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
        y : ignored
        sample_weight : None or array-like of shape (points,)

        Returns
        -------
        int32 array of shape (points,)
        """
        labels: NDArray[np.int32] = self.fit(X, sample_weight=sample_weight).labels_
        return labels

    def predict(self, X: Any) -> NDArray[np.int32]:
        """The number of the nearest centre of each point; of equally near ones the lowest.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            For an array on a CUDA device the answer is an array of the same library there.

        Returns
        -------
        int32 array of shape (points,)
        """
        check_is_fitted(self)
        if _device.is_on_device(X):
            there = _device.KMeansPoints(X)
            if there.shape[1] != self.n_features_in_:
                raise InvalidArgument(
                    f"X has {there.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                    "features as input"
                )
            on_device: NDArray[np.int32] = there.predict(self._centres())
            return on_device
        points = self._check_points(X, reset=False)
        labels: NDArray[np.int32] = _core.predict_kmeans(points, self._centres(), None, self._threads())[0]
        return labels

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[Any]:
        """Fit, and return the distances of ``transform``.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
        y : ignored
        sample_weight : None or array-like of shape (points,)

        Returns
        -------
        array of shape (points, n_clusters)
        """
        distances: np.ndarray = self.fit(X, sample_weight=sample_weight).transform(X)
        return distances

    def transform(self, X: Any) -> NDArray[Any]:
        """The distance of each point to each centre.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)

        Returns
        -------
        array of shape (points, n_clusters), float32 for float32 points, else float64
        """
        check_is_fitted(self)
        points = self._check_points(X, reset=False)
        distances: NDArray[Any] = _core.transform_kmeans(points, self._centres(), self._threads())
        return distances

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Minus the inertia of points: the weighted sum of squared distances to the nearest centre.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
        y : ignored
        sample_weight : None or array-like of shape (points,)

        Returns
        -------
        float
        """
        check_is_fitted(self)
        points = self._check_points(X, reset=False)
        weight = self._check_weight(sample_weight, len(points))
        return -float(_core.predict_kmeans(points, self._centres(), weight, self._threads())[1])

    # Model file

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["outputs"] = ["cluster", "distance"]
        return info

    def _model(self) -> Any:
        check_is_fitted(self)
        return _core.Model(self._model_info(), None, _core.KMeansPredictor(self._centres()))
