"""Mixtures of normal distributions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import DensityMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_array, check_is_fitted, check_random_state

from .. import _core
from .._validation import check_weights
from ._base import Estimator, InvalidArgument
from ._kmeans import check_integer, check_number
from ._points import validate_points
from .kmeans import KMeans

KINDS = {name: _core.CovarianceKind.__members__[name] for name in ("full", "tied", "diag", "spherical")}
STARTS = ("kmeans", "k-means++", "random", "random_from_data")


class GaussianMixture(DensityMixin, Estimator):  # type: ignore[misc]
    """Mixture of normal distributions, fitted by expectation and maximisation, with scikit-learn's conventions.

    Parameters
    ----------
    n_components : int
        Number of normal distributions.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
        Of each component its own matrix, one matrix for all, its own variances, or one variance.
    tol : float
        The iterations end when the mean logarithm of the density changes by less.
    reg_covar : float
        Added to the variances, so that matrices stay positive definite.
    max_iter : int
        Most iterations of one start; 0: the start itself.
    n_init : int
        Number of starts, of which the one with the highest lower bound is kept.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}
        Where the iterations start: the clusters of k-means, points drawn as k-means++ does, random parts of every
        point, random points.
    weights_init : None or array-like of shape (n_components,)
    means_init : None or array-like of shape (n_components, dimensions)
    precisions_init : None or array-like
        Inverse covariances, of the shape that ``covariance_type`` says.
    random_state : int, RandomState or None
        Seed; None draws a new one.
    warm_start : bool
        The next ``fit`` goes on from where the last one ended; ``n_components`` and ``covariance_type`` must be its.
    verbose : int
        1 prints the lower bound of every iteration.
    verbose_interval : int
        Accepted for scikit-learn's sake, without effect.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    weights_ : float64 array of shape (n_components,)
    means_ : float64 array of shape (n_components, dimensions)
    covariances_ : float64 array
        (n_components, d, d), (d, d), (n_components, d) or (n_components,), by ``covariance_type``.
    precisions_, precisions_cholesky_ : float64 arrays of the same shape
        Inverses, and U with inverse = U U^T (upper triangular; roots of inverse variances).
    covariance_type_ : str
        ``covariance_type`` of the fit.
    converged_ : bool
    n_iter_ : int
    lower_bound_ : float
        Mean logarithm of the density of the points in the last iteration.
    lower_bounds_ : list of float
        The same of every iteration.
    n_features_in_ : int
    feature_names_in_ : array of str, where the points had names

    Notes
    -----
    Dempster, Laird and Rubin, J. R. Stat. Soc. B 39 (1977) 1. All sums are float64, also for float32 points, about the
    means of the iteration before, so that variances far from the origin keep their digits. Model files (kind
    ``gaussian_mixture``) give the parts of the components and the logarithm of the density, a score of anomaly.
    """

    _method_name: ClassVar[str] = "GaussianMixture"

    covariance_type_: str
    weights_: NDArray[np.float64]
    means_: NDArray[np.float64]
    covariances_: NDArray[np.float64]
    precisions_: NDArray[np.float64]
    precisions_cholesky_: NDArray[np.float64]
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "precisions_cholesky_")

    def _check_params(self) -> None:
        self._check_common()
        check_integer(self.n_components, "n_components", 1)
        check_integer(self.max_iter, "max_iter", 0)
        check_integer(self.n_init, "n_init", 1)
        check_number(self.tol, "tol")
        check_number(self.reg_covar, "reg_covar")
        for name, known in (("covariance_type", tuple(KINDS)), ("init_params", STARTS)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                raise InvalidArgument(f"{name} must be one of {', '.join(map(repr, known))}, got {value!r}")

    def _covariance_shape(self, dimensions: int) -> tuple[int, ...]:
        return {
            "full": (self.n_components, dimensions, dimensions),
            "tied": (dimensions, dimensions),
            "diag": (self.n_components, dimensions),
            "spherical": (self.n_components,),
        }[self.covariance_type]

    def _given(self, dimensions: int) -> dict[str, NDArray[np.float64] | None]:
        """What the user gave of a start, checked."""
        shapes = {
            "weights_init": (self.n_components,),
            "means_init": (self.n_components, dimensions),
            "precisions_init": self._covariance_shape(dimensions),
        }
        made: dict[str, NDArray[np.float64] | None] = {}
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is None:
                made[name] = None
                continue
            array = check_array(
                value, dtype=np.float64, ensure_2d=False, allow_nd=True, order="C", copy=True, input_name=name
            )
            if array.shape != shape:
                raise InvalidArgument(f"{name} must have the shape {shape}, got {array.shape}")
            made[name] = array
        weights = made["weights_init"]
        if weights is not None and (not (weights > 0).all() or not np.isclose(weights.sum(), 1.0)):
            raise InvalidArgument("weights_init must be positive numbers whose sum is 1")
        precisions = made["precisions_init"]
        if (
            precisions is not None
            and self.covariance_type in ("full", "tied")
            and not np.allclose(precisions, np.swapaxes(precisions, -1, -2))
        ):
            raise InvalidArgument("precisions_init must be symmetric and positive definite")
        return made

    def _responsibilities(self, points: NDArray[np.float64], random_state: Any) -> NDArray[np.float64]:
        """What part of each point each component has at the start."""
        n, components = len(points), int(self.n_components)
        if self.init_params == "random":
            parts: NDArray[np.float64] = random_state.uniform(size=(n, components))
            parts /= parts.sum(axis=1)[:, np.newaxis]
            return parts
        made = np.zeros((n, components))
        if self.init_params == "kmeans":
            seed = int(random_state.randint(2**31 - 1))
            labels = KMeans(components, n_init=1, random_state=seed, n_jobs=self.n_jobs).fit(points).labels_
            made[np.arange(n), labels] = 1
            return made
        if self.init_params == "random_from_data":
            chosen = random_state.choice(n, size=components, replace=False)
        else:
            held = _core.KMeansPoints(points, None, self._threads())
            seed = int(random_state.randint(2**31 - 1))
            centres = held.seed(components, _core.KMeansSeeding.plus_plus, seed, 0, threads=self._threads())
            chosen = np.array([np.square(points - centre).sum(axis=1).argmin() for centre in centres])
        made[chosen, np.arange(components)] = 1
        return made

    def _start(
        self,
        points: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
        given: dict[str, NDArray[np.float64] | None],
        random_state: Any,
    ) -> Any:
        kind = KINDS[self.covariance_type]
        mixture = None
        if any(value is None for value in given.values()):
            parts = self._responsibilities(points, random_state)
            mixture = _core.mixture_of(points, parts, kind, float(self.reg_covar), weight, self._threads())
            if all(value is None for value in given.values()):
                return mixture
        weights, means, precisions = given["weights_init"], given["means_init"], given["precisions_init"]
        if precisions is None:
            assert mixture is not None
            factors, covariances = mixture.factors, mixture.covariances
        else:
            factors = np.array(_core.factors_of_precisions(kind, self.n_components, points.shape[1], precisions))
            covariances = None
        return _core.Mixture(
            kind,
            mixture.weights if weights is None else weights,  # type: ignore[union-attr]
            mixture.means if means is None else means,  # type: ignore[union-attr]
            factors.reshape(self._covariance_shape(points.shape[1])),
            covariances,
        )

    def _check_goes_on(self) -> None:
        """A warm start takes the components of the last fit as they are."""
        for name, given, fitted in (
            ("n_components", self.n_components, len(self.means_)),
            ("covariance_type", self.covariance_type, self.covariance_type_),
        ):
            if given != fitted:
                raise InvalidArgument(
                    f"{name} is {given!r}, but the fit from which warm_start goes on has {fitted!r}; "
                    "set warm_start=False to start anew"
                )

    def _mixture(self) -> Any:
        return _core.Mixture(
            KINDS[self.covariance_type_], self.weights_, self.means_, self.precisions_cholesky_, self.covariances_
        )

    def _hold(self, mixture: Any) -> None:
        factors = mixture.factors
        matrices = self.covariance_type in ("full", "tied")
        self.covariance_type_ = self.covariance_type
        self.weights_, self.means_ = mixture.weights, mixture.means
        self.precisions_cholesky_ = factors
        self.precisions_ = factors @ np.swapaxes(factors, -1, -2) if matrices else factors**2
        try:
            self.covariances_ = mixture.covariances
        except InvalidArgument:  # of precisions that were given, without an iteration
            inverse = np.linalg.inv(self.precisions_) if matrices else 1.0 / self.precisions_
            self.covariances_ = np.asarray(inverse, np.float64)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> GaussianMixture:
        """Fit the mixture.

        Parameters
        ----------
        X : array-like of shape (points, dimensions)
            Finite numbers.
        y : ignored
        sample_weight : None or array-like of shape (points,)
            Weight of each point in all sums, not negative: an integer weight is a repeated point. The clusters of
            'kmeans' starts do not know it.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters or points that make no sense, naming them; a component whose covariance is not positive definite.
        KeyboardInterrupt
            After Ctrl-C; the mixture of the last iteration is held, unless it came before the first start was made.

        Warns
        -----
        ConvergenceWarning
            ``max_iter`` iterations were not enough.
        """
        self._check_params()
        single = validate_points(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        points = np.ascontiguousarray(single, np.float64)
        if len(points) < self.n_components:
            raise InvalidArgument(
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, "
                f"n_samples = {len(points)}"
            )
        weight = None if sample_weight is None else check_weights(sample_weight, len(points))
        given = self._given(points.shape[1])
        again = bool(self.warm_start) and self.__sklearn_is_fitted__()
        if again:
            self._check_goes_on()
        random_state = check_random_state(self.random_state)
        best: Any = None
        highest = -np.inf
        interrupted = False
        for _ in range(1 if again else int(self.n_init)):
            try:
                start = self._mixture() if again else self._start(points, weight, given, random_state)
            except KeyboardInterrupt:
                if best is None:
                    raise
                interrupted = True
                break
            before = self.lower_bound_ if again else -np.inf
            mixture, bounds, converged, interrupted = _core.fit_mixture(
                points,
                start,
                float(self.reg_covar),
                float(self.tol),
                int(self.max_iter),
                before,
                weight,
                self._threads(),
            )
            if self.verbose:
                for number, bound in enumerate(bounds, 1):
                    print(f"  Iteration {number}\t lower bound {bound:.6f}")
                print("Initialization converged." if converged else "Initialization did not converge.")
            reached = bounds[-1] if bounds else before
            if best is None or reached > highest:
                highest = reached
                best = mixture, bounds, converged
            if interrupted:
                break
        mixture, self.lower_bounds_, self.converged_ = best
        self._hold(mixture)
        self.n_iter_ = len(self.lower_bounds_)
        self.lower_bound_ = float(highest)
        if interrupted:
            raise KeyboardInterrupt
        if not self.converged_ and self.max_iter > 0:
            warnings.warn(
                "Best performing initialization did not converge. Try different init parameters, or increase max_iter, "
                "tol, or check for degenerate data.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _evaluate(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_is_fitted(self)
        points = validate_points(self, X, reset=False, dtype=[np.float64, np.float32])
        density, parts = _core.evaluate_mixture(
            np.ascontiguousarray(points, np.float64), self._mixture(), self._threads()
        )
        return density, parts

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[np.int64]:
        """``fit(X, y, sample_weight).predict(X)``."""
        return self.fit(X, y, sample_weight).predict(X)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """The component that has the largest part of each point."""
        labels: NDArray[np.int64] = self._evaluate(X)[1].argmax(axis=1)
        return labels

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """What part of each point each component has, shape (points, n_components)."""
        return self._evaluate(X)[1]

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Logarithm of the density at each point."""
        return self._evaluate(X)[0]

    def score(self, X: Any, y: Any = None) -> float:
        """Mean logarithm of the density at the points."""
        return float(self.score_samples(X).mean())

    def _n_parameters(self) -> int:
        components, dimensions = self.means_.shape
        matrix = dimensions * (dimensions + 1) // 2
        of_covariances = {
            "full": components * matrix,
            "tied": matrix,
            "diag": components * dimensions,
            "spherical": components,
        }[self.covariance_type_]
        return int(of_covariances + dimensions * components + components - 1)

    def bic(self, X: Any) -> float:
        """Bayesian information criterion at the points; lower is better."""
        n = np.shape(X)[0]
        return float(-2 * self.score(X) * n + self._n_parameters() * np.log(n))

    def aic(self, X: Any) -> float:
        """Akaike's information criterion at the points; lower is better."""
        return float(-2 * self.score(X) * np.shape(X)[0] + 2 * self._n_parameters())

    def sample(self, n_samples: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Points drawn from the mixture, component after component, and their components."""
        check_is_fitted(self)
        check_integer(n_samples, "n_samples", 1)
        random_state = check_random_state(self.random_state)
        counts = random_state.multinomial(n_samples, self.weights_ / self.weights_.sum())
        dimensions = self.means_.shape[1]
        drawn = []
        for component, count in enumerate(counts):
            normal = random_state.standard_normal(size=(count, dimensions))
            if self.covariance_type_ in ("full", "tied"):
                matrix = self.covariances_[component] if self.covariance_type_ == "full" else self.covariances_
                spread = normal @ np.linalg.cholesky(matrix).T
            else:
                spread = normal * np.sqrt(self.covariances_[component])
            drawn.append(self.means_[component] + spread)
        return np.concatenate(drawn), np.repeat(np.arange(len(counts)), counts)

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["outputs"] = [*(f"component {k}" for k in range(len(self.means_))), "log_density"]
        return info

    def _model(self) -> Any:
        check_is_fitted(self)
        return _core.Model(self._model_info(), None, _core.MixturePredictor(self._mixture()))
