"""AdaBoost whose efficiency is uniform in protected variables."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._shares import shares
from .._validation import NegativePolicy
from ._base import ClassifierBase, InvalidArgument
from ._choices import negative_policy, set_values
from ._protected import check_protected, uniform_classes

_DEFAULTS = _core.UBoostParams()
_NUMBERS = (
    "n_estimators",
    "efficiency_steps",
    "learning_rate",
    "uniforming_rate",
    "smoothing",
    "n_neighbors",
    "min_weight_fraction_leaf",
    "max_bins",
)


class UBoostClassifier(ClassifierBase):
    """uBoost: boosted trees with the same efficiency everywhere in protected variables, at every cut.

    For each of ``efficiency_steps`` efficiencies an AdaBoost forest is grown whose events gain weight where the class
    that shall be uniform passes the forest's cut more rarely (in the background: more often) than on the whole, as its
    nearest neighbours in the protected variables tell. The response is the mean over the forests of how clearly an
    event passes the cut. The protected variables are seen by the boosting only, and not needed for the evaluation.

    Parameters
    ----------
    uniform_class : label or None
        Class whose efficiency shall be uniform; None: ``classes_[0]``, the background.
    n_estimators : int
        Trees of each forest.
    efficiency_steps : int
        Forests, 1 to 1024: the efficiencies are k / (efficiency_steps + 1).
    learning_rate : float
        Factor on the logarithm that weighs a tree.
    uniforming_rate : float
        How strongly uneven efficiency boosts; 1: as in the paper, less separates better and is less flat, 0: AdaBoost.
    smoothing : float
        Width of the step that counts an event as passing, in standard deviations of the forest's score over the class.
    n_neighbors : float
        Events that a local efficiency is taken from; an event of weight above one counts as its weight.
    max_depth : int or None
        Most cuts from the root to a leaf.
    min_weight_fraction_leaf : float
        Smallest leaf as a fraction of the sum of weights, as boosted.
    max_bins : int
        Most quantile bins of a variable, 2 to 255.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': used, and boosted with the inverse factor; 'ignore': left out; 'error': refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    classes_ : array of shape (2,)
    efficiencies_ : float64 array of shape (efficiency_steps,)
        Efficiency at which each forest is uniform.
    estimator_errors_, deviations_ : float64 arrays of shape (trees, efficiency_steps)
        Weighted error fraction of each tree, and after it the mean distance of local efficiencies from the efficiency
        of the class, both with the boosted weights.
    feature_importances_ : float64 array of shape (variables,)
        Decrease of the impurity, normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.

    Notes
    -----
    Stevens and Williams, "uBoost: a boosting method for producing uniform selection efficiencies from multivariate
    classifiers", JINST 8 (2013) P12013, arXiv:1305.7248. Two classes, brought to equal sums of weights. Unlike in the
    paper events pass by a smooth step, and the weight of unevenness is log(1/e') in place of log((1 - e')/e'), e' being
    the mean distance of local efficiencies, as in the implementation of hep_ml: the latter changes its sign at one
    half. Neighbours are nearest by the Euclidean distance after each variable is divided by the distance of its
    quartiles. ``predict_proba`` gives a score that orders events, not a calibrated probability.
    """

    _method_name: ClassVar[str] = "UBoost"
    _allow_missing: ClassVar[bool] = True
    _allow_infinite: ClassVar[bool] = True
    _fits_any_order: ClassVar[bool] = True

    estimator_errors_: NDArray[np.float64]
    deviations_: NDArray[np.float64]

    def __init__(
        self,
        *,
        uniform_class: Any = None,
        n_estimators: int = _DEFAULTS.n_estimators,
        efficiency_steps: int = _DEFAULTS.efficiency_steps,
        learning_rate: float = _DEFAULTS.learning_rate,
        uniforming_rate: float = _DEFAULTS.uniforming_rate,
        smoothing: float = _DEFAULTS.smoothing,
        n_neighbors: float = _DEFAULTS.n_neighbors,
        max_depth: int | None = _DEFAULTS.max_depth,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_bins: int = _DEFAULTS.max_bins,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.uniform_class = uniform_class
        self.n_estimators = n_estimators
        self.efficiency_steps = efficiency_steps
        self.learning_rate = learning_rate
        self.uniforming_rate = uniforming_rate
        self.smoothing = smoothing
        self.n_neighbors = n_neighbors
        self.max_depth = max_depth
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _params(self) -> _core.UBoostParams:
        params = _core.UBoostParams()
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        numbers["max_depth"] = 0 if self.max_depth is None else self.max_depth
        set_values(params, numbers)
        params.negative_weights = negative_policy(self.negative_weights)
        return params

    def _progress_names(self) -> tuple[str, str]:
        return "unevenness", "validation"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, protected: Any = None) -> UBoostClassifier:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Labels of two classes.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        protected : array-like of shape (events,) or (events, protected variables), mapping or data frame of columns
            One to four finite variables in which the efficiency shall be uniform.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on: no or constant protected variables, NaN in them, fewer events of the class
            than ``n_neighbors``.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        params = self._params()
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        if len(self.classes_) != 2:
            raise InvalidArgument(f"uBoost is for two classes, y holds {len(self.classes_)}")
        variables = check_protected(protected, len(events))
        chosen = uniform_classes(self.uniform_class, self.classes_)
        if len(chosen) != 1:
            raise InvalidArgument(f"uniform_class must be one label, got {self.uniform_class!r}")
        params.uniform_class = chosen[0]
        result = _core.fit_uboost(
            params,
            events,
            weight,
            class_index,
            variables,
            threads=self._threads(),
            progress=self._progress(),
        )
        self.efficiencies_ = np.asarray(result.efficiency)
        self.estimator_errors_ = np.asarray(result.error_fraction)
        self.deviations_ = np.asarray(result.deviation)
        self.feature_importances_ = shares(result.feature_gain)
        self._finish_fit(result.predictor, result.interrupted)
        return self

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        decision: NDArray[np.float64] = 2.0 * self._responses(events)[:, 0] - 1.0
        return decision

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        signal = self._responses(events)[:, 0]
        return np.column_stack([1.0 - signal, signal])
