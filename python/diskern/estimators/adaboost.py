"""AdaBoost on TMVA's trees."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy
from ._base import InvalidArgument
from ._tmva_trees import CLASSIFICATION, REGRESSION, TmvaTreesClassifier, TmvaTreesRegressor, _number

_LOSSES = {
    "linear": _core.TmvaAdaBoostR2Loss.Linear,
    "square": _core.TmvaAdaBoostR2Loss.Quadratic,
    "exponential": _core.TmvaAdaBoostR2Loss.Exponential,
}


class AdaBoostTreesClassifier(TmvaTreesClassifier):
    """AdaBoost of small decision trees, as TMVA's BDT does it, for two classes.

    Unlike a booked BDT, which brings both classes to equal sums of weights first, classes keep their ratio, and an
    event of weight 2 is the same as the event twice.

    Parameters
    ----------
    n_estimators : int
        Most trees; boosting ends earlier where a tree is no better than guessing.
    learning_rate : float
        TMVA's AdaBoostBeta: factor on the logarithm that weighs a tree.
    algorithm : {'discrete', 'real'}
        'discrete': leaves say +1 or -1; 'real': leaves say their purity (TMVA's RealAdaBoost).
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int or None
        Steps of the grid of cuts in the range of each node; None: every gap between events.
    criterion : {'gini', 'entropy', 'misclassification', 'signal_significance'}
        What a cut improves.
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
        TMVA's "Variable Importance", normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.

    Notes
    -----
    ``predict_proba`` is (y + 1) / 2 of TMVA's response y: a score that orders events, not a calibrated probability.
    Freund and Schapire, J. Comput. Syst. Sci. 55 (1997) 119. NaN and infinities are refused.
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

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        response = self._responses(events)[:, 0]
        return 2.0 * response - 1.0 if self.algorithm == "real" else response

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        signal = (self._decision(events) + 1.0) / 2.0
        return np.column_stack([1.0 - signal, signal])


class AdaBoostTreesRegressor(TmvaTreesRegressor):
    """AdaBoost.R2 of decision trees, as TMVA's BDT does it, for one target.

    Parameters
    ----------
    n_estimators : int
        Most trees, at most 4096; boosting ends earlier where the error fraction reaches one half.
    loss : {'linear', 'square', 'exponential'}
        How deviations make the error fraction of a tree.
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights.
    max_bins : int
        Steps of the grid of cuts in the range of each node.
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
        TMVA's "Variable Importance", normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.

    Notes
    -----
    The estimate is the mean of the central third of the trees' answers around their weighted median (TMVA). Drucker,
    ICML 1997. NaN and infinities are refused.
    """

    _method_name: ClassVar[str] = "BDT"

    estimator_weights_: NDArray[np.float64]
    estimator_errors_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_estimators: int = REGRESSION.NTrees,
        loss: Literal["linear", "square", "exponential"] = "square",
        max_depth: int | None = REGRESSION.MaxDepth,
        min_weight_fraction_leaf: float = REGRESSION.MinNodeSize / 100.0,
        max_bins: int = REGRESSION.nCuts + 1,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.loss = loss
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
