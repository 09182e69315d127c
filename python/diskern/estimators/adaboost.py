"""AdaBoost on TMVA's trees and on quantile bins."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._shares import shares
from .._validation import NegativePolicy
from ._base import InvalidArgument
from ._choices import CRITERIA, negative_policy
from ._tmva_trees import CLASSIFICATION, REGRESSION, TmvaTrees, TmvaTreesClassifier, TmvaTreesRegressor, _number

_LOSSES = {
    "linear": _core.TmvaAdaBoostR2Loss.Linear,
    "square": _core.TmvaAdaBoostR2Loss.Quadratic,
    "exponential": _core.TmvaAdaBoostR2Loss.Exponential,
}
_HISTOGRAM_LOSSES = {
    "linear": _core.AdaBoostLoss.linear,
    "square": _core.AdaBoostLoss.square,
    "exponential": _core.AdaBoostLoss.exponential,
}
Engine = Literal["tmva", "histogram"]


class _Engine(TmvaTrees):
    """The choice between TMVA's trees and quantile bins."""

    engine: Engine
    n_estimators: int

    def _on_histograms(self) -> bool:
        if self.engine not in ("tmva", "histogram"):
            raise InvalidArgument(f"engine must be 'tmva' or 'histogram', got {self.engine!r}")
        return self.engine == "histogram"

    def _progress_names(self) -> tuple[str, str]:
        return "error fraction", "validation"

    # TMVA's trees know neither missing nor infinite values.
    @property
    def _allow_missing(self) -> bool:  # type: ignore[override]
        return self.engine == "histogram"

    @property
    def _allow_infinite(self) -> bool:  # type: ignore[override]
        return self.engine == "histogram"

    @property
    def _fits_any_order(self) -> bool:  # type: ignore[override]
        return self.engine == "histogram"

    def _histogram_params(self) -> _core.AdaBoostParams:
        params = _core.AdaBoostParams()
        params.n_estimators = _number("n_estimators", self.n_estimators, int, 1, 10_000_000)
        params.max_depth = 0 if self.max_depth is None else _number("max_depth", self.max_depth, int, 1, 1000)
        fraction = _number("min_weight_fraction_leaf", self.min_weight_fraction_leaf, float, 0.0, 0.5)
        params.min_weight_fraction_leaf = fraction
        if self.max_bins is None:
            raise InvalidArgument("max_bins must be a number from 2 to 255 with engine='histogram', got None")
        params.max_bins = _number("max_bins", self.max_bins, int, 2, 255)
        params.negative_weights = negative_policy(self.negative_weights)
        return params

    def _train_on_histograms(
        self,
        params: _core.AdaBoostParams,
        events: NDArray[np.float32],
        weight: NDArray[np.float64],
        n_classes: int,
        **answer: NDArray[Any],
    ) -> Any:
        result = _core.fit_ada_boost(
            params,
            events,
            weight,
            **answer,
            n_classes=n_classes,
            threads=self._threads(),
            progress=self._progress(),
        )
        self.estimator_weights_ = np.asarray(result.tree_weight)
        self.estimator_errors_ = np.asarray(result.error_fraction)
        self.feature_importances_ = shares(result.feature_gain)
        return self._finish_fit(result.predictor, result.interrupted)


class AdaBoostTreesClassifier(_Engine, TmvaTreesClassifier):
    """AdaBoost of small decision trees: as TMVA's BDT does it, for two classes, or on quantile bins, for several.

    Unlike a booked BDT, which brings both classes to equal sums of weights first, classes keep their ratio, and an
    event of weight 2 is the same as the event twice.

    Parameters
    ----------
    n_estimators : int
        Most trees; boosting ends earlier where a tree is no better than guessing.
    learning_rate : float
        TMVA's AdaBoostBeta: factor on the logarithm that weighs a tree.
    algorithm : {'discrete', 'real'}
        'discrete': leaves say +1 or -1 (several classes: SAMME); 'real': leaves say their purity (TMVA's RealAdaBoost)
        or, with ``engine='histogram'``, half the logarithm of their odds (several classes: SAMME.R).
    engine : {'tmva', 'histogram'}
        'tmva': TMVA's trees, two classes, finite values; 'histogram': the same boosting on quantile bins, many times
        faster, for any number of classes, NaN being missing and infinities values.
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int or None
        Steps of the grid of cuts in the range of each node; None: every gap between events. With
        ``engine='histogram'``: most quantile bins, 2 to 255.
    criterion : {'gini', 'entropy', 'misclassification', 'signal_significance'}
        What a cut improves; the last is of 'tmva' only.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': used, and boosted with the inverse factor; 'ignore': left out; 'error': refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    estimator_weights_, estimator_errors_ : float64 arrays of shape (trees,)
        Weight of each tree and its weighted error fraction in training.
    feature_importances_ : float64 array of shape (variables,)
        TMVA's "Variable Importance"; with ``engine='histogram'`` the decrease of the impurity; normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.

    Notes
    -----
    ``predict_proba`` is (y + 1) / 2 of the response y (the share of the votes with several classes): a score that
    orders events, not a calibrated probability; with 'real' on histograms it is 1 / (1 + exp(-2 y)), or the softmax.
    Freund and Schapire, J. Comput. Syst. Sci. 55 (1997) 119; SAMME: Zhu, Zou, Rosset and Hastie, Statistics and Its
    Interface 2 (2009) 349; real: Friedman, Hastie and Tibshirani, Ann. Statist. 28 (2000) 337.
    """

    _method_name: ClassVar[str] = "BDT"

    estimator_weights_: NDArray[np.float64]
    estimator_errors_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_estimators: int = CLASSIFICATION.NTrees,
        learning_rate: float = CLASSIFICATION.AdaBoostBeta,
        algorithm: Literal["discrete", "real"] = "discrete",
        max_depth: int | None = CLASSIFICATION.MaxDepth,
        min_weight_fraction_leaf: float = CLASSIFICATION.MinNodeSize / 100.0,
        max_bins: int | None = CLASSIFICATION.nCuts + 1,
        criterion: str = "gini",
        engine: Engine = "tmva",
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.algorithm = algorithm
        self.max_depth = max_depth
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.criterion = criterion
        self.engine = engine
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _params(self) -> _core.TmvaForestParams:
        params = super()._params()
        if self.algorithm not in ("discrete", "real"):
            raise InvalidArgument(f"algorithm must be 'discrete' or 'real', got {self.algorithm!r}")
        real = self.algorithm == "real"
        params.BoostType = _core.TmvaBoostType.RealAdaBoost if real else _core.TmvaBoostType.AdaBoost
        params.NTrees = _number("n_estimators", self.n_estimators, int, 1, 10_000_000)
        params.AdaBoostBeta = _number("learning_rate", self.learning_rate, float, 1e-12, 1e6)
        return params

    def _keep(self, result: _core.TmvaForestResult) -> None:
        self.estimator_weights_ = result.boost_weight
        self.estimator_errors_ = result.error_fraction

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.engine == "histogram"
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers; with ``engine='histogram'`` NaN is missing and infinities are values.
        y : array-like of shape (events,)
            Class labels, two with ``engine='tmva'``; the larger of two is the signal.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        if not self._on_histograms():
            return super().fit(X, y, sample_weight)
        params = self._histogram_params()
        if self.algorithm not in ("discrete", "real"):
            raise InvalidArgument(f"algorithm must be 'discrete' or 'real', got {self.algorithm!r}")
        if self.criterion not in CRITERIA:
            raise InvalidArgument(
                f"criterion must be one of {', '.join(CRITERIA)} with engine='histogram', got {self.criterion!r}"
            )
        params.real = self.algorithm == "real"
        params.criterion = CRITERIA[self.criterion]
        params.learning_rate = _number("learning_rate", self.learning_rate, float, 1e-12, 1e6)
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        return self._train_on_histograms(params, events, weight, len(self.classes_), class_index=class_index)

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        if responses.shape[1] > 1:
            return responses
        response = responses[:, 0]
        return 2.0 * response - 1.0 if self.algorithm == "real" and self.engine == "tmva" else response

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        decision = self._decision(events)
        real = self.algorithm == "real" and self.engine == "histogram"
        if decision.ndim == 1:
            signal = 0.5 * (1.0 + np.tanh(decision)) if real else (decision + 1.0) / 2.0
            return np.column_stack([1.0 - signal, signal])
        others = decision.shape[1] - 1.0
        if not real:
            return np.asarray((decision * others + 1.0) / (others + 1.0))
        shares = np.exp((decision - decision.max(axis=1, keepdims=True)) / others)
        total: NDArray[np.float64] = shares.sum(axis=1, keepdims=True)
        return np.asarray(shares / total)


class AdaBoostTreesRegressor(_Engine, TmvaTreesRegressor):
    """AdaBoost.R2 of decision trees, as TMVA's BDT does it or on quantile bins, for one target.

    Parameters
    ----------
    n_estimators : int
        Most trees, at most 4096; boosting ends earlier where the error fraction reaches one half.
    loss : {'linear', 'square', 'exponential'}
        How deviations make the error fraction of a tree.
    engine : {'tmva', 'histogram'}
        'tmva': TMVA's trees, finite values; 'histogram': the same boosting on quantile bins, many times faster, NaN
        being missing and infinities values.
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int
        Steps of the grid of cuts in the range of each node; with ``engine='histogram'`` most quantile bins, 2 to 255.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': used, and boosted with the inverse factor; 'ignore': left out; 'error': refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    estimator_weights_, estimator_errors_ : float64 arrays of shape (trees,)
        Weight of each tree and its error fraction in training.
    feature_importances_ : float64 array of shape (variables,)
        TMVA's "Variable Importance"; with ``engine='histogram'`` the decrease of the impurity; normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.

    Notes
    -----
    The estimate is the mean of the central third of the trees' answers around their weighted median (TMVA). Every tree
    is grown on the boosted weights, not on a sample drawn by them. Drucker, ICML 1997.
    """

    _method_name: ClassVar[str] = "BDT"

    estimator_weights_: NDArray[np.float64]
    estimator_errors_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_estimators: int = REGRESSION.NTrees,
        loss: Literal["linear", "square", "exponential"] = "square",
        engine: Engine = "tmva",
        max_depth: int | None = REGRESSION.MaxDepth,
        min_weight_fraction_leaf: float = REGRESSION.MinNodeSize / 100.0,
        max_bins: int = REGRESSION.nCuts + 1,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.loss = loss
        self.engine = engine
        self.max_depth = max_depth
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _params(self) -> _core.TmvaForestParams:
        if self.max_bins is None:
            raise InvalidArgument("max_bins must be a number: trees on targets cut on a grid")
        params = super()._params()
        if self.loss not in _LOSSES:
            raise InvalidArgument(f"loss must be one of {', '.join(_LOSSES)}, got {self.loss!r}")
        params.AdaBoostR2Loss = _LOSSES[self.loss]
        params.NTrees = _number("n_estimators", self.n_estimators, int, 1, 4096)
        return params

    def _keep(self, result: _core.TmvaForestResult) -> None:
        self.estimator_weights_ = result.boost_weight
        self.estimator_errors_ = result.error_fraction

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers; with ``engine='histogram'`` NaN is missing and infinities are values.
        y : array-like of shape (events,)
            Targets.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        if not self._on_histograms():
            return super().fit(X, y, sample_weight)
        params = self._histogram_params()
        if self.loss not in _HISTOGRAM_LOSSES:
            raise InvalidArgument(f"loss must be one of {', '.join(_HISTOGRAM_LOSSES)}, got {self.loss!r}")
        params.loss = _HISTOGRAM_LOSSES[self.loss]
        params.learning_rate = 1.0  # Drucker's
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        return self._train_on_histograms(params, events, weight, 0, target=target)
