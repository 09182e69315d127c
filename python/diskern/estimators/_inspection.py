"""What every estimator over trees can say about itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ._base import Estimator

if TYPE_CHECKING:
    from ..inspection import Importance, ShapValues


class TreeInspection(Estimator):
    """Answers after each iteration, SHAP values and importances. Mixed into estimators whose predictor is a forest."""

    predictor_: _core.Forest

    def _at_stage(self, events: NDArray[np.float32], scores: NDArray[np.float64]) -> Any:
        """This estimator as if its forest had given ``scores`` (before the link) to ``events``, whatever X it gets."""
        stage = object.__new__(type(self))
        stage.__dict__.update(self.__dict__)
        responses = _core.link_responses(self.predictor_, np.ascontiguousarray(scores))
        stage.__dict__.update(
            _check_predict=lambda X: events, _responses=lambda events: responses, _raw=lambda events: scores
        )
        return stage

    def _stages(self, X: Any) -> Iterator[Any]:
        from ..inspection import staged_scores

        events = self._check_predict_float32(X)
        for scores in staged_scores(self.predictor_, events, self._threads()):
            yield self._at_stage(events, scores)

    def staged_predict(self, X: Any) -> Iterator[NDArray[Any]]:
        """The predictions after 1, 2, ... iterations; the last ones are those of ``predict``.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Yields
        ------
        array of shape (events,)
        """
        for stage in self._stages(X):
            yield stage.predict(X)

    def shap_values(self, X: Any, sample_weight: Any = None, **arguments: Any) -> ShapValues:
        """SHAP values of events, see :func:`diskern.inspection.shap_values`."""
        from ..inspection import shap_values

        return shap_values(self, X, sample_weight, **arguments)

    def importance(self, kind: Any = "gain") -> Importance:
        """Shares of the variables in the gain or the number of cuts, with errors.

        See :func:`diskern.inspection.forest_importance`.
        """
        from ..inspection import forest_importance

        return forest_importance(self, kind)


class ClassifierTreeInspection(TreeInspection):
    """The same for classifiers."""

    def staged_decision_function(self, X: Any) -> Iterator[NDArray[np.float64]]:
        """The response before it becomes a probability, after 1, 2, ... iterations.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Yields
        ------
        float64 array of shape (events,) for two classes, else (events, classes)
        """
        for stage in self._stages(X):
            yield stage.decision_function(X)

    def staged_predict_proba(self, X: Any) -> Iterator[NDArray[np.float64]]:
        """The probabilities after 1, 2, ... iterations.

        Parameters
        ----------
        X : array-like of shape (events, variables)

        Yields
        ------
        float64 array of shape (events, classes)
        """
        for stage in self._stages(X):
            yield stage.predict_proba(X)
