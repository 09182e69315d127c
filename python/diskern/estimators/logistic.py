"""Linear and logistic regression as estimators."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ._base import ClassifierBase, InvalidArgument, RegressorBase

Solver = Literal["newton", "gradient", "stochastic", "mini_batch"]
_SOLVERS = {
    "newton": _core.LinearSolver.Newton,
    "gradient": _core.LinearSolver.GradientDescent,
    "stochastic": _core.LinearSolver.Stochastic,
    "mini_batch": _core.LinearSolver.MiniBatch,
}


def _params(estimator: Any, loss: _core.LinearLoss) -> _core.LinearFitParams:
    if estimator.solver not in _SOLVERS:
        raise InvalidArgument(f"solver must be one of {', '.join(map(repr, _SOLVERS))}, got {estimator.solver!r}")
    params = _core.LinearFitParams()
    params.loss = loss
    params.Solver = _SOLVERS[estimator.solver]
    for own, name in (("l2", "L2"), ("l1", "L1"), ("learning_rate", "LearningRate"), ("tol", "Tolerance")):
        value = getattr(estimator, own)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise InvalidArgument(f"{own} must be a number, got {value!r}")
        setattr(params, name, float(value))
    for own, name in (("max_iter", "MaxIterations"), ("batch_size", "BatchSize")):
        value = getattr(estimator, own)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InvalidArgument(f"{own} must be a positive integer, got {value!r}")
        setattr(params, name, int(value))
    params.Standardise = bool(estimator.standardise)
    names = getattr(estimator, "feature_names_in_", None)
    params.variable_names = [] if names is None else [str(name) for name in names]
    return params


def _warn(estimator: Any, result: _core.LinearFitResult) -> None:
    estimator.loss_curve_ = np.array(result.loss)
    estimator.n_iter_ = max(1, len(result.loss))
    estimator.converged_ = bool(result.converged)
    if not result.converged and not result.interrupted:
        warnings.warn(
            f"{type(estimator).__name__}: max_iter={estimator.max_iter} ended the fit before it had converged",
            UserWarning,
            stacklevel=3,
        )


class LogisticRegression(ClassifierBase):
    """The probability of each class from linear scores.

    Minimised is the weighted mean of -ln p of each event's class, plus ``l2 / 2`` times the squares and ``l1`` times
    the sizes of the coefficients (not of the constants). With W the sum of weights, scikit-learn's ``C`` is
    ``1 / (l2 W)`` for ``standardise=False``.

    Parameters
    ----------
    solver : {'newton', 'gradient', 'stochastic', 'mini_batch'}
        Newton's method; gradient descent with momentum; or event by event, or batch by batch, in random order.
    l2, l1 : float
        Strength of the penalties; l1 not with 'newton'.
    standardise : bool
        Penalties of the coefficients of variables in units of their spread.
    learning_rate : float
        First step of 'stochastic' and 'mini_batch'.
    batch_size : int
        Events of a batch of 'mini_batch'.
    max_iter : int
        Most passes over the events.
    tol : float
        Relative change of the loss that ends the fit.
    n_jobs, random_state, verbose
        See :class:`Estimator`.

    Attributes
    ----------
    coef_, intercept_ : float64 arrays of shape (outputs, variables) and (outputs,)
        Of the scores: one for two classes (the log odds of ``classes_[1]``), else one for each class.
    loss_curve_ : float64 array
        The loss after each pass.
    n_iter_, converged_

    Notes
    -----
    Event weights enter the sums with their sign; each class must have a positive sum.
    """

    _method_name: ClassVar[str] = "LogisticRegression"

    predictor_: _core.Linear
    loss_curve_: NDArray[np.float64]

    def __init__(
        self,
        solver: Solver = "newton",
        l2: float = 1e-4,
        l1: float = 0.0,
        standardise: bool = True,
        learning_rate: float = 0.1,
        batch_size: int = 64,
        max_iter: int = 200,
        tol: float = 1e-8,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.solver = solver
        self.l2 = l2
        self.l1 = l1
        self.standardise = standardise
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit to events.

        Parameters
        ----------
        X : array-like of shape (events, variables)
        y : array-like of shape (events,)
            Class labels.
        sample_weight : array-like of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Bad input or parameters, a class whose weights do not sum to more than zero, variables without a unique
            solution (``l2`` gives one).
        KeyboardInterrupt
            After Ctrl-C; after the first pass the solution so far is held and ``interrupted_`` is True.
        """
        events, class_index, weight = self._check_fit(X, y, sample_weight)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise InvalidArgument("y holds one class, at least 2 classes are needed")
        params = _params(self, _core.LinearLoss.logistic)
        result = _core.fit_logistic(
            params,
            events,
            class_index,
            n_classes,
            n_classes - 1,
            weight,
            seed=self._seed(),
            threads=self._threads(),
            progress=self._progress(),
        )
        _warn(self, result)
        return self._finish_fit(result.predictor, result.interrupted)  # type: ignore[no-any-return]

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = events.astype(np.float64) @ self.coef_.T + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        return np.column_stack([1.0 - responses[:, 0], responses[:, 0]]) if responses.shape[1] == 1 else responses

    @property
    def coef_(self) -> NDArray[np.float64]:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return coefficients[:, 1:]

    @property
    def intercept_(self) -> NDArray[np.float64]:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return coefficients[:, 0]


class LinearRegression(RegressorBase):
    """Weighted least squares with a constant, L2 and L1.

    Minimised is half of the weighted mean of the squared differences, plus ``l2 / 2`` times the squares and ``l1``
    times the sizes of the coefficients. With W the sum of weights, ``alpha`` of scikit-learn's Ridge is ``l2 W`` and
    that of Lasso ``l1``, for ``standardise=False``.

    Parameters
    ----------
    solver, l2, l1, standardise, learning_rate, batch_size, max_iter, tol
        As of :class:`LogisticRegression`; 'newton' is the normal equations.
    n_jobs, random_state, verbose
        See :class:`Estimator`.

    Attributes
    ----------
    coef_ : float64 array of shape (variables,)
    intercept_ : float
    loss_curve_, n_iter_, converged_
        As of :class:`LogisticRegression`.

    Notes
    -----
    Event weights enter the sums with their sign; their sum must be positive.
    """

    _method_name: ClassVar[str] = "LinearRegression"

    predictor_: _core.Linear
    loss_curve_: NDArray[np.float64]

    def __init__(
        self,
        solver: Solver = "newton",
        l2: float = 1e-8,
        l1: float = 0.0,
        standardise: bool = True,
        learning_rate: float = 0.1,
        batch_size: int = 64,
        max_iter: int = 200,
        tol: float = 1e-8,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.solver = solver
        self.l2 = l2
        self.l1 = l1
        self.standardise = standardise
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
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
            Bad input or parameters, weights that do not sum to more than zero.
        KeyboardInterrupt
            After Ctrl-C; after the first pass the solution so far is held and ``interrupted_`` is True.
        """
        events, target, weight = self._check_fit(X, y, sample_weight)
        params = _params(self, _core.LinearLoss.squared)
        result = _core.fit_linear(
            params,
            events,
            np.ascontiguousarray(target[:, np.newaxis]),
            weight,
            seed=self._seed(),
            threads=self._threads(),
            progress=self._progress(),
        )
        _warn(self, result)
        return self._finish_fit(result.predictor, result.interrupted)  # type: ignore[no-any-return]

    @property
    def coef_(self) -> NDArray[np.float64]:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return coefficients[0, 1:]

    @property
    def intercept_(self) -> float:
        coefficients: NDArray[np.float64] = self.predictor_.coefficients
        return float(coefficients[0, 0])
