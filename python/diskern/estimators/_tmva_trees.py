"""What the estimators over TMVA's trees share: sklearn's words for the booking options, and their checks."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy
from ._base import ClassifierBase, Estimator, InvalidArgument, RegressorBase
from ._choices import negative_policy
from ._inspection import ClassifierTreeInspection, TreeInspection

CLASSIFICATION = _core.TmvaForestParams(_core.TmvaAnalysis.Classification)
REGRESSION = _core.TmvaForestParams(_core.TmvaAnalysis.Regression)

_CRITERIA = {
    "gini": _core.TmvaSeparation.GiniIndex,
    "entropy": _core.TmvaSeparation.CrossEntropy,
    "misclassification": _core.TmvaSeparation.MisClassificationError,
    "signal_significance": _core.TmvaSeparation.SDivSqrtSPlusB,
}


def _number(name: str, value: Any, kind: type, low: float, high: float) -> Any:
    numeric = int | np.integer if kind is int else int | float | np.integer | np.floating
    if isinstance(value, bool) or not isinstance(value, numeric) or not low <= value <= high:
        word = "an integer" if kind is int else "a number"
        raise InvalidArgument(f"{name} must be {word} from {low:g} to {high:g}, got {value!r}")
    return kind(value)


class TmvaTrees(Estimator):
    """Parameters and training, common to all."""

    predictor_: _core.Forest
    feature_importances_: NDArray[np.float64]

    max_depth: int | None
    min_weight_fraction_leaf: float
    max_bins: int | None
    negative_weights: NegativePolicy

    _analysis: ClassVar[Any] = _core.TmvaAnalysis.Classification

    def _params(self) -> _core.TmvaForestParams:
        """What all of them set; subclasses add theirs."""
        params = _core.TmvaForestParams(self._analysis)
        params.MaxDepth = 1000 if self.max_depth is None else _number("max_depth", self.max_depth, int, 1, 1000)
        fraction = _number("min_weight_fraction_leaf", self.min_weight_fraction_leaf, float, 0.0, 0.5)
        if fraction >= 0.5:
            raise InvalidArgument(f"min_weight_fraction_leaf must be below 0.5, got {fraction!r}")
        params.MinNodeSize = max(100.0 * fraction, 1e-12)
        params.nCuts = -1 if self.max_bins is None else _number("max_bins", self.max_bins, int, 2, 1_000_000) - 1
        negative_policy(self.negative_weights)
        params.MinNodeSizeByWeight = True
        params.SkipNormalization = True
        return params

    def _train(
        self,
        params: _core.TmvaForestParams,
        events: NDArray[np.float32],
        class_index: NDArray[np.int32],
        target: NDArray[np.float64] | None,
        weight: NDArray[np.float64],
    ) -> Any:
        result = _core.fit_tmva_forest(
            params,
            self._analysis,
            events,
            class_index,
            target,
            weight,
            n_classes=2 if target is None else 1,
            signal_class=1 if target is None else 0,
            threads=self._threads(),
            progress=self._progress(),
        )
        self.feature_importances_ = result.importance
        self._keep(result)
        return self._finish_fit(result.predictor, result.interrupted)

    def _keep(self, result: _core.TmvaForestResult) -> None:
        """More attributes of the fitted estimator."""


class TmvaTreesClassifier(ClassifierTreeInspection, ClassifierBase, TmvaTrees):
    """Two classes."""

    criterion: str

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _params(self) -> _core.TmvaForestParams:
        params = super()._params()
        if self.criterion not in _CRITERIA:
            raise InvalidArgument(f"criterion must be one of {', '.join(_CRITERIA)}, got {self.criterion!r}")
        params.SeparationType = _CRITERIA[self.criterion]
        return params

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers.
        y : array-like of shape (events,)
            Labels of two classes; the larger one is the signal.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on: NaN or infinity (``GradientBoostedTreesClassifier`` takes them), one class
            or more than two, a class whose weights do not add up to more than zero.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        params = self._params()
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        if len(self.classes_) != 2:
            raise InvalidArgument(
                f"Only binary classification is supported by {type(self).__name__}. The type of the target is "
                f"multiclass: y holds {len(self.classes_)} classes"
            )
        return self._train(params, events, class_index, None, weight)


class TmvaTreesRegressor(TreeInspection, RegressorBase, TmvaTrees):
    """One target."""

    _analysis: ClassVar[Any] = _core.TmvaAnalysis.Regression

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            Finite numbers.
        y : array-like of shape (events,)
            Targets; used as float32.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on: NaN or infinity (``GradientBoostedTreesRegressor`` takes them), weights
            that do not add up to more than zero.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        params = self._params()
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        return self._train(params, events, np.zeros(len(events), np.int32), target, weight)
