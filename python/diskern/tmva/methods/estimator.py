"""Any scikit-learn-style estimator as a method: the same split, weights, transformations and evaluation."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from .base import AnalysisType, Method, Option, ProgressCallback, TrainedMethod, TrainingSample


class EstimatorEvaluator:
    """A fitted estimator behind the interface of native predictors."""

    def __init__(self, estimator: Any, analysis_type: AnalysisType, outputs: int) -> None:
        self.estimator = estimator
        self.analysis_type = analysis_type
        self.outputs = outputs

    def evaluate(self, events: NDArray[np.float32], threads: int = 1) -> NDArray[np.float64]:
        """Responses, float64 (events, outputs): the probability of signal (classification), of each class (multiclass),
        the estimate of each target (regression). Without predict_proba: decision_function, then predict."""
        del threads  # estimators have their own setting
        if len(events) == 0:  # most estimators refuse to predict nothing
            return np.empty((0, self.outputs))
        if self.analysis_type == "Regression":
            return self._matrix(self.estimator.predict(events), len(events))
        if hasattr(self.estimator, "predict_proba"):
            responses = np.asarray(self.estimator.predict_proba(events), np.float64)
            return self._by_class(responses)
        if hasattr(self.estimator, "decision_function"):
            responses = np.asarray(self.estimator.decision_function(events), np.float64)
            return responses[:, None] if responses.ndim == 1 else self._by_class(responses)
        return self._matrix(self.estimator.predict(events), len(events))

    def _matrix(self, values: Any, events: int) -> NDArray[np.float64]:
        return np.asarray(values, np.float64).reshape(events, -1)

    def _by_class(self, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Columns by class index; a class the estimator has not seen gets zero."""
        if responses.ndim == 1:
            return responses[:, None]
        classes = np.asarray(getattr(self.estimator, "classes_", np.arange(responses.shape[1]))).astype(np.int64)
        if self.analysis_type == "Classification":
            signal = np.flatnonzero(classes == 1)
            if len(signal) != 1 or responses.shape[1] != len(classes):
                raise InvalidArgument(f"{type(self.estimator).__name__} gives no response for the signal class")
            return responses[:, signal]
        full = np.zeros((len(responses), self.outputs))
        full[:, classes] = responses
        return full


class EstimatorMethod(Method):
    """Trains a copy of the estimator object; the object that was booked is left as it is."""

    type_name: ClassVar[str] = "Estimator"
    options: ClassVar[tuple[Option, ...]] = ()
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    accepts_missing: ClassVar[bool] = True  # the estimator decides
    accepts_infinite: ClassVar[bool] = True

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any], estimator: Any) -> None:
        super().__init__(title, analysis_type, values)
        if inspect.isclass(estimator):
            raise InvalidArgument(
                f"BookMethod {title!r}: {estimator.__name__} is a class; book an object: {estimator.__name__}(...)"
            )
        if not callable(getattr(estimator, "fit", None)) or not any(
            callable(getattr(estimator, name, None)) for name in ("predict_proba", "decision_function", "predict")
        ):
            raise InvalidArgument(
                f"BookMethod {title!r}: expected the name of a method, a member of Types, or an estimator with fit and "
                f"predict_proba or predict, got {type(estimator).__name__}"
            )
        self.estimator = estimator

    def parameters(self) -> dict[str, Any]:
        """The estimator's own parameters, for tables and the report."""
        if not callable(getattr(self.estimator, "get_params", None)):
            return {}
        shown = {}
        for name, value in self.estimator.get_params(deep=False).items():
            plain = isinstance(value, (bool, int, float, str, type(None)))
            shown[name] = value if plain else str(value)
        return shown

    def uses_validation(self) -> bool:
        early_stopping = getattr(self.estimator, "early_stopping_rounds", None)
        return bool(early_stopping) and "eval_set" in inspect.signature(self.estimator.fit).parameters

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        estimator = copy.deepcopy(self.estimator)
        name = type(estimator).__name__
        notes: list[str] = []
        target = self._target(sample)
        arguments: dict[str, Any] = {}
        weight_name = weight_argument(estimator)
        if weight_name is not None:
            arguments[weight_name] = sample.weight
        elif np.ptp(sample.weight) > 0:
            notes.append(f"{name} takes no sample_weight: the event weights are IGNORED in its training")
        if validation is not None and self.uses_validation():
            arguments["eval_set"] = [(validation.variables, self._target(validation))]
            if "sample_weight_eval_set" in inspect.signature(estimator.fit).parameters:  # XGBoost
                arguments["sample_weight_eval_set"] = [validation.weight]
        if self.analysis_type != "Regression" and not hasattr(estimator, "predict_proba"):
            other = "decision_function" if hasattr(estimator, "decision_function") else "predict"
            notes.append(f"{name} has no predict_proba; its response is that of {other}")
        interrupted = False
        try:
            estimator.fit(sample.variables, target, **arguments)
        except KeyboardInterrupt:
            if not getattr(estimator, "interrupted_", False):  # Diskern's own hold the best model so far
                raise
            interrupted = True
        if self.analysis_type == "Classification":
            outputs = 1
        else:
            outputs = len(sample.class_names) if self.analysis_type == "Multiclass" else sample.targets.shape[1]
        # Diskern's own estimators hold a native predictor, which goes to a model file like that of any native method.
        native = getattr(estimator, "predictor_", None)
        return TrainedMethod(
            predictor=native
            if isinstance(native, _core.Predictor)
            else EstimatorEvaluator(estimator, self.analysis_type, outputs),
            ranking_name="Importance",
            ranking=importance_ranking(estimator, sample.variable_labels),
            notes=notes,
            interrupted=interrupted,
        )

    def _target(self, sample: TrainingSample) -> NDArray[Any]:
        if self.analysis_type == "Classification":
            return sample.is_signal.astype(np.int32)
        if self.analysis_type == "Multiclass":
            return sample.class_index
        return sample.targets[:, 0] if sample.targets.shape[1] == 1 else sample.targets


def weight_argument(estimator: Any) -> str | None:
    """The keyword of ``fit`` that takes event weights; None where there is none.

    A pipeline hands ``<last step>__sample_weight`` to its last step, a search over parameters passes ``sample_weight``
    on to the estimator it holds.
    """
    parameters = inspect.signature(estimator.fit).parameters
    if "sample_weight" in parameters:
        return "sample_weight"
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    if not takes_any:
        return None
    steps = getattr(estimator, "steps", None)
    if steps:
        name, last = steps[-1]
        inner = weight_argument(last) if hasattr(last, "fit") else None
        return None if inner is None else f"{name}__{inner}"
    held = getattr(estimator, "estimator", None)
    return weight_argument(held) if hasattr(held, "fit") else None


def importance_ranking(estimator: Any, labels: tuple[str, ...]) -> list[tuple[str, float]]:
    """Variables by ``feature_importances_``, best first; empty where the estimator has none."""
    try:
        values = np.asarray(estimator.feature_importances_, np.float64)
    except (AttributeError, TypeError, ValueError):  # some raise where they cannot say
        return []
    if values.shape != (len(labels),):
        return []
    total = float(values.sum())
    shares = values / total if total > 0 else values
    return sorted(zip(labels, shares.tolist(), strict=True), key=lambda pair: -pair[1])
