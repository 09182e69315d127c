"""Principal component analysis."""

from __future__ import annotations

import math
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import check_weights
from ._points import validate_points

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument

_SOLVERS = ("auto", "full", "covariance_eigh", "arpack", "randomized")
# Above this many singular values the eigenvalues of the smaller product stand in for them (see Notes).
_MOST_SINGULAR_VALUES = 600


def _log_evidence(spectrum: NDArray[np.float64], rank: int, n_samples: float) -> float:
    """Minka's approximation of the log-evidence that the data have ``rank`` dimensions, his equation 30."""
    n_features = len(spectrum)
    if spectrum[rank - 1] < 1e-15:
        return -math.inf  # a component without variance: its term is minus infinity
    log_prior = -rank * math.log(2.0)
    for i in range(1, rank + 1):
        half = (n_features - i + 1) / 2.0
        log_prior += math.lgamma(half) - half * math.log(math.pi)
    noise = max(1e-15, float(spectrum[rank:].sum()) / (n_features - rank))
    free = n_features * rank - rank * (rank + 1) / 2.0
    replaced = np.concatenate([spectrum[:rank], np.full(n_features - rank, noise)])
    log_hessian = 0.0
    for i in range(rank):
        others = np.arange(i + 1, n_features)
        factors = (spectrum[i] - spectrum[others]) * (1.0 / replaced[others] - 1.0 / replaced[i])
        with np.errstate(divide="ignore", invalid="ignore"):
            log_hessian += float(np.log(factors).sum()) + len(others) * math.log(n_samples)
    return (
        log_prior
        - n_samples / 2.0 * float(np.log(spectrum[:rank]).sum())
        - n_samples * (n_features - rank) / 2.0 * math.log(noise)
        + (free + rank) / 2.0 * math.log(2.0 * math.pi)
        - log_hessian / 2.0
        - rank * math.log(n_samples) / 2.0
    )


def _most_evident_dimension(spectrum: NDArray[np.float64], n_samples: float) -> int:
    """1 to the number of variables less 1."""
    evidence = [-math.inf, *(_log_evidence(spectrum, rank, n_samples) for rank in range(1, len(spectrum)))]
    return int(np.argmax(evidence))


class PCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Principal component analysis: the directions in which events vary most, and projections on them.

    Parameters
    ----------
    n_components : int, float, 'mle' or None
        Components to keep. None: all, min(events, variables) (one less with ``svd_solver='arpack'``). A float between 0
        and 1: as many as explain more than this part of the variance. 'mle': the number with the largest evidence
        (Minka, NIPS 13 (2000) 598).
    copy : bool
        Accepted for scikit-learn's sake, without effect: events are never changed.
    whiten : bool
        Divide the projections by their standard deviations.
    svd_solver : {'auto', 'full', 'covariance_eigh', 'arpack', 'randomized'}
        'covariance_eigh': eigenvectors of the covariance matrix, which takes one pass over the events. The others: all
        singular values of the centred events. 'auto' chooses as scikit-learn does ('covariance_eigh' for ten times more
        events than variables, of which there are 1000 at most).
    tol, iterated_power, n_oversamples, power_iteration_normalizer, random_state
        Accepted for scikit-learn's sake, without effect: nothing is approximated and nothing random.
    n_jobs : int or None
        Threads; None and -1: all. Results do not depend on it.

    Attributes
    ----------
    components_ : array of shape (n_components_, variables)
        Directions of length 1, by falling variance; the element of largest size is positive.
    explained_variance_ : array of shape (n_components_,)
        Variances of the projections, with one degree of freedom taken off.
    explained_variance_ratio_ : array of shape (n_components_,)
        As parts of the whole variance.
    singular_values_ : array of shape (n_components_,)
        Lengths of the vectors of projections.
    mean_ : array of shape (variables,)
    n_components_ : int
    n_samples_ : int
    noise_variance_ : float
        Mean variance of the directions left out (Tipping and Bishop, J. R. Stat. Soc. B 61 (1999) 611).
    n_features_in_ : int
    feature_names_in_ : array of str, where the variables had names

    Notes
    -----
    Means and products are summed in float64 in one pass over the events, also of float32 events (whose results are
    rounded to float32 in the end). A weight counts how often an event is there: a whole weight is the same as repeated
    events, and variances are normalised to the sum of weights less 1, which has to be positive. Negative weights are
    used with their sign; a covariance matrix that is then not positive is an error. With more than 600 events and
    variables, singular values that are smaller than 1e-8 of the largest are rounding, as with 'covariance_eigh'.
    """

    predictor_: _core.Predictor | None
    components_: NDArray[Any]
    explained_variance_: NDArray[Any]
    explained_variance_ratio_: NDArray[Any]
    singular_values_: NDArray[Any]
    mean_: NDArray[Any]
    n_components_: int
    n_samples_: int
    noise_variance_: float
    n_features_in_: int

    def __init__(
        self,
        n_components: int | float | str | None = None,
        *,
        copy: bool = True,
        whiten: bool = False,
        svd_solver: str = "auto",
        tol: float = 0.0,
        iterated_power: int | str = "auto",
        n_oversamples: int = 10,
        power_iteration_normalizer: str = "auto",
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.copy = copy
        self.whiten = whiten
        self.svd_solver = svd_solver
        self.tol = tol
        self.iterated_power = iterated_power
        self.n_oversamples = n_oversamples
        self.power_iteration_normalizer = power_iteration_normalizer
        self.random_state = random_state
        self.n_jobs = n_jobs

    # Parameters

    def _threads(self) -> int:
        if self.n_jobs is None or self.n_jobs == -1:
            return 0
        if isinstance(self.n_jobs, bool) or not isinstance(self.n_jobs, int | np.integer) or self.n_jobs < 1:
            raise InvalidArgument(f"n_jobs must be None, -1 (all) or a positive integer, got {self.n_jobs!r}")
        return int(self.n_jobs)

    def _check_params(self) -> None:
        if self.svd_solver not in _SOLVERS:
            raise InvalidArgument(f"svd_solver must be one of {', '.join(_SOLVERS)}, got {self.svd_solver!r}")
        for name in ("copy", "whiten"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise InvalidArgument(f"{name} must be True or False, got {getattr(self, name)!r}")
        if isinstance(self.tol, bool) or not isinstance(self.tol, int | float | np.number) or not self.tol >= 0:
            raise InvalidArgument(f"tol must be a number from 0 on, got {self.tol!r}")
        power = self.iterated_power
        if power != "auto" and (isinstance(power, bool) or not isinstance(power, int | np.integer) or power < 0):
            raise InvalidArgument(f"iterated_power must be 'auto' or an integer from 0 on, got {power!r}")
        samples = self.n_oversamples
        if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
            raise InvalidArgument(f"n_oversamples must be a positive integer, got {samples!r}")
        if self.power_iteration_normalizer not in ("auto", "QR", "LU", "none"):
            raise InvalidArgument(
                f"power_iteration_normalizer must be one of auto, QR, LU, none, got {self.power_iteration_normalizer!r}"
            )
        if not (self.random_state is None or isinstance(self.random_state, np.random.RandomState)):
            check_random_state(self.random_state)
        n = self.n_components
        if n is None or (isinstance(n, str) and n == "mle"):
            return
        if isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 0:
            return
        if isinstance(n, float | np.floating) and 0 < n < 1:
            return
        raise InvalidArgument(
            f"n_components must be an integer from 0 on, a number between 0 and 1, 'mle' or None, got {n!r}"
        )

    def _choose_solver(self, shape: tuple[int, int]) -> tuple[str, int | float | str]:
        """The solver by scikit-learn's rules, and the number of components asked for."""
        events, variables = shape
        least = min(shape)
        solver = self.svd_solver
        wanted: int | float | str
        if self.n_components is None:
            wanted = least - 1 if solver == "arpack" else least
        else:
            wanted = self.n_components
        if solver == "auto":
            if variables <= 1000 and events >= 10 * variables:
                solver = "covariance_eigh"
            elif max(shape) <= 500 or isinstance(wanted, str):
                solver = "full"
            else:
                solver = "randomized" if 1 <= wanted < 0.8 * least else "full"
        of_shape = f"min(n_samples, n_features)={least} with svd_solver='{solver}'"
        if solver in ("full", "covariance_eigh"):
            if isinstance(wanted, str):
                if events < variables:
                    raise InvalidArgument("n_components='mle' is only supported if n_samples >= n_features")
            elif not 0 <= wanted <= least:
                raise InvalidArgument(f"n_components={wanted} must be between 0 and {of_shape}")
        elif isinstance(wanted, str):
            raise InvalidArgument(f"n_components={wanted!r} cannot be a string with svd_solver='{solver}'")
        elif not 1 <= wanted <= least:
            raise InvalidArgument(f"n_components={wanted} must be between 1 and {of_shape}")
        elif solver == "arpack" and wanted == least:
            raise InvalidArgument(f"n_components={wanted} must be strictly less than {of_shape}")
        return solver, wanted

    # Fitting

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> PCA:
        """Find the components.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers, float32 or float64 (anything else becomes float64).
        y : ignored
        sample_weight : None or array-like of shape (events,)
            How often each event counts (see Notes).

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Parameters, events or weights that make no sense, naming them.
        KeyboardInterrupt
            After Ctrl-C; nothing is held then.
        """
        self._check_params()
        threads = self._threads()
        X = self._check_array(X, reset=True)
        weight = None if sample_weight is None else check_weights(sample_weight, len(X))
        if weight is not None:
            validate_points(self, X, dtype=[np.float64, np.float32], reset=False)  # also events of weight zero
            if not weight.all():
                X, weight = X[weight != 0], weight[weight != 0]
        shape = (int(X.shape[0]), int(X.shape[1]))
        solver, wanted = self._choose_solver(shape)
        total, mean, covariance = _core.moments(X, weight, threads)
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            self._explain(X, total)
        normalisation = float(total) - 1.0
        if weight is not None and not normalisation > 0:
            raise InvalidArgument(f"the sum of sample_weight must be more than 1, got {total:.6g}")
        if self.whiten and shape[0] == 1:
            raise InvalidArgument("whiten=True needs two events or more, got n_samples=1")
        values, vectors = self._spectrum(X, mean, covariance * float(total), weight, solver)
        n_all = min(shape)
        values, vectors = values[:n_all], vectors[:n_all]
        largest = np.abs(vectors).argmax(axis=1)
        vectors = vectors * np.where(vectors[np.arange(len(vectors)), largest] < 0, -1.0, 1.0)[:, None]
        # One event has no variance; 0/0 is said as NaN by scikit-learn, with a warning.
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = values**2 / normalisation
            whole = float(np.trace(covariance)) * float(total) / normalisation if normalisation else np.nan
            ratio = variance / (variance.sum() if len(variance) == n_all else whole)
        self._keep(X.dtype, shape, mean, values, vectors, variance, ratio, wanted, float(total))
        self._fit_svd_solver = solver
        return self

    def _check_array(self, X: Any, *, reset: bool) -> NDArray[Any]:
        if (
            type(X) is np.ndarray
            and X.dtype in (np.dtype(np.float32), np.dtype(np.float64))
            and X.ndim == 2
            and min(X.shape) > 0
            and X.flags.aligned
            and all(stride % X.itemsize == 0 for stride in X.strides)
        ):
            # Whether all is finite is seen in the sums.
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        checked: NDArray[Any] = validate_points(self, X, dtype=[np.float64, np.float32], reset=reset)
        return checked

    def _explain(self, X: NDArray[Any], total: float) -> None:
        """An error that says why sums were not finite."""
        validate_points(self, X, dtype=[np.float64, np.float32], reset=False)
        if total == 0:
            raise InvalidArgument("the sum of sample_weight must be more than 1, got 0")
        raise InvalidArgument("X holds numbers so large that their squares are beyond float64")

    def _spectrum(
        self,
        X: NDArray[Any],
        mean: NDArray[np.float64],
        products: NDArray[np.float64],
        weight: NDArray[np.float64] | None,
        solver: str,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Singular values and right singular vectors (rows) of the centred events, largest first."""
        signed = weight is not None and bool((weight < 0).any())
        if solver != "covariance_eigh" and not signed and min(X.shape) <= _MOST_SINGULAR_VALUES:
            centred = X.astype(np.float64) - mean
            if weight is not None:
                centred *= np.sqrt(weight)[:, None]
            return _core.singular_values(centred)
        if solver != "covariance_eigh" and not signed and X.shape[0] < X.shape[1]:
            # The smaller of the two products.
            centred = X.astype(np.float64) - mean
            if weight is not None:
                centred *= np.sqrt(weight)[:, None]
            squares, left = _core.symmetric_eigen(centred @ centred.T)
            values = np.sqrt(np.maximum(squares, 0.0))
            vectors, _ = np.linalg.qr((centred.T @ left) / np.maximum(values, 1e-300))
            return values, np.ascontiguousarray(vectors.T)
        squares, columns = _core.symmetric_eigen(products)
        if squares[-1] < -1e-9 * max(squares[0], 0.0) or squares[0] < 0:
            raise InvalidArgument(
                f"the covariance matrix has a negative eigenvalue ({squares[-1]:.6g}, the largest is {squares[0]:.6g}) "
                "because of negative sample_weight"
            )
        return np.sqrt(np.maximum(squares, 0.0)), np.ascontiguousarray(columns.T)

    def _keep(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, int],
        mean: NDArray[np.float64],
        values: NDArray[np.float64],
        vectors: NDArray[np.float64],
        variance: NDArray[np.float64],
        ratio: NDArray[np.float64],
        wanted: int | float | str,
        total: float,
    ) -> None:
        if isinstance(wanted, str):
            count = _most_evident_dimension(variance, total)
        elif 0 < wanted < 1:
            cumulative = np.cumsum(ratio.astype(dtype))
            count = int(np.searchsorted(cumulative, wanted, side="right")) + 1
        else:
            count = int(wanted)
        count = min(count, len(values))
        self.noise_variance_ = float(variance[count:].mean()) if count < len(values) else 0.0
        self.n_samples_ = shape[0]
        self.n_components_ = count
        self.mean_ = mean.astype(dtype)
        self.components_ = vectors[:count].astype(dtype)
        self.explained_variance_ = variance[:count].astype(dtype)
        self.explained_variance_ratio_ = ratio[:count].astype(dtype)
        self.singular_values_ = values[:count].astype(dtype)
        self._make_predictor(mean, vectors[:count], variance[:count])

    def _make_predictor(
        self, mean: NDArray[np.float64], vectors: NDArray[np.float64], variance: NDArray[np.float64]
    ) -> None:
        """The projection in float64, which is also what model files hold."""
        if self.whiten:
            vectors = vectors / self._scale(variance)[:, None]
        self.predictor_ = _core.Projection(mean, np.ascontiguousarray(vectors)) if len(vectors) else None

    def _scale(self, variance: NDArray[Any]) -> NDArray[Any]:
        # Directions without variance must not become infinite.
        scale: NDArray[Any] = np.maximum(np.sqrt(variance), np.finfo(self.mean_.dtype).eps)
        return scale

    # Use

    def transform(self, X: Any) -> NDArray[Any]:
        """Project events on the components.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        array of shape (events, n_components_), float32 for float32 events, else float64

        Notes
        -----
        float32 events are projected in float32: the mean is subtracted first, so that digits are lost neither far from
        the origin nor to the mean, and a projection is exact to some 1e-7 of the length of the event about the mean.
        Model files (``save``) project in float64.
        """
        check_is_fitted(self)
        X = self._check_array(X, reset=False)
        if not (X.flags.aligned and all(stride % X.itemsize == 0 for stride in X.strides)):
            X = X.copy()
        if self.predictor_ is None:
            validate_points(self, X, dtype=[np.float64, np.float32], reset=False)
            return np.empty((len(X), 0), X.dtype)
        assert isinstance(self.predictor_, _core.Projection)
        result: NDArray[Any]
        if X.dtype == np.float32:
            result = self.predictor_.project_single(X, self._threads())
        else:
            result = self.predictor_.project(X, self._threads())
        # A variable that is not finite leaves no projection of its event finite.
        if not np.isfinite(result[:, 0]).all():
            validate_points(self, X, dtype=[np.float64, np.float32], reset=False)
            # All are, and too large for float32 in between.
            result = self.predictor_.project(X, self._threads()).astype(X.dtype, copy=False)
        return result

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> NDArray[Any]:
        """``fit(X, y, sample_weight).transform(X)``."""
        return self.fit(X, y, sample_weight).transform(X)

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """Events with given projections, in the space of the variables.

        Parameters
        ----------
        X : array-like of shape (events, n_components_)

        Returns
        -------
        array of shape (events, variables)
        """
        check_is_fitted(self)
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.n_components_:
            raise InvalidArgument(f"X has shape {X.shape}, expected (events, {self.n_components_})")
        components = self.components_
        if self.whiten:
            components = components * self._scale(self.explained_variance_)[:, None]
        result: NDArray[Any] = X @ components + self.mean_
        return result

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def get_covariance(self) -> NDArray[Any]:
        """Covariance matrix of the probabilistic model: the components, and noise in all directions.

        Returns
        -------
        array of shape (variables, variables)
        """
        check_is_fitted(self)
        more = np.maximum(self.explained_variance_ - self.noise_variance_, 0).astype(self.mean_.dtype)
        covariance: NDArray[Any] = (self.components_.T * more) @ self.components_
        covariance[np.diag_indices_from(covariance)] += self.mean_.dtype.type(self.noise_variance_)
        return covariance

    def get_precision(self) -> NDArray[Any]:
        """Inverse of the covariance matrix of the model.

        Returns
        -------
        array of shape (variables, variables)
        """
        check_is_fitted(self)
        if self.noise_variance_ == 0.0:
            inverse: NDArray[Any] = np.linalg.inv(self.get_covariance())
            return inverse
        # In the directions of the components 1 / variance, in all others 1 / noise.
        noise = self.noise_variance_
        more = np.maximum(self.explained_variance_.astype(np.float64) - noise, 0.0)
        less = more / (noise * (more + noise))
        components = self.components_.astype(np.float64)
        precision = np.eye(self.n_features_in_) / noise - (components.T * less) @ components
        rounded: NDArray[Any] = precision.astype(self.mean_.dtype)
        return rounded

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Log-likelihood of each event under the probabilistic model.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Returns
        -------
        array of shape (events,)
        """
        check_is_fitted(self)
        X = validate_points(self, X, dtype=[np.float64, np.float32], reset=False)
        centred = X - self.mean_
        precision = self.get_precision()
        sign, logarithm = np.linalg.slogdet(precision.astype(np.float64))
        if not sign > 0:
            logarithm = -np.inf
        likelihood: NDArray[Any] = -0.5 * (centred * (centred @ precision)).sum(axis=1)
        likelihood -= 0.5 * (X.shape[1] * math.log(2.0 * math.pi) - logarithm)
        return likelihood

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-likelihood of events under the probabilistic model.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : ignored

        Returns
        -------
        float
        """
        return float(np.mean(self.score_samples(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    # Persistence

    def _model(self) -> Any:
        check_is_fitted(self)
        if self.predictor_ is None:
            raise InvalidArgument("a PCA with no components cannot be saved")
        options = {key: value for key, value in self.get_params(deep=False).items() if key != "n_jobs"}
        names = getattr(self, "feature_names_in_", None)
        labels = [f"x{i}" for i in range(self.n_features_in_)] if names is None else [str(name) for name in names]
        outputs = [f"pca{i}" for i in range(self.n_components_)]

        def variable(label: str) -> dict[str, Any]:
            return {"expression": label, "label": label, "title": label, "unit": "", "internal": label, "type": "F"} | {
                "minimum": 0.0,
                "maximum": 0.0,
            }

        info = {
            "method": "PCA",
            "title": "PCA",
            "analysis_type": "Regression",
            "variables": [variable(label) for label in labels],
            "spectators": [],
            "targets": [variable(label) for label in outputs],
            "classes": [],
            "signal_class": 0,
            "options": [[key, repr(value)] for key, value in sorted(options.items())],
            "provenance": [["diskern", str(_core.__version__)]],
            "outputs": outputs,
        }
        return _core.Model(info, None, self.predictor_)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the projection to a file that ``diskern.load`` and C++'s ``diskern::load`` read.

        Parameters
        ----------
        path : str or path
            Written under a temporary name and renamed, so that never half a file is left.
        """
        self._model().save(str(path))

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if state.get("predictor_") is not None:
            del state["predictor_"]
            state["_model_bytes"] = self._model().to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        model_bytes = state.pop("_model_bytes", None)
        super().__setstate__(state)
        if model_bytes is not None:
            self.predictor_ = _core.model_from_bytes(model_bytes).predictor
