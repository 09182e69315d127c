"""Linear discriminants as estimators: Fisher's, and least squares."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ._base import ClassifierBase, InvalidArgument, RegressorBase

SingularPolicy = Literal["warn", "error"]


def _singular(policy: str) -> _core.Singular:
    if policy not in ("warn", "error"):
        raise InvalidArgument(f"singular must be 'warn' or 'error', got {policy!r}")
    return _core.Singular.error if policy == "error" else _core.Singular.floor


def _warn(estimator: Any, treated: list[str]) -> None:
    if treated:
        warnings.warn(
            f"{type(estimator).__name__}: variables {', '.join(treated)} are constant or linear combinations of others;"
            " directions without spread were given a small variance",
            UserWarning,
            stacklevel=3,
        )


class _LinearClassifier(ClassifierBase):
    """Two classes, a linear response, probabilities from normal densities of the response in each class."""

    predictor_: _core.Linear
    _slope: float
    _offset: float

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _check_two(self) -> None:
        if len(self.classes_) != 2:
            raise InvalidArgument(
                f"Only binary classification is supported by {type(self).__name__}. The type of the target is "
                f"multiclass: y holds {len(self.classes_)} classes"
            )

    def _names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [] if names is None else [str(name) for name in names]

    def _learn_probability(
        self,
        signal_weight: float,
        signal_mean: float,
        signal_variance: float,
        background_weight: float,
        background_mean: float,
        background_variance: float,
    ) -> None:
        """Normal densities of one width for both classes: the log odds are linear in the response."""
        if not (signal_weight > 0.0 and background_weight > 0.0):
            raise InvalidArgument(
                "sample_weight: the weights of each class must sum to more than zero, got "
                f"{background_weight} for {self.classes_[0]} and {signal_weight} for {self.classes_[1]}"
            )
        variance = (signal_weight * signal_variance + background_weight * background_variance) / (
            signal_weight + background_weight
        )
        distance = signal_mean - background_mean
        # No spread within the classes: a step halfway between the means.
        variance = max(variance, 1e-9 * distance**2, np.finfo(np.float64).tiny)
        self._slope = distance / variance
        middle = 0.5 * (signal_mean + background_mean)
        self._offset = float(np.log(signal_weight / background_weight)) - self._slope * middle

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._slope * self._responses(events)[:, 0] + self._offset

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        decision = self._decision(events)
        with np.errstate(over="ignore"):
            signal = 1.0 / (1.0 + np.exp(-decision))
            background = 1.0 / (1.0 + np.exp(decision))
        return np.column_stack([background, signal])

    @property
    def coef_(self) -> NDArray[np.float64]:
        """Coefficients of the log odds, shape (1, variables)."""
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return self._slope * coefficients[:, 1:]

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """Constant of the log odds, shape (1,)."""
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return self._slope * coefficients[:, 0] + self._offset


class FisherClassifier(_LinearClassifier):
    """Fisher's linear discriminant, with TMVA's coefficients.

    ``predictor_`` and saved models give TMVA's response ``F0 + sum F_i x_i``; ``decision_function`` is the log odds
    that follow when the response is normal in both classes with one width, and priors as the sums of weights.

    Parameters
    ----------
    method : {'fisher', 'mahalanobis'}
        Invert the covariance matrix within the classes, or the total one. The response differs by a factor.
    singular : {'warn', 'error'}
        Constant or collinear variables: give directions without spread a small variance (1e-6 of the total) and warn,
        or raise an error that names them.
    n_jobs, random_state, verbose
        See :class:`Estimator`; nothing here is random.

    Attributes
    ----------
    ranking_ : float64 array of shape (variables,)
        TMVA's "Discr. power": variance between the classes over the total variance.
    coef_, intercept_
        Of the log odds.

    Notes
    -----
    Event weights enter means and covariances with their sign; each class must have a positive sum.
    """

    _method_name: ClassVar[str] = "Fisher"

    def __init__(
        self,
        method: Literal["fisher", "mahalanobis"] = "fisher",
        singular: SingularPolicy = "warn",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.method = method
        self.singular = singular
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FisherClassifier:
        """Fit to events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
            Two classes; the larger label is the signal.
        sample_weight : array-like of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Bad input, more than two classes, a class whose weights do not sum to more than zero.
        """
        if self.method not in ("fisher", "mahalanobis"):
            raise InvalidArgument(f"method must be 'fisher' or 'mahalanobis', got {self.method!r}")
        params = _core.FisherParams()
        params.singular = _singular(self.singular)
        params.method = getattr(_core.FisherMethod, self.method)
        params.signal_class = 1
        events, class_index, weight = self._check_fit(X, y, sample_weight)
        self._check_two()
        params.variable_names = self._names()
        result = _core.fit_fisher(params, events, class_index, weight, threads=self._threads())
        _warn(self, result.singular)
        self.ranking_ = np.array(result.ranking)
        self._learn_probability(
            result.signal_weight,
            result.signal_mean,
            result.signal_variance,
            result.background_weight,
            result.background_mean,
            result.background_variance,
        )
        return self._finish_fit(result.predictor)  # type: ignore[no-any-return]


class LinearDiscriminantClassifier(_LinearClassifier):
    """Least squares of a target 1 (signal) and 0 (background): TMVA's LD.

    ``predictor_`` and saved models give TMVA's response, centred near zero; ``decision_function`` is the log odds that
    follow when the response is normal in both classes with one width, and priors as the sums of weights.

    Parameters
    ----------
    singular : {'warn', 'error'}
        Constant or collinear variables: give directions without spread a small variance (1e-6 of the total) and warn,
        or raise an error that names them.
    n_jobs, random_state, verbose
        See :class:`Estimator`; nothing here is random.

    Attributes
    ----------
    ranking_ : float64 array of shape (variables,)
        Absolute values of the coefficients of the response (TMVA's "Discr. power" for LD).
    coef_, intercept_
        Of the log odds.

    Notes
    -----
    Event weights enter the sums with their sign; each class must have a positive sum.
    """

    _method_name: ClassVar[str] = "LD"

    def __init__(
        self,
        singular: SingularPolicy = "warn",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.singular = singular
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearDiscriminantClassifier:
        """Fit to events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
            Two classes; the larger label is the signal.
        sample_weight : array-like of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Bad input, more than two classes, a class whose weights do not sum to more than zero.
        """
        params = _core.LinearDiscriminantParams()
        params.singular = _singular(self.singular)
        events, class_index, weight = self._check_fit(X, y, sample_weight)
        self._check_two()
        params.variable_names = self._names()
        target = class_index[:, np.newaxis].astype(np.float64)
        result = _core.fit_linear_discriminant(params, events, target, weight, threads=self._threads())
        _warn(self, result.singular)
        self.ranking_ = np.array(result.ranking)
        response = result.predictor.evaluate(events, threads=self._threads())[:, 0]
        moments = []
        for signal in (1, 0):
            of_class = class_index == signal
            total = weight[of_class].sum()
            mean = float(weight[of_class] @ response[of_class] / total)
            moments.append((total, mean, float(weight[of_class] @ (response[of_class] - mean) ** 2 / total)))
        self._learn_probability(*moments[0], *moments[1])
        return self._finish_fit(result.predictor)  # type: ignore[no-any-return]


class LinearDiscriminantRegressor(RegressorBase):
    """Weighted linear least squares with a constant term: TMVA's LD for regression.

    Parameters
    ----------
    singular : {'warn', 'error'}
        Constant or collinear variables: give directions without spread a small variance (1e-6 of the total) and warn,
        or raise an error that names them.
    n_jobs, random_state, verbose
        See :class:`Estimator`; nothing here is random.

    Attributes
    ----------
    coef_ : float64 array of shape (variables,)
    intercept_ : float

    Notes
    -----
    Event weights enter the sums with their sign; their sum must be positive.
    """

    _method_name: ClassVar[str] = "LD"

    predictor_: _core.Linear

    def __init__(
        self,
        singular: SingularPolicy = "warn",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.singular = singular
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearDiscriminantRegressor:
        """Fit to events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
        sample_weight : array-like of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Bad input, or weights that do not sum to more than zero.
        """
        params = _core.LinearDiscriminantParams()
        params.classification = False
        params.singular = _singular(self.singular)
        events, target, weight = self._check_fit(X, y, sample_weight)
        names = getattr(self, "feature_names_in_", None)
        params.variable_names = [] if names is None else [str(name) for name in names]
        result = _core.fit_linear_discriminant(params, events, target[:, np.newaxis], weight, threads=self._threads())
        _warn(self, result.singular)
        return self._finish_fit(result.predictor)  # type: ignore[no-any-return]

    @property
    def coef_(self) -> NDArray[np.float64]:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return coefficients[0, 1:]

    @property
    def intercept_(self) -> float:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return float(coefficients[0, 0])
